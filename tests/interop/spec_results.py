#!/usr/bin/env python3
"""The pages of nacre-spec's results: apps/spec/RESULTS.md and one page of HTML, from the JSON files that spec_matrix.py keeps.

    spec_results.py [FOLDER]      the default is BUILD/spec

A row of the matrix is a clause, a column an implementation. What a peer sent is never markup.
"""
import collections
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap

from harness import BUILD, TOP

NACRE_SPEC = os.path.join(BUILD, "nacre-spec")
FOLDER = os.path.join(BUILD, "spec")
PAGE = os.path.join(TOP, "apps/spec/RESULTS.md")
HTML = os.path.join(TOP, "apps/spec/results.html")
VERDICTS = ("pass", "fail", "warn", "info", "skip", "error")
BAD = "fail", "xpass", "error"
# A MUST case that fails on all of these may be a misreading of ours: its row needs a note, which explain prints.
REFERENCES = {"server": {"sshd", "dropbear", "asyncssh", "paramiko"}, "client": {"ssh", "dbclient", "plink", "asyncssh-client", "go-client"}}
ROLES = "server", "client"
ORDER = "nacre-echo", "nacre-serve", "sshd", "dropbear", "nacre-client", "ssh", "dbclient", "plink"

# What the first prototype found: a sentence, the ids of the cases that find it again, and where it was found.
KNOWN = {"server": (
    ("Padding of less than 4 bytes is accepted.", "4253/6/padding-3", "dropbear paramiko"),
    ("Packets that are not a multiple of the block size are accepted.", "4253/6/misaligned 4253/6/misaligned-sealed", "tinysshd asyncssh"),
    ("A Diffie-Hellman share of 1 is accepted.", "4253/8/dh-e-1", "asyncssh paramiko"),
    ("A Diffie-Hellman share of p - 1 is accepted.", "4253/8/dh-e-p-1", "asyncssh paramiko"),
    ("An AEAD cipher without a MAC in common is refused.", "gcm/2/macs-disjoint", "asyncssh"),
    ('The version "SSH-2.1" is accepted.', "4253/5.1/ident-2.1", "sshd dropbear tinysshd"),
    ("At most 20 names of a list are read.", "4253/7.1/unknown-names-first 4253/7.1/unknown-names-250", "dropbear"),
    ("A second KEXINIT is answered with UNIMPLEMENTED.", "4253/7.1/kexinit-twice", "sshd"),
    ("IGNORE with 32768 bytes is refused.", "4253/6.1/payload-32768", "tinysshd"),
    ("Points in compressed form are refused, as they may be.", "5656/4/point-compressed", "sshd dropbear"),
), "client": (
    ("SERVICE_ACCEPT for another service is accepted.", "4253/10/accept-other", "ssh dbclient plink"),
    ("A second SERVICE_ACCEPT makes it begin the login again.", "4253/10/accept-unasked", "ssh"),
    ("EXT_INFO right before SUCCESS ends the connection.", "8308/2.4/before-success", "ssh"),
    ("A key exchange during authentication ends the connection.", "4253/9/in-auth", "ssh"),
    ("An unknown message during authentication ends the connection.", "4253/11.4/unknown-in-auth", "ssh dbclient plink"),
)}


class Column:
    """The results of one run."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            first, *lines = map(json.loads, file)
        self.path, self.run = path, first["run"]
        self.cases = {line["id"]: line for line in lines}
        self.label = f"{self.run['name']} ({self.run['system']})"

    def key(self):
        """The order of the columns."""
        name = self.run["name"]
        return (ROLES.index(self.run["role"]), self.run["system"],
                ORDER.index(name) if name in ORDER else len(ORDER), name)

    def counts(self):
        return collections.Counter(case["verdict"] for case in self.cases.values())


def columns(folder):
    return sorted((Column(path) for path in glob.glob(os.path.join(folder, "*.json"))), key=Column.key)


def code(text):
    """A peer's text, on one line: never markup."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"


def cell(text):
    return code(text).replace("|", "\\|")


def wrapped(text):
    return "\n".join(textwrap.wrap(text, 128, break_long_words=False, break_on_hyphens=False))


def numbered(found):
    """Short names of the columns: the matrix would be too wide with the long ones."""
    return {column: f"{number}" for number, column in enumerate(found, 1)}


