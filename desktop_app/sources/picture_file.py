"""The bytes of one picture file: what is in them, upright, and never more than memory holds.

OpenCV decodes; what it leaves out is added here: the turn that an AVIF file states by itself, the pages and frames
behind the first, and a plain word for the kinds that it cannot read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.errors import SourceError
from desktop_app.sources.base import MOST_PIXELS
from desktop_app.sources.capture import as_bgr
from desktop_app.sources.containers import A_PICTURE, UNREADABLE_PICTURES, looks_like_bytes
from desktop_app.system.plain_text import printable

UNREADABLE_PICTURE_SUFFIXES: frozenset[str] = frozenset(
    {".heic", ".heif", ".jxl", ".svg", ".psd", ".raw", ".cr2", ".nef", ".arw", ".dng", ".exr"}
)
"""Pictures that OpenCV cannot read; named so that the message can say what to do."""

MOST_PICTURE_BYTES = 256 * 2**20

_AT_ONCE_BYTES = 128 * 2**20
_MOST_FRAMES = 20_000
_SHORTEST_FRAME_S = 0.01
_UNSTATED_FRAME_S = 0.1
_SAVE_AS = "Save it as jpg or png and open that."

Image = NDArray[np.uint8]


def decode_picture(data: bytes, name: str) -> Image:
    """Decode a picture file into uint8 (height, width, 3) BGR, turned upright as the file states it.

    Of several frames or pages it is the first. Raises SourceError if it is not a picture that OpenCV reads, or if it
    has more than `MOST_PIXELS` pixels, which is found in its header before any memory is taken.
    """
    if not _chunks_fit(data):
        raise _unreadable(data, name)
    turn = _avif_turn(data)
    flags = cv2.IMREAD_COLOR | (cv2.IMREAD_IGNORE_ORIENTATION if turn is not None else 0)
    try:
        image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags) if data else None
    except cv2.error as error:
        if "MAX_IMAGE" in str(error):
            raise _too_large(name) from error
        image = None
    if image is not None and image.size:
        return as_bgr(_turned(image, turn))  # type: ignore[arg-type]  # OpenCV's stubs type images more widely
    raise _unreadable(data, name)


def is_moving(data: bytes) -> bool:
    """Tell whether a picture file holds more than one picture: animated WebP, PNG and AVIF, TIFF of several pages."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return data[12:16] == b"VP8X" and len(data) > 20 and bool(data[20] & 2)
    if data.startswith(b"\x89PNG"):
        control, pixels = data[:65536].find(b"acTL"), data.find(b"IDAT")
        return 0 < control < pixels
    if data[4:8] == b"ftyp":
        return data[8:12] == b"avis"
    return data[:4] in (b"II*\0", b"MM\0*") and _tiff_pages(data) > 1


