"""Which of a file's tracks is its video, and how a decoder that takes the first one is led to it.

OpenCV decodes the first video track of a file. In some files that is the cover, a preview, or a still picture, and the
video comes behind it. The tracks are read from the file's own structure (ISO/IEC 14496-12, RFC 9559). Where another
than the first is wanted, the file is given to FFmpeg piece by piece, with the few bytes changed that make it pass over
the others. Nothing is written to the file.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from desktop_app.system.native_names import native_name, own_folder
from desktop_app.system.safe_file import open_regular

_MOST_INDEX_BYTES = 64 * 2**20
_MOST_HEAD_BYTES = 2**20
_DEEPEST = 12
_STILL_CODECS = (b"jpeg", b"png ", b"mjpg", b"MJPG", b"V_MJPEG", b"V_PNG", b"V_UNCOMPRESSED")
_SKIPPED_BOX = b"free"
_SUBTITLES = b"\x11"


@dataclass(frozen=True, slots=True)
class Track:
    """One track. `hide` are the bytes (offset, new value) that make FFmpeg pass over it; `pictures` 0 if not stated."""

    kind: str
    hide: tuple[int, bytes]
    codec: bytes = b""
    width: int = 0
    height: int = 0
    pictures: int = 0


@dataclass(frozen=True, slots=True)
class Tracks:
    """The tracks of a file in their order, and the covers that FFmpeg would take for tracks before them."""

    tracks: tuple[Track, ...] = ()
    covers: tuple[tuple[int, bytes], ...] = ()

    @property
    def only_sound(self) -> bool:
        kinds = {track.kind for track in self.tracks}
        return "sound" in kinds and "video" not in kinds

    def patches(self) -> list[tuple[int, bytes]]:
        """Return the (offset, bytes) to change so that the best video track is the first one; none if it is already."""
        videos = [track for track in self.tracks if track.kind == "video"]
        if not videos:
            return []
        best = best_video(videos)
        before = [track.hide for track in videos[: videos.index(best)]]
        return before + [cover for cover in self.covers if cover[0] < best.hide[0]]


def best_video(videos: Sequence[Track]) -> Track:
    """Return the video to count of those in a file: moving, not much shorter than another one, the largest of these."""
    moving = [t for t in videos if t.pictures != 1 and not t.codec.startswith(_STILL_CODECS)] or videos
    most = max(track.pictures for track in moving)
    long = [track for track in moving if track.pictures * 2 >= most]
    return max(long, key=lambda track: track.width * track.height)


def read_tracks(path: Path) -> Tracks:
    """Read the tracks of an MP4, MOV, Matroska or WebM file; no tracks for any other, or where they cannot be read."""
    try:
        with open_regular(path) as file:
            head = file.read(16)
            if head[:4] == b"\x1a\x45\xdf\xa3":
                file.seek(0)
                return _matroska(file.read(_MOST_HEAD_BYTES))
            if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"):
                return _mp4(file)
    except (OSError, struct.error, IndexError, ValueError, OverflowError):
        return Tracks()
    return Tracks()


@dataclass(slots=True)
class PatchedFile:
    """A file as FFmpeg is to see it: `address` is what to open. `close` removes the few bytes kept beside it."""

    address: str
    _folder: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    def close(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None


def patched(path: Path, patches: Sequence[tuple[int, bytes]]) -> PatchedFile:
    """Return how to open `path` with these bytes changed. Raises OSError where it cannot be read."""
    name = native_name(path, unfit="%|" if patches else "%")
    if not patches:
        return PatchedFile(name)
    folder = own_folder("patched")
    parts: list[str] = []
    at, end = 0, path.stat().st_size
    for number, (offset, value) in enumerate(sorted(patches)):
        changed = Path(folder.name) / str(number)
        changed.write_bytes(value)
        if offset > at:
            parts.append(f"subfile,,start,{at},end,{offset},,:{name}")
        parts.append(str(changed))
        at = offset + len(value)
    parts.append(f"subfile,,start,{at},end,{end},,:{name}")
    return PatchedFile("concat:" + "|".join(parts), folder)


# --- ISO base media files -----------------------------------------------------------------------------------------


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Yield (type, offset of the type, start and end of the content) of the boxes in data[start:end]."""
    at = start
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        elif size == 0:
            size = end - at
        if size < head or at + size > end:
            return
        yield kind, at + 4, at + head, at + size
        at += size


def _mp4(file: BinaryIO) -> Tracks:
    end = file.seek(0, 2)
    at = 0
    while at + 8 <= end:
        file.seek(at)
        header = file.read(16)
        size, kind = struct.unpack_from(">I4s", header)
        if size == 1 and len(header) == 16:
            size = struct.unpack_from(">Q", header, 8)[0]
        elif size == 0:
            size = end - at
        if size < 8:
            break
        if kind == b"moov":
            if size > _MOST_INDEX_BYTES:
                break
            file.seek(at)
            return _movie(file.read(size), at)
        at += size
    return Tracks()


