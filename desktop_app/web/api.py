"""The API over counts: sessions, totals, people, reports, corrections and the live stream."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import Response, StreamingResponse

from desktop_app.domain.event_codec import kind_of, to_plain
from desktop_app.domain.events import Entry
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import AGE_BANDS, Gender
from desktop_app.store.session_list import SessionInfo
from desktop_app.web import schemas
from desktop_app.web.access import Identity, Role
from desktop_app.web.context import WebContext
from desktop_app.web.counts import CORRECTIONS
from desktop_app.web.live import places_of
from desktop_app.web.problems import Problem
from desktop_app.web.report_answers import (
    REPORT_FILES,
    SVG_FILES,
    ChartName,
    ReportForm,
    chart_answer,
    report_answer,
)
from desktop_app.web.security import client_of, identity_of, needs

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": schemas.ProblemDetails, "description": words}
    for status, words in (
        (401, "A token is needed"),
        (403, "The token's role does not allow it"),
        (404, "Not there"),
        (429, "Too many requests"),
        (503, "Too much at once"),
    )
}
router = APIRouter(prefix="/api/v1", responses=PROBLEMS)

MINUTES = {"minute": 1, "quarter": 15, "hour": 60, "day": 1440, "total": 1440}
Resolution = Literal["total", "minute", "quarter", "hour", "day"]
SessionId = Annotated[str, Path(max_length=100, description="the id of a count, as the list has it")]
Cursor = Annotated[str | None, Query(max_length=300, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=1000)]
Minutes = Annotated[
    int | None,
    Query(ge=1, le=1440, description="length of the intervals; 15 if not given, more for a count of many months"),
]
IdempotencyKey = Annotated[
    str | None,
    Header(max_length=200, description="chosen by the sender: a request sent again with it is done once"),
]
See = Annotated[Identity, Depends(needs(Role.SEE))]
Correct = Annotated[Identity, Depends(needs(Role.CORRECT))]


def context_of(request: Request) -> WebContext:
    """Return the parts of the server that a request came to."""
    found: WebContext = request.app.state.context
    return found


async def in_turn(request: Request, _: See) -> AsyncIterator[None]:
    """Wait until it is this request's turn at what takes long."""
    async with context_of(request).turns.turn(client_of(request)):
        yield


TAKES_LONG = [Depends(in_turn, scope="function")]
"""For what reads a whole count. A turn ends with the work, before the answer is sent: its reader may be slow."""


# ---- live


@router.get("/live", tags=["live"], summary="The count as it stands")
async def live(request: Request, _: See) -> schemas.LiveFigures:
    """The figures of now: totals, ages, doors, places, and the people of each hour."""
    return context_of(request).live.snapshot()


@router.get(
    "/live/events",
    tags=["live"],
    summary="The count as it changes (server-sent events)",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"example": 'id: 17\nevent: totals\ndata: {"id": 17}\n\n'}}}},
)
async def live_events(
    request: Request,
    _: See,
    entries: Annotated[bool, Query(description="send each entry of the log, too")] = False,
    last_event_id: Annotated[int | None, Header(ge=0, description="what a browser sends when it comes back")] = None,
) -> Response:
    """`totals` events with the figures of `/live`, at most two a second; `entry` events with single entries of the log.

    `alive` comes every 15 seconds without news. `missed` says that entries were left out for a slow reader, `bye` that
    the server ends.
    """
    context = context_of(request)
    if context.live.viewers >= context.settings.most_viewers:
        raise Problem(503, "Too many are watching.", "Try again in a minute.", headers={"retry-after": "60"})
    if entries and not context.live.has_entries:
        raise Problem(409, "Single entries are not at hand here.", "Ask for the figures; another program counts.")
    stream = context.live.events(last_event_id, entries=entries, is_allowed=lambda: identity_of(request) is not None)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


# ---- kept counts


@router.get("/sessions", tags=["sessions"], summary="The kept counts, newest first")
def sessions(request: Request, _: See, cursor: Cursor = None, limit: Limit = 50) -> schemas.SessionPage:
    found = context_of(request).counts.sessions()
    start = 0
    if cursor is not None:
        (last,) = unpacked(cursor, str)
        start = next((n + 1 for n, info in enumerate(found) if info.id == last), len(found))
    page = found[start : start + limit]
    more = start + limit < len(found)
    return schemas.SessionPage(
        sessions=[_session(info) for info in page], next=packed(page[-1].id) if more and page else None
    )


