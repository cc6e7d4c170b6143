"""What several models say of the same people: their votes, gathered by track until a person has a number."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from desktop_app.domain.types import Attributes, Decision, Gender
from desktop_app.domain.voting import Vote, VoteSettings

MAX_PEOPLE = 10_000
"""People whose votes are kept; beyond it the first ones are forgotten."""


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """One model in a comparison: how many faces it was asked about, and the mean milliseconds a face.

    `left_out` counts the glimpses left out because it could not keep up. `problem` says why it is asked no more, ""
    while all is well.
    """

    name: str
    faces: int
    ms_a_face: float
    left_out: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ComparedPerson:
    """What each model says of one person, in the order of the models."""

    track_id: int
    decisions: tuple[Decision, ...]

    @property
    def disagree(self) -> bool:
        """Whether two models name different genders."""
        return len({d.gender for d in self.decisions} - {Gender.UNDECIDED}) > 1

    @property
    def all_decided(self) -> bool:
        return all(d.gender is not Gender.UNDECIDED for d in self.decisions)


@dataclass(frozen=True, slots=True)
class ComparisonSnapshot:
    """A comparison as of one moment. The first model is the one that counts. `people` are sorted by id."""

    models: tuple[ModelFigures, ...]
    people: tuple[ComparedPerson, ...]

    @property
    def disagreements(self) -> tuple[ComparedPerson, ...]:
        return tuple(p for p in self.people if p.disagree)

    @property
    def agreement(self) -> float | None:
        """Of the people on whom all models decide, the share on whom they say the same; None without any."""
        decided = [p for p in self.people if p.all_decided]
        return sum(not p.disagree for p in decided) / len(decided) if decided else None

    def decisions_of(self, track_id: int) -> tuple[Decision, ...] | None:
        return next((p.decisions for p in self.people if p.track_id == track_id), None)

    def only(self, track_ids: Iterable[int]) -> ComparisonSnapshot:
        """Return the comparison of these people alone."""
        wanted = set(track_ids)
        return ComparisonSnapshot(self.models, tuple(p for p in self.people if p.track_id in wanted))


class Ballot:
    """The votes of several models on the people of one session, by track key until the person has a number.

    From then on what is shown changes as reluctantly as in the count, and becomes final once the person has gone.
    """

    def __init__(self, models: int, settings: VoteSettings) -> None:
        self._models, self._settings = models, settings
        self._pending: OrderedDict[int, list[Vote]] = OrderedDict()
        self._people: OrderedDict[int, list[Vote]] = OrderedDict()
        self._numbers: OrderedDict[int, int] = OrderedDict()
        self._shown: dict[int, list[Decision]] = {}
        self._present: set[int] = set()
        self._settled: dict[int, ComparedPerson] = {}  # decisions that no vote has changed since they were made

    def add(self, model: int, key: int, attributes: Attributes, weight: float) -> None:
        number = self._numbers.get(key)
        votes = self._pending.get(key) if number is None else self._people.get(number)
        if votes is None:
            votes = [Vote(self._settings) for _ in range(self._models)]
            if number is None:
                self._pending[key] = votes
                _bound(self._pending, 1024)
            else:
                self._people[number] = votes
                _bound(self._people, MAX_PEOPLE)
        votes[model].add(attributes, weight)
        if number is not None:
            self._show(number, votes)

    def number(self, numbers: Mapping[int, int]) -> None:
        """Take in which tracks (by key) belong to which persons (by number) now; who is not among them has gone."""
        for number in self._present.symmetric_difference(numbers.values()):
            self._settled.pop(number, None)
        self._present = set(numbers.values())
        for key, number in numbers.items():
            if self._numbers.get(key) == number:
                continue
            self._numbers[key] = number
            _bound(self._numbers, 4096)
            votes = self._pending.pop(key, None)
            known = self._people.get(number)
            if votes is None:
                continue
            if known is None:
                self._people[number] = votes
                _bound(self._people, MAX_PEOPLE)
            else:
                for mine, other in zip(known, votes, strict=True):
                    mine.absorb(other)
            self._show(number, known or votes)

    def _show(self, number: int, votes: list[Vote]) -> None:
        shown: Sequence[Decision | None] = self._shown.get(number) or [None] * self._models
        self._shown[number] = [vote.decision(before) for vote, before in zip(votes, shown, strict=True)]
        self._settled.pop(number, None)

    def people(self, *, is_over: bool = False) -> tuple[ComparedPerson, ...]:
        """Return what the votes say of everybody numbered, by number; with `is_over` everybody has gone."""
        if is_over and self._present:
            self.number({})
        for number, votes in self._people.items():
            if number not in self._settled:
                shown: Sequence[Decision | None] = self._shown.get(number) or [None] * self._models
                gone = number not in self._present
                decisions = (vote.decision(before, final=gone) for vote, before in zip(votes, shown, strict=True))
                self._settled[number] = ComparedPerson(number, tuple(decisions))
        if len(self._settled) > len(self._people):
            self._settled = {number: self._settled[number] for number in self._people}
            self._shown = {number: self._shown[number] for number in self._people if number in self._shown}
        return tuple(self._settled[number] for number in sorted(self._people))


def _bound(table: OrderedDict[int, Any], size: int) -> None:
    while len(table) > size:
        table.popitem(last=False)
