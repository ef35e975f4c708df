#!/usr/bin/env python3
"""What each act before a login costs the server and the client, as the table in SECURITY.md.

    acts.py [--write FILE]

--write replaces the table in FILE. Exits with status 1 when an act that is possible with the default options costs the
server more than 1 ms.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile

from servers import BUILD, free_port, wait_for, answers, pinned

MOST_US = 1000
OFF = ("ecdh-sha2-nistp384", "diffie-hellman-")  # methods that are off unless named
OPERATORS = ("RSA host key",)  # the operator chose it
GRANTED = ("and a signature",)  # only for keys that the server's files accept
KEYS = {"host": ("ed25519",), "host-rsa": ("rsa", "3072"), "stranger": ("ed25519",), "ed25519": ("ed25519",),
        "ecdsa-256": ("ecdsa", "256"), "ecdsa-384": ("ecdsa", "384"), "ecdsa-521": ("ecdsa", "521"),
        "rsa-3072": ("rsa", "3072"), "rsa-4096": ("rsa", "4096")}


def prepare(folder):
    """Keys and files; returns the server's options."""
    for name, (kind, *bits) in KEYS.items():
        subprocess.run(["ssh-keygen", "-q", "-t", kind, *(["-b", *bits] if bits else []), "-N", "", "-C", "",
                        "-f", os.path.join(folder, name)], check=True, stdin=subprocess.DEVNULL)
    with open(os.path.join(folder, "authorized_keys"), "w", encoding="ascii") as file:
        for name in KEYS:
            if name not in ("host", "host-rsa", "stranger"):
                with open(os.path.join(folder, name + ".pub"), encoding="ascii") as public:
                    file.write(public.read())
    with open(os.path.join(folder, "passwords"), "w", encoding="ascii") as file:
        file.write("alice:right\n")
    os.chmod(os.path.join(folder, "passwords"), 0o600)
    return ["-k", os.path.join(folder, "host"), "-k", os.path.join(folder, "host-rsa"),
            "-p", os.path.join(folder, "passwords"), "-a", os.path.join(folder, "authorized_keys"), "-q", "--keyboard-interactive",
            "--kex", "+ecdh-sha2-nistp384,diffie-hellman-*", "--per-source-penalties", "no", "--auth-delay", "0",
            "--per-source-max-startups", "none", "--max-startups", "10000:30:10000"]


def measure():
    """[(act, server's us, client's us)]"""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        server = subprocess.Popen([os.path.join(BUILD, "nacre-echo"), "-l", f"127.0.0.1:{port}", *prepare(folder)],
                                  preexec_fn=pinned(0))
        try:
            wait_for(lambda: answers(port), "nacre-echo listens")
            done = subprocess.run([os.path.join(BUILD, "tests", "bench", "acts"), str(port), str(server.pid), folder],
                                  check=True, stdout=subprocess.PIPE, text=True, preexec_fn=pinned(1))
        finally:
            server.terminate()
            server.wait()
    return [(act, int(by_server), int(by_client))
            for act, by_server, by_client in (line.split("; ") for line in done.stdout.splitlines())]


def table(costs):
    lines = ["| act | server, us | client, us |", "|---|---|---|"]
    for act, by_server, by_client in costs:
        off = " (off unless named)" if any(name in act for name in OFF) else ""
        lines.append(f"| {act}{off} | {by_server} | {by_client} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", metavar="FILE")
    arguments = parser.parse_args()
    costs = measure()
    text = table(costs)
    print(text, end="")
    if arguments.write:
        with open(arguments.write, encoding="utf-8") as file:
            page = file.read()
        begin, end = "<!-- acts -->\n", "<!-- end of acts -->\n"
        page = re.sub(re.escape(begin) + ".*?" + re.escape(end), lambda _: begin + text + end, page, flags=re.S)
        with open(arguments.write, "w", encoding="utf-8") as file:
            file.write(page)
    dear = [act for act, by_server, _ in costs
            if by_server > MOST_US and not any(name in act for name in OFF + OPERATORS + GRANTED)]
    if dear:
        sys.exit(f"more than {MOST_US} us: {', '.join(dear)}")


if __name__ == "__main__":
    main()
