"""Whether the last piece of a file is whole, for containers that state their length nowhere.

Transport and program streams, Ogg, recordings that were never finished and raw video can end after each piece: a
packet, a page, a block. A copy that was interrupted ends within one, nearly always. A file that ends between two pieces
may be whole or not; that cannot be told.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Protocol


class Bytes(Protocol):
    """A file, or what can be read like one."""

    def seek(self, at: int, /) -> object: ...

    def read(self, count: int = -1, /) -> bytes: ...


EBML_HEADER = b"\x1a\x45\xdf\xa3"
MATROSKA_SEGMENT = b"\x18\x53\x80\x67"

_CLUSTER = b"\x1f\x43\xb6\x75"
_MXF_HEADER = bytes.fromhex("060e2b34020501010d010201010200")[:13]
_TAIL_BYTES = 2**20
_MOST_PIECES = 2_000_000
_TS_SIZES = ((188, 0), (192, 4), (204, 0))
"""Bytes of a transport packet, and of those that stand before its first one (ISO/IEC 13818-1; M2TS; with Reed-Solomon
code)."""
_REAL_MEDIA_ERROR = 64
"""Some programs count the heads of pieces twice when they state the length of a RealMedia file."""
_DV_BYTES = {0: 120_000, 1: 144_000}
_Y4M_CHROMA = {"420": (2, 2), "422": (2, 1), "411": (4, 1), "410": (4, 4), "444": (1, 1)}


def is_last_piece_cut(file: Bytes, head: bytes, size: int) -> bool:
    """Tell whether a file of `size` bytes that begins with `head` ends within a piece. False where that is not known.

    Raises OSError, struct.error, IndexError or ValueError where the structure cannot be followed.
    """
    for begins, check in _CHECKS:
        if begins(head):
            return check(file, head, size)
    if head.startswith(b"\0\0\1\xba"):
        return _program_stream(file, head, size)
    return _transport_stream(file, head, size)


def ebml_size(data: bytes, at: int) -> tuple[int | None, int] | None:
    """Return (size or None for "unknown", position after it), or None if there is no size at `at`."""
    if at >= len(data) or data[at] == 0:
        return None
    width = 9 - data[at].bit_length()
    if at + width > len(data):
        return None
    value = int.from_bytes(data[at : at + width], "big") & ((1 << (7 * width)) - 1)
    return (None if value == (1 << (7 * width)) - 1 else value), at + width


def _tail(file: Bytes, size: int) -> tuple[bytes, int]:
    """Return the last bytes of a file and the place where they begin."""
    start = max(0, size - _TAIL_BYTES)
    file.seek(start)
    return file.read(_TAIL_BYTES), start


def _transport_stream(file: Bytes, head: bytes, size: int) -> bool:
    for packet, before in _TS_SIZES:
        for first in range(before, before + packet):
            syncs = head[first : first + 16 * packet : packet]
            if len(syncs) < 4 or syncs.strip(b"G"):  # the letter is 0x47, with which each packet begins
                continue
            over = (size - first + before) % packet
            file.seek(size - over - packet + before)
            last = file.read(packet + over - before)
            follows = last[packet : packet + 1]
            return over > 0 and last[:1] == b"G" and follows in (b"G", b"")
    return False


def _program_stream(file: Bytes, _head: bytes, size: int) -> bool:
    data, _ = _tail(file, size)
    at = data.rfind(b"\0\0\1\xba")
    if at < 0:
        return False
    while at + 4 <= len(data):
        code = data[at : at + 4]
        if code[:3] != b"\0\0\1" or code[3] == 0xB9:
            return False
        if code[3] == 0xBA:
            if at + 14 > len(data):
                return True
            at += 14 + (data[at + 13] & 7) if data[at + 4] >> 6 == 1 else 12
        elif code[3] < 0xBB:
            return False
        elif at + 6 > len(data):
            return True
        else:
            at += 6 + int.from_bytes(data[at + 4 : at + 6], "big")
    rest = data[at:]
    return at > len(data) or (bool(rest) and b"\0\0\1".startswith(rest[:3]))


def _ogg(file: Bytes, _head: bytes, size: int) -> bool:
    data, _ = _tail(file, size)
    at = data.rfind(b"OggS")
    if at < 0:
        return False
    if at + 27 > len(data) or at + 27 + data[at + 26] > len(data):
        return True
    segments = data[at + 26]
    return at + 27 + segments + sum(data[at + 27 : at + 27 + segments]) > len(data)


def _flv(file: Bytes, _head: bytes, size: int) -> bool:
    file.seek(max(0, size - 4))
    before = int.from_bytes(file.read(4), "big")  # each tag is followed by its own size
    if not 11 <= before <= size - 17:
        return before != 0
    file.seek(size - 4 - before)
    tag = file.read(4)
    return tag[0] & 31 not in (8, 9, 18) or int.from_bytes(tag[1:4], "big") + 11 != before


def _ivf(file: Bytes, head: bytes, size: int) -> bool:
    at = int.from_bytes(head[6:8], "little")
    return _hop(file, at, size, 12, lambda header: int.from_bytes(header[:4], "little"))


def _hop(file: Bytes, at: int, size: int, header_bytes: int, length: Callable[[bytes], int]) -> bool:
    """Go from piece to piece, each a header and as many bytes as `length` reads from it; whether the last is cut."""
    for _ in range(_MOST_PIECES):
        if at >= size:
            return at > size
        file.seek(at)
        header = file.read(header_bytes)
        if len(header) < header_bytes:
            return True
        at += header_bytes + length(header)
    return False


def _real_media(file: Bytes, head: bytes, size: int) -> bool:
    at = 0
    while at + 10 <= len(head):
        name, length = struct.unpack_from(">4sI", head, at)
        if name == b"DATA":
            return bool(at + length > size + _REAL_MEDIA_ERROR)
        if length < 8:
            return False
        at += length
    return False


def _matroska(file: Bytes, head: bytes, size: int) -> bool:
    """Go from cluster to cluster of a recording that was never finished, and within those from block to block."""
    at = (ebml_size(head, 4) or (0, 0))[1] + ((ebml_size(head, 4) or (0, 0))[0] or 0)
    if head[at : at + 4] != MATROSKA_SEGMENT or (segment := ebml_size(head, at + 4)) is None:
        return False
    at = segment[1]
    for _ in range(_MOST_PIECES):
        if at >= size:
            return at > size
        file.seek(at)
        header = file.read(16)
        width = 9 - header[0].bit_length() if header[0] else 9
        if width > 4:
            return False
        name, read = header[:width], ebml_size(header, width)
        if read is None:
            return len(header) < width + 8
        length, after = read
        if length is None and name != _CLUSTER:
            return False
        at += after + (length or 0)
    return False


def _mxf(file: Bytes, head: bytes, size: int) -> bool:
    """Whether the footer lies beyond the end (SMPTE ST 377-1, 7.1: the partition pack)."""
    at = 16
    at += 1 + (head[at] & 127 if head[at] & 128 else 0)
    return int.from_bytes(head[at + 24 : at + 32], "big") > size


def _dv(file: Bytes, head: bytes, size: int) -> bool:
    return size % _DV_BYTES[head[3] >> 7] != 0


def _jpegs(file: Bytes, _head: bytes, size: int) -> bool:
    data, _ = _tail(file, size)
    return data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xd8\xff")


def _obus(file: Bytes, _head: bytes, size: int) -> bool:
    """Go from unit to unit of an AV1 stream (AV1 specification, 5.3: a header, the size as leb128, so many bytes)."""
    at = 0
    for _ in range(_MOST_PIECES):
        if at >= size:
            return at > size
        file.seek(at)
        unit = file.read(10)
        if unit[0] & 0x82 != 2:  # a unit that states no size, or none at all
            return False
        at += 2 if unit[0] & 4 else 1
        length = 0
        for number, byte in enumerate(unit[2 if unit[0] & 4 else 1 :]):
            length |= (byte & 127) << (7 * number)
            at += 1
            if byte < 128:
                break
        else:
            return len(unit) < 10
        at += length
    return False


def _y4m(file: Bytes, head: bytes, size: int) -> bool:
    header, _, _ = head.partition(b"\n")
    facts = {word[:1]: word[1:] for word in header.decode("ascii", "replace").split(" ")[1:]}
    width, height, kind = int(facts.get("W", "0")), int(facts.get("H", "0")), facts.get("C", "420jpeg")
    deep = 2 if re.search(r"(\dp|mono)(9|1\d)", kind) else 1
    over, down = _Y4M_CHROMA.get(kind[:3], (0, 0))
    planes = width * height
    if over:
        planes += 2 * -(-width // over) * -(-height // down)
    elif not kind.startswith("mono"):
        return False
    if kind.startswith("444alpha"):
        planes += width * height
    marker = head.partition(b"\n")[2].partition(b"\n")[0]
    if not planes or marker != b"FRAME":
        return False
    return (size - len(header) - 1) % (planes * deep + 6) != 0


_CHECKS: tuple[tuple[Callable[[bytes], bool], Callable[[Bytes, bytes, int], bool]], ...] = (
    (lambda head: head.startswith(EBML_HEADER), _matroska),
    (lambda head: head.startswith(b"OggS"), _ogg),
    (lambda head: head.startswith(b"FLV"), _flv),
    (lambda head: head.startswith(b"DKIF"), _ivf),
    (lambda head: head.startswith(b".RMF"), _real_media),
    (lambda head: head.startswith(_MXF_HEADER), _mxf),
    (lambda head: head.startswith(b"YUV4MPEG2 "), _y4m),
    (lambda head: head.startswith(b"\xff\xd8\xff"), _jpegs),
    (lambda head: head[:3] == b"\x1f\x07\x00", _dv),
    (lambda head: head[:2] == b"\x12\x00", _obus),
)
