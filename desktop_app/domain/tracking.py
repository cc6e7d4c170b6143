"""Following faces from frame to frame.

    tracker = Tracker()
    faces = tracker.update(detections, time_s, appearances)   # on a frame the detector looked at
    faces = tracker.predict(time_s)                           # on every other frame
    tracker.cut()                                             # before `update`, when the scene was cut
    tracker.take_ended()                                      # keys of the tracks given up since the last call

A track is known by its `key`, which never repeats within a session. Whether a track is a person, and which number the
person gets, is decided in `domain.counting`: nothing here counts.

The association follows ByteTrack (Zhang et al., ECCV 2022): confident boxes are paired first, with every track;
weak boxes then only continue the tracks that are left, and never begin one. Where ByteTrack compares overlap, which
is nothing for a face that moves more than its own width between two looks, this compares distance in face sizes
inside the gate of a Kalman filter in seconds, with the colours of the clothes as a second opinion (as in
Deep SORT, Wojke et al., ICIP 2017).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.assignment import FORBIDDEN, assign
from desktop_app.domain.boxes import on_somebody, one_box_a_face
from desktop_app.domain.motion import Motion, box_size
from desktop_app.domain.types import Box, Detection

Appearance = NDArray[np.float32]
"""How someone looks, to tell them from others: a unit vector, compared by its scalar product."""


DOUBTFUL = 0.78
"""A box below this score begins no track in the hair or on the chest of somebody else."""


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """How faces are followed. Times in seconds, distances in face sizes, scores 0..1.

    `sure_score`: from here a box may begin a track. `weak_score`: from here a box may continue one. `max_gap_s`: how
    long a face that has been seen at least `settled_hits` times may stay hidden before its track ends; a face seen
    less often is given up after `young_gap_s`. Where the looks themselves come at such a slow and steady pace, up to
    `sparse_gap_s` apart, a face that each of them found goes on all the same. `show_s`: how long a hidden face is still
    reported.
    `unmatched`: what it costs to leave a track and a detection without each other, in the unit of the costs of a pair:
    about the distance in face sizes from where the face was expected.
    `gate`: largest squared Mahalanobis distance (chi squared, 3 degrees of freedom: 16.3 is the 99.9% point).
    `reach`: no pair is made further apart than this whatever the gate says.
    `unlike`: clothes less similar than this (scalar product) stand against a pair that is not a near overlap.
    `top_speed`: in face sizes per second; a track and a sure box left over may still be paired outside the gate as far
    as this speed carries (people jump, and turn on their heel), if the clothes are alike by `alike` or cannot be seen.
    `same_face_iou`, `same_face_cover`: boxes of one frame that overlap more than this (or of which one covers this
    share of the other) are one face. `max_tracks` bounds the work of one frame.
    """

    sure_score: float = 0.6
    weak_score: float = 0.3
    max_gap_s: float = 1.5
    young_gap_s: float = 0.6
    settled_hits: int = 3
    sparse_gap_s: float = 10.0
    show_s: float = 0.5
    gate: float = 16.3
    reach: float = 4.0
    unmatched: float = 2.0
    unlike: float = 0.35
    top_speed: float = 10.0
    alike: float = 0.6
    same_face_iou: float = 0.4
    same_face_cover: float = 0.7
    max_tracks: int = 256

    def __post_init__(self) -> None:
        if not 0 <= self.weak_score <= self.sure_score <= 1:
            raise ValueError(
                f"scores must satisfy 0 <= weak_score <= sure_score <= 1, not {self.weak_score} and {self.sure_score}"
            )
        if min(self.max_gap_s, self.young_gap_s, self.sparse_gap_s, self.show_s) <= 0:
            raise ValueError("max_gap_s, young_gap_s, sparse_gap_s and show_s must be more than 0 seconds")
        if self.max_tracks < 1:
            raise ValueError(f"max_tracks must be at least 1, not {self.max_tracks}")


@dataclass(frozen=True, slots=True)
class TrackedFace:
    """One track as of one frame.

    `seen` is False from the detection that did not find it until it is found again. `detection` is the detection
    that continued it on this very frame, and `detection_index` its place in the list given to `update`; both are None
    on any other frame. `hits` counts the detections so far, `score_sum` adds up their scores. `appearance` is
    the running mean of the clothes histogram, None where nothing was given. `on_somebody` tells that the detection lies
    in the hair or on the chest of a surer face. `speed` is in face sizes a second.
    """

    key: int
    box: Box
    seen: bool
    first_seen_s: float
    last_seen_s: float
    hits: int
    score_sum: float
    detection: Detection | None = None
    detection_index: int | None = None
    appearance: Appearance | None = None
    on_somebody: bool = False
    speed: float = 0.0


class _Tracklet:
    __slots__ = (
        "appearance",
        "detection",
        "first_seen_s",
        "hits",
        "index",
        "key",
        "last_box",
        "last_seen_s",
        "missed",
        "motion",
        "score_sum",
    )

    def __init__(self, key: int, detection: Detection, index: int, time_s: float, look: Appearance | None) -> None:
        self.key = key
        self.motion = Motion(detection.box, time_s)
        self.first_seen_s = self.last_seen_s = time_s
        self.hits, self.score_sum = 1, detection.score
        self.appearance = look
        self.missed = False
        self.last_box = detection.box
        self.detection: Detection | None = detection
        self.index: int | None = index

    def hit(self, detection: Detection, index: int, time_s: float, look: Appearance | None) -> None:
        self.motion.correct(detection.box)
        self.last_box = detection.box
        self.last_seen_s = time_s
        self.hits += 1
        self.score_sum += detection.score
        self.detection, self.index, self.missed = detection, index, False
        if look is not None:
            self.appearance = look if self.appearance is None else _unit(0.8 * self.appearance + 0.2 * look)


class Tracker:
    """Follows the faces of one session. Not thread-safe. The state is bounded by `max_tracks`."""

    def __init__(self, settings: TrackerSettings | None = None) -> None:
        self.settings = settings or TrackerSettings()
        self.reset()

    def reset(self) -> None:
        """Forget every track and begin the keys again from 1."""
        self._tracklets: list[_Tracklet] = []
        self._next_key = 1
        self._time_s = self._looked_s = float("-inf")
        self._step_s = float("inf")
        self._ended: list[int] = []
        self._on_somebody: set[int] = set()

    def take_ended(self) -> tuple[int, ...]:
        """Return the keys of the tracks that ended since the last call of this method."""
        ended, self._ended = tuple(self._ended), []
        return ended

    def __len__(self) -> int:
        return len(self._tracklets)

    def update(
        self,
        detections: Sequence[Detection],
        time_s: float,
        appearances: Sequence[Appearance | None] | None = None,
    ) -> tuple[TrackedFace, ...]:
        """Take in what the detector found at `time_s` and return the tracks, seen ones and those hidden for a moment.

        `appearances` has one unit vector (or None) a detection. Raises ValueError if the lengths differ or time runs
        backwards.
        """
        if appearances is not None and len(appearances) != len(detections):
            raise ValueError(f"{len(detections)} detections came with {len(appearances)} appearances")
        self._advance(time_s, looks_on=time_s - self._looked_s <= min(1.5 * self._step_s, self.settings.sparse_gap_s))
        self._looked_s, self._step_s = time_s, time_s - self._looked_s
        looks: list[Appearance | None] = list(appearances or [None] * len(detections))
        kept = one_box_a_face(detections, self.settings.same_face_iou, self.settings.same_face_cover)
        faces = [detections[i] for i in kept]
        self._on_somebody = {i for i in kept if on_somebody(detections[i], faces)}
        sure = [
            i for i in kept if detections[i].score >= (DOUBTFUL if i in self._on_somebody else self.settings.sure_score)
        ]
        weak = [i for i in kept if detections[i].score >= self.settings.weak_score and i not in sure]
        sure = self._pair(self._gated_cost, detections, sure, looks, time_s)
        weak = self._pair(self._gated_cost, detections, weak, looks, time_s)
        sure = self._pair(self._far_cost, detections, sure, looks, time_s)
        for tracklet in self._tracklets:
            tracklet.missed = tracklet.detection is None
        self._begin(detections, sure, looks, time_s)
        return self._faces(time_s)

    def predict(self, time_s: float) -> tuple[TrackedFace, ...]:
        """Carry every track on to `time_s`, for a frame on which the detector did not run."""
        self._advance(time_s)
        return self._faces(time_s)

    def cut(self, began_s: float = math.inf) -> None:
        """End every track, because the scene was cut, but those first seen from `began_s` on: they are of the new one.

        Whether somebody seen after the cut is one of those seen before is a matter of looks and no longer of motion;
        `domain.counting.PeopleCounter` answers it.
        """
        self._ended.extend(t.key for t in self._tracklets if t.first_seen_s < began_s)
        self._tracklets = [t for t in self._tracklets if t.first_seen_s >= began_s]

    def scale(self, factor: float) -> None:
        """Go on in pictures that show the same and are `factor` times as large."""
        for tracklet in self._tracklets:
            tracklet.motion.scale(factor)
            tracklet.last_box = tracklet.last_box.scaled(factor)

    def _advance(self, time_s: float, *, looks_on: bool = False) -> None:
        """Carry the tracks on to `time_s` and end those that were gone for too long.

        With `looks_on` the looks come on at their usual pace, however slow: a track that the last look found has not
        been gone at all.
        """
        if time_s < self._time_s:
            raise ValueError(f"time runs backwards: {time_s} s after {self._time_s} s; call reset() after a seek")
        self._time_s = time_s
        kept = []
        for tracklet in self._tracklets:
            settled = tracklet.hits >= self.settings.settled_hits
            gap = self.settings.max_gap_s if settled else self.settings.young_gap_s
            if time_s - tracklet.last_seen_s > gap and not (looks_on and not tracklet.missed):
                self._ended.append(tracklet.key)
                continue
            tracklet.motion.predict(time_s, hidden=tracklet.missed)
            tracklet.detection = tracklet.index = None
            kept.append(tracklet)
        self._tracklets = kept

    def _pair(
        self,
        cost: Callable[[_Tracklet, Box, Appearance | None], float],
        detections: Sequence[Detection],
        batch: list[int],
        looks: list[Appearance | None],
        time_s: float,
    ) -> list[int]:
        """Pair the tracks not yet found with the detections of `batch`; return those left over."""
        waiting = [t for t in self._tracklets if t.detection is None]
        costs = [[cost(t, detections[i].box, looks[i]) for i in batch] for t in waiting]
        pairs = assign(costs, self.settings.unmatched)
        for row, column in pairs:
            i = batch[column]
            waiting[row].hit(detections[i], i, time_s, looks[i])
        taken = {column for _, column in pairs}
        return [i for column, i in enumerate(batch) if column not in taken]

    def _gated_cost(self, tracklet: _Tracklet, box: Box, look: Appearance | None) -> float:
        distance = tracklet.motion.distance(box)
        if distance > self.settings.reach or tracklet.motion.surprise(box) > self.settings.gate:
            return FORBIDDEN
        if look is None or tracklet.appearance is None:
            return distance
        alike, hidden_s = float(np.dot(look, tracklet.appearance)), self._time_s - tracklet.last_seen_s
        if alike < self.settings.unlike and (distance > 0.5 or hidden_s > 0.4):
            return FORBIDDEN
        # The longer a face was hidden, the less its place says and the more the clothes do.
        return distance + (0.5 + 2 * min(hidden_s, 1.0)) * (1.0 - alike)

    def _far_cost(self, tracklet: _Tracklet, box: Box, look: Appearance | None) -> float:
        """The cost of a pair that the motion model did not expect, by the distance from the last sighting."""
        distance = _apart(tracklet.last_box, box)
        hidden_s = self._time_s - tracklet.last_seen_s
        if distance > min(self.settings.reach, 0.8 + self.settings.top_speed * hidden_s):
            return FORBIDDEN
        if look is None or tracklet.appearance is None:
            return distance if distance < 1.5 else FORBIDDEN
        alike = float(np.dot(look, tracklet.appearance))
        return distance + 0.5 * (1.0 - alike) if alike >= self.settings.alike else FORBIDDEN

    def _begin(
        self, detections: Sequence[Detection], fresh: list[int], looks: list[Appearance | None], time_s: float
    ) -> None:
        for i in fresh:
            if len(self._tracklets) >= self.settings.max_tracks:
                break
            self._tracklets.append(_Tracklet(self._next_key, detections[i], i, time_s, looks[i]))
            self._next_key += 1

    def _faces(self, time_s: float) -> tuple[TrackedFace, ...]:
        return tuple(
            TrackedFace(
                key=t.key,
                box=t.motion.box(),
                seen=not t.missed,
                first_seen_s=t.first_seen_s,
                last_seen_s=t.last_seen_s,
                hits=t.hits,
                score_sum=t.score_sum,
                detection=t.detection,
                detection_index=t.index,
                appearance=t.appearance,
                on_somebody=t.index in self._on_somebody,
                speed=math.hypot(*t.motion.speed) / t.motion.size,
            )
            for t in self._tracklets
            if time_s - t.last_seen_s <= self.settings.show_s
        )


def _apart(a: Box, b: Box) -> float:
    """Centre distance in face sizes plus twice the log ratio of the sizes: a jump changes the place, not the size."""
    (ax, ay), (bx, by) = a.centre, b.centre
    size_a, size_b = box_size(a), box_size(b)
    return math.hypot(ax - bx, ay - by) / math.sqrt(size_a * size_b) + 2 * abs(math.log(size_a / size_b))


def _unit(vector: Appearance) -> Appearance:
    norm = float(np.linalg.norm(vector))
    return vector if norm == 0 else (vector / norm).astype(np.float32)
