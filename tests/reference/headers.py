"""Public headers, read into what the reference shows: declarations, each with the comment above it.

A comment belongs to the declarations below it, up to the next comment or empty line. Groups without an empty line between them
are a cluster: what the first comment says may hold for the others.
"""
import os
import re

COMMENT = re.compile(r"/\*(.*?)\*/", re.S)
SECTION = re.compile(r"^-{3,} (.*?) -{3,}$")


class Item:
    """A function, struct, enum, macro or member: its name, its declaration as text, and what was written about it."""

    def __init__(self, kind, name, declaration, text="", members=()):
        self.kind, self.name, self.declaration, self.text, self.members = kind, name, declaration, text, list(members)
        self.shares = False  # a member to which the comment on the one before it belongs, too


class Group:
    """One comment (perhaps empty) and the items below it."""

    def __init__(self, text, cluster):
        self.text, self.cluster, self.items = text, cluster, []


class Header:
    def __init__(self, name, top, groups):
        self.name, self.top, self.groups = name, top, groups

    def items(self):
        return [item for group in self.groups for item in group.items]

    def cluster(self, group):
        """The text of a group with that of those right above and below it."""
        return " .\n".join(other.text for other in self.groups if other.cluster == group.cluster)


def comment_text(inner):
    """Without the stars at the beginning of lines; the indentation after them stays."""
    lines = [re.sub(r"^\s*\* ?", "", line) if i else line.strip() for i, line in enumerate(inner.split("\n"))]
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join(line.rstrip() for line in lines)


def scan(text):
    """Yields ("comment" | "macro" | "code" | "empty" | "other", text, whether it began on the line of what came before)."""
    at, same_line = 0, False
    while at < len(text):
        blank = re.compile(r"\s+").match(text, at)
        if blank:
            same_line = same_line and "\n" not in blank[0]
            if blank[0].count("\n") > 1:
                yield "empty", "", False
            at = blank.end()
            continue
        if text.startswith("/*", at):
            end = text.index("*/", at) + 2
            yield "comment", text[at:end], same_line
        elif text[at] == "#":
            end = re.compile(r"#(?:[^\n\\]|\\\n|\\.)*?(?=/\*|\n|$)", re.S).match(text, at).end()
            yield ("macro" if text.startswith("#define", at) else "other"), text[at:end], False
        else:
            end = end_of_declaration(text, at)
            yield "code", text[at:end], False
        at, same_line = end, True


def end_of_declaration(text, at):
    """After the ';' or, in an enumeration, the ',' that ends what begins at `at`."""
    depth = 0
    while at < len(text):
        if text.startswith("/*", at):
            at = text.index("*/", at)
        depth += (text[at] in "({[") - (text[at] in ")}]")
        at += 1
        if depth == 0 and text[at - 1] == ";":
            return at
    return at


def plain(code):
    """A declaration without comments, on one line."""
    return re.sub(r"\s+", " ", COMMENT.sub(" ", code)).strip().rstrip(";").strip()


def declarator_name(declaration):
    pointer = re.search(r"\(\*(\w+)\)\s*\(", declaration)
    return pointer[1] if pointer else re.search(r"(\w+)(\[[^\]]*\])*$", declaration)[1]


def names_of_member(declaration):
    if re.search(r"\(\*\w+\)\s*\(", declaration):
        return [declarator_name(declaration)]
    return [declarator_name(part.strip()) for part in declaration.split(",")]


def split_enumerators(body):
    """[(declaration, text before its comma, comments included)] as scan's tokens: each comma becomes a ';'."""
    out, depth, at = [], 0, 0
    while at < len(body):
        if body.startswith("/*", at):
            end = body.index("*/", at) + 2
            out.append(body[at:end])
            at = end
            continue
        depth += (body[at] in "(") - (body[at] in ")")
        out.append(";" if body[at] == "," and depth == 0 else body[at])
        at += 1
    text = "".join(out)
    last = COMMENT.sub(lambda found: " " * len(found[0]), text).rstrip()
    return text if last.endswith(";") or not last else text[:len(last)] + ";" + text[len(last):]


def members_of(kind, body):
    """Members of a struct or an enum, and notes (items without a name), in order."""
    members, pending, fresh = [], "", True
    for what, text, same_line in scan(split_enumerators(body) if kind == "enum" else body):
        if what == "comment" and same_line and members:
            members[-1].text = (members[-1].text + "\n" + comment_text(text[2:-2])).strip()
            members[-1].shares = False
        elif what == "comment":
            if pending and fresh:
                members.append(Item("note", "", "", pending))
            pending, fresh = comment_text(text[2:-2]), True
        elif what == "empty":
            pending = "" if not fresh else pending
        elif what == "code":
            declaration = plain(text)
            names = [declaration.split()[0]] if kind == "enum" else names_of_member(declaration)
            members.append(Item("member", names, declaration, pending if fresh else ""))
            members[-1].shares = bool(pending) and not fresh
            fresh = False
    return members


