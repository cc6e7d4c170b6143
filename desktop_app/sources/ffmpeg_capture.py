"""The videos whose pictures OpenCV does not give, decoded by the FFmpeg that comes with OpenCV, called directly.

Interlaced ones: since 4.13 OpenCV has FFmpeg 8 convert each picture into one that is not marked as interlaced; FFmpeg
refuses that (`sws_frame_setup`), and OpenCV gives what lay in the memory: black, or the picture before. Recordings of
television, DV and AVCHD cameras and many digital video recorders are interlaced. And those that are not the first one
in their file: OpenCV takes the first, be it a preview.

Where FFmpeg cannot be called (`ffmpeg_library`), OpenCV's own capture is what there is.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.sources import ffmpeg_library as ff
from desktop_app.sources.base import MOST_PIXELS
from desktop_app.sources.ffmpeg_options import VARIABLE, ffmpeg_options
from desktop_app.sources.tracks import Track, best_video

_LOOKED_AT = 4
"""How many pictures are decoded to see whether a video is interlaced."""

_NEVER_INTERLACED = (b"vp80", b"vp90", b"vp08", b"vp09", b"av01", b"gif ", b"gif\0")
"""Codecs (as OpenCV names them, in small letters) that know no fields: no picture has to be decoded to see it."""

_MOST_PACKETS = 4096
"""So many packets may bring no picture before that counts as damage, as with OpenCV: else a file whose video cannot be
decoded would be read to its end to be opened."""

_BLEND = np.array([0.25, 0.5, 0.25], np.float32)
"""Each line with its two neighbours, which are of the other field: what moves is doubled softly instead of combed."""

_NO_IMAGE = np.empty((0, 0, 3), np.uint8)


class FfmpegCapture:
    """The part of `cv2.VideoCapture` that the sources use (`capture.Capture`), for the largest video of a file.

    What is known of the file as a whole comes from `inside`, OpenCV's own capture of it; the pictures do not. Of
    interlaced ones the fields are blended. Not thread-safe, as little as `inside`.
    """

    def __init__(
        self, library: ctypes.CDLL, target: str, inside: cv2.VideoCapture | None, *, is_glance: bool = False
    ) -> None:
        """With `is_glance` only the kind of the pictures is right, until a search: they are decoded at less cost."""
        self._library = library
        self._target = target
        self._options = os.environ.get(VARIABLE, "")
        self._inside = inside
        self._format = ctypes.c_void_p()
        self._decoder = ctypes.c_void_p()
        self._packet = ctypes.c_void_p(library.av_packet_alloc())
        self._scaler = ctypes.c_void_p()
        self._is_open = False
        self._is_glance = is_glance
        self._stamp_s = 0.0
        self._track = 0
        self._picture = ff.Picture(library)
        self._converted = ff.Picture(library)
        self.is_first = True
        """Whether the video is the first one of its file, which `inside` describes."""
        self._facts: dict[int, float] = {}
        self._is_open = self._open()

    @property
    def can_read(self) -> bool:
        """Whether FFmpeg could open the file, whatever OpenCV did."""
        return self._is_open

    def isOpened(self) -> bool:
        return self._is_open and (self._inside is None or bool(self._inside.isOpened()))

    @property
    def is_interlaced(self) -> bool:
        """Whether the picture that was grabbed is interlaced."""
        return self._picture.is_interlaced

    def grab(self) -> bool:
        if not self._is_open or not self._decode():
            return False
        if self._picture.time != ff.UNKNOWN_TIME:
            self._stamp_s = (self._picture.time - self._start) * self._time_base
        return True

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]:
        if not self._is_open or not self._convert():
            return False, _NO_IMAGE
        width, height, _ = self._converted.shape
        address, line = self._converted.lines
        memory = np.ctypeslib.as_array((ctypes.c_uint8 * (height * line)).from_address(address)).reshape(height, line)
        image = memory[:, : width * 3].reshape(height, width, 3).copy()
        if self._picture.is_interlaced:
            image = cv2.sepFilter2D(image, -1, np.ones(1, np.float32), _BLEND)
        return True, np.asarray(image, np.uint8)

    def get(self, propId: int) -> float:
        if propId == cv2.CAP_PROP_POS_MSEC:
            return self._stamp_s * 1000.0
        if propId in self._facts:
            return self._facts[propId]
        return float(self._inside.get(propId)) if self._inside is not None else 0.0

    def set(self, propId: int, value: float) -> bool:
        """Set a property. A search lands at a key picture near the place, and at the first picture for 0."""
        if propId != cv2.CAP_PROP_POS_MSEC or not self._is_open:
            return self._inside is not None and bool(self._inside.set(propId, value))
        if value <= 0 or self._is_glance:  # a search for the first picture may land behind it
            self._close()
            self._is_glance = False
            self._is_open = self._open()
            if value <= 0 or not self._is_open:
                return self._is_open
        place = self._start + int(value / 1000.0 / self._time_base)
        if self._library.av_seek_frame(self._format, self._stream, ctypes.c_int64(place), ff.BACKWARD) < 0:
            return False
        self._library.avcodec_flush_buffers(self._decoder)
        return True

    def release(self) -> None:
        if self._inside is not None:
            self._inside.release()
        self.detach()

    def detach(self) -> None:
        """Give back all but `inside`."""
        self._is_open = False
        self._close()
        library = self._library
        library.sws_free_context(ctypes.byref(self._scaler))
        library.av_packet_free(ctypes.byref(self._packet))
        for picture in (self._picture, self._converted):
            library.av_frame_free(ctypes.byref(picture.pointer))

    def __del__(self) -> None:
        if hasattr(self, "_converted"):
            self.detach()

    def _convert(self) -> bool:
        """Convert the picture that was grabbed into BGR, in the colours that it states; False where FFmpeg cannot."""
        width, height, pixel_format = self._picture.shape
        library, converted, is_interlaced = self._library, self._converted, self._picture.is_interlaced
        # FFmpeg ends the process if it is to convert a kind of pixel that it cannot.
        if width <= 0 or height <= 0 or library.sws_isSupportedInput(pixel_format) <= 0:
            return False
        if not self._scaler:
            self._scaler.value = library.sws_alloc_context()
        if (converted.shape, converted.is_interlaced) != ((width, height, ff.BGR24), is_interlaced):
            library.av_frame_unref(converted.pointer)  # takes memory of the new size below
            # As the picture itself is marked: FFmpeg converts fields to fields only.
            converted.prepare(width, height, ff.BGR24, is_interlaced=is_interlaced)
        done = library.sws_scale_frame(self._scaler, converted.pointer, self._picture.pointer)
        address, line = converted.lines
        return bool(done >= 0 and address and line >= width * 3)

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
        for number in range(ctypes.c_uint.from_address(context + ff.STREAM_COUNT).value):
            if library.av_find_best_stream(self._format, ff.VIDEO, number, -1, ctypes.byref(codec), 0) != number:
                continue
            stream = ff.pointer_at(ff.pointer_at(context + ff.STREAMS) + 8 * number)
            parameters = ff.pointer_at(stream + ff.PARAMETERS)
            index, kind = ff.number_at(stream + ff.INDEX), ff.number_at(parameters + ff.KIND)
            if (index, kind) != (number, ff.VIDEO):  # the layout is not the one known here
                return False
            width, height = (ff.number_at(parameters + at) for at in (ff.CODED_WIDTH, ff.CODED_HEIGHT))
            pictures = max(0, ff.long_at(stream + ff.PICTURES))
            if ff.number_at(stream + ff.DISPOSITION) & ff.ATTACHED_PICTURE:
                pictures = 1
            found.append((number, stream, ctypes.c_void_p(codec.value)))
            videos.append(Track("video", (number, b""), width=width, height=height, pictures=pictures))
        if not videos:
            return False
        best = videos.index(self._best(videos))
        self.is_first = best == 0
        self._track = found[best][1]
        self._facts = self._facts_of(videos[best], self._track)
        return self._open_decoder(*found[best])

    def _best(self, videos: Sequence[Track]) -> Track:
        return best_video(videos)

    def _facts_of(self, video: Track, stream: int) -> dict[int, float]:
        """Return the properties of the video that do not come from `inside`: all, where it describes another one."""
        if self.is_first or self._inside is None:
            return {}
        fps = ff.ratio_at(stream + ff.RATE)
        other_fps = float(self._inside.get(cv2.CAP_PROP_FPS))
        other_s = self._inside.get(cv2.CAP_PROP_FRAME_COUNT) / other_fps if other_fps else 0.0
        return {
            cv2.CAP_PROP_FRAME_WIDTH: video.width,
            cv2.CAP_PROP_FRAME_HEIGHT: video.height,
            cv2.CAP_PROP_SAR_NUM: ff.number_at(stream + ff.ASPECT),
            cv2.CAP_PROP_SAR_DEN: ff.number_at(stream + ff.ASPECT + 4),
            cv2.CAP_PROP_FPS: fps,
            cv2.CAP_PROP_FRAME_COUNT: video.pictures or other_s * fps,
            cv2.CAP_PROP_FOURCC: 0.0,
            cv2.CAP_PROP_ORIENTATION_META: 0.0,
        }

    def _open_decoder(self, number: int, stream: int, codec: ctypes.c_void_p) -> bool:
        library = self._library
        start = ff.long_at(stream + ff.START_TIME)
        self._stream, self._time_base = number, ff.ratio_at(stream + ff.TIME_BASE)
        self._start = 0 if start == ff.UNKNOWN_TIME else start
        self._decoder.value = library.avcodec_alloc_context3(codec)
        parameters = ctypes.c_void_p(ff.pointer_at(stream + ff.PARAMETERS))
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
            if got == ff.END_OF_FILE:
                library.avcodec_flush_buffers(self._decoder)  # so that it takes what may still come
            if got != ff.MORE_WANTED:
                return False
            read = library.av_read_frame(self._format, self._packet)
            if read < 0:
                if not self._is_over(read):
                    continue
                library.avcodec_send_packet(self._decoder, None)  # gives what the decoder held back
                continue
            address = int(self._packet.value or 0) + ff.STREAM_INDEX
            if ff.number_at(address) == self._stream:
                library.avcodec_send_packet(self._decoder, self._packet)  # a damaged one is passed over
            library.av_packet_unref(self._packet)
        return False

    def _is_over(self, error: int) -> bool:
        """Whether an error of the reading is the end."""
        return True

    @property
    def sound_s(self) -> float:
        """How long the longest sound of the file is, in seconds; 0.0 without one, or where that is not stated.

        Matroska states the length of the whole only, which is then that of the sound unless there are subtitles, too.
        """
        context, kinds, lengths = int(self._format.value or 0), set[int](), list[float]()
        for number in range(ctypes.c_uint.from_address(context + ff.STREAM_COUNT).value if context else 0):
            stream = ff.pointer_at(ff.pointer_at(context + ff.STREAMS) + 8 * number)
            kinds.add(kind := ff.number_at(ff.pointer_at(stream + ff.PARAMETERS) + ff.KIND))
            if kind == ff.SOUND:
                length = ff.long_at(stream + ff.LENGTH)
                lengths.append(length * ff.ratio_at(stream + ff.TIME_BASE) if length > 0 else 0.0)
        if 0.0 in lengths and ff.SUBTITLES not in kinds:
            lengths.append(ff.long_at(context + ff.DURATION) / ff.TIME_UNIT)
        return max(lengths, default=0.0)

    def packet_bytes(self, enough: float, is_cancelled: Callable[[], bool]) -> int:
        """Return how many bytes the packets of all tracks have that are still to come, counted until it is `enough`."""
        total, packet = 0, int(self._packet.value or 0)
        while total < enough and not is_cancelled() and self._library.av_read_frame(self._format, self._packet) >= 0:
            total += ff.number_at(packet + ff.PACKET_SIZE)
            self._library.av_packet_unref(self._packet)
        return total


def open_instead(target: str, inside: cv2.VideoCapture) -> FfmpegCapture | None:
    """Return a capture of a file that was opened as `inside` if OpenCV does not give its pictures; None if it does.

    FFmpeg's options must be in the environment, as for OpenCV (`ffmpeg_options`).
    """
    library = ff.ffmpeg_library()
    if library is None:
        return None
    capture = FfmpegCapture(library, target, inside, is_glance=True)
    if capture.isOpened() and (not capture.is_first or _is_interlaced(capture)):
        capture.set(cv2.CAP_PROP_POS_MSEC, 0.0)
        return capture
    capture.detach()
    return None


def may_be_interlaced(fourcc: float) -> bool:
    """Tell whether the codec that OpenCV names by this number can hold interlaced pictures."""
    return struct.pack("<I", int(fourcc) & 0xFFFFFFFF).lower() not in _NEVER_INTERLACED


def _is_interlaced(capture: FfmpegCapture) -> bool:
    return may_be_interlaced(capture.get(cv2.CAP_PROP_FOURCC)) and any(
        capture.grab() and capture.is_interlaced for _ in range(_LOOKED_AT)
    )


def sound_length_s(target: str) -> float:
    """Return how long the longest sound of a file is, in seconds; 0.0 without one, or where that cannot be told."""
    library = ff.ffmpeg_library()
    if library is None:
        return 0.0
    with ffmpeg_options(target):
        capture = FfmpegCapture(library, target, None, is_glance=True)
    try:
        return capture.sound_s if capture.can_read else 0.0
    finally:
        capture.release()


def unread_share(target: str, size: int, most: float, is_cancelled: Callable[[], bool] = lambda: False) -> float:
    """Return which share of a file of `size` bytes is in none of its packets, 0.0 where that cannot be told.

    A tenth or less is usual; more is damage at which the reading ended. Reads the file until it is clear that the share
    is at most `most`, so all of a damaged one; `is_cancelled` is asked at each packet and ends it with 0.0.
    """
    library = ff.ffmpeg_library()
    if library is None or size <= 0:
        return 0.0
    with ffmpeg_options(target):
        capture = FfmpegCapture(library, target, None)
    try:
        read = capture.packet_bytes((1.0 - most) * size, is_cancelled) if capture.can_read else size
        return 0.0 if is_cancelled() else 1.0 - min(1.0, read / size)
    finally:
        capture.release()
