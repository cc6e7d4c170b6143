"""Text from outside (file names, titles, headers) made fit for a terminal, a label or a table.

An escape sequence in a file name would be obeyed by the terminal, a right-to-left mark would turn the end of a name
round, and a name that is not UTF-8 holds half characters that no encoder takes.
"""

from __future__ import annotations

import unicodedata

_BIDIRECTIONAL = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_BREAKS = frozenset("\u2028\u2029\x85")


def printable(text: str, keep: str = "") -> str:
    r"""Return `text` with control characters, direction marks and half characters written as escapes (`\x1b`).

    `keep` names control characters that stay, such as "\n\t" for a text of several lines.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in keep or _is_harmless(c) else _escape(c) for c in text)


def _is_harmless(character: str) -> bool:
    if character in _BIDIRECTIONAL or character in _LINE_BREAKS:
        return False
    return unicodedata.category(character) not in ("Cc", "Cs")


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a name that is not UTF-8, as Python keeps it
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
