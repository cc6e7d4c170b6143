"""From a frame to a `FrameResult`: detect, follow, classify, vote, count.

The detector is the most expensive stage, so it runs on a schedule fixed in media time; every frame passes through the
tracker. The same file therefore gives the same count on every run and every machine, however fast that machine is.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.blank import Blank, blank_of, is_too_small
from desktop_app.domain.counting import PeopleCounter
from desktop_app.domain.events import Event
from desktop_app.domain.places import Line, Zone
from desktop_app.domain.same_picture import Fingerprint, fingerprint_of
from desktop_app.domain.tracking import TrackedFace, Tracker
from desktop_app.domain.types import Attributes, Box, Detection, Frame, FrameResult, Track
from desktop_app.errors import SettingsError
from desktop_app.vision.attributes.classifier import AttributeClassifier
from desktop_app.vision.attributes.preprocess import crop_faces
from desktop_app.vision.attributes.quality import Glimpse, GlimpseScheduler, assess
from desktop_app.vision.attributes.screens import ScreenDetector
from desktop_app.vision.attributes.stillness import StillnessDetector
from desktop_app.vision.compare import Comparison, TimedClassifier
from desktop_app.vision.faces.detectors import FaceDetector
from desktop_app.vision.faces.schedule import LookSchedule, PictureSlots
from desktop_app.vision.faces.tiled import TiledFaceDetector
from desktop_app.vision.frame_size import FrameSize
from desktop_app.vision.glimpses import ClassifiedGlimpse, OnGlimpses
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


def ask(classifier: AttributeClassifier, image_bgr: NDArray[np.uint8], boxes: Sequence[Box]) -> list[Attributes]:
    """Return what a network says of the faces in these boxes of a picture (uint8, BGR), in one batch."""
    return classifier.predict(crop_faces(image_bgr, boxes, classifier.spec))


@dataclass(frozen=True, slots=True)
class Measures:
    """What is read from the pixels of faces that were found; whoever replays a count has the answers already."""

    clothes: Callable[[NDArray[np.uint8], Box], NDArray[np.float32] | None] = clothes_histogram
    assess: Callable[[NDArray[np.uint8], Detection], Glimpse] = assess
    ask: Callable[[AttributeClassifier, NDArray[np.uint8], Sequence[Box]], list[Attributes]] = ask


LighterModel = tuple[AttributeClassifier, LikenessSpace | None, float]
"""A network, the space of its embeddings, and the face probability from which on its glimpses count."""


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
        least_side: float = 0.0,
    ) -> None:
        """`likeness` is what the model offers for telling people apart (`LikenessSpace.load`), None if it has none.

        In pictures whose shorter side is below `least_side` pixels nobody can be counted, which the result says.
        """
        self.detector = detector
        self.classifier = classifier
        self.tracker = tracker
        self.counter = counter
        self.settings = settings or PipelineSettings()
        self._scheduler = scheduler or GlimpseScheduler()
        self.cuts = cuts or ShotCutDetector()
        self.likeness = likeness
        self.schedule = LookSchedule(self.settings.detect_interval_s)
        self._slots = PictureSlots(self.settings.detect_interval_s)
        self._size = FrameSize()
        self._least_side = least_side
        self._blank: Blank | None = None
        self.stillness = StillnessDetector()
        self.screens = ScreenDetector()
        self.measures = Measures()
        self.on_glimpses: OnGlimpses | None = None
        """Is told the glimpses of every frame once they are counted; without one nothing is gathered."""
        self.comparison: Comparison | None = None
        self.lighter_model: Callable[[], LighterModel] | None = None
        """Loads a network that costs less; None where there is none."""
        self._chosen: LighterModel | None = None

    @property
    def detector_name(self) -> str:
        return self.detector.name

    @property
    def model_name(self) -> str:
        return self.classifier.name

    def mark_staff(self, ref: str, is_staff: bool | None = True) -> bool:
        """Take the person with this reference for staff or not; see `PeopleCounter.mark_staff`."""
        return self.counter.mark_staff(ref, is_staff)

    def count_anyway(self, key: int) -> bool:
        """Count a face that is held back (`Track.held_back`), by its `Track.key`; see `PeopleCounter.count_anyway`."""
        return self.counter.count_anyway(key)

    def set_places(
        self, lines: Sequence[Line] = (), zones: Sequence[Zone] = (), staff_zones: Sequence[Zone] = ()
    ) -> None:
        """Count at these lines and zones from the next frame on; see `PeopleCounter.set_places`."""
        self.counter.set_places(lines, zones, staff_zones)

    def compare_with(self, comparison: Comparison | None) -> None:
        """Let other models answer beside the counting one from the next frame on, or stop that with None."""
        if comparison is self.comparison:
            return
        if isinstance(self.classifier, TimedClassifier):
            self.classifier = self.classifier.inner
        self.comparison = comparison
        self.on_glimpses = None
        if comparison is not None:
            timed = TimedClassifier(self.classifier)
            self.classifier = timed
            comparison.begin(timed)
            self.on_glimpses = comparison.take

    def fall_back(self) -> str:
        """Use the lighter network until the run is over; return its name, "" where there is none.

        Raises ModelError where it cannot be loaded.
        """
        if self.lighter_model is None or self._chosen is not None or self.comparison is not None:
            return ""
        lighter = self.lighter_model()
        self._chosen = (self.classifier, self.likeness, self.counter.settings.min_face)
        self._answer_with(lighter)
        self.counter.forget_faces()
        return self.classifier.name

    def _answer_with(self, model: LighterModel) -> None:
        self.classifier, self.likeness, min_face = model
        self.counter.settings = replace(self.counter.settings, min_face=min_face)

    def reset(self, prefix: str = "") -> None:
        """Begin a run: nobody counted, ids from 1, references that begin with `prefix`."""
        if self._chosen is not None:
            self._answer_with(self._chosen)
            self._chosen = None
        self.tracker.reset()
        self.counter.reset(prefix)
        self._scheduler.reset()
        self.cuts.reset()
        self.schedule.reset()
        self._slots.reset()
        self._size.reset()
        self._blank = None
        self.stillness.reset()
        self.screens.reset()
        self._reset_detector()
        if self.comparison is not None:
            self.comparison.reset()

    def _reset_detector(self) -> None:
        if isinstance(self.detector, TiledFaceDetector):
            self.detector.reset()

    def new_count(self, time_s: float) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
        """Close the count and begin another with those in view; see `PeopleCounter.new_count`."""
        if self.comparison is not None:
            self.comparison.reset()  # the people of another count have other numbers
        return self.counter.new_count(time_s)

    def renumber(self, numbers: Mapping[str, int], next_number: int, refs: Mapping[str, str] | None = None) -> None:
        """Go on with the numbers of a count taken up again; see `PeopleCounter.renumber`."""
        self.counter.renumber(numbers, next_number, refs)

    def finish(self) -> tuple[Event, ...]:
        """Close everybody at the end of a source and return the events of this."""
        return self.counter.finish()

    def picture_filter(self) -> Callable[[float], bool]:
        """Return what tells of each frame, by its `time_s` and in order, whether its picture may be looked at.

        The pictures of the others need not be there: `Frame.is_repeat`.
        """
        return PictureSlots(self.settings.detect_interval_s).opens

    def process(self, frame: Frame) -> FrameResult:
        """Take in the next frame, whose `time_s` is not before that of the one before."""
        clock = time.perf_counter
        started = clock()
        self._follow_size(frame)
        looking = not frame.is_repeat and self._slots.opens(frame.time_s)
        is_cut = looking and self.cuts.is_cut(frame.image_bgr, frame.time_s)
        if is_cut:
            self.tracker.cut(self.cuts.began_s)
            self._reset_detector()
            if not self.cuts.is_same_room:
                self.screens.reset()
            self.counter.cut(frame.time_s, same_room=self.cuts.is_same_room, began_s=self.cuts.began_s)
        if looking and self.cuts.samples is not None and self.cuts.thumbnail is not None:
            self.screens.see(self.cuts.samples, self.cuts.thumbnail, frame.time_s)
        detecting = looking and (self.schedule.is_due(frame.time_s) or is_cut)
        detections = self.detector.detect(frame.image_bgr) if detecting else []
        detected = clock()
        faces = self._follow(frame, detections) if detecting else self.tracker.predict(frame.time_s)
        ended = self.tracker.take_ended()
        tracked = clock()
        facing, glimpses = self._classify(frame, faces) if detecting else (set[int](), [])
        still = self.stillness.look(frame.image_bgr, faces) if detecting else {}
        size = (frame.width, frame.height)
        on_screen = self.screens.look(size, faces) if detecting else set[int]()
        classified = clock()
        tracks, events = self.counter.update(faces, ended, frame.time_s, size, facing, still, on_screen)
        self._scheduler.forget(ended)
        self.stillness.forget(ended)
        self.screens.forget(ended)
        if self.comparison is not None and not self.comparison.is_of(self.classifier):
            self.compare_with(None)
        if self.on_glimpses is not None:
            self.on_glimpses(frame, glimpses, self.counter.numbers())
        done = clock()
        timings = {
            "detect": detected - started,
            "track": tracked - detected,
            "classify": classified - tracked,
            "count": done - classified,
            "total": done - started,
        }
        in_view = sum(1 for t in tracks if t.confirmed and not t.is_staff)
        fingerprint = self._look_at_picture(frame, tracks) if looking else None
        return FrameResult(
            frame, tracks, in_view, detecting, events, timings, blank=self._blank, fingerprint=fingerprint
        )

    def _look_at_picture(self, frame: Frame, tracks: Sequence[Track]) -> Fingerprint | None:
        """Find out whether anybody could be seen in a picture, and return its fingerprint."""
        samples, thumbnail = self.cuts.samples, self.cuts.thumbnail
        if samples is None or thumbnail is None:
            return None
        if is_too_small(frame.width, frame.height, self._least_side):
            self._blank = None if any(track.confirmed for track in tracks) else Blank.TOO_SMALL
        elif any(track.seen for track in tracks):  # however flat the rest of the picture is
            self._blank = None
        else:
            self._blank = blank_of(frame.image_bgr, samples, thumbnail)
        return fingerprint_of(samples, thumbnail)

    def _follow_size(self, frame: Frame) -> None:
        """Everybody is where they were when the same is shown in another size."""
        factor = self._size.change(frame.width, frame.height)
        if factor != 1.0:
            self.tracker.scale(factor)
            self.counter.scale(factor)
            self.stillness.reset()

    def _follow(self, frame: Frame, detections: Sequence[Detection]) -> tuple[TrackedFace, ...]:
        looks = [self.measures.clothes(frame.image_bgr, d.box) for d in detections]
        faces = self.tracker.update(detections, frame.time_s, looks)
        self.schedule.note(faces)
        return faces

    def _classify(self, frame: Frame, faces: Sequence[TrackedFace]) -> tuple[set[int], list[ClassifiedGlimpse]]:
        """Ask the network about the faces that deserve it, in one batch.

        Returns the keys of those facing us, and what was found.
        """
        glimpses: list[Glimpse | None] = [
            self.measures.assess(frame.image_bgr, face.detection) if face.detection is not None else None
            for face in faces
        ]
        chosen = self._scheduler.choose(faces, glimpses, self.counter.vote_of, frame.time_s)
        boxes = [d.box for i in chosen if (d := faces[i].detection) is not None]
        found = []
        for i, attributes in zip(chosen, self.measures.ask(self.classifier, frame.image_bgr, boxes), strict=True):
            glimpse = glimpses[i]
            if glimpse is not None:
                # The network's own features are all alike; only in the fitted space do they tell people apart.
                vector = self.likeness.project(attributes.embedding) if self.likeness else None
                found.append(ClassifiedGlimpse(faces[i], replace(attributes, embedding=vector), glimpse.weight))
                self.counter.observe(found[-1].face, found[-1].attributes, glimpse.weight)
        facing = {face.key for face, glimpse in zip(faces, glimpses, strict=True) if glimpse and glimpse.facing}
        return facing, found
