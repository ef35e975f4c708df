"""The reference as manual pages in mdoc(7): one per header, and a link to it for each name that the header declares."""
import re
import textwrap

from headers import blocks, runs, SECTION

# In running text: `literal`, a name of the library, or a type. What stands directly before and after is punctuation.
MARKED = re.compile(r"(?P<before>[(\[]*)(?:`(?P<literal>[^`]+)`|(?P<type>(?:struct|enum) nacre_\w+)|"
                    r"(?P<name>(?:nacre|NACRE)_\w+(?:\.\w+)?))(?P<after>[.,;:)\]!?]*)(?=\s|$)")
SENTENCE = re.compile(r"(?<=[.?!:)\]\"`])\s+(?=[A-Z`(\[*\"'%]|nacre_)")
KEEP = re.compile(r"(?:\b(?:e\.g|i\.e|RFC|vs|No)\.|\.\.\.)$")


def escape(text):
    return text.replace("\\", "\\e").replace("-", "\\-") if re.search(r"(^|\s)-|\w\(", text) else text.replace("\\", "\\e")


def literal(text):
    for character, escaped in (("\\", "\\e"), ("-", "\\-"), ("'", "\\(aq"), ("`", "\\(ga"), ("^", "\\(ha"), ("~", "\\(ti")):
        text = text.replace(character, escaped)
    return text.replace("()", "(\\&)")  # mandoc takes it for a function that wants markup


def lines_of_text(text):
    for line in textwrap.wrap(escape(text.strip()), 79, break_long_words=False, break_on_hyphens=False):
        yield "\\&" + line if line[:1] in ".'" else line


def argument(text):
    """For a macro, to which lone punctuation is no text."""
    text = literal(text).replace('"', "\\(dq")
    text = ("\\&" if text[0] in ".,;:()[]!?|" else "") + text + ("\\&" if text[-1] in ".,;:)]!?" else "")
    return f'"{text}"' if re.search(r"\s", text) else text


def macro(found, kinds):
    """The line for a marked word; None if it is no name of ours."""
    if found["literal"]:
        name = f".Ql {argument(found['literal'])}"
    elif found["type"]:
        name = f".Vt {found['type']}"
    else:
        kind = kinds.get(found["name"].split(".")[0])
        if kind is None:
            return None
        name = {"function": ".Fn", "struct": ".Vt", "enum": ".Vt"}.get(kind, ".Dv") + " " + found["name"]
        name = name if "." not in found["name"] else f".Va {found['name']}"
    begin, rest = name.split(" ", 1)
    return " ".join([begin, *found["before"], rest, *found["after"]])


def sentence_lines(sentence, kinds):
    at = 0
    for found in MARKED.finditer(sentence):
        if found.start() and not sentence[found.start() - 1].isspace():
            continue
        line = macro(found, kinds)
        if line is None:
            continue
        if sentence[at:found.start()].strip():
            yield from lines_of_text(sentence[at:found.start()])
        yield line
        at = found.end()
    if sentence[at:].strip():
        yield from lines_of_text(sentence[at:])


def sentences(words):
    found = [""]
    for piece in SENTENCE.split(words):
        if found[-1] and KEEP.search(found[-1]):
            found[-1] += " " + piece
        else:
            found.append(piece)
    return [sentence for sentence in found if sentence]


def text_lines(words, kinds):
    return [line for sentence in sentences(words) for line in sentence_lines(sentence, kinds)]


def term_line(term):
    if term.startswith("NACRE_"):
        return f".It Dv {term}"
    parameters = term.split(", ")
    if term != "return" and all(re.fullmatch(r"\w+", parameter) for parameter in parameters):
        return ".It Fa " + " , ".join(parameters)
    return f".It {argument(term)}"


def block_lines(block, kinds):
    kind, body = block
    if kind == "text":
        return [".Pp", *text_lines(body, kinds)]
    if kind == "code":
        return [".Bd -literal -offset indent", *(literal(line) if line[:1] not in ".'" else "\\&" + literal(line) for line in body), ".Ed"]
    lines = [".Bl -tag -width Ds"]
    for term, words in body:
        lines += [term_line(term), *text_lines(words, kinds)]
    return [*lines, ".El"]


