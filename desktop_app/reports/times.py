"""Moments as text: ISO 8601 with offset for machines, the local clock for people."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

DAY_S = 86_400.0

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""English like the rest of the report, whatever the system speaks."""


def local(utc: float, zone: ZoneInfo) -> datetime:
    """Return a moment in seconds since 1970 as the local time of a place."""
    return datetime.fromtimestamp(utc, UTC).astimezone(zone)


def iso(utc: float, zone: ZoneInfo) -> str:
    """Return "2026-05-12T09:00:00+02:00", to the second."""
    return local(utc, zone).isoformat(timespec="seconds")


def clock(utc: float, zone: ZoneInfo) -> str:
    """Return "09:00"."""
    return local(utc, zone).strftime("%H:%M")


def day(utc: float, zone: ZoneInfo) -> str:
    """Return "12 May"."""
    moment = local(utc, zone)
    return f"{moment.day} {_MONTHS[moment.month - 1]}"


def month(utc: float, zone: ZoneInfo) -> str:
    """Return "May 2026"."""
    moment = local(utc, zone)
    return f"{_MONTHS[moment.month - 1]} {moment.year}"


def moment_within(utc: float, start_utc: float, end_utc: float, zone: ZoneInfo) -> str:
    """Return "09:00", or "12 May, 09:00" where the whole is longer than a day and that time comes more than once.

    A midnight is then the day that begins: "12 May".
    """
    words = clock(utc, zone)
    if end_utc - start_utc <= DAY_S:
        return words
    return day(utc, zone) if words == "00:00" else f"{day(utc, zone)}, {words}"


def interval(start_utc: float, end_utc: float, zone: ZoneInfo, with_date: bool = False) -> str:
    """Return "09:00 to 10:00", after its date if asked for.

    Where the clocks are changed in between it has both offsets, and in the hour that then comes again the second one:
    two intervals never have the same name. One of a day or more has both dates.
    """
    start, end = local(start_utc, zone), local(end_utc, zone)
    if end_utc - start_utc >= DAY_S:
        return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
    date = f"{start:%Y-%m-%d} " if with_date else ""
    if start.utcoffset() != end.utcoffset():
        return f"{date}{start:%H:%M} ({_offset(start)}) to {end:%H:%M} ({_offset(end)})"
    return f"{date}{start:%H:%M} to {end:%H:%M}{f' ({_offset(start)})' if start.fold else ''}"


def _offset(moment: datetime) -> str:
    """Return "UTC+2" or "UTC+5:30"."""
    text = moment.strftime("%z")
    minutes = f":{text[3:5]}" if text[3:5] != "00" else ""
    return f"UTC{text[0]}{int(text[1:3])}{minutes}"


def span(start_utc: float, end_utc: float, zone: ZoneInfo) -> str:
    """Return "2026-05-12, 09:00 to 17:30 (UTC+02:00)", with both dates and both offsets where they differ."""
    start, end = local(start_utc, zone), local(end_utc, zone)
    until = end.strftime("%H:%M") if end.date() == start.date() else end.strftime("%Y-%m-%d, %H:%M")
    first, last = (f"UTC{offset[:3]}:{offset[3:5]}" for offset in (start.strftime("%z"), end.strftime("%z")))
    return f"{start:%Y-%m-%d, %H:%M} to {until} ({first if first == last else f'{first}, at the end {last}'})"


def duration(seconds: float) -> str:
    """Return "3 h 05 min", "12 min" or, below a minute, "42 s"."""
    if round(seconds) < 60:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"
