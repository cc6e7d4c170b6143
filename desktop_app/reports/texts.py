"""Text that leaves the program: never a formula, never a control character."""

from __future__ import annotations

import re

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters and the marks that turn the direction of text, which can make a name look like another."""


def plain(text: str) -> str:
    """Return a text without control characters; line breaks become spaces."""
    return _CONTROL.sub("�", re.sub(r"[\r\n\t]+", " ", text)).strip()


def cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    text = plain(text)
    return "'" + text if text.startswith(FORMULA_STARTS) else text
