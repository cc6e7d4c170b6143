"""The API over single pictures, which are answered at once, and over the models that can be asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool

from desktop_app.web import schemas
from desktop_app.web.access import Identity, Role
from desktop_app.web.api import PROBLEMS, context_of
from desktop_app.web.api_jobs import MORE_PROBLEMS, MOST_MODELS, chosen_models
from desktop_app.web.child_work import MOST_PICTURE_BYTES, NamedPicture
from desktop_app.web.problems import Problem
from desktop_app.web.security import limit_rate, needs
from desktop_app.web.settings import WebSettings
from desktop_app.web.uploads import receive_form

router = APIRouter(prefix="/api/v1", responses=PROBLEMS | MORE_PROBLEMS)

Count = Annotated[Identity, Depends(needs(Role.COUNT))]

_PICTURES = {
    "type": "object",
    "required": ["pictures"],
    "properties": {"pictures": {"type": "array", "items": {"type": "string", "format": "binary"}}},
}


@router.get("/models", tags=["pictures and videos"], summary="The models that can be chosen")
def models(request: Request, _: Annotated[Identity, Depends(needs(Role.SEE))]) -> list[schemas.ModelFigures]:
    return [
        schemas.ModelFigures(
            key=entry.key, name=entry.name, summary=entry.card.summary if entry.card else "", is_own=entry.own
        )
        for entry in context_of(request).models
    ]


@router.post(
    "/predict",
    tags=["pictures and videos"],
    summary="Pictures in, faces out, at once",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": _PICTURES},
                "image/jpeg": {"schema": {"type": "string", "format": "binary"}},
                "image/png": {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
async def predict(
    request: Request,
    _: Count,
    model: Annotated[list[str], Query(max_length=MOST_MODELS, description="up to two; without one the usual")] = [],  # noqa: B006
) -> schemas.Prediction:
    """Send one picture as the body, or several as a form. A picture that cannot be read gets an `error`, the others
    their faces. Nothing is kept."""
    context = context_of(request)
    names = await run_in_threadpool(chosen_models, context, model)
    limit_rate(context.predictions, request)
    with context.held.share() as take:
        pictures = await _received(request, context.settings, take)
        if not pictures:
            raise Problem(422, "No picture was sent.", "Send jpg or png files under the name “pictures”.")
        answers = await context.predictor.predict(pictures, names)
    return schemas.Prediction(models=names, pictures=answers)


async def _received(request: Request, settings: WebSettings, take: Callable[[int], None]) -> list[NamedPicture]:
    """Return the pictures of a request: those of a form, else the body as one. `take` is told the bytes that come."""
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        form = await receive_form(
            request,
            folder=None,
            most_bytes=settings.most_upload_bytes,
            most_files=settings.most_files,
            most_file_bytes=MOST_PICTURE_BYTES,
            on_bytes=take,
        )
        return [NamedPicture(f.name, f.data) for f in form.files]
    body = bytearray()
    async for chunk in request.stream():
        take(len(chunk))
        body += chunk
        if len(body) > MOST_PICTURE_BYTES:
            raise Problem(413, "This is too large.", f"At most {MOST_PICTURE_BYTES // 10**6} MB are taken.")
    return [NamedPicture("picture", bytes(body))]
