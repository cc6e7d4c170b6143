"""One file counted twice, with other settings or another model: which people are the same, and what changed of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from desktop_app.domain.assignment import FORBIDDEN, assign
from desktop_app.domain.events import DoorStarted, Entry
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import Totals
from desktop_app.errors import HeadcountError, SourceError
from desktop_app.sources.opening import SourceForm, understand
from desktop_app.system.plain_text import printable

_UNMATCHED = 0.9
"""Two stays in view that share less than a tenth of their time are not taken for one person's."""
_SHORTEST_S = 0.5


@dataclass(frozen=True, slots=True)
class Pair:
    """One person in both counts; None where a count does not have them. The program's own labels are compared."""

    before: PersonRecord | None
    now: PersonRecord | None

    @property
    def counted_s(self) -> float:
        person = self.before or self.now
        return person.counted_s if person is not None else 0.0

    @property
    def corrected_to(self) -> str:
        """Return what an operator made of the person before: "female 20-29", "not counted", or "" for nothing."""
        if self.before is None or not self.before.corrected:
            return ""
        if not self.before.counts:
            return "not counted"
        return f"{self.before.gender.value} {self.before.age_band or ''}".strip()

    @property
    def change(self) -> str:
        """Return "only before", "only now", "gender", "age" or "" for no change."""
        if self.now is None:
            return "only before"
        if self.before is None:
            return "only now"
        if self.before.auto_gender is not self.now.auto_gender:
            return "gender"
        return "age" if self.before.auto_age_band != self.now.auto_age_band else ""


@dataclass(frozen=True, slots=True)
class Recount:
    """All people of both counts, by when they were counted."""

    pairs: tuple[Pair, ...]

    def number(self, change: str) -> int:
        """Return how many people changed in this way."""
        return sum(pair.change == change for pair in self.pairs)


FIELDS = (
    *("counted_s", "change", "number_before", "gender_before", "age_before", "corrected_to"),
    *("number_now", "gender_now", "age_now"),
)


def recount_rows(recount: Recount) -> Iterator[tuple[str | int | float | None, ...]]:
    """Return one row a person, as `FIELDS`."""
    for pair in recount.pairs:
        before, now = pair.before, pair.now
        yield (
            round(pair.counted_s, 1),
            pair.change,
            *((before.number, before.auto_gender.value, before.auto_age_band) if before is not None else (None,) * 3),
            pair.corrected_to,
            *((now.number, now.auto_gender.value, now.auto_age_band) if now is not None else (None,) * 3),
        )


class CannotRecountError(HeadcountError):
    """A kept count cannot be made again."""

    exit_code = 2


def what_was_counted(entries: Iterable[Entry]) -> tuple[DoorStarted, list[PersonRecord]]:
    """Return how a count was made, and its people. Raises CannotRecountError for one that is not of a single run."""
    entries = list(entries)
    runs = [e.event for e in entries if isinstance(e.event, DoorStarted)]
    if len(runs) != 1:
        doors = len({e.door for e in entries if isinstance(e.event, DoorStarted)})
        parts = f"has {doors} doors" if doors == len(runs) > 1 else f"was put together from {len(runs)} runs"
        raise CannotRecountError(f"This count {parts}.", "Only the count of one file can be counted again.")
    people = Totals(entries).people()
    if any(person.is_condensed for person in people):
        raise CannotRecountError("The rows of this count's people were removed.", "Count the file anew.")
    return runs[0], people


def check_source(source: str, started: DoorStarted, remedy: str = "Put it back where it was.") -> None:
    """Raise CannotRecountError for a source that does not give the same pictures again.

    `remedy` says what to do where the file is gone.
    """
    try:
        form: SourceForm | None = understand(source).form
    except SourceError:  # what another version or another computer counted
        form = None
    if started.clock == "live" or form not in (SourceForm.VIDEO_FILE, SourceForm.DEMO):
        raise CannotRecountError(
            f"“{printable(source)}” was not counted from a video file.", "A live count cannot be counted again."
        )
    if form is SourceForm.VIDEO_FILE and not Path(source).exists():
        raise CannotRecountError(f"The file {printable(source)} is not there.", remedy)


def compare_counts(before: Iterable[PersonRecord], now: Iterable[PersonRecord]) -> Recount:
    """Pair the people of two counts of one file by the time in which they were in view, at the least total cost.

    The log has no places in the picture, so of two who came and went together it can only be said that there were two.
    Whoever was added by hand, or taken for staff by the program, is left out: no count of the program has them.
    """
    first, second = ([p for p in people if p.is_automatic] for people in (before, now))
    pairs: list[Pair] = []
    for these, those in _groups(first, second):
        costs = [[_cost(a, b) for b in those] for a in these]
        found = assign(costs, _UNMATCHED) if these and those else []
        pairs += [Pair(these[i], those[j]) for i, j in found]
        paired_first, paired_second = {i for i, _ in found}, {j for _, j in found}
        pairs += [Pair(p, None) for i, p in enumerate(these) if i not in paired_first]
        pairs += [Pair(None, p) for j, p in enumerate(those) if j not in paired_second]
    return Recount(tuple(sorted(pairs, key=lambda pair: pair.counted_s)))


def _groups(
    first: Sequence[PersonRecord], second: Sequence[PersonRecord]
) -> Iterator[tuple[list[PersonRecord], list[PersonRecord]]]:
    """Return the people who were in view without a pause between them together: only they can be paired."""
    everybody = sorted(
        ((*_stay(p), i, p) for i, people in enumerate((first, second)) for p in people), key=lambda e: e[:3]
    )
    group: tuple[list[PersonRecord], list[PersonRecord]] = ([], [])
    until = float("-inf")
    for start, end, which, person in everybody:
        if start >= until and (group[0] or group[1]):
            yield group
            group = ([], [])
        group[which].append(person)
        until = max(until, end)
    if group[0] or group[1]:
        yield group


def _stay(person: PersonRecord) -> tuple[float, float]:
    return person.first_seen_s, max(person.last_seen_s, person.first_seen_s + _SHORTEST_S)


def _cost(first: PersonRecord, second: PersonRecord) -> float:
    """Return 1 less the share of time that two stays have in common, and a little for different labels."""
    (a, b), (c, d) = _stay(first), _stay(second)
    common = min(b, d) - max(a, c)
    if common <= 0:
        return FORBIDDEN
    labels = 0.02 * (first.auto_gender is not second.auto_gender) + 0.01 * (first.auto_age_band != second.auto_age_band)
    return 1 - common / (max(b, d) - min(a, c)) + labels
