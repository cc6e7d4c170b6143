"""Does a person keep their id? Trackers against hand-labelled tracks, with the MOT figures.

    python -m benchmarks.identities CLIPS [--trackers ours,overlap,bytetrack,norfair]

Needs TrackEval: `pip install --no-deps trackeval scipy tabulate pycocotools`. (With its dependencies comes a second
OpenCV, whose files overwrite those of ours.) Labels are in `benchmarks/tracks`. "raw" scores the tracker's own keys;
"people" scores the ids of the persons counted, after short disappearances have been bridged by looks. HOTA with its
parts DetA and AssA is the mean over the overlaps 0.05 to 0.95 (Luiten et al. 2021); MOTA (Bernardin and Stiefelhagen
2008), IDF1 (Ristani et al. 2016), id switches and fragmentations are those at an overlap of 0.4.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.clips import frames
from benchmarks.pipelines import Way, build
from desktop_app.domain.tracking import TrackedFace
from desktop_app.domain.types import Box

TRACKS = Path(__file__).parent / "tracks"
MATCH_IOU = 0.4
"""From this overlap on a box is on the labelled face. Less than the usual 0.5: three pixels are much of 20."""

HEADER = (
    f"{'clip, tracker, ids':46s} {'faces':>5s} {'HOTA':>6s} {'DetA':>6s} {'AssA':>6s} {'MOTA':>6s} {'IDF1':>6s}"
    f" {'switch':>6s} {'frag':>5s} {'missed':>6s} {'false':>5s}"
)


class Sequence:
    """What TrackEval scores: frame by frame who was there, which ids were reported and how much the boxes overlap."""

    def __init__(self) -> None:
        self._truth: list[Mapping[str, Box]] = []
        self._found: list[Mapping[int, Box]] = []

    def add(self, truth: Mapping[str, Box], found: Mapping[int, Box]) -> None:
        """Take in the labelled boxes by person and the reported boxes by id of the next labelled frame."""
        self._truth.append(truth)
        self._found.append(found)

    def data(self) -> dict[str, Any]:
        """Return the sequence as TrackEval's metrics take it, with persons and ids numbered from 0."""
        people = sorted({name for truth in self._truth for name in truth})
        ids = sorted({key for found in self._found for key in found})
        return {
            "gt_ids": [np.array([people.index(name) for name in truth], int) for truth in self._truth],
            "tracker_ids": [np.array([ids.index(key) for key in found], int) for found in self._found],
            "similarity_scores": [
                np.array([[a.iou(b) for b in found.values()] for a in truth.values()]).reshape(len(truth), len(found))
                for truth, found in zip(self._truth, self._found, strict=True)
            ],
            "num_timesteps": len(self._truth),
            "num_gt_ids": len(people),
            "num_tracker_ids": len(ids),
            "num_gt_dets": sum(map(len, self._truth)),
            "num_tracker_dets": sum(map(len, self._found)),
        }


class Scores:
    """TrackEval's metrics over sequences, one row each, and a row for all of them together."""

    def __init__(self) -> None:
        from trackeval import metrics

        options = {"THRESHOLD": MATCH_IOU, "PRINT_CONFIG": False}
        self._metrics = (metrics.HOTA(), metrics.CLEAR(options), metrics.Identity(options))
        self._results: list[dict[str, Any]] = [{} for _ in self._metrics]

    def add(self, name: str, sequence: Sequence) -> dict[str, float]:
        """Score one sequence; return its figures by TrackEval's names."""
        data = sequence.data()
        for metric, results in zip(self._metrics, self._results, strict=True):
            results[name] = metric.eval_sequence(data)
        return self._figures([results[name] for results in self._results])

    def together(self) -> dict[str, float]:
        """Return the figures over all sequences added, every labelled face counting the same."""
        pairs = zip(self._metrics, self._results, strict=True)
        return self._figures([metric.combine_sequences(results) for metric, results in pairs])

    @staticmethod
    def _figures(results: list[dict[str, Any]]) -> dict[str, float]:
        # HOTA and its parts come as one value an overlap; their mean is the figure. The others are plain numbers.
        return {field: float(np.mean(value)) for result in results for field, value in result.items()}


def line(name: str, figures: Mapping[str, float]) -> str:
    shares = " ".join(f"{figures[field]:6.1%}" for field in ("HOTA", "DetA", "AssA", "MOTA", "IDF1"))
    faces = figures["CLR_TP"] + figures["CLR_FN"]
    return (
        f"{name:46s} {faces:5.0f} {shares} {figures['IDSW']:6.0f} {figures['Frag']:5.0f}"
        f" {figures['CLR_FN']:6.0f} {figures['CLR_FP']:5.0f}"
    )


def read_labels(path: Path) -> dict[int, dict[str, Box]]:
    """Return the labelled boxes by frame and person."""
    labels: dict[int, dict[str, Box]] = defaultdict(dict)
    with path.open(newline="", encoding="utf-8") as file:
        for r in csv.DictReader(file):
            labels[int(r["frame"])][r["person"]] = Box(*(float(r[k]) for k in ("x1", "y1", "x2", "y2")))
    return labels


def follow(clip: Path, labels: dict[int, dict[str, Box]], way: Way) -> dict[str, Sequence]:
    """Count one clip one way; return what was reported by the tracker's "raw" keys and by "people"."""
    pipeline = build(way)
    cv2.setNumThreads(1)
    latest: tuple[TrackedFace, ...] = ()

    def listen(method: Callable[..., tuple[TrackedFace, ...]]) -> Callable[..., tuple[TrackedFace, ...]]:
        def heard(*arguments: Any) -> tuple[TrackedFace, ...]:
            nonlocal latest
            latest = method(*arguments)
            return latest

        return heard

    pipeline.tracker.update = listen(pipeline.tracker.update)  # type: ignore[method-assign]
    pipeline.tracker.predict = listen(pipeline.tracker.predict)  # type: ignore[method-assign]
    raw, people = Sequence(), Sequence()
    for frame in frames(clip):
        result = pipeline.process(frame)
        if frame.index in labels:
            raw.add(labels[frame.index], {f.key: f.box for f in latest if f.seen})
            people.add(labels[frame.index], {t.track_id: t.box for t in result.tracks if t.seen and t.confirmed})
    return {"raw": raw, "people": people}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--trackers", default="ours,overlap")
    options = parser.parse_args()
    try:
        import trackeval  # noqa: F401
    except ImportError as error:
        raise SystemExit(f"This benchmark needs the package {error.name}; see the head of this file.") from None
    print(HEADER)
    for tracker in options.trackers.split(","):
        scores = {"raw": Scores(), "people": Scores()}
        for path in sorted(TRACKS.glob("*.*.csv")):
            clip, labels = options.clips / path.stem, read_labels(path)
            for kind, sequence in follow(clip, labels, Way(tracker=tracker)).items():
                name = f"{path.stem} {tracker} {kind}"
                print(line(name, scores[kind].add(name, sequence)), flush=True)
        for kind, scored in scores.items():
            print(line(f"all {tracker} {kind}", scored.together()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
