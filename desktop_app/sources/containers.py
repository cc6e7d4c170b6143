"""Reads from a video file's own structure whether the file is whole.

A decoder stops at the last readable frame and does not say whether the file was meant to go on. Most containers state
their size, so a copy that was interrupted can be told from a header that names a wrong number of frames.
"""

from __future__ import annotations

import os
import struct
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from desktop_app.errors import SourceError
from desktop_app.system.plain_text import printable
from desktop_app.system.safe_file import open_regular

_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_EBML_HEADER = b"\x1a\x45\xdf\xa3"
_MATROSKA_SEGMENT = b"\x18\x53\x80\x67"
_MP4_FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"moof", b"styp"}
_HEAD_BYTES = 65536


class Completeness(Enum):
    """What a file's structure says about its end."""

    WHOLE = "whole"
    CUT = "cut"
    NO_INDEX = "no index"
    """An MP4 or MOV whose table of contents is missing: the recording or the copy was interrupted."""
    UNKNOWN = "unknown"


def completeness(path: Path) -> Completeness:
    """Compare the size that the container states with the size of the file.

    Reads a few bytes (ISO/IEC 14496-12 boxes, RFC 8794 EBML, RIFF, ASF, FLV and GIF). Returns UNKNOWN for containers
    that state no size and where the file cannot be read.
    """
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            head = file.read(_HEAD_BYTES)
            if head[4:8] in _MP4_FIRST_BOXES:
                return _mp4(file, size)
            if head.startswith(b"RIFF"):
                return _compare(_riff_end(file, size), size)
            if head.startswith(b"GIF8"):
                file.seek(max(size - 4096, 0))
                return Completeness.WHOLE if file.read().rstrip(b"\0").endswith(b";") else Completeness.CUT
    except OSError:
        return Completeness.UNKNOWN
    if head.startswith(_EBML_HEADER):
        return _compare(_matroska_end(head), size)
    if head.startswith(_ASF_HEADER):
        at = head.find(_ASF_FILE_PROPERTIES)
        return _compare(_unpack("<Q", head, at + 40) if at >= 0 else None, size)
    if head.startswith(b"FLV"):
        at = head.find(b"filesize\0")
        stated = _unpack(">d", head, at + 9) if at >= 0 else None
        return _compare(int(stated) if stated is not None and 0 < stated < 2**53 else None, size)
    return Completeness.UNKNOWN


def _compare(stated: int | float | None, size: int) -> Completeness:
    if not stated:
        return Completeness.UNKNOWN
    return Completeness.CUT if stated > size else Completeness.WHOLE


def _unpack(form: str, data: bytes, at: int) -> int | float | None:
    if at < 0 or at + struct.calcsize(form) > len(data):
        return None
    value: int | float = struct.unpack_from(form, data, at)[0]
    return value


def _mp4(file: BinaryIO, size: int) -> Completeness:
    at = 0
    has_index = False
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
        if not whole:
            return Completeness.CUT if has_index else Completeness.NO_INDEX
        at += length
    return Completeness.WHOLE if has_index else Completeness.NO_INDEX


def _riff_end(file: BinaryIO, size: int) -> int | None:
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
    read = _ebml_size(head, 4)
    if read is None or read[0] is None:
        return None
    at = read[1] + read[0]
    if head[at : at + 4] != _MATROSKA_SEGMENT:
        return None
    segment = _ebml_size(head, at + 4)
    if segment is None or segment[0] is None:
        return None
    return segment[1] + segment[0]


def _ebml_size(data: bytes, at: int) -> tuple[int | None, int] | None:
    """Return (size or None for "unknown", position after it), or None if there is no size at `at`."""
    if at >= len(data) or data[at] == 0:
        return None
    width = 9 - data[at].bit_length()
    if at + width > len(data):
        return None
    value = int.from_bytes(data[at : at + width], "big") & ((1 << (7 * width)) - 1)
    return (None if value == (1 << (7 * width)) - 1 else value), at + width


