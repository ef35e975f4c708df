"""The chapters as the tests read them: blocks of commands with their output."""
import glob
import os
import re

PAGES = sorted(glob.glob(os.path.join(os.path.dirname(os.path.realpath(__file__)), "[1-9]-*.md")))
TIME = re.compile(r"^\d+\.\d{6} #\d+ ")  # at the beginning of a trace's lines: the time, and the connection
BLOCK = re.compile(r"(?:^<!-- varies: (?P<varies>.*?) -->\n)?^```(?P<kind>server|console|trace|exercise)\n(?P<text>.*?)^```$", re.M | re.S)


def pattern(lines, varies):
    """A regular expression for lines of a page. A line "..." stands for any lines, "..." in a line for any text, and so does
    each of the texts that vary. "sequence numbers" among these means those of a trace."""
    any_text = ["...", *varies]
    lines = [re.sub(r"\b[0-9a-f]{32,}\b", "...", line) for line in lines]  # keys, cookies and the like
    parts = []
    for line in lines:
        if line.strip() == "...":
            parts.append(r"(?:.*\n)*?")
            continue
        if TIME.match(line):
            parts.append(r"\d+\.\d+ #\d+ ")
            line = TIME.sub("", line)
            if "sequence numbers" in varies:
                line = re.sub(r"^(->|<-) \d+ ", r"\1 ... ", line)
        pieces = re.split("(" + "|".join(re.escape(v) for v in sorted(any_text, key=len, reverse=True)) + ")", line)
        parts.append("".join(".*?" if piece in any_text else re.escape(piece) for piece in pieces) + r"\s*\n")
    return "".join(parts)


def varying(block):
    """The parts of a block that differ each time, from the comment before it."""
    return [part.strip() for part in (block["varies"] or "").split(" | ") if part.strip()]


def steps(text):
    """(command, expected lines) of a console block."""
    found = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif found and found[-1][0].endswith("\\"):
            found[-1] = found[-1][0] + "\n" + line, []
        else:
            found[-1][1].append(line)
    return found
