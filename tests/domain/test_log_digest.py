"""The digest of a log, and the short way to it over entries that were not opened."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.event_codec import SEEN_KINDS, from_plain, kind_of, to_plain
from desktop_app.domain.events import (
    Counted,
    Entry,
    Event,
    Left,
    Opened,
    PersonEvent,
    Revised,
    ZoneEntered,
    is_decision,
)
from desktop_app.domain.log_digest import LogDigest, SealedEntry, digest_of, opened, sealed_fields
from desktop_app.domain.types import Gender

times = st.floats(0, 1e9) | st.floats(0, 1) | st.sampled_from([0.0, 1e-5, 1e16, 1764000000.25, 0.1 + 0.2])
genders, texts = st.sampled_from(list(Gender)), st.text(max_size=8)
ages = st.none() | st.floats(0, 120)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(Counted, times, texts, st.integers(0, 10**6), times, genders, times, ages, ages),
    st.builds(Revised, times, texts, genders, times, ages, ages, st.booleans()),
    st.builds(Left, times, texts, times, times, times),
    st.builds(ZoneEntered, times, texts, texts, times),
    st.builds(Opened, times, texts, texts, texts),
)


def stored(event: Event) -> str:
    return json.dumps(to_plain(event), separators=(",", ":"))


def sealed(entry: Entry) -> Entry | SealedEntry:
    fields = sealed_fields(kind_of(entry.event), stored(entry.event))
    if fields is None:
        return entry
    return SealedEntry(entry.id, entry.session, entry.door, entry.seq, entry.utc, kind_of(entry.event), fields)


def by_the_book(entries: list[Entry]) -> str:
    """The digest as the first reports had it."""
    digest = hashlib.sha256()
    for e in sorted(entries, key=lambda e: (e.seq, e.id)):
        values = [e.id, e.session, e.door, e.seq, round(e.utc, 6), kind_of(e.event), to_plain(e.event)]
        digest.update(json.dumps(values, sort_keys=True, separators=(",", ":")).encode() + b"\n")
    return digest.hexdigest()


@given(st.lists(st.tuples(events, times, texts, st.integers(1, 5)), max_size=12))
def test_sealed_entries_have_the_digest_and_the_events_of_open_ones(found: list[tuple[Event, float, str, int]]) -> None:
    entries = [Entry(f"{i:02}", "s\u00e9", door, seq, utc, event) for i, (event, utc, door, seq) in enumerate(found)]
    short = sorted((sealed(entry) for entry in entries), key=lambda e: e.seq)
    assert digest_of(short) == digest_of(entries) == by_the_book(entries)
    assert list(opened(short)) == sorted(entries, key=lambda e: e.seq)


def test_ordinary_entries_are_sealed() -> None:
    revised = Revised(11.0, "a1", Gender.FEMALE, 0.4494910647887381, 53.86947295420722, 4.0, True)
    assert isinstance(sealed(Entry("1", "s", "d", 1, 2.0, revised)), SealedEntry)


@pytest.mark.parametrize(
    "text",
    [
        '{"time_s":1.0,"person":"a","last_seen_s":1.0,"dwell_s":1.0}',
        '{"time_s":1.0,"person":"a","last_seen_s":1.0,"dwell_s":1e999,"facing_s":0.0}',
        '{"time_s":1.0,"person":"a","last_seen_s":1.0,"dwell_s":NaN,"facing_s":0.0}',
        '{"time_s":1.0,"person":"a","last_seen_s":1.0,"dwell_s":1.50,"facing_s":0.0}',
        '{"time_s":1.0,"person":"a","last_seen_s":1.0,"dwell_s":true,"facing_s":0.0}',
        '{"time_s":1.0,"person":"a\\"b","last_seen_s":1.0,"dwell_s":1.0,"facing_s":0.0}',
        '{"time_s":1.0,"person":"a","last_seen_s":1.0,"dwell_s":1.0,"facing_s":0.0} ',
        '{"time_s":1.0, "person":"a","last_seen_s":1.0,"dwell_s":1.0,"facing_s":0.0}',
        "{broken",
    ],
)
def test_what_is_not_exactly_as_we_write_it_is_looked_at_closely(text: str) -> None:
    assert sealed_fields("left", text) is None


def test_an_impossible_age_is_looked_at_closely() -> None:
    assert sealed_fields("revised", stored(Revised(1.0, "a", Gender.MALE, 0.5, -3.0, 4.0))) is None


def test_no_decision_is_sealed() -> None:
    from desktop_app.domain.event_codec import EVENT_KINDS

    for kind in SEEN_KINDS:
        assert issubclass(EVENT_KINDS[kind], PersonEvent)
        assert not is_decision(EVENT_KINDS[kind].__new__(EVENT_KINDS[kind]))


def test_an_entry_that_should_have_come_before_is_refused() -> None:
    digest = LogDigest()
    digest.take(Entry("a", "s", "", 2, 0.0, Opened(0.0)))
    with pytest.raises(ValueError, match="order"):
        digest.take(Entry("b", "s", "", 1, 0.0, Opened(0.0)))


FIRST_VERSION: dict[str, dict[str, object]] = {
    "counted": {"time_s": 1.5, "person": "a", "number": 1, "first_seen_s": 1.0, "gender": "female", "probability": 0.9,
                "age_years": 30.25, "age_spread_years": 4.0},
    "revised": {"time_s": 2.0, "person": "a", "gender": "male", "probability": 0.8, "age_years": None,
                "age_spread_years": None, "final": True},
    "merged": {"time_s": 2.0, "person": "a", "into": "b", "by_operator": True},
    "left": {"time_s": 3.0, "person": "a", "last_seen_s": 2.9, "dwell_s": 1.9, "facing_s": 1.0},
    "staff_seen": {"time_s": 3.0, "person": "a", "is_staff": True},
    "crossed": {"time_s": 3.0, "person": "a", "place": "door", "direction": "in"},
    "crossed_back": {"time_s": 3.0, "person": "a", "place": "door", "direction": "in"},
    "zone_entered": {"time_s": 3.0, "person": "a", "place": "stand", "entered_s": 2.5},
    "zone_left": {"time_s": 3.0, "person": "a", "place": "stand", "entered_s": 2.5, "dwell_s": 0.5},
    "door_started": {"time_s": 0.0, "source": "hall.mp4", "began_utc": 1e9, "clock": "live", "name": "Main door",
                     "detector": "YuNet", "model": "Headcount"},
    "door_ended": {"time_s": 9.0, "reason": "finished", "message": ""},
    "source_lost": {"time_s": 5.0, "message": "gone"},
    "source_back": {"time_s": 6.0, "message": ""},
    "paused": {"time_s": 6.0},
    "resumed": {"time_s": 7.0},
    "places_set": {"time_s": 0.0, "lines": ["door"], "zones": []},
    "opened": {"time_s": 0.0, "name": "Fair", "place": "Hall 3", "note": ""},
    "closed": {"time_s": 0.0},
    "reopened": {"time_s": 0.0},
    "joined": {"time_s": 0.0, "session": "t"},
    "agenda_set": {"time_s": 0.0, "items": []},
    "file_written": {"time_s": 0.0, "what": "table", "path": "people.csv"},
    "condensed": {"time_s": 0.0, "start_utc": 1e9, "length_s": 900.0, "people": {"female/female/": 1}, "into": {},
                  "out": {}, "visits": {}, "stay_ms": {}},
    "corrected": {"time_s": 0.0, "person": "a", "what": "gender", "new": "male", "old": "female", "operator": "Ada",
                  "note": ""},
    "split": {"time_s": 0.0, "person": "a", "operator": ""},
    "added": {"time_s": 0.0, "person": "hand.1", "gender": "female", "age_band": "", "operator": "", "note": ""},
    "checked": {"time_s": 0.0, "sitting": "s", "female": [1, 0, 0, 0], "male": [0, 0, 0, 0],
                "undecided": [0, 0, 0, 0], "missed": 0, "passed": 1, "operator": ""},
    "undone": {"time_s": 0.0, "entry": "x"},
}  # fmt: skip
"""An event of each kind as the first program that kept counts wrote it."""


def test_a_report_of_the_first_program_can_still_be_verified() -> None:
    entries = [
        Entry(f"{i:032x}", "s", "d", i, 1e9 + i, from_plain(kind, values))
        for i, (kind, values) in enumerate(FIRST_VERSION.items())
    ]
    # A field that is added to an event belongs into `event_codec._ADDED_LATER`, or this is no longer what it was.
    assert digest_of(entries) == "ff373884d76ca5a77ebc148f82cd3cf6b6483bc5c4d6e872ec567fe33454762c"


halves = st.integers(1_000_000_000, 4_000_000_000).map(lambda n: n + 0.5e-6)


@given(st.floats(0, 5e9) | st.floats(1.7e9, 1.8e9) | halves)
def test_the_moment_of_a_sealed_entry_is_written_as_that_of_an_open_one(utc: float) -> None:
    entry = Entry("1", "s", "d", 1, utc, Left(1.0, "a", 1.0, 1.0, 1.0))
    assert isinstance(sealed(entry), SealedEntry)
    assert digest_of([sealed(entry)]) == by_the_book([entry])