def every_case(found):
    """All rows, in the order of nacre-spec, each as {column: result}."""
    rows = {}
    for column in found:
        for id_, case in column.cases.items():
            rows.setdefault(id_, {})[column] = case
    return rows


def observed(case):
    said = case["observed"]
    if case.get("reason"):
        said = f"{said}; {case['reason']}" if said and said != "nothing" else case["reason"]
    return said


def implementations(found):
    yield "## Implementations\n"
    yield "| | implementation | role | version | system | identification | " + " | ".join(VERDICTS) + " |"
    yield "|---|---|---|---|---|---|" + "---|" * len(VERDICTS)
    for column, number in numbered(found).items():
        run, counts = column.run, column.counts()
        yield (f"| {number} | {run['name']} | {run['role']} | {run['package']} | {run['system']} | {cell(run['peer'])} | "
               + " | ".join(str(counts[verdict]) for verdict in VERDICTS) + " |")


def of_clause(cases):
    """A cell of the matrix: how many cases failed, of those that were judged."""
    judged = [case for case in cases if case["verdict"] not in ("skip", "info")]
    failed = sum(case["verdict"] in BAD for case in judged)
    warned = sum(case["verdict"] == "warn" for case in judged)
    if not judged:
        return "–"
    return f"**{failed}**/{len(judged)}" if failed else f"{warned}w/{len(judged)}" if warned else f"{len(judged)}"


def matrix(found, numbers, rows, role):
    clauses = {}
    for row in rows.values():
        clauses.setdefault(next(iter(row.values()))["clause"], []).append(row)
    yield f"\n### Matrix of the {role}s\n"
    yield wrapped("The columns are the implementations above. A cell has how many cases of the clause were judged; in front of it, how "
                  "many failed in bold, or, if none failed, how many were warned about (w). A dash: nothing there applies.") + "\n"
    yield "| clause | " + " | ".join(numbers[column] for column in found) + " |\n|---|" + "---|" * len(found)
    for clause, members in clauses.items():
        cells = [of_clause([row[column] for row in members if column in row]) for column in found]
        yield f"| {clause} | " + " | ".join(cells) + " |"


def who(row, numbers, verdicts):
    """The columns with these verdicts, grouped by what came back."""
    seen = {}
    for column, case in row.items():
        if case["verdict"] in verdicts:
            seen.setdefault(observed(case), []).append(column)
    return [(said, [f"{column.run['name']} ({numbers[column]})" for column in those]) for said, those in seen.items()]


def joined(names):
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def again(row, verdicts):
    """The command that repeats it, with the first column in which it was seen."""
    column, case = next((column, case) for column, case in row.items() if case["verdict"] in verdicts)
    return f"`tests/interop/spec_matrix.py --again {column.run['name']} {case['id']} -v`"


def paragraph(id_, row, numbers, verdicts):
    first = next(iter(row.values()))
    yield f"\n#### {id_}\n"
    text = (f"{first['clause']}, {first['level']}. Sent: {first['title']}. Expected: {code(' | '.join(first['expected']))}.")
    for said, names in who(row, numbers, verdicts):
        text += f" Came back from {joined(names)}: {code(said)}."
    text += f" Again: {again(row, verdicts)}."
    yield wrapped(text)
    if first.get("note"):
        yield "\n" + wrapped(first["note"])


def known_in(row):
    """Without those of which nothing is judged, and that went on."""
    return {column: case for column, case in row.items() if (case["verdict"], case["observed"]) != ("info", "go-on")}


def known(rows, numbers, role):
    yield f"\n### What the prototype had found in {role}s\n"
    yield wrapped(f"The prototype of nacre-spec found these with the versions of Debian 12. A {role} that passes the case is not "
                  "listed.") + "\n"
    yield "| finding | found in | case | seen now |\n|---|---|---|---|"
    for sentence, ids, names in KNOWN[role]:
        for id_ in ids.split():
            seen = "; ".join(f"{joined(those)}: {cell(said)}" for said, those in
                             who(known_in(rows.get(id_, {})), numbers, ("fail", "warn", "info")))
            yield f"| {sentence} | {joined(names.split())} | `{id_}` | {seen or 'none'} |"


