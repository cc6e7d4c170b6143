"""The API over pictures and videos that somebody sends: jobs and recounts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from desktop_app.domain.totals import Totals
from desktop_app.errors import SourceError
from desktop_app.reports.recount import check_source, what_was_counted
from desktop_app.sources import net
from desktop_app.vision.attributes.trial import ensure_tried
from desktop_app.web import schemas
from desktop_app.web.access import Identity, Role
from desktop_app.web.api import (
    PROBLEMS,
    TAKES_LONG,
    Cursor,
    IdempotencyKey,
    Limit,
    context_of,
    fingerprint,
    packed,
    unpacked,
)
from desktop_app.web.context import WebContext
from desktop_app.web.counts import report_of
from desktop_app.web.feed import event
from desktop_app.web.job import Before, Job, JobItem
from desktop_app.web.kinds import ItemKind, safe_name
from desktop_app.web.problems import Problem
from desktop_app.web.report_answers import (
    REPORT_FILES,
    SVG_FILES,
    ChartName,
    ReportForm,
    chart_answer,
    report_answer,
)
from desktop_app.web.results import PictureResult, VideoResult
from desktop_app.web.security import limit_rate, needs
from desktop_app.web.uploads import ReceivedForm, receive_form

MORE_PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": schemas.ProblemDetails, "description": words}
    for status, words in (
        (400, "A damaged form"),
        (410, "Sent before with this Idempotency-Key, and forgotten since"),
        (413, "Too large or too many"),
        (415, "Not a form"),
        (429, "Too many requests"),
        (507, "No room on the server's disk"),
        (503, "Too much is waiting"),
    )
}
router = APIRouter(prefix="/api/v1", responses=PROBLEMS | MORE_PROBLEMS)

MOST_MODELS = 2
MOST_ADDRESSES = 10
Count = Annotated[Identity, Depends(needs(Role.COUNT))]
JobId = Annotated[str, Path(max_length=64)]
Number = Annotated[int, Path(ge=0, le=1000)]

_FORM = {
    "type": "object",
    "properties": {
        "files": {"type": "array", "items": {"type": "string", "format": "binary"}},
        "address": {"type": "array", "items": {"type": "string", "format": "uri"}},
        "models": {"type": "array", "items": {"type": "string"}, "maxItems": MOST_MODELS},
    },
}


@router.post(
    "/jobs",
    tags=["pictures and videos"],
    status_code=202,
    summary="Have pictures and videos counted",
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
)
async def post_job(
    request: Request, response: Response, who: Count, idempotency_key: IdempotencyKey = None
) -> schemas.JobFigures:
    """Answers at once with the job's address; ask there for its progress and its result, or follow its `events`."""
    context = context_of(request)
    job = await submit_form(request, idempotency_key, who)
    response.headers["location"] = f"/api/v1/jobs/{job.id}"
    return job_figures(job, context)


@router.get("/jobs/{job}", tags=["pictures and videos"], summary="How far a job has come, and what came of it")
async def get_job(request: Request, _: Count, job: JobId) -> schemas.JobFigures:
    context = context_of(request)
    return job_figures(context.jobs.get(job), context)


@router.get(
    "/jobs/{job}/events",
    tags=["pictures and videos"],
    summary="Its progress (server-sent events)",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"example": 'event: job\ndata: {"state": "running"}\n\n'}}}},
)
async def job_events(request: Request, _: Count, job: JobId) -> Response:
    """`job` events with the job, a few a second while something changes; the stream ends with the job."""
    context = context_of(request)
    context.jobs.get(job)
    return StreamingResponse(
        _job_events(context, job), media_type="text/event-stream", headers={"x-accel-buffering": "no"}
    )


@router.delete("/jobs/{job}", tags=["pictures and videos"], status_code=204, summary="Cancel a job and forget it")
async def delete_job(request: Request, _: Count, job: JobId) -> None:
    await run_in_threadpool(context_of(request).jobs.forget, job)


@router.delete(
    "/jobs/{job}/items/{number}", tags=["pictures and videos"], status_code=204, summary="Cancel one item of a job"
)
async def delete_item(request: Request, _: Count, job: JobId, number: Number) -> None:
    context = context_of(request)
    context.jobs.item(job, number)
    await run_in_threadpool(context.jobs.cancel, job, number)


@router.get(
    "/jobs/{job}/items/{number}/picture.jpg",
    tags=["pictures and videos"],
    summary="A picture with its boxes and labels",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
)
async def item_picture(request: Request, _: Count, job: JobId, number: Number) -> Response:
    result = context_of(request).jobs.item(job, number).result
    if not isinstance(result, PictureResult):
        raise Problem(404, "There is no picture here.", "It may not be done yet, or it is a video.")
    return Response(result.annotated_jpeg, media_type="image/jpeg")


