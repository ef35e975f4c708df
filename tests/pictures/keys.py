"""transport/keys.svg: from the fields of the exchange hash to six keys."""
import re

import facts
from svg import Picture

LETTERS = [("A", "initial IV", 0), ("C", "encryption key", 1), ("E", "integrity key", 2)]
FIELD_Y, FIELD_STEP, LEFT, FIELD_WIDTH = 96, 40, 24, 318
H_X, H_Y = 474, 208


def hashed_fields():
    """[(type, name, explanation)] from the comment on keys_compute_hash."""
    comment = re.search(r"H is the hash of\n(.*?)\*/", facts.source("transport/keys.c"), re.DOTALL)[1]
    fields = re.findall(r"^ \*     (\S+) +(the shares|\w+)(?:, (.*))?$", comment, re.MULTILINE)
    assert len(fields) == 7, fields
    return [(kind, name, text.rstrip("* ").strip()) for kind, name, text in fields]


def draw_fields(picture):
    fields = []
    for kind, name, text in hashed_fields():
        if kind == "...":
            fields.append((kind, "shares", "Q_C and Q_S, or e and f, as the method says"))
        else:
            fields.append((kind, name, text))
    for i, (kind, name, text) in enumerate(fields):
        y = FIELD_Y + i * FIELD_STEP
        secret = name == "K"
        colour = "rose" if secret else "teal"
        picture.rect(LEFT, y, FIELD_WIDTH, FIELD_STEP - 6, colour + "-fill", colour)
        picture.text(LEFT + 10, y + 15, name, "mono bold", colour)
        picture.text(LEFT + 66, y + 15, {"...": "as sent"}.get(kind, kind), "mono", "dim")
        picture.text(LEFT + 10, y + 28, text, "small", "dim")
    bottom = FIELD_Y + len(fields) * FIELD_STEP - 6
    picture.path(f"M{LEFT + FIELD_WIDTH + 8} {FIELD_Y}q10 0 10 10V{H_Y - 10}q0 10 10 10q-10 0 -10 10V{bottom - 10}q0 10 -10 10",
                 "line", head=False)
    picture.arrow(LEFT + FIELD_WIDTH + 30, H_Y, H_X - 61, H_Y)
    picture.text(LEFT + FIELD_WIDTH + 36, H_Y - 10, "HASH", "mono bold", "ink")
    picture.box(H_X, H_Y, 118, 54, "amber", "H", ["exchange hash"])
    picture.box(H_X, H_Y + 118, 118, 54, "amber", "session id", ["the first H"])
    picture.arrow(H_X, H_Y + 27, H_X, H_Y + 90, "amber", "dash")
    picture.text(H_X, H_Y - 82, "The server signs H", "small mid", "dim")
    picture.text(H_X, H_Y - 67, "with its host key.", "small mid", "dim")
    picture.arrow(H_X, H_Y - 28, H_X, H_Y - 56, "amber")
    k_y = bottom - (FIELD_STEP - 6) // 2
    picture.path(f"M{LEFT + FIELD_WIDTH} {k_y + 8}L{LEFT + FIELD_WIDTH + 50} {k_y + 8}L{LEFT + FIELD_WIDTH + 50} "
                 f"{bottom + 16}L548 {bottom + 16}", "rose", head=False)
    picture.path(f"M{H_X + 59} {H_Y}L548 {H_Y}", "amber", head=False)
    picture.path(f"M{H_X + 59} {H_Y + 118}L548 {H_Y + 118}", "amber", head=False)
    picture.path(f"M548 {H_Y}V{bottom + 16}", "line", head=False)
    return bottom


