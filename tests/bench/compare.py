#!/usr/bin/env python3
"""Compare two builds of nacre-echo in one run: is a change slower?

    compare.py OTHER [--slices N] [--mib N] [--instructions N]

OTHER is the folder of another build, usually of an earlier commit. Each row gives this build's figure, the other's, and
their ratio. CPU times are measured in slices: both servers run all the time and take turns, so each ratio compares two
neighbours in time; median and quartiles are printed. Instructions are counted by callgrind: the difference between many
and few logins (or MiB), which does not depend on other work on the machine. Both servers have the same client, this
build's tests/bench/load.
"""
import argparse
import contextlib
import os
import re
import statistics
import tempfile

import memory
from servers import NACRE, Running, Setup, adopt_orphans, awake, free_port

LOGIN_SLICE = 60
WARM_UP = 50
LOGIN_KEX = ("curve25519", "mlkem768", "sntrup761")
BULK_CIPHERS = ("aes128-gcm", "chacha20-poly1305", "aes256-ctr")
MIB = 1 << 20


def instructions(setup, kind, count, least, *more, **how):
    """Instructions of the server per unit, between `least` and `count` units of work."""
    totals = []
    for n in least, count:
        port = free_port()
        log = setup.path("callgrind.log")
        server = Running(["valgrind", "--tool=callgrind", f"--log-file={log}",
                          f"--callgrind-out-file={setup.path('callgrind.out')}",
                          *setup.nacre_command(port, "--no-sandbox", "--handshake-time", "600")], port)
        try:
            setup.run_load(port, kind, n, *more, **how)
        finally:
            server.used()
        with open(log) as f:
            totals.append(int(re.search(r"Collected *: *(\d+)", f.read())[1]))
    return (totals[1] - totals[0]) / (count - least)


def show(metric, this, other, ratios):
    quartiles = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else (ratios[0],) * 3
    print(f"| {metric} | {this:.5g} | {other:.5g} | {quartiles[1]:.4f} | {quartiles[0]:.4f} to {quartiles[2]:.4f} |", flush=True)


def slices(setups, count, metric, units, work):
    """work(setup, port): one slice of so many units. Prints CPU microseconds per unit."""
    taken = {name: [] for name in setups}
    with contextlib.ExitStack() as stack:
        servers = {}
        for name, setup in setups.items():
            servers[name] = setup.nacre()
            stack.callback(servers[name].used)
            setup.run_load(servers[name].port, "login", WARM_UP, cipher="chacha20-poly1305")
            work(setup, servers[name].port)
        stack.enter_context(awake(0))
        for i in range(count):
            for name in sorted(setups, reverse=i % 2 == 1):
                seconds = servers[name].spends(lambda name=name: work(setups[name], servers[name].port))
                taken[name].append(seconds / units * 1e6)
    ratios = [this / other for this, other in zip(taken["this"], taken["other"])]
    show(metric, statistics.median(taken["this"]), statistics.median(taken["other"]), ratios)


def cpu(setups, count, mib):
    for kex in LOGIN_KEX:
        slices(setups, count, f"login, {kex}: CPU us", LOGIN_SLICE,
               lambda setup, port, kex=kex: setup.run_load(port, "login", LOGIN_SLICE, kex=kex, cipher="chacha20-poly1305"))
    for cipher in BULK_CIPHERS:
        slices(setups, count, f"cat, {cipher}: CPU us / MiB", mib,
               lambda setup, port, cipher=cipher: setup.run_load(port, "cat", mib * MIB, "cat", cipher=cipher))


def both(setups, metric, measure):
    this, other = (measure(setup) for setup in setups.values())
    show(metric, this, other, [this / other])


def counted(setups, count):
    for kex in LOGIN_KEX:
        both(setups, f"login, {kex}: instructions",
             lambda setup, kex=kex: instructions(setup, "login", count + 20, 20, kex=kex, cipher="chacha20-poly1305"))
    for cipher in BULK_CIPHERS:
        both(setups, f"cat, {cipher}: instructions / MiB",
             lambda setup, cipher=cipher: instructions(setup, "cat", 33 * MIB, MIB, "cat", cipher=cipher) * MIB)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("other")
    parser.add_argument("--slices", type=int, default=20, help="of CPU time, for each row; 0: none")
    parser.add_argument("--mib", type=int, default=128, help="in a slice")
    parser.add_argument("--instructions", type=int, default=100, help="logins that are counted; 0: count nothing")
    parser.add_argument("--sessions", type=int, default=2000, help="idle sessions that are weighed; 0: none")
    options = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    adopt_orphans()
    memory.allowed()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        setups = {}
        for name, program in ("this", NACRE), ("other", os.path.join(options.other, "nacre-echo")):
            os.mkdir(os.path.join(folder, name))
            setups[name] = Setup(os.path.join(folder, name), program)
        setups["other"].settle()
        print("| metric | this | other | ratio | quartiles |\n|---|---:|---:|---:|---|", flush=True)
        if options.instructions:
            counted(setups, options.instructions)
        if options.sessions:
            both(setups, "an idle session: bytes", lambda setup: memory.weigh(setup, "chacha20-poly1305", options.sessions))
        if options.slices:
            cpu(setups, options.slices, options.mib)


if __name__ == "__main__":
    main()
