"""What counting a file costs, as a multiple of decoding it, in processor time and measured in one run.

    python -m benchmarks.files [--seconds 20] [--repeats 3] [--keep FOLDER] [FILE ...]

Without files it takes clips that it makes of the demo: 640x360, 1280x720, 1920x1080, and 1280x720 filmed by a hand that
shakes (the picture moves, so that nothing stands still). They are encoded as H.264 by `ffmpeg` where it is installed,
else as MPEG-4 by OpenCV; the table says which. The demo has 2 to 5 faces in the picture at a time.

"decoding" reads every frame with `cv2.VideoCapture`; "counting" is the program's own way, `run_headless` over the
pipeline that `factory` builds with the shipped settings. Both are timed in turn, `--repeats` times, by the time that
all threads of the process spent on a processor; figures are milliseconds a frame, the median of the repeats, and the
ratio is the median of the ratios. Loading the networks is not part of it.
"""

from __future__ import annotations

import argparse
import math
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.types import FrameResult
from desktop_app.engine.state import EngineObserver, EngineOptions
from desktop_app.factory import build_pipeline
from desktop_app.resources import demo_clip
from desktop_app.session.headless import run_headless
from desktop_app.sources.video_file import VideoFileSource
from desktop_app.vision.pipeline import FramePipeline

Picture = NDArray[np.uint8]


class Writer(Protocol):
    """Encodes BGR pictures of one size."""

    def write(self, picture: Picture) -> None: ...

    def close(self) -> None: ...


class FfmpegWriter:
    """H.264 as most cameras and phones make it, by the ffmpeg program."""

    name = "H.264"

    def __init__(self, path: Path, size: tuple[int, int], fps: float) -> None:
        raw = ["-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{size[0]}x{size[1]}", "-r", str(fps), "-i", "-"]
        coded = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p"]
        self._process = subprocess.Popen(
            ["ffmpeg", "-loglevel", "error", "-y", *raw, *coded, str(path)], stdin=subprocess.PIPE
        )

    def write(self, picture: Picture) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(np.ascontiguousarray(picture).tobytes())

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self._process.wait() != 0:
            raise SystemExit("ffmpeg could not encode the clip.")


class OpenCvWriter:
    """MPEG-4 Part 2, which OpenCV's wheels can always write."""

    name = "MPEG-4"

    def __init__(self, path: Path, size: tuple[int, int], fps: float) -> None:
        self._writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), fps, size)

    def write(self, picture: Picture) -> None:
        self._writer.write(picture)

    def close(self) -> None:
        self._writer.release()


def of_demo(seconds: float) -> Iterator[tuple[int, Picture]]:
    """Give the first seconds of the demo, numbered."""
    capture = cv2.VideoCapture(str(demo_clip()))
    for index in range(round(seconds * capture.get(cv2.CAP_PROP_FPS))):
        read, picture = capture.read()
        if not read:
            break
        yield index, np.asarray(picture, np.uint8)
    capture.release()


def scaled(width: int, height: int) -> Callable[[int, Picture], Picture]:
    return lambda _, picture: np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def shaken(index: int, picture: Picture) -> Picture:
    """Move the picture as a hand does: by up to 12 pixels, about twice a second."""
    across, down = 12 * math.sin(0.41 * index), 9 * math.sin(0.29 * index + 1)
    move = np.array([[1, 0, across], [0, 1, down]], np.float32)
    size = (picture.shape[1], picture.shape[0])
    return np.asarray(cv2.warpAffine(picture, move, size, borderMode=cv2.BORDER_REFLECT), np.uint8)


MADE: dict[str, tuple[tuple[int, int], Callable[[int, Picture], Picture]]] = {
    "640x360": ((640, 360), scaled(640, 360)),
    "1280x720": ((1280, 720), lambda _, picture: picture),
    "1920x1080": ((1920, 1080), scaled(1920, 1080)),
    "1280x720 shaken": ((1280, 720), shaken),
}


def make_clips(folder: Path, seconds: float) -> list[Path]:
    """Write the clips of `MADE` into a folder and return their paths."""
    kind = FfmpegWriter if shutil.which("ffmpeg") else OpenCvWriter
    print(f"clips of the demo, {seconds:g} s, encoded as {kind.name}")
    paths = []
    for name, (size, change) in MADE.items():
        path = folder / f"{name.replace(' ', '_')}.mp4"
        writer: Writer = kind(path, size, 30.0)
        for index, picture in of_demo(seconds):
            writer.write(change(index, picture))
        writer.close()
        paths.append(path)
    return paths


def decode(path: Path) -> int:
    """Read every frame and return how many there are."""
    capture = cv2.VideoCapture(str(path))
    number = 0
    while capture.read()[0]:
        number += 1
    capture.release()
    return number


class Faces(EngineObserver):
    """How many faces the frames had in view, and how many of the frames were searched for faces."""

    def __init__(self) -> None:
        self.frames = self.faces = self.looks = 0

    def on_result(self, result: FrameResult) -> None:
        self.frames += 1
        self.faces += len(result.tracks)
        self.looks += result.detected


@dataclass(frozen=True)
class Cost:
    """Milliseconds of processor time a frame, and what the count saw."""

    decoding: float
    counting: float
    seen: Faces
    people: int


def measure(path: Path, pipeline: FramePipeline) -> Cost:
    started = time.process_time()
    number = max(1, decode(path))
    decoded = time.process_time()
    pipeline.reset()
    seen = Faces()
    # As `headcount count`, the batch and the web jobs have it: nobody shows the pictures.
    summary = run_headless(VideoFileSource(path), pipeline, EngineOptions(every_picture=False), observers=[seen])
    counted = time.process_time()
    if summary.error is not None:
        raise SystemExit(f"{path.name}: {summary.error}")
    return Cost((decoded - started) / number * 1e3, (counted - decoded) / number * 1e3, seen, summary.counts.people)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the clips made of the demo")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="leave the clips in this folder")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as made:
        folder = options.keep or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        paths = options.files or make_clips(folder, options.seconds)
        pipeline = build_pipeline()
        print(
            f"{'file':28s} {'frames':>7s} {'faces':>6s} {'looks/s':>8s} {'decoding':>9s} {'counting':>9s} {'ratio':>6s}"
        )
        for path in paths:
            costs = [measure(path, pipeline) for _ in range(max(1, options.repeats))]
            seen, fps = costs[0].seen, cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FPS)
            decoding = statistics.median(c.decoding for c in costs)
            counting = statistics.median(c.counting for c in costs)
            ratio = statistics.median(c.counting / c.decoding for c in costs)
            print(
                f"{path.name[-28:]:28s} {seen.frames:7d} {seen.faces / max(1, seen.frames):6.1f} "
                f"{seen.looks * fps / max(1, seen.frames):8.1f} {decoding:6.2f} ms {counting:6.2f} ms {ratio:6.2f}",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
