"""Draws the layers of the program and what imports what, from the code itself.

    python -m tools.draw_architecture            # writes docs/pictures/architecture.svg
    python -m tools.draw_architecture --check    # fails where that file no longer shows the code

The layers are those of the import-linter contract in pyproject.toml, the descriptions the first sentence of each
package's docstring, the imports those that grimp finds. The picture is a dependency matrix: a dot says that the package
of the row imports the package of the column. A dot below the diagonal is an import upwards.
"""

from __future__ import annotations

import argparse
import ast
import sys
import textwrap
import tomllib
from collections.abc import Sequence
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "desktop_app"
PICTURE = ROOT / "docs" / "pictures" / "architecture.svg"

MARGIN, NAMES_PX, TEXT_PX, CELL_PX, HEADER_PX = 16, 104, 400, 30, 92
ROW_PX, LINE_PX, LAYER_GAP_PX = 42, 15, 8
TEXT_CHARACTERS = 62
INK, MUTED, PAPER, ROOM, EDGE, DOT, UPWARDS = (
    "#16202c",
    "#5b6b7f",
    "#ffffff",
    "#eef3f9",
    "#8aa0ba",
    "#2f5f98",
    "#b4561b",
)


def layers() -> list[list[str]]:
    """Return the names in each layer, the highest layer first, as pyproject.toml orders them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    names = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    # Between two names of one layer stands "|" where neither may import the other, ":" where they may.
    return [[name.strip(" ()") for name in layer.replace(":", "|").split("|")] for layer in names]


def imports_between(names: Sequence[str]) -> set[tuple[str, str]]:
    """Return (importing, imported) for each two of `names` of which modules of the one import modules of the other."""
    graph = grimp.build_graph(PACKAGE, cache_dir=None)
    wanted = {f"{PACKAGE}.{name}": name for name in names}

    def room(module: str) -> str | None:
        return wanted.get(".".join(module.split(".")[:2]))

    found = set()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            start, end = room(module), room(imported)
            if start is not None and end is not None and start != end:
                found.add((start, end))
    return found


def description(name: str) -> str:
    """Return the first sentence of the docstring of a package or module."""
    folder = ROOT / PACKAGE / name
    path = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    first, _, _ = " ".join(text.split("\n\n")[0].split()).partition(". ")
    return first.replace("`", "").rstrip(".")


def _text(x: float, y: float, text: str, *, size: int = 12, colour: str = INK, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{colour}"{more}>{escape(text)}</text>'


def draw() -> str:
    """Return the picture as the text of an SVG file."""
    rows = layers()
    names = [name for row in rows for name in row]
    imports = imports_between(names)
    left = MARGIN + NAMES_PX + TEXT_PX
    width = left + CELL_PX * len(names) + MARGIN + 30  # room for the last, slanted column head
    shapes = []
    tops = {}
    y = float(HEADER_PX)
    for row in rows:
        for name in row:
            tops[name] = y
            y += ROW_PX
        height = ROW_PX * len(row)
        shapes.append(
            f'<rect x="{MARGIN}" y="{y - height:g}" width="{left - MARGIN + CELL_PX * len(names)}" height="{height}" '
            f'rx="5" fill="{ROOM}" stroke="{EDGE}"/>'
        )
        y += LAYER_GAP_PX
    for column, name in enumerate(names):
        x = left + CELL_PX * (column + 0.5)
        shapes.append(_text(x, HEADER_PX - 10, name, more=f' transform="rotate(-50 {x:g} {HEADER_PX - 10})"'))
        shapes.append(f'<rect x="{x - 9:g}" y="{tops[name] + 12:g}" width="18" height="18" rx="3" fill="{EDGE}"/>')
    for row_number, name in enumerate(names):
        middle = tops[name] + ROW_PX / 2
        shapes.append(_text(MARGIN + 10, middle + 5, name, size=14, more=' font-weight="bold"'))
        wrapped = textwrap.wrap(description(name), TEXT_CHARACTERS, max_lines=2, placeholder=" …")
        for line, text in enumerate(wrapped):
            y_text = middle + 4 + LINE_PX * (line - (len(wrapped) - 1) / 2)
            shapes.append(_text(MARGIN + NAMES_PX, y_text, text, colour=MUTED))
        for column, other in enumerate(names):
            if (name, other) in imports:
                colour = DOT if column > row_number else UPWARDS
                shapes.append(
                    f'<circle cx="{left + CELL_PX * (column + 0.5):g}" cy="{middle:g}" r="6" fill="{colour}">'
                    f"<title>{escape(name)} imports {escape(other)}</title></circle>"
                )
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {y + MARGIN:g}" font-family="sans-serif" '
        'role="img" aria-label="The layers of the program, and which package imports which">',
        "<!-- Made by tools/draw_architecture.py from the code; do not edit. -->",
        f'<rect width="{width}" height="{y + MARGIN:g}" fill="{PAPER}"/>',
        _text(MARGIN + 10, HEADER_PX - 10, "package", colour=MUTED),
        _text(
            MARGIN + NAMES_PX, HEADER_PX - 10, "dot: imports the package of that column (orange: upwards)", colour=MUTED
        ),
    ]
    return "\n".join([*head, *shapes, "</svg>", ""])


def is_current() -> bool:
    """Tell whether the picture in the documentation shows the code as it is."""
    return PICTURE.is_file() and PICTURE.read_text(encoding="utf-8") == draw()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only tell whether the picture is current")
    if not parser.parse_args().check:
        PICTURE.write_text(draw(), encoding="utf-8")
    elif not is_current():
        print("docs/pictures/architecture.svg is out of date: run python -m tools.draw_architecture", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
