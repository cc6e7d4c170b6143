"""What is done in a child process: everything that decodes a stranger's bytes. Functions for `ChildWorker.run`."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from desktop_app import factory
from desktop_app.domain.events import DoorEnded, DoorStarted, Entry
from desktop_app.domain.person_facts import PersonRecord
from desktop_app.domain.types import Counts, Decision, Frame, FrameResult, Gender, Track
from desktop_app.engine.state import EngineOptions, EngineState
from desktop_app.errors import HeadcountError, SourceError
from desktop_app.session.door import Door, RunObserver
from desktop_app.session.door_run import DoorRun
from desktop_app.session.manager import SessionManager
from desktop_app.session.services import RecordingStart
from desktop_app.settings import Settings
from desktop_app.sources import asking, ffmpeg_options, net, opening
from desktop_app.sources.base import SourceInfo
from desktop_app.sources.picture_file import decode_picture, is_moving
from desktop_app.sources.pictures import shows_nobody
from desktop_app.system.child_worker import Tell
from desktop_app.system.native_log import quiet_native_start
from desktop_app.system.safe_file import read_regular
from desktop_app.vision.compare import Comparison
from desktop_app.vision.pipeline import FramePipeline
from desktop_app.vision.still import StillFace, StillReader
from desktop_app.web import schemas
from desktop_app.web.kinds import HEAD_BYTES, ItemKind, kind_of, safe_name, sent_name
from desktop_app.web.results import PictureResult, VideoResult

MOST_PICTURE_BYTES = 64 * 2**20
_ADDRESS_LIMIT_S = 120.0
"""Somebody waits for it, and so do those behind them."""
_PAGES = ("text/html", "application/xhtml+xml")
_BEFORE_A_TAG = b"\xef\xbb\xbf \t\r\n"
_JPEG_QUALITY = 88
_MOST_SHOWN_SIDE = 1600
_TELL_EVERY_S = 0.3


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a child has come: the share done, 0 to 1 or None, and how many people were counted so far."""

    share: float | None
    people: int = 0


@dataclass(frozen=True, slots=True)
class Fetching:
    """What may be fetched from an address: how many bytes, and whether from the own network."""

    most_bytes: int
    allow_private: bool


@dataclass(frozen=True, slots=True)
class NamedPicture:
    """The bytes of a picture file under the name that its sender gave it."""

    name: str
    data: bytes


def look_at_picture(
    tell: Tell, path: str, name: str, models: tuple[str, ...], most_s: float
) -> PictureResult | VideoResult:
    """Return the faces of a picture file, with the picture annotated. Raises HeadcountError.

    An animated one, or one of several pages, is counted as a video, of which at most `most_s` seconds are looked at.
    """
    data = read_regular(path, MOST_PICTURE_BYTES)
    if is_moving(data):
        return count_video(tell, path, name, models, most_s, False)
    return _look_at(data, name, models)


def look_at_address(
    tell: Tell, url: str, folder: str, models: tuple[str, ...], most_s: float, bounds: Fetching
) -> PictureResult | VideoResult:
    """Fetch the picture or the video file at an http(s) address into `folder` and count it. Raises HeadcountError.

    Unless `bounds` allows it, no connection is made into a private network, whatever the address, a redirection or the
    name's resolution says. The file is removed again.
    """
    name = asking.file_name(url)
    path, name = Path(folder) / safe_name(name), sent_name(name)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        with path.open("xb") as file:
            answer = asking.download_into(
                file.write, url, _ADDRESS_LIMIT_S, bounds.most_bytes, lambda: False, "video or a picture",
                public_only=not bounds.allow_private,
            )  # fmt: skip
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        if answer is not None and answer.content_type in _PAGES and head.lstrip(_BEFORE_A_TAG).startswith(b"<"):
            raise SourceError(
                f"At “{net.hide_password(url)}” is a page, and no picture or video.",
                "Open it in a browser, right-click the picture, and copy the address of the picture itself.",
            )
        if kind_of(path.name, head) is ItemKind.PICTURE:
            return look_at_picture(tell, str(path), name, models, most_s)
        return count_video(tell, str(path), name, models, most_s, False)
    finally:
        path.unlink(missing_ok=True)


