#!/usr/bin/env python3
"""Run nacre-spec against every server that the interop tests can start, and write apps/spec/RESULTS.md.

    spec_results.py [NAME...]        names: see SERVERS; needs `make all`

A server that is not installed, that needs root, or that does not last for all cases is left out.
"""
import collections
import json
import os
import subprocess
import sys
import unittest

import others
from harness import BUILD, PASSWORD, TOP, USER, Server

NACRE_SPEC = os.path.join(BUILD, "nacre-spec")
PAGE = os.path.join(TOP, "apps/spec/RESULTS.md")
VERDICTS = ("pass", "fail", "warn", "info", "skip", "error")
SERVERS = ("nacre-echo", "Sshd", "Dropbear", "Tiny", "AsyncSsh", "Paramiko", "Conch")


def run(address, user, key, *words):
    """The run's first line and the results of its cases; None if the baseline does not pass."""
    results = f"{key}.results"
    done = subprocess.run([NACRE_SPEC, "server", address, "-u", user, "-i", key, "--json", results, *words],
                          capture_output=True, text=True, check=False, timeout=900)
    if done.returncode not in (0, 1, 4):  # the baseline does not pass, or the server refuses connections in between
        print(done.stderr.strip(), file=sys.stderr)
        return None
    with open(results, encoding="utf-8") as file:
        first, *lines = map(json.loads, file)
    return first["run"], lines


def run_one(name):
    if name == "nacre-echo":
        server = Server("--max-startups", "1000", "--rate-limits", "no", "--kex", "+diffie-hellman-*")
        try:
            with open(server.path("password"), "w", encoding="ascii") as file:
                file.write(PASSWORD + "\n")
            return run(server.address, USER, server.path("key"), "--password", server.path("password"), "--profile", "nacre-echo")
        finally:
            server.clear()
    with getattr(others, name)() as server:
        return run(f"127.0.0.1:{server.port}", server.user, server.path("key"))


def cell(text):
    """A peer's text inside a table: never markup."""
    return "`" + text.replace("`", "'").replace("|", "\\|").replace("\n", " ") + "`"


def page(found):
    yield "# What nacre-spec finds\n"
    yield ("Written by `make spec-results`, with the servers of Debian 12 as the interop tests start them, without the slow cases.\n"
           "A server is tested with what it offers there; what it does not offer is skipped. To repeat a line, start the server and\n"
           "run `nacre-spec server HOST:PORT --user USER --key FILE ID -v`; `nacre-spec explain ID` has the clause.\n")
    yield "| server | " + " | ".join(VERDICTS) + " |\n|---|" + "---|" * len(VERDICTS)
    for run_of, lines in found:
        count = collections.Counter(line["verdict"] for line in lines)
        yield f"| {cell(run_of['peer'])} | " + " | ".join(str(count[verdict]) for verdict in VERDICTS) + " |"
    for run_of, lines in found:
        failed = [line for line in lines if line["verdict"] in ("fail", "error")]
        yield f"\n## {run_of['peer']}\n"
        if not failed:
            yield "No case failed."
            continue
        yield "| case | clause | what was done | expected | observed |\n|---|---|---|---|---|"
        for line in failed:
            yield (f"| `{line['id']}` | {line['clause']} | {line['title']} | {cell(' | '.join(line['expected']))} | "
                   f"{cell(line['observed'] or line.get('reason', ''))} |")


def main():
    found = []
    for name in sys.argv[1:] or SERVERS:
        try:
            results = run_one(name)
        except (unittest.SkipTest, AttributeError, OSError, AssertionError, ValueError) as why:
            print(f"{name}: left out: {why}", file=sys.stderr)
            continue
        if results is not None:
            print(name, collections.Counter(line["verdict"] for line in results[1]), file=sys.stderr)
            found.append(results)
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write("\n".join(page(found)) + "\n")


if __name__ == "__main__":
    main()
