"""The SHA-256 of a log: the same for the same entries, however they were stored."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from json.encoder import encode_basestring_ascii
from typing import NamedTuple

from desktop_app.domain.event_codec import EVENT_KINDS, SEEN_KINDS, fields_of, from_plain, kind_of, to_plain
from desktop_app.domain.events import Entry
from desktop_app.domain.types import Gender

_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_LINES_AT_ONCE = 500


class SealedEntry(NamedTuple):
    """An entry of one of `SEEN_KINDS` whose event was not read, because a report needs to know only that it is there.

    `fields` are those of the event as JSON, by name: what is between the brackets.
    """

    id: str
    session: str
    door: str
    seq: int
    utc: float
    kind: str
    fields: str

    def open(self) -> Entry:
        """Return the entry itself."""
        return Entry(*self[:5], from_plain(self.kind, json.loads(f"{{{self.fields}}}")))


LogEntry = Entry | SealedEntry


def opened(entries: Iterable[LogEntry]) -> Iterator[Entry]:
    """Return the entries with their events."""
    return (entry.open() if isinstance(entry, SealedEntry) else entry for entry in entries)


def sealed_fields(kind: str, event_json: str) -> str | None:
    """Return the `fields` of a sealed entry from an event as the store writes it.

    None for another kind, and for whatever is not exactly the text that a valid event of this kind is written as.
    """
    pattern = _patterns().get(kind)
    match = pattern(event_json) if pattern is not None else None
    # A name and its colon sort as the name alone does.
    return None if match is None else ",".join(sorted(match.groups()))


_FLOAT = r"-?(?!0\.0000)(?:0|[1-9]\d{0,11})\.(?:0|\d{0,16}[1-9])"  # as Python writes what needs no exponent
_VALUES: Mapping[object, str] = {
    float: _FLOAT,
    int: r"(?:0|[1-9]\d{0,11})",
    bool: "(?:true|false)",
    str: r'"[ !#-\[\]-~]*"',
    Gender: f'"(?:{"|".join(Gender)})"',
}


@cache
def _patterns() -> Mapping[str, Callable[[str], re.Match[str] | None]]:
    """Return what matches the text of an event, with a group a field, by kind."""
    found = {}
    for kind in SEEN_KINDS:
        parts = []
        for name, (wanted, is_optional) in fields_of(EVENT_KINDS[kind]).items():
            value = _VALUES[wanted].removeprefix("-?") if name == "age_years" else _VALUES[wanted]  # none is below 0
            parts.append(f'("{name}":{f"(?:null|{value})" if is_optional else value})')
        found[kind] = re.compile(f"{{{','.join(parts)}}}", re.ASCII).fullmatch
    return found


class LogDigest:
    """Taken in entry by entry, in the order of their sequence numbers."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._seq: int | None = None
        self._waiting: list[tuple[str, str]] = []
        """(id, line) of one sequence number: those come in the order of their ids."""
        self._lines: list[str] = []

    def take(self, entry: LogEntry) -> None:
        """Take in the next entry. Raises ValueError for one that should have come before."""
        seq = entry.seq
        if seq != self._seq:
            if self._seq is not None and seq < self._seq:
                raise ValueError("the entries of a log come in the order of their sequence numbers")
            self._put_down()
            self._seq = seq
        self._waiting.append((entry.id, _line(entry)))

    def hexdigest(self) -> str:
        self._put_down()
        self._feed()
        return self._digest.hexdigest()

    def _put_down(self) -> None:
        waiting = self._waiting
        if len(waiting) > 1:
            waiting.sort()
        self._lines += [line for _, line in waiting]
        waiting.clear()
        if len(self._lines) >= _LINES_AT_ONCE:
            self._feed()

    def _feed(self) -> None:
        self._digest.update("".join(self._lines).encode())
        self._lines.clear()


def digest_of(entries: Iterable[LogEntry]) -> str:
    """Return the SHA-256 of a log, in hexadecimal, whatever the order of the entries."""
    digest = LogDigest()
    for entry in sorted(entries, key=lambda e: e.seq):
        digest.take(entry)
    return digest.hexdigest()


def _line(entry: LogEntry) -> str:
    """Return what an entry adds: a list as JSON, in ASCII and with sorted names, and the end of the line."""
    if isinstance(entry, SealedEntry):
        entry_id, session, door, seq, utc, kind, event = entry
        head = f"{encode_basestring_ascii(entry_id)},{_quoted_place(session, door)},{seq},{_rounded(utc)}"
        return f'[{head},"{kind}",{{{event}}}]\n'
    values = [entry.id, entry.session, entry.door, entry.seq, round(entry.utc, 6), kind_of(entry.event)]
    return _JSON.encode([*values, to_plain(entry.event)]) + "\n"


@lru_cache(256)
def _quoted_place(session: str, door: str) -> str:
    return f"{encode_basestring_ascii(session)},{encode_basestring_ascii(door)}"


def _rounded(utc: float) -> str:
    """Return `repr(round(utc, 6))`, for the moments of a log in less than half the time.

    Neighbours among these floats are less than half a microsecond apart, so no shorter text than that of six digits
    stands for the same float.
    """
    if not 1e6 < utc < 4e9:
        return repr(round(utc, 6))
    text = f"{utc:.6f}".rstrip("0")
    return f"{text}0" if text.endswith(".") else text
