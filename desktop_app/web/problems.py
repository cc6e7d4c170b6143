"""Errors as RFC 9457 problem details for programs, and as a page with the same sentence for people."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from desktop_app.errors import HeadcountError, ModelError, SettingsError, SourceError, StoreError
from desktop_app.reports.recount import CannotRecountError
from desktop_app.session.session import CorrectionError
from desktop_app.web.upload_folder import is_full

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
_STATUS = {
    ModelError: 422,
    SettingsError: 422,
    SourceError: 422,
    CannotRecountError: 409,
    CorrectionError: 409,
    StoreError: 503,
}


class Problem(HTTPException):
    """An answer that says what is wrong: `title` in one sentence, `remedy` what to do. `extra` are further members.

    A kind of `HTTPException`, because FastAPI hides every other exception that comes up while a body is read.
    """

    def __init__(
        self, status: int, title: str, remedy: str = "", *, headers: dict[str, str] | None = None, **extra: Any
    ) -> None:
        super().__init__(status, title, headers)
        self.status, self.title, self.remedy, self.extra = int(status), title, remedy, extra


def is_for_program(request: Request) -> bool:
    """Whether an answer goes to a program, which gets JSON, and not to somebody in front of a browser.

    A browser asks for a page by name, also where a link leads to a file of the API.
    """
    is_api = request.url.path.startswith("/api/")
    return "text/html" not in request.headers.get("accept", "" if is_api else "text/html")


def answer(request: Request, problem: Problem) -> Response:
    """Return a problem as JSON or as a page; who is not signed in is led to the page where that is done."""
    if is_for_program(request):
        values = {
            "type": "about:blank",
            "title": problem.title,
            "status": problem.status,
            "detail": problem.remedy,
            "instance": request.url.path,
            **problem.extra,
        }
        return JSONResponse(values, problem.status, dict(problem.headers or {}), MEDIA_TYPE)
    if problem.status == HTTPStatus.UNAUTHORIZED and request.method == "GET":
        return RedirectResponse(f"/login?{urlencode({'next': request.url.path})}", 303)
    templates = request.app.state.context.templates
    page: Response = templates.TemplateResponse(
        request, "error.html", {"problem": problem}, problem.status, problem.headers
    )
    return page


def of_headcount(error: HeadcountError) -> Problem:
    """Return what the user can put right as a problem."""
    status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), 400)
    return Problem(status, error.message, error.remedy)


def install(app: FastAPI) -> None:
    """Let every error of the application leave it as a problem."""

    async def on_problem(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return answer(request, error)

    async def on_headcount(request: Request, error: Exception) -> Response:
        assert isinstance(error, HeadcountError)
        return answer(request, of_headcount(error))

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        words = {
            400: "The request was not understood.",
            404: "There is nothing at this address.",
            405: "This address does not take such requests.",
        }
        title = words.get(error.status_code) or HTTPStatus(error.status_code).phrase
        return answer(request, Problem(error.status_code, title, headers=dict(error.headers or {})))

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = [{"where": ".".join(map(str, e["loc"])), "what": str(e["msg"])} for e in error.errors()]
        words = "; ".join(f"{e['where']}: {e['what']}" for e in found)
        return answer(request, Problem(422, "The request was not understood.", words, errors=found))

    async def on_bug(request: Request, error: Exception) -> Response:
        # Starlette logs it once more with its traceback.
        return answer(
            request,
            Problem(500, "The program made a mistake of its own.", "Its log says where. What was counted is kept."),
        )

    async def on_disk(request: Request, error: Exception) -> Response:
        assert isinstance(error, OSError)
        if not is_full(error):
            raise error
        return answer(request, Problem(507, "There is no room for this on the server's disk.", "Try again later."))

    async def on_gone(request: Request, error: Exception) -> Response:
        # Whoever sent this has left before its end, as with the button that stops an upload: nobody reads the answer.
        return Response(status_code=400)

    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(ClientDisconnect, on_gone)
    app.add_exception_handler(OSError, on_disk)
    app.add_exception_handler(HeadcountError, on_headcount)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(500, on_bug)
