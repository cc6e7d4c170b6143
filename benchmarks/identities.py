"""Does a person keep their id? Trackers against hand-labelled tracks, with the MOT figures.

    python -m benchmarks.identities CLIPS [--trackers ours,overlap,bytetrack,norfair]

Needs `motmetrics`. Labels are in `benchmarks/tracks`. "raw" scores the tracker's own keys; "people" scores the
ids of the persons counted, after short disappearances have been bridged by looks. MOTA (Bernardin and
Stiefelhagen 2008), IDF1 (Ristani et al. 2016), id switches and fragmentations at an overlap of 0.4.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.clips import frames
from benchmarks.counting import ROOT, make_detector, make_tracker
from desktop_app.domain.counting import PeopleCounter
from desktop_app.domain.tracking import TrackedFace
from desktop_app.domain.types import Box
from desktop_app.vision.classifier import LiteRtClassifier
from desktop_app.vision.likeness import LikenessSpace
from desktop_app.vision.pipeline import FramePipeline, PipelineSettings

TRACKS = Path(__file__).parent / "tracks"
FIGURES = ["num_objects", "mota", "idf1", "num_switches", "num_fragmentations", "num_misses", "num_false_positives"]


def read_labels(path: Path) -> dict[int, dict[str, Box]]:
    """Return the labelled boxes by frame and person."""
    labels: dict[int, dict[str, Box]] = defaultdict(dict)
    with path.open(newline="", encoding="utf-8") as file:
        for r in csv.DictReader(file):
            labels[int(r["frame"])][r["person"]] = Box(*(float(r[k]) for k in ("x1", "y1", "x2", "y2")))
    return labels


def score(
    clip: Path, labels: dict[int, dict[str, Box]], tracker: str, interval_s: float, classifier: LiteRtClassifier
) -> dict[str, Any]:
    """Run one tracker over one clip; return a motmetrics accumulator for "raw" keys and for "people"."""
    import motmetrics

    likeness = LikenessSpace.load(ROOT / "models" / "headcount" / str(classifier.card["file"]))
    pipeline = FramePipeline(
        make_detector("yunet"),
        classifier,
        make_tracker(tracker),
        PeopleCounter(),
        settings=PipelineSettings(detect_interval_s=interval_s),
        likeness=likeness,
    )
    latest: tuple[TrackedFace, ...] = ()

    def listen(method: Callable[..., tuple[TrackedFace, ...]]) -> Callable[..., tuple[TrackedFace, ...]]:
        def heard(*arguments: Any) -> tuple[TrackedFace, ...]:
            nonlocal latest
            latest = method(*arguments)
            return latest

        return heard

    pipeline.tracker.update = listen(pipeline.tracker.update)  # type: ignore[method-assign]
    pipeline.tracker.predict = listen(pipeline.tracker.predict)  # type: ignore[method-assign]
    everybody = sorted({name for faces in labels.values() for name in faces})
    raw, people = motmetrics.MOTAccumulator(), motmetrics.MOTAccumulator()
    for frame in frames(clip):
        result = pipeline.process(frame)
        if frame.index not in labels:
            continue
        truth = list(labels[frame.index].values())
        names = [everybody.index(name) + 1 for name in labels[frame.index]]
        confirmed = [t for t in result.tracks if t.seen and t.confirmed]
        for accumulator, ids, boxes in (
            (raw, [f.key for f in latest if f.seen], [f.box for f in latest if f.seen]),
            (people, [t.track_id for t in confirmed], [t.box for t in confirmed]),
        ):
            overlap = np.array([[1 - a.iou(b) for b in boxes] for a in truth]).reshape(len(truth), len(boxes))
            overlap[overlap > 0.6] = np.nan
            accumulator.update(names, ids, overlap, frameid=frame.index)
    return {"raw": raw, "people": people}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--trackers", default="ours,overlap")
    parser.add_argument("--interval", type=float, default=0.1)
    options = parser.parse_args()
    try:
        import motmetrics
    except ImportError:
        raise SystemExit("This benchmark needs the package motmetrics; install it beside the program.") from None
    cv2.setNumThreads(1)
    classifier = LiteRtClassifier(ROOT / "models" / "headcount")
    accumulators, names = [], []
    for tracker in options.trackers.split(","):
        for path in sorted(TRACKS.glob("*.csv")):
            for kind, accumulator in score(
                options.clips / path.stem, read_labels(path), tracker, options.interval, classifier
            ).items():
                accumulators.append(accumulator)
                names.append(f"{path.stem} {tracker} {kind}")
    metrics = motmetrics.metrics.create()
    table = metrics.compute_many(accumulators, names=names, metrics=FIGURES)
    print(motmetrics.io.render_summary(table, formatters=metrics.formatters))
    return 0


if __name__ == "__main__":
    sys.exit(main())
