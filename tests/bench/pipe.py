#!/usr/bin/env python3
"""How well a transfer fills a long fat pipe of 1 Gbit/s and 100 ms round-trip time, compared with TCP alone.

    pipe.py [--mib N] [--delay MS] [--mbit N]

The pipe is between two network namespaces, shaped by tc's netem. Needs root, and a kernel with netem: guest.py has one. Exits
with status 1 when a nacre-load transfer stays below 90 %.
"""
import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time

import servers

SERVER, CLIENT = "10.77.0.1", "10.77.0.2"
BLOCK = 1 << 20
SHARE = 0.9
SLOWER = 4  # ssh transfers fewer bytes
BUFFERS = "4096 131072 67108864"  # TCP's limits, which are per namespace, must be large enough for the pipe
NETEM = "delay {delay}ms rate {mbit}mbit limit 100000"


class Space:
    """A network namespace that ends with this program."""

    def __init__(self):
        self.holder = subprocess.Popen(["unshare", "-n", "cat"], stdin=subprocess.PIPE)
        self.pid = self.holder.pid
        servers.wait_for(lambda: os.readlink(f"/proc/{self.pid}/ns/net") != os.readlink("/proc/self/ns/net"), "a namespace")

    def inside(self, *command):
        return ["nsenter", "-t", str(self.pid), "-n", *command]

    def run(self, *command):
        subprocess.run(self.inside(*command), check=True)

    def end(self):
        self.holder.stdin.close()
        self.holder.wait()


def shape(space, options):
    """Delay what this end of the wire sends."""
    done = subprocess.run(space.inside("tc", "qdisc", "add", "dev", "wire", "root", "netem",
                                       *NETEM.format(delay=options.delay / 2, mbit=options.mbit).split()))
    if done.returncode != 0:
        raise RuntimeError("this kernel has no netem; 'make bench-guest' runs one that has")


@contextlib.contextmanager
def pipe(options):
    """(the server's namespace, the client's)"""
    a, b = Space(), Space()
    try:
        a.run("ip", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", str(b.pid))
        for space, own, other in (a, SERVER, CLIENT), (b, CLIENT, SERVER):
            shape(space, options)
            space.run("ip", "address", "add", own, "peer", other, "dev", "wire")
            space.run("ip", "link", "set", "wire", "up")
            space.run("ip", "link", "set", "lo", "up")
            space.run("sh", "-c", f"echo {BUFFERS} >/proc/sys/net/ipv4/tcp_rmem; "
                                  f"echo {BUFFERS} >/proc/sys/net/ipv4/tcp_wmem")
        yield a, b
    finally:
        for space in a, b:
            space.end()


TCP = """
import socket, sys, time
role, count = sys.argv[1], int(sys.argv[2])
block = bytearray(1 << 20)
if sys.argv[3] == "listen":
    with socket.create_server(("", 7)) as s:
        print("ready", flush=True)
        c = s.accept()[0]
else:
    begin = time.monotonic()
    c = socket.create_connection((sys.argv[3], 7))
while count > 0:
    count -= c.send(block[:count]) if role == "send" else c.recv_into(block)
if role == "send":
    c.shutdown(socket.SHUT_WR)
    c.recv(1)
if sys.argv[3] != "listen":
    print(time.monotonic() - begin)
"""


def tcp(server, client, kind, count):
    """Seconds for so many bytes, including connecting."""
    roles = ("send", "receive") if kind == "source" else ("receive", "send")
    listener = subprocess.Popen(server.inside(sys.executable, "-c", TCP, roles[0], str(count), "listen"),
                                stdout=subprocess.PIPE)
    listener.stdout.readline()
    done = subprocess.run(client.inside(sys.executable, "-c", TCP, roles[1], str(count), SERVER), check=True,
                          stdout=subprocess.PIPE)
    listener.wait()
    listener.stdout.close()
    return float(done.stdout)


class Server:
    """nacre-echo in a namespace."""

    def __init__(self, setup, space):
        self.process = subprocess.Popen(
            space.inside(os.path.join(servers.BUILD, "nacre-echo"), "-q", "-l", f"{SERVER}:22", "-k", setup.path("host"),
                         "-a", setup.path("key.pub")))
        servers.wait_for(lambda: subprocess.run(space.inside("ss", "-Hltn", "src", f"{SERVER}:22"), stdout=subprocess.PIPE,
                                            check=True).stdout != b"", "nacre-echo listens")

    def end(self):
        self.process.terminate()
        self.process.wait()


def by_load(setup, kind, count):
    return [os.path.join(servers.BUILD, "nacre-load"), "-q", "--insecure", "--yes-remote", "-u", servers.USER, "-i", setup.path("key"),
            "--ciphers", servers.CIPHERS["aes128-gcm"], "-b", str(count), kind, f"{SERVER}:22"]


def by_ssh(setup, kind, count):
    line = ["ssh", "-F", "none", "-i", setup.path("key"), "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no", "-o",
            "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-c", servers.CIPHERS["aes128-gcm"], "-T", f"{servers.USER}@{SERVER}"]
    return line + [f"chargen {count}" if kind == "source" else "discard"]


def ssh(setup, client, make, kind, count):
    line = client.inside(*make(setup, kind, count))
    begin = time.monotonic()
    if make is by_ssh and kind == "sink":
        head = subprocess.Popen(["head", "-c", str(count), "/dev/zero"], stdout=subprocess.PIPE)
        subprocess.run(line, stdin=head.stdout, stdout=subprocess.DEVNULL, check=True)
        head.stdout.close()
        head.wait()
    else:
        subprocess.run(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - begin


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mib", type=int, default=2048)
    parser.add_argument("--delay", type=float, default=100)
    parser.add_argument("--mbit", type=float, default=1000)
    options = parser.parse_args()
    count = options.mib << 20
    enough = True
    with tempfile.TemporaryDirectory() as folder, pipe(options) as (a, b):
        os.chmod(folder, 0o755)
        setup = servers.Setup(folder)
        server = Server(setup, a)
        print(f"- {options.mbit:.0f} Mbit/s, {options.delay:.0f} ms there and back, by netem of Linux {os.uname().release}\n")
        print(f"| {options.mib} MiB, in Mbit/s | TCP alone | nacre-load | ssh, {options.mib // SLOWER} MiB |\n|---|---:|---:|---:|")
        for kind in "source", "sink":
            rates = [count * 8e-6 / s for s in (tcp(a, b, kind, count), ssh(setup, b, by_load, kind, count),
                                                SLOWER * ssh(setup, b, by_ssh, kind, count // SLOWER))]
            cells = [f"{rates[0]:.0f}"] + [f"{r:.0f} ({r / rates[0] * 100:.0f} %)" for r in rates[1:]]
            print(f"| {kind} | {' | '.join(cells)} |", flush=True)
            enough = enough and rates[1] >= SHARE * rates[0]
        server.end()
    return 0 if enough else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except RuntimeError as problem:
        sys.exit(f"pipe.py: {problem}")
