#!/usr/bin/env python3
"""The memory of an idle, authenticated session with one open channel: PSS of nacre-echo. And the cost of very many of them
on one worker: its CPU time while nothing happens, and the time of a keystroke beside them.

    memory.py [--sessions N] [--many N] [--ciphers LIST]

--sessions are measured (0: none), --many are held. Exits with status 1 when a goal is missed. Needs root, because nacre-echo
hides its memory from other users.
"""
import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import run

SETTLE_SECONDS = 122  # more than --login-grace-time, the later of the timers that a login leaves behind
IDLE_SECONDS = 10
SPARE = 100  # descriptors of server and client beside their sessions'
BESIDE = 100  # sessions opened before those that are measured
KEYS, KEY_RUNS = 2000, 5  # the median of the runs counts
PSS_MOST = 8192  # bytes
IDLE_MOST = 0.5  # % of a core
KEY_MOST = 2  # x the p99 of a session alone on the server


class Idle:
    """Idle sessions on a server, held until the end of the block."""

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


def allowed():
    """The number of sessions that the limit on descriptors allows, which is raised as far as possible."""
    with open("/proc/sys/fs/nr_open") as f:
        most = int(f.read())
    for limit in most, resource.getrlimit(resource.RLIMIT_NOFILE)[1]:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            break
        except (ValueError, OSError):
            pass  # then as many as the limit allows
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE


def at_most(asked, most):
    if asked <= most:
        return asked
    print(f"asked {asked}, the descriptor limit allows {most}", flush=True)
    return most


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def weigh(setup, cipher, count):
    server = setup.nacre("--kex", run.KEX["curve25519"])
    with Idle(setup, server.port, BESIDE, cipher):
        empty = server.pss()
        with Idle(setup, server.port, count, cipher):
            full = server.pss()
    server.used()
    return (full - empty) / count


def key_times(setup, server):
    """(p50, p99) in us of a session that types"""
    runs = [setup.run_load(server.port, "keys", KEYS, "cat") for _ in range(KEY_RUNS)]
    return [statistics.median(float(times[p]) for times in runs) for p in ("p50", "p99")]


def hold(setup, count):
    """(sessions held, share of a core, key_times alone, key_times beside them)"""
    server = setup.nacre("--kex", run.KEX["curve25519"])
    alone = key_times(setup, server)
    before = descriptors(server)
    with Idle(setup, server.port, count, "chacha20-poly1305"):
        time.sleep(SETTLE_SECONDS)
        cpu = server.cpu_so_far()
        time.sleep(IDLE_SECONDS)
        share = (server.cpu_so_far() - cpu) / IDLE_SECONDS
        held = descriptors(server) - before
        beside = key_times(setup, server)
    server.used()
    return held, share, alone, beside


def put(metric, unit, value, must="", reached=True):
    """Print a row of the table; returns whether the goal was reached."""
    print(f"| {metric} | {unit} | {value} | {must} | {('yes' if reached else '**no**') if must else ''} |", flush=True)
    return reached


def measure(setup, options):
    """Whether all goals were reached"""
    print("| metric | unit | nacre | must reach | |\n|---|---|---:|---|---|")
    good = []
    for cipher in options.ciphers.split(",") if options.sessions else ():
        pss = weigh(setup, cipher, options.sessions)
        good.append(put(f"PSS of an idle session, of {options.sessions}, {cipher}", "bytes", f"{pss:.0f}",
                        f"{PSS_MOST} bytes", 0 < pss <= PSS_MOST))
    held, share, alone, beside = hold(setup, options.many)
    good += [put("idle sessions held on one worker", "sessions", held, f"all {options.many}", held == options.many),
             put("their CPU time", "% of a core", f"{share * 100:.2f}", f"less than {IDLE_MOST}",
                 share * 100 < IDLE_MOST)]
    for name, times in ("alone", alone), ("beside them", beside):
        put(f"keystroke, {name}, p50", "us", f"{times[0]:.1f}")
        must = f"{KEY_MOST * alone[1]:.1f} us: {KEY_MOST} x alone" if times is beside else ""
        good.append(put(f"keystroke, {name}, p99", "us", f"{times[1]:.1f}", must, times[1] <= KEY_MOST * alone[1]))
    return all(good)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=int, default=10000)
    parser.add_argument("--many", type=int, default=20000)
    parser.add_argument("--ciphers", default=",".join(run.CIPHERS))
    options = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    most = allowed()
    options.sessions = at_most(options.sessions, most - BESIDE)
    options.many = at_most(options.many, most)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        try:
            return 0 if measure(run.Setup(folder), options) else 1
        except (RuntimeError, run.Failed) as problem:
            print(f"not reached: {problem}")
            return 1


if __name__ == "__main__":
    sys.exit(main())
