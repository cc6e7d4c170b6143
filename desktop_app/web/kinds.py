"""What was sent: told by its first bytes and its name, which is made harmless."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

from desktop_app.sources.containers import A_PICTURE, looks_like_bytes
from desktop_app.sources.picture_file import UNREADABLE_PICTURE_SUFFIXES
from desktop_app.sources.pictures import PICTURE_SUFFIXES
from desktop_app.sources.video_file import VIDEO_SUFFIXES
from desktop_app.system.plain_text import printable

HEAD_BYTES = 65536
"""So much of a file says of what kind it is."""


class ItemKind(StrEnum):
    PICTURE = "picture"
    VIDEO = "video"
    ADDRESS = "address"
    RECOUNT = "recount"


_READ_SUFFIXES = PICTURE_SUFFIXES | UNREADABLE_PICTURE_SUFFIXES | VIDEO_SUFFIXES


def sent_name(text: str) -> str:
    """Return a stranger's file name as it may be shown: without folders, with its own ending."""
    stem, ending = _parts(text)
    return f"{stem}.{ending}" if ending else stem


def safe_name(text: str) -> str:
    """Return a stranger's file name as one that names nothing but a file in its own folder.

    An ending that is not one of a picture or a video is none here: FFmpeg would go by some of them.
    """
    stem, ending = _parts(text)
    if not ending:
        return stem
    return f"{stem}.{ending}" if f".{ending}" in _READ_SUFFIXES else f"{stem}_{ending}"


def _parts(text: str) -> tuple[str, str]:
    name = re.split(r"[/\\]", printable(text))[-1]
    name = re.sub(r"[^\w .()+-]", "_", name).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if not dot:
        stem, ending = name, ""
    return stem.strip(" .")[:80] or "file", ending[:10].lower()


def kind_of(name: str, head: bytes) -> ItemKind:
    """Tell a picture from a video by its first bytes, else by its name."""
    what, suffix = looks_like_bytes(head), Path(name).suffix.lower()
    is_picture = suffix in PICTURE_SUFFIXES | UNREADABLE_PICTURE_SUFFIXES and suffix not in VIDEO_SUFFIXES
    if what == A_PICTURE and suffix != ".gif":
        return ItemKind.PICTURE
    return ItemKind.PICTURE if is_picture else ItemKind.VIDEO
