"""The sentences of the pages, made from figures; `static/live.js` says those of the live page in the same words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from desktop_app.reports.looks import GENDER_WORDS
from desktop_app.store.session_list import SessionInfo
from desktop_app.web import schemas
from desktop_app.web.job import JobItem, JobState
from desktop_app.web.kinds import ItemKind
from desktop_app.web.results import PictureResult, VideoResult

WORDS = {gender.value: words for gender, words in GENDER_WORDS.items()}
"""The words for each value of `appears`."""

STATE_WORDS = {
    "none": "Nothing counted yet",
    "counting": "Counting",
    "paused": "Paused",
    "waiting": "Source lost",
    "blank": "No usable picture",
    "failed": "Source failed",
    "over": "Over",
}

MOST_HOURS = 12
"""So many of the latest hours have a bar on the live page."""


def progress_words(item: JobItem) -> str:
    """Say how far one item of a job has come."""
    if item.state is JobState.WAITING:
        return "Waiting for its turn."
    if item.state is JobState.RUNNING:
        if item.progress is None:
            if item.kind is ItemKind.PICTURE:
                return "Having a look at it."
            return "Fetching it and having a look at it." if item.kind is ItemKind.ADDRESS else "Opening it."
        return f"{item.progress:.0%} done, {number_of(item.people, 'person', 'people')} so far."
    return item.sentence or ("Done." if item.state is JobState.DONE else "It did not work.")


def number_of(count: int, one: str, many: str) -> str:
    """Return a number with its noun: "1 face", "1,204 faces", "no face"."""
    return f"no {one}" if count == 0 else f"{count:,} {one if count == 1 else many}"


def faces_words(result: PictureResult) -> str:
    """Say in one sentence who is in a picture, by its first model."""
    if not result.faces:
        return "No face was found. Faces need about 24 pixels, and light from the front."
    counts = {gender: sum(face.answers[0].appears == gender for face in result.faces) for gender in WORDS}
    return f"{number_of(len(result.faces), 'face', 'faces').capitalize()}: {appearing_words(counts)}."


def appearing_words(counts: Mapping[str, int]) -> str:
    """Say how many appear how: "3 appear female, 1 appears male"; those of whom there is none are left out."""
    return ", ".join(
        f"{count:,} {words.replace('appears', 'appear') if count != 1 else words}"
        for gender, words in WORDS.items()
        if (count := counts[gender])
    )


def count_words(info: SessionInfo) -> str:
    """Say where and when was counted."""
    began = datetime.fromtimestamp(info.began_utc or info.opened_utc)
    ended = began + timedelta(seconds=max(0.0, info.last_utc - began.timestamp()))
    day = f"{began.day} {began:%B %Y}"
    until = f"{ended:%H:%M}" if ended.date() == began.date() else f"{ended:%H:%M} on {ended.day} {ended:%B}"
    return ", ".join([*([info.place] if info.place else []), day, f"{began:%H:%M} to {until}"])


def differing(result: PictureResult) -> set[int]:
    """Return the numbers of the faces that the models answer differently."""
    return {face.number for face in result.faces if len({answer.appears for answer in face.answers}) > 1}


def comparison_words(result: PictureResult) -> str:
    """Say on how many faces of a picture two models differ."""
    faces, differ = len(result.faces), len(differing(result))
    if not differ:
        return "Both models say the same of it." if faces == 1 else f"Both models say the same of all {faces:,} faces."
    return f"The models differ on {differ:,} of {number_of(faces, 'face', 'faces')}; the table marks where."


def disagreement_words(result: VideoResult) -> str:
    """Say on how many people two models differ."""
    if not result.disagreements:
        return "Nobody is called female by one model and male by the other."
    people = number_of(result.disagreements, "person is", "people are").capitalize()
    return f"{people} called female by one model and male by the other."


def video_words(result: VideoResult) -> str:
    """Say how much of a video was seen."""
    minutes, seconds = divmod(round(result.seconds), 60)
    length = f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
    return (
        f"{length} were seen, {result.frames:,} pictures. Each person is counted once, however long they stay in view."
    )


def now_words(figures: schemas.LiveFigures) -> str:
    """Say who is in view, "" where that is not known."""
    parts = []
    if figures.in_view is not None:
        parts.append(f"{figures.in_view:,} in view now")
    if figures.looking:
        parts.append(f"{figures.looking:,} of those counted still undecided and looked at")
    return ", ".join(parts)


def since_words(figures: schemas.LiveFigures) -> str:
    """Say where and since when is counted."""
    parts = [figures.place] if figures.place else []
    if figures.opened is not None:
        parts.append(f"since {figures.opened:%H:%M} on {figures.opened.day} {figures.opened:%B}")
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]


def last_hours(figures: schemas.LiveFigures) -> Sequence[schemas.HourCounts]:
    """Return the hours that have a bar, oldest first."""
    return figures.hours[-MOST_HOURS:]


def hour_words(hour: schemas.HourCounts) -> str:
    """Say how much of an hour nobody watched, "" for less than a minute."""
    if hour.is_missing:
        return "not watched"
    return f"{hour.missed_s / 60:.0f} min not watched" if hour.missed_s >= 60 else ""


def most_in_an_hour(figures: schemas.LiveFigures) -> int:
    """Return what a whole bar stands for, at least 1."""
    return max([1, *(hour.people for hour in last_hours(figures))])


def door_words(door: schemas.DoorFigures) -> str:
    """Say who came through one door, or what is wrong with it."""
    return door.message or ", ".join(f"{getattr(door.totals, gender):,} {gender}" for gender in WORDS)


def place_words(place: schemas.PlaceCounts) -> tuple[str, str]:
    """Return the figure of a line or an area, and the line below it."""
    if place.kind == "line":
        return f"{place.into:,} in, {place.out:,} out", "people who crossed the line"
    stay = f", {place.mean_stay_s:.0f} s each on average" if place.mean_stay_s is not None else ""
    return f"{place.inside:,} inside now", f"{place.visits:,} visit{'s' * (place.visits != 1)}{stay}"
