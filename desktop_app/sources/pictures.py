"""Still pictures: one file, a folder of them, or a picture on the web."""

from __future__ import annotations

import itertools
import math
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.blank import Blank, blank_of, is_too_small, words_of
from desktop_app.domain.types import Frame
from desktop_app.errors import SourceError
from desktop_app.sources.base import SourceInfo, SourceKind
from desktop_app.sources.containers import A_PICTURE, exists, is_folder, is_readable, looks_like, missing_file
from desktop_app.sources.picture_file import (
    MOST_PICTURE_BYTES,
    UNREADABLE_PICTURE_SUFFIXES,
    decode_picture,
    is_moving,
    moving_pictures,
)
from desktop_app.sources.video_file import VIDEO_SUFFIXES
from desktop_app.system.plain_text import printable
from desktop_app.system.safe_file import read_regular

PICTURE_SUFFIXES: frozenset[str] = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".jp2", ".avif"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".ras", ".hdr"}
)
_OTHER_SUFFIXES = VIDEO_SUFFIXES | UNREADABLE_PICTURE_SUFFIXES | {".txt", ".csv", ".json", ".xml", ".zip", ".pdf"}

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
        """One sentence for each picture that was left out or shows nothing."""
        self.not_looked_at: tuple[str, ...] = ()
        """One sentence for each other file beside the pictures that may show people."""

    @property
    def omissions(self) -> tuple[str, ...]:
        """What was not seen, one sentence each."""
        return (*self.skipped, *self.not_looked_at)

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
            data = loader()
            image = decode_picture(data, name)
        except SourceError as error:
            if len(self._loaders) == 1:
                raise
            self._skip(error.message)
            return None
        if len(self._loaders) > 1 and is_moving(data):
            self._skip(f"Of “{printable(name)}”, which holds several pictures, only the first was looked at.")
        if len(self._loaders) > 1 and self._repeats > 1 and (sentence := shows_nobody(image, name, is_searched=False)):
            self._skip(sentence)
        self._held = (number, image)
        return image

    def _skip(self, sentence: str) -> None:
        if sentence not in self.skipped:
            self.skipped.append(sentence)

    def _nothing_readable(self) -> SourceError:
        if not self._loaders:
            return SourceError(
                f"There is no picture in “{self._info.name}”.", "Choose a folder that holds jpg, png or webp files."
            )
        return SourceError(
            f"None of the {len(self._loaders)} pictures in “{self._info.name}” can be read. {self.skipped[0]}",
            "Choose a folder that holds jpg, png or webp files.",
        )


