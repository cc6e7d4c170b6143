"""The pages for people: the upload form and its answers, the live count, the wall view, and signing in.

They work without a script; with one, they show progress and keep themselves up to date.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response

from desktop_app.domain.events import DoorStarted
from desktop_app.domain.totals import Totals
from desktop_app.reports.charts import growth_chart
from desktop_app.reports.drawing import to_svg
from desktop_app.reports.looks import DARK, LIGHT, Theme
from desktop_app.resources import resource_path
from desktop_app.web import feed, page_words, schemas
from desktop_app.web.access import COOKIE, COOKIE_S, Identity, Role
from desktop_app.web.api import TAKES_LONG, context_of
from desktop_app.web.api_jobs import submit_form, video_result
from desktop_app.web.problems import Problem, is_for_program
from desktop_app.web.security import identity_of, limit_rate, needs

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

COUNTS_A_PAGE = 30
STREAM = "/api/v1/live/events"
SILENT_BEATS = 2.5
"""After so many times the longest silence of the stream, a page takes the connection for lost."""

PageToGo = Annotated[str, Query(max_length=300)]
MaySee = Annotated[Identity, Depends(needs(Role.SEE))]
MayCount = Annotated[Identity, Depends(needs(Role.COUNT))]

_WORDS = {
    name: getattr(page_words, name)
    for name in (
        "appearing_words", "comparison_words", "count_words", "differing", "disagreement_words", "door_words",
        "faces_words", "hour_words", "last_hours", "most_in_an_hour", "now_words", "place_words", "progress_words",
        "since_words", "video_words",
    )
}  # fmt: skip


def page(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """Return a page from a template, with what every page needs."""
    context = context_of(request)
    names = {entry.key: entry.card.name for entry in context.models if entry.card is not None}
    shared = {
        "words": page_words.WORDS,
        "state_words": page_words.STATE_WORDS,
        "keep_minutes": round(context.settings.keep_results_s / 60),
        "model_name": lambda key: names.get(key, key),
        "totals": lambda result: schemas.Totals.of(result.counts),
        **_WORDS,
    }
    answer: Response = context.templates.TemplateResponse(request, template, {**shared, **values}, status)
    answer.headers["cache-control"] = "no-store"
    return answer


# ---- what is sent


@router.get("/")
def upload(request: Request, identity: MaySee) -> Response:
    if identity.role < Role.COUNT:
        return RedirectResponse("/live", 303)
    context = context_of(request)
    settings = context.settings
    return page(
        request,
        "upload.html",
        here="upload",
        cards=[entry.card for entry in context.models],
        chosen=context.default_model,
        most_bytes=settings.most_upload_bytes,
        most_megabytes=round(settings.most_upload_bytes / 1e6),
        most_files=settings.most_files,
        most_minutes=round(settings.most_video_s / 60),
    )


@router.post("/")
async def send(request: Request, who: MayCount) -> Response:
    job = await submit_form(request, None, who)
    address = f"/jobs/{job.id}"
    if is_for_program(request):
        return JSONResponse({"page": address}, 201, {"location": address})
    return RedirectResponse(address, 303)


@router.get("/jobs/{job_id}")
def job_page(request: Request, job_id: str, _: MayCount) -> Response:
    return page(request, "job.html", job=context_of(request).jobs.get(job_id), here="upload")


@router.get("/jobs/{job_id}/state")
def job_state(request: Request, job_id: str, _: MayCount) -> Response:
    job = context_of(request).jobs.get(job_id)
    items = [
        {
            "number": item.number,
            "state": item.state.value,
            "final": item.state.is_final,
            "progress": item.progress,
            "words": page_words.progress_words(item),
        }
        for item in job.items
    ]
    return JSONResponse({"final": job.state.is_final, "items": items}, headers={"cache-control": "no-store"})


@router.post("/jobs/{job_id}/cancel")
def cancel(request: Request, job_id: str, _: MayCount) -> Response:
    context_of(request).jobs.cancel(job_id)
    return RedirectResponse(f"/jobs/{job_id}", 303)


@router.post("/jobs/{job_id}/items/{number}/cancel")
def cancel_item(request: Request, job_id: str, number: int, _: MayCount) -> Response:
    jobs = context_of(request).jobs
    jobs.cancel(jobs.item(job_id, number).job, number)
    return RedirectResponse(f"/jobs/{job_id}#item-{number}", 303)


@router.post("/jobs/{job_id}/forget")
def forget(request: Request, job_id: str, _: MayCount) -> Response:
    context_of(request).jobs.forget(job_id)
    return RedirectResponse("/", 303)


@router.get("/jobs/{job_id}/items/{number}")
def item_part(request: Request, job_id: str, number: int, _: MayCount) -> Response:
    return page(request, "item.html", item=context_of(request).jobs.item(job_id, number))


@router.get("/jobs/{job_id}/items/{number}/growth.svg", dependencies=TAKES_LONG)
def growth(request: Request, job_id: str, number: int, _: MayCount, narrow: bool = False) -> Response:
    """How the count of a video grew; its other charts and its report are those of the API."""
    result = video_result(context_of(request), job_id, number)
    began = min((e.event.began_utc for e in result.entries if isinstance(e.event, DoorStarted)), default=0.0)
    counted = [(p.counted_utc - began, p.gender) for p in Totals(result.entries).people() if p.counts]
    drawing = to_svg(growth_chart(counted, result.seconds, *((300.0, 190.0) if narrow else ())))
    return Response(drawing, media_type="image/svg+xml", headers={"cache-control": "no-store"})


# ---- live


@router.get("/live")
def live(request: Request, _: MaySee) -> Response:
    return _live_page(request, "live.html", here="live")


@router.get("/live/wall")
def wall(request: Request, _: MaySee) -> Response:
    return _live_page(request, "wall.html")


def _live_page(request: Request, template: str, **values: Any) -> Response:
    figures = context_of(request).live.snapshot()
    silence_ms = round(1000 * SILENT_BEATS * feed.HEARTBEAT_S)
    return page(request, template, figures=figures, stream=STREAM, silence_ms=silence_ms, **values)


@router.get("/counts")
def counts(
    request: Request, _: MaySee, page_number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1
) -> Response:
    """The kept counts, newest first, with the report of each as a file."""
    found = context_of(request).counts.sessions()
    start = (page_number - 1) * COUNTS_A_PAGE
    return page(
        request,
        "counts.html",
        here="counts",
        counts=found[start : start + COUNTS_A_PAGE],
        newer=page_number - 1,
        older=page_number + 1 if len(found) > start + COUNTS_A_PAGE else 0,
    )


# ---- signing in


@router.get("/login", name="login")
def login_form(request: Request, next: PageToGo = "/") -> Response:
    if identity_of(request) is not None:
        return RedirectResponse(_own_page(next), 303)
    return page(request, "login.html", next=_own_page(next))


@router.post("/login")
def login(
    request: Request, token: Annotated[str, Form(max_length=300)] = "", next: Annotated[str, Form(max_length=300)] = "/"
) -> Response:
    """Exchange a token for a cookie, which scripts cannot read and other sites' forms do not send."""
    context = context_of(request)
    limit_rate(context.logins, request)
    cookie = context.access.cookie_for(token)
    if cookie is None:
        wrong = "This token is not one of this server’s. Copy it whole, with everything that was shown."
        return page(request, "login.html", 401, next=_own_page(next), wrong=wrong)
    return _signed_in(request, cookie, _own_page(next))


