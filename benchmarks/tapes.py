"""What a pipeline read from the pixels of a clip, kept so that the clip can be counted again without them.

looks = record(frames)             # a list of `Look`, one a frame
pipeline, tape = build(), Tape()
put_on(pipeline, tape)             # from now on it reads the tape
tape.look = looks[0]
pipeline.process(tape.frame())
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from benchmarks.pipelines import build
from desktop_app.domain.tracking import TrackedFace
from desktop_app.domain.types import Attributes, Box, Detection, Frame
from desktop_app.vision.attributes.quality import Glimpse
from desktop_app.vision.attributes.screens import ScreenDetector
from desktop_app.vision.attributes.stillness import StillnessDetector
from desktop_app.vision.faces.detectors import FaceDetector
from desktop_app.vision.faces.schedule import LookSchedule
from desktop_app.vision.likeness.appearance import ShotCutDetector
from desktop_app.vision.pipeline import FramePipeline, Measures

BATCH = 8
Image = NDArray[np.uint8]


@dataclass
class Look:
    """One frame: what was read from its pixels, by the boxes of the faces found.

    `still` are those on tracks that had not moved by then, with the time since when, `on_screen` those on a screen.
    """

    index: int
    time_s: float
    width: int
    height: int
    is_cut: bool = False
    is_same_room: bool = False
    began_s: float = math.inf
    is_due: bool = False
    detections: list[Detection] = field(default_factory=list)
    clothes: dict[Box, NDArray[np.float32] | None] = field(default_factory=dict)
    glimpses: dict[Box, Glimpse] = field(default_factory=dict)
    answers: dict[Box, Attributes] = field(default_factory=dict)
    still: dict[Box, float] = field(default_factory=dict)
    on_screen: set[Box] = field(default_factory=set)


class Tape:
    """What the parts of a pipeline write to while it is recorded, and read from while it is replayed."""

    def __init__(self) -> None:
        self.look = Look(0, 0.0, 0, 0)

    def frame(self) -> Frame:
        """Return the frame of the current look, without a picture."""
        look = self.look
        return Frame(np.broadcast_to(np.uint8(0), (look.height, look.width, 3)), look.time_s, look.index)


class TapedDetector:
    """Finds faces with `inner`, or without one those of the tape."""

    name = "recorded"

    def __init__(self, tape: Tape, inner: FaceDetector | None = None) -> None:
        self._tape, self._inner = tape, inner

    def detect(self, image_bgr: Image) -> list[Detection]:
        if self._inner is not None:
            self._tape.look.detections = self._inner.detect(image_bgr)
        return self._tape.look.detections


class TapedCuts(ShotCutDetector):
    def __init__(self, tape: Tape, *, recording: bool) -> None:
        super().__init__()
        self._tape, self._recording = tape, recording

    def is_cut(self, image_bgr: Image, time_s: float) -> bool:
        look = self._tape.look
        if self._recording:
            look.is_cut = super().is_cut(image_bgr, time_s)
            look.is_same_room, look.began_s = self.is_same_room, self.began_s
        self.is_same_room, self.began_s = look.is_same_room, look.began_s
        return look.is_cut


class TapedSchedule(LookSchedule):
    def __init__(self, tape: Tape, interval_s: float, *, recording: bool) -> None:
        super().__init__(interval_s)
        self._tape, self._recording = tape, recording

    def is_due(self, time_s: float) -> bool:
        if self._recording:
            self._tape.look.is_due = super().is_due(time_s)
        return self._tape.look.is_due


class TapedStillness(StillnessDetector):
    """Once a detection of a track had moved, the track has, whatever tracks there were when the tape was made."""

    def __init__(self, tape: Tape, *, recording: bool) -> None:
        super().__init__()
        self._tape, self._recording = tape, recording

    def look(self, image_bgr: Image, faces: Sequence[TrackedFace]) -> dict[int, float]:
        look = self._tape.look
        if self._recording:
            still = super().look(image_bgr, faces)
            look.still = {f.detection.box: still[f.key] for f in faces if f.detection is not None and f.key in still}
            return still
        self._living |= {f.key for f in faces if f.detection is not None and f.detection.box not in look.still}
        seen = {f.key: look.still[f.detection.box] for f in faces if f.detection and f.detection.box in look.still}
        return {key: since_s for key, since_s in seen.items() if key not in self._living}


class TapedScreens(ScreenDetector):
    def __init__(self, tape: Tape, *, recording: bool) -> None:
        super().__init__()
        self._tape, self._recording = tape, recording

    def look(self, size: tuple[int, int], faces: Sequence[TrackedFace]) -> set[int]:
        look = self._tape.look
        if self._recording:
            keys = super().look(size, faces)
            look.on_screen = {f.detection.box for f in faces if f.detection is not None and f.key in keys}
        return {f.key for f in faces if f.detection is not None and f.detection.box in look.on_screen}


def record(images: Iterable[Frame]) -> list[Look]:
    """Run the program's pipeline over frames and return a look for each.

    The network is asked about every face that is worth it, not only about those that the pipeline chooses.
    """
    pipeline, tape, measures = build(), Tape(), Measures()
    _put_on(pipeline, tape, TapedDetector(tape, pipeline.detector), recording=True)
    looks = []
    for frame in images:
        look = tape.look = Look(frame.index, frame.time_s, frame.width, frame.height)
        pipeline.process(frame)
        for d in look.detections:
            look.clothes[d.box] = measures.clothes(frame.image_bgr, d.box)
            look.glimpses[d.box] = measures.assess(frame.image_bgr, d)
        worth = [box for box, glimpse in look.glimpses.items() if glimpse.worth]
        for begin in range(0, len(worth), BATCH):
            boxes = worth[begin : begin + BATCH]
            look.answers.update(zip(boxes, measures.ask(pipeline.classifier, frame.image_bgr, boxes), strict=True))
        looks.append(look)
    return looks


def put_on(pipeline: FramePipeline, tape: Tape) -> None:
    """Let a pipeline read from a tape whatever it reads from pixels."""
    _put_on(pipeline, tape, TapedDetector(tape), recording=False)
    pipeline.measures = Measures(
        clothes=lambda _, box: tape.look.clothes[box],
        assess=lambda _, detection: tape.look.glimpses[detection.box],
        ask=lambda _, __, boxes: [tape.look.answers[box] for box in boxes],
    )


def _put_on(pipeline: FramePipeline, tape: Tape, detector: TapedDetector, *, recording: bool) -> None:
    pipeline.detector = detector
    pipeline.cuts = TapedCuts(tape, recording=recording)
    pipeline.schedule = TapedSchedule(tape, pipeline.settings.detect_interval_s, recording=recording)
    pipeline.stillness = TapedStillness(tape, recording=recording)
    pipeline.screens = TapedScreens(tape, recording=recording)