@router.get(
    "/jobs/{job}/items/{number}/report.{form}",
    tags=["pictures and videos"],
    dependencies=TAKES_LONG,
    summary="The report of a video",
    response_class=Response,
    responses=REPORT_FILES,
)
def item_report(request: Request, _: Count, job: JobId, number: Number, form: ReportForm) -> Response:
    result = video_result(context_of(request), job, number)
    return report_answer(report_of(result.session, result.entries, 1), Totals(result.entries).people(), form)


@router.get(
    "/jobs/{job}/items/{number}/{name}.svg",
    tags=["pictures and videos"],
    dependencies=TAKES_LONG,
    summary="A chart of a video",
    response_class=Response,
    responses=SVG_FILES,
)
def item_chart(request: Request, _: Count, job: JobId, number: Number, name: ChartName) -> Response:
    result = video_result(context_of(request), job, number)
    return chart_answer(report_of(result.session, result.entries, 1), name)


@router.post(
    "/recounts",
    tags=["recounts"],
    dependencies=TAKES_LONG,
    status_code=202,
    summary="Count a kept count's file again",
)
def post_recount(
    request: Request,
    response: Response,
    who: Count,
    wanted: schemas.RecountRequest,
    idempotency_key: IdempotencyKey = None,
) -> schemas.JobFigures:
    """Only for a count of one file that is still where it was. The answer is a job; its address is in `Location`."""
    context = context_of(request)

    def work() -> str:
        names = chosen_models(context, [wanted.model] if wanted.model else [])
        started, people = what_was_counted(context.counts.entries(wanted.session))
        check_source(started.source, started)
        keep = partial(_keep, context) if wanted.keep else None
        item = (ItemKind.RECOUNT, FilePath(started.source).name, started.source)
        began_utc = started.began_utc if started.clock != "opened" else None
        before = Before(context.counts.totals(wanted.session).counts(), tuple(people), began_utc)
        return context.jobs.submit([item], names, on_done=keep, before=before).id

    job_id = context.keys.once(idempotency_key, f"{who.role.word}/{who.name}", fingerprint(request, wanted), work)
    response.headers["location"] = f"/api/v1/recounts/{job_id}"
    return job_figures(_answered(context, str(job_id), idempotency_key), context)


@router.get("/recounts/{job}", tags=["recounts"], summary="How far a recount has come, and what came of it")
async def get_recount(request: Request, _: Count, job: JobId) -> schemas.JobFigures:
    context = context_of(request)
    return job_figures(context.jobs.get(job), context)


