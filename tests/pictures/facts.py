"""What the pictures are made of: the lines of the programs beside this file, and the sources."""
import functools
import os
import re
import subprocess


@functools.lru_cache()
def printed(program):
    """What build/tests/pictures/PROGRAM prints."""
    path = os.path.join(os.environ.get("NACRE_BUILD", "build"), "tests", "pictures", program)
    return subprocess.run([path], stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()


def text_lines(program, beginning):
    """Those of its lines that begin so."""
    return [line for line in printed(program) if line.startswith(beginning)]


def lines_in_order(program):
    """All of them, split into words."""
    return [line.split(" ") for line in printed(program)]


def lines(program):
    """The same, without repetitions."""
    return [line.split(" ") for line in dict.fromkeys(" ".join(words) for words in lines_in_order(program))]


def source(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def message_names():
    """{number: name} from transport/message.h. The first name of a number counts."""
    names = {}
    for name, number in re.findall(r"SSH_MSG_(\w+) = (\d+)", source("transport/message.h")):
        if not name.endswith(("FIRST", "LAST")):
            names.setdefault(int(number), name)
    return names
