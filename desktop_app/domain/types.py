"""The values that travel through Headcount.

Every class here is immutable, because each of them crosses from one thread to another. Times are seconds on
the *media clock*: the position in a file, or for a live source the seconds since the session began. Boxes are in
pixels of the frame they came with, x to the right and y down.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from desktop_app.domain.blank import Blank
    from desktop_app.domain.events import Event
    from desktop_app.domain.same_picture import Fingerprint

AGE_BANDS: tuple[str, ...] = ("0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70+")
"""The nine age bands of FairFace, in which every age figure of the program is reported."""

AGE_BAND_STARTS: tuple[float, ...] = (0.0, 3.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0)
AGE_BAND_CENTRES: tuple[float, ...] = (1.5, 6.5, 15.0, 25.0, 35.0, 45.0, 55.0, 65.0, 76.0)
"""The age in years that stands for each band when an expectation is taken over them."""


def age_band_index(age_years: float) -> int:
    """Return the index into `AGE_BANDS` of an age in years.

    Raises ValueError for a negative or non-finite age.
    """
    if not (math.isfinite(age_years) and age_years >= 0):
        raise ValueError(f"age must be a finite number of years >= 0, not {age_years!r}")
    return bisect_right(AGE_BAND_STARTS, age_years) - 1


CHILD_BELOW_YEARS = 10.0
"""Who is younger is shown as a child: the network answers the gender of young faces worse than that of adults."""
CHILD_BANDS: tuple[str, ...] = tuple(
    band for band, start in zip(AGE_BANDS, AGE_BAND_STARTS, strict=True) if start < CHILD_BELOW_YEARS
)


def is_child(age_years: float | None) -> bool:
    """Return whether somebody of this age, None for an unknown one, is shown as a child."""
    return age_years is not None and age_years < CHILD_BELOW_YEARS


class Gender(StrEnum):
    """Apparent gender, as far as the picture allows an answer."""

    FEMALE = "female"
    MALE = "male"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of a source.

    `image_bgr` is uint8 of shape (height, width, 3) in OpenCV's BGR order; nobody writes into it.
    `captured_at` is `time.perf_counter()` at the moment the picture arrived: it is for measuring delay only,
    while `time_s` is the media clock that counting uses. `index` counts the frames of the source from 0, dropped
    ones included, so that a gap in it is a dropped frame. With `is_repeat` the picture is that of a frame before,
    because nobody looks at the one of this frame.
    """

    image_bgr: NDArray[np.uint8]
    time_s: float
    index: int
    captured_at: float = 0.0
    is_repeat: bool = False

    @property
    def width(self) -> int:
        return int(self.image_bgr.shape[1])

    @property
    def height(self) -> int:
        return int(self.image_bgr.shape[0])


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle, (x1, y1) its upper left and (x2, y2) its lower right corner, in pixels."""

    x1: float
    y1: float
    x2: float
    y2: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(v) for v in (self.x1, self.y1, self.x2, self.y2)):
            raise ValueError(f"a box needs finite corners, not {self!r}")
        if self.x2 < self.x1 or self.y2 < self.y1:
            raise ValueError(f"a box needs x1 <= x2 and y1 <= y2, not {self!r}")

    @property
    def width(self) -> float:
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        return ((self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2)

    def scaled(self, factor: float) -> Box:
        """Return the box in a picture `factor` times as large."""
        return Box(self.x1 * factor, self.y1 * factor, self.x2 * factor, self.y2 * factor)

    def intersection(self, other: Box) -> float:
        """Return the common area of the two boxes in square pixels."""
        w = min(self.x2, other.x2) - max(self.x1, other.x1)
        h = min(self.y2, other.y2) - max(self.y1, other.y1)
        return w * h if w > 0 and h > 0 else 0.0

    def iou(self, other: Box) -> float:
        """Return intersection over union, 0 to 1."""
        common = self.intersection(other)
        union = self.area + other.area - common
        return common / union if union > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Detection:
    """A face found in one frame.

    `box` runs from the top of the forehead to the chin and from ear to ear, whichever detector found it.
    `score` is the detector's own confidence brought to 0..1. `landmarks` are five points (right eye, left eye, nose
    tip, right and left corner of the mouth, as seen on the face), float32 of shape (5, 2) in frame pixels, or None
    where the detector has none.
    """

    box: Box
    score: float
    landmarks: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Attributes:
    """What the network says of one face crop.

    `female` is the calibrated probability that the face appears female. `age_bands` are probabilities over
    `AGE_BANDS` (they sum to 1), empty for a network without an age output. `face` is the probability that the
    crop shows a face at all (1.0 for a network that cannot tell). `embedding` is a unit vector
    for telling people apart, float32, kept in memory only, None where the network has none.
    """

    female: float
    age_bands: tuple[float, ...] = ()
    face: float = 1.0
    embedding: NDArray[np.float32] | None = None

    @property
    def age_years(self) -> float | None:
        """The expectation of the age in years, None for a network without an age output."""
        if not self.age_bands:
            return None
        return sum(p * c for p, c in zip(self.age_bands, AGE_BAND_CENTRES, strict=True))


@dataclass(frozen=True, slots=True)
class Decision:
    """What all glimpses of one person say together; see `domain.voting`.

    `probability` is that of the named gender, or for Undecided that of the likelier one. `age_years` and
    `age_spread_years` (one standard deviation) are None until an age is known. `glimpses` is how many classified
    crops went into it.
    """

    gender: Gender = Gender.UNDECIDED
    probability: float = 0.5
    age_years: float | None = None
    age_spread_years: float | None = None
    glimpses: int = 0

    @property
    def is_child(self) -> bool:
        return is_child(self.age_years)

    @property
    def percent(self) -> int:
        """The confidence in the named gender as it is shown: a name that is kept against doubt shows 50."""
        return max(50, round(100 * self.probability))

    @property
    def age_band(self) -> str | None:
        return None if self.age_years is None else AGE_BANDS[age_band_index(self.age_years)]


@dataclass(frozen=True, slots=True)
class Track:
    """A person in view, as of one frame.

    `track_id` is the number on the screen, unique within a count and 0 until confirmed; `person` is the reference by
    which events name them, "" until confirmed. `seen` is False while the box is only predicted (the face was not found
    in the latest detection). `is_looking` tells that no gender was named yet and one still may be. `facing_s` is how
    long the person has been seen facing the camera, `dwell_s` how long ago they were first seen, in seconds. `key`
    names the track, confirmed or not. `held_back` says why a face that is surely one is not counted: "still" for one
    that never moves, "screen" for one on a screen, "" for no such reason.
    """

    track_id: int
    box: Box
    decision: Decision
    confirmed: bool
    seen: bool
    first_seen_s: float
    last_seen_s: float
    facing_s: float = 0.0
    is_staff: bool = False
    person: str = ""
    is_looking: bool = False
    key: int = 0
    held_back: str = ""

    @property
    def dwell_s(self) -> float:
        return self.last_seen_s - self.first_seen_s


@dataclass(frozen=True, slots=True)
class Counts:
    """The running totals. `people` is always `female + male + undecided`.

    `looking` are those of the undecided whom the program is still looking at: a gender may yet be named for them.
    """

    female: int = 0
    male: int = 0
    undecided: int = 0
    age_bands: tuple[int, ...] = (0,) * len(AGE_BANDS)
    in_view: int = 0
    age_unknown: int = 0
    looking: int = 0

    @property
    def people(self) -> int:
        return self.female + self.male + self.undecided


@dataclass(frozen=True, slots=True)
class FrameResult:
    """A frame together with everything found in it, so that a box never lags behind its face.

    `in_view` is how many confirmed persons are in view, staff left out. `detected` tells whether the detector ran on
    this frame. `events` are what happened on it, in order. `timings_s` maps a stage ("detect", "track", "classify",
    "count", "total") to the seconds it took. `counts` are the totals of the session after this frame, filled in by the
    session for whoever draws them; None without one. `blank` says why nobody could be seen in the picture, None where
    somebody could. `fingerprint` is that of the picture, None where it was not looked at.
    """

    frame: Frame
    tracks: tuple[Track, ...]
    in_view: int = 0
    detected: bool = True
    events: tuple[Event, ...] = ()
    timings_s: Mapping[str, float] = field(default_factory=dict)
    counts: Counts | None = None
    blank: Blank | None = None
    fingerprint: Fingerprint | None = None
