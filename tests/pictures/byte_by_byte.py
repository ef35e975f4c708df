"""apps/trace/byte_by_byte.html: one whole session, every byte in its field, every field in a sentence."""
import glob
import os
import re
from html import escape

import facts
import leaves
import sentences

WHO = {"in": "client", "out": "server"}
OTHER = {"in": "server", "out": "client"}
TITLE = "SSH, byte by byte"
RFC = re.compile(r"RFC (\d+) ([\d.]+)")


def hex_of(data):
    """In groups, so that lines break between bytes."""
    return " ".join(f"{byte:02x}" for byte in data)


def section_link(section):
    """"RFC 4253 7.1" as a link to that section."""
    match = RFC.fullmatch(section)
    if match:
        return f'<a href="https://www.rfc-editor.org/rfc/rfc{match[1]}#section-{match[2]}">{escape(section)}</a>'
    name = section.split(" ")[0]
    if name.startswith("draft-"):
        return f'<a href="https://datatracker.ietf.org/doc/{name}/">{escape(section)}</a>'
    return escape(section)


def handlers():
    """{message name: [file]}: where the sources have its list of fields."""
    found = {}
    for path in sorted(glob.glob("transport/*.c") + glob.glob("auth/*.c") + glob.glob("connection/*.c")):
        for name in set(re.findall(r"\* +byte +(SSH_MSG_\w+)|byte (SSH_MSG_\w+)", facts.source(path))):
            found.setdefault("".join(name), []).append(path)
    return found


def files_of(packet, found):
    """A login request is read by the file of its method too."""
    method = f"auth/method_{packet.message.get('kind')}.c" if packet.message else ""
    files = [path for path in files_of(packet, found) if not path.endswith("_signed.c")]
    return files + [path for path in [method] if os.path.exists(path)]


def source_links(files):
    links = ", ".join(f'<a href="../../{path}">{path}</a>' for path in files)
    return f" · code: {links}" if links else ""


def name_of(packet):
    return packet.message["name"] if packet.message else "identification"


def short(packet):
    name = name_of(packet).replace("SSH_MSG_", "")
    kind = packet.message.get("kind") if packet.message else None
    return f"{name} {kind}" if kind else name


def field(leaf, colour, encrypted):
    """One row: the bytes, and what they are."""
    structure = leaf.kind in ("frame", "length", "mac")
    classes = colour if leaf.kind == "value" else leaf.kind
    plain, wire = hex_of(leaf.plain), hex_of(leaf.wire)
    shown = f"<b>{plain or wire}</b>"
    if encrypted and leaf.plain and leaf.plain != leaf.wire:
        shown += f'<span class="wire">{wire}</span>'
    value = f'<div class="value">{escape(leaf.value)}</div>' if leaf.value else ""
    return (f'<div class="field {classes}{" structure" if structure else ""}" data-wire="{leaf.wire.hex()}">'
            f'<div class="bytes">{shown}</div><div><span class="name">{escape(leaf.name)}</span>{value}'
            f"<p>{escape(leaf.sentence)}</p></div></div>")


def head(packet, index, files):
    arrow, message = ("→" if packet.side == "in" else "←"), packet.message
    lines = [f'<div class="head"><h2>{arrow} {WHO[packet.side]}: {escape(short(packet))}</h2>']
    if message is None:
        lines.append(f"<p>The {WHO[packet.side]} says which protocol and which program it is, in one line of text.</p>"
                     f'<div class="about">{section_link("RFC 4253 4.2")} · {len(packet.wire)} bytes{source_links(["transport/version.c"])}')
    else:
        sections = dict.fromkeys([message["section"], message.get("kind_section") or message["section"]])
        lines.append(f"<p>{escape(sentences.MESSAGES[leaves.kind_of(message)])}</p>"
                     f'<div class="about">{", ".join(section_link(s) for s in sections)} · packet {message["seq"]} of the {WHO[packet.side]}'
                     f' · {len(packet.wire)} bytes, {"encrypted" if packet.encrypted else "in plain text"}{source_links(files)}')
    return "".join(lines) + "</div></div>"


def article(packet, index, found):
    rows, number = [], 0
    for leaf in packet.leaves:
        rows.append(field(leaf, f"v{number % 4}", packet.encrypted))
        number += leaf.kind == "value"
    return (f'<article class="{packet.side}" id="p{index}" data-side="{WHO[packet.side]}">'
            f'{head(packet, index, found.get(name_of(packet), []))}{"".join(rows)}</article>')


