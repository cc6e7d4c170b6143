"""An MP4 file that can be played at any moment of its making, and that nobody else takes for their own.

OpenCV's writer keeps the index of a file, and up to 256 kB of pictures, until it is closed; a program that is killed
leaves a file that does not play. So pictures are encoded into files of a second each, and every second is appended to
the recording as a fragment with an index of its own. At the end the fragments' indexes are replaced by one for the
whole file, which every player and editor understands; no picture is moved for that (boxes of ISO/IEC 14496-12).
"""

from __future__ import annotations

import json
import os
import struct
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from desktop_app.recording.mp4_boxes import first_box, full_box, inner_box, make_box, only_box, read_boxes
from desktop_app.system.file_lock import lock_descriptor
from desktop_app.system.safe_file import open_regular
from desktop_app.system.safe_json import parse_json

OURS = uuid.UUID("5a0f6e0b-5c55-4b0e-9e53-0d6f3b7c4a11").bytes
"""Marks a recording under way as made by this program, in a box of its own (`uuid`)."""

_KEY, _OTHER = 0x02000000, 0x01010000
"""Sample flags: depends on no other picture; depends on others and is no key picture."""

_MOST_NOTE_BYTES = 65_536
_MOST_INDEX_BYTES = 2**26
_HEAD_BYTES = 4096


class NotAnMp4Error(ValueError):
    """The bytes are not the MP4 file they should be."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture: where its bytes lie in the file, how many they are, and whether it stands by itself."""

    offset: int
    size: int
    is_key: bool


@dataclass(slots=True)
class Segment:
    """What a finished file of a second holds: its samples and the boxes that describe how they are decoded."""

    samples: list[Sample]
    header: bytes
    track: bytes
    delta: int
    data: bytes


def read_segment(data: bytes) -> Segment:
    """Read a small MP4 file with one video track, as OpenCV writes it. Raises NotAnMp4Error."""
    try:
        movie = only_box(data, b"moov")
        header, track = only_box(movie, b"mvhd"), only_box(movie, b"trak")
        table = inner_box(track, (b"mdia", b"minf", b"stbl"))
        delta = struct.unpack_from(">I", only_box(table, b"stts"), 12)[0]
        return Segment(_samples(table, len(data)), header, track, delta, data)
    except (struct.error, IndexError, LookupError) as error:
        raise NotAnMp4Error("it has no index that can be read") from error


def _samples(table: bytes, file_bytes: int) -> list[Sample]:
    sizes_box = only_box(table, b"stsz")
    fixed, count = struct.unpack_from(">II", sizes_box, 4)
    if fixed * count > file_bytes:
        raise NotAnMp4Error("its pictures are larger than the file")
    sizes = [fixed] * count if fixed else list(struct.unpack_from(f">{count}I", sizes_box, 12))
    offsets = _chunk_offsets(table)
    keys = set(range(1, count + 1))
    if (sync := first_box(table, b"stss")) is not None:
        keys = set(struct.unpack_from(f">{struct.unpack_from('>I', sync, 4)[0]}I", sync, 8))
    runs = only_box(table, b"stsc")
    entries = [struct.unpack_from(">III", runs, 8 + 12 * i) for i in range(struct.unpack_from(">I", runs, 4)[0])]
    samples: list[Sample] = []
    for chunk, start in enumerate(offsets, 1):
        held = next((n for first, n, _ in reversed(entries) if first <= chunk), None)
        if held is None:
            raise NotAnMp4Error(f"nothing says how many pictures its chunk {chunk} holds")
        at = start
        for _ in range(held):
            if len(samples) == count:
                break
            number = len(samples)
            samples.append(Sample(at, sizes[number], number + 1 in keys))
            at += sizes[number]
    return samples


def _chunk_offsets(table: bytes) -> list[int]:
    narrow = first_box(table, b"stco")
    box, letter = (narrow, "I") if narrow is not None else (only_box(table, b"co64"), "Q")
    return list(struct.unpack_from(f">{struct.unpack_from('>I', box, 4)[0]}{letter}", box, 8))


# --- the movie --------------------------------------------------------------------------------------------------------


def _timed(body: bytes, at: int, duration: int) -> bytes:
    # Version 0 boxes, with a 32-bit duration at `at`.
    return body[:at] + struct.pack(">I", min(duration, 0xFFFFFFFF)) + body[at + 4 :]


