"""What a check found, in words for the window: worked out on a thread, because it draws thousands of random numbers."""

from __future__ import annotations

from dataclasses import dataclass

from desktop_app.domain.events import Checked, Entry
from desktop_app.domain.types import Gender
from desktop_app.reports.check import CheckedByEye, raw_share, women_share
from desktop_app.reports.door_checks import CHECK_EVENTS, Labels, advice, checks_of, sentence
from desktop_app.session.session import Session
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import GENDER_WORDS

_SEEN = ("female", "male", "unclear", "false")


@dataclass(frozen=True, slots=True)
class CheckWords:
    """`split` and `advice` are sentences, `rows` a line a label: counted, checked, and what the operator saw."""

    split: str
    advice: str
    rows: tuple[tuple[str, ...], ...] = ()


def check_words(session: Session, door: str, tallies: Checked) -> CheckWords:
    """Return what this sitting and the earlier ones at this door say of a count."""
    labels = Labels()
    for person in session.people():
        labels.add(person)
    entries = [e for e in session.log.all_entries() if isinstance(e.event, CHECK_EVENTS)]
    newest = max((e.seq for e in entries), default=0)
    entries.append(Entry("now", session.id, door, newest + 1, 0.0, tallies))
    found = next((c for c in checks_of(entries, labels) if c.door == door), None)
    if found is None or not found.check.checked:
        return CheckWords(tr("Nobody was checked yet."), tr("Answer for at least 30 people, more is better."))
    check = found.check
    share = women_share(check, found.card)
    split = sentence(check, found.card)
    if share is not None:
        split += " " + tr(
            "The program alone says {raw}% women.", raw=round(100 * raw_share(check))
        )  # undecided people halved
    return CheckWords(split, advice(check, found.card), _rows(check))


def _rows(check: CheckedByEye) -> tuple[tuple[str, ...], ...]:
    rows = []
    for gender in (Gender.FEMALE, Gender.MALE, Gender.UNDECIDED):
        stratum = check.strata.get(gender)
        if stratum is not None:
            rows.append((GENDER_WORDS[gender], *(str(getattr(stratum, name)) for name in _SEEN)))
    return tuple(rows)
