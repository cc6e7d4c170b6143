"""Prints what the ICU of a folder answers to the calls that Qt makes, to compare two sets of its data.

    python check_icu.py dist/headcount/lib/PySide6/Qt/lib

Sorting in languages of several scripts, upper and lower case, the zones of the world with their names in English, and
bytes of the character sets that files, mail and web pages come in.
"""

import ctypes
import re
import sys
from pathlib import Path

lib = Path(sys.argv[1]).resolve()
VERSION = re.sub(r".*\.so\.(\d+).*", r"\1", next(lib.glob("libicuuc.so.*")).name)
for part in ("data", "uc", "i18n"):
    loaded = ctypes.CDLL(str(lib / f"libicu{part}.so.{VERSION}"), mode=ctypes.RTLD_GLOBAL)
    if part == "uc":
        uc = loaded
i18n = loaded

WORDS = (
    "Zebra", "ähnlich", "Apfel", "öl", "Öse", "10", "9", "çelik", "cam", "ızgara", "ilk", "łódź", "lato", "日本",
    "東京", "中文", "한국", "가", "яблоко", "ёлка", "αβγ", "Ωμέγα", "สวัสดี", "إبن", "שלום", "naïve", "côte",
    "coté", "chata", "hlava",
)  # fmt: skip
SORTED = (
    "en_US", "de_DE", "sv_SE", "tr_TR", "cs_CZ", "pl_PL", "es_ES", "fr_CA", "ja_JP", "zh_CN", "zh_TW", "ko_KR",
    "ru_RU", "el_GR", "th_TH", "ar_EG", "he_IL", "hi_IN", "vi_VN", "C",
)  # fmt: skip
ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney", "Africa/Cairo",
    "America/Sao_Paulo", "Pacific/Auckland",
)  # fmt: skip
CHARSETS = (
    "UTF-8", "UTF-16LE", "UTF-32BE", "UTF-7", "ISO-8859-1", "ISO-8859-2", "ISO-8859-3", "ISO-8859-4", "ISO-8859-5",
    "ISO-8859-6", "ISO-8859-7", "ISO-8859-8", "ISO-8859-9", "ISO-8859-10", "ISO-8859-13", "ISO-8859-14",
    "ISO-8859-15", "windows-874", "windows-1250", "windows-1251", "windows-1252", "windows-1253", "windows-1254",
    "windows-1255", "windows-1256", "windows-1257", "windows-1258", "KOI8-R", "KOI8-U", "macintosh", "IBM437",
    "IBM850", "IBM852", "IBM866", "gb18030", "GBK", "GB2312", "HZ-GB-2312", "Big5", "Big5-HKSCS", "EUC-JP",
    "ISO-2022-JP", "Shift_JIS", "EUC-KR", "ISO-2022-KR", "windows-949", "TIS-620",
)  # fmt: skip
BYTES = bytes(range(0x20, 0x7F)) + b"\xc4\xe3\xa4\xa4\xb0\xa1\xd6\xd0\xce\xc4\xb5\xe7"


def call(library: ctypes.CDLL, name: str, *arguments: object) -> int:
    """Call a function that takes a UErrorCode last. Exits with 1 where ICU reports a failure."""
    status = ctypes.c_int(0)
    function = library[f"{name}_{VERSION}"]
    function.restype = ctypes.c_int64 if name.endswith("open") else ctypes.c_int32
    answer = function(*arguments, ctypes.byref(status))
    # Codes below zero are warnings, for example that a default was used.
    if status.value > 0:
        raise SystemExit(f"ICU's {name} fails with {status.value} on {arguments}")
    return int(answer)


def utf16(text: str) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(text.encode("utf-16-le") + b"\0\0")


def read(buffer: ctypes.Array[ctypes.c_char], units: int) -> str:
    return buffer.raw[: 2 * units].decode("utf-16-le", "replace")


for locale in SORTED:
    collator = ctypes.c_void_p(call(i18n, "ucol_open", locale.encode()))
    call(i18n, "ucol_setAttribute", collator, 7, 17)  # numbers by their value
    compare = i18n[f"ucol_getSortKey_{VERSION}"]
    keys = []
    for word in WORDS:
        key = ctypes.create_string_buffer(400)
        length = compare(collator, utf16(word), -1, key, 400)
        keys.append((key.raw[:length], word))
    print(locale, " ".join(word for _, word in sorted(keys)))
    for name in ("u_strToUpper", "u_strToLower"):
        out = utf16(" " * 300)
        units = call(uc, name, out, 300, utf16(" ".join(WORDS)), -1, locale.encode())
        print(locale, name, read(out, units))

for zone in ZONES:
    calendar = ctypes.c_void_p(call(i18n, "ucal_open", utf16(zone), -1, b"en_US", 0))
    for kind in range(4):
        out = utf16(" " * 100)
        units = call(i18n, "ucal_getTimeZoneDisplayName", calendar, kind, b"en_US", out, 100)
        print(zone, kind, read(out, units))

for charset in CHARSETS:
    converter = ctypes.c_void_p(call(uc, "ucnv_open", charset.encode()))
    out = utf16(" " * 300)
    units = call(uc, "ucnv_toUChars", converter, out, 300, BYTES, len(BYTES))
    print(charset, read(out, units).encode("unicode_escape").decode())