def moving_pictures(data: bytes, name: str, hold_s: float) -> Iterator[tuple[Image, float]]:
    """Yield each picture of an animation, or each page, with the seconds for which it is shown (a page for `hold_s`).

    Only some are held in memory at a time. Raises SourceError where none can be read.
    """
    first = decode_picture(data, name)
    at_once = max(1, min(500, _AT_ONCE_BYTES // (first.shape[0] * first.shape[1] * 4)))
    turn = _avif_turn(data)
    buffer = np.frombuffer(data, np.uint8).reshape(1, -1)
    is_tiff = data[:2] in (b"II", b"MM")
    for start in range(0, _MOST_FRAMES, at_once):
        found = _pages(buffer, start, at_once, hold_s) if is_tiff else _frames(buffer, start, at_once)
        for image, shown_s in found:
            yield as_bgr(_turned(image, turn)), shown_s
        if len(found) < at_once:
            return


def _chunks_fit(data: bytes) -> bool:
    """Tell whether the chunks of a PNG file lie within it; OpenCV takes the memory that one states (up to 4 GB)."""
    if not data.startswith(b"\x89PNG"):
        return True
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        at += 12 + length
        if at > len(data):
            return False
        if kind == b"IEND":
            break
    return True


def _frames(buffer: Image, start: int, count: int) -> list[tuple[Image, float]]:
    try:
        ok, animation = cv2.imdecodeanimation(buffer, start, count)
    except cv2.error:
        return []
    if not ok:
        return []
    lengths = [max(_SHORTEST_FRAME_S, d / 1000) if d > 0 else _UNSTATED_FRAME_S for d in animation.durations]
    return list(zip(animation.frames, lengths, strict=False))  # type: ignore[arg-type]


def _pages(buffer: Image, start: int, count: int, hold_s: float) -> list[tuple[Image, float]]:
    pages = min(count, _tiff_pages(buffer.tobytes()) - start)
    if pages <= 0:
        return []
    try:
        ok, images = cv2.imdecodemulti(buffer, cv2.IMREAD_COLOR, range=(start, start + pages))
    except cv2.error:
        return []
    return [(image, hold_s) for image in images] if ok else []  # type: ignore[misc]


def _tiff_pages(data: bytes) -> int:
    """Return how many pages a TIFF file has (TIFF 6.0, section 2), 0 if it is none."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        return 0
    seen: set[int] = set()
    at = struct.unpack_from(f"{order}I", data, 4)[0]
    while at and at not in seen and at + 2 <= len(data) and len(seen) < _MOST_FRAMES:
        seen.add(at)
        end = at + 2 + 12 * struct.unpack_from(f"{order}H", data, at)[0]
        if end + 4 > len(data):
            break
        at = struct.unpack_from(f"{order}I", data, end)[0]
    return len(seen)


def _too_large(name: str) -> SourceError:
    return SourceError(
        f"The picture “{printable(name)}” is too large: it has more than {MOST_PIXELS // 10**6} million pixels.",
        "Save it with fewer pixels; 4000x3000 is plenty.",
    )


def _unreadable(data: bytes, name: str) -> SourceError:
    shown = printable(name)
    if not data:
        return SourceError(f"The picture “{shown}” is empty.", "Copy or download it again.")
    what = looks_like_bytes(data[:65536])
    if what in UNREADABLE_PICTURES:
        return SourceError(f"The file “{shown}” is {what}.", _SAVE_AS)
    suffix = Path(name).suffix.lower()
    if suffix in UNREADABLE_PICTURE_SUFFIXES:
        return SourceError(f"The picture “{shown}” is of the kind “{suffix}”, which cannot be read.", _SAVE_AS)
    if not what and _is_film(data):
        return SourceError(
            f"The file “{shown}” is not a picture; it is a video.", "Open it under a name that ends in .mp4 or .mkv."
        )
    if what and what != A_PICTURE:
        return SourceError(f"The file “{shown}” is not a picture; it looks like {what}.", "Choose a jpg or png file.")
    return SourceError(
        f"The file “{shown}” is not a picture that can be read, or it is damaged.",
        "Choose a jpg, png, webp or bmp file.",
    )


def _is_film(data: bytes) -> bool:
    return data[4:8] == b"ftyp" or data.startswith(b"\x1a\x45\xdf\xa3") or (data[:4] + data[8:12]) == b"RIFFAVI "


# --- the turn of an AVIF picture --------------------------------------------------------------------------------------


def _turned(image: Image, turn: tuple[int, int | None] | None) -> Image:
    if turn is None:
        return image
    quarters, mirror = turn
    if quarters:
        image = np.rot90(image, quarters)
    if mirror is not None:
        image = image[::-1] if mirror == 0 else image[:, ::-1]
    return np.ascontiguousarray(image)


def _avif_turn(data: bytes) -> tuple[int, int | None] | None:
    """Return (quarter turns to the left, axis of the mirror or None) that an AVIF file states for its main picture.

    None where it states neither. ISO/IEC 23008-12: properties `irot` and `imir`, by the associations of the main item.
    """
    if data[4:8] != b"ftyp" or (b"irot" not in data[:65536] and b"imir" not in data[:65536]):
        return None
    try:
        meta = _box(data, 0, len(data), b"meta")
        main = _box(data, meta[0] + 4, meta[1], b"pitm")
        item = int.from_bytes(data[main[0] + 4 : main[0] + (8 if data[main[0]] else 6)], "big")
        properties = _box(data, meta[0] + 4, meta[1], b"iprp")
        container = _box(data, *properties, b"ipco")
        kinds = list(_boxes(data, *container))
        turn: tuple[int, int | None] | None = None
        for index in _associated(data, _box(data, *properties, b"ipma"), item):
            kind, start, _ = kinds[index - 1]
            quarters, mirror = turn or (0, None)
            if kind == b"irot":
                turn = (data[start] & 3, mirror)
            elif kind == b"imir":
                turn = (quarters, data[start] & 1)
        return turn
    except (IndexError, struct.error, LookupError):
        return None


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        if size < 8 or start + size > end:
            return
        yield kind, start + 8, start + size
        start += size


def _box(data: bytes, start: int, end: int, wanted: bytes) -> tuple[int, int]:
    for kind, first, last in _boxes(data, start, end):
        if kind == wanted:
            return first, last
    raise LookupError(wanted)


def _associated(data: bytes, box: tuple[int, int], item: int) -> list[int]:
    at = box[0]
    version, wide = data[at], data[at + 3] & 1
    entries = struct.unpack_from(">I", data, at + 4)[0]
    at += 8
    for _ in range(min(entries, 10_000)):
        width = 4 if version else 2
        number = int.from_bytes(data[at : at + width], "big")
        count = data[at + width]
        at += width + 1
        step = 2 if wide else 1
        values = [int.from_bytes(data[at + i * step : at + (i + 1) * step], "big") for i in range(count)]
        if number == item:
            return [value & (0x7FFF if wide else 0x7F) for value in values if value & (0x7FFF if wide else 0x7F)]
        at += count * step
    return []
