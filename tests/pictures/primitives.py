"""crypto/primitives.svg: from the names that SSH negotiates to the library that computes."""
import glob
import os
import re

import facts
from svg import Picture

KINDS = {"kex": ("key exchange", "teal"), "host_key": ("host keys and user keys", "violet"),
         "cipher": ("ciphers", "blue"), "mac": ("MACs", "amber")}
# cipher_aes_ctr.c is the file of the MACs too.
MAC_ONLY = {"hmac", "hash"}
# The first word of a row in README.md's table, and the file of crypto/ that it is about
ROWS = {"ChaCha20": "chacha20", "Poly1305": "poly1305", "AES-256-GCM": "aes_gcm", "AES-256-CTR": "aes_ctr",
        "SHA-256": "hash", "HMAC-SHA-256": "hmac", "X25519": "x25519", "Ed25519": "ed25519", "ECDH": "ecdh",
        "ECDSA": "ecdsa", "RSA": "rsa", "DH": "dh", "ML-KEM-768": "mlkem768", "sntrup761": "sntrup761"}
LIBRARIES = {"libsodium": "libsodium", "ours": "nacre's own", "libcrypto": "libcrypto"}
NAME_X, NAME_WIDTH, FILE_X, FILE_WIDTH, LIBRARY_X, LIBRARY_WIDTH = 20, 300, 440, 160, 722, 128
LINE, GAP, TOP = 14, 10, 84


def tables():
    """{kind: [(name, method)]} from transport/algorithms.c; user keys add what host keys lack."""
    text, found = facts.source("transport/algorithms.c"), {}
    for kind in ("kex", "host_key", "public_key", "cipher", "mac"):
        body = re.search(rf"struct algorithm {kind}\[\] = {{(.*?)}};", text, re.DOTALL)[1]
        found[kind] = re.findall(r'{"([^"]+)",\s*&(\w+), ', body)
    found["host_key"] += [row for row in found.pop("public_key") if row not in found["host_key"]]
    return found


def defining_file(method):
    """The file of transport/ that defines a method. Some are written by a macro, whose argument it is."""
    for path in sorted(glob.glob("transport/*.c")):
        if not path.endswith("/algorithms.c") and \
                re.search(rf"^(?:const struct \w+ {method} =|[A-Z_]+\({method},)", facts.source(path), re.MULTILINE):
            return path
    raise AssertionError(f"no file of transport/ defines {method}")


def declared():
    """{identifier: file of crypto/} from its headers."""
    found = {}
    for path in sorted(glob.glob("crypto/*.h")):
        name = os.path.basename(path)[:-2]
        for identifier in re.findall(r"\b(\w+)\(|^extern const struct \w+ (\w+);", facts.source(path), re.MULTILINE):
            found["".join(identifier)] = name
    return found


def primitives(path, kind):
    """The files of crypto/ whose functions a file of transport/ uses; every key exchange has a hash."""
    names, text = declared(), facts.source(path)
    used = {names[word] for word in re.findall(r"\w+", text) if word in names}
    used.update(re.findall(r"(\w+)_blob_verify\(", text))  # security keys verify as other keys do
    used &= set(ROWS.values())
    return {"kex": used | {"hash"}, "host_key": used, "cipher": used - MAC_ONLY, "mac": used & MAC_ONLY}[kind]


def choices():
    """{file of crypto/: [library]} from the column "Choice" of the table in crypto/README.md"""
    found = {}
    for row in facts.source("crypto/README.md").splitlines():
        cells = [cell.strip() for cell in row.split("|")]
        if len(cells) == 7 and re.split("[ ,]", cells[1])[0] in ROWS:
            name = ROWS[re.split("[ ,]", cells[1])[0]]
            found.setdefault(name, set()).update(LIBRARIES[word] for word in re.findall(r"\w+", cells[4])
                                                 if word in LIBRARIES)
    return found


def groups():
    """[(kind, file, [names])] in the order of the tables."""
    found = {}
    for kind, rows in tables().items():
        for name, method in rows:
            found.setdefault((kind, defining_file(method)), []).append(name)
    return [(kind, path, names) for (kind, path), names in found.items()]


def curve(picture, x1, y1, x2, y2, colour):
    middle = (x1 + x2) // 2
    picture.path(f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}", colour, head=False)


def draw_names(picture):
    """Returns [(kind, file, y)] and the lowest y."""
    places, y, kind = [], TOP, None
    for this, path, names in groups():
        title, colour = KINDS[this]
        if this != kind:
            y += 8 if kind else 0
            picture.text(NAME_X, y + 10, title, "head", colour)
            y, kind = y + 20, this
        tall = 32 + LINE * len(names)
        picture.rect(NAME_X, y, NAME_WIDTH, tall, colour + "-fill", colour)
        picture.text(NAME_X + 10, y + 17, "transport/" + os.path.basename(path), "small bold", colour)
        picture.lines(NAME_X + 10, y + 34, names, "mono", "ink", LINE)
        places.append((this, path, y + tall // 2))
        y += tall + GAP
    return places, y


def spread(names, weight, top, bottom):
    """{name: y}: from top to bottom, in the order of the mean height of what leads there"""
    order = sorted(names, key=lambda name: sum(weight[name]) / len(weight[name]))
    step = (bottom - top) / len(order)
    return {name: round(top + step * i + step / 2) for i, name in enumerate(order)}


def draw():
    picture = Picture(870, 100, "What computes SSH's algorithms",
                      "Each algorithm name of SSH, the file of transport that implements it, the files of crypto that it "
                      "uses, and the library behind them.")
    picture.text(24, 34, "What computes SSH's algorithms", "title")
    picture.text(24, 56, "Left: the names that two sides negotiate, and the file that implements them. Middle: what that file uses "
                         "of crypto/.", "small", "dim")
    places, bottom = draw_names(picture)
    libraries, uses = choices(), [(kind, y, name) for kind, path, y in places for name in sorted(primitives(path, kind))]
    weight = {}
    for _, y, name in uses:
        weight.setdefault(name, []).append(y)
    file_y = spread(weight, weight, TOP + 20, bottom - GAP)
    library_weight = {}
    for name, y in file_y.items():
        for library in libraries[name]:
            library_weight.setdefault(library, []).append(y)
    library_y = spread(library_weight, library_weight, TOP + 20, bottom - GAP)
    for kind, y, name in uses:
        curve(picture, NAME_X + NAME_WIDTH, y, FILE_X, file_y[name], KINDS[kind][1])
    for name, y in file_y.items():
        for library in sorted(libraries[name]):
            curve(picture, FILE_X + FILE_WIDTH, y, LIBRARY_X, library_y[library], "line")
        picture.rect(FILE_X, y - 16, FILE_WIDTH, 32, "grey-fill", "line")
        picture.text(FILE_X + FILE_WIDTH // 2, y + 5, "crypto/" + name, "mono mid bold")
    for library, y in library_y.items():
        picture.box(LIBRARY_X + LIBRARY_WIDTH // 2, y, LIBRARY_WIDTH, 46, "rose", library)
    picture.height = bottom + 8
    return picture.write()
