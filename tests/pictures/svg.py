"""A small SVG writer: boxes, arrows and text in colours that fit light and dark pages."""
from xml.sax.saxutils import escape

SANS = "ui-sans-serif,system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif"
MONO = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"

# name: (light, dark); the layers have the colours of mother-of-pearl
COLOURS = {
    "page": ("#ffffff", "#0d1117"),
    "rim": ("#d8dee4", "#30363d"),
    "ink": ("#1f2328", "#e6edf3"),
    "dim": ("#59636e", "#9198a1"),
    "line": ("#818b98", "#656c76"),
    "teal": ("#0f766e", "#5eead4"), "teal-fill": ("#e6fffa", "#0b2f2d"),
    "violet": ("#6d28d9", "#c4b5fd"), "violet-fill": ("#f5f0ff", "#241b3d"),
    "blue": ("#1d4ed8", "#93c5fd"), "blue-fill": ("#eff5ff", "#12233f"),
    "amber": ("#9a5b00", "#fcd34d"), "amber-fill": ("#fff8e6", "#33270a"),
    "rose": ("#be123c", "#fda4af"), "rose-fill": ("#fff1f3", "#3a1420"),
    "grey": ("#59636e", "#9198a1"), "grey-fill": ("#f6f8fa", "#151b23"),
}


def style():
    """The same classes twice: fill, stroke and text colour of each name."""
    def rules(which):
        return "".join(f".f-{name}{{fill:{pair[which]}}}.s-{name}{{stroke:{pair[which]}}}"
                       for name, pair in COLOURS.items())
    return (f"text{{font:13px {SANS}}}.mono{{font-family:{MONO};font-size:11.5px}}.small{{font-size:11.5px}}"
            ".bold{font-weight:600}.title{font-size:16px;font-weight:600}.head{font-size:13.5px;font-weight:600}"
            ".mid{text-anchor:middle}.end{text-anchor:end}.no{fill:none}.w1{stroke-width:1}.w2{stroke-width:1.5}"
            ".dash{stroke-dasharray:5 4}"
            f"{rules(0)}@media(prefers-color-scheme:dark){{{rules(1)}}}")


class Picture:
    """Everything is in pixels of a page that is `width` wide; GitHub shows up to about 840."""

    def __init__(self, width, height, title, description):
        self.width, self.height = width, height
        self.title, self.description = title, description
        self.parts = []
        self.heads = set()

    def add(self, part):
        self.parts.append(part)

    def text(self, x, y, text, css="", colour="ink", turn=None):
        turned = f' transform="rotate({turn} {x} {y})"' if turn is not None else ""
        self.add(f'<text x="{x}" y="{y}" class="f-{colour} {css}"{turned}>{escape(text)}</text>')

    def lines(self, x, y, lines, css="", colour="ink", step=15):
        for i, line in enumerate(lines):
            self.text(x, y + i * step, line, css, colour)

    def rect(self, x, y, width, height, fill, stroke, css="w1", radius=8):
        self.add(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" '
                 f'class="f-{fill} s-{stroke} {css}"/>')

    def box(self, x, y, width, height, colour, title, under=(), css="bold mid"):
        """A box around the point (x, y), with a title and lines below it."""
        self.rect(x - width // 2, y - height // 2, width, height, colour + "-fill", colour, "w2")
        top = y + 5 - 8 * len(under)
        self.text(x, top, title, css, colour)
        self.lines(x, top + 17, under, "small mid", "dim")

    def path(self, points, colour="line", css="", head=True):
        """points: an SVG path; an arrow head at its end"""
        marker = ""
        if head:
            self.heads.add(colour)
            marker = f' marker-end="url(#head-{colour})"'
        self.add(f'<path d="{points}" class="no s-{colour} w2 {css}"{marker}/>')

    def arrow(self, x1, y1, x2, y2, colour="line", css=""):
        self.path(f"M{x1} {y1}L{x2} {y2}", colour, css)

    def write(self):
        heads = "".join(f'<marker id="head-{c}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
                        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L8 4L0 8z" class="f-{c}"/></marker>'
                        for c in sorted(self.heads))
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}" '
            f'height="{self.height}" role="img" aria-labelledby="t d">',
            f'<title id="t">{escape(self.title)}</title>',
            f'<desc id="d">{escape(self.description)}</desc>',
            f"<style>{style()}</style>",
            f"<defs>{heads}</defs>",
            f'<rect x=".5" y=".5" width="{self.width - 1}" height="{self.height - 1}" rx="12" '
            'class="f-page s-rim w1"/>',
            *self.parts, "</svg>", ""])
