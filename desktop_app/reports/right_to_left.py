"""Text in the order in which it stands on paper, for a PDF: its program knows letters, not languages.

Hebrew and Arabic are kept in the order in which they are read, from right to left, and an Arabic letter has another
shape beside others. What shows a window or a web page does this itself. Brackets round words of the other direction may
stand the wrong way round.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


def in_visual_order(text: str) -> str:
    """Return a line of text from its left to its right; one without such letters as it is."""
    if _RIGHT_TO_LEFT.search(text) is None:
        return text
    from bidi.algorithm import get_display  # most counts have no such name

    return str(get_display(_shaper().reshape(text)))


@cache
def _shaper() -> Any:
    """What joins Arabic letters. The marks over and under them stay."""
    from arabic_reshaper import ArabicReshaper

    return ArabicReshaper({"delete_harakat": False, "delete_tatweel": False})