def _movie(segment: Segment, tables: bytes, pictures: int, *extra: bytes) -> bytes:
    """Return the content of a `moov` box like the segment's, with other sample tables and the length of `pictures`."""
    media_ticks = struct.unpack_from(">I", inner_box(segment.track, (b"mdia", b"mdhd")), 12)[0]
    movie_ticks = struct.unpack_from(">I", segment.header, 12)[0]
    media = pictures * segment.delta
    movie = round(media * movie_ticks / max(1, media_ticks))

    def rebuilt(content: bytes) -> bytes:
        out = b""
        for kind, body in read_boxes(content):
            if kind == b"edts":
                continue
            if kind in (b"mdia", b"minf"):
                body = rebuilt(body)
            elif kind == b"stbl":
                body = make_box(b"stsd", only_box(body, b"stsd")) + tables
            elif kind == b"mdhd":
                body = _timed(body, 16, media)
            elif kind == b"tkhd":
                body = _timed(body, 20, movie)
            out += make_box(kind, body)
        return out

    return (
        make_box(b"mvhd", _timed(segment.header, 16, movie))
        + make_box(b"trak", rebuilt(segment.track))
        + b"".join(extra)
    )


def _empty_tables() -> bytes:
    none = struct.pack(">I", 0)
    return full_box(b"stts", none) + full_box(b"stsc", none) + full_box(b"stsz", none + none) + full_box(b"stco", none)


def _whole_tables(fragments: Sequence[Sequence[Sample]], delta: int) -> bytes:
    samples = [sample for fragment in fragments for sample in fragment]
    keys = [number for number, sample in enumerate(samples, 1) if sample.is_key]
    runs: list[tuple[int, int]] = []
    for number, fragment in enumerate(fragments, 1):
        if not runs or runs[-1][1] != len(fragment):
            runs.append((number, len(fragment)))
    return b"".join(
        (
            full_box(b"stts", struct.pack(">III", 1, len(samples), delta)),
            full_box(b"stss", struct.pack(f">I{len(keys)}I", len(keys), *keys)),
            full_box(b"stsc", struct.pack(">I", len(runs)) + b"".join(struct.pack(">III", a, n, 1) for a, n in runs)),
            full_box(b"stsz", struct.pack(f">II{len(samples)}I", 0, len(samples), *(s.size for s in samples))),
            full_box(b"co64", struct.pack(f">I{len(fragments)}Q", len(fragments), *(f[0].offset for f in fragments))),
        )
    )


def _fragment(segment: Segment, number: int, first_picture: int) -> tuple[bytes, int]:
    """Return the `moof` box of one segment, and how many bytes its pictures take behind it."""
    rows = b"".join(struct.pack(">II", s.size, _KEY if s.is_key else _OTHER) for s in segment.samples)
    # Flags: the data's offset is given, and for each sample its size and flags; offsets count from the moof box.
    run_head = 8 + 4 + 4 + 4
    length = 8 + 16 + 8 + (8 + 4 + 4) + (8 + 4 + 8) + run_head + len(rows)
    run = full_box(b"trun", struct.pack(">Ii", len(segment.samples), length + 8) + rows, flags=0x601)
    time = full_box(b"tfdt", struct.pack(">Q", first_picture * segment.delta), version=1)
    track = make_box(b"traf", full_box(b"tfhd", struct.pack(">I", 1), flags=0x020000), time, run)
    moof = make_box(b"moof", full_box(b"mfhd", struct.pack(">I", number)), track)
    assert len(moof) == length
    return moof, sum(s.size for s in segment.samples)


# --- the file ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class FragmentedMp4:
    """A recording under way: made with `create`, grown with `append`, closed with `finish` or `abandon`.

    The file is locked for as long as it is open; the operating system lets go of it when the program dies.
    """

    path: Path
    _file: BinaryIO
    note: dict[str, object] = field(default_factory=dict)
    _fragments: list[list[Sample]] = field(default_factory=list)
    _indexes: list[int] = field(default_factory=list)
    _first: Segment | None = None
    _pictures: int = 0

    @classmethod
    def create(cls, path: Path, note: dict[str, object]) -> FragmentedMp4:
        """Make a new file with our mark and `note` in it. Raises OSError, also where something lies there already."""
        flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
        file = os.fdopen(os.open(path, flags | getattr(os, "O_CLOEXEC", 0), 0o666), "r+b", buffering=0)
        try:
            lock_descriptor(file.fileno())
            kinds = b"isom" + struct.pack(">I", 512) + b"isomiso5iso6mp41"
            file.write(make_box(b"ftyp", kinds) + make_box(b"uuid", OURS, json.dumps(note).encode()))
        except OSError:
            file.close()
            path.unlink(missing_ok=True)
            raise
        return cls(path, file, note)

    @property
    def pictures(self) -> int:
        """How many pictures are in the file."""
        return self._pictures

    def append(self, data: bytes) -> int:
        """Add the pictures of a finished MP4 file and return their number. Raises OSError and NotAnMp4Error."""
        segment = read_segment(data)
        if not segment.samples:
            return 0
        start = self._file.seek(0, os.SEEK_END)
        if self._first is None:
            self._first = segment
            extends = struct.pack(">IIIII", 1, 1, segment.delta, 0, 0)
            movie = _movie(segment, _empty_tables(), 0, make_box(b"mvex", full_box(b"trex", extends)))
            self._indexes.append(start + 4)
            self._write(make_box(b"moov", movie))
            start = self._file.tell()
        moof, size = _fragment(segment, len(self._fragments) + 1, self._pictures)
        pictures = b"".join(data[s.offset : s.offset + s.size] for s in segment.samples)
        if len(pictures) != size:
            raise NotAnMp4Error("its pictures are not where its index says")
        self._write(moof + struct.pack(">I4s", size + 8, b"mdat") + pictures)
        self._indexes.append(start + 4)
        at = start + len(moof) + 8
        placed: list[Sample] = []
        for sample in segment.samples:
            placed.append(Sample(at, sample.size, sample.is_key))
            at += sample.size
        self._fragments.append(placed)
        self._pictures += len(placed)
        return len(placed)

    def _write(self, data: bytes) -> None:
        """Write all of `data` at the end, or nothing: half a fragment would hide those behind it."""
        start = self._file.seek(0, os.SEEK_END)
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError:
            self._file.truncate(start)
            raise

    def finish(self) -> int:
        """Give the file one index for all of it and close it; return the number of pictures. Raises OSError."""
        try:
            if self._first is not None and self._fragments:
                movie = _movie(self._first, _whole_tables(self._fragments, self._first.delta), self._pictures)
                end = self._file.seek(0, os.SEEK_END)
                # Under a name that is passed over first, so that at no moment there are two indexes or none.
                self._write(make_box(b"free", movie))
                os.fsync(self._file.fileno())
                self._rename(self._indexes[0], b"free")
                self._rename(end + 4, b"moov")
                for at in self._indexes[1:]:
                    self._rename(at, b"free")
                os.fsync(self._file.fileno())
        finally:
            self._file.close()
        return self._pictures

    def abandon(self) -> None:
        """Close the file as it is."""
        self._file.close()

    def _rename(self, at: int, kind: bytes) -> None:
        self._file.seek(at)
        self._file.write(kind)


