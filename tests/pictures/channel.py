"""connection/channel.svg: the life of a channel."""
import facts
from svg import Picture

COLUMNS = {"open": 378, "eof": 574, "close": 770}  # our side
ROWS = {"open": 196, "eof": 356}                   # the peer's
NODE, TALL = 132, 62
BEFORE, ASKING, ASKED = (112, 276), (112, 170), (112, 382)
LAST, GONE = (476, 530), (770, 530)
INSIDE = ["open/open", "open/eof", "eof/open", "eof/eof"]  # neither side has closed


class Life:
    """{(state, next): {cause: [answer]}}, and which way data flows in each state."""

    def __init__(self):
        self.names = facts.message_names()
        self.edges, self.flows = {}, {}
        for kind, *words in facts.lines("channel"):
            if kind == "edge":
                state, cause, after, *answers = words
                self.edges.setdefault((state, after), {})[cause] = answers
            elif kind == "flow":
                self.flows.setdefault(words[0], set()).add(words[1])

    def take(self, state, after, cause, answers=()):
        """This edge is in the picture."""
        assert self.edges[state, after].pop(cause) == list(answers), (state, after, cause)

    def name(self, number):
        return self.names[number].replace("CHANNEL_", "")


def arrow(picture, life, x1, y1, x2, y2, edge, label, offset=(0, -8), css="mono mid"):
    life.take(*edge)
    colour = "blue" if edge[2].startswith("-") else "violet"
    picture.arrow(x1, y1, x2, y2, colour)
    picture.text((x1 + x2) // 2 + offset[0], (y1 + y2) // 2 + offset[1], label, css, colour)


def node(picture, life, state):
    ours, theirs = state.split("/")
    flows = life.flows.get(state, set())
    title = "open" if state == "open/open" else "we have closed" if ours == "close" else "half-closed"
    under = {("out", "in"): "data both ways", ("out",): "data to the peer only", ("in",): "data from the peer only",
             (): "no more data"}[tuple(way for way in ("out", "in") if way in flows)]
    if ours == "close" and flows:
        under = "its data is dropped"
    picture.box(COLUMNS[ours], ROWS[theirs], NODE + 12, TALL, "rose" if ours == "close" else "blue", title, [under])


def draw_opening(picture, life):
    x, y = BEFORE
    arrow(picture, life, x, y - 22, x, ASKING[1] + 27, ("before", "asking", "-90", ["90"]), "OPEN", (20, 5))
    arrow(picture, life, x, y + 22, x, ASKED[1] - 27, ("before", "asked", "+90"), "OPEN", (20, 5))
    arrow(picture, life, x + 74, ASKING[1], COLUMNS["open"] - 73, ROWS["open"] - 12,
          ("asking", "open/open", "+91"), "CONFIRMATION", (-4, -12))
    life.take("asked", "open/open", "-91", ["91"])
    picture.path(f"M{x + 74} {ASKED[1]}C{x + 150} {ASKED[1]} {x + 110} {ROWS['open'] + 12} "
                 f"{COLUMNS['open'] - 73} {ROWS['open'] + 12}", "blue")
    picture.text(x + 82, ASKED[1] + 18, "CONFIRMATION", "mono", "blue")
    life.take("asking", "gone", "+92")
    life.take("asked", "gone", "-92", ["92"])
    picture.path(f"M{x - 74} {ASKING[1]}L22 {ASKING[1]}L22 598L{GONE[0]} 598L{GONE[0]} {GONE[1] + 29}", "line")
    picture.path(f"M{x} {ASKED[1] + 26}L{x} 598", "line", head=False)
    picture.text(x + 14, 590, "OPEN_FAILURE", "mono", "dim")
    picture.box(*BEFORE, 148, 44, "grey", "no channel")
    picture.box(*ASKING, 148, 52, "grey", "asking", ["the peer decides"])
    picture.box(*ASKED, 148, 52, "grey", "asked", ["our application decides"])


def draw_grid(picture, life):
    half = NODE // 2 + 7
    for theirs, y in ROWS.items():
        arrow(picture, life, COLUMNS["open"] + half, y, COLUMNS["eof"] - half, y,
              ("open/" + theirs, "eof/" + theirs, "-96", ["96"]), "EOF")
        arrow(picture, life, COLUMNS["eof"] + half, y, COLUMNS["close"] - half, y,
              ("eof/" + theirs, "close/" + theirs, "-97", ["97"]), "CLOSE", (3, -8))
        life.take("open/" + theirs, "close/" + theirs, "-97", ["96", "97"])
        side = -1 if theirs == "open" else 1
        edge, bend = y + side * TALL // 2, y + side * (TALL // 2 + 34)
        picture.path(f"M{COLUMNS['open'] + 40} {edge}C{COLUMNS['open'] + 90} {bend} {COLUMNS['close'] - 90} {bend} "
                     f"{COLUMNS['close'] - 40} {edge + side}", "blue")
        picture.text(COLUMNS["eof"], bend + (3 if side < 0 else 5), "EOF, CLOSE", "mono mid", "blue")
    for ours, x in COLUMNS.items():
        arrow(picture, life, x, ROWS["open"] + TALL // 2, x, ROWS["eof"] - TALL // 2,
              (ours + "/open", ours + "/eof", "+96"), "EOF", (16, 4))
    for state in [ours + "/" + theirs for ours in COLUMNS for theirs in ROWS]:
        node(picture, life, state)


def draw_closing(picture, life):
    left, top = COLUMNS["open"] - 86, ROWS["open"] - 74
    picture.rect(left, top, COLUMNS["eof"] - left + 78, ROWS["eof"] - top + 74, "no", "violet", "w1 dash no", 14)
    for state in INSIDE:
        life.take(state, state.split("/")[0] + "/close", "+97")
        life.take(state, "gone", "+97", ["97"])
    for ours in "open", "eof":
        life.take(ours + "/close", "gone", "accept", ["97"])
        life.take(ours + "/close", "gone", "-97", ["97"])
    bottom = ROWS["eof"] + 74
    picture.arrow(LAST[0], bottom, LAST[0], LAST[1] - 27, "violet")
    picture.text(LAST[0] + 10, bottom + 34, "CLOSE from any of these four", "small", "violet")
    picture.arrow(LAST[0] + 92, LAST[1], GONE[0] - 73, GONE[1], "blue")
    picture.text((LAST[0] + GONE[0]) // 2 + 10, LAST[1] - 8, "CLOSE", "mono mid", "blue")
    picture.lines((LAST[0] + GONE[0]) // 2 + 10, LAST[1] + 16, ["when the application", "has accepted all data"], "small mid",
                  "dim")
    life.take("close/open", "gone", "+97")
    life.take("close/eof", "gone", "+97")
    arrow_x = COLUMNS["close"]
    picture.path(f"M{arrow_x} {ROWS['eof'] + TALL // 2}L{arrow_x} {GONE[1] - 29}", "violet")
    picture.text(arrow_x - 8, ROWS["eof"] + 62, "CLOSE", "mono end", "violet")
    picture.path(f"M{arrow_x + half_node()} {ROWS['open']}L{arrow_x + 86} {ROWS['open']}L{arrow_x + 86} {GONE[1]}"
                 f"L{arrow_x + half_node() + 1} {GONE[1]}", "violet")
    picture.box(*LAST, 184, 52, "rose", "the peer has closed", ["its data may be buffered"])
    picture.box(*GONE, 144, 56, "grey", "gone", ["its number is free again"])


def half_node():
    return NODE // 2 + 6


def draw():
    life = Life()
    picture = Picture(870, 622, "The life of a channel",
                      "A state diagram: how a channel opens, how each side ends its data with EOF and the channel with CLOSE, "
                      "independently of the other, RFC 4254 sections 5.1 to 5.3.")
    picture.text(24, 34, "The life of a channel", "title")
    picture.text(24, 56, "Blue: messages that we send. Violet: messages that the peer sends. Names without SSH_MSG_CHANNEL_. "
                         "RFC 4254 sections 5.1 to 5.3.", "small", "dim")
    for side, text in zip(COLUMNS, ("we send data", "we have sent EOF", "we have sent CLOSE")):
        picture.text(COLUMNS[side], 96, text, "head mid", "blue")
    draw_closing(picture, life)
    draw_grid(picture, life)
    draw_opening(picture, life)
    assert not any(life.edges.values()), life.edges
    return picture.write()
