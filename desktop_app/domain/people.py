"""One person as the counter knows them: internal to `domain.counting`."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from desktop_app.domain.events import Counted, Left, Revised, StaffSeen
from desktop_app.domain.likeness import Looks
from desktop_app.domain.motion import box_size
from desktop_app.domain.tracking import Appearance, TrackedFace
from desktop_app.domain.types import Attributes, Box, Decision, Gender
from desktop_app.domain.voting import Vote

LONGEST_STEP_S = 1.0
"""Between two sightings no more than this is taken as time facing the camera or time in a zone."""

AGREES = 0.2
"""From this scalar product of a glimpse's face features with the mean of a person's on, the glimpse may be of them."""

SURELY_A_FACE = 0.5
"""With a lower probability of a face a glimpse does not tell whose it is."""

SURE_GAP_S, SURE_SCORE, SURE_STEP = 0.35, 0.6, 0.5
"""A track surely goes on with the same person if it has not lost the face for longer, the detector is as sure of the
face, and it lies no further from where it was, in face sizes."""


def apart(a: Box, b: Box) -> float:
    """Return the distance of two boxes in face sizes, plus the log ratio of their sizes."""
    (ax, ay), (bx, by) = a.centre, b.centre
    size_a, size_b = box_size(a), box_size(b)
    return math.hypot(ax - bx, ay - by) / max(size_a, size_b) + abs(math.log(size_a / size_b))


@dataclass(slots=True)
class Person:
    """Everything known of one person, or of somebody who may turn out to be one. Mutable.

    `key` is given at the first sight and never repeats. `ref` is the reference in events, "" until the person is
    confirmed, and `former_refs` are those of people who turned out to be this one. `number` is the one on the screen,
    0 until the person counts in the present count. `dwell_s` and `facing_s` are sums over all times in view.
    `staff_mark` is what the operator said, None for nothing; `marked_now` tells that it was said in the present count,
    whose log then has it already. `looks_like_staff` is the reference of somebody marked as staff whom the person looks
    like. `largest` is the largest size of the face in pixels. `at_edge` tells that it was at the edge of the picture
    when it was last seen, `same_room` that the cut at `cut_s` left much of the picture as it was. `first_box` is where
    the face was first seen. `sure_s` and `sure_box` are when and where this surely was the person; `in_doubt` tells
    that the track has since lost the face or jumped, and `other` gathers what has been seen since that does not look
    like the person. `still_since_s` is since when a face has been in view that has not moved so far, None for one that
    has, `is_on_screen` that it lies on a screen, and `count_anyway` that the operator wants it counted all the same.
    The `told` fields are what events have said of the person in the present count.
    """

    key: int
    vote: Vote
    box: Box
    first_seen_s: float
    last_seen_s: float
    ref: str = ""
    former_refs: list[str] = field(default_factory=list)
    number: int = 0
    confirmed_s: float = 0.0
    hits: int = 0
    score_sum: float = 0.0
    best_score: float = 0.0
    on_somebody: int = 0
    clothes: Appearance | None = None
    keys: set[int] = field(default_factory=set)
    facing: bool = False
    facing_s: float = 0.0
    dwell_s: float = 0.0
    staff_zone_s: float = 0.0
    staff_mark: bool | None = None
    marked_now: bool = False
    looks_like_staff: str = ""
    came_back: bool = False
    asked_at: int = 0
    cut_s: float | None = None
    same_room: bool = False
    at_edge: bool = False
    largest: float = 0.0
    first_box: Box | None = None
    sure_s: float = 0.0
    sure_box: Box | None = None
    in_doubt: bool = False
    other: Person | None = None
    still_since_s: float | None = None
    is_on_screen: bool = False
    count_anyway: bool = False
    decision: Decision = field(default_factory=Decision)
    told: tuple[Gender, str | None] | None = None
    told_final: bool = False
    told_glimpses: int = 0
    told_staff: bool = False

    @property
    def confirmed(self) -> bool:
        return bool(self.ref)

    @property
    def held_back(self) -> str:
        """Why this seems to be a picture of somebody, as in `Track.held_back`, unless the operator said otherwise."""
        if self.count_anyway:
            return ""
        return "screen" if self.is_on_screen else "still" if self.still_since_s is not None else ""

    def scale(self, factor: float) -> None:
        """Take where they were seen for places in pictures `factor` times as large."""
        self.box = self.box.scaled(factor)
        self.first_box = self.first_box.scaled(factor) if self.first_box is not None else None
        self.sure_box = self.sure_box.scaled(factor) if self.sure_box is not None else None
        self.largest *= factor
        if self.other is not None:
            self.other.scale(factor)

    @property
    def is_looking(self) -> bool:
        """Whether no gender was named yet and one may still be."""
        return self.confirmed and self.decision.gender is Gender.UNDECIDED

    @property
    def mean_score(self) -> float:
        return self.score_sum / self.hits if self.hits else 0.0

    @property
    def is_staff(self) -> bool:
        """As the operator said; otherwise whoever looks like staff or is mostly in a staff zone.

        A visitor who crosses a staff zone is no staff, who works in it is.
        """
        if self.staff_mark is not None:
            return self.staff_mark
        mostly = max(0.5 * (self.last_seen_s - self.first_seen_s), 1e-9)
        return bool(self.looks_like_staff) or self.staff_zone_s > mostly

    @property
    def looks(self) -> Looks:
        return Looks(self.vote.embedding, self.clothes)

    def see(self, face: TrackedFace, facing: bool, in_staff_zone: bool) -> None:
        """Take in a frame on which the face was found."""
        self.first_box = self.first_box or face.box
        self._note_doubt(face)
        if not self.in_doubt:
            self.sure_s, self.sure_box = face.last_seen_s, face.box
        passed = max(0.0, face.last_seen_s - self.last_seen_s)
        self.dwell_s += passed
        step = min(passed, LONGEST_STEP_S)
        if facing and self.facing:
            self.facing_s += step
        self.facing = facing
        if in_staff_zone:
            self.staff_zone_s += step
        self.box, self.last_seen_s = face.box, face.last_seen_s
        if face.detection is not None:
            self.hits += 1
            self.largest = max(self.largest, box_size(face.detection.box))
            self.score_sum += face.detection.score
            self.best_score = max(self.best_score, face.detection.score)
            self.on_somebody += face.on_somebody
        if face.appearance is not None and not self.in_doubt:
            self.clothes = face.appearance
        if self.other is not None:
            self.other.see(face, facing, in_staff_zone)

    def _note_doubt(self, face: TrackedFace) -> None:
        """Note whether the track of a face that was found may have gone over to somebody else with this sighting."""
        detection = face.detection
        if self.sure_box is None or detection is None or face.last_seen_s == self.sure_s:
            return
        hidden_s = face.last_seen_s - self.last_seen_s
        jumped = apart(self.box, detection.box) > SURE_STEP
        self.in_doubt |= hidden_s > SURE_GAP_S or detection.score < SURE_SCORE or jumped

    def glimpse(self, face: TrackedFace, attributes: Attributes, weight: float) -> None:
        """Take in what the network says of one glimpse.

        On a track in doubt it counts only if it looks like the person; the others are gathered in `other`.
        """
        self._note_doubt(face)
        mean = self.vote.embedding
        if self.confirmed and self.in_doubt and mean is not None and attributes.embedding is not None:
            if attributes.face < SURELY_A_FACE:
                return
            if float(np.dot(mean, attributes.embedding)) < AGREES:
                self._note_other(face, attributes, weight)
                return
            self._be_sure(face)
        self.vote.add(attributes, weight)
        self.decide()

    def _note_other(self, face: TrackedFace, attributes: Attributes, weight: float) -> None:
        if self.other is None:
            vote = Vote(self.vote.settings)
            self.other = Person(self.key, vote, face.box, face.last_seen_s, face.last_seen_s)
        self.other.vote.add(attributes, weight)

    def take_back(self) -> None:
        """Take what has been seen of `other` for the person, whose looks have changed: a mask, another light."""
        if self.other is not None:
            self.vote.absorb(self.other.vote)
            self.in_doubt, self.other = False, None
            self.decide()

    def _be_sure(self, face: TrackedFace) -> None:
        self.in_doubt, self.other = False, None
        self.sure_s, self.sure_box = face.last_seen_s, face.box

    def leave_track(self) -> None:
        """Go back to when this was surely the person: their track has gone over to somebody else since."""
        self.dwell_s = max(0.0, self.dwell_s - (self.last_seen_s - self.sure_s))
        self.last_seen_s, self.box = self.sure_s, self.sure_box or self.box
        self.in_doubt, self.other, self.facing = False, None, False

    def decide(self) -> None:
        """Make up the decision again from all glimpses; what was shown of somebody who counts changes reluctantly."""
        self.decision = self.vote.decision(self.decision if self.confirmed else None)

    def absorb(self, other: Person) -> None:
        """Take over what was seen of `other`, who turned out to be this person."""
        self.vote.absorb(other.vote)
        self.keys |= other.keys
        self.hits += other.hits
        self.largest = max(self.largest, other.largest)
        self.score_sum += other.score_sum
        self.best_score = max(self.best_score, other.best_score)
        self.facing_s += other.facing_s
        self.facing = other.facing
        self.dwell_s += other.dwell_s
        self.staff_zone_s += other.staff_zone_s
        self.box, self.last_seen_s = other.box, other.last_seen_s
        self.sure_s, self.sure_box, self.in_doubt, self.other = (
            other.sure_s,
            other.sure_box,
            other.in_doubt,
            other.other,
        )
        self.at_edge = other.at_edge
        self.clothes = other.clothes if other.clothes is not None else self.clothes
        self.cut_s = None
        self.came_back = True
        if self.staff_mark is None:
            self.staff_mark, self.marked_now = other.staff_mark, other.marked_now
        self.looks_like_staff = self.looks_like_staff or other.looks_like_staff
        if self.number == 0:
            self.number = other.number
        self.decide()

    # ---- events

    def counted(self, time_s: float) -> Counted:
        d = self.decision
        self._note_told(is_final=False)
        return Counted(
            time_s,
            self.ref,
            self.number,
            self.first_seen_s,
            d.gender,
            d.probability,
            d.age_years,
            d.age_spread_years,
        )

    def revised(self, time_s: float) -> Revised | None:
        """Return that what is shown of the person has changed, None if it has not."""
        looks_again = self.told_final and self.decision.gender is Gender.UNDECIDED
        if self.told == self._shown() and not looks_again:
            return None
        return self._revised(time_s, is_final=False)

    def revised_at_last(self, time_s: float) -> Revised | None:
        """Return the final decision on somebody who has gone, None if it was told already."""
        self.decision = self.vote.decision(self.decision, final=True)
        if self.told_final and (self.told, self.told_glimpses) == (self._shown(), self.decision.glimpses):
            return None
        return self._revised(time_s, is_final=True)

    def left(self, time_s: float) -> Left:
        return Left(time_s, self.ref, self.last_seen_s, self.dwell_s, self.facing_s)

    def staff_seen(self, time_s: float) -> StaffSeen | None:
        """Return that the person is taken for staff or no longer is, None for nothing new.

        What the operator said in this count is in its log already, and stands.
        """
        if self.marked_now or self.is_staff == self.told_staff:
            return None
        self.told_staff = self.is_staff
        return StaffSeen(time_s, self.ref, self.is_staff)

    def begin_count(self) -> None:
        """Count for nothing yet in the count that begins; what is known of the person stays."""
        self.number = 0
        self.told = None
        self.told_final = self.told_staff = self.marked_now = False

    def _shown(self) -> tuple[Gender, str | None]:
        return (self.decision.gender, self.decision.age_band)

    def _note_told(self, *, is_final: bool) -> None:
        self.told, self.told_final, self.told_glimpses = self._shown(), is_final, self.decision.glimpses

    def _revised(self, time_s: float, *, is_final: bool) -> Revised:
        d = self.decision
        self._note_told(is_final=is_final)
        return Revised(time_s, self.ref, d.gender, d.probability, d.age_years, d.age_spread_years, is_final)
