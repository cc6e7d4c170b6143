"""The people of a picture as the operator decided about them, and what is known of one in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import AGE_BAND_CENTRES, AGE_BANDS, CHILD_BANDS, FrameResult, Gender, Track
from desktop_app.session.log import SessionLog
from desktop_app.ui.picture.transport import media_time
from desktop_app.ui.widgets.texts import tr
from desktop_app.ui.widgets.theme import GENDER_WORDS

FindRecord = Callable[[str], PersonRecord | None]


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
    """Return what is known of a person in the picture, as one line."""
    if track.held_back:
        return tr("A face that does not move, as on a poster: not counted")
    number = record.number if record is not None and record.number else track.track_id
    parts = [_gender_words(track, record)]
    if _is_child(track, record):
        parts.append(tr("child"))
    if record is not None and "age_band" in record.corrected and record.age_band is not None:
        parts.append(tr("{band} years, set by hand", band=record.age_band.replace("-", "–")))
    elif track.decision.age_years is not None:
        spread = track.decision.age_spread_years
        about = f"{track.decision.age_years:.0f}" + (f" ± {spread:.0f}" if spread is not None else "")
        parts.append(tr("about {years} years", years=about))
    parts.append(tr("in view {seconds} s", seconds=f"{track.dwell_s:.0f}"))
    return tr("Person {number}: {words}", number=number, words=", ".join(parts))


def _is_child(track: Track, record: PersonRecord | None) -> bool:
    if record is not None and record.age_band is not None:
        return record.age_band in CHILD_BANDS
    return track.decision.is_child


def _gender_words(track: Track, record: PersonRecord | None) -> str:
    if record is not None and record.is_removed:
        return tr("not a person")
    if record.is_staff if record is not None else track.is_staff:
        return tr("staff, not counted")
    if record is not None and "gender" in record.corrected:
        return tr("{gender}, set by hand", gender=GENDER_WORDS[record.gender])
    if track.decision.gender is Gender.UNDECIDED:
        return tr("still looking") if track.is_looking else GENDER_WORDS[Gender.UNDECIDED]
    percent = track.decision.percent
    return f"{GENDER_WORDS[track.decision.gender]}, {percent}%"


def record_words(record: PersonRecord) -> str:
    """Return a counted person as one line of a list."""
    parts = [tr("still looking") if record.is_looking else GENDER_WORDS[record.gender]]
    if record.age_band is not None:
        band = record.age_band.replace("-", "–")
        parts.append(tr("child {band}", band=band) if record.age_band in CHILD_BANDS else band)
    parts.append(tr("counted at {time}", time=media_time(record.counted_s)))
    if not record.number:
        return tr("Added by hand: {words}", words=", ".join(parts))
    return tr("Person {number}: {words}", number=record.number, words=", ".join(parts))
