"""One sitting of the check by eye: whom the program asks about, and what was answered. Only numbers leave it."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from enum import StrEnum

from desktop_app.domain.events import Checked
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Gender
from desktop_app.reports.check import next_label

KEEP_EVERY = 10
"""So many answers are kept at once: from single ones it could be read later who was meant."""


class Answer(StrEnum):
    """What the operator sees where the program counted somebody; in the order of the numbers of `Checked`."""

    FEMALE = "female"
    MALE = "male"
    UNCLEAR = "unclear"
    NOBODY = "nobody"


class CheckSitting:
    """Thread-safe in `was_counted`; everything else belongs to one thread.

    `read` reads the totals of what is being counted, `keep` takes the tallies for the log.
    """

    def __init__(
        self,
        read: Callable[[Callable[[Totals], list[PersonRecord]]], list[PersonRecord]],
        keep: Callable[[Checked], object],
        operator: str = "",
    ) -> None:
        self._read = read
        self._keep = keep
        self.operator = operator
        self.id = uuid.uuid4().hex
        self.missed = 0
        self._lock = threading.Lock()
        self._passed: dict[str, None] = {}
        self._answers: dict[str, Answer] = {}
        self._skipped: set[str] = set()
        self._steps: list[str] = []  # references answered, and "" for each who was missed
        self._kept_steps = 0

    # ---- what happens

    def was_counted(self, person: str) -> None:
        """Note that somebody was counted while the operator is looking."""
        with self._lock:
            self._passed[person] = None

    def next_person(self, available: Collection[str]) -> PersonRecord | None:
        """Return whom to ask about, of those who can be shown; None while there is nobody.

        The program chooses by its own label. Somebody whom it is still looking at is asked about later.
        """
        with self._lock:
            passed = list(self._passed)
        wanted = [ref for ref in passed if ref in available and ref not in self._answers and ref not in self._skipped]
        waiting = [r for r in self._records(wanted) if not r.is_looking and r.ref not in self._answered()]
        if not waiting:
            return None
        everybody = Counter(r.auto_gender for r in self._records(passed))
        checked = Counter(r.auto_gender for r in self._records(self._answers))
        label = next_label(Counter(r.auto_gender for r in waiting), checked, everybody)
        return [r for r in waiting if r.auto_gender is label][-1]

    def answer(self, person: PersonRecord, answer: Answer) -> None:
        """Note what the operator sees."""
        self._answers[person.ref] = answer
        self._stepped(person.ref)

    def skip(self, person: PersonRecord) -> None:
        """Do not ask about somebody again."""
        self._skipped.add(person.ref)

    def miss(self) -> None:
        """Note that somebody passed whom the program did not count."""
        self.missed += 1
        self._stepped("")

    def take_back(self) -> bool:
        """Forget the last answer, or the last one missed; return False where there is none."""
        if not self._steps:
            return False
        ref = self._steps.pop()
        if ref:
            del self._answers[ref]
        else:
            self.missed -= 1
        return True

    def finish(self) -> None:
        """Keep the tallies as they are now; nothing where nothing was answered."""
        if self._steps or self._kept_steps:
            self._keep(self.tallies())

    @property
    def answered(self) -> int:
        return len(self._answers)

    # ---- what is kept

    def tallies(self) -> Checked:
        """Return the numbers so far, by the labels that the program gives now."""
        with self._lock:
            passed = list(self._passed)
        rows = {gender: dict.fromkeys(Answer, 0) for gender in Gender}
        seen: set[str] = set()
        for ref, answer in self._answers.items():
            record = next(iter(self._records([ref])), None)
            if record is not None and record.ref not in seen:  # two who were asked about may be one by now
                seen.add(record.ref)
                rows[record.auto_gender][answer] += 1
        everybody = {r.ref for r in self._records(passed)} | seen
        return Checked(
            0.0,
            self.id,
            tuple(rows[Gender.FEMALE].values()),
            tuple(rows[Gender.MALE].values()),
            tuple(rows[Gender.UNDECIDED].values()),
            self.missed,
            len(everybody),
            self.operator,
        )

    def _answered(self) -> set[str]:
        return {r.ref for r in self._records(self._answers)}

    def _records(self, refs: Iterable[str]) -> list[PersonRecord]:
        """Return the records of these people, one each; those merged into one have one.

        Whom the program takes for staff it does not count, so nobody can check how it counted them.
        """
        wanted = list(refs)

        def find(totals: Totals) -> list[PersonRecord]:
            found = (totals.person(ref) for ref in wanted)
            return list({r.ref: r for r in found if r is not None and not r.auto_staff}.values())

        return self._read(find)

    def _stepped(self, ref: str) -> None:
        self._steps.append(ref)
        if len(self._steps) >= self._kept_steps + KEEP_EVERY:
            self._kept_steps = len(self._steps)
            self._keep(self.tallies())
