#!/usr/bin/env python3
"""What an idle, authenticated session with one open channel weighs: PSS of nacre-echo, and the kernel's accounting of
its CPU time while nothing happens.

    memory.py [--sessions N] [--many N]
"""
import argparse
import os
import resource
import subprocess
import tempfile
import time

import run

SETTLE_SECONDS = 12  # past --handshake-time, whose timers run out once for each session
IDLE_SECONDS = 10
SPARE = 100  # descriptors that server and client need beside their sessions'


class Idle:
    """So many idle sessions on a server, held until the end of the block."""

    def __init__(self, setup, port, count, cipher):
        line = setup.load(port, "idle", count, cipher=cipher, at_once=16)
        self.process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=run.pinned(1))
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{count} sessions did not stand")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        held = self.process.poll() is None
        self.process.kill()
        self.process.wait()
        if not held:
            raise RuntimeError("a session was dropped")


def limits():
    with open("/proc/sys/fs/nr_open") as f:
        most = int(f.read())
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    except (ValueError, OSError):
        pass  # then as many as fit below the limit there is
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1] - SPARE


def weigh(setup, cipher, count):
    server = setup.nacre("--kex", run.KEX["curve25519"])
    with Idle(setup, server.port, 100, cipher):
        empty = server.pss()
        with Idle(setup, server.port, count, cipher):
            full = server.pss()
    server.used()
    return (full - empty) / count


def hold(setup, count):
    server = setup.nacre("--kex", run.KEX["curve25519"])
    with Idle(setup, server.port, count, "chacha20-poly1305"):
        time.sleep(SETTLE_SECONDS)
        before = server.cpu_so_far()
        time.sleep(IDLE_SECONDS)
        share = (server.cpu_so_far() - before) / IDLE_SECONDS
        times = setup.run_load(server.port, "keys", 2000, "cat")
    server.used()
    return share, times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=int, default=10000)
    parser.add_argument("--many", type=int, default=20000)
    parser.add_argument("--ciphers", default=",".join(run.CIPHERS))
    options = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    options.many = min(options.many, limits())
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        setup = run.Setup(folder)
        print(f"| PSS of an idle session, of {options.sessions} | bytes |\n|---|---:|")
        for cipher in options.ciphers.split(","):
            print(f"| {cipher} | {weigh(setup, cipher, options.sessions):.0f} |", flush=True)
        share, times = hold(setup, options.many)
        print(f"\n{options.many} idle sessions on one worker: {share * 100:.2f} % of a core; "
              f"a key beside them: p50 {times['p50']} us, p99 {times['p99']} us")


if __name__ == "__main__":
    main()
