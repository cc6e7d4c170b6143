"""Text in the order in which it stands on paper, for a PDF: its program knows letters, not languages.

Hebrew and Arabic are kept in the order in which they are read, from right to left, and an Arabic letter has another
shape beside others. What shows a window or a web page does this itself. A subset of the Unicode Bidirectional Algorithm
(Unicode Standard Annex 9) without its marks of embedding, which no text of ours has (`texts.plain`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from itertools import pairwise

_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")
_IN_NUMBERS = ("ES", "CS", "ET")
"""Classes of the signs that belong to the numbers beside them, as in "12:30"."""
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_SHAPES = ("isolated", "final", "initial", "medial")
_LAM = "\u0644"


def in_visual_order(text: str) -> str:
    """Return a line of text from its left to its right; one without such letters as it is."""
    if _RIGHT_TO_LEFT.search(text) is None:
        return text
    text = _joined(unicodedata.normalize("NFC", text))
    levels = _levels(_directions(text))
    order = list(range(len(text)))
    for level in range(max(levels), 0, -1):
        first = 0
        while first < len(order):
            last = first
            while last < len(order) and levels[order[last]] >= level:
                last += 1
            order[first:last] = reversed(order[first:last])
            first = max(last, first + 1)
    return "".join(_mirrored(text[n]) if levels[n] % 2 else text[n] for n in order)


def _directions(text: str) -> list[str]:
    """Return for each letter "R", "L" or "N" for a number, the direction of the line where nothing else says one."""
    kinds = [unicodedata.bidirectional(letter) for letter in text]
    found = ["R" if k in ("R", "AL") else "L" if k == "L" else "N" if k in ("EN", "AN") else "" for k in kinds]
    line = next((d for d in found if d in ("R", "L")), "L")
    for n, kind in enumerate(kinds):
        beside = found[n - 1 : n] + found[n + 1 : n + 2] if n else found[1:2]
        if kind == "NSM" and n:
            found[n] = found[n - 1]  # a mark goes with its letter
        elif (kind in ("ES", "CS") and beside == ["N", "N"]) or (kind == "ET" and "N" in beside):
            found[n] = "N"
    strong = line
    for n, direction in enumerate(found):  # a number among letters from left to right is one of them
        if direction in ("R", "L"):
            strong = direction
        elif direction == "N" and strong == "L":
            found[n] = "L"
    _direct_brackets(text, found, line)
    n = 0
    while n < len(found):
        end = n
        while end < len(found) and not found[end]:
            end += 1
        if end > n:  # what is between two of one direction has it, too; to the left and right of a number is "R"
            sides = [found[n - 1] if n else line, found[end] if end < len(found) else line]
            sides = ["R" if side == "N" else side for side in sides]
            found[n:end] = [sides[0] if sides[0] == sides[1] else line] * (end - n)
        n = max(end, n + 1)
    return [line, *found]


def _direct_brackets(text: str, found: list[str], line: str) -> None:
    """Give both brackets of a pair one direction: that of the line, but for a pair amid words of the other one."""
    opened: list[int] = []
    pairs = []
    for n, letter in enumerate(text):
        if letter in _BRACKETS and not found[n]:
            opened.append(n)
        elif opened and letter == _BRACKETS[text[opened[-1]]]:
            pairs.append((opened.pop(), n))
    for first, last in sorted(pairs):
        inside = {"R" if d == "N" else d for d in found[first + 1 : last]} - {""}
        before = next(("R" if d == "N" else d for d in reversed(found[:first]) if d), line)
        if inside:
            other = "L" if line == "R" else "R"
            found[first] = found[last] = line if line in inside or before == line else other


def _levels(directions: list[str]) -> list[int]:
    line, *found = directions
    if line == "R":
        return [1 if direction == "R" else 2 for direction in found]
    return [{"L": 0, "R": 1, "N": 2}[direction] for direction in found]


def _mirrored(letter: str) -> str:
    return letter.translate(_MIRRORED) if unicodedata.mirrored(letter) else letter


_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")


@cache
def _shapes() -> Mapping[str, Mapping[str, str]]:
    """Return the shapes of Arabic letters, and of two that are written as one, by what they stand for."""
    found: dict[str, dict[str, str]] = {}
    for code in (*range(0xFB50, 0xFBB2), *range(0xFBD3, 0xFC00), *range(0xFE80, 0xFEFD)):
        shape, *letters = unicodedata.decomposition(chr(code)).split() or [""]
        if shape.strip("<>") in _SHAPES:
            found.setdefault("".join(chr(int(letter, 16)) for letter in letters), {})[shape.strip("<>")] = chr(code)
    return found


def _joined(text: str) -> str:
    """Return a text with the shapes that Arabic letters have beside one another."""
    shapes = _shapes()
    letters: list[str] = []
    for letter in text:
        if letters and letters[-1] == _LAM and _LAM + letter in shapes:
            letters[-1] += letter
        else:
            letters.append(letter)
    at = [n for n, letter in enumerate(letters) if unicodedata.bidirectional(letter[0]) != "NSM"]
    joins = {a: _goes_on(letters[a]) and "final" in shapes.get(letters[b], {}) for a, b in pairwise(at)}
    before = {b: joins[a] for a, b in pairwise(at)}
    for n in at:
        known = shapes.get(letters[n], {})
        shape = _SHAPES[before.get(n, False) + 2 * joins.get(n, False)]
        letters[n] = known.get(shape, letters[n])
    return "".join(letters)


def _goes_on(letters: str) -> bool:
    """Whether a letter is joined to the one after it."""
    return "initial" in _shapes().get(letters, {})
