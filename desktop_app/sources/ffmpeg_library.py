"""The FFmpeg that comes with OpenCV, to be called directly: its functions, and where things lie in its structures.

The layout is known for one version. `ffmpeg_library` gives None for any other, and where FFmpeg's functions cannot be
found (Windows): OpenCV's own capture is then what there is.
"""

from __future__ import annotations

import ctypes
import errno
import os
from functools import cache
from pathlib import Path

import cv2

VERSIONS = {"avformat_version": 62, "avcodec_version": 62, "avutil_version": 60, "swscale_version": 9}
"""FFmpeg 8. A library's major version stands for the layout of its structures."""

# Offsets in bytes within AVFormatContext, AVIOContext, AVStream, AVCodecParameters, AVPacket and AVFrame.
INPUT, STREAM_COUNT, STREAMS, DURATION, ERROR_RECOGNITION, INTERRUPT, DEBUG = 32, 44, 48, 104, 212, 216, 232
INPUT_ERROR = 84
INDEX, PARAMETERS, TIME_BASE, START_TIME, LENGTH, PICTURES, DISPOSITION, DISCARD = 8, 16, 32, 40, 48, 56, 64, 68
ASPECT, RATE = 72, 88
KIND, TAG, SIDE_DATA, SIDE_DATA_COUNT, CODED_WIDTH, CODED_HEIGHT = 0, 8, 32, 40, 72, 76
PACKET_SIZE, STREAM_INDEX, PACKET_FLAGS = 32, 36, 40
DATA, LINE_SIZES, WIDTH, HEIGHT, PIXEL_FORMAT, FLAGS, TIME = 0, 64, 104, 108, 116, 276, 304

INTERLACED = 1 << 3
ATTACHED_PICTURE = 1 << 10
KEY = 1 << 0
VIDEO, SOUND, SUBTITLES, BGR24, BACKWARD, DISPLAY_MATRIX, DISCARD_ALL = 0, 1, 3, 3, 1, 5, 48
UNKNOWN_TIME = -(2**63)
TIME_UNIT = 1_000_000
MORE_WANTED = -errno.EAGAIN
END_OF_FILE = -int.from_bytes(b"EOF ", "little")

_LOG_LEVEL = "OPENCV_FFMPEG_LOGLEVEL"
_ERRORS = "16"


class Ratio(ctypes.Structure):
    """An AVRational."""

    _fields_ = (("over", ctypes.c_int), ("under", ctypes.c_int))

    @property
    def value(self) -> float:
        """The ratio, 0.0 where there is none."""
        return float(self.over / self.under) if self.under else 0.0


def number_at(address: int) -> int:
    """Return the int at an address."""
    return ctypes.c_int.from_address(address).value


def long_at(address: int) -> int:
    """Return the int64_t at an address."""
    return ctypes.c_int64.from_address(address).value


def pointer_at(address: int) -> int:
    """Return the pointer at an address, 0 for none."""
    return ctypes.c_void_p.from_address(address).value or 0


def ratio_at(address: int) -> float:
    """Return the AVRational at an address as a number, 0.0 where there is none."""
    return Ratio.from_address(address).value


class Picture:
    """One AVFrame, reused for every picture."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.pointer = ctypes.c_void_p(library.av_frame_alloc())
        if not self.pointer:
            raise MemoryError("FFmpeg has no memory for a picture")

    def _number(self, offset: int) -> int:
        return number_at(self.pointer.value + offset) if self.pointer.value else 0

    @property
    def is_interlaced(self) -> bool:
        return bool(self._number(FLAGS) & INTERLACED)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Width, height and pixel format."""
        return self._number(WIDTH), self._number(HEIGHT), self._number(PIXEL_FORMAT)

    @property
    def time(self) -> int:
        return long_at(self.pointer.value + TIME) if self.pointer.value else UNKNOWN_TIME

    @property
    def lines(self) -> tuple[int, int]:
        """Where the first line of the first plane lies, and how many bytes there are from one line to the next."""
        if not self.pointer.value:
            return 0, 0
        return pointer_at(self.pointer.value + DATA), self._number(LINE_SIZES)

    def prepare(self, width: int, height: int, pixel_format: int, *, is_interlaced: bool) -> None:
        """Say what a picture that is to be written is like."""
        at = self.pointer.value or 0
        for offset, value in ((WIDTH, width), (HEIGHT, height), (PIXEL_FORMAT, pixel_format)):
            ctypes.c_int.from_address(at + offset).value = value
        flags = ctypes.c_int.from_address(at + FLAGS)
        flags.value = (flags.value & ~INTERLACED) | (INTERLACED if is_interlaced else 0)


@cache
def ffmpeg_library() -> ctypes.CDLL | None:
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
    if any(getattr(library, name)() >> 16 != major for name, major in VERSIONS.items()):
        return None
    for name in ("av_frame_alloc", "av_packet_alloc", "avcodec_alloc_context3", "avformat_alloc_context"):
        getattr(library, name).restype = ctypes.c_void_p
    for name in ("sws_alloc_context", "av_packet_side_data_get", "av_packet_clone"):
        getattr(library, name).restype = ctypes.c_void_p
    for name in ("av_guess_frame_rate", "av_guess_sample_aspect_ratio"):
        getattr(library, name).restype = Ratio
        getattr(library, name).argtypes = [ctypes.c_void_p] * 3
    library.av_packet_side_data_get.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
    library.av_display_rotation_get.restype = ctypes.c_double
    library.av_display_rotation_get.argtypes = [ctypes.c_void_p]
    library.sws_scale_frame.argtypes = [ctypes.c_void_p] * 3
    if not (_knows_pictures(library) and _knows_formats(library)):
        return None
    # OpenCV sets the level when it first opens a video; a stream may be opened before that.
    level = os.environ.get(_LOG_LEVEL, _ERRORS)
    library.av_log_set_level(int(level) if level.lstrip("-").isdecimal() else int(_ERRORS))
    library.avformat_network_init()
    return library


def _knows_pictures(library: ctypes.CDLL) -> bool:
    picture = Picture(library)
    is_known = picture.shape == (0, 0, -1) and picture.time == UNKNOWN_TIME and not picture.is_interlaced
    library.av_frame_free(ctypes.byref(picture.pointer))
    return is_known


def _knows_formats(library: ctypes.CDLL) -> bool:
    """Whether the fields on both sides of the place for `Deadline` lie where they are expected."""
    context = ctypes.c_void_p(library.avformat_alloc_context())
    if not context:
        return False
    around = ((b"err_detect", 5, ERROR_RECOGNITION), (b"fdebug", 1, DEBUG))
    for name, value, _ in around:
        library.av_opt_set_int(context, name, ctypes.c_int64(value), 0)
    is_known = all(number_at((context.value or 0) + at) == value for _, value, at in around)
    is_known = is_known and DEBUG == INTERRUPT + 16 == ERROR_RECOGNITION + 20
    library.avformat_free_context(context)
    return is_known
