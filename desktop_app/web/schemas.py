"""What the API sends and takes, as pydantic models: the OpenAPI page and its examples come from here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import Counts
from desktop_app.reports.recount import Pair

Appears = Literal["female", "male", "undecided"]
AgeBand = Literal["0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70+"]
RecountChange = Literal["same", "gender", "age", "only_before", "only_now"]
LiveState = Literal["none", "counting", "paused", "waiting", "blank", "failed", "over"]
CHANGES: Mapping[str, RecountChange] = {
    "": "same",
    "gender": "gender",
    "age": "age",
    "only before": "only_before",
    "only now": "only_now",
}
"""The words of the API for `reports.recount.Pair.change`."""
Number = Annotated[int, Field(ge=0)]


class Model(BaseModel):
    """Refuses fields that it does not know, so that a misspelt one is said instead of ignored."""

    model_config = ConfigDict(extra="forbid")


class Totals(Model):
    """How many people were counted. `people` is always female + male + undecided."""

    people: Number = 0
    female: Number = 0
    male: Number = 0
    undecided: Number = 0

    @classmethod
    def of(cls, counts: Counts) -> Totals:
        return cls(people=counts.people, female=counts.female, male=counts.male, undecided=counts.undecided)


class DoorFigures(Model):
    """One door. `state` is that of its source, like "running", or "" where it is counted in another program."""

    id: str
    name: str
    state: str = ""
    message: str = ""
    totals: Totals


class PlaceCounts(Model):
    """A line (`into`, `out`) or a zone (`inside` now, `visits`, `mean_stay_s` in seconds, null until a visit ends)."""

    door: str
    name: str
    kind: Literal["line", "zone"]
    into: int = 0
    out: int = 0
    inside: int = 0
    visits: int = 0
    mean_stay_s: float | None = None


class HourCounts(Totals):
    """People who were counted in the hour from `start` on.

    `watched_s` is how long a door was watched in it: 0 makes the zeros say nothing. `missed_s` is how much of it nobody
    watched although the count had begun and was not over.
    """

    start: datetime
    watched_s: float = 0.0
    missed_s: float = 0.0

    @property
    def is_missing(self) -> bool:
        """Whether nobody was watching: its zeros say nothing."""
        return self.missed_s > 0 and self.watched_s <= 0 and self.people == 0


class LiveFigures(Model):
    """The count as it stands. `id` rises with every entry of the log and is the event id of the live stream.

    `state` is "none" where nothing was counted yet, "counting", "paused", "waiting" while the source is lost, "failed",
    or "over". `sentence` says the same for the eye. `in_view` is null where this program does not count itself.
    """

    id: int
    time: datetime
    session: str = ""
    name: str = ""
    place: str = ""
    opened: datetime | None = None
    state: LiveState = "none"
    sentence: str = ""
    totals: Totals = Totals()
    looking: int = 0
    in_view: int | None = None
    ages: dict[str, int] = {}
    doors: list[DoorFigures] = []
    places: list[PlaceCounts] = []
    hours: list[HourCounts] = []


class PersonFigures(Model):
    """One counted person. There is no name and no picture; `id` is a reference that never repeats."""

    id: str
    number: int
    door: str
    counted: datetime
    appears: Appears
    automatic: Appears
    probability: float
    age_band: AgeBand | None
    age_years: float | None
    counts: bool
    is_staff: bool
    is_removed: bool
    is_added: bool
    dwell_s: float

    @classmethod
    def of(cls, record: PersonRecord) -> PersonFigures:
        return cls(
            id=record.ref,
            number=record.number,
            door=record.door,
            counted=datetime.fromtimestamp(record.counted_utc).astimezone(),
            appears=record.gender.value,
            automatic=record.auto_gender.value,
            probability=round(record.probability, 4),
            age_band=record.age_band,  # type: ignore[arg-type]  # one of AGE_BANDS
            age_years=None if record.age_years is None else round(record.age_years, 1),
            counts=record.counts,
            is_staff=record.is_staff,
            is_removed=record.is_removed,
            is_added=record.is_added,
            dwell_s=round(record.dwell_s, 2),
        )


class Answer(Model):
    """What one model says of one face or person. `percent` is its confidence as it is shown, 50 to 100."""

    model: str
    appears: Appears
    percent: int
    female: float | None = Field(
        default=None, description="calibrated probability of appearing female, for a single picture"
    )
    age_band: AgeBand | None = None
    age_years: float | None = None
    is_child: bool = False


class Face(Model):
    """A face in a picture. `box` is x1, y1, x2, y2 in pixels from the upper left, `score` the detector's, 0 to 1."""

    number: int
    box: tuple[float, float, float, float]
    score: float
    answers: list[Answer]


class PictureAnswer(Model):
    """The faces of one picture, from left to right, or the sentence that says why it could not be read."""

    name: str
    width: int = 0
    height: int = 0
    faces: list[Face] = []
    omissions: list[str] = Field(default=[], description="why nobody could be seen in it")
    error: str = ""


class Prediction(Model):
    """The answer to pictures, in their order."""

    models: list[str]
    pictures: list[PictureAnswer]


