"""When a recording began, as its container says.

MP4, MOV and 3GP keep it in the movie header (`mvhd`, ISO/IEC 14496-12, seconds since 1904), Matroska and WebM in the
segment's DateUTC (nanoseconds since 2001). Cameras write the time of the start or of the end; which one is not said, so
the time is as good as the camera's own clock and habit.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

_MP4_EPOCH = datetime(1904, 1, 1, tzinfo=UTC).timestamp()
_MATROSKA_EPOCH = datetime(2001, 1, 1, tzinfo=UTC).timestamp()
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC).timestamp()
_MATROSKA_HEAD = 1 << 20
"""How much of a Matroska file is searched: its segment information stands before the first pictures."""

_DATE_UTC = bytes((0x44, 0x61, 0x88))
"""Matroska's DateUTC element, whose content is 8 bytes long."""


def creation_time(path: Path) -> float | None:
    """Return the time in a video file's header in seconds since 1970, None where there is no believable one."""
    try:
        if not path.is_file():
            return None
        with path.open("rb") as file:
            head = file.read(12)
            if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
                found = _from_mp4(file, path.stat().st_size)
            elif head[:4] == b"\x1aE\xdf\xa3":
                found = _from_matroska(file)
            else:
                found = None
    except (OSError, struct.error):
        return None
    # A camera without a clock writes 0, which is 1904 or 2001; one set wrongly may write the future.
    latest = datetime.now(UTC).timestamp() + 86_400
    return found if found is not None and _EARLIEST <= found <= latest and found != _MATROSKA_EPOCH else None


def _from_mp4(file: BinaryIO, size: int) -> float | None:
    moov = _find_box(file, b"moov", 0, size)
    header = _find_box(file, b"mvhd", *moov) if moov is not None else None
    if header is None:
        return None
    file.seek(header[0])
    content = file.read(12)
    seconds = struct.unpack(">Q", content[4:12])[0] if content[0] == 1 else struct.unpack(">I", content[4:8])[0]
    return float(seconds) + _MP4_EPOCH


def _find_box(file: BinaryIO, wanted: bytes, start: int, end: int) -> tuple[int, int] | None:
    """Return the content of the first box of this kind between two places of the file, as (start, end)."""
    for _ in range(10_000):
        if start + 8 > end:
            return None
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        body = start + 8
        if size == 1:
            size = struct.unpack(">Q", file.read(8))[0]
            body += 8
        elif size == 0:
            size = end - start
        if size < body - start:
            return None
        if kind == wanted:
            return body, min(start + size, end)
        start += size
    return None


def _from_matroska(file: BinaryIO) -> float | None:
    file.seek(0)
    head = file.read(_MATROSKA_HEAD)
    at = head.find(_DATE_UTC)
    if at < 0 or at + 11 > len(head):
        return None
    nanoseconds: int = struct.unpack(">q", head[at + 3 : at + 11])[0]
    return nanoseconds / 1e9 + _MATROSKA_EPOCH
