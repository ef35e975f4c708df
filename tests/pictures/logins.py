"""auth/logins.svg: the ladder of each login method."""
import facts
from svg import Picture

TITLES = {
    "none": ("none", "RFC 4252 section 5.2: asks which methods there are"),
    "password": ("password", "RFC 4252 section 8: refused, then right"),
    "password-change": ("password, expired", "RFC 4252 section 8: a new one is required"),
    "publickey": ("publickey", "RFC 4252 section 7: two queries, then the proof"),
    "keyboard-interactive": ("keyboard-interactive", "RFC 4256: prompts and responses"),
    "two-methods": ("publickey and password", "RFC 4252 section 5.1: both are required"),
}
# What message 60 is depends on the method.
NAMES_60 = {"publickey": "USERAUTH_PK_OK", "password-change": "USERAUTH_PASSWD_CHANGEREQ",
            "keyboard-interactive": "USERAUTH_INFO_REQUEST"}
WIDTH, LANE, WRAP = 416, 34, 47
ORDER = [["none", "publickey", "keyboard-interactive"], ["password", "password-change", "two-methods"]]


def ladders():
    """{method: [(direction, name, [line of fields])]}"""
    names, found = facts.message_names(), {}
    for kind, *words in facts.lines_in_order("logins"):
        if kind == "method":
            method = words[0]
            found[method] = []
        elif kind == "message":
            direction, number, *rest = words
            name = NAMES_60[method] if number == "60" else names[int(number)]
            fields = [field for field in " ".join(rest).split("|") if field]
            found[method].append((direction, name, wrap(fields)))
    return found


def wrap(fields):
    """Lines of fields with dots between them; a field is never broken."""
    lines = []
    for field in fields:
        if lines and len(lines[-1]) + 3 + len(field) <= WRAP:
            lines[-1] += " · " + field
        else:
            lines.append(field)
    return lines


def height(messages):
    return 92 + sum(40 + 14 * len(fields) for _, _, fields in messages)


def draw_ladder(picture, x, y, method, messages):
    title, where = TITLES[method]
    tall = height(messages) - 16
    left, right = x + LANE, x + WIDTH - LANE
    picture.rect(x, y, WIDTH, tall, "grey-fill", "rim", "w1", 10)
    picture.text(x + 16, y + 24, title, "head", "violet")
    picture.text(x + 16, y + 41, where, "small", "dim")
    for lane, name, anchor in ((left, "client", ""), (right, "server", "end")):
        picture.text(lane - 18 if not anchor else lane + 18, y + 62, name, "small bold " + anchor, "dim")
        picture.path(f"M{lane} {y + 68}L{lane} {y + tall - 8}", "line", head=False)
    at = y + 88
    for direction, name, fields in messages:
        colour = "violet" if direction == "in" else "teal"
        if name.endswith("FAILURE"):
            colour = "rose" if fields[-1].endswith("FALSE") else "amber"
        start, end = (left + 2, right - 1) if direction == "in" else (right - 2, left + 1)
        picture.text((left + right) // 2, at, name, "mono mid bold", colour)
        picture.arrow(start, at + 7, end, at + 7, colour)
        picture.lines((left + right) // 2, at + 21, fields, "mono mid", "dim", 14)
        at += 40 + 14 * len(fields)


def draw():
    found = ladders()
    tall = max(sum(height(found[method]) for method in column) for column in ORDER)
    picture = Picture(870, 92 + tall, "Ladders of the login methods",
                      "For each method, the messages between client and server with their fields: none, password, an "
                      "expired password, publickey, keyboard-interactive, and a login that requires two methods.")
    picture.text(24, 34, "What a login looks like, method by method", "title")
    picture.text(24, 56, "Recorded from sessions in memory: message, then its fields. •••••• is what must stay secret; "
                         "everything here is encrypted on the wire.", "small", "dim")
    for i, column in enumerate(ORDER):
        y = 78
        for method in column:
            draw_ladder(picture, 12 + i * (WIDTH + 14), y, method, found.pop(method))
            y += height(ladders()[method])
    assert not found, found
    return picture.write()
