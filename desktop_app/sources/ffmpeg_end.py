"""Whether a raw stream (.264, .265, .m2v) ends within a picture. It states its length nowhere, and no container does.

A decoder conceals what is missing of a last picture. Told not to, it refuses a picture whose data end too early.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

from desktop_app.sources import ffmpeg_library as ff
from desktop_app.sources.ffmpeg_capture import FfmpegCapture
from desktop_app.sources.ffmpeg_options import ffmpeg_options
from desktop_app.system.safe_file import open_regular

_MOST_BYTES = 64 * 2**20
"""So much of a stream is kept to be decoded: nothing is said of one whose key pictures are further apart."""

_START_CODES = (b"\0\0\1", b"\0\0\0\1")
_PACK = b"\0\0\1\xba"


def is_raw_stream(path: Path) -> bool:
    """Tell whether a file holds pictures without a container (ITU-T H.264, annex B). False where it cannot be read."""
    try:
        with open_regular(path) as file:
            head = file.read(4)
    except OSError:
        return False
    return head.startswith(_START_CODES) and head != _PACK


def ends_within_picture(target: str, is_cancelled: Callable[[], bool] = lambda: False) -> bool:
    """Tell whether the last picture of a raw stream is not whole; False where that cannot be told.

    All of the stream is read, and the end of it decoded; `is_cancelled` is asked at each picture. Pictures of H.265 cut
    between two of their slices are not noticed.
    """
    library = ff.ffmpeg_library()
    if library is None:
        return False
    with ffmpeg_options(target):
        capture = _LastPictures(library, target, None, is_glance=True)
    try:
        return capture.can_read and capture.is_last_refused(is_cancelled)
    finally:
        capture.release()


class _LastPictures(FfmpegCapture):
    """Decodes the last pictures of a stream, from the last key picture but one: that one may refer to those before."""

    def is_last_refused(self, is_cancelled: Callable[[], bool]) -> bool:
        library = self._library
        library.av_opt_set(self._decoder, b"err_detect", b"explode", 0)
        groups: list[list[ctypes.c_void_p]] = [[]]
        packet, kept = int(self._packet.value or 0), 0
        try:
            while library.av_read_frame(self._format, self._packet) >= 0:
                if ff.number_at(packet + ff.STREAM_INDEX) == self._stream:
                    if ff.number_at(packet + ff.PACKET_FLAGS) & ff.KEY:
                        groups.append([])
                        kept -= self._let_go(groups, 2)
                    copy = library.av_packet_clone(self._packet)
                    kept += ff.number_at(packet + ff.PACKET_SIZE)
                    if not copy:
                        return False
                    groups[-1].append(ctypes.c_void_p(copy))
                    if kept > _MOST_BYTES or is_cancelled():
                        return False
                library.av_packet_unref(self._packet)
            refused = False
            for each in (p for group in groups for p in group):
                refused = library.avcodec_send_packet(self._decoder, each) < 0
                while library.avcodec_receive_frame(self._decoder, self._picture.pointer) >= 0:
                    continue
            return refused
        finally:
            self._let_go(groups, 0)

    def _let_go(self, groups: list[list[ctypes.c_void_p]], left: int) -> int:
        """Free all but the last groups of packets; return how many bytes they had."""
        freed = 0
        while len(groups) > left:
            for packet in groups.pop(0):
                freed += ff.number_at(int(packet.value or 0) + ff.PACKET_SIZE)
                self._library.av_packet_free(ctypes.byref(packet))
        return freed
