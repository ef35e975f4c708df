#!/usr/bin/env python3
"""The cost of a server: CPU time (user and system, descendants included) per unit of work, compared with the machine's
floor and with other servers in one run; medians of several rounds.

    run.py [--rounds N] [--mib N] [--minutes N] [--only REGEX] [--peers LIST] [--resume] [--write FILE]

A new server is started for every figure and ended after it, so its cost is what the kernel accounted to it. The cost of
a run with almost no work is subtracted. Only loopback is used, and only a temporary folder and build/bench.json, which keeps
each figure: --resume continues an interrupted run.

Missed goals are printed on standard error, after the table. With --write they make the exit status 1, and so does a missing
figure of nacre, or of sshd unless --peers names the servers to measure. Without --write the exit status is 0, because such
runs may be short and noisy.
"""
import argparse
import contextlib
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time

import metrics
from servers import BUILD, CIPHERS, KEX, Failed, Lacking, Setup, adopt_orphans, pinned  # noqa: F401; for memory.py too

KEPT = os.path.join(BUILD, "bench.json")
NAMES = ["floor", "nacre", "sshd", "dropbear", "tinysshd"]


class Row:
    """One metric in one round."""

    def __init__(self, bench, metric, unit):
        self.bench, self.metric, self.unit, self.taken = bench, metric, unit, {}

    def servers(self):
        return [name for name in self.bench.setup.servers if [self.metric, name] not in self.bench.lacking]

    @contextlib.contextmanager
    def attempt(self, name):
        """A server without the algorithm is not tried again; one that fails has no figure in this round."""
        try:
            yield
        except Lacking:
            self.bench.lacking.append([self.metric, name])
        except (Failed, RuntimeError) as failure:
            print(f"{self.metric}, {name}: {failure}", file=sys.stderr)
            self.bench.failed.append([self.metric, name])

    def add(self, name, value):
        """A figure of the round, or of a slice of it."""
        self.taken.setdefault(name, []).append(value)

    @property
    def values(self):
        """For each server: the median of its slices."""
        return {name: statistics.median(values) for name, values in self.taken.items()}


class Bench:
    def __init__(self, setup, options):
        self.setup, self.mib, self.only = setup, options.mib, re.compile(options.only)
        self.begin = time.monotonic()
        self.number = 0
        self.rows = {}  # metric: {"unit", "rounds": [{server: value} of each round]}
        self.lacking = []  # [metric, server] without the algorithm
        self.failed = []  # [metric, server] with no figure in some round
        self.done = {}  # group: rounds
        self.required = ["nacre", "sshd"] if options.peers is None else ["nacre"]
        if options.resume:
            with contextlib.suppress(FileNotFoundError), open(KEPT) as f:
                kept = json.load(f)
                if kept["mib"] == self.mib:
                    self.rows, self.lacking, self.done = kept["rows"], kept["lacking"], kept["done"]
                    self.failed = kept.get("failed", [])

    @contextlib.contextmanager
    def row(self, metric, unit):
        """The context of one metric in this round."""
        row = Row(self, metric, unit)
        kept = self.rows.setdefault(metric, {"unit": unit, "rounds": []})
        yield row
        if row.values:
            kept["rounds"].append(row.values)
            print(f"{time.monotonic() - self.begin:6.0f} s  round {self.number}  {metric}: "
                  + "  ".join(f"{name} {value:.4g}" for name, value in row.values.items()), file=sys.stderr, flush=True)
            self.keep()

    def keep(self):
        with open(KEPT + ".new", "w") as f:
            json.dump({"mib": self.mib, "rows": self.rows, "lacking": self.lacking, "failed": self.failed, "done": self.done}, f)
        os.replace(KEPT + ".new", KEPT)

    def median(self, metric, name):
        return statistics.median(values[name] for values in self.rows[metric]["rounds"] if name in values)

    def medians(self, metric):
        names = {name for values in self.rows[metric]["rounds"] for name in values}
        return {name: self.median(metric, name) for name in names}

    def rounds(self):
        return max((len(row["rounds"]) for row in self.rows.values()), default=0)

    def text(self):
        names = [n for n in NAMES if any(n in values for row in self.rows.values() for values in row["rounds"])]
        lines = ["| metric | unit | " + " | ".join(names) + " | / floor | / sshd | must reach | |",
                 "|---|---|" + "---:|" * (len(names) + 2) + "---|---|"]
        for metric, row in self.rows.items():
            m = self.medians(metric)
            verdict = self.verdict(metric, m)
            if not m and not verdict[1]:
                continue
            cells = [figure(m[n]) if n in m else "-" for n in names]
            for other in "floor", "sshd":
                cells.append(f"{m['nacre'] / m[other]:.2f}" if m.get(other) and "nacre" in m else "-")
            cells += verdict
            lines.append(f"| {metric} | {row['unit']} | " + " | ".join(cells) + " |")
        return "\n".join(lines)

    def verdict(self, metric, m):
        """The last two cells: the goal, and whether it was reached; empty if unknown."""
        judge = next((judge for pattern, judge in metrics.MUST if re.search(pattern, metric)), None)
        if judge is None:
            return ["", ""]
        text, reached = "not measured", False
        if "nacre" in m:
            with contextlib.suppress(KeyError, statistics.StatisticsError):
                text, reached = judge(self, metric, m)
        return [text, "" if reached is None else "yes" if reached else "**no**"]

    def problems(self):
        """One line for each missed goal and each missing figure."""
        for metric in self.rows:
            text, answer = self.verdict(metric, self.medians(metric))
            if answer == "**no**":
                yield f"not reached: {metric}: {text}"
        for name in self.required:
            if name not in self.setup.servers:
                yield f"not measured: {name} is not there, or cannot be started by this user"
        for metric, name in self.failed:
            if name in self.required:
                yield f"failed: {name}: {metric}"
        for pattern, _ in metrics.MUST:
            if not self.only.pattern and not any(re.search(pattern, metric) for metric in self.rows):
                yield f"not measured: {pattern}"


