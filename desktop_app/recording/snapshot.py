"""One picture, written to a file when the operator asks for it, and where such files go."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import platformdirs
from numpy.typing import NDArray

from desktop_app.errors import OutputError
from desktop_app.recording.recorder import free_name
from desktop_app.settings import write_atomically

FORMATS = {".png": [cv2.IMWRITE_PNG_COMPRESSION, 4], ".jpg": [cv2.IMWRITE_JPEG_QUALITY, 93]}
FORMATS[".jpeg"] = FORMATS[".jpg"]


def save_snapshot(path: Path, image_bgr: NDArray[np.uint8]) -> Path:
    """Write a uint8 (height, width, 3) BGR picture as PNG or JPEG, as the suffix says, and return its path.

    OpenCV only encodes: its own file writing fails on Windows for a path with letters outside the system's code page.
    Raises OutputError where the kind is unknown or the file cannot be written.
    """
    options = FORMATS.get(path.suffix.lower())
    if options is None:
        raise OutputError(f"A picture cannot be saved as “{path.suffix}”.", f"Choose one of {', '.join(FORMATS)}.")
    try:
        done, data = cv2.imencode(path.suffix.lower(), image_bgr, options)
        if not done:
            raise OutputError("The picture could not be encoded.", "Try the other picture format.")
        write_atomically(path, data.tobytes(), make_folder=True)
    except (OSError, cv2.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"The picture could not be saved to {path} ({reason}).", "Choose another folder.") from error
    return path


def media_folder(chosen: str = "") -> Path:
    """Return the folder for snapshots and recordings: the chosen one, else "Headcount" in the user's videos."""
    return Path(chosen) if chosen else Path(platformdirs.user_videos_dir()) / "Headcount"


def media_path(folder: Path, suffix: str, when: datetime | None = None) -> Path:
    """Return a free file name with the time in it, such as `Headcount 2026-11-22 14.03.05.png`."""
    when = when or datetime.now()
    return free_name(folder / f"Headcount {when:%Y-%m-%d %H.%M.%S}{suffix}")
