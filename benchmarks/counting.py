"""How well the program counts, over a folder of clips with a `truth.csv`.

    python -m benchmarks.counting CLIPS [--returns 10] [--detectors yunet,haar,profile] [--trackers ours] [--drop 0.5]

Two rows a clip: returns off against the appearances, returns on against the distinct people. Total error is the sum
over the clips of |counted - true| over the sum of true; the error per gender is the same over men and over women
(somebody Undecided counts as a person and as a miss for their gender), for returns off only where nobody appears twice.
"fps" and "real" (media seconds a second) are by the processor time of this process, decoding included, so that other
work on the machine does not count; give --threads 1 for a figure per core.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks import rivals
from benchmarks.clips import Clip, frames, read_clips
from benchmarks.textbook import TextbookLoop
from desktop_app.domain.counting import CountingSettings, PeopleCounter
from desktop_app.domain.tracking import Tracker
from desktop_app.domain.types import Attributes, Counts, Detection, Frame, Gender
from desktop_app.resources import yunet_weights
from desktop_app.vision.attributes.classifier import AttributeClassifier, LiteRtClassifier
from desktop_app.vision.attributes.preprocess import InputSpec
from desktop_app.vision.faces.detectors import HAAR_CASCADES, FaceDetector, HaarFaceDetector, YuNetFaceDetector
from desktop_app.vision.faces.tiled import ScanningFaceDetector
from desktop_app.vision.likeness.face_space import LikenessSpace
from desktop_app.vision.pipeline import FramePipeline, PipelineSettings

ROOT = Path(__file__).resolve().parents[1]


@dataclass
class Row:
    """One clip counted one way. `seconds` is the processor time, decoding included; 0 on a replay."""

    clip: Clip
    returns: bool
    counts: Counts
    frames: int = 0
    media_s: float = 0.0
    seconds: float = 0.0
    people: tuple[str, ...] = ()

    @property
    def error(self) -> int:
        return min(abs(self.counts.people - right) for right in self.clip.accepted(self.returns))

    @property
    def true(self) -> int:
        """The accepted number nearest to what was counted."""
        return min(self.clip.accepted(self.returns), key=lambda right: abs(self.counts.people - right))

    @property
    def gendered(self) -> bool:
        """Whether the clip says how many men and women this row should count."""
        only_one_answer = len(self.clip.accepted(self.returns)) == 1
        return only_one_answer and (self.returns or self.clip.appearances == self.clip.people)


@dataclass
class Summary:
    """The figures over many rows."""

    rows: list[Row] = field(default_factory=list)

    def total_error(self, returns: bool) -> float:
        rows = [r for r in self.rows if r.returns is returns]
        return sum(r.error for r in rows) / max(1, sum(r.true for r in rows))

    def gender_error(self, gender: Gender, returns: bool) -> float:
        rows = [r for r in self.rows if r.gendered and r.returns is returns]
        men = gender is Gender.MALE
        pairs = [(r.counts.male, r.clip.males) if men else (r.counts.female, r.clip.females) for r in rows]
        return sum(abs(a - b) for a, b in pairs) / max(1, sum(b for _, b in pairs))

    @property
    def false_people(self) -> int:
        return sum(r.counts.people for r in self.rows if not r.returns and r.clip.accepted(False) == (0,))

    @property
    def fps(self) -> float:
        timed = [r for r in self.rows if r.seconds > 0]
        return sum(r.frames for r in timed) / max(1e-9, sum(r.seconds for r in timed))

    @property
    def times_real_time(self) -> float:
        timed = [r for r in self.rows if r.seconds > 0]
        return sum(r.media_s for r in timed) / max(1e-9, sum(r.seconds for r in timed))

    def line(self, name: str) -> str:
        return (
            f"{name:34s} {self.total_error(False):7.1%} {self.total_error(True):7.1%}"
            f" {self.gender_error(Gender.MALE, False):7.1%} {self.gender_error(Gender.FEMALE, False):7.1%}"
            f" {self.gender_error(Gender.MALE, True):7.1%} {self.gender_error(Gender.FEMALE, True):7.1%}"
            f" {self.false_people:5d} {self.fps:7.1f} {self.times_real_time:7.1f}x"
        )


HEADER = (
    f"{'detector + tracker':34s} {'error':>7s} {'(ret.)':>7s} {'men':>7s} {'women':>7s} {'men(r)':>7s} {'wom.(r)':>7s}"
    f" {'false':>5s} {'fps':>7s} {'real':>8s}"
)


class Recorded:
    """A detector and a classifier that remember what they said, so that a clip is looked at once and counted often."""

    def __init__(self, detector: FaceDetector, classifier: AttributeClassifier) -> None:
        self._detector, self._classifier = detector, classifier
        self._found: dict[int, list[Detection]] = {}
        self._said: dict[bytes, Attributes] = {}
        self.index = 0

    @property
    def name(self) -> str:
        return self._detector.name

    @property
    def spec(self) -> InputSpec:
        return self._classifier.spec

    def detect(self, image_bgr: NDArray[np.uint8]) -> list[Detection]:
        if self.index not in self._found:
            self._found[self.index] = self._detector.detect(image_bgr)
        return self._found[self.index]

    def predict(self, crops: NDArray[np.uint8]) -> list[Attributes]:
        keys = [crop.tobytes() for crop in crops]
        new = [i for i, key in enumerate(keys) if key not in self._said]
        if new:
            for i, attributes in zip(new, self._classifier.predict(crops[new]), strict=True):
                self._said[keys[i]] = attributes
        return [self._said[key] for key in keys]


def make_detector(name: str) -> FaceDetector:
    if name == "yunet":
        return ScanningFaceDetector(YuNetFaceDetector(yunet_weights(), 0.3), YuNetFaceDetector(yunet_weights(), 0.3))
    if name == "yunet640":
        return YuNetFaceDetector(yunet_weights(), 0.3)
    if name == "haar" or name in HAAR_CASCADES:
        return HaarFaceDetector("frontal" if name == "haar" else name)
    raise SystemExit(f"There is no detector {name!r}; choose from yunet, yunet640, haar, alt2, profile.")


def make_tracker(name: str) -> Tracker:
    if name == "ours":
        return Tracker()
    try:
        return rivals.TRACKERS[name]()
    except KeyError:
        raise SystemExit(f"There is no tracker {name!r}; choose from ours, {', '.join(rivals.TRACKERS)}.") from None
    except ImportError as error:
        raise SystemExit(f"The tracker {name!r} needs the package {error.name}; install it to compare.") from None


def thinned(path: Path, drop: float, seed: int) -> Iterator[Frame]:
    """The frames of a clip, of which a share is dropped at random as a live source does that is read too slowly."""
    rng = random.Random(seed)
    for frame in frames(path):
        if drop == 0 or rng.random() >= drop:
            yield frame


def count_clip(
    clip: Clip,
    recorded: Recorded,
    tracker: str,
    *,
    returns_s: float,
    interval_s: float,
    drop: float = 0.0,
    seed: int = 0,
    timed: bool = True,
    likeness: LikenessSpace | None = None,
) -> Row:
    """Count one clip as the program would."""
    counter = PeopleCounter(CountingSettings(returns_s=returns_s))
    pipeline = FramePipeline(
        recorded,
        recorded,
        make_tracker(tracker),
        counter,
        settings=PipelineSettings(detect_interval_s=interval_s),
        likeness=likeness,
    )
    number, last_s, started = 0, 0.0, time.process_time()
    for frame in thinned(clip.path, drop, seed):
        recorded.index = frame.index
        pipeline.process(frame)
        number, last_s = number + 1, frame.time_s
    pipeline.finish()
    seconds = time.process_time() - started
    people = tuple(
        f"{e.track_id}:{e.gender.value[0]}{e.gender_probability:.2f}@{e.first_seen_s:.1f}-{e.last_seen_s:.1f}"
        for e in pipeline.people()
    )
    return Row(clip, returns_s > 0, pipeline.counts, number, last_s, seconds if timed else 0.0, people)


def count_textbook(clip: Clip, classifier: AttributeClassifier) -> Row:
    loop, number, last_s, started = TextbookLoop(classifier), 0, 0.0, time.process_time()
    for frame in frames(clip.path):
        loop.process(frame.image_bgr)
        number, last_s = number + 1, frame.time_s
    counts = Counts(loop.genders[Gender.FEMALE], loop.genders[Gender.MALE])
    return Row(clip, False, counts, number, last_s, time.process_time() - started)


def show(row: Row) -> None:
    c, t = row.counts, row.clip
    mark = " " if row.error == 0 else "!"
    wanted = "/".join(map(str, t.accepted(row.returns)))
    print(
        f"{mark} {t.name:40s} {'on ' if row.returns else 'off'} true {wanted:>3s} counted {c.people:2d}"
        f"   men {c.male}/{t.males} women {c.female}/{t.females} undecided {c.undecided}"
        f"  {' '.join(row.people) if row.error else ''}",
        flush=True,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--only", default="", help="only clips with this in their name")
    parser.add_argument("--returns", type=float, default=10.0, metavar="MINUTES")
    parser.add_argument("--detectors", default="yunet", help="of yunet (with tiles), yunet640, haar, alt2, profile")
    parser.add_argument("--trackers", default="ours", help=f"of ours, {', '.join(rivals.TRACKERS)}")
    parser.add_argument("--interval", type=float, default=0.1, help="seconds between two detections")
    parser.add_argument("--drop", default="", help="shares of the frames to drop at random, as 0.5,0.8")
    parser.add_argument("--seeds", type=int, default=3, help="how often to drop")
    parser.add_argument("--no-textbook", action="store_true", help="leave the tutorials' loop out")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "headcount")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--csv", type=Path, help="write the rows here as well")
    options = parser.parse_args(arguments)
    cv2.setNumThreads(options.threads)
    clips = read_clips(options.clips, options.only)
    classifier = LiteRtClassifier(options.model)
    likeness = LikenessSpace.load(options.model / str(classifier.card["file"]))
    summaries: dict[str, Summary] = {}
    drops = [0.0, *(float(d) for d in options.drop.split(",") if d)]
    for detector in options.detectors.split(","):
        for clip in clips:
            recorded = Recorded(make_detector(detector), classifier)
            for tracker in options.trackers.split(","):
                for drop in drops:
                    for seed in range(options.seeds if drop else 1):
                        for returns_s in (0.0, 60 * options.returns):
                            timed = tracker == options.trackers.split(",")[0] and drop == 0 and returns_s == 0
                            row = count_clip(
                                clip,
                                recorded,
                                tracker,
                                returns_s=returns_s,
                                interval_s=options.interval,
                                drop=drop,
                                seed=seed,
                                timed=timed,
                                likeness=likeness,
                            )
                            name = f"{detector} + {tracker}" + (f" - {drop:.0%} of frames" if drop else "")
                            summaries.setdefault(name, Summary()).rows.append(row)
                            if not drop:
                                show(row)
    if not options.no_textbook:
        baseline = Summary([count_textbook(clip, classifier) for clip in clips])
        for row in baseline.rows:
            show(row)
        summaries["textbook loop, Haar 1.3/5"] = baseline
    print(HEADER)
    for name, summary in summaries.items():
        print(summary.line(name))
    if options.csv:
        write_rows(options.csv, summaries)
    return 0


def write_rows(path: Path, summaries: dict[str, Summary]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(["way", "clip", "returns", "true", "counted", "men", "women", "undecided", "seconds"])
        for name, summary in summaries.items():
            for r in summary.rows:
                c = r.counts
                out.writerow(
                    [name, r.clip.name, r.returns, r.true, c.people, c.male, c.female, c.undecided, f"{r.seconds:.2f}"]
                )


if __name__ == "__main__":
    sys.exit(main())