def runs(item):
    """Its members, those that share a comment together: (members, text). A note is a run without members."""
    found = []
    for member in item.members:
        if member.kind == "note":
            found.append(([], member.text))
        elif member.shares and found and found[-1][0]:
            found[-1][0].append(member)
        else:
            found.append(([member], member.text))
    return found


def item_of(code):
    """A declaration at the top of a header; None: a forward declaration."""
    aggregate = re.match(r"(struct|enum)\s*(\w*)\s*\{(.*)\}\s*;$", code, re.S)
    if aggregate:
        kind, tag = aggregate[1], aggregate[2]
        return Item(kind, tag, f"{kind} {tag}".strip(), members=members_of(kind, aggregate[3]))
    opaque = re.match(r"struct (\w+);$", code)
    if opaque:
        return Item("struct", opaque[1], f"struct {opaque[1]}")
    function = plain(code).replace("NACRE_API ", "")
    return Item("function", re.search(r"\b(nacre_\w+)\s*\(", function)[1], function)


def macro_of(text):
    found = re.match(r"#define\s+(NACRE_\w+(?:\([^)]*\))?)\s+(\S.*)", re.sub(r"\\\n\s*", " ", text), re.S)
    guard = found is None or found[1].startswith("NACRE_API")
    return None if guard else Item("macro", found[1].split("(")[0], f"#define {found[1]} {found[2].strip()}")


def read(path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    top = COMMENT.match(text)
    groups, cluster, last = [], 0, None
    for what, piece, same_line in scan(text[top.end() if top else 0:]):
        if what == "comment" and same_line and last:
            last.text = (last.text + "\n" + comment_text(piece[2:-2])).strip()
        elif what == "comment":
            groups.append(Group(comment_text(piece[2:-2]), cluster))
        elif what == "empty":
            cluster += 1
            last = None
        elif what in ("code", "macro"):
            last = item_of(piece) if what == "code" else macro_of(piece)
            if last is None:
                continue
            if not groups or groups[-1].cluster != cluster:
                groups.append(Group("", cluster))
            groups[-1].items.append(last)
    return Header(os.path.basename(path), comment_text(top[1]) if top else "", groups)


def read_all(folder):
    """Every header, without the declarations of structs that another place has with its comment."""
    headers = [read(os.path.join(folder, name)) for name in sorted(os.listdir(folder)) if name.endswith(".h")]
    written = {item.name for header in headers for group in header.groups for item in group.items
               if item.kind == "struct" and (item.members or group.text)}
    for header in headers:
        for group in header.groups:
            group.items = [item for item in group.items
                           if item.kind != "struct" or item.members or group.text or item.name not in written]
        header.groups = [group for group in header.groups if group.items or group.text]
    return headers


# ---- text ----


def is_terms(lines):
    """Is it a list of terms: each line is a term with its text in a second column, or goes on in that column?"""
    starts = [re.match(r"(\S.*?)(\s{2,})\S", line) for line in lines]
    if not starts[0]:
        return False
    column = starts[0].end() - 1
    rows = [found.end() - 1 == column if found else line.startswith(" " * column) for line, found in zip(lines, starts)]
    return all(rows) and column <= 28 and not any("->" in line or line.endswith(";") for line in lines)


def terms(lines):
    found = []
    for line in lines:
        start = re.match(r"(\S.*?)\s{2,}(\S.*)", line)
        if start and not line.startswith(" "):
            found.append([start[1], start[2]])
        else:
            found[-1][1] += " " + line.strip()
    return ("terms", [tuple(pair) for pair in found])


def blocks(text):
    """The paragraphs of a comment: ("text", words), ("code", lines), ("terms", [(term, words)])."""
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        lines = paragraph.split("\n")
        if all(line.startswith("    ") for line in lines):
            indent = min(len(line) - len(line.lstrip()) for line in lines)
            lines = [line[indent:] for line in lines]
            yield terms(lines) if is_terms(lines) else ("code", lines)
        elif is_terms(lines):
            yield terms(lines)
        else:
            for split in range(1, len(lines)):
                if is_terms(lines[split:]):
                    yield "text", " ".join(lines[:split])
                    yield terms(lines[split:])
                    break
            else:
                yield "text", " ".join(line.strip() for line in lines)
