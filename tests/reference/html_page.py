"""The reference as one page of HTML that needs nothing else: an index, a search by name, light and dark, narrow and wide."""
import html
import os
import re

from headers import blocks, runs, SECTION
import mdoc

NAME = re.compile(r"\b(?:nacre|NACRE)_\w+(?:\.\w+)?|\b[a-z_]+\.h\b")
# What the page shows in another form, or what only a manual page needs
LEFT_OUT = {"Headers", "SEE ALSO", "STANDARDS"}
HERE = os.path.dirname(os.path.abspath(__file__))


def asset(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


class Links:
    """From the names in a text to the places that explain them."""

    def __init__(self, headers, kinds):
        self.kinds, self.places = kinds, {}
        for header in headers:
            self.places[header.name] = header.name
            for item in header.items():
                self.places[item.name] = item.name
                for member in item.members:
                    for name in member.name:
                        self.places[name if item.kind == "enum" else f"{item.name}.{name}"] = \
                            name if item.kind == "enum" else f"{item.name}.{name}"
        self.places.pop("", None)

    def name(self, text):
        """A name as HTML: a link if the page has it."""
        place = self.places.get(text.removeprefix("nacre/").removeprefix("apps/"))
        place = place or self.places.get(text.split("/")[-1]) if text.endswith(".h") else place
        return f'<a href="#{place}">{html.escape(text)}</a>' if place else html.escape(text, quote=False)

    def code(self, text):
        return self.linked(html.escape(text, quote=False))

    def linked(self, escaped):
        return NAME.sub(lambda found: self.name(found[0]), escaped)

    def text(self, words):
        pieces = re.split(r"`([^`]+)`", words)
        return "".join(f"<code>{self.code(piece)}</code>" if i % 2 else self.linked(html.escape(piece, quote=False))
                       for i, piece in enumerate(pieces))


def comment(text, links):
    out = []
    for kind, body in blocks(text) if text else []:
        if kind == "text":
            out.append(f"<p>{links.text(body)}</p>")
        elif kind == "code":
            out.append("<pre>" + links.code("\n".join(body)) + "</pre>")
        else:
            rows = "".join(f"<dt><code>{links.code(term)}</code></dt><dd>{links.text(words)}</dd>" for term, words in body)
            out.append(f"<dl>{rows}</dl>")
    return "\n".join(out)


def prototype(item, links):
    """With one parameter per line if it is long."""
    declaration = item.declaration
    if len(declaration) > 90 and item.kind == "function":
        head, rest = re.match(r"(.*?\bnacre_\w+\()(.*)\)$", declaration).groups()
        parts, depth = [""], 0
        for character in rest:
            depth += (character == "(") - (character == ")")
            if character == "," and depth == 0:
                parts.append("")
            else:
                parts[-1] += character
        declaration = head + "\n    " + ",\n    ".join(part.strip() for part in parts) + ")"
    return links.code(declaration + (";" if item.kind == "function" else ""))


def members(item, links):
    rows = []
    for run, text in runs(item):
        if not run:
            rows.append(f'<dd class="note">{comment(text, links)}</dd>')
            continue
        for member in run:
            ids = [name if item.kind == "enum" else f"{item.name}.{name}" for name in member.name]
            anchors = "".join(f'<span id="{name}"></span>' for name in ids[1:])
            rows.append(f'<dt id="{ids[0]}">{anchors}<code>{links.code(member.declaration)}</code></dt>')
        rows.append(f"<dd>{comment(text, links)}</dd>" if text else "")
    return f'<dl class="members">{"".join(rows)}</dl>' if rows else ""


def group(one, links):
    section = SECTION.match(one.text)
    if section:
        return f"<h3>{html.escape(section[1].capitalize())}</h3>"
    shown = [item for item in one.items if item.kind in ("function", "macro") or item.name]
    lines = [f'<span id="{item.name}">{prototype(item, links)}</span>' for item in shown]
    out = ["<article>"] + ([f'<pre class="code">{chr(10).join(lines)}</pre>'] if lines else []) + [comment(one.text, links)]
    for item in one.items:
        out.append(comment(item.text, links) if item.kind in ("function", "macro") else members(item, links))
    return "\n".join(out + ["</article>"])


def section(header, about, links):
    parts = [f'<section id="{header.name}">', f"<h2><code>&lt;nacre/{header.name}&gt;</code> <small>{html.escape(about)}</small></h2>",
             comment(header.top, links), *(group(one, links) for one in header.groups), "</section>"]
    return "\n".join(parts)


def index(headers):
    """A list of names under each header."""
    out = []
    for header in headers:
        names = [item.name for item in header.items() if item.name]
        rows = "".join(f'<li><a href="#{name}">{name}</a></li>' for name in names)
        out.append(f'<details><summary><a href="#{header.name}">{header.name}</a></summary><ul>{rows}</ul></details>')
    return "\n".join(out)


def page(headers, introduction, about, kinds):
    links = Links(headers, kinds)
    order = {name: place for place, name in enumerate(about)}
    headers = sorted(headers, key=lambda header: order[header.name])
    return asset("page.html").format(
        style=asset("page.css"), script=asset("page.js"), index=index(headers),
        overview=mdoc.body(introduction, links.name, LEFT_OUT),
        sections="\n".join(section(header, about[header.name], links) for header in headers))