def findings(rows, numbers, role):
    serves = "served" if role == "server" else "connected"
    yield f"\n### Findings in {role}s\n"
    yield wrapped("A paragraph for each case of the level MUST that failed, and for each other case after which the implementation no "
                  f"longer {serves}: the clause, what was sent, what came back, and the command that repeats it.")
    for id_, row in rows.items():
        if any(case["verdict"] in BAD for case in row.values()):
            yield from paragraph(id_, row, numbers, BAD)


def warnings(rows, numbers, role):
    yield f"\n### Warnings about {role}s\n"
    yield wrapped("A SHOULD or a common practice that was not met, or an outcome that is tolerated.") + "\n"
    yield "| case | clause | level | sent | expected | came back |\n|---|---|---|---|---|---|"
    for id_, row in rows.items():
        first = next(iter(row.values()))
        seen = "; ".join(f"{joined(names)}: {cell(said)}" for said, names in who(row, numbers, ("warn",)))
        if seen:
            yield (f"| `{id_}` | {first['clause']} | {first['level']} | {first['title']} | {cell(' | '.join(first['expected']))} | "
                   f"{seen} |")


INTRODUCTION = """\
Written by `make spec-matrix` from the results in JSON, without the slow cases. An implementation is tested with what it offers as
`tests/interop/spec_subjects.py` starts it; what it does not offer is skipped. [results.html](results.html) is the whole matrix: a
click shows what was expected, what was observed, and the last ten messages. `nacre-spec explain ID` has all about a case.

Programs of users are tested as they are. A library is tested with a program that does with it what its manual shows: those in
`apps/spec/servers` and `apps/spec/clients`.

TinySSH ends the connection when its only program has ended, and leaves a message in its buffer if it comes together with an IGNORE
or a NEWKEYS, until more arrives. Whether that happens depends on the moment, so a few of its verdicts differ from run to run.

After the login, Twisted's `conch3` does nothing on an error: its connection stays open after a wrong MAC.
"""


def page(found):
    numbers = numbered(found)
    yield "# What nacre-spec finds\n"
    yield INTRODUCTION
    yield from implementations(found)
    for role in ROLES:
        of_role = [column for column in found if column.run["role"] == role]
        rows = every_case(of_role)
        if not of_role:
            continue
        yield f"\n## {role.capitalize()}s"
        yield from matrix(of_role, numbers, rows, role)
        yield from known(rows, numbers, role)
        yield from explained(rows, role)
        yield from findings(rows, numbers, role)
        yield from warnings(rows, numbers, role)


def everywhere(rows, role):
    """MUST cases that fail on each reference that did not skip them, if these are two or more, with their notes."""
    for id_, row in rows.items():
        judged = [(column.run["name"], case) for column, case in row.items()
                  if column.run["name"] in REFERENCES[role] and case["verdict"] != "skip"]
        if len({name for name, _ in judged}) > 1 and all(case["verdict"] in BAD for _, case in judged):
            yield id_, judged[0][1].get("note", "")


def explained(rows, role):
    of = joined([f"`{name}`" for name in sorted(REFERENCES[role])])
    failed = list(everywhere(rows, role))
    yield f"\n### What fails in each of these {role}s\n"
    yield wrapped(f"A case of the level MUST that fails on all of {of}, as far as these run it, may be a misreading of the text, and must be "
                  f"explained: {len(failed) or 'none'}.")
    for id_, note in failed:
        yield f"\n- `{id_}`: {note}"


def main(folder=FOLDER):
    found = columns(folder)
    if not found:
        sys.exit(f"{folder}: no results there: make spec-matrix")
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write("\n".join(page(found)) + "\n")
    html = os.path.join(folder, "page")
    subprocess.run([NACRE_SPEC, "compare", *(os.path.basename(column.path) for column in found), "--html", os.path.abspath(html)],
                   cwd=folder, check=True, stdout=subprocess.DEVNULL)
    shutil.copy(os.path.join(html, "index.html"), HTML)
    missing = [(id_, role) for role in ROLES for id_, note in everywhere(every_case(found), role) if not note]
    for id_, role in missing:
        print(f"{id_} fails on all of {', '.join(sorted(REFERENCES[role]))} that run it: explain why in its note", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
