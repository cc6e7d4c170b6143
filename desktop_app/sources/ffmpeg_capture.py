"""The videos whose pictures OpenCV does not give, decoded by the FFmpeg that comes with OpenCV, called directly.

Interlaced ones: since 4.13 OpenCV has FFmpeg 8 convert each picture into one that is not marked as interlaced; FFmpeg
refuses that (`sws_frame_setup`), and OpenCV gives what lay in the memory: black, or the picture before. Recordings of
television, DV and AVCHD cameras and many digital video recorders are interlaced. And those that are not the first one
in their file: OpenCV takes the first, be it a preview.

`open_instead` knows the layout of FFmpeg's structures for one version of it. It gives None for any other, and where
FFmpeg's functions cannot be found (Windows): OpenCV's own capture is then what there is.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.sources.base import MOST_PIXELS
from desktop_app.sources.ffmpeg_options import VARIABLE, ffmpeg_options
from desktop_app.sources.tracks import Track, best_video

_VERSIONS = {"avformat_version": 62, "avcodec_version": 62, "avutil_version": 60, "swscale_version": 9}
"""FFmpeg 8. A library's major version stands for the layout of its structures."""

# Offsets in bytes within AVFormatContext, AVStream, AVCodecParameters, AVPacket and AVFrame.
_STREAM_COUNT, _STREAMS = 44, 48
_INDEX, _PARAMETERS, _TIME_BASE, _START_TIME, _PICTURES, _DISPOSITION = 8, 16, 32, 40, 56, 64
_ASPECT, _RATE = 72, 88
_KIND, _CODED_WIDTH, _CODED_HEIGHT = 0, 72, 76
_PACKET_SIZE, _STREAM_INDEX = 32, 36
_LINE_SIZES, _WIDTH, _HEIGHT, _PIXEL_FORMAT, _FLAGS, _TIME = 64, 104, 108, 116, 276, 304

_INTERLACED = 1 << 3
_ATTACHED_PICTURE = 1 << 10
_VIDEO, _BGR24, _BICUBIC, _BACKWARD = 0, 3, 4, 1
_UNKNOWN_TIME = -(2**63)
_MORE_WANTED = -errno.EAGAIN

_LOOKED_AT = 4
"""How many pictures are decoded to see whether a video is interlaced."""

_NEVER_INTERLACED = (b"vp80", b"vp90", b"vp08", b"vp09", b"av01", b"gif ", b"gif\0")
"""Codecs (as OpenCV names them, in small letters) that know no fields: no picture has to be decoded to see it."""

_MOST_PACKETS = 4096
"""So many packets may bring no picture before that counts as damage, as with OpenCV: else a file whose video cannot be
decoded would be read to its end to be opened."""

_BLEND = np.array([0.25, 0.5, 0.25], np.float32)
"""Each line with its two neighbours, which are of the other field: what moves is doubled softly instead of combed."""


class _Picture:
    """One AVFrame, reused for every picture."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.pointer = ctypes.c_void_p(library.av_frame_alloc())
        if not self.pointer:
            raise MemoryError("FFmpeg has no memory for a picture")

    def _number(self, offset: int) -> int:
        return ctypes.c_int.from_address(self.pointer.value + offset).value if self.pointer.value else 0

    @property
    def is_interlaced(self) -> bool:
        return bool(self._number(_FLAGS) & _INTERLACED)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Width, height and pixel format."""
        return self._number(_WIDTH), self._number(_HEIGHT), self._number(_PIXEL_FORMAT)

    @property
    def time(self) -> int:
        return ctypes.c_int64.from_address(self.pointer.value + _TIME).value if self.pointer.value else _UNKNOWN_TIME

    @property
    def line_sizes(self) -> ctypes.c_void_p:
        return ctypes.c_void_p(self.pointer.value + _LINE_SIZES if self.pointer.value else None)