def reopen(path: Path) -> FragmentedMp4 | None:
    """Open a recording that was cut off, to be finished.

    Returns None where it is not one of ours, or is still being written. What is behind the last whole fragment is cut
    off. Raises OSError.
    """
    with open_regular(path, follow_links=False) as look:
        note = _note(look.read(_HEAD_BYTES + _MOST_NOTE_BYTES))
    if note is None:
        return None
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    file = os.fdopen(os.open(path, flags), "r+b", buffering=0)
    try:
        lock_descriptor(file.fileno())
    except OSError:
        file.close()
        return None
    recording = FragmentedMp4(path, file, note)
    try:
        _read_fragments(recording, file)
    except BaseException:
        file.close()
        raise
    return recording


def _note(head: bytes) -> dict[str, object] | None:
    boxes = list(read_boxes(head))
    if len(boxes) < 2 or boxes[0][0] != b"ftyp" or boxes[1][0] != b"uuid" or boxes[1][1][:16] != OURS:
        return None
    try:
        note = parse_json(boxes[1][1][16:])
    except ValueError:
        return None
    return note if isinstance(note, dict) else None


def _read_fragments(recording: FragmentedMp4, file: BinaryIO) -> None:
    end = file.seek(0, os.SEEK_END)
    at, whole = 0, 0
    pending: tuple[int, list[tuple[int, bool]]] | None = None
    while at + 8 <= end:
        file.seek(at)
        size, kind = struct.unpack(">I4s", file.read(8))
        if size < 8 or at + size > end:
            break
        if kind in (b"moov", b"moof", b"free") and size <= _MOST_INDEX_BYTES:
            body = file.read(size - 8)
            if first_box(body, b"mvex") is not None:
                recording._first = _initial(body)
                recording._indexes.append(at + 4)
                whole = at + size
            elif (rows := _run(body)) is not None:
                pending = (at + 4, rows)
        elif kind == b"mdat" and pending is not None:
            place = at + 8
            samples: list[Sample] = []
            for length, is_key in pending[1]:
                samples.append(Sample(place, length, is_key))
                place += length
            if place == at + size and samples:
                recording._fragments.append(samples)
                recording._indexes.append(pending[0])
                recording._pictures += len(samples)
                whole = at + size
            pending = None
        elif kind in (b"ftyp", b"uuid"):
            whole = at + size
        at += size
    file.truncate(whole)


def _initial(movie: bytes) -> Segment | None:
    try:
        extends = inner_box(movie, (b"mvex", b"trex"))
        delta = struct.unpack_from(">I", extends, 12)[0]
        return Segment([], only_box(movie, b"mvhd"), only_box(movie, b"trak"), delta, b"")
    except (LookupError, struct.error):
        return None


def _run(body: bytes) -> list[tuple[int, bool]] | None:
    try:
        run = inner_box(body, (b"traf", b"trun"))
        count = struct.unpack_from(">I", run, 4)[0]
        rows = struct.unpack_from(f">{2 * count}I", run, 12)
        return [(rows[i], rows[i + 1] == _KEY) for i in range(0, len(rows), 2)]
    except (LookupError, struct.error):
        return None
