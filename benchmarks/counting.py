"""How well the program counts, over folders of clips with a `truth.csv`.

    python -m benchmarks.counting CLIPS [VARIANTS/held ...] [--half confirm] [--detectors yunet,haar] [--trackers ours]

Every way of counting is the program's own pipeline with the shipped settings, changed only in what its name says. With
`--returns 10` each way is also counted with returns recognised for 10 minutes, against the distinct people. The clips
are decoded once for all ways. See `benchmarks.scores` for the figures. "ms" is the processor time a frame of this
process, decoding included and on one thread; with several ways in one run it is shared out and only a hint.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import random
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import cv2

from benchmarks import scores
from benchmarks.clips import HALVES, Clip, frames, read_clips
from benchmarks.log import RunLog
from benchmarks.pipelines import DETECTORS, TRACKERS, Way, build
from benchmarks.scores import Row
from benchmarks.textbook import TextbookLoop
from desktop_app.domain.types import Counts, Frame, Gender
from desktop_app.vision.pipeline import FramePipeline

TEXTBOOK = "textbook loop, Haar 1.3/5"


@dataclass
class Run:
    """One way of counting one clip, under way."""

    way: Way
    pipeline: FramePipeline
    log: RunLog = field(default_factory=RunLog)
    seconds: float = 0.0

    def see(self, frame: Frame) -> None:
        began = time.process_time()
        result = self.pipeline.process(frame)
        self.seconds += time.process_time() - began
        self.log.add(result.events)

    def row(self, clip: Clip, name: str, number: int, media_s: float, decoding_s: float) -> Row:
        self.log.add(self.pipeline.finish())
        people = tuple(
            f"{p.number}:{p.gender.value[0]}{p.probability:.2f}@{p.first_seen_s:.1f}-{p.last_seen_s:.1f}"
            for p in self.log.totals.people()
        )
        return Row(
            name,
            clip,
            self.way.returns_minutes > 0,
            self.log.totals.counts(),
            number,
            media_s,
            self.seconds + decoding_s,
            len(self.log.named),
            len(self.log.renamed),
            people,
        )


def thinned(path: Path, drop: float, seed: int) -> Iterator[Frame]:
    """The frames of a clip, of which a share is dropped at random as a live source does that is read too slowly."""
    rng = random.Random(seed)
    for frame in frames(path):
        if drop == 0 or rng.random() >= drop:
            yield frame


def count_clip(
    clip: Clip, ways: Sequence[Way], *, textbook: bool = False, drop: float = 0.0, seed: int = 0
) -> list[Row]:
    """Count one clip in several ways, decoding it once. Runs in a process of its own where there are several jobs."""
    runs = [Run(way, build(way)) for way in ways]
    loop = TextbookLoop(build().classifier) if textbook else None
    cv2.setNumThreads(1)
    number, media_s, loop_s, started = 0, 0.0, 0.0, time.process_time()
    for frame in thinned(clip.path, drop, seed):
        for run in runs:
            run.see(frame)
        if loop is not None:
            began = time.process_time()
            loop.process(frame.image_bgr)
            loop_s += time.process_time() - began
        number, media_s = number + 1, frame.time_s
    decoding_s = time.process_time() - started - loop_s - sum(run.seconds for run in runs)
    dropped = f" - {drop:.0%} of frames" if drop else ""
    rows = [run.row(clip, run.way.name + dropped, number, media_s, decoding_s) for run in runs]
    if loop is not None:
        counts = Counts(loop.genders[Gender.FEMALE], loop.genders[Gender.MALE])
        rows.append(Row(TEXTBOOK, clip, False, counts, number, media_s, loop_s + decoding_s))
    return rows


def count_all(clips: Sequence[Clip], ways: Sequence[Way], options: argparse.Namespace) -> list[Row]:
    """Count all clips in all ways, printing each row as it is done."""
    drops = [0.0, *(float(d) for d in options.drop.split(",") if d)]
    tasks = [(clip, drop, seed) for clip in clips for drop in drops for seed in range(options.seeds if drop else 1)]
    rows: list[Row] = []
    # Started anew rather than forked: a process that has run OpenCV's threads cannot be forked safely.
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as pool:
        waiting = [
            pool.submit(count_clip, clip, ways, textbook=options.textbook and not drop, drop=drop, seed=seed)
            for clip, drop, seed in tasks
        ]
        for done in waiting:
            rows += done.result()
            for row in done.result():
                print(scores.show(row), flush=True)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--only", default="", help="only clips with this in their name")
    parser.add_argument("--half", default="", choices=("", *HALVES), help="only this half of the clips")
    parser.add_argument("--returns", type=float, default=0.0, metavar="MINUTES")
    parser.add_argument("--detectors", default="yunet", help=f"of {', '.join(DETECTORS)}")
    parser.add_argument("--trackers", default="ours", help=f"of {', '.join(TRACKERS)}")
    parser.add_argument("--interval", type=float, help="seconds between two detections, other than shipped")
    parser.add_argument("--drop", default="", help="shares of the frames to drop at random, as 0.5,0.8")
    parser.add_argument("--seeds", type=int, default=3, help="how often to drop")
    parser.add_argument("--textbook", action="store_true", help="the tutorials' loop beside it")
    parser.add_argument("--jobs", type=int, default=1, help="clips counted at the same time")
    parser.add_argument("--csv", type=Path, help="write the rows here as well")
    options = parser.parse_args(arguments)
    clips = [clip for folder in options.clips for clip in read_clips(folder, options.only, options.half)]
    ways = [
        Way(detector, tracker, minutes, options.interval)
        for detector in options.detectors.split(",")
        for tracker in options.trackers.split(",")
        for minutes in dict.fromkeys((0.0, options.returns))
    ]
    rows = count_all(clips, ways, options)
    print(scores.table(rows))
    for way in dict.fromkeys(r.way for r in rows):
        timed = [r for r in rows if r.way == way]
        print(f"{way}: {1000 * sum(r.seconds for r in timed) / max(1, sum(r.frames for r in timed)):.1f} ms a frame")
    if options.csv:
        write_rows(options.csv, rows)
    return 0


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(
            ["way", "clip", "kind", "half", "returns", "low", "high", "counted", "men", "women", "undecided", "seconds"]
        )
        for r in rows:
            c, low_high = r.counts, r.clip.accepted(r.returns)
            told = [c.people, c.male, c.female, c.undecided, f"{r.seconds:.2f}"]
            out.writerow([r.way, r.clip.name, r.clip.kind, r.clip.half, r.returns, *low_high, *told])


if __name__ == "__main__":
    sys.exit(main())
