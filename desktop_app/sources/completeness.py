"""Reads from a video file's own structure whether the file is whole.

A decoder stops at the last readable frame and does not say whether the file was meant to go on. Most containers state
their size, so a copy that was interrupted can be told from a header that names a wrong number of frames.
"""

from __future__ import annotations

import os
import struct
from enum import Enum
from pathlib import Path

from desktop_app.sources.last_piece import EBML_HEADER, MATROSKA_SEGMENT, Bytes, ebml_size, is_last_piece_cut
from desktop_app.system.safe_file import open_regular

_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_MP4_FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"moof", b"styp"}
_HEAD_BYTES = 65536


class Completeness(Enum):
    """What a file's structure says about its end."""

    WHOLE = "whole"
    CUT = "cut"
    NO_INDEX = "no index"
    """An MP4 or MOV whose table of contents is missing: the recording or the copy was interrupted."""
    CUT_AT_END = "cut at the end"
    """The last piece is not whole, in a file whose length is stated nowhere: how much is missing cannot be told."""
    UNKNOWN = "unknown"


def completeness(path: Path) -> Completeness:
    """Compare the size that the container states with the size of the file.

    Reads a few bytes (ISO/IEC 14496-12 boxes, RFC 8794 EBML, RIFF, ASF, FLV and GIF). Where a container states no size,
    its last piece is looked at (`last_piece`). Returns UNKNOWN where that tells nothing, and where the file cannot be
    read.
    """
    try:
        with open_regular(path) as file:
            return completeness_of(file, os.fstat(file.fileno()).st_size)
    except OSError:
        return Completeness.UNKNOWN


def completeness_of(file: Bytes, size: int) -> Completeness:
    """Tell what `completeness` does of an open file of `size` bytes."""
    try:
        file.seek(0)
        head = file.read(_HEAD_BYTES)
        if head[4:8] in _MP4_FIRST_BOXES:
            return _mp4(file, size)
        if head.startswith(b"RIFF"):
            return _compare(_riff_end(file, size), size)
        if head.startswith(b"GIF8"):
            file.seek(max(size - 4096, 0))
            ended = file.read(4096).rstrip(b"\0\r\n\t ").endswith(b";")
            return Completeness.WHOLE if ended else Completeness.CUT_AT_END
        stated = _compare(_stated_end(head), size)
        if stated is Completeness.UNKNOWN and is_last_piece_cut(file, head, size):
            return Completeness.CUT_AT_END
        return stated
    except (OSError, struct.error, IndexError, ValueError):
        return Completeness.UNKNOWN


def _stated_end(head: bytes) -> int | float | None:
    if head.startswith(EBML_HEADER):
        return _matroska_end(head)
    if head.startswith(_ASF_HEADER):
        at = head.find(_ASF_FILE_PROPERTIES)
        return _unpack("<Q", head, at + 40) if at >= 0 else None
    if head.startswith(b"FLV"):
        at = head.find(b"filesize\0")
        stated = _unpack(">d", head, at + 9) if at >= 0 else None
        return int(stated) if stated is not None and 0 < stated < 2**53 else None
    return None


def _compare(stated: int | float | None, size: int) -> Completeness:
    if not stated:
        return Completeness.UNKNOWN
    return Completeness.CUT if stated > size else Completeness.WHOLE


def _unpack(form: str, data: bytes, at: int) -> int | float | None:
    if at < 0 or at + struct.calcsize(form) > len(data):
        return None
    value: int | float = struct.unpack_from(form, data, at)[0]
    return value


def _mp4(file: Bytes, size: int) -> Completeness:
    at = 0
    has_index = in_pieces = False
    while at + 8 <= size:
        file.seek(at)
        header = file.read(16)
        length = int.from_bytes(header[:4], "big")
        name = header[4:8]
        if length == 1 and len(header) == 16:
            length = int.from_bytes(header[8:16], "big")
        elif length == 0:
            length = size - at
        if length < 8 or not all(32 <= c < 127 or c == 0xA9 for c in name):
            return Completeness.WHOLE if has_index else Completeness.UNKNOWN
        whole = at + length <= size
        has_index = has_index or (name == b"moov" and whole)
        in_pieces = in_pieces or name == b"moof"
        if not whole and has_index and in_pieces:
            return Completeness.CUT_AT_END
        if not whole:
            return Completeness.CUT if has_index else Completeness.NO_INDEX
        at += length
    return Completeness.WHOLE if has_index else Completeness.NO_INDEX


def _riff_end(file: Bytes, size: int) -> int | None:
    at = 0
    while at + 8 <= size:  # files past 1 GB are several RIFF chunks (OpenDML)
        file.seek(at)
        header = file.read(8)
        length = int.from_bytes(header[4:8], "little")
        if header[:4] != b"RIFF":
            break
        if length in (0, 0xFFFFFFFF):
            return None
        at += 8 + length + length % 2
    return at - 1 if at == size + 1 else at  # the last padding byte is often left out


def _matroska_end(head: bytes) -> int | None:
    read = ebml_size(head, 4)
    if read is None or read[0] is None:
        return None
    at = read[1] + read[0]
    if head[at : at + 4] != MATROSKA_SEGMENT:
        return None
    segment = ebml_size(head, at + 4)
    if segment is None or segment[0] is None:
        return None
    return segment[1] + segment[0]
