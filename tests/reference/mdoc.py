"""A manual page in mdoc(7) as HTML: the macros that libnacre(3) uses. An unknown one is an error, never left out in silence."""
import html
import re
import shlex

INLINE = {"Fa": "var", "Vt": "code", "Va": "code", "Dv": "code", "Ql": "code", "Li": "code", "Pa": "i", "Fn": "code", "Nm": "b", "Sy": "b"}
OPENING, CLOSING = "([", ".,;:)]!?"
BLOCKS = {"Pp": "<p>", "Bl": "<dl>", "El": "</dl>", "Bd": "<pre>", "Ed": "</pre>"}


def plain(text):
    return html.escape(text.replace("\\&", "").replace("\\e", "\\").replace("\\-", "-"), quote=False)


def words_of(line):
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split, lexer.quotes, lexer.escape, lexer.commenters = True, '"', "", ""
    return list(lexer)


def reference(words):
    """.Xr NAME SECTION and punctuation"""
    return f"<i>{plain(words[0])}</i>({words[1]}){''.join(words[2:])}"


def inline(words, link):
    """A macro with its arguments, as HTML."""
    name, *rest = words
    if name == "Pq":
        after = ""
        while rest[-1] in CLOSING:
            after = rest.pop() + after
        inner = inline(rest, link) if rest[0] in INLINE or rest[0] in ("In", "Xr") else plain(" ".join(rest))
        return f"({inner}){after}"
    if name == "In":
        header, *rest = rest
        if len(rest) > 1 and rest[0] == ",":
            return link(header) + ", " + inline(rest[1:], link)
        return link(header) + "".join(rest)
    if name == "Xr":
        return reference(rest)
    tag, out = INLINE[name], ""
    for word in rest:
        if word in INLINE or word == "Pq":
            return out + " " + inline(rest[rest.index(word):], link)
        if word in OPENING:
            out += word
        elif word in CLOSING:
            out += word
        else:
            out += ("" if not out or out[-1] in OPENING else " ") + f"<{tag}>{link(word) if tag == 'code' else plain(word)}</{tag}>"
    return out


class Page:
    """Lines of mdoc, read in order into lines of HTML."""

    def __init__(self, link):
        self.link, self.out, self.literal, self.section, self.lists = link, [], False, "", []

    def item(self, words):
        if self.lists[-1] == "bullet":
            self.out.append("<li>")
            return
        term = inline(words, self.link) if words[0] in INLINE or words[0] == "In" else self.term(words)
        self.out.append(f"<dt>{term}</dt><dd>")

    def term(self, words):
        """Text, which may end in a macro"""
        for at, word in enumerate(words):
            if word == "Pq":
                return plain(" ".join(words[:at])) + " " + inline(words[at:], self.link)
        return plain(" ".join(words))

    def macro(self, line):
        name, *words = words_of(line[1:])
        if name in ("Sh", "Ss"):
            self.section = " ".join(words).capitalize()
            self.out.append(f"<h3>{plain(self.section)}</h3>")
        elif name == "Bl":
            self.lists.append("bullet" if "-bullet" in words else "tag")
            self.out.append("<ul>" if "-bullet" in words else "<dl>")
        elif name == "El":
            self.out.append("</ul>" if self.lists.pop() == "bullet" else "</dl>")
        elif name == "It":
            self.item(words)
        elif name == "Dl":
            self.out.append(f"<pre>{plain(' '.join(words))}</pre>")
        elif name in BLOCKS:
            self.literal = name == "Bd"
            self.out.append(BLOCKS[name])
        else:
            self.out.append(inline([name, *(words or ["libnacre"])], self.link))

    def read(self, text):
        for line in text.split("\n"):
            if self.literal and line != ".Ed":
                self.out.append(plain(line))
            elif line.startswith("."):
                self.macro(line)
            elif line:
                self.out.append(plain(line))
        return "\n".join(self.out)


def body(text, link, leave_out):
    """The sections of a page but those named in `leave_out`."""
    parts = re.split(r"(?m)^(?=\.S[hs] )", text[text.index(".Sh DESCRIPTION"):])
    kept = [part for part in parts if part and re.match(r"\.S[hs] (.*)", part)[1] not in leave_out]
    return Page(link).read("".join(kept))
