"""The size at which a video's pictures have to be shown: with square pixels, and with the size they have by then.

Two things that a decoder leaves to the player: pixels that are not square (television, analogue cameras), and a size
that changes within the file (a phone turned while it recorded). OpenCV gives every picture in the size of the first one
and its pixels as they are stored, so faces come squeezed, and a face squeezed far enough is judged as somebody else.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2

from desktop_app.sources.base import MOST_PIXELS
from desktop_app.sources.capture import CaptureFactory, CaptureHandle, open_capture
from desktop_app.sources.square_pixels import Size, square_size
from desktop_app.system.native_names import own_folder

_AHEAD = 64
"""By how many pictures the packets are looked at before the decoder gives them; it holds back some itself."""
_SAME_STAMP_S = 0.0015
_LOST = 8
"""How many pictures before a change may be missing (damaged ones) and the change still be found by its stamp."""
_RAW = -1
"""As `CAP_PROP_FORMAT`: the packets are wanted as they are stored, no pictures."""


class Properties(Protocol):
    """What gives a capture's properties."""

    def get(self, prop: int) -> float: ...


def pixel_aspect(capture: Properties) -> float:
    """Return how wide a stored pixel is for its height; 1.0 where the file says nothing."""
    over, under = capture.get(cv2.CAP_PROP_SAR_NUM), capture.get(cv2.CAP_PROP_SAR_DEN)
    return over / under if over > 0 and under > 0 else 1.0


def is_turned(capture: Properties) -> bool:
    """Tell whether the pictures are stored lying on their side, and given upright."""
    turned = int(capture.get(cv2.CAP_PROP_ORIENTATION_META)) % 180 == 90
    return turned and bool(capture.get(cv2.CAP_PROP_ORIENTATION_AUTO))