def figure(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 1000 else f"{value:.0f}"


def machine():
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":")[1].strip() for line in f if line.startswith("model name")), "?")

    def version(*command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.stdout.strip().splitlines()[0]
    return [f"- {len(os.sched_getaffinity(0))} x {model}, virtual, Linux {platform.release().split('-')[0]}",
            f"- {version('openssl', 'version').split('(')[0].strip()}, {version('ssh', '-V').split(',')[0]}, "
            + version("dropbear", "-V")]


def write(bench, path):
    with open(path) as f:
        kept = f.read().split("<!-- figures -->")[0]
    with open(path + ".new", "w") as f:
        f.write(kept + "<!-- figures -->\n\n" + "\n".join(machine())
                + f"\n- {bench.rounds()} rounds, medians; bulk figures of {bench.mib} MiB for the floor and nacre, in "
                + f"{metrics.SLICES} slices, one slice for the others\n\n" + bench.text() + "\n")
    os.replace(path + ".new", path)


def run(bench, options):
    longest = 0
    for bench.number in range(1, options.rounds + 1):
        begin = time.monotonic()
        if begin - bench.begin + longest > options.minutes * 60:
            print(f"no time for round {bench.number} within {options.minutes} minutes", file=sys.stderr)
            return
        for group in metrics.GROUPS:
            name = group.__name__
            if bench.only.search(name) and bench.done.get(name, 0) < bench.number:
                group(bench)
                bench.done[name] = bench.number
                bench.keep()
        if options.write:
            write(bench, options.write)
        longest = max(longest, time.monotonic() - begin)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--minutes", type=float, default=24, help="begin no round that would not end by then")
    parser.add_argument("--only", default="", help="groups: " + ", ".join(g.__name__ for g in metrics.GROUPS))
    parser.add_argument("--peers", help="of " + ",".join(metrics.PEERS) + "; not given: all, and sshd must be there")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--write")
    options = parser.parse_args()
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    adopt_orphans()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        setup = Setup(folder)
        if options.peers is not None:
            for name in set(setup.servers) - set(options.peers.split(",")) - {"nacre"}:
                del setup.servers[name]
        bench = Bench(setup, options)
        problems = []
        try:
            run(bench, options)
        except KeyboardInterrupt:
            problems.append("interrupted; run.py --resume goes on")
        print(bench.text(), flush=True)
        problems += bench.problems()
        print("".join(f"{problem}\n" for problem in problems), end="", file=sys.stderr)
    return 1 if options.write and problems else 0


if __name__ == "__main__":
    sys.exit(main())
