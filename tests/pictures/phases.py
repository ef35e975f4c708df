"""transport/phases.svg: what leads from phase to phase."""
import textwrap

import facts
from svg import Picture

MAIN = ["version", "kexinit", "kex", "newkeys", "first", "service", "auth", "connection"]
LATER = ["rekey", "rekey-newkeys"]
SECTIONS = {"version": "RFC 4253 4.2", "kexinit": "RFC 4253 7.1", "kex": "RFC 4253 8", "newkeys": "RFC 4253 7.3",
            "first": "RFC 8308 2.4", "service": "RFC 4253 10", "auth": "RFC 4252", "connection": "RFC 4254",
            "rekey": "RFC 4253 9", "rekey-newkeys": "RFC 4253 7.3"}
COLOURS = {"auth": "violet", "connection": "blue", "rekey": "amber", "rekey-newkeys": "amber"}
Y = dict(zip(MAIN, (138, 230, 322, 418, 510, 610, 702, 818)))
BOX, TALL, WIDTH = 128, 44, 430
CAN_REKEY = ["first", "service", "auth", "connection"]


class Role:
    """The edges of one role: {(phase, next): {cause: [answer]}}"""

    def __init__(self, name):
        self.name = name
        self.names = facts.message_names()
        self.edges = {}
        for kind, role, *words in facts.lines("phases"):
            if kind == "edge" and role == name:
                phase, cause, after, *answers = words
                self.edges.setdefault((phase, after), {})[cause] = answers

    def message(self, number):
        if number == "identification":
            return number
        if number == "61":
            return "INFO_RESPONSE"
        return self.names[int(number)]

    def label(self, phase, after):
        """The causes, and the lines of what is sent in answer."""
        causes = self.edges.pop((phase, after))
        received = [self.message(cause) for cause in causes]
        answers = next(iter(causes.values()))
        assert all(other == answers for other in causes.values())
        return received, ["↳ " + self.message(number) for number in answers]


def label(picture, x, y, lines):
    """Causes and answers in the middle of an arrow."""
    received, answers = lines
    received = textwrap.wrap(", ".join(received), 18)
    top = y + 4 - 7 * (len(received) + len(answers) - 1)
    picture.lines(x, top, received, "mono", "ink", 14)
    picture.lines(x, top + 14 * len(received), answers, "mono", "dim", 14)


def box(picture, x, y, phase, width=BOX):
    picture.box(x, y, width, TALL, COLOURS.get(phase, "teal"), phase, [SECTIONS[phase]])


def draw_main(picture, role, x):
    for before, after in zip(MAIN, MAIN[1:]):
        picture.arrow(x, Y[before] + TALL // 2, x, Y[after] - TALL // 2 - 1)
        label(picture, x + 9, (Y[before] + Y[after]) // 2, role.label(before, after))
    # from the first message under keys straight to the login
    left, top, bottom = x - BOX // 2, Y["first"], Y["auth"] - 8
    picture.path(f"M{left} {top}C{left - 34} {top} {left - 34} {top + 20} {left - 34} {top + 45}"
                 f"L{left - 34} {bottom - 45}C{left - 34} {bottom - 20} {left - 34} {bottom} {left - 1} {bottom}")
    received, _ = role.label("first", "auth")
    assert len(received) == 1
    picture.text(left - 41, (top + bottom) // 2, received[0], "mono mid", "ink", -90)
    for phase in MAIN:
        box(picture, x, Y[phase], phase)


def draw_rekey(picture, role, x):
    right, later = x + BOX // 2, x + 236
    top, bottom = Y["service"] - 20, Y["connection"] - 50
    out, back = right + 98, right + 84
    labels = [role.label(phase, "rekey") for phase in CAN_REKEY]
    assert all(text == labels[0] for text in labels)
    for phase in CAN_REKEY:
        picture.path(f"M{right} {Y[phase] - 9}L{out} {Y[phase] - 9}L{out} {top}", "amber", head=False)
    picture.arrow(out, top, later - BOX // 2 - 1, top, "amber")
    label(picture, later - 58, top - 34 - 7 * len(labels[0][1]), labels[0])
    picture.arrow(later - 52, top + TALL // 2, later - 52, bottom - TALL // 2 - 1, "amber")
    label(picture, later - 44, (top + bottom) // 2, role.label("rekey", "rekey-newkeys"))
    for phase in CAN_REKEY[1:]:
        received, answers = role.label("rekey-newkeys", phase)
        assert answers == []
        picture.path(f"M{back} {bottom}L{back} {Y[phase] + 9}L{right + 1} {Y[phase] + 9}", "amber", "dash")
    picture.path(f"M{later - BOX // 2} {bottom}L{back} {bottom}", "amber", "dash", head=False)
    picture.text(later, bottom + 40, received[0], "mono mid")
    picture.text(later, bottom + 55, "back to where it began", "small mid", "dim")
    box(picture, later, top, "rekey")
    box(picture, later, bottom, "rekey-newkeys")


def draw():
    picture = Picture(2 * WIDTH + 10, Y["connection"] + 52, "Phases of an SSH session",
                      "A state diagram for the server and one for the client: which message leads from which phase to "
                      "which, and what is sent in answer. The same edges are listed in text in PHASES.md.")
    picture.text(24, 34, "What a session waits for, and what it answers", "title")
    picture.text(24, 56, "Each arrow is a message from the peer; ↳ is what nacre sends in answer. DISCONNECT ends every phase, "
                         "other legal", "small", "dim")
    picture.text(24, 72, "messages leave it as it is. After strict key exchange is agreed, nothing else is allowed up to "
                         "first.", "small", "dim")
    for i, name in enumerate(["server", "client"]):
        role, left = Role(name), 8 + i * WIDTH
        for phase in MAIN[1:] + LATER:
            assert list(role.edges.pop((phase, "ended"))) == ["1"]
        picture.text(left + 118, 104, f"{name}: receives from a {'client' if i == 0 else 'server'}", "head mid", "teal")
        draw_main(picture, role, left + 118)
        draw_rekey(picture, role, left + 118)
        assert not role.edges, role.edges
    picture.path(f"M{WIDTH + 6} 96L{WIDTH + 6} {picture.height - 20}", "rim", head=False)
    return picture.write()
