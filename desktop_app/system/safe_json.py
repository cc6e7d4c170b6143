"""JSON from outside: of a limited depth, because deeper text can be read but not walked or written again."""

from __future__ import annotations

import json
from typing import Any

DEEPEST = 32


def parse_json(text: str | bytes, deepest: int = DEEPEST) -> Any:
    """Return what a JSON text says. Raises ValueError for whatever is wrong with it, its depth included."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not _is_shallow(value, deepest):
        raise ValueError("it is nested too deeply")
    return value


def _is_shallow(value: Any, levels: int) -> bool:
    if not isinstance(value, (dict, list)):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_shallow(v, levels - 1) for v in inner)
