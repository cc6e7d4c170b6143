"""One person as the counter knows them: internal to `domain.counting`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from desktop_app.domain.likeness import Looks
from desktop_app.domain.motion import box_size
from desktop_app.domain.tracking import Appearance, TrackedFace
from desktop_app.domain.types import Box, CountEvent, Decision
from desktop_app.domain.voting import Vote

LONGEST_STEP_S = 1.0
"""Between two sightings no more than this is taken as time facing the camera or time in a zone."""


@dataclass(slots=True)
class Person:
    """Everything known of one person, or of somebody who may turn out to be one. Mutable.

    `ref` is given at the first sight and never repeats; `number` is the person's id, 0 until confirmed.
    """

    ref: int
    vote: Vote
    box: Box
    first_seen_s: float
    last_seen_s: float
    number: int = 0
    confirmed_s: float = 0.0
    hits: int = 0
    score_sum: float = 0.0
    on_somebody: int = 0
    clothes: Appearance | None = None
    keys: set[int] = field(default_factory=set)
    facing: bool = False
    facing_s: float = 0.0
    staff_zone_s: float = 0.0
    marked_staff: bool = False
    came_back: bool = False
    asked_at: int = 0
    cut_s: float | None = None
    decision: Decision = field(default_factory=Decision)

    @property
    def confirmed(self) -> bool:
        return self.number > 0

    @property
    def mean_score(self) -> float:
        return self.score_sum / self.hits if self.hits else 0.0

    @property
    def is_staff(self) -> bool:
        """Marked by hand, or mostly in a staff zone: a visitor who crosses one is none, who works in one is."""
        return self.marked_staff or self.staff_zone_s > max(0.5 * (self.last_seen_s - self.first_seen_s), 1e-9)

    @property
    def looks(self) -> Looks:
        return Looks(self.vote.embedding, self.clothes)

    def see(self, face: TrackedFace, facing: bool, in_staff_zone: bool) -> None:
        """Take in a frame on which the face was found."""
        step = min(max(0.0, face.last_seen_s - self.last_seen_s), LONGEST_STEP_S)
        if facing and self.facing:
            self.facing_s += step
        self.facing = facing
        if in_staff_zone:
            self.staff_zone_s += step
        self.box, self.last_seen_s = face.box, face.last_seen_s
        if face.detection is not None:
            self.hits += 1
            self.score_sum += face.detection.score
            self.on_somebody += face.on_somebody
        if face.appearance is not None:
            self.clothes = face.appearance

    def apart(self, box: Box) -> float:
        """Distance of a box from where the person was last seen, in face sizes, plus the log ratio of the sizes."""
        (ax, ay), (bx, by) = self.box.centre, box.centre
        size_a, size_b = box_size(self.box), box_size(box)
        return math.hypot(ax - bx, ay - by) / max(size_a, size_b) + abs(math.log(size_a / size_b))

    def absorb(self, other: Person) -> None:
        """Take over what was seen of `other`, who turned out to be this person."""
        self.vote.absorb(other.vote)
        self.keys |= other.keys
        self.hits += other.hits
        self.score_sum += other.score_sum
        self.facing_s += other.facing_s
        self.facing = other.facing
        self.staff_zone_s += other.staff_zone_s
        self.box, self.last_seen_s = other.box, other.last_seen_s
        self.clothes = other.clothes if other.clothes is not None else self.clothes
        self.cut_s = None
        self.came_back = True
        self.marked_staff |= other.marked_staff
        self.decision = self.vote.decision()

    def event(self) -> CountEvent:
        """This person as a record."""
        return CountEvent(
            time_s=self.confirmed_s,
            track_id=self.number,
            gender=self.decision.gender,
            gender_probability=self.decision.probability,
            age_years=self.decision.age_years,
            age_spread_years=self.decision.age_spread_years,
            first_seen_s=self.first_seen_s,
            last_seen_s=self.last_seen_s,
            facing_s=self.facing_s,
        )