def predict(tell: Tell, pictures: Sequence[NamedPicture], models: tuple[str, ...]) -> list[schemas.PictureAnswer]:
    """Return the faces of each picture; one that cannot be read gets a sentence and costs the others nothing."""
    answers = []
    for picture in pictures:
        try:
            result = _look_at(picture.data, picture.name, models, annotated=False)
            answers.append(
                schemas.PictureAnswer(
                    name=picture.name,
                    width=result.width,
                    height=result.height,
                    faces=list(result.faces),
                    omissions=list(result.omissions),
                )
            )
        except HeadcountError as error:
            answers.append(schemas.PictureAnswer(name=picture.name, error=str(error)))
    return answers


def count_video(
    tell: Tell,
    path: str,
    name: str,
    models: tuple[str, ...],
    most_s: float | None,
    is_own: bool,
    began_utc: float | None = None,
) -> VideoResult:
    """Count a video file as `headcount count` does, with the shipped settings. Raises HeadcountError.

    Unless the file `is_own`, it comes from a stranger: then FFmpeg opens nothing but this file, and no playlist. The
    first model counts; a second is asked about the same glimpses. `most_s` bounds how much of it is looked at,
    `began_utc` says when it was recorded where that is known.
    """
    if not is_own:
        ffmpeg_options.close_to_strangers()
        _refuse_what_is_no_video(path, name)
    settings = _settings_with(models)
    observer = _Teller(tell, most_s)
    services = _ComparingServices(models[1:], is_own)
    manager = SessionManager(services, None, [observer])
    session = manager.open(name)
    options = EngineOptions(limit_s=most_s, every_picture=False)
    run = manager.start(Door(path, settings, began_utc=began_utc), options)
    run.wait()
    manager.wait(10.0)
    if run.error is not None:
        raise run.error if is_own else _told_of(run.error, path, name)
    seen = run.stats
    info, engine = run.info, run.engine
    assert info is not None
    assert engine is not None
    omissions = [sentence if is_own else _called(sentence, path, name) for sentence in engine.omissions]
    seconds = seen.position_s + (1.0 / info.fps if info.fps > 0 else 0.0)
    if most_s is not None and info.duration_s is not None and info.duration_s > most_s + 1.0:
        omissions.append(f"Only the first {most_s:.0f} s of {info.duration_s:.0f} s were looked at.")
    entries = session.log.entries()
    if not is_own:
        entries = tuple(_named_for(e, path, name) for e in entries)
    by_model, disagreements = services.compared([p for p in session.people() if p.counts])
    return VideoResult(
        name=name,
        session=session.id,
        seconds=seconds,
        frames=seen.frames,
        counts=session.counts(),
        models=models,
        entries=entries,
        omissions=tuple(omissions),
        by_model=by_model,
        disagreements=disagreements,
    )


def _told_of(error: Exception, path: str, name: str) -> Exception:
    """Return an error in which the file has the name its sender gave it, with the ending that it has there."""
    if isinstance(error, HeadcountError):
        error.message = _called(error.message, path, name)
    return error


def _called(sentence: str, path: str, name: str) -> str:
    """Return a sentence in which the file has the name its sender gave it."""
    return sentence.replace(f"“{Path(path).name}”", f"“{name}”")


def _named_for(entry: Entry, path: str, name: str) -> Entry:
    """Return an entry in which the file has the name its sender gave it: where it lay here is nobody's business."""
    if isinstance(entry.event, DoorEnded):
        return replace(entry, event=replace(entry.event, message=_called(entry.event.message, path, name)))
    if not isinstance(entry.event, DoorStarted):
        return entry
    return replace(entry, event=replace(entry.event, source=name, name="Upload"))


def _refuse_what_is_no_video(path: str, name: str) -> None:
    address = opening.understand(path)
    if address.form not in (opening.SourceForm.VIDEO_FILE, opening.SourceForm.PICTURE):
        raise SourceError(f"“{name}” is not a video that can be counted.", "Send an mp4, mov, mkv, webm or avi file.")


def _settings_with(models: Sequence[str]) -> Settings:
    defaults = Settings()
    return replace(defaults, count=replace(defaults.count, model=models[0])) if models else defaults


