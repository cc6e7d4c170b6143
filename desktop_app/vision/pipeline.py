"""From a frame to a `FrameResult`: detect, follow, classify, vote, count.

The detector is the dear part, so it runs on a schedule fixed in media time; every frame passes through the tracker. The
same file therefore gives the same count on every run and every machine, however fast that machine is.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from desktop_app.domain.counting import PeopleCounter
from desktop_app.domain.places import Line, Zone
from desktop_app.domain.tracking import TrackedFace, Tracker
from desktop_app.domain.types import CountEvent, Counts, Detection, Frame, FrameResult
from desktop_app.errors import SettingsError
from desktop_app.vision.attributes.classifier import AttributeClassifier
from desktop_app.vision.attributes.preprocess import crop_faces
from desktop_app.vision.attributes.quality import Glimpse, GlimpseScheduler, assess
from desktop_app.vision.faces.detectors import FaceDetector
from desktop_app.vision.faces.schedule import LookSchedule
from desktop_app.vision.faces.tiled import ScanningFaceDetector
from desktop_app.vision.likeness.appearance import ShotCutDetector, clothes_histogram
from desktop_app.vision.likeness.face_space import LikenessSpace


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """`detect_interval_s` is the media time between two detections, in seconds; 0 detects on every frame."""

    detect_interval_s: float = 0.1

    def __post_init__(self) -> None:
        if not (math.isfinite(self.detect_interval_s) and 0 <= self.detect_interval_s <= 10):
            raise SettingsError(
                f"The time between two detections is {self.detect_interval_s} s.", "Choose a value from 0 to 10 s."
            )


class FramePipeline:
    """Everything between a frame and its result. Not thread-safe: it belongs to the analysis thread."""

    def __init__(
        self,
        detector: FaceDetector,
        classifier: AttributeClassifier,
        tracker: Tracker,
        counter: PeopleCounter,
        *,
        settings: PipelineSettings | None = None,
        scheduler: GlimpseScheduler | None = None,
        cuts: ShotCutDetector | None = None,
        likeness: LikenessSpace | None = None,
    ) -> None:
        """`likeness` is what the model offers for telling people apart (`LikenessSpace.load`), None if it has none."""
        self.detector = detector
        self.classifier = classifier
        self.tracker = tracker
        self.counter = counter
        self.settings = settings or PipelineSettings()
        self._scheduler = scheduler or GlimpseScheduler()
        self._cuts = cuts or ShotCutDetector()
        self.likeness = likeness
        self._schedule = LookSchedule(self.settings.detect_interval_s)
        self._aside: PeopleCounter | None = None
        self._aside_events: deque[CountEvent] = deque(maxlen=counter.settings.max_records)

    @property
    def counts(self) -> Counts:
        return self.counter.counts

    @property
    def _counters(self) -> tuple[PeopleCounter, ...]:
        """Everything that counts what is seen: the count shown and, after a reset, the one put aside."""
        return (self.counter,) if self._aside is None else (self.counter, self._aside)

    def people(self) -> tuple[CountEvent, ...]:
        """Return one record a counted person, those still in view included."""
        return self.counter.people()

    def mark_staff(self, track_id: int) -> bool:
        """Take a person out of the count for this session; False if nobody has this id."""
        return self.counter.mark_staff(track_id)

    def set_places(
        self, lines: Sequence[Line] = (), zones: Sequence[Zone] = (), staff_zones: Sequence[Zone] = ()
    ) -> None:
        """Count at these lines and zones from the next frame on; see `PeopleCounter.set_places`."""
        for counter in self._counters:
            counter.set_places(lines, zones, staff_zones)

    def reset(self) -> None:
        """Begin a new session: nobody counted, ids from 1."""
        self.tracker.reset()
        self.counter.reset()
        self._aside = None
        self._scheduler.reset()
        self._cuts.reset()
        self._schedule.reset()
        if isinstance(self.detector, ScanningFaceDetector):
            self.detector.reset()

    def set_aside(self) -> None:
        """Count from nothing, ids from 1, while the count so far goes on unseen, so that `bring_back` loses nobody.

        The faces in view go on being followed: for the count put aside they are the same people as before.
        """
        self._aside, self.counter = self.counter, self.counter.afresh()
        self._aside_events.clear()
        self._scheduler.reset()

    @property
    def aside_counts(self) -> Counts | None:
        """The totals of the count put aside, as they are by now; None without one."""
        return None if self._aside is None else self._aside.counts

    def bring_back(self) -> tuple[CountEvent, ...]:
        """Go on with the count put aside, as if it had never been; return the events it completed meanwhile."""
        if self._aside is None:
            return ()
        self.counter, self._aside = self._aside, None
        return tuple(self._aside_events)

    def finish(self) -> tuple[CountEvent, ...]:
        """Close everybody at the end of a source and return the events that this completes."""
        if self._aside is not None:
            self._aside_events += self._aside.finish()
        return self.counter.finish()

    def process(self, frame: Frame) -> FrameResult:
        """Take in the next frame, whose `time_s` is not before that of the one before."""
        clock = time.perf_counter
        started = clock()
        is_cut = self._cuts.is_cut(frame.image_bgr, frame.time_s)
        if is_cut:
            self.tracker.cut()
            for counter in self._counters:
                counter.cut(frame.time_s)
        detecting = self._schedule.is_due(frame.time_s) or is_cut
        detections = self.detector.detect(frame.image_bgr) if detecting else []
        detected = clock()
        faces = self._follow(frame, detections) if detecting else self.tracker.predict(frame.time_s)
        ended = self.tracker.take_ended()
        tracked = clock()
        facing = self._classify(frame, faces) if detecting else set()
        classified = clock()
        size = (frame.width, frame.height)
        tracks, events = self.counter.update(faces, ended, frame.time_s, size, facing)
        if self._aside is not None:
            self._aside_events += self._aside.update(faces, ended, frame.time_s, size, facing)[1]
        self._scheduler.forget(ended)
        done = clock()
        timings = {
            "detect": detected - started,
            "track": tracked - detected,
            "classify": classified - tracked,
            "count": done - classified,
            "total": done - started,
        }
        return FrameResult(frame, tracks, self.counter.counts, detecting, events, timings)

    def _follow(self, frame: Frame, detections: Sequence[Detection]) -> tuple[TrackedFace, ...]:
        looks = [clothes_histogram(frame.image_bgr, d.box) for d in detections]
        faces = self.tracker.update(detections, frame.time_s, looks)
        self._schedule.note(faces)
        return faces

    def _classify(self, frame: Frame, faces: Sequence[TrackedFace]) -> set[int]:
        """Ask the network about the faces that deserve it, in one batch; return the keys of those facing us."""
        glimpses: list[Glimpse | None] = [
            assess(frame.image_bgr, face.detection) if face.detection is not None else None for face in faces
        ]
        chosen = self._scheduler.choose(faces, glimpses, self.counter.vote_of, frame.time_s)
        crops = crop_faces(
            frame.image_bgr, [d.box for i in chosen if (d := faces[i].detection) is not None], self.classifier.spec
        )
        for i, attributes in zip(chosen, self.classifier.predict(crops), strict=True):
            glimpse = glimpses[i]
            if glimpse is not None:
                # The network's own features are all alike; only in the fitted space do they tell people apart.
                vector = self.likeness.project(attributes.embedding) if self.likeness else None
                seen = replace(attributes, embedding=vector)
                for counter in self._counters:
                    counter.observe(faces[i], seen, glimpse.weight)
        return {face.key for face, glimpse in zip(faces, glimpses, strict=True) if glimpse and glimpse.facing}
