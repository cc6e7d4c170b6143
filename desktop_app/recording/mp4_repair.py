"""Makes a playable MP4 of one whose writer was killed.

An MP4 file has its index (the `moov` box) at the end, so a recording that was cut off holds every picture and yet
does not play. OpenCV's writer can make no fragmented MP4, so the index is rebuilt instead: the pictures of MPEG-4
Part 2 start with a byte sequence that cannot occur inside them (ISO/IEC 14496-2, 6.2: `00 00 01 B6` for a picture,
`00 00 01 B3` for the header before a key picture), and the decoder's setup is the same for every file of one size and
rate, so it is taken from a fresh file of two pictures. Box layouts follow ISO/IEC 14496-12.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from desktop_app.errors import OutputError

FOURCC = cv2.VideoWriter.fourcc(*"mp4v")
_PICTURE = b"\x00\x00\x01\xb6"
_GROUP = b"\x00\x00\x01\xb3"
_CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"}
_SAMPLES_PER_CHUNK = 64
_TEMPLATE_PICTURES = 2


def is_complete(path: Path) -> bool:
    """Return whether an MP4 file has its index."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            at = 0
            while at + 8 <= end:
                file.seek(at)
                size, kind = struct.unpack(">I4s", file.read(8))
                if size == 1:
                    size = struct.unpack(">Q", file.read(8))[0]
                if kind == b"moov":
                    return at + int(size) <= end
                if size < 8:
                    return False
                at += size
    except OSError:
        return False
    return False


def repair_mp4(path: Path, width: int, height: int, fps: float) -> int:
    """Give the cut-off recording at `path` its index, in place, and return the number of pictures in it.

    `width`, `height` (pixels) and `fps` are those it was opened with. 0 means that it holds no whole picture and was
    left alone. Raises OutputError where the file cannot be read or written.
    """
    try:
        with path.open("r+b") as file:
            if file.seek(0, os.SEEK_END) < 64:
                return 0
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                data_box = data.find(b"mdat", 0, 4096) - 4
                if data_box < 8:
                    return 0
                start = data_box + 8
                offsets, keys = _find_pictures(data, start)
            # The last picture is most likely cut off; the bytes of the others are whole.
            end = offsets.pop() if len(offsets) > 1 else 0
            keys = [i for i in keys if i < len(offsets)]
            if not offsets or not end or not keys or keys[0] != 0:
                return 0
            template = _template(width, height, fps)
            moov = _rebuild(template, offsets, end, keys, fps)
            file.truncate(end)
            _close_data_box(file.fileno(), data_box, end)
            file.seek(end)
            file.write(moov)
            file.flush()
            os.fsync(file.fileno())
            return len(offsets)
    except OSError as error:
        raise OutputError(
            f"The cut-off recording {path.name} could not be repaired ({error.strerror or error}).",
            "Free some space on the disk and start Headcount again.",
        ) from error


def _find_pictures(data: mmap.mmap, start: int) -> tuple[list[int], list[int]]:
    """Return the byte offset of each picture, its group header included, and the indexes of the key pictures."""
    offsets: list[int] = []
    keys: list[int] = []
    at = data.find(_PICTURE, start)
    group = data.find(_GROUP, start)
    while at >= 0 and at + 4 < len(data):
        if data[at + 4] >> 6 == 0:  # vop_coding_type: 0 is a picture coded by itself
            keys.append(len(offsets))
        if 0 <= group < at:
            offsets.append(group)
            group = data.find(_GROUP, at)
        else:
            offsets.append(at)
        at = data.find(_PICTURE, at + 4)
    return offsets, keys


