"""How good a glimpse of a face is, and which glimpses are worth asking the network about.

    glimpse = assess(image_bgr, detection)          # Glimpse: weight, worth, facing
    chosen = scheduler.choose(faces, glimpses, counter.vote_of, time_s)      # indices into faces
    counter.observe(faces[i], attributes, glimpses[i].weight)

The four measures are the usual ones of face image quality (ISO/IEC 29794-5 names size, sharpness, pose and
exposure); each is brought to 0..1 and their product is the weight of the glimpse in the vote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.motion import box_size
from desktop_app.domain.tracking import TrackedFace
from desktop_app.domain.types import Box, Detection
from desktop_app.domain.voting import Vote

FULL_SIZE = 48.0
"""From this face size in pixels on, more pixels say little more about gender and age."""

SMALLEST = 10.0
"""Below this face size in pixels the network is guessing."""

FACING = 0.45
"""The frontality from which somebody is taken to face the camera: about 35 degrees to either side."""

UNKNOWN_POSE = 0.7
"""The frontality assumed of a detector without landmarks; a frontal detector finds mostly frontal faces."""

SURELY_A_FACE = 0.8
"""The probability of a face from which on no further glimpse is needed to tell."""

_PROBE = 48


@dataclass(frozen=True, slots=True)
class Glimpse:
    """One look at one face. All measures are 0..1, 1 the best; `weight` is their product, more than 0.

    `worth` tells whether to classify it at all; `facing` whether the person faces the camera.
    """

    size: float
    sharpness: float
    frontality: float
    exposure: float

    @property
    def weight(self) -> float:
        return max(0.02, self.size * self.sharpness * self.frontality * self.exposure)

    @property
    def worth(self) -> bool:
        return self.size > 0 and self.frontality >= 0.15 and self.exposure > 0.05

    @property
    def facing(self) -> bool:
        return self.frontality >= FACING


def assess(image_bgr: NDArray[np.uint8], detection: Detection) -> Glimpse:
    """Judge one detection in the picture (uint8, BGR, (height, width, 3)) it was made in."""
    box = detection.box
    side = box_size(box)
    size = 0.0 if side < SMALLEST else min(1.0, side / FULL_SIZE)
    grey = _grey_probe(image_bgr, box)
    if grey is None:
        return Glimpse(0.0, 0.0, 0.0, 0.0)
    return Glimpse(size, _sharpness(grey), frontality(detection), _exposure(grey))


def frontality(detection: Detection) -> float:
    """Return how frontal a face is, from its five landmarks: 1 straight on, 0 in profile.

    The nose tip of a turned head leaves the middle of the eyes, by about the sine of the angle of turning times
    the eye distance; of a face tilted up or down it leaves the place between eyes and mouth.
    """
    if detection.landmarks is None:
        return UNKNOWN_POSE
    right_eye, left_eye, nose, right_mouth, left_mouth = np.asarray(detection.landmarks, dtype=np.float64)
    eyes = left_eye - right_eye
    apart = float(np.hypot(*eyes))
    if apart < 1e-3:
        return 0.0
    across = eyes / apart
    middle, mouth = (right_eye + left_eye) / 2, (right_mouth + left_mouth) / 2
    down = mouth - middle
    height = float(down @ np.array([-across[1], across[0]]))
    sideways = abs(float((nose - middle) @ across)) / apart
    turned = max(0.0, 1 - sideways / 0.55)
    if abs(height) < 1e-3:
        return 0.0
    drop = float((nose - middle) @ np.array([-across[1], across[0]])) / height
    tilted = max(0.0, 1 - max(0.0, abs(drop - 0.55) - 0.2) / 0.5)
    return turned * tilted


def _grey_probe(image_bgr: NDArray[np.uint8], box: Box) -> NDArray[np.float32] | None:
    height, width = image_bgr.shape[:2]
    x1, y1 = max(0, int(box.x1)), max(0, int(box.y1))
    x2, y2 = min(width, int(box.x2 + 1)), min(height, int(box.y2 + 1))
    if x2 - x1 < 4 or y2 - y1 < 4:
        return None
    probe = cv2.resize(image_bgr[y1:y2, x1:x2], (_PROBE, _PROBE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(probe, cv2.COLOR_BGR2GRAY), dtype=np.float32)


def _sharpness(grey: NDArray[np.float32]) -> float:
    """Mean absolute Laplacian in units of the picture's own contrast, after Pech-Pacheco et al. (ICPR 2000)."""
    contrast = _mean_and_contrast(grey)[1] + 4.0
    detail = cv2.norm(cv2.Laplacian(grey, cv2.CV_32F), cv2.NORM_L1) / grey.size / contrast
    return min(max(detail / 0.25, 0.1), 1.0)


