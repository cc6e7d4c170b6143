"""The pipelines that the benchmarks measure: those of `factory` with the shipped settings, changed only by name.

pipeline = build(Way("yunet", "ours"))                  # the program as it is shipped
pipeline = build(Way("haar", "bytetrack", returns_minutes=10))
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmarks import rivals
from desktop_app import factory
from desktop_app.settings import Settings
from desktop_app.vision.faces.detectors import HAAR_CASCADES, FaceDetector
from desktop_app.vision.pipeline import FramePipeline

DETECTORS = ("yunet", "yunet640", "haar", *(name for name in HAAR_CASCADES if name != "frontal"))
TRACKERS = ("ours", *rivals.TRACKERS)

_ONLY_COARSE = 0.9
"""With a smallest face of this share of the picture YuNet is given no tiles: it searches the whole picture alone."""


@dataclass(frozen=True)
class Way:
    """One way of counting: what differs from the shipped settings. `interval_s` None stands for the shipped one."""

    detector: str = "yunet"
    tracker: str = "ours"
    returns_minutes: float = 0.0
    interval_s: float | None = None

    @property
    def name(self) -> str:
        returns = f", returns {self.returns_minutes:g} min" if self.returns_minutes else ""
        every = "" if self.interval_s is None else f", every {self.interval_s:g} s"
        return f"{self.detector} + {self.tracker}{returns}{every}"


def settings_of(way: Way) -> Settings:
    """Return the shipped settings with what `way` changes. Raises SystemExit for a detector that there is not."""
    shipped = Settings()
    detector = shipped.detector
    if way.detector in ("haar", *HAAR_CASCADES):
        cascade = "frontal" if way.detector == "haar" else way.detector
        detector = replace(detector, kind="haar", cascade=cascade)
    elif way.detector == "yunet640":
        detector = replace(detector, min_face_share=_ONLY_COARSE)
    elif way.detector != "yunet":
        raise SystemExit(f"There is no detector {way.detector!r}; choose from {', '.join(DETECTORS)}.")
    if way.interval_s is not None:
        detector = replace(detector, interval_s=way.interval_s)
    count = replace(shipped.count, returns_minutes=way.returns_minutes)
    return replace(shipped, detector=detector, count=count)


def make_detector(name: str) -> FaceDetector:
    """Return a detector as the program builds it."""
    return factory.build_detector(settings_of(Way(name)))


def build(way: Way | None = None) -> FramePipeline:
    """Return the program's pipeline, counting in this way. Raises SystemExit for a part that there is not."""
    way = way or Way()
    pipeline = factory.build_pipeline(settings_of(way))
    if way.tracker != "ours":
        pipeline.tracker = rivals.make_tracker(way.tracker)
    return pipeline
