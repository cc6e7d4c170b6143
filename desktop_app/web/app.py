"""Puts the pages, the API and what guards them together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles

from desktop_app import __version__
from desktop_app.web import api, api_docs, api_jobs, api_predict, pages, problems, schemas
from desktop_app.web.access import Role
from desktop_app.web.context import FOLDER, WebContext
from desktop_app.web.head_requests import HeadRequests
from desktop_app.web.metrics import CONTENT_TYPE, CountedRequests
from desktop_app.web.security import BoundedBodies, KnownHosts, SameOrigin, SecurityHeaders, identity_of

UPLOAD_PATHS = ("/", "/api/v1/jobs", "/api/v1/predict")
"""Where files are sent: these count the bytes of a body themselves, up to the limit for uploads."""

DESCRIPTION = (
    "Counts people by apparent gender and age. Figures say how people *appear*; nobody is named, no picture is kept. "
    "Errors are problem details (RFC 9457)."
)


health = APIRouter(tags=["health"])


def create_app(context: WebContext) -> FastAPI:
    """Return the application over a context. It ends the context's children when it is shut down."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        looking = asyncio.create_task(context.live.run())
        try:
            yield
        finally:
            context.live.end()
            await looking
            await asyncio.to_thread(context.close)

    app = FastAPI(
        title="Headcount",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # these pages load their scripts from elsewhere
        redoc_url=None,
        openapi_url=None,
    )
    app.state.context = context
    problems.install(app)
    app.include_router(health)
    app.include_router(api.router)
    app.include_router(api_predict.router)
    app.include_router(api_jobs.router)
    app.include_router(api_docs.router)
    app.include_router(pages.router)
    app.mount("/static", StaticFiles(directory=FOLDER / "static"), name="static")
    settings, access = context.settings, context.access
    # The last one added is the first that a request meets.
    app.add_middleware(BoundedBodies, most_upload_bytes=settings.most_upload_bytes, upload_paths=UPLOAD_PATHS)
    app.add_middleware(SameOrigin)
    app.add_middleware(KnownHosts, names=None if access.open_to is None else (settings.host, *settings.host_names))
    app.add_middleware(SecurityHeaders, secure=settings.tls_cert is not None)
    app.add_middleware(HeadRequests)
    app.add_middleware(CountedRequests, metrics=context.metrics)
    return app


@health.get("/livez", response_class=PlainTextResponse, summary="Whether the server runs")
async def livez() -> str:
    return "ok\n"


@health.get(
    "/readyz",
    response_class=PlainTextResponse,
    summary="Whether it can take requests now",
    responses={503: {"description": "Too much is waiting, or there is no room for an upload"}},
)
def readyz(request: Request) -> Response:
    context: WebContext = request.app.state.context
    if context.jobs.waiting >= context.settings.most_waiting:
        return PlainTextResponse("too much is waiting\n", 503)
    if not context.jobs.has_room:
        return PlainTextResponse("there is no room for an upload\n", 503)
    return PlainTextResponse("ok\n")


@health.get(
    "/metrics",
    response_class=PlainTextResponse,
    summary="Figures for Prometheus",
    responses={401: {"model": schemas.ProblemDetails, "description": "A token is needed"}},
)
async def metrics(request: Request) -> Response:
    identity = identity_of(request)
    if identity is None or identity.role < Role.SEE:
        raise problems.Problem(401, "A token is needed.", headers={"www-authenticate": "Bearer"})
    context: WebContext = request.app.state.context
    text = context.metrics.text(viewers=context.live.viewers, waiting=context.jobs.waiting)
    return Response(text, media_type=CONTENT_TYPE)