def _mean_and_contrast(grey: NDArray[np.float32]) -> tuple[float, float]:
    mean, deviation = cv2.meanStdDev(grey)
    return float(mean[0, 0]), float(deviation[0, 0])


def _exposure(grey: NDArray[np.float32]) -> float:
    """1 for a well lit face; falls to 0 for one lost in the dark, burnt out, or without any contrast."""
    mean, contrast = _mean_and_contrast(grey)
    light = min(1.0, max(0.0, (mean - 12) / 40)) * min(1.0, max(0.0, (252 - mean) / 30))
    return light * min(1.0, contrast / 16)


@dataclass(frozen=True, slots=True)
class SchedulerSettings:
    """How often the network is asked. Times in seconds.

    A face gets up to `budget` glimpses at least `pause_s` apart (half of it before the third); beyond the budget only
    one that is `better` times as good as the best before, up to `hard_limit`. Where all these leave it open whether it
    is a face at all, or whose, another one is taken every `doubt_pause_s` for as long as it is in view: people come out
    of the blur, the dark and from behind each other. `batch` bounds one frame.
    """

    budget: int = 8
    hard_limit: int = 16
    pause_s: float = 0.3
    better: float = 1.3
    doubt_pause_s: float = 0.6
    batch: int = 8
    min_hits: int = 2

    def __post_init__(self) -> None:
        if min(self.budget, self.batch, self.min_hits) < 1 or self.hard_limit < self.budget:
            raise ValueError("budget, batch and min_hits must be at least 1 and hard_limit at least the budget")


class GlimpseScheduler:
    """Chooses the few faces of a frame that deserve a classification now: few a person, in one batch a frame."""

    def __init__(self, settings: SchedulerSettings | None = None) -> None:
        self.settings = settings or SchedulerSettings()
        self._last: dict[int, tuple[float, float]] = {}  # key -> (time of the last choice, best weight so far)

    def reset(self) -> None:
        self._last.clear()

    def forget(self, keys: Iterable[int]) -> None:
        """Drop what is remembered of tracks that ended."""
        for key in keys:
            self._last.pop(key, None)

    def choose(
        self,
        faces: Sequence[TrackedFace],
        glimpses: Sequence[Glimpse | None],
        vote_of: Callable[[int], Vote | None],
        time_s: float,
    ) -> list[int]:
        """Return the indices of the faces to classify, in rising order.

        `glimpses` has one entry a face, None for a face not found on this frame. `vote_of` gives what was gathered
        of a track so far (`PeopleCounter.vote_of`).
        """
        wanted: list[tuple[int, float, int]] = []
        for i, (face, glimpse) in enumerate(zip(faces, glimpses, strict=True)):
            if glimpse is None or not glimpse.worth or face.hits < self.settings.min_hits:
                continue
            vote = vote_of(face.key)
            so_far = vote.glimpses if vote else 0
            if self._deserves(face.key, glimpse.weight, so_far, time_s) or self._is_open(face.key, vote, time_s):
                wanted.append((so_far, -glimpse.weight, i))
        chosen = sorted(i for _, _, i in sorted(wanted)[: self.settings.batch])
        for i in chosen:
            glimpse = glimpses[i]
            if glimpse is not None:
                _, best = self._last.get(faces[i].key, (0.0, 0.0))
                self._last[faces[i].key] = (time_s, max(best, glimpse.weight))
        return chosen

    def _deserves(self, key: int, weight: float, so_far: int, time_s: float) -> bool:
        s = self.settings
        if key not in self._last:
            return so_far < s.hard_limit
        last_s, best = self._last[key]
        if time_s - last_s < (s.pause_s / 2 if so_far < 3 else s.pause_s):
            return False
        if so_far < s.budget:
            return True
        return so_far < s.hard_limit and weight >= s.better * best

    def _is_open(self, key: int, vote: Vote | None, time_s: float) -> bool:
        """Whether the glimpses so far have not settled who this is, and the last one is a while ago."""
        if vote is None or vote.glimpses < self.settings.budget or key not in self._last:
            return False
        settled = vote.face >= SURELY_A_FACE and vote.is_clear
        return not settled and time_s - self._last[key][0] >= self.settings.doubt_pause_s
