"""Which sign the user's system writes between a number and its decimals: "." or ","."""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib
import os
import re
import sys
from typing import Any

_COMMA = re.compile(
    "af|az|be|bg|bs|ca|cs|da|de|el|es|et|eu|fi|fo|fr|fy|gl|hr|hu|hy|id|is|it|ka|kk|kl|ky|lb|lt|lv|mk|mn|nb|nl|nn|no|oc"
    "|pl|ps|pt|ro|ru|rw|se|sk|sl|sq|sr|sv|tg|tk|tr|tt|uk|uz|vi|wo"
)
"""Languages that write a comma, after Unicode CLDR."""
_POINT = re.compile("de_(CH|LI)|it_CH|es_(MX|US|PR|GT|HN|NI|PA|PE|SV|DO|CU)")
"""Countries in which they do not."""


def decimal_sign() -> str:
    """Return the decimal sign of the user's system, "." where it cannot be told.

    The locale of this process is not touched: that would change how every library in it reads numbers.
    """
    if sys.platform == "win32":
        return _of_windows()
    return _of_the_c_library() or _of_the_language()


def _of_windows() -> str:
    try:
        registry: Any = importlib.import_module("winreg")
        with registry.OpenKey(registry.HKEY_CURRENT_USER, r"Control Panel\International") as key:
            sign = registry.QueryValueEx(key, "sDecimal")[0]
    except (ImportError, OSError):
        return "."
    return sign if sign in (".", ",") else "."


def _of_the_c_library() -> str:
    """Return the sign of a locale object of our own, "" where the system has none of that name."""
    try:
        library = ctypes.CDLL(ctypes.util.find_library("c"))
        library.newlocale.restype = ctypes.c_void_p
        library.newlocale.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p]
        library.nl_langinfo_l.restype = ctypes.c_char_p
        library.nl_langinfo_l.argtypes = [ctypes.c_int, ctypes.c_void_p]
        library.freelocale.argtypes = [ctypes.c_void_p]
        numeric, radix = (16, 50) if sys.platform == "darwin" else (2, 0x10000)
        chosen = library.newlocale(numeric, b"", None)
        if not chosen:
            return ""
        sign = (library.nl_langinfo_l(radix, chosen) or b"").decode("ascii", "replace")
        library.freelocale(chosen)
    except (OSError, AttributeError, TypeError):
        return ""
    return sign if sign in (".", ",") else ""


def _of_the_language() -> str:
    """Return the sign by the name of the locale, for a system that has the name but not its data."""
    name = next((os.environ[n] for n in ("LC_ALL", "LC_NUMERIC", "LANG") if os.environ.get(n)), "")
    match = re.match(r"([a-z]{2,3})(_[A-Z]{2})?", name)
    if match is None or _POINT.fullmatch(match[0]):
        return "."
    return "," if _COMMA.fullmatch(match[1]) else "."
