"""What the pictures are made of: the lines of the programs beside this file, and the sources."""
import functools
import os
import re
import subprocess


@functools.lru_cache()
def lines_in_order(program):
    """The lines that build/tests/pictures/PROGRAM prints, split into words."""
    path = os.path.join(os.environ.get("NACRE_BUILD", "build"), "tests", "pictures", program)
    printed = subprocess.run([path], stdout=subprocess.PIPE, text=True, check=True)
    return [line.split(" ") for line in printed.stdout.splitlines()]


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
