"""What the comment on each declaration must say. Each rule is about a fact that the declaration itself shows, and asks for words
that are about that fact: which outcome, whose lifetime, which unit. A phrase that is always true satisfies none of them.
"""
import re

# ---- what a declaration shows ----


def parameters(declaration):
    """The parameters of a prototype, or of a pointer to a function."""
    depth, parts = 0, [""]
    inner = re.search(r"(?:\b\w+|\(\*\w+\))\((.*)\)$", declaration)[1]
    for character in inner:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip() not in ("", "void")]


def result(declaration):
    return re.match(r"(.*?)\bnacre_\w+\(", declaration)[1].strip()


def borrowed(parameter, filled_in):
    """What of the program's a library could keep: text, data, a function, or one of the structs that programs fill in."""
    if re.search(r"\(\*\w+\)\(", parameter):
        return "function"
    if re.match(r"const char \*", parameter):
        return "text"
    if re.match(r"const (void|uint8_t) \*", parameter):
        return "data"
    struct = re.match(r"const struct (nacre_\w+) \*", parameter)
    if struct and struct[1] in filled_in and not struct[1].endswith(("_reader", "_writer", "_mailbox")):
        return "struct"
    return None


# ---- what words must do ----

FILLER = re.compile(r"\b(an?|the|in|on|of|if|it|is|this|that|when|case|any|some|there|was|has|function|call|error|errors|fails?|failed|failure|"
                    r"otherwise|returns?|returned|or|NULL|[Ff]alse|[Tt]rue|possible|something|went|wrong|did|does|not|work|success|successful)\b|\W", re.I)
ENDS = (r"(session|channel|peer|server|client|clients|endpoint|key|policy|login|agent|loop|budget|grant|callback|call|mailbox|listener|stream|"
        r"configuration|decision|file|connection|data|caller|process|program|library|forward|closed|ended|released|answer|answered|returns?|returned|"
        r"freed|nacre_\w+)")
LIFETIME = re.compile(r"\b(static text"
                      rf"|(lives?|valid|stays?|borrowed|lent|kept)\b[^.]*\b(as long as|until|while|for|during)\b[^.]*\b{ENDS}"
                      rf"|(outlives?|as long as which it lives|free it after)\b[^.]*\b{ENDS}"
                      rf"|belongs? to (the|a|an|its) {ENDS}"
                      rf"|(frees?|freed|closes?|closed|releases?)\b[^.]*\b(nacre_\w+|caller)"
                      rf"|caller (frees|closes|owns|clears)"
                      r"|(not|nothing[^.]*|none of it is) kept|keeps? (nothing|no)|copie[sd]|copy|moved)\b", re.I)
THREAD = re.compile(r"\bthread", re.I)
UNITS = re.compile(r"\b(bytes?|bits|characters?|seconds?|milliseconds?|ms|minutes?|[0-9]+ s|hours?|pixels|per cent|per minute|messages|KiB|MiB|port|number|many|count(s|ed)?|"
                   r"lines?|length|opcode|index|sequence|how often|times|connections|channels|jobs|prompts|threads|code|reason|rank|served|options?|i-th|rounds|"
                   r"listeners|descriptors?|descriptor)\b", re.I)
# Names that mean the same everywhere: libnacre(3), "UNITS"
CONVENTIONAL = re.compile(r"^(len|size|room|count|i|port|fd|\w+_(len|count|ms|bytes|max|port|memory|fd)|bytes|bytes_in|bytes_out|socket_count|max_memory|value|events|version|ms)$")
INTEGER = re.compile(r"^(const )?(unsigned|int|size_t|uint(8|16|32|64)_t)\b(?! ?\*?\()")


# NULL as what is returned, not as what may be passed
RESULT_NULL = (r"\b[Nn]ever\s+NULL|\bNULL(?=:|\s+(when|if|past|before|inside|on\s+failure|for|at)\b|,\s+(and\s+0|with\s+errno)\b)"
               r"|\b(returns|gives|is|are|or)\s+NULL\b(?!\.)|pointer\s+may\s+be\s+NULL|perhaps\s+with\s+NULL")


def says_outcome(text, marker):
    """Some clause with the marker says more than that something failed."""
    for found in re.finditer(marker, text):
        if re.match(r"[Nn]ever", found[0]):
            return True
        rest = re.split(r"[.;](?:\s|$)", text[found.end():], 1)[0]
        before = re.split(r"[.;](?:\s|$)", text[:found.start()])[-1]
        if len(FILLER.sub("", rest)) >= 4 or len(FILLER.sub("", before)) >= 4:
            return True
    return False


def one_line(text):
    return re.sub(r"\s+", " ", text)


class Texts:
    """The words that hold for a declaration: of its own comment and those next to it, and of the whole header."""

    def __init__(self, header, group, item):
        self.near = one_line(header.cluster(group) + " . " + item.text)
        self.top = one_line(header.top)

    def anywhere(self):
        return self.near + " . " + self.top


# ---- the rules ----