class FfmpegCapture:
    """The part of `cv2.VideoCapture` that the sources use (`capture.Capture`), for the largest video of a file.

    What is known of the file as a whole comes from `inside`, OpenCV's own capture of it; the pictures do not. Of
    interlaced ones the fields are blended. Not thread-safe, as little as `inside`.
    """

    def __init__(self, library: ctypes.CDLL, target: str, inside: cv2.VideoCapture, *, is_glance: bool = False) -> None:
        """With `is_glance` only the kind of the pictures is right, until a search: they are decoded at less cost."""
        self._library = library
        self._target = target
        self._options = os.environ.get(VARIABLE, "")
        self._inside = inside
        self._format = ctypes.c_void_p()
        self._decoder = ctypes.c_void_p()
        self._packet = ctypes.c_void_p(library.av_packet_alloc())
        self._scaler: int | None = None
        self._is_open = False
        self._is_glance = is_glance
        self._stamp_s = 0.0
        self._picture = _Picture(library)
        self.is_first = True
        """Whether the video is the first one of its file, which `inside` describes."""
        self._facts: dict[int, float] = {}
        self._is_open = self._open()

    @property
    def can_read(self) -> bool:
        """Whether FFmpeg could open the file, whatever OpenCV did."""
        return self._is_open

    def isOpened(self) -> bool:
        return self._is_open and bool(self._inside.isOpened())

    @property
    def is_interlaced(self) -> bool:
        """Whether the picture that was grabbed is interlaced."""
        return self._picture.is_interlaced

    def grab(self) -> bool:
        if not self._is_open or not self._decode():
            return False
        if self._picture.time != _UNKNOWN_TIME:
            self._stamp_s = (self._picture.time - self._start) * self._time_base
        return True

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]:
        width, height, pixel_format = self._picture.shape
        library = self._library
        # FFmpeg ends the process if it is to convert a kind of pixel that it cannot.
        if not self._is_open or width <= 0 or height <= 0 or library.sws_isSupportedInput(pixel_format) <= 0:
            return False, np.empty((0, 0, 3), np.uint8)
        self._scaler = library.sws_getCachedContext(
            self._scaler, width, height, pixel_format, width, height, _BGR24, _BICUBIC, None, None, None
        )
        if not self._scaler:
            return False, np.empty((0, 0, 3), np.uint8)
        # FFmpeg writes whole vectors: each line has room behind it.
        line = -(-width * 3 // 64) * 64 + 64
        memory = np.zeros((height, line), np.uint8)
        planes = (ctypes.c_void_p * 4)(memory.ctypes.data)
        lines = (ctypes.c_int * 4)(line)
        done = library.sws_scale(
            self._scaler, self._picture.pointer, self._picture.line_sizes, 0, height, planes, lines
        )
        if done != height:
            return False, np.empty((0, 0, 3), np.uint8)
        image = np.ascontiguousarray(memory[:, : width * 3].reshape(height, width, 3))
        if self._picture.is_interlaced:
            image = cv2.sepFilter2D(image, -1, np.ones(1, np.float32), _BLEND)  # type: ignore[assignment]
        return True, image

    def get(self, propId: int) -> float:
        if propId == cv2.CAP_PROP_POS_MSEC:
            return self._stamp_s * 1000.0
        if not self.is_first and propId in self._facts:
            return self._facts[propId]
        return float(self._inside.get(propId))

    def set(self, propId: int, value: float) -> bool:
        """Set a property. A search lands at a key picture near the place, and at the first picture for 0."""
        if propId != cv2.CAP_PROP_POS_MSEC or not self._is_open:
            return bool(self._inside.set(propId, value))
        if value <= 0 or self._is_glance:  # a search for the first picture may land behind it
            self._close()
            self._is_glance = False
            self._is_open = self._open()
            if value <= 0 or not self._is_open:
                return self._is_open
        place = self._start + int(value / 1000.0 / self._time_base)
        if self._library.av_seek_frame(self._format, self._stream, ctypes.c_int64(place), _BACKWARD) < 0:
            return False
        self._library.avcodec_flush_buffers(self._decoder)
        return True

    def release(self) -> None:
        self._inside.release()
        self.detach()

    def detach(self) -> None:
        """Give back all but `inside`."""
        self._is_open = False
        self._close()
        library = self._library
        library.sws_freeContext(self._scaler)
        self._scaler = None
        library.av_packet_free(ctypes.byref(self._packet))
        library.av_frame_free(ctypes.byref(self._picture.pointer))

    def __del__(self) -> None:
        if hasattr(self, "_picture"):
            self.detach()

    def _close(self) -> None:
        self._library.avcodec_free_context(ctypes.byref(self._decoder))
        self._library.avformat_close_input(ctypes.byref(self._format))

    def _open(self) -> bool:
        library = self._library
        options = ctypes.c_void_p()
        library.av_dict_parse_string(ctypes.byref(options), self._options.encode(), b";", b"|", 0)
        target = self._target.encode()
        opened = library.avformat_open_input(ctypes.byref(self._format), target, None, ctypes.byref(options))
        library.av_dict_free(ctypes.byref(options))
        if opened < 0 or library.avformat_find_stream_info(self._format, None) < 0:
            return False
        return self._choose()

    def _choose(self) -> bool:
        """Choose the video and open its decoder."""
        library, codec = self._library, ctypes.c_void_p()
        context = int(self._format.value or 0)
        found: list[tuple[int, int, ctypes.c_void_p]] = []
        videos: list[Track] = []
        for number in range(ctypes.c_uint.from_address(context + _STREAM_COUNT).value):
            if library.av_find_best_stream(self._format, _VIDEO, number, -1, ctypes.byref(codec), 0) != number:
                continue
            table = ctypes.c_void_p.from_address(context + _STREAMS).value or 0
            stream = ctypes.c_void_p.from_address(table + 8 * number).value or 0
            parameters = ctypes.c_void_p.from_address(stream + _PARAMETERS).value or 0
            index, kind = (ctypes.c_int.from_address(at).value for at in (stream + _INDEX, parameters + _KIND))
            if (index, kind) != (number, _VIDEO):  # the layout is not the one known here
                return False
            width, height = (ctypes.c_int.from_address(parameters + at).value for at in (_CODED_WIDTH, _CODED_HEIGHT))
            pictures = max(0, ctypes.c_int64.from_address(stream + _PICTURES).value)
            if ctypes.c_int.from_address(stream + _DISPOSITION).value & _ATTACHED_PICTURE:
                pictures = 1
            found.append((number, stream, ctypes.c_void_p(codec.value)))
            videos.append(Track("video", (number, b""), width=width, height=height, pictures=pictures))
        if not videos:
            return False
        best = videos.index(best_video(videos))
        self.is_first = best == 0
        if not self.is_first:
            self._facts = self._facts_of(videos[best], found[best][1])
        return self._open_decoder(*found[best])

    def _facts_of(self, video: Track, stream: int) -> dict[int, float]:
        over, under, frames, seconds = (
            ctypes.c_int.from_address(stream + at).value for at in (_ASPECT, _ASPECT + 4, _RATE, _RATE + 4)
        )
        fps = frames / seconds if seconds else 0.0
        other_fps = float(self._inside.get(cv2.CAP_PROP_FPS))
        other_s = self._inside.get(cv2.CAP_PROP_FRAME_COUNT) / other_fps if other_fps else 0.0
        return {
            cv2.CAP_PROP_FRAME_WIDTH: video.width,
            cv2.CAP_PROP_FRAME_HEIGHT: video.height,
            cv2.CAP_PROP_SAR_NUM: over,
            cv2.CAP_PROP_SAR_DEN: under,
            cv2.CAP_PROP_FPS: fps,
            cv2.CAP_PROP_FRAME_COUNT: video.pictures or other_s * fps,
            cv2.CAP_PROP_FOURCC: 0.0,
            cv2.CAP_PROP_ORIENTATION_META: 0.0,
        }

    def _open_decoder(self, number: int, stream: int, codec: ctypes.c_void_p) -> bool:
        library = self._library
        over, under = (ctypes.c_int.from_address(stream + _TIME_BASE + at).value for at in (0, 4))
        start = ctypes.c_int64.from_address(stream + _START_TIME).value
        self._stream, self._time_base = number, over / under if under else 0.0
        self._start = 0 if start == _UNKNOWN_TIME else start
        self._decoder.value = library.avcodec_alloc_context3(codec)
        parameters = ctypes.c_void_p.from_address(stream + _PARAMETERS)
        if (
            self._time_base <= 0
            or not self._decoder
            or library.avcodec_parameters_to_context(self._decoder, parameters) < 0
        ):
            return False
        wanted = {b"threads": b"auto", b"max_pixels": str(MOST_PIXELS).encode()}
        if self._is_glance:
            wanted |= {b"threads": b"1", b"skip_loop_filter": b"all", b"skip_idct": b"all"}
        for name, value in wanted.items():
            library.av_opt_set(self._decoder, name, value, 0)
        return bool(library.avcodec_open2(self._decoder, codec, None) >= 0)

    def _decode(self) -> bool:
        library = self._library
        for _ in range(_MOST_PACKETS):
            got = library.avcodec_receive_frame(self._decoder, self._picture.pointer)
            if got >= 0:
                return True
            if got != _MORE_WANTED:
                return False
            if library.av_read_frame(self._format, self._packet) < 0:
                library.avcodec_send_packet(self._decoder, None)  # gives what the decoder held back
                continue
            address = int(self._packet.value or 0) + _STREAM_INDEX
            if ctypes.c_int.from_address(address).value == self._stream:
                library.avcodec_send_packet(self._decoder, self._packet)  # a damaged one is passed over
            library.av_packet_unref(self._packet)
        return False

    def packet_bytes(self, enough: float, is_cancelled: Callable[[], bool]) -> int:
        """Return how many bytes the packets of all tracks have that are still to come, counted until it is `enough`."""
        total, packet = 0, int(self._packet.value or 0)
        while total < enough and not is_cancelled() and self._library.av_read_frame(self._format, self._packet) >= 0:
            total += ctypes.c_int.from_address(packet + _PACKET_SIZE).value
            self._library.av_packet_unref(self._packet)
        return total


@cache
def _library() -> ctypes.CDLL | None:
    """Return OpenCV's own FFmpeg, None where it cannot be called or is of a version that is not known here."""
    for path in sorted(Path(cv2.__file__).parent.glob("cv2*.so")):
        try:
            return _checked(ctypes.CDLL(str(path)))
        except (OSError, AttributeError):
            return None
    return None


def _checked(library: ctypes.CDLL) -> ctypes.CDLL | None:
    """Return the library with the types of its functions, None if its structures are not laid out as known here.

    Raises AttributeError where a function is missing.
    """
    if ctypes.sizeof(ctypes.c_void_p) != 8:
        return None
    if any(getattr(library, name)() >> 16 != major for name, major in _VERSIONS.items()):
        return None
    for name in ("av_frame_alloc", "av_packet_alloc", "avcodec_alloc_context3", "sws_getCachedContext"):
        getattr(library, name).restype = ctypes.c_void_p
    library.sws_getCachedContext.argtypes = [ctypes.c_void_p, *[ctypes.c_int] * 7, *[ctypes.c_void_p] * 3]
    library.sws_scale.argtypes = [*[ctypes.c_void_p] * 3, ctypes.c_int, ctypes.c_int, *[ctypes.c_void_p] * 2]
    library.sws_freeContext.argtypes = [ctypes.c_void_p]
    picture = _Picture(library)
    is_known = picture.shape == (0, 0, -1) and picture.time == _UNKNOWN_TIME and not picture.is_interlaced
    library.av_frame_free(ctypes.byref(picture.pointer))
    return library if is_known else None


def open_instead(target: str, inside: cv2.VideoCapture) -> FfmpegCapture | None:
    """Return a capture of a file that was opened as `inside` if OpenCV does not give its pictures; None if it does.

    FFmpeg's options must be in the environment, as for OpenCV (`ffmpeg_options`).
    """
    library = _library()
    if library is None:
        return None
    capture = FfmpegCapture(library, target, inside, is_glance=True)
    if capture.isOpened() and (not capture.is_first or _is_interlaced(capture)):
        capture.set(cv2.CAP_PROP_POS_MSEC, 0.0)
        return capture
    capture.detach()
    return None


def _is_interlaced(capture: FfmpegCapture) -> bool:
    codec = struct.pack("<I", int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF).lower()
    if codec in _NEVER_INTERLACED:
        return False
    return any(capture.grab() and capture.is_interlaced for _ in range(_LOOKED_AT))


def unread_share(target: str, size: int, most: float, is_cancelled: Callable[[], bool] = lambda: False) -> float:
    """Return which share of a file of `size` bytes is in none of its packets, 0.0 where that cannot be told.

    A tenth or less is usual; more is damage at which the reading ended. Reads the file until it is clear that the share
    is at most `most`, so all of a damaged one; `is_cancelled` is asked at each packet and ends it with 0.0.
    """
    library = _library()
    if library is None or size <= 0:
        return 0.0
    with ffmpeg_options(target):
        capture = FfmpegCapture(library, target, cv2.VideoCapture())
    try:
        read = capture.packet_bytes((1.0 - most) * size, is_cancelled) if capture.can_read else size
        return 0.0 if is_cancelled() else 1.0 - min(1.0, read / size)
    finally:
        capture.release()