def _movie(data: bytes, offset: int) -> Tracks:
    tracks: list[Track] = []
    covers: list[tuple[int, bytes]] = []
    start = 16 if data[:4] == b"\0\0\0\1" else 8
    for kind, name, first, last in _boxes(data, start, len(data)):
        if kind == b"trak":
            tracks.append(_mp4_track(data, first, last, (offset + name, _SKIPPED_BOX)))
        elif kind in (b"udta", b"meta"):
            covers += [(offset + at, _SKIPPED_BOX) for at in _covers(data, first, last, 0)]
    return Tracks(tuple(tracks), tuple(covers))


def _covers(data: bytes, start: int, end: int, depth: int) -> Iterator[int]:
    for kind, name, first, last in _boxes(data, start, end):
        if kind == b"covr":
            yield name
        elif kind in (b"meta", b"ilst", b"udta") and depth < _DEEPEST:
            skipped = 4 if kind == b"meta" and data[first + 4 : first + 8] != b"hdlr" else 0
            yield from _covers(data, first + skipped, last, depth + 1)


def _mp4_track(data: bytes, start: int, end: int, hide: tuple[int, bytes]) -> Track:
    kind, codec, width, height, pictures = "other", b"", 0, 0, 0
    for name, first in _inside(data, start, end, 0):
        if name == b"hdlr" and data[first + 8 : first + 12] in (b"vide", b"soun"):
            kind = "video" if data[first + 8 : first + 12] == b"vide" else "sound"
        elif name == b"tkhd":
            at = first + (92 if data[first] == 1 else 80) - 4
            width, height = (value >> 16 for value in struct.unpack_from(">II", data, at))
        elif name == b"stsd":
            codec = data[first + 12 : first + 16]
            if kind == "video" and not width * height:
                width, height = struct.unpack_from(">HH", data, first + 8 + 32)
        elif name in (b"stsz", b"stz2"):
            pictures = struct.unpack_from(">I", data, first + 8)[0]
    return Track(kind, hide, codec, width, height, pictures)


def _inside(data: bytes, start: int, end: int, depth: int) -> Iterator[tuple[bytes, int]]:
    for kind, _, first, last in _boxes(data, start, end):
        yield kind, first
        if kind in (b"mdia", b"minf", b"stbl") and depth < _DEEPEST:
            yield from _inside(data, first, last, depth + 1)


# --- Matroska and WebM ----------------------------------------------------------------------------------------------

_SEGMENT, _TRACKS, _TRACK = 0x18538067, 0x1654AE6B, 0xAE
_TYPE, _CODEC, _VIDEO, _WIDTH, _HEIGHT = 0x83, 0x86, 0xE0, 0xB0, 0xBA


def _elements(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (identifier, start and end of the content) of the EBML elements in data[start:end]."""
    at = start
    while at < end:
        identifier, at = _number(data, at, keep_marker=True)
        size, at = _number(data, at, keep_marker=False)
        stop = end if size is None else at + size
        if identifier is None:
            return
        yield identifier, at, min(stop, end)
        if stop >= end:
            return
        at = stop


def _number(data: bytes, at: int, *, keep_marker: bool) -> tuple[int | None, int]:
    first = data[at]
    width = 9 - first.bit_length()
    if first == 0 or at + width > len(data):
        return None, len(data)
    value = int.from_bytes(data[at : at + width], "big")
    if keep_marker:
        return value, at + width
    value &= (1 << (7 * width)) - 1
    return (None if value == (1 << (7 * width)) - 1 else value), at + width


def _matroska(data: bytes) -> Tracks:
    for segment, start, end in _elements(data, 0, len(data)):
        if segment != _SEGMENT:
            continue
        for part, first, last in _elements(data, start, end):
            if part == _TRACKS:
                tracks = [_matroska_track(data, a, b) for name, a, b in _elements(data, first, last) if name == _TRACK]
                return Tracks(tuple(tracks))
    return Tracks()


def _matroska_track(data: bytes, start: int, end: int) -> Track:
    kind, hide, codec, sizes = "other", (0, b""), b"", {_WIDTH: 0, _HEIGHT: 0}
    for name, first, last in _elements(data, start, end):
        if name == _TYPE and last == first + 1:
            kind = {1: "video", 2: "sound"}.get(data[first], "other")
            hide = (first, _SUBTITLES)
        elif name == _CODEC:
            codec = data[first:last]
        elif name == _VIDEO:
            for inner, a, b in _elements(data, first, last):
                if inner in sizes:
                    sizes[inner] = int.from_bytes(data[a:b], "big")
    return Track(kind, hide, codec, sizes[_WIDTH], sizes[_HEIGHT])