def outcome_rules(item, texts, enumerators, returning):
    kind = result(item.declaration)
    near = texts.near
    if kind == "bool" and not says_outcome(near, r"\b[Ff]alse\b|\b[Tt]rue\b") and not \
            (re.search(r"\?", near) and re.search(r"\(const |\(void\)|\(struct nacre_(reader|writer)", item.declaration)):
        yield "does not say what true or false mean"
    if kind.startswith("enum ") and kind[5:] in enumerators:
        names = {name for name in re.findall(r"\bNACRE_\w+", near) if name in enumerators[kind[5:]]}
        others = {name for name in re.findall(r"\bnacre_\w+", near) if name != item.name and returning.get(name) == kind}
        if not names and not others:
            yield f"names no value of {kind}, and no function that returns the same"
    if kind == "int" and not says_outcome(near, r"-1\b"):
        yield "does not say when it returns -1"
    if kind.endswith("*") and kind != "void *" and not says_outcome(texts.anywhere(), RESULT_NULL):
        yield "does not say when it returns NULL, or that it never does"
    if re.search(r"\bchar \*errbuf\b", item.declaration) and not says_outcome(texts.anywhere(), r"\berrbuf\b"):
        yield "does not say what errbuf holds"


def lifetime_rules(item, texts, types, filled_in):
    kind = result(item.declaration)
    words = texts.near
    if kind.endswith("*"):
        tag = re.search(r"struct (nacre_\w+) \*", kind)
        if not LIFETIME.search(words) and not (tag and LIFETIME.search(types.get(tag[1], ""))) and \
                not any("return" in sentence and LIFETIME.search(sentence) for sentence in re.split(r"(?<=[.:])\s", texts.top)):
            yield f"does not say how long what it returns ({kind}) is valid"
    taken = {borrowed(parameter, filled_in) for parameter in parameters(item.declaration)} - {None}
    if item.name.endswith("_free"):
        return
    if taken and not LIFETIME.search(words):
        word = {"text": "text", "data": "data|bytes", "function": "function|context", "struct": "configuration|struct|points"}
        missing = [what for what in sorted(taken)
                   if not any(re.search(rf"\b({word[what]})", sentence, re.I) and LIFETIME.search(sentence)
                              for sentence in re.split(r"(?<=[.:])\s", texts.top))]
        if missing:
            yield f"does not say how long the {' and the '.join(missing)} that it takes must stay"


def unit_rules(item, texts):
    kind = result(item.declaration)
    if INTEGER.match(kind) and not kind.endswith("*") and not UNITS.search(texts.near):
        yield "does not say in what it counts"
    for parameter in parameters(item.declaration):
        name = re.search(r"(\w+)(\[.*\])?$", parameter)
        if INTEGER.match(parameter) and "*" not in parameter and not CONVENTIONAL.match(name[1]) and not UNITS.search(texts.near):
            yield f"has no unit for {name[1]}"


def member_rules(header, item):
    notes = ""
    for place, member in enumerate(item.members):
        if member.kind == "note":
            notes = member.text
            continue
        words = member.text
        shared = place
        while not words and item.members[shared].shares:
            shared -= 1
            words = item.members[shared].text
        words = words + "\n" + notes
        names = ", ".join(member.name)
        if item.kind == "struct" and "(*" in member.declaration and not member.text and not words.strip():
            yield f"{item.name}.{names}: a callback without a comment"
        if item.kind == "struct" and INTEGER.match(member.declaration) and "*" not in member.declaration and "(*" not in member.declaration \
                and not all(CONVENTIONAL.match(name) for name in member.name) and not UNITS.search(words):
            yield f"{item.name}.{names}: no unit"


# Where things are in the source tree, which people who read an installed header do not have
IN_THE_TREE = re.compile(r"\b(?:apps|crypto|transport|auth|connection|tests)/\w+|\b[A-Z]+\.md\b|(?<![/\w-])[a-z_]+\.c\b")


def of_header(header, types, filled_in, enumerators, returning):
    """Sentences about what the comments of a header leave open."""
    if not THREAD.search(header.top) and any(item.kind == "function" for item in header.items()):
        yield f"{header.name}: the comment at the top says nothing about threads"
    everything = [header.top, *(group.text for group in header.groups), *(item.text for item in header.items()),
                  *(member.text for item in header.items() for member in item.members)]
    yield from (f"{header.name}: {place} is not installed" for text in everything for place in IN_THE_TREE.findall(text))
    for group in header.groups:
        for item in group.items:
            texts = Texts(header, group, item)
            name = item.name or "an enumeration"
            if not texts.near.strip(" .") and not (item.members and all(member.text for member in item.members)):
                yield f"{header.name}: {name} has no comment"
                continue
            if item.kind == "function":
                found = [*outcome_rules(item, texts, enumerators, returning), *lifetime_rules(item, texts, types, filled_in), *unit_rules(item, texts)]
                yield from (f"{header.name}: {name} {sentence}" for sentence in found)
            elif item.kind == "struct" and not item.members and not LIFETIME.search(texts.near):
                yield f"{header.name}: struct {name}: how long does one live?"
            elif item.members:
                yield from (f"{header.name}: {sentence}" for sentence in member_rules(header, item))


def complaints(headers):
    types, filled_in, enumerators, returning = {}, set(), {}, {}
    for header in headers:
        for group in header.groups:
            for item in group.items:
                if item.kind == "struct":
                    types[item.name] = one_line(group.text)
                    filled_in |= {item.name} if item.members else set()
                elif item.kind == "enum" and item.name:
                    enumerators[item.name] = {name for member in item.members for name in member.name}
                elif item.kind == "function":
                    returning[item.name] = result(item.declaration)
    return [sentence for header in headers for sentence in of_header(header, types, filled_in, enumerators, returning)]