class _Teller(RunObserver):
    """Passes on how far a run has come, a few times a second."""

    def __init__(self, tell: Tell, most_s: float | None) -> None:
        self._tell = tell
        self._most_s = most_s
        self._length_s: float | None = None
        self._told_at = 0.0

    def on_info(self, run: DoorRun, info: SourceInfo) -> None:
        lengths = [s for s in (info.duration_s, self._most_s) if s is not None]
        self._length_s = min(lengths) if info.duration_s is not None else None

    def on_state(self, run: DoorRun, state: EngineState, message: str) -> None:
        if state is EngineState.OPENING:
            self._tell(Progress(None))

    def on_result(self, run: DoorRun, result: FrameResult) -> None:
        now = time.monotonic()
        if now - self._told_at >= _TELL_EVERY_S:
            self._told_at = now
            share = min(1.0, result.frame.time_s / self._length_s) if self._length_s else None
            self._tell(Progress(share, result.counts.people if result.counts is not None else 0))


class _ComparingServices(factory.ProgramServices):
    """The program's services, with further models on the same glimpses."""

    def __init__(self, others: Sequence[str], is_own: bool) -> None:
        self._others, self._is_own = tuple(others), is_own
        self._comparison: Comparison | None = None

    def build_pipeline(self, settings: Settings) -> FramePipeline:
        pipeline = super().build_pipeline(settings)
        if self._others:
            self._comparison = factory.build_comparison(settings, self._others)
            pipeline.compare_with(self._comparison)
        return pipeline

    def recording_start(self, text: str) -> RecordingStart | None:
        found = super().recording_start(text)
        # A file that was sent was last written when it came; that says nothing of when it was recorded.
        return found if self._is_own or (found is not None and found.clock == "container") else None

    def compared(self, people: Sequence[PersonRecord]) -> tuple[dict[str, Counts] | None, int]:
        """Return the totals of each model and how many people two of them name differently; (None, 0) for one model."""
        if self._comparison is None:
            return None, 0
        snapshot = self._comparison.snapshot(is_over=True)
        self._comparison.close()
        each = [snapshot.decisions_of(p.number) or (Decision(),) * (1 + len(self._others)) for p in people]
        # What the first model says is what was counted.
        genders = [[p.auto_gender, *(d.gender for d in says[1:])] for p, says in zip(people, each, strict=True)]
        totals = {
            figures.name: Counts(
                sum(g[i] is Gender.FEMALE for g in genders),
                sum(g[i] is Gender.MALE for g in genders),
                sum(g[i] is Gender.UNDECIDED for g in genders),
            )
            for i, figures in enumerate(snapshot.models)
        }
        return totals, sum(len(set(g) - {Gender.UNDECIDED}) > 1 for g in genders)


# ---- pictures


@lru_cache(maxsize=4)
def _reader(models: tuple[str, ...]) -> StillReader:
    with quiet_native_start():
        return factory.build_still_reader(Settings(), models)


def _look_at(data: bytes, name: str, models: tuple[str, ...], *, annotated: bool = True) -> PictureResult:
    image = decode_picture(data, name)
    faces = _reader(models).read(image)
    return PictureResult(
        name=name,
        width=int(image.shape[1]),
        height=int(image.shape[0]),
        models=models,
        faces=tuple(_face(n, face, models) for n, face in enumerate(faces, 1)),
        annotated_jpeg=_annotated(image, faces) if annotated else b"",
        omissions=(sentence,) if not faces and (sentence := shows_nobody(image, name)) else (),
    )


def _face(number: int, face: StillFace, models: Sequence[str]) -> schemas.Face:
    box = face.detection.box
    answers = [
        schemas.Answer(
            model=model,
            appears=decision.gender.value,
            percent=decision.percent,
            female=round(attributes.female, 6),
            age_band=decision.age_band,  # type: ignore[arg-type]  # one of AGE_BANDS
            age_years=None if decision.age_years is None else round(decision.age_years, 1),
            is_child=decision.is_child,
        )
        for model, attributes, decision in zip(models, face.attributes, face.decisions, strict=True)
    ]
    corners = (round(box.x1, 1), round(box.y1, 1), round(box.x2, 1), round(box.y2, 1))
    return schemas.Face(number=number, box=corners, score=round(face.detection.score, 4), answers=answers)


def _annotated(image: NDArray[np.uint8], faces: Sequence[StillFace]) -> bytes:
    tracks = tuple(
        Track(n, face.detection.box, face.decisions[0], True, True, 0.0, 0.0) for n, face in enumerate(faces, 1)
    )
    drawn = factory.build_annotator(Settings()).draw(FrameResult(Frame(image, 0.0, 0), tracks))
    scale = _MOST_SHOWN_SIDE / max(drawn.shape[:2])
    if scale < 1:
        drawn = cv2.resize(drawn, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    ok, jpeg = cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return jpeg.tobytes() if ok else b""
