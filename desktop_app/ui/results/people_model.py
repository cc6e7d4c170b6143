"""The people of a count as a table, and the operator's decisions as lines of text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QWidget

from desktop_app.domain.events import Added, Corrected, Entry, Event, Merged, Split
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import Gender
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import GENDER_WORDS

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()

FILTERS: dict[str, Callable[[PersonRecord], bool]] = {
    "everybody": lambda r: True,
    "female": lambda r: r.counts and r.gender is Gender.FEMALE,
    "male": lambda r: r.counts and r.gender is Gender.MALE,
    "undecided": lambda r: r.counts and r.gender is Gender.UNDECIDED,
    "corrected": lambda r: bool(r.corrected) or r.is_added or len(r.members) > 1,
    "not counted": lambda r: not r.counts,
}
"""Which people a list shows, by the key of the choice."""


def filter_words(key: str) -> str:
    """Return how a choice of `FILTERS` is called."""
    return {
        "everybody": tr("Everybody"),
        "female": tr("Appears female"),
        "male": tr("Appears male"),
        "undecided": tr("Undecided"),
        "corrected": tr("Corrected by hand"),
        "not counted": tr("Not counted"),
    }[key]


def moment(utc: float, with_date: bool = True) -> str:
    """Return a moment in local time, to the second."""
    return datetime.fromtimestamp(utc).strftime("%Y-%m-%d %H:%M:%S" if with_date else "%H:%M:%S")


def title(record: PersonRecord) -> str:
    """Return the number on the screen, or that there is none."""
    return str(record.number) if record.number else tr("by hand")


def gender_words(record: PersonRecord) -> str:
    return tr("still looking") if record.is_looking else GENDER_WORDS[record.gender]


def automatic_words(record: PersonRecord) -> str:
    """Return what the program alone says: gender and age band; nothing of somebody whom it missed."""
    if record.is_added:
        return tr("missed")
    band = (record.auto_age_band or "").replace("-", "–")
    return ", ".join(part for part in (GENDER_WORDS[record.auto_gender], band) if part)


def remarks(record: PersonRecord) -> str:
    """Return what else is to be known of a person."""
    words = []
    if record.is_removed:
        words.append(tr("not a person, not counted"))
    elif record.is_staff:
        words.append(tr("staff, not counted"))
    if record.is_added:
        words.append(tr("added by hand"))
    elif set(record.corrected) & {"gender", "age_band"}:
        words.append(tr("set by hand"))
    if len(record.members) > 1:
        words.append(tr("seen {times} times", times=len(record.members)))
    return ", ".join(words)


class PeopleModel(QAbstractTableModel):
    """One row a person. Only the rows on the screen are worked out, so that a long day opens at once."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._people: Sequence[PersonRecord] = ()
        self._shown: Sequence[PersonRecord] = ()
        self._filter, self._search = "everybody", ""
        self._several_days = False
        self._doors: Mapping[str, str] = {}
        self._columns: tuple[tuple[str, Callable[[PersonRecord], str]], ...] = (
            (tr("Person"), title),
            (tr("Door"), lambda r: self._doors.get(r.door, "")),
            (tr("Counted"), lambda r: moment(r.counted_utc, self._several_days)),
            (tr("Gender"), gender_words),
            (tr("Age"), lambda r: (r.age_band or "").replace("-", "–")),
            (tr("The program said"), automatic_words),
            (tr("In view"), lambda r: tr("{seconds} s", seconds=f"{r.dwell_s:.0f}") if r.dwell_s else ""),
            (tr("Remarks"), remarks),
        )

    def show(self, people: Sequence[PersonRecord], doors: Mapping[str, str] | None = None) -> None:
        """Show other people, or the same after a decision. `doors` are the names of the doors by their ids."""
        self._people = people
        self._doors = doors if doors is not None and len(doors) > 1 else {}
        days = {datetime.fromtimestamp(r.counted_utc).date() for r in (*people[:1], *people[-1:])}
        self._several_days = len(days) > 1
        self._fill()

    def narrow(self, key: str, text: str) -> None:
        """Show those of one choice of `FILTERS` in whose row every word of a text begins a word."""
        self._filter, self._search = key, text.strip().casefold()
        self._fill()

    def _fill(self) -> None:
        self.beginResetModel()
        wanted = FILTERS[self._filter]
        shown = self._people if self._filter == "everybody" else [r for r in self._people if wanted(r)]
        if self._search:
            words = self._search.split()
            shown = [r for r in shown if self._has(r, words)]
        self._shown = shown
        self.endResetModel()

    def _has(self, record: PersonRecord, words: Iterable[str]) -> bool:
        row = [text(record).casefold() for _, text in self._columns]
        beginnings = " ".join(row[1:]).replace(",", " ").split()
        # A number is somebody's number, not a part of an age or a time; "male" is not a part of "female".
        return all(word == row[0] if word.isdigit() else any(w.startswith(word) for w in beginnings) for word in words)

    def person_at(self, row: int) -> PersonRecord | None:
        return self._shown[row] if 0 <= row < len(self._shown) else None

    def row_of(self, ref: str) -> int:
        """Return the row of a person, whoever they were merged into; -1 for nobody who is shown."""
        return next((n for n, r in enumerate(self._shown) if ref in r.members), -1)

    @property
    def has_several_days(self) -> bool:
        return self._several_days

    @property
    def door_names(self) -> Sequence[str]:
        """The names of the doors of a count with several, none of one with a single door."""
        return tuple(self._doors.values())

    @property
    def people(self) -> Sequence[PersonRecord]:
        """Everybody, the ones that are not shown included."""
        return self._people

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole) or not index.isValid():
            return None
        return self._columns[index.column()][1](self._shown[index.row()])

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | None:
        if role != Qt.ItemDataRole.DisplayRole or orientation != Qt.Orientation.Horizontal:
            return None
        return self._columns[section][0]


