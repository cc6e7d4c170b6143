"""Other trackers behind the interface of ours, to be compared on the same footage.

They are no dependency of the program; install `trackers` or `norfair` beside it to run them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from desktop_app.domain.tracking import Appearance, TrackedFace, Tracker
from desktop_app.domain.types import Box, Detection


class _Rival(Tracker):
    """Keeps the books a `TrackedFace` needs; `_associate` of the subclass says which detection goes to which track."""

    gap_s = 1.5

    def reset(self) -> None:
        super().reset()
        self._faces_by_key: dict[int, TrackedFace] = {}
        self._before_cut = 0
        self._looked_s = 0.0

    def update(
        self, detections: Sequence[Detection], time_s: float, appearances: Sequence[Appearance | None] | None = None
    ) -> tuple[TrackedFace, ...]:
        self._drop_old(time_s)
        self._looked_s = time_s
        found = {}
        for index, track in self._associate(detections, time_s).items():
            key = track + self._before_cut
            old, detection = self._faces_by_key.get(key), detections[index]
            found[key] = TrackedFace(
                key=key,
                box=detection.box,
                seen=True,
                first_seen_s=old.first_seen_s if old else time_s,
                last_seen_s=time_s,
                hits=(old.hits if old else 0) + 1,
                score_sum=(old.score_sum if old else 0.0) + detection.score,
                detection=detection,
                detection_index=index,
                appearance=appearances[index] if appearances else None,
            )
        self._faces_by_key.update(found)
        return tuple(found.values())

    def predict(self, time_s: float) -> tuple[TrackedFace, ...]:
        """Hold the boxes of the latest look."""
        return tuple(
            replace(face, detection=None, detection_index=None)
            for face in self._faces_by_key.values()
            if face.last_seen_s == self._looked_s
        )

    def cut(self, began_s: float = math.inf) -> None:
        self._ended.extend(self._faces_by_key)
        self._before_cut = max([self._before_cut, *self._faces_by_key]) + 1
        self._faces_by_key = {}
        self._start_over()

    def _drop_old(self, time_s: float) -> None:
        old = [k for k, f in self._faces_by_key.items() if time_s - f.last_seen_s > self.gap_s]
        self._ended.extend(old)
        for key in old:
            del self._faces_by_key[key]

    def _associate(self, detections: Sequence[Detection], time_s: float) -> dict[int, int]:
        raise NotImplementedError

    def _start_over(self) -> None:
        raise NotImplementedError


class OverlapTracker(_Rival):
    """The simplest one: each box goes to the track whose last box it overlaps most, if by more than 0.3."""

    def reset(self) -> None:
        super().reset()
        self._start_over()

    def _start_over(self) -> None:
        self._last: dict[int, tuple[Box, float]] = {}
        self._number = 0

    def _associate(self, detections: Sequence[Detection], time_s: float) -> dict[int, int]:
        self._last = {k: v for k, v in self._last.items() if time_s - v[1] <= self.gap_s}
        pairs = sorted(
            ((d.box.iou(box), i, k) for i, d in enumerate(detections) for k, (box, _) in self._last.items()),
            reverse=True,
        )
        result: dict[int, int] = {}
        for overlap, i, key in pairs:
            if overlap > 0.3 and i not in result and key not in result.values():
                result[i] = key
        for i, detection in enumerate(detections):
            if i not in result and detection.score >= 0.6:
                self._number += 1
                result[i] = self._number
        for i, key in result.items():
            self._last[key] = (detections[i].box, time_s)
        return result


class RoboflowByteTrack(_Rival):
    """ByteTrack as roboflow's `trackers` has it, told the media time."""

    def reset(self) -> None:
        super().reset()
        self._start_over()

    def _start_over(self) -> None:
        import supervision
        import trackers

        self._package: Any = supervision
        self._tracker: Any = trackers.ByteTrackTracker(
            lost_track_buffer=45, frame_rate=30, track_activation_threshold=0.5, minimum_consecutive_frames=1
        )

    def _associate(self, detections: Sequence[Detection], time_s: float) -> dict[int, int]:
        boxes = np.array([[d.box.x1, d.box.y1, d.box.x2, d.box.y2] for d in detections]).reshape(-1, 4)
        given = self._package.Detections(
            xyxy=boxes,
            confidence=np.array([d.score for d in detections]),
            class_id=np.zeros(len(detections), dtype=int),
            data={"index": np.arange(len(detections))},
        )
        tracked = self._tracker.update(given, timestamp=time_s)
        if tracked.tracker_id is None:
            return {}
        pairs = zip(tracked.data.get("index", []), tracked.tracker_id, strict=True)
        return {int(i): int(k) + 1 for i, k in pairs if k >= 0}


class NorfairTracker(_Rival):
    """norfair with its mean Euclidean distance of the corners, in face sizes."""

    def reset(self) -> None:
        super().reset()
        self._start_over()

    def _start_over(self) -> None:
        import norfair

        self._package: Any = norfair

        def distance(detection: Any, track: Any) -> float:
            side = max(1.0, float(np.abs(detection.points[1] - detection.points[0]).mean()))
            return float(np.linalg.norm(detection.points - track.estimate, axis=1).mean()) / side

        self._tracker: Any = norfair.Tracker(
            distance_function=distance, distance_threshold=1.0, hit_counter_max=15, initialization_delay=1
        )

    def _associate(self, detections: Sequence[Detection], time_s: float) -> dict[int, int]:
        given = [
            self._package.Detection(np.array([[d.box.x1, d.box.y1], [d.box.x2, d.box.y2]]), data=i)
            for i, d in enumerate(detections)
            if d.score >= 0.5
        ]
        result = {}
        for track in self._tracker.update(given):
            if track.last_detection in given and track.id is not None:
                result[int(track.last_detection.data)] = int(track.id)
        return result


TRACKERS: dict[str, Callable[[], Tracker]] = {
    "overlap": OverlapTracker,
    "bytetrack": RoboflowByteTrack,
    "norfair": NorfairTracker,
}


def make_tracker(name: str) -> Tracker:
    """Return a tracker by its name. Raises SystemExit for one that there is not or whose package is missing."""
    try:
        return TRACKERS[name]()
    except KeyError:
        raise SystemExit(f"There is no tracker {name!r}; choose from ours, {', '.join(TRACKERS)}.") from None
    except ImportError as error:
        raise SystemExit(f"The tracker {name!r} needs the package {error.name}; install it to compare.") from None