def comment_lines(text, kinds):
    return [line for block in blocks(text) for line in block_lines(block, kinds)] if text else []


def without_first_pp(lines):
    return lines[1:] if lines and lines[0] == ".Pp" else lines


def split_parameters(declaration):
    """["type name(", "first parameter,", ...]"""
    parts, depth = [""], 0
    for character in declaration:
        parts[-1] += character
        depth += (character == "(") - (character == ")")
        if (character, depth) == ("(", 1) and len(parts) == 1 or (character, depth) == (",", 1):
            parts.append("")
    return [part.strip() for part in parts]


def wrapped(declaration, width=76):
    """A prototype or a macro in lines that fit on a terminal."""
    if len(declaration) <= width or "(" not in declaration:
        return [declaration]
    head, *rest = split_parameters(declaration)
    lines = [head]
    for part in rest:
        space = " " if lines[-1][-1] == "," else ""
        if len(lines[-1]) + len(space) + len(part) > width:
            lines.append("    " + part)
        else:
            lines[-1] += space + part
    return lines


def member_lines(item, kinds):
    """A list of members; those that share a comment, and enumerators that need none, are one entry."""
    macro_name, separator = (".It Dv ", " , ") if item.kind == "enum" else (".It Vt ", " ; Vt ")
    lines, silent = [], []
    for members, text in runs(item):
        if not members:
            lines += comment_lines(text, kinds)
            continue
        silent += members
        if not text and item.kind == "enum" and members[-1] is not item.members[-1]:
            continue
        lines.append(macro_name + separator.join(argument(member.declaration) for member in silent))
        lines += without_first_pp(comment_lines(text, kinds)) or ["\\&"]
        silent = []
    return [".Bl -tag -width Ds", *lines, ".El"] if lines else []


def group_lines(group, kinds):
    section = SECTION.match(group.text)
    if section:
        return [f".Ss {section[1][0].upper()}{section[1][1:]}"]
    lines = []
    for item in group.items:
        if item.kind in ("function", "macro"):
            suffix = ";" if item.kind == "function" else ""
            lines += [literal(line) for line in wrapped(item.declaration + suffix)]
        elif item.name:
            lines.append(f"{item.kind} {item.name};")
    lines = [".Pp", ".Bd -literal -compact", *lines, ".Ed"] if lines else []
    lines += comment_lines(group.text, kinds)
    for item in group.items:
        lines += comment_lines(item.text, kinds) if item.kind in ("function", "macro") else member_lines(item, kinds)
    return lines


def page_name(header):
    return "nacre_" + header.name.removesuffix(".h")


def names(header):
    """What `man NAME` finds in this header: functions and types."""
    return [item.name for item in header.items() if item.kind in ("function", "struct", "enum") and item.name]


def page(header, about, date, kinds, includes):
    title = page_name(header)
    functions = [item.name for item in header.items() if item.kind == "function"]
    listed = [title] + [name for name in functions if name != title]
    lines = [f".Dd {date}", f".Dt {title.upper()} 3", ".Os", ".Sh NAME"]
    lines += [f".Nm {name} ," for name in listed[:-1]] + [f".Nm {listed[-1]}", f".Nd {about}"]
    lines += [".Sh SYNOPSIS", f".In nacre/{header.name}", ".Pp", ".Dl cc program.c $(pkg-config --cflags --libs nacre)", ".Sh DESCRIPTION"]
    lines += without_first_pp(comment_lines(header.top, kinds))
    for group in header.groups:
        piece = group_lines(group, kinds)
        lines += without_first_pp(piece) if lines[-1].startswith(".Ss") else piece
    others = sorted({"libnacre 3", *(f"nacre_{name} 3" for name in includes if name != title.removeprefix("nacre_"))})
    lines += [".Sh SEE ALSO"] + [f".Xr {other} ," for other in others[:-1]] + [f".Xr {others[-1]}"]
    return "\n".join(lines) + "\n"