@router.get("/recounts/{job}/people", tags=["recounts"], summary="What a recount changed, person by person")
def get_recount_people(
    request: Request,
    _: Count,
    job: JobId,
    everybody: Annotated[bool, Query(description="also those of whom nothing changed")] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> schemas.RecountPage:
    """People of both counts in the order of the file, paired by when they were in view; whoever was added by hand is
    left out. The program's own labels are compared; `corrected_to` says what an operator made of theirs.
    """
    found = context_of(request).jobs.item(job, 0).comparison
    if found is None:
        raise Problem(404, "There is no comparison here.", "The recount may not be done yet, or it is another job.")
    pairs = [pair for pair in found.pairs if everybody or pair.change]
    start = 0
    if cursor is not None:
        start = max(0, *unpacked(cursor, int))
    page = pairs[start : start + limit]
    more = start + limit < len(pairs)
    return schemas.RecountPage(
        people=[schemas.RecountPerson.of(pair) for pair in page], next=packed(start + limit) if more else None
    )


# ---- also for the pages


async def submit_form(request: Request, idempotency_key: str | None, who: Identity) -> Job:
    """Take the form of a request as a job: files under any name, `address` of pictures and videos, `models` to ask.

    Raises Problem where the form is damaged or too large, and where nothing was sent.
    """
    context = context_of(request)
    limit_rate(context.uploads, request)
    settings = context.settings
    folder = await run_in_threadpool(context.jobs.new_folder)
    is_taken = False
    try:
        form = await receive_form(
            request, folder=folder, most_bytes=settings.most_upload_bytes, most_files=settings.most_files
        )
        names = await run_in_threadpool(chosen_models, context, form.values("models"))
        items = _items_of(form)
        if not items:
            raise Problem(422, "Nothing was sent.", "Choose a picture or a video, or give the address of one.")

        def work() -> str:
            nonlocal is_taken
            is_taken = True
            return context.jobs.submit(items, names, folder).id

        person = f"{who.role.word}/{who.name}/jobs"
        job_id = await run_in_threadpool(context.keys.once, idempotency_key, person, form.digest, work)
    finally:
        if not is_taken:
            await run_in_threadpool(context.jobs.drop_folder, folder)
    return _answered(context, str(job_id), idempotency_key)


def _answered(context: WebContext, job_id: str, idempotency_key: str | None) -> Job:
    """Return the job that answers a request. Raises Problem 410 where its key is remembered and its result is not."""
    try:
        return context.jobs.get(job_id)
    except Problem as problem:
        if idempotency_key is None:
            raise
        remedy = "Send it again with a new Idempotency-Key to have it counted again."
        raise Problem(410, "What came of this request is no longer here.", remedy) from problem


def _items_of(form: ReceivedForm) -> list[tuple[ItemKind, str, str]]:
    items = [(f.kind, f.name, str(f.path)) for f in form.files if f.path is not None]
    addresses = [line for text in form.values("address") for line in text.split()]
    if len(addresses) > MOST_ADDRESSES:
        raise Problem(413, "Too many addresses at once.", f"Give at most {MOST_ADDRESSES}.")
    return items + [(ItemKind.ADDRESS, net.hide_password(url), url) for url in map(checked_address, addresses)]


def checked_address(text: str) -> str:
    """Return the address of a picture or a video, complete. Raises SourceError for anything but http and https."""
    url = text if "://" in text else f"https://{text}"
    if url.partition("://")[0].lower() not in ("http", "https"):
        raise SourceError(f"“{net.hide_password(text)}” is not an address on the web.", "Use https://.")
    return net.tidy_url(url)


def chosen_models(context: WebContext, wanted: list[str]) -> list[str]:
    """Return the keys of the models to ask, the usual one for none. Raises Problem 422 for one that there is not."""
    names = list(dict.fromkeys(name for name in wanted if name)) or [context.default_model]
    known = [entry.key for entry in context.models]
    for name in names:
        if name not in known:
            raise Problem(422, f"There is no model “{safe_name(name)}”.", f"Choose one of: {', '.join(known)}.")
    if len(names) > MOST_MODELS:
        raise Problem(422, "Too many models.", f"Choose up to {MOST_MODELS}.")
    for entry in context.models:
        if entry.own and entry.key in names:
            ensure_tried(entry.folder)  # here, where its fault is told as its own and not as the picture's
    return names


def video_result(context: WebContext, job: str, number: int) -> VideoResult:
    """Return the result of a video. Raises Problem 404 where there is none."""
    result = context.jobs.item(job, number).result
    if not isinstance(result, VideoResult):
        raise Problem(404, "There is no report here.", "It may not be done yet, or it is a picture.")
    return result


def job_figures(job: Job, context: WebContext) -> schemas.JobFigures:
    """Return a job as the API shows it."""
    return schemas.JobFigures(
        id=job.id,
        state=job.state.value,
        progress=round(job.progress, 3),
        models=list(job.models),
        items=[_item_figures(job, item) for item in job.items],
    )


def _item_figures(job: Job, item: JobItem) -> schemas.ItemFigures:
    figures = schemas.ItemFigures(
        number=item.number,
        name=item.name,
        kind=item.kind.value,
        state=item.state.value,
        progress=item.progress,
        people=item.people,
        sentence=item.sentence,
    )
    base = f"/api/v1/jobs/{job.id}/items/{item.number}"
    result = item.result
    if isinstance(result, PictureResult):
        figures.width, figures.height, figures.faces = result.width, result.height, list(result.faces)
        figures.people, figures.omissions = len(result.faces), list(result.omissions)
        figures.links = {"picture": f"{base}/picture.jpg"}
    elif isinstance(result, VideoResult):
        figures.seconds, figures.omissions = round(result.seconds, 2), list(result.omissions)
        figures.totals, figures.people = schemas.Totals.of(result.counts), result.counts.people
        figures.disagreements = result.disagreements
        figures.before = None if item.before is None else schemas.Totals.of(item.before.counts)
        if result.by_model is not None:
            figures.by_model = {name: schemas.Totals.of(counts) for name, counts in result.by_model.items()}
        charts = {name: f"{base}/{name}.svg" for name in ("arrivals", "ages")}
        figures.links = {"report": f"{base}/report.pdf", "table": f"{base}/report.xlsx", **charts}
        if (recount := item.comparison) is not None:
            figures.changes = {words: recount.number(change) for change, words in schemas.CHANGES.items()}
            figures.links["people"] = f"/api/v1/recounts/{job.id}/people"
    return figures


async def _job_events(context: WebContext, job_id: str) -> AsyncIterator[bytes]:
    """Yield a job as it changes; looking a few times a second costs less than waking for every frame."""
    told = -1
    silent_s = 0.0
    while True:
        try:
            job = context.jobs.get(job_id)
        except Problem:
            return
        version, is_over = job.version, job.state.is_final
        if version != told:
            told, silent_s = version, 0.0
            yield event("job", job_figures(job, context).model_dump_json())
        elif silent_s >= 15.0:
            silent_s = 0.0
            yield b": still here\n\n"
        if is_over or context.live.is_ending:
            return
        await asyncio.sleep(0.25)
        silent_s += 0.25


def _keep(context: WebContext, item: JobItem) -> None:
    assert isinstance(item.result, VideoResult)
    context.counts.keep_recount(item.result)
