"""The people of a picture as the operator decided about them, and what is known of one in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import AGE_BAND_CENTRES, AGE_BANDS, CHILD_BANDS, FrameResult, Gender, Track
from desktop_app.session.log import SessionLog
from desktop_app.ui.picture.transport import media_time
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import GENDER_WORDS


def records_of(tracks: Iterable[Track], log: SessionLog | None) -> dict[str, PersonRecord]:
    """Return what the count says of the people in a picture, by their reference in it."""
    wanted = [t.person for t in tracks if t.person]
    if log is None or not wanted:
        return {}
    return log.read(lambda totals: {ref: record for ref in wanted if (record := totals.person(ref)) is not None})


def as_decided(tracks: Iterable[Track], records: dict[str, PersonRecord]) -> tuple[Track, ...]:
    """Return the tracks with what the operator decided in place of what the program estimates.

    Somebody marked as not a person is as unconfirmed as before they were counted.
    """
    return tuple(_decided(t, records[t.person]) if t.person in records else t for t in tracks)


def result_as_decided(result: FrameResult, log: SessionLog | None) -> FrameResult:
    """Return a result with its people as the operator decided about them, for a picture that is saved."""
    return replace(result, tracks=as_decided(result.tracks, records_of(result.tracks, log)))


def _decided(track: Track, record: PersonRecord) -> Track:
    number = record.number or track.track_id
    if not record.corrected:
        return track if number == track.track_id else replace(track, track_id=number)
    decision = track.decision
    if "gender" in record.corrected:
        decision = replace(decision, gender=record.gender, probability=1.0)
    if "age_band" in record.corrected and record.age_band is not None:
        centre = AGE_BAND_CENTRES[AGE_BANDS.index(record.age_band)]
        decision = replace(decision, age_years=centre, age_spread_years=None)
    return replace(
        track,
        track_id=number,
        decision=decision,
        is_looking=track.is_looking and "gender" not in record.corrected,
        is_staff=record.is_staff if "staff" in record.corrected else track.is_staff,
        confirmed=track.confirmed and not record.is_removed,
    )


def person_words(track: Track, record: PersonRecord | None) -> str:
    """Return what is known of a person in the picture, as one line. Its figures are under "Why does it say so?"."""
    if track.held_back == "screen":
        return tr("A face on a screen: not counted")
    if track.held_back:
        return tr("A face as still as one on a poster: not counted")
    number = record.number if record is not None and record.number else track.track_id
    parts = [_gender_words(track, record)]
    if record is not None and "age_band" in record.corrected and record.age_band is not None:
        parts.append(tr("{band}, set by hand", band=age_words(record.age_band)))
    elif track.decision.age_band is not None:
        parts.append(age_words(track.decision.age_band))
    parts.append(tr("in view {seconds} s", seconds=f"{track.dwell_s:.0f}"))
    return tr("Person {number}: {words}", number=number, words=", ".join(parts))


def age_words(band: str) -> str:
    """Return how an age is written everywhere: the band, "30–39", after the word "child" for a child's."""
    shown = band.replace("-", "–")
    return tr("child {band}", band=shown) if band in CHILD_BANDS else shown


def _gender_words(track: Track, record: PersonRecord | None) -> str:
    if record is not None and record.is_removed:
        return tr("not a person")
    if record.is_staff if record is not None else track.is_staff:
        return tr("staff, not counted")
    if record is not None and "gender" in record.corrected:
        return tr("{gender}, set by hand", gender=GENDER_WORDS[record.gender])
    if track.decision.gender is Gender.UNDECIDED:
        return tr("still looking") if track.is_looking else GENDER_WORDS[Gender.UNDECIDED]
    return GENDER_WORDS[track.decision.gender]


def label_words(record: PersonRecord) -> str:
    """Return what the count says of a person: "appears female, 30–39"."""
    if record.is_removed:
        return tr("not a person")
    if record.is_staff:
        return tr("staff, not counted")
    parts = [tr("still looking") if record.is_looking else GENDER_WORDS[record.gender]]
    if record.age_band is not None:
        parts.append(age_words(record.age_band))
    if record.is_added:
        parts.append(tr("added by hand"))
    elif record.corrected:
        parts.append(tr("set by hand"))
    return ", ".join(parts)


def record_words(record: PersonRecord, door: str = "") -> str:
    """Return a counted person as one line of a list, with the name of the door where there are several."""
    parts = [tr("still looking") if record.is_looking else GENDER_WORDS[record.gender]]
    if record.age_band is not None:
        parts.append(age_words(record.age_band))
    parts.append(tr("counted at {time}", time=media_time(record.counted_s)))
    if door:
        parts.append(tr("at {door}", door=door))
    if not record.number:
        return tr("Added by hand: {words}", words=", ".join(parts))
    return tr("Person {number}: {words}", number=record.number, words=", ".join(parts))