@router.get("/sessions/{session}", tags=["sessions"], summary="One kept count")
def session_(request: Request, _: See, session: SessionId) -> schemas.SessionFigures:
    return _session(context_of(request).counts.info(session))


@router.get("/sessions/{session}/totals", tags=["sessions"], dependencies=TAKES_LONG, summary="Its totals by the clock")
def totals(request: Request, _: See, session: SessionId, resolution: Resolution = "hour") -> schemas.TotalsAnswer:
    """Intervals in which nobody watched have `watched_s` 0: their zeros do not say that nobody came."""
    report = context_of(request).counts.report(session, MINUTES[resolution])
    zone = report.options.zone

    def moment(utc: float) -> datetime:
        return datetime.fromtimestamp(utc, zone)

    return schemas.TotalsAnswer(
        session=session,
        resolution=resolution,
        time_zone=str(zone),
        totals=schemas.Totals.of(report.counts),
        automatic=schemas.Totals.of(report.automatic),
        ages={
            row.band: schemas.Totals(people=row.people, female=row.female, male=row.male, undecided=row.undecided)
            for row in report.pyramid
        },
        places=places_of(
            {(row.door, row.name): row.figures for row in report.places}, {d.id: d.name for d in report.doors}
        ),
        intervals=[]
        if resolution == "total"
        else [
            schemas.Interval(
                start=moment(i.start_utc),
                end=moment(i.end_utc),
                people=i.people,
                female=i.female,
                male=i.male,
                undecided=i.undecided,
                into=i.into,
                out=i.out,
                watched_s=round(i.watched_s, 1),
            )
            for i in report.intervals
        ],
    )


@router.get(
    "/sessions/{session}/people", tags=["sessions"], dependencies=TAKES_LONG, summary="Its people, page by page"
)
def people(
    request: Request, _: See, session: SessionId, cursor: Cursor = None, limit: Limit = 100
) -> schemas.PeoplePage:
    """One entry a counted person, those included whom an operator took out (`counts` is then false)."""
    found = context_of(request).counts.people(session)
    if cursor is not None:
        after = tuple(unpacked(cursor, float, int, str))
        found = [p for p in found if _order(p) > after]
    page = found[:limit]
    more = len(found) > limit
    return schemas.PeoplePage(
        people=[schemas.PersonFigures.of(p) for p in page], next=packed(*_order(page[-1])) if more else None
    )


@router.get(
    "/sessions/{session}/report.{form}",
    tags=["sessions"],
    dependencies=TAKES_LONG,
    summary="Its report as a file",
    response_class=Response,
    responses=REPORT_FILES,
)
def report(
    request: Request,
    _: See,
    session: SessionId,
    form: ReportForm,
    minutes: Minutes = None,
) -> Response:
    counts = context_of(request).counts
    return report_answer(counts.report(session, minutes), counts.people(session), form)


@router.get(
    "/sessions/{session}/{name}.svg",
    tags=["sessions"],
    dependencies=TAKES_LONG,
    summary="A chart of it",
    response_class=Response,
    responses=SVG_FILES,
)
def session_chart(
    request: Request,
    _: See,
    session: SessionId,
    name: ChartName,
    minutes: Minutes = None,
) -> Response:
    return chart_answer(context_of(request).counts.report(session, minutes), name)


# ---- corrections


@router.get(
    "/sessions/{session}/corrections",
    tags=["corrections"],
    dependencies=TAKES_LONG,
    summary="The corrections that hold",
)
def corrections(request: Request, _: See, session: SessionId) -> list[schemas.Correction]:
    found = context_of(request).counts.totals(session).corrections()
    return [_correction(e) for e in found if isinstance(e.event, CORRECTIONS)]


