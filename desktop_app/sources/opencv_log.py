"""Keeps OpenCV and FFmpeg from writing to the terminal.

Both print warnings for ordinary events (a camera that is not there, a damaged packet). The program says such things
itself, in plain words. Set `OPENCV_LOG_LEVEL` or `OPENCV_FFMPEG_LOGLEVEL` before the start to see theirs.
"""

from __future__ import annotations

import os
import sys

_FFMPEG_QUIET = "-8"
"""libavutil's AV_LOG_QUIET."""


def silence() -> None:
    """Set both log levels, unless the user did. Works before and after cv2 is imported, idempotent.

    OpenCV reads its level when it is imported, FFmpeg's when the first video is opened.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", _FFMPEG_QUIET)
    if "OPENCV_LOG_LEVEL" in os.environ:
        return
    os.environ["OPENCV_LOG_LEVEL"] = "SILENT"
    cv2 = sys.modules.get("cv2")
    if cv2 is not None and hasattr(cv2, "utils"):
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