@router.get("/enter", name="enter")
def enter(request: Request, token: Annotated[str, Query(max_length=300)] = "", next: PageToGo = "/live") -> Response:
    """What a QR code leads to: signs in, and goes on without the token in the address."""
    context = context_of(request)
    limit_rate(context.logins, request)
    cookie = context.access.cookie_for(token)
    if cookie is None:
        return page(
            request, "error.html", 401, problem=Problem(401, "This address is no longer valid.", "Ask for a new one.")
        )
    return _signed_in(request, cookie, _own_page(next))


@router.post("/logout", name="logout")
def logout() -> Response:
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
    return answer


def _signed_in(request: Request, cookie: str, path: str) -> Response:
    answer = RedirectResponse(path, 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, cookie, max_age=COOKIE_S, httponly=True, samesite="lax", secure=secure, path="/")
    return answer


def _own_page(address: str) -> str:
    """Return a path of this server: an address from a link must not lead anybody elsewhere."""
    # Browsers leave tabs and line breaks out of an address before they look at it.
    is_own = re.match(r"/(?![/\\])", address) is not None and "\\" not in address and address.isprintable()
    return urlsplit(address).path if is_own else "/"


# ---- what the pages look like


@router.get("/static/colours.css")
def colours() -> Response:
    """Return the window's palettes as variables of CSS: the light one, and the dark one for who prefers it."""
    css = f":root{{color-scheme:light dark;{_variables(LIGHT)}}}\n"
    css += f"@media (prefers-color-scheme: dark){{:root{{{_variables(DARK)}}}}}\n"
    return Response(css, media_type="text/css", headers={"cache-control": "max-age=3600"})


@router.get("/static/headcount.svg")
def icon() -> Response:
    return FileResponse(resource_path("icons", "headcount.svg"), media_type="image/svg+xml")


def _variables(theme: Theme) -> str:
    return "".join(
        f"--{field.name.replace('_', '-')}:{getattr(theme, field.name)};"
        for field in fields(theme)
        if field.name != "name"
    )