def shown_size(capture: Properties) -> Size:
    """Return the size at which the pictures of an opened capture have to be shown."""
    width = max(0, int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)))
    height = max(0, int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
    aspect = pixel_aspect(capture)
    return square_size(width, height, 1 / aspect if is_turned(capture) else aspect)


class SizeChanges:
    """Follows a file's packets a little ahead of the decoder and tells when the size of its pictures changes.

    The packets are read a second time, which costs microseconds a picture, and only a packet with a new header is
    looked into, by FFmpeg itself. Codecs that cannot change their size within a stream, and those that are not known
    here, never report a change.
    """

    def __init__(self, target: str, *, open_capture_with: CaptureFactory = open_capture) -> None:
        self._open_capture = open_capture_with
        self._handle = CaptureHandle(open_capture_with(target, cv2.CAP_FFMPEG, (cv2.CAP_PROP_FORMAT, _RAW)))
        self._pending: deque[tuple[int, float, Size]] = deque()
        self._packets = 0
        self._header = b""
        self._known: dict[bytes, Size | None] = {}
        self._codec = codec_of(int(self._handle.get(cv2.CAP_PROP_FOURCC)))
        self._active = self._codec is not None and self._handle.get(cv2.CAP_PROP_FORMAT) == _RAW
        self._turned = is_turned(self._handle) if self._active else False

    def at(self, picture: int, stamp_s: float) -> Size | None:
        """Return the new size if it changes with picture number `picture`, which has the stamp `stamp_s`, else None."""
        while self._active and self._packets <= picture + _AHEAD:
            self._read_packet()
        changed: Size | None = None
        while self._pending:
            packet, change_s, size = self._pending[0]
            here = abs(change_s - stamp_s) <= _SAME_STAMP_S and packet - picture <= _LOST
            if not here and picture <= packet + _AHEAD:
                break
            changed = size
            self._pending.popleft()
        return changed

    def skip_to(self, stamp_s: float) -> Size | None:
        """Go on to the packet with this stamp, after a search; return the size there, None if it never changed.

        The next picture is number 0 from here on.
        """
        size: Size | None = None
        at_s: float | None = None
        while self._active and (at_s is None or at_s < stamp_s - _SAME_STAMP_S):
            at_s = self._read_packet()
            while self._pending:
                size = self._pending.popleft()[2]
        self._packets = 0
        return size

    def close(self) -> None:
        """End it, from any thread."""
        self._active = False
        self._handle.close()

    def _read_packet(self) -> float | None:
        stamp_s = self._handle.grab()
        if stamp_s is None or self._codec is None:
            self._active = False
            return None
        self._packets += 1
        if not self._handle.get(cv2.CAP_PROP_LRF_HAS_KEY_FRAME):
            return stamp_s
        data = self._handle.packet()
        header = self._codec.header(data)
        if not header or header == self._header:
            return stamp_s
        first = not self._header
        self._header = header
        if first:  # its size is the one that the decoder began with
            return stamp_s
        key = hashlib.sha256(header).digest()
        if key not in self._known:
            self._known[key] = self._size_of(data)
        size = self._known[key]
        if size is not None:
            self._pending.append((self._packets - 1, stamp_s, size))
        return stamp_s

    def _size_of(self, packet: bytes) -> Size | None:
        """Ask FFmpeg for the size of the one picture in a packet."""
        assert self._codec is not None
        if self._codec.size is not None:
            width, height = self._codec.size(packet)
        else:
            with own_folder("size") as folder:
                path = Path(folder) / f"picture{self._codec.suffix}"
                path.write_bytes(packet)
                capture = self._open_capture(str(path), cv2.CAP_FFMPEG, ())
                try:
                    width, height = shown_size(capture) if capture.isOpened() else (0, 0)
                finally:
                    capture.release()
        if not 0 < width * height <= MOST_PIXELS:
            return None
        return (height, width) if self._turned else (width, height)


@dataclass(frozen=True, slots=True)
class Codec:
    """One codec: the bytes of a packet that change when the size does, and how the size is found.

    `size` reads it from a packet whose header has a fixed place for it; else the packet is given to FFmpeg as a file
    that ends in `suffix`.
    """

    header: Callable[[bytes], bytes]
    suffix: str = ""
    size: Callable[[bytes], Size] | None = None


def _units(data: bytes, kinds: Callable[[int], bool]) -> bytes:
    """Return the units of an Annex B byte stream (ITU-T H.264 and H.265) whose first byte `kinds` accepts."""
    starts = [match.end() for match in re.finditer(rb"\x00\x00\x01", data[:65536])]
    ends = [start - 3 for start in starts[1:]] + [len(data)]
    parts = [data[a:b] for a, b in zip(starts, ends, strict=False)]
    return b"".join(part.rstrip(b"\0") for part in parts if part and kinds(part[0]))


def _sequence_header(data: bytes) -> bytes:
    at = data[:65536].find(b"\0\0\1\xb3")  # ISO/IEC 13818-2, 6.2.2.1: 12 bits each of width and height, aspect
    return data[at + 4 : at + 8] if at >= 0 else b""


def _vp8_size(data: bytes) -> Size:
    """Read the size of a VP8 key picture (RFC 6386, 9.1)."""
    if len(data) < 10 or data[3:6] != b"\x9d\x01\x2a":
        return 0, 0
    width, height = struct.unpack_from("<HH", data, 6)
    return width & 0x3FFF, height & 0x3FFF


def _vp9_size(data: bytes) -> Size:
    """Read the size of a VP9 key picture (VP9 bitstream specification, 6.2)."""
    bits = "".join(f"{byte:08b}" for byte in data[:16])
    profile = int(bits[2:3] or "0") + 2 * int(bits[3:4] or "0")
    at = 4 + (profile == 3) + 4
    if int(bits[at : at + 24] or "0", 2) != 0x498342:
        return 0, 0
    at += 24 + (profile >= 2)
    rgb = bits[at : at + 3] == "111"
    at += 3 + (0 if rgb else 1) + ((1 if rgb else 3) if profile in (1, 3) else 0)
    if len(bits) < at + 32:
        return 0, 0
    return int(bits[at : at + 16], 2) + 1, int(bits[at + 16 : at + 32], 2) + 1


def _size_bytes(size: Callable[[bytes], Size]) -> Callable[[bytes], bytes]:
    return lambda data: struct.pack("<II", *size(data)) if any(size(data)) else b""


_H264 = Codec(lambda data: _units(data, lambda first: first & 31 == 7), ".h264")
_HEVC = Codec(lambda data: _units(data, lambda first: first >> 1 & 63 == 33), ".hevc")
_MPEG2 = Codec(_sequence_header, ".m2v")
_VP8 = Codec(_size_bytes(_vp8_size), size=_vp8_size)
_VP9 = Codec(_size_bytes(_vp9_size), size=_vp9_size)
_CODECS = {
    b"avc1": _H264, b"avc3": _H264, b"h264": _H264, b"x264": _H264, b"\x1b\0\0\0": _H264,
    b"hvc1": _HEVC, b"hev1": _HEVC, b"hevc": _HEVC, b"\x24\0\0\0": _HEVC,
    b"mpg2": _MPEG2, b"mpeg": _MPEG2, b"mp2v": _MPEG2, b"\x02\0\0\0": _MPEG2, b"\x01\0\0\0": _MPEG2,
    b"vp80": _VP8, b"vp08": _VP8, b"vp90": _VP9, b"vp09": _VP9,
}  # fmt: skip


def codec_of(fourcc: int) -> Codec | None:
    """Return how to look into the packets of a codec, None where its size cannot change or it is not known."""
    return _CODECS.get(struct.pack("<I", fourcc & 0xFFFFFFFF).lower())


def too_many_pixels(image_size: Size) -> bool:
    """Tell whether a picture of this size is larger than any camera's."""
    return image_size[0] * image_size[1] > MOST_PIXELS