@router.post(
    "/sessions/{session}/corrections",
    tags=["corrections"],
    dependencies=TAKES_LONG,
    status_code=201,
    summary="Put something right",
    responses={409: {"model": schemas.ProblemDetails, "description": "It does not fit the count"}},
)
def correct(
    request: Request,
    response: Response,
    who: Correct,
    session: SessionId,
    wanted: schemas.CorrectionRequest,
    idempotency_key: IdempotencyKey = None,
) -> schemas.CorrectionAnswer:
    """Writes a further entry into the log of the count; the program's own answer stays beside it."""
    context = context_of(request)
    _check(wanted)

    def work() -> schemas.CorrectionAnswer:
        operator = who.name or "api"
        entry_id = context.counts.correct(
            session, wanted.what, person=wanted.person, new=wanted.new, operator=operator, note=wanted.note
        )
        totals = context.counts.totals(session)
        entry = next(e for e in totals.corrections() if e.id == entry_id)
        return schemas.CorrectionAnswer(correction=_correction(entry), totals=schemas.Totals.of(totals.counts()))

    made = context.keys.once(idempotency_key, _who(who), fingerprint(request, wanted), work)
    assert isinstance(made, schemas.CorrectionAnswer)
    response.headers["location"] = f"/api/v1/sessions/{session}/corrections/{made.correction.id}"
    return made


@router.delete(
    "/sessions/{session}/corrections/{correction}",
    tags=["corrections"],
    dependencies=TAKES_LONG,
    summary="Take a correction back",
)
def undo(
    request: Request, who: Correct, session: SessionId, correction: Annotated[str, Path(max_length=100)]
) -> schemas.Totals:
    """Returns the totals without it."""
    counts = context_of(request).counts
    counts.undo(session, correction, who.name or "api")
    return schemas.Totals.of(counts.totals(session).counts())


# ---- inside


def fingerprint(request: Request, body: schemas.Model) -> str:
    """Return what tells one request from another, for its idempotency key."""
    text = json.dumps([request.method, request.url.path, body.model_dump(mode="json")], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _who(who: Identity) -> str:
    return f"{who.role.word}/{who.name}"


def _check(wanted: schemas.CorrectionRequest) -> None:
    allowed: Sequence[str] | None = {
        "gender": tuple(Gender),
        "age_band": AGE_BANDS,
        "removed": ("yes", "no"),
        "staff": ("yes", "no"),
        "added": (*Gender, ""),
        "split": ("",),
    }.get(wanted.what)
    if allowed is not None and wanted.new not in allowed:
        words = ", ".join(allowed) or "nothing"
        raise Problem(422, f"{wanted.what} cannot be “{wanted.new}”.", f"It takes {words}.")
    if wanted.what == "added" and wanted.person:
        raise Problem(422, "“added” takes no person.", "Leave the person out.")


def _session(info: SessionInfo) -> schemas.SessionFigures:
    return schemas.SessionFigures(
        id=info.id,
        name=info.name,
        place=info.place,
        note=info.note,
        opened=datetime.fromtimestamp(info.opened_utc).astimezone(),
        closed=None if info.closed_utc is None else datetime.fromtimestamp(info.closed_utc).astimezone(),
        totals=schemas.Totals(people=info.people, female=info.female, male=info.male, undecided=info.undecided),
        doors=list(info.doors),
        is_current=info.is_current,
    )


def _correction(entry: Entry) -> schemas.Correction:
    values = to_plain(entry.event)
    kind = kind_of(entry.event)
    new = str(values.get("new") or values.get("into") or values.get("gender") or "")
    return schemas.Correction(
        id=entry.id,
        time=datetime.fromtimestamp(entry.utc).astimezone(),
        what=str(values["what"]) if kind == "corrected" else kind,
        person=str(values.get("person", "")),
        new=new,
        operator=str(values.get("operator", "")),
        note=str(values.get("note", "")),
    )


def _order(person: PersonRecord) -> tuple[float, int, str]:
    return (float(person.counted_utc), person.number, person.ref)


def packed(*values: object) -> str:
    """Return values as a cursor."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode()


def unpacked(cursor: str, *kinds: type) -> list[Any]:
    """Return the values of a cursor, one of each kind. Raises Problem 422 for one that `packed` never made of such."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        if type(values) is list and [type(value) for value in values] == list(kinds):
            return values
    except (ValueError, RecursionError):
        pass
    raise Problem(422, "This cursor is not one of ours.", "Take `next` of the page before, or none for the first page.")
