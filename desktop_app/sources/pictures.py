"""Still pictures: one file, a folder of them, or a picture on the web."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import Frame
from desktop_app.errors import SourceError
from desktop_app.sources.base import SourceInfo, SourceKind
from desktop_app.sources.capture import as_bgr
from desktop_app.sources.containers import exists, is_folder, is_readable, missing_file

PICTURE_SUFFIXES: frozenset[str] = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".jp2", ".avif"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".ras", ".hdr", ".exr"}
)
UNREADABLE_PICTURE_SUFFIXES: frozenset[str] = frozenset(
    {".heic", ".heif", ".svg", ".psd", ".raw", ".cr2", ".nef", ".arw", ".dng"}
)
"""Pictures that OpenCV cannot read; named so that the message can say what to do."""

DEFAULT_HOLD_S = 2.0
"""How long a picture is shown: long enough for a face in it to be confirmed and judged."""

HELD_FPS = 5.0

PictureLoader = Callable[[], bytes]
"""Gives the bytes of one picture file. Raises SourceError."""


class PictureSource:
    """Pictures shown one after the other, each held for a while as a camera would show it.

    A still picture is given as several equal frames, `hold_s` seconds at `HELD_FPS`, so that the same confirmation that
    keeps a flicker out of a video's count lets a picture's faces in. A folder whose files are the frames of a video is
    read at `fps` instead, each file once. Pictures that cannot be read are left out and listed in `skipped`; none
    readable is a SourceError.

    `loaders` are pairs of a name and a function that gives the file's bytes.
    """

    def __init__(
        self,
        name: str,
        loaders: Sequence[tuple[str, PictureLoader]],
        *,
        hold_s: float = DEFAULT_HOLD_S,
        fps: float | None = None,
    ) -> None:
        if not (math.isfinite(hold_s) and hold_s > 0):
            raise ValueError(f"hold_s must be a positive number of seconds, not {hold_s!r}")
        if fps is not None and not (math.isfinite(fps) and fps > 0):
            raise ValueError(f"fps must be a positive number, not {fps!r}")
        self._loaders = list(loaders)
        self._fps = fps if fps is not None else HELD_FPS
        self._repeats = 1 if fps is not None else max(1, round(hold_s * HELD_FPS))
        self._info = SourceInfo(name=name, kind=SourceKind.PICTURES, is_live=False, fps=self._fps)
        self._closed = threading.Event()
        self._opened = False
        self._index = 0
        self._tick = 0
        self._held: tuple[int, NDArray[np.uint8]] | None = None
        self._shown = 0
        self.skipped: list[str] = []
        """One sentence for each picture that was left out."""

    @property
    def info(self) -> SourceInfo:
        return self._info

    @property
    def position_s(self) -> float:
        return max(0, self._tick - 1) / self._fps

    def open(self) -> None:
        """Load the first readable picture. Raises SourceError if there is none."""
        if self._closed.is_set():
            return
        self._opened = True
        for number in range(len(self._loaders)):
            image = self._load(number)
            if self._closed.is_set():
                return
            if image is not None:
                self._info = replace(
                    self._info,
                    width=int(image.shape[1]),
                    height=int(image.shape[0]),
                    duration_s=len(self._loaders) * self._repeats / self._fps,
                    seekable=True,
                )
                self._tick = number * self._repeats
                return
        raise self._nothing_readable()

    def read(self) -> Frame | None:
        if not self._opened:
            return None
        while not self._closed.is_set():
            number = self._tick // self._repeats
            if number >= len(self._loaders):
                return None
            image = self._load(number)
            if image is None:
                self._tick = (number + 1) * self._repeats
                continue
            frame = Frame(image, self._tick / self._fps, self._index, time.perf_counter())
            self._tick += 1
            self._index += 1
            return frame
        return None

    def seek(self, time_s: float) -> None:
        """Make the next frame the first one at or after `time_s` seconds."""
        target_s = max(0.0, time_s if math.isfinite(time_s) else 0.0)
        self._tick = math.ceil(target_s * self._fps - 0.5)

    def close(self) -> None:
        self._closed.set()

    def _load(self, number: int) -> NDArray[np.uint8] | None:
        if self._held is not None and self._held[0] == number:
            return self._held[1]
        name, loader = self._loaders[number]
        try:
            image = decode_picture(loader(), name)
        except SourceError as error:
            if len(self._loaders) == 1:
                raise
            if error.message not in self.skipped:
                self.skipped.append(error.message)
            return None
        self._held = (number, image)
        return image

    def _nothing_readable(self) -> SourceError:
        if not self._loaders:
            return SourceError(
                f"There is no picture in “{self._info.name}”.", "Choose a folder that holds jpg, png or webp files."
            )
        return SourceError(
            f"None of the {len(self._loaders)} pictures in “{self._info.name}” can be read. {self.skipped[0]}",
            "Choose a folder that holds jpg, png or webp files.",
        )


def picture_file(path: str | Path, *, hold_s: float = DEFAULT_HOLD_S) -> PictureSource:
    """Return the source of one picture file. Opening it raises SourceError if it is missing or not a picture."""
    path = Path(path)
    return PictureSource(path.name, [(path.name, lambda: _read_file(path))], hold_s=hold_s)


def picture_folder(path: str | Path, *, hold_s: float = DEFAULT_HOLD_S, fps: float | None = None) -> PictureSource:
    """Return the source of a folder's pictures in natural order (picture 2 before picture 10), without its subfolders.

    Raises SourceError if the folder is missing, not permitted, or holds no picture.
    """
    folder = Path(path)
    try:
        files = [f for f in folder.iterdir() if f.suffix.lower() in PICTURE_SUFFIXES and not f.name.startswith(".")]
    except FileNotFoundError:
        raise SourceError(f"The folder “{folder.name}” does not exist.", f"Check its name ({folder.parent}).") from None
    except PermissionError:
        raise SourceError(
            f"You are not permitted to read the folder “{folder.name}”.",
            "Change the folder's permissions, or copy it to a place of your own.",
        ) from None
    except NotADirectoryError:
        raise SourceError(f"“{folder.name}” is not a folder.", "Choose a folder of pictures.") from None
    files.sort(key=lambda f: natural_key(f.name))
    source = PictureSource(folder.name, [(f.name, _file_loader(f)) for f in files], hold_s=hold_s, fps=fps)
    if not files:
        raise source._nothing_readable()
    return source


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key by which numbers inside a name count as numbers, and case does not matter."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in re.split(r"(\d+)", name) if part
    )


def decode_picture(data: bytes, name: str) -> NDArray[np.uint8]:
    """Decode a picture file into uint8 (height, width, 3) BGR, turned upright by its EXIF orientation.

    Raises SourceError if it is not a picture that OpenCV reads.
    """
    try:
        image = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error:
        image = None
    if image is not None and image.size:
        return as_bgr(image)  # type: ignore[arg-type]  # OpenCV's stubs type images more widely than they are
    if not data:
        raise SourceError(f"The picture “{name}” is empty.", "Copy or download it again.")
    suffix = Path(name).suffix.lower()
    if suffix in UNREADABLE_PICTURE_SUFFIXES:
        raise SourceError(f"Pictures of the kind “{suffix}” cannot be read.", "Save it as jpg or png and open that.")
    raise SourceError(
        f"The file “{name}” is not a picture that can be read, or it is damaged.",
        "Choose a jpg, png, webp or bmp file.",
    )


def _file_loader(path: Path) -> PictureLoader:
    return lambda: _read_file(path)


def _read_file(path: Path) -> bytes:
    # Read here and decoded from memory, because OpenCV's own file reading fails on some letters on Windows.
    name = f"“{path.name}”"
    try:
        if exists(path) and not is_folder(path) and not is_readable(path):
            raise PermissionError(path)
        return path.read_bytes()
    except FileNotFoundError:
        raise missing_file(path) from None
    except PermissionError:
        raise SourceError(
            f"You are not permitted to read {name}.",
            "Change the file's permissions, or copy it to a folder of your own.",
        ) from None
    except OSError as error:
        raise SourceError(
            f"The file {name} cannot be read ({error.strerror}).", "Check the drive it lies on."
        ) from error
