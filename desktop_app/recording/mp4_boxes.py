"""The boxes of which an MP4 file consists (ISO/IEC 14496-12): read from bytes and made."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence


def read_boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Return (kind, content) of each box, as far as they are whole."""
    at = 0
    while at + 8 <= len(content):
        size, kind = struct.unpack_from(">I4s", content, at)
        head = 8
        if size == 1 and at + 16 <= len(content):
            size, head = struct.unpack_from(">Q", content, at + 8)[0], 16
        if size < head or at + size > len(content):
            return
        yield kind, content[at + head : at + size]
        at += size


def first_box(content: bytes, wanted: bytes) -> bytes | None:
    """Return the content of the first box of a kind, None without one."""
    return next((body for kind, body in read_boxes(content) if kind == wanted), None)


def only_box(content: bytes, wanted: bytes) -> bytes:
    """Return the content of the first box of a kind. Raises LookupError without one."""
    found = first_box(content, wanted)
    if found is None:
        raise LookupError(wanted.decode("latin-1"))
    return found


def inner_box(content: bytes, names: Sequence[bytes]) -> bytes:
    """Return the content of a box within boxes. Raises LookupError where one of them is missing."""
    for name in names:
        content = only_box(content, name)
    return content


def make_box(kind: bytes, *bodies: bytes) -> bytes:
    """Return a box of a kind with these contents."""
    body = b"".join(bodies)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def full_box(kind: bytes, body: bytes, version: int = 0, flags: int = 0) -> bytes:
    """Return a box that begins with a version and flags, as many kinds do."""
    return make_box(kind, struct.pack(">I", version << 24 | flags), body)