class SessionFigures(Model):
    """One kept count. `closed` is null while it goes on."""

    id: str
    name: str
    place: str
    note: str
    opened: datetime
    closed: datetime | None
    totals: Totals
    doors: list[str]
    is_current: bool = Field(description="false where the figures are up to a minute old")


class SessionPage(Model):
    """Counts, the newest first. `next` is the cursor of the page behind this one, null at the end."""

    sessions: list[SessionFigures]
    next: str | None = None


class Interval(Totals):
    """What was counted in [start, end). `watched_s` is how long a door was watched: 0 makes the zeros say nothing."""

    start: datetime
    end: datetime
    into: int = 0
    out: int = 0
    watched_s: float = 0.0


class TotalsAnswer(Model):
    """The totals of a count in steps of the resolution, on the clock of this computer."""

    session: str
    resolution: Literal["total", "minute", "quarter", "hour", "day"]
    time_zone: str
    totals: Totals
    automatic: Totals = Field(description="what the program says without an operator's corrections")
    ages: dict[str, Totals]
    places: list[PlaceCounts]
    intervals: list[Interval]


class PeoplePage(Model):
    """People in the order in which they were counted. `next` is the cursor of the next page, null at the end."""

    people: list[PersonFigures]
    next: str | None = None


class CorrectionRequest(Model):
    """What an operator decides. `person` is a person's id; "added" needs none.

    `what` "gender" takes how they appear as `new`, "age_band" a band, "removed" and "staff" "yes" or "no", "merged" the
    id of the person they are the same as, "split" nothing, "added" how the one who was missed appears.
    """

    what: Literal["gender", "age_band", "removed", "staff", "merged", "split", "added"]
    person: str = Field(default="", max_length=100)
    new: str = Field(default="", max_length=100)
    note: str = Field(default="", max_length=500)

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"what": "gender", "person": "6f1c0a2b9d3e.4", "new": "female", "note": "seen"}]
        },
    )


class Correction(Model):
    """A decision of an operator that holds. Nothing is overwritten: taking one back is a further entry of the log."""

    id: str
    time: datetime
    what: str
    person: str = ""
    new: str = ""
    operator: str = ""
    note: str = ""


class CorrectionAnswer(Model):
    """The correction just written, and the totals that it gives."""

    correction: Correction
    totals: Totals


class RecountRequest(Model):
    """Count the file of a kept count again, with another model; `keep` puts the result beside it as a count."""

    session: str = Field(max_length=100)
    model: str = Field(default="", max_length=100, description="empty for the one that is usual")
    keep: bool = False

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"session": "0f3b6c...", "model": "headcount_fast", "keep": False}]},
    )


class RecountSide(Model):
    """What the program says of one person in one of two counts."""

    id: str
    number: int
    appears: Appears
    age_band: AgeBand | None


class RecountPerson(Model):
    """One person in a kept count (`before`) and in its recount (`now`); null where a count does not have them.

    `second` is when they were counted, on the clock of the file. `corrected_to` says what an operator made of them
    before.
    """

    second: float
    change: RecountChange
    before: RecountSide | None
    now: RecountSide | None
    corrected_to: str = ""

    @classmethod
    def of(cls, pair: Pair) -> RecountPerson:
        before, now = (
            None
            if person is None
            else RecountSide(
                id=person.ref,
                number=person.number,
                appears=person.auto_gender.value,
                age_band=person.auto_age_band,  # type: ignore[arg-type]  # one of AGE_BANDS
            )
            for person in (pair.before, pair.now)
        )
        return cls(
            second=round(pair.counted_s, 2),
            change=CHANGES[pair.change],
            before=before,
            now=now,
            corrected_to=pair.corrected_to,
        )


class RecountPage(Model):
    """People of a recount in the order of the file. `next` is the cursor of the next page, null at the end."""

    people: list[RecountPerson]
    next: str | None = None


class ItemFigures(Model):
    """One picture or video of a job. `sentence` says what is wrong with a failed one and what to do."""

    number: int
    name: str
    kind: Literal["picture", "video", "address", "recount"]
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    progress: float | None = Field(default=None, description="0 to 1, null while it cannot be told")
    people: int = 0
    sentence: str = ""
    seconds: float | None = Field(default=None, description="how much of a video was looked at")
    omissions: list[str] = Field(default=[], description="what of it was not seen")
    totals: Totals | None = None
    before: Totals | None = Field(default=None, description="for a recount, the totals that are kept")
    changes: dict[RecountChange, int] | None = Field(
        default=None, description="for a recount, how many people changed in which way; `links` leads to them"
    )
    by_model: dict[str, Totals] | None = None
    disagreements: int = 0
    width: int | None = None
    height: int | None = None
    faces: list[Face] | None = None
    links: dict[str, str] = Field(default={}, description="the annotated picture, the report and the charts")


class JobFigures(Model):
    """What was sent at once. It is forgotten some minutes after its end."""

    id: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    progress: float
    models: list[str]
    items: list[ItemFigures]


class ModelFigures(Model):
    """A model that can be chosen."""

    key: str
    name: str
    summary: str = ""
    is_own: bool = Field(description="whether somebody added it to this computer")


class ProblemDetails(BaseModel):
    """RFC 9457. `title` says what is wrong in one sentence, `detail` what to do about it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
    instance: str = ""