def draw_keys(picture):
    x, width = 590, 256
    picture.text(x, 92, "HASH(K ‖ H ‖ letter ‖ session id)", "mono bold")
    for i in range(6):
        letter, name, _ = LETTERS[i // 2]
        letter = chr(ord(letter) + i % 2)
        y = 104 + i * 44
        colour = "violet" if i % 2 == 0 else "blue"
        picture.rect(x, y, width, 36, colour + "-fill", colour)
        picture.text(x + 18, y + 24, letter, "title mid", colour)
        picture.text(x + 40, y + 16, name, "bold small", "ink")
        picture.text(x + 40, y + 29, "client to server" if i % 2 == 0 else "server to client", "small", "dim")
        picture.arrow(548, y + 18, x - 1, y + 18)
    picture.path(f"M548 {104 + 18}V{H_Y + 118}", "line", head=False)


def blocks(need, digest):
    return -(-need // digest)


def draw_table(picture, top):
    picture.text(24, top, "How many bytes each cipher takes", "head")
    picture.text(24, top + 18, "K1 = HASH(K ‖ H ‖ letter ‖ session id), K2 = HASH(K ‖ H ‖ K1), K3 = HASH(K ‖ H ‖ K1 ‖ K2): "
                               "as many as the key needs.", "small", "dim")
    columns = [(24, ""), (238, ""), (516, "end"), (604, "end"), (700, "end"), (846, "end")]
    names = ["cipher", "MAC", "IV: A, B", "key: C, D", "MAC: E, F", "key after SHA-256 is"]
    y = top + 46
    for (x, anchor), name in zip(columns, names):
        picture.text(x, y, name, "small bold " + anchor, "dim")
    picture.path(f"M24 {y + 7}H846", "rim", head=False)
    rows = [words for kind, *words in facts.lines("keys") if kind == "protection"]
    for i, (cipher, mac, *lens) in enumerate(rows):
        row_y = y + 26 + i * 20
        stream = blocks(int(lens[1]), 32)
        used = " ‖ ".join(f"K{n + 1}" for n in range(stream))
        cells = [cipher, mac.replace("-", "–") if mac == "-" else mac,
                 *[length if length != "0" else "–" for length in lens], used]
        for (x, anchor), cell in zip(columns, cells):
            picture.text(x, row_y, cell, "mono " + anchor, "ink" if cell != "–" else "dim")
    return y + 26 + len(rows) * 20


def draw_methods(picture, top):
    """Which hash, and how K enters it."""
    groups = {}
    for kind, *words in facts.lines("keys"):
        if kind == "exchange":
            name, digest, length, form = words
            groups.setdefault((digest, length, form), []).append(name)
    picture.text(24, top, "Which hash, and how K enters it", "head")
    y = top + 22
    for (digest, length, form), names in groups.items():
        label = {"sha1": "SHA-1"}.get(digest, digest.upper().replace("SHA", "SHA-"))
        picture.text(24, y, f"{label}, {length} bytes", "mono bold")
        picture.text(170, y, f"K is {'an mpint' if form == 'mpint' else 'a string'}", "mono", "rose" if form == "mpint" else "teal")
        shown = [name for name in names if "@" not in name]
        half = len(shown) if len(", ".join(shown)) < 78 else 2
        picture.lines(290, y, [", ".join(part) for part in (shown[:half], shown[half:]) if part], "mono", "dim", 15)
        y += 21 + (15 if half < len(shown) else 0)
    return y


def draw():
    picture = Picture(870, 820, "Exchange hash and key derivation",
                      "The fields that are hashed to H, and the six keys that are derived from K, H and the session id, "
                      "RFC 4253 sections 7.2 and 8; which hash each key exchange method uses, and how many bytes each "
                      "cipher takes.")
    picture.text(24, 34, "From one shared secret to six keys", "title")
    picture.text(24, 56, "RFC 4253 sections 8 and 7.2. ‖ puts bytes after each other. nacre-trace hash prints all of this with "
                         "the bytes of a session.", "small", "dim")
    picture.text(LEFT, FIELD_Y - 10, "Hashed in this order", "head", "teal")
    bottom = draw_fields(picture)
    draw_keys(picture)
    bottom = draw_methods(picture, bottom + 56)
    bottom = draw_table(picture, bottom + 22)
    picture.height = bottom + 8
    return picture.write()