def computed(exchange):
    """Between KEX_ECDH_REPLY and NEWKEYS nothing is sent, but much happens."""
    rows = "".join(f"<tr><td><code>{name}</code><td>{kind}<td>{len(value) - 4} bytes<td><code>{value.hex()[:48]}"
                   f'{"..." if len(value) > 24 else ""}</code>' for name, kind, value in exchange.fields)
    keys = "".join(f"<tr><td><code>{letter}</code><td>{what}<td><code>{exchange.key(letter, size).hex()}</code>"
                   for letter, what, size in (("A", "IV, client to server", 16), ("B", "IV, server to client", 16),
                                              ("C", "AES key, client to server", 32), ("D", "AES key, server to client", 32),
                                              ("E", "MAC key, client to server", 32), ("F", "MAC key, server to client", 32)))
    return (f'<article id="keys"><div class="head"><h2>Both sides compute the keys</h2><p>Nothing is sent for this. Both hash the same '
            f"fields to H, and derive six keys from K, H and the session id, which is the first H. The client verifies the signature of H."
            f'</p><div class="about">{section_link("RFC 4253 8")}, {section_link("RFC 4253 7.2")}'
            f'{source_links(["transport/keys.c"])} · picture: <a href="../../transport/keys.svg">keys.svg</a></div></div>'
            f'<div class="compute"><table><tr><th>field<th>type<th>length<th>as it is hashed, its length first{rows}</table>'
            f'<table><tr><td><code>H</code><td>SHA-256 of these<td><code>{exchange.h.hex()}</code>{keys}</table></div></article>')


def ladder(packets):
    rows = []
    for index, packet in enumerate(packets):
        name = escape(short(packet))
        rows.append(f'<li class="{packet.side}"><a href="#p{index}" title="{name}">{name + " →" if packet.side == "in" else "← " + name}</a>')
        if packet.message and packet.message["number"] == 31:
            rows.append('<li><a href="#keys">both: H and six keys</a>')
    return f'<nav aria-label="Messages"><h2><span>client</span><span>server</span></h2><ol>{"".join(rows)}</ol></nav>'


def draw():
    packets, exchange = leaves.read()
    found, style = handlers(), facts.source(os.path.join(os.path.dirname(__file__), "byte_by_byte.css"))
    total = {side: sum(len(packet.wire) for packet in packets if packet.side == side) for side in WHO}
    fields = sum(len(packet.leaves) for packet in packets)
    articles = []
    for index, packet in enumerate(packets):
        articles.append(article(packet, index, found))
        if packet.message and packet.message["number"] == 31:
            articles.append(computed(exchange))
    return "\n".join([
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{TITLE}</title><style>{style}</style></head><body><header><h1>{TITLE}</h1>",
        f"<p>One whole SSH session, from the identification lines to the end: a client logs in as alice with the password "
        f"<code>secret</code>, starts a shell, sends <code>hello</code>, gets it back, and leaves. The client sends {total['in']:,} bytes and "
        f"the server {total['out']:,}; each of them belongs to one of the {fields} fields on this page.</p>",
        f"<p>The key exchange is <code>{leaves.METHOD}</code>, the cipher <code>{exchange.names[2][0]}</code>, the MAC "
        f"<code>{exchange.names[4][0]}</code>. The random numbers of both sides come from a fixed seed, so these are always the same bytes: "
        f'those of <a href="../../vectors/handshake.txt">vectors/handshake.txt</a>.</p>',
        '<ul class="key" aria-label="Colours"><li class="frame">packet<li class="number">message number<li class="length">length of what '
        'follows<li class="v0">fields<li class="mac">MAC</ul>',
        '<p class="switch"><label><input type="checkbox" id="wire" checked> encrypted bytes</label> &nbsp; <label><input type="checkbox" '
        'id="structure" checked> lengths, padding and MACs</label></p></header>',
        f'<div class="layout">{ladder(packets)}<main>', *articles, "</main></div>",
        "<footer>Generated by <code>make pages</code> from the test vectors and from the table of messages that <code>--trace</code> uses "
        "(apps/observe). To see your own session like this: <code>nacre-echo --trace -</code>.</footer></body></html>", ""])
