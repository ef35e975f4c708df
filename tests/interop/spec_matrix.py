#!/usr/bin/env python3
"""nacre-spec against every implementation that is installed: the matrix of results.

    spec_matrix.py [NAME...]              all cases of each implementation, or of those named; needs `make all`
    spec_matrix.py --again NAME WORD...   start one implementation and run nacre-spec with these words, such as an ID and -v

The names are those of spec_subjects.py. The results of each are kept in BUILD/spec/ROLE-NAME-SYSTEM.json; spec_results.py makes the
pages of all that are there, so one implementation can be run again, and files from other machines be put beside them. An
implementation that is not installed or that needs root is named and left out.
"""
import collections
import json
import os
import re
import signal
import subprocess
import sys
import unittest

import spec_results
from spec_subjects import SUBJECTS, start, system, version

PATIENCE = 3600  # seconds for all cases of one implementation
TESTED = 0, 1, 4  # exit statuses of nacre-spec after which there are results of all cases


def started(subject, words, **options):
    """Run nacre-spec with these words. It starts a server that a case has stopped again by a signal to this program."""
    with start(subject) as peer:
        command = peer.nacre_spec(*words)
        if subject.role == "server":
            signal.signal(signal.SIGUSR1, lambda *_: peer.restart())
            command += ["--restart", f"kill -USR1 {os.getpid()}"]
        return subprocess.run(command, timeout=PATIENCE, check=False, **options)


def described(line, subject):
    """The first line of the results with what only this program knows. Some idents differ from one connection to the next."""
    run = line["run"]
    run["peer"] = re.sub(r"^(SSH-2.0-tinyssh\S*) \w{8}$", r"\1", run["peer"])
    run.update(name=subject.name, package=version(subject), system=system())
    del run["target"]  # a port of this machine
    return line


def keep(subject, *ids):
    """Run all cases, or those, and keep the results. Returns how many have each verdict, or None and says why."""
    os.makedirs(spec_results.FOLDER, exist_ok=True)
    name = f"{subject.role}-{subject.name}-{re.sub(r'[^a-z0-9.]+', '-', system().lower())}.json"
    path = os.path.join(spec_results.FOLDER, name)
    done = started(subject, ["--json", path + ".new", *ids], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode not in TESTED:
        print(f"{subject.name}: left out: {done.stderr.strip()}", file=sys.stderr)
        return None
    with open(path + ".new", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    os.remove(path + ".new")
    with open(path, "w", encoding="utf-8") as file:
        for line in [described(lines[0], subject), *lines[1:]]:
            file.write(json.dumps(line) + "\n")
    return collections.Counter(line["verdict"] for line in lines[1:])


def main():
    words = sys.argv[1:]
    known = {subject.name: subject for subject in SUBJECTS}
    if words[:1] == ["--again"]:
        return started(known[words[1]], words[2:]).returncode
    unknown = [name for name in words if name not in known]
    if unknown:
        sys.exit(f"{unknown[0]}: the names are {' '.join(known)}")
    for name in words or known:
        try:
            counts = keep(known[name])
        except (unittest.SkipTest, OSError, subprocess.SubprocessError) as why:
            print(f"{name}: left out: {why}", file=sys.stderr)
            continue
        if counts:
            print(f"{name}:", ", ".join(f"{counts[verdict]} {verdict}" for verdict in spec_results.VERDICTS), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