def correction_words(entry: Entry, number: Callable[[str], int], door: Callable[[str], str] = lambda _: "") -> str:
    """Return a decision as one line: when, what, by whom and why.

    `number` gives the number of a reference, and `door` what is to be said of where they passed, "" for nothing.
    """
    what = _decision_words(entry.event, number, door)
    operator, note = getattr(entry.event, "operator", ""), getattr(entry.event, "note", "")
    by = tr(", by {operator}", operator=operator) if operator else ""
    return f"{moment(entry.utc)}  {what}{by}{f': {note}' if note else ''}"


def _decision_words(event: Event, number: Callable[[str], int], door: Callable[[str], str]) -> str:
    def person(ref: str) -> str:
        words = tr("person {number}", number=number(ref)) if number(ref) else tr("a person added by hand")
        return f"{words}{door(ref)}"

    match event:
        case Corrected(what="gender"):
            old = GENDER_WORDS[Gender(event.old)] if event.old else "–"
            new = GENDER_WORDS[Gender(event.new)]
            return tr("{person}: {old} → {new}", person=person(event.person), old=old, new=new)
        case Corrected(what="age_band"):
            return tr(
                "{person}: age {old} → {new}", person=person(event.person), old=event.old or "–", new=event.new
            ).replace("-", "–")
        case Corrected(what="removed"):
            is_removed = event.new == "yes"
            words = tr("{person}: not a person") if is_removed else tr("{person}: a person after all")
            return words.format(person=person(event.person))
        case Corrected():
            words = tr("{person}: staff") if event.new == "yes" else tr("{person}: not staff")
            return words.format(person=person(event.person))
        case Merged():
            return tr("{a} is the same as {b}", a=person(event.person), b=person(event.into))
        case Split():
            return tr("{person}: different people", person=person(event.person))
        case Added():
            band = f", {event.age_band.replace('-', '–')}" if event.age_band else ""
            return tr("added: {gender}{band}", gender=GENDER_WORDS[event.gender], band=band)
    return tr("another count was joined")
