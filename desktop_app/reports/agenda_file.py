"""The agenda of an occasion as it is typed in, or read from a table (CSV) or a calendar (iCalendar, RFC 5545)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from desktop_app.domain.agenda import LONGEST_NAME, MOST_ITEMS, AgendaItem, outside, overlaps
from desktop_app.errors import SettingsError
from desktop_app.reports.texts import plain
from desktop_app.reports.times import local
from desktop_app.system.plain_text import printable
from desktop_app.system.safe_file import read_text

_MOST_BYTES = 4_000_000
_DAY = r"\d{4}-\d{2}-\d{2}"
_CLOCK = r"\d{1,2}:\d{2}"
_TYPED = re.compile(
    rf"(?P<name>.*?\S)[\s,]+(?:(?P<day>{_DAY})[ T])?(?P<start>{_CLOCK})"
    rf"\s*(?:-|–|to)\s*(?:(?P<last>{_DAY})[ T])?(?P<end>{_CLOCK})"
)
_COLUMNS = {
    "name": ("name", "title", "item", "subject", "summary", "session", "titel", "thema"),
    "start": ("start", "begin", "begins", "from", "start time", "beginn", "von"),
    "end": ("end", "ends", "until", "to", "end time", "ende", "bis"),
    "day": ("day", "date", "start date", "datum"),
}
_REMEDY = "Write it like “keynote 09:00-10:00” or “keynote 2026-05-12 09:00-10:00”."


@dataclass(frozen=True, slots=True)
class Agenda:
    """Items in order of time, and what the reader should be told about them."""

    items: tuple[AgendaItem, ...]
    notes: tuple[str, ...] = ()


def parse_item(text: str, day: date, zone: ZoneInfo) -> AgendaItem:
    """Return the item that "keynote 09:00-10:00" means on `day`; an end before its start is that of the next day.

    Raises SettingsError.
    """
    match = _TYPED.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        on = date.fromisoformat(match["day"]) if match["day"] else day
        start = datetime.combine(on, _clock(match["start"]), zone)
        end = datetime.combine(date.fromisoformat(match["last"]) if match["last"] else on, _clock(match["end"]), zone)
        return _item(match["name"], start, end, may_end_next_day=not match["last"])
    except ValueError:
        raise SettingsError(f"The agenda item “{printable(text)}” was not understood.", _REMEDY) from None


def typed(item: AgendaItem, day: date, zone: ZoneInfo) -> str:
    """Return an item as `parse_item` reads it, with dates where they are not `day`."""
    start, end = local(item.start_utc, zone), local(item.end_utc, zone)
    first = f"{start:%H:%M}" if start.date() == day else f"{start:%Y-%m-%d %H:%M}"
    # An end before its start is that of the next day.
    is_next = end.date() == start.date() + timedelta(days=1) and end.time() < start.time()
    last = f"{end:%H:%M}" if end.date() == start.date() or is_next else f"{end:%Y-%m-%d %H:%M}"
    return f"{plain(item.name)} {first}-{last}"


def read_agenda(texts: Iterable[str], day: date, zone: ZoneInfo) -> Agenda:
    """Return what was typed in and what the files hold that are named among `texts` (*.csv, *.ics).

    Times without a zone are those of `zone`. Raises SettingsError.
    """
    items: list[AgendaItem] = []
    notes: list[str] = []
    for text in texts:
        path = Path(text)
        if path.suffix.lower() in (".csv", ".tsv", ".txt", ".ics", ".ical"):
            found = read_file(path, day, zone)
            items += found.items
            notes += found.notes
        else:
            items.append(parse_item(text, day, zone))
    if len(items) > MOST_ITEMS:
        raise SettingsError(f"{len(items)} agenda items are too many.", f"Give at most {MOST_ITEMS}.")
    unique = sorted(dict.fromkeys(items), key=lambda i: (i.start_utc, i.end_utc, i.name))
    return Agenda(tuple(unique), tuple(notes))


def read_file(path: Path, day: date, zone: ZoneInfo) -> Agenda:
    """Return the agenda in a file. Raises SettingsError for one that cannot be read or holds no item."""
    shown = printable(str(path))
    try:
        text = read_text(path, _MOST_BYTES).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise SettingsError(f"The agenda {shown} is not a text in UTF-8.", "Save it again as UTF-8.") from error
    except OSError as error:
        raise SettingsError(f"The agenda {shown} cannot be read ({error.strerror or error}).") from error
    agenda = _from_calendar(text, shown, zone) if "BEGIN:VCALENDAR" in text else _from_table(text, shown, day, zone)
    if not agenda.items:
        raise SettingsError(f"The agenda {shown} holds no item.", "It needs rows with a name, a start and an end.")
    return agenda


def what_to_tell(items: Sequence[AgendaItem], start_utc: float, end_utc: float, zone: ZoneInfo) -> list[str]:
    """Return a sentence for each item that overlaps the next or lies outside the count; all are kept."""
    found = [
        f"“{plain(a.name)}” and “{plain(b.name)}” overlap: whoever came then is counted in both."
        for a, b in overlaps(items)
    ]
    for item in outside(items, start_utc, end_utc):
        times = f"{local(item.start_utc, zone):%Y-%m-%d %H:%M} to {local(item.end_utc, zone):%H:%M}"
        found.append(f"“{plain(item.name)}” ({times}) lies partly or wholly outside the time of the count.")
    return found


def _clock(text: str) -> time:
    hours, minutes = map(int, text.split(":"))
    return time(hours, minutes)


def _item(name: str, start: datetime, end: datetime, *, may_end_next_day: bool = False) -> AgendaItem:
    if may_end_next_day and end < start:
        end += timedelta(days=1)
    return AgendaItem(plain(name)[:LONGEST_NAME], start.timestamp(), end.timestamp())


def _from_table(text: str, shown: str, day: date, zone: ZoneInfo) -> Agenda:
    """Read a table with a line of titles: name, start, end and, where these are clock times, a day if need be."""
    try:
        dialect: type[csv.Dialect] | str = csv.Sniffer().sniff(text[:4096], ",;\t")
    except csv.Error:
        dialect = "excel"
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), dialect))
    except csv.Error as error:
        raise SettingsError(f"The agenda {shown} is not a table ({error}).", "Save it again as CSV.") from error
    titles = [title.strip().lower() for title in rows[0]] if rows else []
    columns = {what: next((titles.index(n) for n in names if n in titles), -1) for what, names in _COLUMNS.items()}
    if min(columns[what] for what in ("name", "start", "end")) < 0:
        raise SettingsError(
            f"The agenda {shown} has no columns “name”, “start” and “end”.", "Give its first line these titles."
        )
    items = []
    for number, row in enumerate(rows[1:], 2):
        if any(field.strip() for field in row):
            values = {what: row[i].strip() if 0 <= i < len(row) else "" for what, i in columns.items()}
            try:
                items.append(_row(values, day, zone))
            except ValueError:
                raise SettingsError(
                    f"Line {number} of the agenda {shown} was not understood.",
                    "Give a name, and times like 09:00 or 2026-05-12T09:00.",
                ) from None
    return Agenda(tuple(items))


def _row(values: dict[str, str], day: date, zone: ZoneInfo) -> AgendaItem:
    on = date.fromisoformat(values["day"]) if values["day"] else day
    start, _ = _moment(values["start"], on, zone)
    end, has_date = _moment(values["end"], start.date(), zone)
    return _item(values["name"], start, end, may_end_next_day=not has_date)


def _moment(text: str, day: date, zone: ZoneInfo) -> tuple[datetime, bool]:
    """Return a moment, and whether the text named its day. Raises ValueError."""
    if re.fullmatch(_CLOCK, text):
        return datetime.combine(day, _clock(text), zone), False
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)), True


def _from_calendar(text: str, shown: str, zone: ZoneInfo) -> Agenda:
    # Imported here: it is needed for one kind of file only.
    from icalendar import Calendar

    try:
        events = list(Calendar.from_ical(text).walk("VEVENT"))
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise SettingsError(f"The calendar {shown} cannot be read ({error}).", "Export it again as .ics.") from error
    items, repeating, broken = [], 0, 0
    for event in events:
        try:
            start, end = _bounds(event, zone)
            items.append(_item(str(event.get("SUMMARY") or "Without a title"), start, end))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            broken += 1
        else:
            repeating += "RRULE" in event or "RDATE" in event
    return Agenda(tuple(items), tuple(_notes(shown, repeating, broken)))


def _notes(shown: str, repeating: int, broken: int) -> Iterator[str]:
    if repeating:
        yield f"{repeating} of the entries of {shown} repeat: of these only the first date was taken."
    if broken:
        yield f"{broken} of the entries of {shown} have no time that could be understood and were left out."


def _bounds(event: object, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the start and the end of an event; one without an end takes its duration, or its day."""
    get = event.get  # type: ignore[attr-defined]
    start = get("DTSTART").dt
    if get("DTEND") is not None:
        end = get("DTEND").dt
    elif get("DURATION") is not None:
        end = start + get("DURATION").dt
    else:
        end = start + timedelta(days=1)
    return _with_zone(start, zone), _with_zone(end, zone)


def _with_zone(value: date, zone: ZoneInfo) -> datetime:
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), zone)
    return value if value.tzinfo else value.replace(tzinfo=zone)
