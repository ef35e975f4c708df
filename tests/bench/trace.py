#!/usr/bin/python3
"""What a trace costs a server: CPU time with --trace /dev/null as JSON, compared with none.

    trace.py [--rounds N] [--mib N] [--cipher NAME]

Two servers run side by side, one of them with a trace, and send the same transfer in turn, so that whatever else the machine does
hits both. The figure is the median of the rounds' ratios, of the CPU time of all threads, writing the trace included. The first
round is not counted.
"""
import argparse
import glob
import os
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
from harness import BUILD, USER, Server  # noqa: E402: the path comes first

MIB = 1024 * 1024


def cpu_ns(server):
    """The CPU time of all threads of the server."""
    total = 0
    for path in glob.glob(f"/proc/{server.process.pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total


def transfer(server, mib):
    """Receive so much from the server; the CPU time that this costs it."""
    before = cpu_ns(server)
    subprocess.run([os.path.join(BUILD, "nacre-load"), "source", f"{server.host}:{server.port}", "-q", "-u", USER, "-i",
                    server.path("key"), "--insecure", "--bytes", str(mib * MIB)], check=True, stdout=subprocess.DEVNULL)
    return cpu_ns(server) - before


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--mib", type=int, default=256)
    parser.add_argument("--cipher", default="aes256-gcm@openssh.com")
    options = parser.parse_args()
    with Server("--ciphers", options.cipher) as plain, \
            Server("--ciphers", options.cipher, "--trace", "/dev/null", "--trace-format", "json") as traced:
        times = [(transfer(plain, options.mib), transfer(traced, options.mib)) for _ in range(options.rounds + 1)][1:]
    off, on = (statistics.median(column) / 1e6 for column in zip(*times))
    ratio = statistics.median(traced / plain for plain, traced in times)
    print(f"{options.mib} MiB, {options.cipher}: {off:.1f} ms of CPU time, with a trace {on:.1f} ms; "
          f"the median of {options.rounds} rounds is {100 * (ratio - 1):+.1f} %")


if __name__ == "__main__":
    main()
