"""The checks in a log, door by door, and what a report says of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from desktop_app.domain.events import Checked, DoorStarted, Entry
from desktop_app.domain.joined_doors import DOOR_EVENTS, JoinedDoors
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Counts, Gender
from desktop_app.errors import HeadcountError
from desktop_app.reports import texts
from desktop_app.reports.check import (
    FEW,
    CardErrors,
    CheckedByEye,
    Stratum,
    count_ratio,
    is_within,
    more_would_help,
    raw_is_inside,
    women_share,
)
from desktop_app.resources import model_names, models_dir
from desktop_app.vision.attributes.model_card import read_card

CHECK_EVENTS = (*DOOR_EVENTS, Checked)
"""The events that `checks_of` reads."""


@dataclass(frozen=True, slots=True)
class DoorCheck:
    """What was found at one door, and how often the model in use there is wrong by its card."""

    door: str
    name: str
    check: CheckedByEye
    card: CardErrors


class Labels:
    """How many people the program gave each label at each door: what is checked, before corrections."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[Gender, int]] = defaultdict(lambda: dict.fromkeys(Gender, 0))

    def add(self, person: PersonRecord) -> None:
        """Take in a person. Those added by hand have no label of the program's."""
        for door, gender in person.labels:
            self._numbers[door][gender] += 1

    def at(self, door: str) -> Mapping[Gender, int]:
        return self._numbers[door]

    def counts(self) -> Counts:
        """Return how many people have each label at all doors together."""
        numbers = {g: sum(door[g] for door in self._numbers.values()) for g in Gender}
        return Counts(numbers[Gender.FEMALE], numbers[Gender.MALE], numbers[Gender.UNDECIDED])


def checks_of(entries: Iterable[Entry], labels: Labels, doors: JoinedDoors | None = None) -> tuple[DoorCheck, ...]:
    """Return the check of every door at which there was one, from the entries of `CHECK_EVENTS`.

    `doors` are those of the same log where they are known already; they are worked out otherwise.
    """
    entries = tuple(entries)
    if doors is None:
        doors = Totals(e for e in entries if isinstance(e.event, DOOR_EVENTS)).doors
    names = doors.names()
    newest: dict[tuple[str, str], Entry] = {}
    started: dict[str, DoorStarted] = {}
    for entry in map(doors.here, entries):
        event = entry.event
        if isinstance(event, Checked):
            key = (entry.door, event.sitting)
            if key not in newest or entry.seq > newest[key].seq:
                newest[key] = entry
        elif isinstance(event, DoorStarted):
            started[entry.door] = event
    sittings: dict[str, list[Checked]] = defaultdict(list)
    for (door, _), entry in newest.items():
        if isinstance(entry.event, Checked) and entry.event.passed + entry.event.missed:
            sittings[door].append(entry.event)
    if not sittings:
        return ()
    found = []
    for door, events in sittings.items():
        about = started.get(door)
        card = card_errors(about.model if about is not None else "")
        found.append(DoorCheck(door, names.get(door, door), sum_up(events, labels.at(door)), card))
    return tuple(found)


def sum_up(sittings: Iterable[Checked], counted: Mapping[Gender, int]) -> CheckedByEye:
    """Return several sittings at one door as one check of what was counted there, by the program's own labels."""
    rows = {g: [0, 0, 0, 0] for g in Gender}
    missed = passed = 0
    for event in sittings:
        for gender, row in (
            (Gender.FEMALE, event.female),
            (Gender.MALE, event.male),
            (Gender.UNDECIDED, event.undecided),
        ):
            rows[gender] = [a + b for a, b in zip(rows[gender], row, strict=True)]
        missed, passed = missed + event.missed, passed + event.passed
    # Somebody checked may have got another label later, or have been merged with somebody else.
    strata = {g: Stratum(max(counted.get(g, 0), sum(row)), *row) for g, row in rows.items()}
    return CheckedByEye(strata, missed, min(passed, sum(s.counted for s in strata.values())))


@cache
def card_errors(model: str) -> CardErrors:
    """Return how often a model that comes with the program is wrong by its card; a usual figure for another.

    `model` is the name that the card gives and that the log has.
    """
    for folder in model_names():
        try:
            card = read_card(models_dir() / folder)
        except HeadcountError:
            continue
        if card.get("name") != model:
            continue
        for figure in card.get("figures") or ():
            value = re.match(r"0\.\d+", str(figure.get("value", ""))) if isinstance(figure, Mapping) else None
            if value is not None and str(figure.get("what", "")).startswith("gender accuracy"):
                wrong = round(1 - float(value[0]), 4)
                return CardErrors(wrong, wrong)
    return CardErrors()


def sentences(checks: Iterable[DoorCheck]) -> list[str]:
    """Return what a report says: one text a door, or that there was no check."""
    found = list(checks)
    if not found:
        return [texts.NOT_CHECKED]
    return [f"{c.name}: {text}" if len(found) > 1 else text for c in found for text in (sentence(c.check, c.card),)]


def sentence(check: CheckedByEye, card: CardErrors | None = None) -> str:
    """Return what a check found in plain words; that there is none where nobody was checked."""
    share, ratio = women_share(check, card), count_ratio(check)
    if ratio is None:
        return texts.NOT_CHECKED
    found = [texts.checked_by_eye(check.checked, check.counted)]
    if share is not None:
        found.append(texts.women_between(share.low, share.high, agrees=raw_is_inside(check, card)))
    if is_within(check):
        found.append(texts.COUNT_IS_RIGHT)
    else:
        low, high = round(check.counted * ratio.low), round(check.counted * ratio.high)
        found.append(texts.true_number(low, high, check.counted))
    return " ".join(found)


def advice(check: CheckedByEye, card: CardErrors | None = None) -> str:
    """Return whether it is worth checking more people, in plain words."""
    if check.checked == check.counted > 0:
        return texts.ALL_CHECKED
    if check.checked < FEW:
        return texts.check_at_least(min(FEW, check.counted))
    if more_would_help(check, card):
        return texts.MORE_HELPS
    return texts.MORE_DOES_NOT_HELP
