"""What a file is by its first bytes, and whether it is there at all."""

from __future__ import annotations

import os
from pathlib import Path

from desktop_app.errors import SourceError
from desktop_app.system.plain_text import printable
from desktop_app.system.safe_file import open_regular

_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_HEAD_BYTES = 65536


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