def _template(width: int, height: int, fps: float) -> bytes:
    """Return the `moov` box of a fresh file of two grey pictures; one alone would have no table of key pictures."""
    handle, name = tempfile.mkstemp(prefix="headcount-", suffix=".mp4")
    os.close(handle)
    path = Path(name)
    try:
        writer = cv2.VideoWriter(name, cv2.CAP_FFMPEG, FOURCC, fps, (width, height))
        for _ in range(_TEMPLATE_PICTURES):
            writer.write(np.full((height, width, 3), 128, np.uint8))
        writer.release()
        content = path.read_bytes()
    finally:
        path.unlink(missing_ok=True)
    for kind, body in _boxes(content):
        if kind == b"moov":
            return body
    raise OutputError("This computer cannot write MP4 video.", "Install Headcount again.")


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", content, at + 8)[0], 16
        if size < head:
            return
        yield kind, content[at + head : at + size]
        at += size


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


def _full(kind: bytes, body: bytes) -> bytes:
    return _box(kind, b"\0\0\0\0" + body)


def _rebuild(template: bytes, offsets: list[int], end: int, keys: list[int], fps: float) -> bytes:
    """Return a `moov` box like the template's for the pictures that start at `offsets`, the last ending at `end`."""
    n = len(offsets)
    bounds = np.array([*offsets, end], np.int64)
    chunks = bounds[:-1:_SAMPLES_PER_CHUNK]
    tail = n % _SAMPLES_PER_CHUNK
    per_chunk = [(1, min(n, _SAMPLES_PER_CHUNK))]
    if tail and len(chunks) > 1:
        per_chunk.append((len(chunks), tail))
    tables = {
        b"stss": struct.pack(">I", len(keys)) + np.array([k + 1 for k in keys], ">u4").tobytes(),
        b"stsc": struct.pack(">I", len(per_chunk)) + b"".join(struct.pack(">III", a, b, 1) for a, b in per_chunk),
        b"stsz": struct.pack(">II", 0, n) + np.diff(bounds).astype(">u4").tobytes(),
        b"co64": struct.pack(">I", len(chunks)) + chunks.astype(">u8").tobytes(),
    }

    movie_ticks = next(struct.unpack_from(">I", body, 12)[0] for kind, body in _boxes(template) if kind == b"mvhd")
    movie_duration = round(n / fps * movie_ticks)

    def timed(body: bytes, at: int, duration: int) -> bytes:
        # Version 0 boxes, with a 32-bit duration at `at`.
        return body[:at] + struct.pack(">I", min(duration, 0xFFFFFFFF)) + body[at + 4 :]

    def walk(content: bytes) -> bytes:
        out = b""
        for kind, body in _boxes(content):
            if kind in _CONTAINERS:
                body = walk(body)
            elif kind == b"mdhd":
                body = timed(body, 16, struct.unpack_from(">I", body, 16)[0] * n // _TEMPLATE_PICTURES)
            elif kind == b"mvhd":
                body = timed(body, 16, movie_duration)
            elif kind == b"tkhd":
                body = timed(body, 20, movie_duration)
            elif kind == b"elst":
                body = timed(body, 8, movie_duration)
            elif kind == b"stts":
                delta = struct.unpack_from(">I", body, 12)[0]
                body = b"\0\0\0\0" + struct.pack(">III", 1, n, delta)
            elif kind in (b"stss", b"stsc", b"stsz", b"stco", b"co64"):
                name = b"co64" if kind == b"stco" else kind
                out += _full(name, tables[name])
                continue
            out += _box(kind, body)
        return out

    return _box(b"moov", walk(template))


def _close_data_box(descriptor: int, data_box: int, end: int) -> None:
    """Write the size into the head of the data box; past 4 GiB it takes over the 8 spare bytes before it."""
    size = end - data_box
    if size <= 0xFFFFFFFF:
        _write_at(descriptor, data_box, struct.pack(">I", size))
    else:
        _write_at(descriptor, data_box - 8, struct.pack(">I4sQ", 1, b"mdat", size + 8))


def _write_at(descriptor: int, at: int, data: bytes) -> None:
    os.lseek(descriptor, at, os.SEEK_SET)
    os.write(descriptor, data)
