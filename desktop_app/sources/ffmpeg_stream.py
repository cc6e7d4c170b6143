"""Network streams, decoded by the FFmpeg that comes with OpenCV, called directly.

OpenCV opens them too, but it shows interlaced pictures black (see `ffmpeg_capture`), and when the size of the pictures
changes within a stream, as that of a camera whose settings are changed, it squeezes them into the size of the first. A
stream cannot be opened a second time to look into it, as a file can: many cameras serve one client only.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.sources import ffmpeg_library as ff
from desktop_app.sources.ffmpeg_capture import FfmpegCapture
from desktop_app.sources.square_pixels import square_size
from desktop_app.sources.tracks import Track, best_video

_MOST_PIXELS = 1920 * 1088
"""Of a playlist with the same video in several sizes the largest is taken up to this: more only costs time."""

_PAUSE_S = 0.002
_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_DEFAULT_LIMIT_S = 30.0
_CLOSE_S = 1.0

_Question = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class Deadline:
    """Ends FFmpeg's waiting for a server; FFmpeg asks it several times a second (AVIOInterruptCB)."""

    def __init__(self) -> None:
        self._ends = 0.0
        self._question = _Question(lambda _: int(self.has_passed))

    def begin(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds

    @property
    def has_passed(self) -> bool:
        return time.monotonic() > self._ends

    def guard(self, context: int) -> None:
        """Have the AVFormatContext at this address ask."""
        asked = ctypes.cast(self._question, ctypes.c_void_p).value
        ctypes.c_void_p.from_address(context + ff.INTERRUPT).value = asked
        ctypes.c_void_p.from_address(context + ff.INTERRUPT + 8).value = None


class StreamCapture(FfmpegCapture):
    """The part of `cv2.VideoCapture` that the sources use, for the video of a stream or of a file on the network.

    Each picture comes upright, with square pixels and in the size that it has by then: `follows_size`.
    """

    follows_size = True

    def __init__(self, library: ctypes.CDLL, target: str, params: Sequence[int] = ()) -> None:
        """`params` are (property, value) pairs as for OpenCV, of which the two limits of time are used."""
        given = dict(zip(params[::2], params[1::2], strict=False))
        self._open_s = given.get(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _DEFAULT_LIMIT_S * 1000) / 1000.0
        self._read_s = given.get(cv2.CAP_PROP_READ_TIMEOUT_MSEC, _DEFAULT_LIMIT_S * 1000) / 1000.0
        self._deadline = Deadline()
        self._quarter_turn = 0
        self._is_ahead = False
        super().__init__(library, target, None)

    def grab(self) -> bool:
        if self._is_ahead:  # a search has decoded it already
            self._is_ahead = False
            return True
        self._deadline.begin(self._read_s)
        return super().grab()

    def retrieve(self) -> tuple[bool, NDArray[np.uint8]]:
        ok, image = super().retrieve()
        if not ok:
            return ok, image
        shown = square_size(image.shape[1], image.shape[0], self._pixel_aspect(self._picture.pointer))
        if shown != (image.shape[1], image.shape[0]):
            image = cv2.resize(image, shown, interpolation=cv2.INTER_CUBIC)  # type: ignore[assignment]
        if self._quarter_turn:
            image = cv2.rotate(image, _TURNS[self._quarter_turn])  # type: ignore[assignment]
        return True, image

    @property
    def broke_off(self) -> bool:
        """Whether the server stopped sending before the end that it had stated."""
        source = ff.pointer_at(self._format.value + ff.INPUT) if self._format.value else 0
        return source != 0 and ff.number_at(source + ff.INPUT_ERROR) < 0

    def set(self, propId: int, value: float) -> bool:
        """Set a property. A search lands at the picture of that time, not at the key picture before it."""
        self._deadline.begin(self._open_s)
        self._is_ahead = False
        done = super().set(propId, value)
        if done and propId == cv2.CAP_PROP_POS_MSEC and value > 0:
            step_s = 1.0 / fps if (fps := self.get(cv2.CAP_PROP_FPS)) > 0 else 0.0
            while not self._is_ahead and super().grab():
                self._is_ahead = self._stamp_s >= value / 1000.0 - 0.5 * step_s
        return done

    def _open(self) -> bool:
        self._deadline.begin(self._open_s)
        self._format.value = self._library.avformat_alloc_context()
        if not self._format.value:
            return False
        self._deadline.guard(self._format.value)
        return super()._open()

    def _close(self) -> None:
        self._deadline.begin(_CLOSE_S)  # a server is told, but not waited for
        super()._close()

    def _best(self, videos: Sequence[Track]) -> Track:
        return best_video([v for v in videos if v.width * v.height <= _MOST_PIXELS] or videos)

    def _facts_of(self, video: Track, stream: int) -> dict[int, float]:
        library = self._library
        self._leave_out_others(stream)
        self._quarter_turn = self._turn_of(ff.pointer_at(stream + ff.PARAMETERS))
        shown = square_size(video.width, video.height, self._pixel_aspect(None))
        width, height = shown[::-1] if self._quarter_turn % 180 else shown
        fps = library.av_guess_frame_rate(self._format, stream, None).value or ff.ratio_at(stream + ff.RATE)
        duration = ff.long_at((self._format.value or 0) + ff.DURATION)
        duration_s = duration / 1e6 if duration > 0 else 0.0
        return {
            cv2.CAP_PROP_FRAME_WIDTH: width,
            cv2.CAP_PROP_FRAME_HEIGHT: height,
            cv2.CAP_PROP_FPS: fps,
            cv2.CAP_PROP_FRAME_COUNT: video.pictures or float(int(duration_s * fps + 0.5)),
            cv2.CAP_PROP_FOURCC: ctypes.c_uint.from_address(ff.pointer_at(stream + ff.PARAMETERS) + ff.TAG).value,
        }

    def _leave_out_others(self, chosen: int) -> None:
        """Have FFmpeg pass over the other tracks; of a playlist it would fetch every size of the video."""
        context = self._format.value or 0
        for number in range(ctypes.c_uint.from_address(context + ff.STREAM_COUNT).value):
            stream = ff.pointer_at(ff.pointer_at(context + ff.STREAMS) + 8 * number)
            if stream != chosen:
                ctypes.c_int.from_address(stream + ff.DISCARD).value = ff.DISCARD_ALL

    def _pixel_aspect(self, picture: ctypes.c_void_p | None) -> float:
        """Return how wide a pixel is for its height, 1.0 where nothing is said."""
        ratio: ff.Ratio = self._library.av_guess_sample_aspect_ratio(self._format, self._track, picture)
        return ratio.value if ratio.over > 0 and ratio.under > 0 else 1.0

    def _turn_of(self, parameters: int) -> int:
        """Return by how many degrees clockwise the pictures have to be turned to stand upright: 0, 90, 180 or 270."""
        first, count = ff.pointer_at(parameters + ff.SIDE_DATA), ff.number_at(parameters + ff.SIDE_DATA_COUNT)
        found = self._library.av_packet_side_data_get(first, count, ff.DISPLAY_MATRIX) if first else None
        if not found:
            return 0
        angle = self._library.av_display_rotation_get(ff.pointer_at(found))
        return round(-angle / 90) * 90 % 360 if angle == angle else 0

    def _is_over(self, error: int) -> bool:
        if error != ff.MORE_WANTED or self._deadline.has_passed:
            return True
        time.sleep(_PAUSE_S)
        return False


def open_stream(target: str, params: Sequence[int]) -> StreamCapture | None:
    """Return a capture of what lies at an address or is described by an .sdp file, open or not.

    None where FFmpeg cannot be called. FFmpeg's options must be in the environment, as for OpenCV (`ffmpeg_options`).
    """
    library = ff.ffmpeg_library()
    return StreamCapture(library, target, params) if library is not None else None
