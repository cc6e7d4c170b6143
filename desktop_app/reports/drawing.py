"""A drawing of rectangles, lines and texts that every output puts down in its own way: SVG, PDF, PNG and the window.

Coordinates are in points from the upper left corner, y down. Texts have a size in points and an anchor ("start",
"middle" or "end") at the baseline.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from desktop_app.reports.looks import LIGHT

Colour = str
"""As "#rrggbb"."""

FEMALE, MALE, UNDECIDED = LIGHT.female, LIGHT.male, LIGHT.undecided
INK, FAINT, GRID = "#1f2430", "#5b6472", "#d9dde3"
HATCH, BAND = "#b8bec6", "#eef1f5"


@dataclass(frozen=True, slots=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    fill: Colour
    hatched: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float
    colour: Colour
    width: float = 0.7


@dataclass(frozen=True, slots=True)
class Text:
    x: float
    y: float
    text: str
    size: float
    colour: Colour
    anchor: str = "start"
    bold: bool = False


Shape = Rect | Line | Text


@dataclass(slots=True)
class Drawing:
    """A picture of `width` x `height` points. `title` and `description` are for screen readers."""

    width: float
    height: float
    title: str
    description: str = ""
    shapes: list[Shape] = field(default_factory=list)

    def add(self, *shapes: Shape) -> None:
        self.shapes += shapes


def to_svg(drawing: Drawing) -> str:
    """Return a drawing as an SVG document that loads nothing from elsewhere."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawing.width:g} {drawing.height:g}" '
        f'width="{drawing.width:g}" height="{drawing.height:g}" role="img" font-family="sans-serif">',
        f"<title>{escape(drawing.title)}</title><desc>{escape(drawing.description)}</desc>",
        '<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<rect width="5" height="5" fill="#ffffff"/>'
        f'<rect width="1.2" height="5" fill="{HATCH}"/></pattern></defs>',
    ]
    for shape in drawing.shapes:
        match shape:
            case Rect():
                fill = "url(#hatch)" if shape.hatched else shape.fill
                parts.append(
                    f'<rect x="{shape.x:.2f}" y="{shape.y:.2f}" width="{shape.width:.2f}" '
                    f'height="{shape.height:.2f}" fill="{fill}"/>'
                )
            case Line():
                parts.append(
                    f'<line x1="{shape.x1:.2f}" y1="{shape.y1:.2f}" x2="{shape.x2:.2f}" y2="{shape.y2:.2f}" '
                    f'stroke="{shape.colour}" stroke-width="{shape.width:g}"/>'
                )
            case Text():
                weight = ' font-weight="bold"' if shape.bold else ""
                parts.append(
                    f'<text x="{shape.x:.2f}" y="{shape.y:.2f}" font-size="{shape.size:g}" fill="{shape.colour}" '
                    f"text-anchor={quoteattr(shape.anchor)}{weight}>{escape(shape.text)}</text>"
                )
    return "\n".join([*parts, "</svg>"]) + "\n"