def shows_nobody(image_bgr: NDArray[np.uint8], name: str, *, is_searched: bool = True) -> str:
    """Return the sentence for a picture in which nobody could be seen, "" for any other.

    `is_searched` tells that no face was found in it. Before that, somebody in front of a plain wall looks like a card,
    and a small picture may be a face cut out.
    """
    height, width = image_bgr.shape[:2]
    step = max(1, min(height // 72, width // 128))
    small = np.asarray(cv2.resize(image_bgr, (32, 18), interpolation=cv2.INTER_AREA), np.uint8)
    is_small = is_searched and is_too_small(width, height)
    blank = Blank.TOO_SMALL if is_small else blank_of(image_bgr, image_bgr[::step, ::step], small)
    if blank is None or (blank is Blank.CARD and not is_searched):
        return ""
    return f"“{printable(name)}” is {words_of(blank, width, height)}: nobody can be seen in it."


class MovingPictureSource:
    """An animated picture (WebP, PNG, AVIF) or a TIFF file of several pages, each picture at its own time.

    A page is shown as a still picture is, for `hold_s` seconds at `HELD_FPS`; the frames of an animation once each.
    """

    def __init__(self, name: str, data: bytes, *, hold_s: float = DEFAULT_HOLD_S) -> None:
        self._name = name
        self._data = data
        self._hold_s = hold_s
        self._is_pages = data[:2] in (b"II", b"MM")
        self._info = SourceInfo(name=printable(name), kind=SourceKind.PICTURES, is_live=False)
        self._closed = threading.Event()
        self._pictures: Iterator[tuple[NDArray[np.uint8], float]] = iter(())
        self._held: NDArray[np.uint8] | None = None
        self._left_s = 0.0
        self._time_s = 0.0
        self._index = 0

    @property
    def info(self) -> SourceInfo:
        return self._info

    @property
    def position_s(self) -> float:
        return self._time_s

    def open(self) -> None:
        """Look at the first picture. Raises SourceError if it cannot be read."""
        first = decode_picture(self._data, self._name)
        self._info = replace(self._info, width=int(first.shape[1]), height=int(first.shape[0]), seekable=True)
        self.seek(0.0)

    def read(self) -> Frame | None:
        if self._closed.is_set():
            return None
        step_s = 1.0 / HELD_FPS
        if self._held is None or self._left_s < step_s / 2:
            following = next(self._pictures, None)
            if following is None:
                return None
            self._held, shown_s = following
            self._left_s = shown_s if self._is_pages else 0.0
            step_s = step_s if self._is_pages else shown_s
        self._left_s -= step_s
        frame = Frame(self._held, self._time_s, self._index, time.perf_counter())
        self._time_s += step_s
        self._index += 1
        return frame

    def seek(self, time_s: float) -> None:
        """Make the next frame the first one at or after `time_s` seconds, by looking through from the start."""
        target_s = max(0.0, time_s if math.isfinite(time_s) else 0.0)
        index = self._index
        self._pictures = moving_pictures(self._data, self._name, self._hold_s)
        self._held, self._left_s, self._time_s = None, 0.0, 0.0
        while self._time_s < target_s - 1e-6 and self.read() is not None:
            continue
        self._index = index

    def close(self) -> None:
        self._closed.set()


class PictureFileSource:
    """One picture file, still or moving: what it holds is found when it is opened."""

    def __init__(self, path: str | Path, *, hold_s: float = DEFAULT_HOLD_S) -> None:
        self._path = Path(path)
        self._hold_s = hold_s
        self._inside: PictureSource | MovingPictureSource | None = None
        self._closed = threading.Event()
        self._info = SourceInfo(name=printable(self._path.name), kind=SourceKind.PICTURES, is_live=False)

    @property
    def info(self) -> SourceInfo:
        return self._inside.info if self._inside is not None else self._info

    @property
    def position_s(self) -> float:
        return self._inside.position_s if self._inside is not None else 0.0

    def open(self) -> None:
        """Read the file. Raises SourceError if it is missing, not a picture, or larger than a picture can be."""
        path = self._path
        inside = self._inside = picture_source(
            path.name, _read_file(path), lambda: _read_file(path), hold_s=self._hold_s
        )
        if self._closed.is_set():
            inside.close()
        inside.open()

    def read(self) -> Frame | None:
        return self._inside.read() if self._inside is not None else None

    def seek(self, time_s: float) -> None:
        if self._inside is not None:
            self._inside.seek(time_s)

    def close(self) -> None:
        self._closed.set()
        if self._inside is not None:
            self._inside.close()


def picture_file(path: str | Path, *, hold_s: float = DEFAULT_HOLD_S) -> PictureFileSource:
    """Return the source of one picture file; a file that holds several pictures is shown whole."""
    return PictureFileSource(path, hold_s=hold_s)


def picture_source(
    name: str, data: bytes, loader: PictureLoader, *, hold_s: float = DEFAULT_HOLD_S
) -> PictureSource | MovingPictureSource:
    """Return the source of one picture whose bytes are `data`; `loader` gives them again."""
    if is_moving(data):
        return MovingPictureSource(name, data, hold_s=hold_s)
    return PictureSource(printable(name), [(name, loader)], hold_s=hold_s)


def picture_folder(path: str | Path, *, hold_s: float = DEFAULT_HOLD_S, fps: float | None = None) -> PictureSource:
    """Return the source of a folder's pictures in natural order (picture 2 before picture 10), without its subfolders.

    Pictures are known by the ending of their name, or where that says nothing by their first bytes. Other files that
    may show people are named in `omissions`. Raises SourceError if the folder is missing, not permitted, or holds no
    picture.
    """
    folder = Path(path)
    shown = printable(folder.name)
    try:
        entries = sorted((f for f in folder.iterdir() if not f.name.startswith(".")), key=lambda f: natural_key(f.name))
    except FileNotFoundError:
        raise SourceError(
            f"The folder “{shown}” does not exist.", f"Check its name ({printable(str(folder.parent))})."
        ) from None
    except PermissionError:
        raise SourceError(
            f"You are not permitted to read the folder “{shown}”.",
            "Change the folder's permissions, or copy it to a place of your own.",
        ) from None
    except NotADirectoryError:
        raise SourceError(f"“{shown}” is not a folder.", "Choose a folder of pictures.") from None
    except OSError as error:
        raise SourceError(
            f"The folder “{shown}” cannot be read ({error.strerror or error}).", "Check the drive it lies on."
        ) from error
    files = [f for f in entries if _is_picture(f)]
    source = PictureSource(shown, [(f.name, _file_loader(f)) for f in files], hold_s=hold_s, fps=fps)
    if not files:
        raise source._nothing_readable()
    taken = set(files)
    source.not_looked_at = tuple(text for f in entries if f not in taken and (text := _not_looked_at(f)))
    return source


def _is_picture(path: Path) -> bool:
    suffix = path.suffix.lower()
    if suffix in PICTURE_SUFFIXES:
        return True
    return suffix not in _OTHER_SUFFIXES and not path.is_dir() and looks_like(path) == A_PICTURE


def _not_looked_at(path: Path) -> str:
    """Return a sentence for a file or folder beside the pictures that may show people, "" for any other."""
    name, suffix = printable(path.name), path.suffix.lower()
    if is_folder(path):
        try:
            holds = any(f.suffix.lower() in PICTURE_SUFFIXES for f in itertools.islice(path.iterdir(), 1000))
        except OSError:
            holds = True
        return f"The folder “{name}” inside was not looked into." if holds else ""
    if suffix in UNREADABLE_PICTURE_SUFFIXES:
        return f"The picture “{name}” is of the kind “{suffix}”, which cannot be read."
    if suffix in VIDEO_SUFFIXES:
        return f"The video “{name}” beside the pictures was not looked at."
    return ""


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key by which numbers inside a name count as numbers, and case does not matter."""
    return tuple(
        (0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in re.split(r"(\d+)", name) if part
    )


def _file_loader(path: Path) -> PictureLoader:
    return lambda: _read_file(path)


def _read_file(path: Path) -> bytes:
    # Read here and decoded from memory, because OpenCV's own file reading fails on some letters on Windows.
    name = f"“{printable(path.name)}”"
    try:
        if exists(path) and not is_folder(path) and not is_readable(path):
            raise PermissionError(path)
        return read_regular(path, MOST_PICTURE_BYTES)
    except FileNotFoundError:
        raise missing_file(path) from None
    except PermissionError:
        raise SourceError(
            f"You are not permitted to read {name}.",
            "Change the file's permissions, or copy it to a folder of your own.",
        ) from None
    except OSError as error:
        raise SourceError(
            f"The file {name} cannot be read ({error.strerror or error}).", "Choose a picture, or copy it again."
        ) from error