A_PICTURE = "a picture"
A_TEXT_FILE = "a text file"
A_SOUND_FILE = "a sound file"
A_PLAYLIST = "a playlist"
A_SESSION = "a description of a stream"
A_HEIC_PICTURE = "a picture of the kind HEIC, which this program cannot read"
AN_EXR_PICTURE = "a picture of the kind OpenEXR, which this program cannot read"
A_JPEG_XL_PICTURE = "a picture of the kind JPEG XL, which this program cannot read"
UNREADABLE_PICTURES = frozenset({A_HEIC_PICTURE, AN_EXR_PICTURE, A_JPEG_XL_PICTURE})
ARCHIVES = frozenset({"a zip archive or an office document", "an archive", "a compressed file"})

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"\xff\xd8\xff", A_PICTURE),
    (b"\x89PNG", A_PICTURE),
    (b"II*\0", A_PICTURE),
    (b"MM\0*", A_PICTURE),
    (b"\0\0\0\x0cjP  ", A_PICTURE),
    (b"#?RADIANCE", A_PICTURE),
    (b"\x59\xa6\x6a\x95", A_PICTURE),
    (b"\x76\x2f\x31\x01", AN_EXR_PICTURE),
    (b"\xff\x0a", A_JPEG_XL_PICTURE),
    (b"\0\0\0\x0cJXL ", A_JPEG_XL_PICTURE),
    (b"ID3", A_SOUND_FILE),
    (b"fLaC", A_SOUND_FILE),
    (b"MAC ", A_SOUND_FILE),
    (b"wvpk", A_SOUND_FILE),
    (b"DSD ", A_SOUND_FILE),
    (b"MPCK", A_SOUND_FILE),
    (b"TTA1", A_SOUND_FILE),
    (b"YUV4MPEG2", ""),
    (b"#EXTM3U", A_PLAYLIST),
    (b"\xef\xbb\xbf#EXTM3U", A_PLAYLIST),
    (b"v=0\n", A_SESSION),
    (b"v=0\r", A_SESSION),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"Rar!", "an archive"),
    (b"7z\xbc\xaf", "an archive"),
    (b"\x1f\x8b", "a compressed file"),
)
_BRANDS: dict[bytes, str] = {
    b"avif": A_PICTURE,
    b"avis": A_PICTURE,
    b"heic": A_HEIC_PICTURE,
    b"heix": A_HEIC_PICTURE,
    b"hevc": A_HEIC_PICTURE,
    b"hevx": A_HEIC_PICTURE,
    b"heim": A_HEIC_PICTURE,
    b"mif1": A_HEIC_PICTURE,
    b"msf1": A_HEIC_PICTURE,
    b"M4A ": A_SOUND_FILE,
    b"M4B ": A_SOUND_FILE,
}
_ASF_VIDEO = bytes.fromhex("c0ef19bc4d5bcf11a8fd00805f5c442b")
_OGG_VIDEO = (b"\x80theora", b"\x01video", b"BBCD\0", b"OVP80", b"\x80daala")


def looks_like(path: Path) -> str:
    """Say in words what a file seems to be by its first bytes; "" for a video, for what is not known, and for nothing.

    Signatures come before the test for text: some formats begin with letters.
    """
    try:
        with open_regular(path) as file:
            return looks_like_bytes(file.read(_HEAD_BYTES))
    except OSError:
        return ""


def looks_like_bytes(head: bytes) -> str:
    """Say in words what begins with these bytes; see `looks_like`."""
    for signature, words in _SIGNATURES:
        if head.startswith(signature):
            return words
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return A_SOUND_FILE
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return A_SOUND_FILE
    if head.startswith(b"OggS") and not any(mark in head[:4096] for mark in _OGG_VIDEO):
        return A_SOUND_FILE
    if head.startswith(_ASF_HEADER) and _ASF_VIDEO not in head:
        return A_SOUND_FILE
    if (head[:4] == b"RIFF" and head[8:12] == b"WEBP") or (head[:2] == b"BM" and head[6:10] == bytes(4)):
        return A_PICTURE
    if len(head) > 3 and head[:1] == b"P" and head[1:2] in b"123456" and head[2:3] in b"\n\r\t #":
        return A_PICTURE
    try:
        text = head[:512].decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return A_TEXT_FILE if text and all(c.isprintable() or c in "\r\n\t" for c in text) else ""


def _by_brand(head: bytes) -> str:
    size = min(int.from_bytes(head[:4], "big"), 256, len(head))
    major = _BRANDS.get(head[8:12], "")
    if major == A_HEIC_PICTURE and head[8:12] in (b"mif1", b"msf1"):
        # The general brand: the codec's own comes among the compatible ones.
        brands = {head[at : at + 4] for at in range(16, size, 4)}
        return A_PICTURE if brands & {b"avif", b"avis"} else A_HEIC_PICTURE
    return major


def home_expanded(text: str) -> Path:
    """Return the path that a text names, `~` and `~user` replaced; as it stands where there is no such user."""
    try:
        return Path(text).expanduser()
    except (RuntimeError, ValueError):
        return Path(text)


def exists(path: Path) -> bool:
    """Tell whether something lies at `path`; a name that no file system takes (too long) is nothing."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """Tell whether a regular file lies at `path`; no pipe, device or folder, and False for an impossible name."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Tell whether `path` is a folder, False also for a name that no file system takes."""
    return exists(path) and path.is_dir()


def missing_file(path: Path) -> SourceError:
    """Return the error for a file that is not there; the drive is suspected only where its folder is gone, too."""
    folder = path.parent
    shown = printable(str(folder))
    if is_folder(folder):
        remedy = f"Check its name: the folder {printable(str(folder.absolute()))} is there, but no such file is in it."
    else:
        remedy = f"Check its name, and that the drive it lies on is connected: there is no folder {shown} either."
    return SourceError(f"The file “{printable(path.name)}” does not exist.", remedy)


def is_readable(path: Path) -> bool:
    """Tell whether this user may read the file. On Windows `os.access` is not to be trusted, so it is opened."""
    if not os.access(path, os.R_OK):
        return False
    try:
        with open_regular(path):
            return True
    except PermissionError:
        return False
    except OSError:
        return True
