"""Wires sources, detectors, models and counters together as the settings say. No Qt.

Called by the command line and by the window; `ProgramServices` is what the window is handed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from desktop_app.domain.blank import FACES_PER_SIDE
from desktop_app.domain.counting import CountingSettings, PeopleCounter
from desktop_app.domain.places import Line, Zone
from desktop_app.domain.tracking import Tracker, TrackerSettings
from desktop_app.domain.types import FrameResult
from desktop_app.domain.voting import VoteSettings
from desktop_app.errors import HeadcountError, ModelError, SettingsError, SourceError
from desktop_app.resources import FAST_MODEL, OWN_MODEL, demo_clip, model_path, yunet_weights
from desktop_app.session.services import RecordingStart
from desktop_app.settings import PlaceSettings, SecretStore, Settings, data_dir
from desktop_app.sources import opening, recording_time
from desktop_app.sources.base import FrameSource
from desktop_app.sources.camera import CameraMode
from desktop_app.sources.camera import list_cameras as cameras_of_this_computer
from desktop_app.sources.reconnect import ConnectionPhase, ConnectionState, ReconnectPolicy
from desktop_app.sources.stream import TimeLimits
from desktop_app.system.cpu_threads import apply_thread_policy
from desktop_app.vision.annotate import Annotator
from desktop_app.vision.attributes.classifier import CardClassifier, load_classifier
from desktop_app.vision.attributes.quality import GlimpseScheduler, SchedulerSettings
from desktop_app.vision.compare import Comparison
from desktop_app.vision.faces.detectors import (
    HAAR_SMALLEST,
    YUNET_SMALLEST,
    FaceDetector,
    HaarFaceDetector,
    YuNetFaceDetector,
)
from desktop_app.vision.faces.tiled import TiledFaceDetector
from desktop_app.vision.likeness.face_space import LikenessSpace
from desktop_app.vision.pipeline import FramePipeline, LighterModel, PipelineSettings
from desktop_app.vision.still import StillReader

COARSE_SIDE = 640
"""The longer side, in pixels, at which YuNet searches a whole picture; what is smaller is found tile by tile."""

BEST_ABOVE = 0.18
"""By so much the best look at a counted person is above the score from which on a face is followed."""

OnConnection = Callable[[bool, str], None]
"""Is told (connected, plain sentence) when a live source is lost and when it is back; `Engine.note_connection` fits."""


def open_source(text: str, settings: Settings | None = None, on_connection: OnConnection | None = None) -> FrameSource:
    """Return the source that `text` names, not opened yet: a camera, file, folder, address, or "demo".

    Raises SourceError where the text means nothing or the file is not there.
    """
    chosen = (settings or Settings()).source

    def listen(state: ConnectionState) -> None:
        if on_connection is not None and state.phase is not ConnectionPhase.GAVE_UP:
            on_connection(state.phase is ConnectionPhase.CONNECTED, state.message)

    has_size = chosen.width >= 16 and chosen.height >= 16
    options = opening.OpenOptions(
        camera_mode=CameraMode(chosen.width, chosen.height, chosen.fps) if has_size else CameraMode(fps=chosen.fps),
        limits=TimeLimits(open_s=chosen.open_timeout_s, read_s=chosen.read_timeout_s),
        reconnect=ReconnectPolicy() if chosen.reconnect else None,
        reconnect_cameras=chosen.reconnect,
        listener=listen,
        demo_clip=_demo_clip_if_there(),
        turn=chosen.turn,
        mirror=chosen.mirror,
    )
    return opening.open_source(SecretStore().restore(text), options)


def _demo_clip_if_there() -> Path | None:
    try:
        return demo_clip()
    except HeadcountError:
        return None  # `opening` says so in its own words, but only to somebody who asks for the demo


def build_detector(settings: Settings, threads: int = 1) -> FaceDetector:
    """Return the face detector that the settings choose; `threads` is for YuNet. Raises ModelError or SettingsError."""
    chosen = settings.detector
    if chosen.kind == "haar":
        return HaarFaceDetector(
            chosen.cascade, chosen.scale_factor, chosen.min_neighbors, min_face_share=max(chosen.min_face_share, 0.005)
        )
    yunet = YuNetFaceDetector(yunet_weights(), _weak_score(settings), COARSE_SIDE, threads)
    return TiledFaceDetector(yunet, yunet, coarse_side=COARSE_SIDE, min_face_share=chosen.min_face_share)


def least_side(settings: Settings) -> float:
    """Return how many pixels the shorter side of a picture needs for anybody to be counted in it.

    Whoever asks for large faces knows how near people come: these may fill most of the picture.
    """
    smallest_px = HAAR_SMALLEST if settings.detector.kind == "haar" else YUNET_SMALLEST
    return max(FACES_PER_SIDE * smallest_px, 1.5 * settings.count.min_face_px)


def _weak_score(settings: Settings) -> float:
    """Faces from this score on may continue a track; to begin one takes `score_threshold`."""
    return max(0.05, settings.detector.score_threshold / 2)


def build_classifier(settings: Settings, threads: int = 1, *, fast: bool = False) -> CardClassifier:
    """Return the gender and age network that the settings choose. Raises ModelError.

    With `fast` the shipped network gives way to its smaller sibling, which costs a quarter of the time; a network that
    the user chose stays. The two have embeddings of their own, so a pipeline that changes over takes
    the likeness space of the new one as well.
    """
    name = FAST_MODEL if fast and settings.count.model == OWN_MODEL else settings.count.model
    return load_classifier(model_path(name, data_dir() / "models"), threads)


def _least_face(card: Mapping[str, Any], default: float) -> float:
    """Return the face probability from which on this model's glimpses count: its card's `min_face`, else `default`."""
    value = card.get("min_face", default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ModelError(f"The model's min_face is {value!r}.", "Write a number from 0 to 1 into its model.json.")
    return float(value)


def _least_counted(settings: Settings, classifier: CardClassifier) -> float:
    """Return the face probability from which on somebody counts whom this model has looked at."""
    default = CountingSettings().min_face
    return _least_face(classifier.card, default) if settings.detector.reject_non_faces else 0.0


def _likeness(model_dir: Path, card: Mapping[str, Any]) -> LikenessSpace | None:
    """Return the space in which this model's embeddings tell people apart, None for a model that has none."""
    weights = card.get("file")
    return LikenessSpace.load(model_dir / weights) if isinstance(weights, str) else None


def _vote_settings(settings: Settings) -> VoteSettings:
    return VoteSettings(name_at=settings.count.decide_threshold, child_at=settings.count.child_threshold)


def build_comparison(settings: Settings, names: Sequence[str], *, threaded: bool = False) -> Comparison:
    """Return a comparison of the model that counts with the models of these names. Raises ModelError."""
    others = [load_classifier(model_path(name, data_dir() / "models")) for name in names]
    return Comparison(others, _vote_settings(settings), threaded=threaded)


def build_places(settings: Settings) -> tuple[list[Line], list[Zone], list[Zone]]:
    """Return the lines, the zones and the staff zones. Raises SettingsError for one that cannot be counted at."""

    def zone(place: PlaceSettings) -> Zone:
        return Zone(place.name, place.points)

    try:
        lines = [Line(p.name, *p.points[0], *p.points[1]) for p in settings.places if p.kind == "line"]
        zones = [zone(p) for p in settings.places if p.kind == "zone"]
        return lines, zones, [zone(p) for p in settings.places if p.kind == "staff"]
    except ValueError as error:
        raise SettingsError(f"A line or zone cannot be used: {error}.", "Draw it again.") from error


def build_pipeline(settings: Settings | None = None) -> FramePipeline:
    """Return a pipeline with its models loaded, and set the process's number of threads.

    Raises ModelError where a model is missing or damaged and SettingsError for what cannot be worked with.
    """
    settings = settings or Settings()
    policy = apply_thread_policy()
    lines, zones, staff_zones = build_places(settings)
    detector, count = settings.detector, settings.count
    default = CountingSettings()
    classifier = build_classifier(settings, policy.litert)
    counting = CountingSettings(
        min_span_s=count.confirm_s,
        min_score=min(default.min_score, detector.score_threshold),
        # A Haar cascade's score is not one of YuNet's; who chooses weaker faces gets people whose faces stay weak.
        best_score=0.0 if detector.kind == "haar" else min(default.best_score, detector.score_threshold + BEST_ABOVE),
        min_face=_least_counted(settings, classifier),
        min_size=count.min_face_px,
        linger_s=count.lost_s,
        returns_s=count.returns_minutes * 60,
        vote=_vote_settings(settings),
    )
    tracking = TrackerSettings(sure_score=detector.score_threshold, weak_score=_weak_score(settings))
    pipeline = FramePipeline(
        build_detector(settings, policy.litert),
        classifier,
        Tracker(tracking),
        PeopleCounter(counting, lines=lines, zones=zones, staff_zones=staff_zones),
        settings=PipelineSettings(detect_interval_s=detector.interval_s),
        scheduler=GlimpseScheduler(SchedulerSettings(budget=count.max_glimpses, hard_limit=2 * count.max_glimpses)),
        likeness=_likeness(model_path(count.model, data_dir() / "models"), classifier.card),
        least_side=least_side(settings),
    )
    if count.model == OWN_MODEL:
        pipeline.lighter_model = partial(_lighter_model, settings, policy.litert)
    return pipeline


def build_still_reader(settings: Settings | None = None, models: Sequence[str] = ()) -> StillReader:
    """Return what finds and judges the faces of single pictures, with `models` instead of the settings' one.

    The first model says what is a face. Raises ModelError and SettingsError as `build_pipeline`.
    """
    settings = settings or Settings()
    policy = apply_thread_policy()
    names = tuple(models) or (settings.count.model,)
    classifiers = [load_classifier(model_path(name, data_dir() / "models"), policy.litert) for name in names]
    min_face = _least_counted(settings, classifiers[0])
    return StillReader(
        build_detector(settings, policy.litert),
        classifiers,
        _vote_settings(settings),
        min_face=min_face,
        min_score=settings.detector.score_threshold,
    )


def _lighter_model(settings: Settings, threads: int) -> LighterModel:
    classifier = build_classifier(settings, threads, fast=True)
    space = _likeness(model_path(FAST_MODEL), classifier.card)
    return classifier, space, _least_counted(settings, classifier)


def build_annotator(settings: Settings) -> Annotator:
    """Return what draws results with the settings' lines and zones. Raises SettingsError."""
    lines, zones, staff_zones = build_places(settings)
    return Annotator(lines, [*zones, *staff_zones])


def recording_start(text: str) -> RecordingStart | None:
    """Return when the video file that `text` names began: as its container says, else when the file was last written.

    None for anything but a file, and for a file that cannot be read.
    """
    try:
        address = opening.understand(text)
    except SourceError:
        return None
    if address.form is not opening.SourceForm.VIDEO_FILE:
        return None
    path = Path(address.target)
    created = recording_time.creation_time(path)
    if created is not None:
        return RecordingStart(created, "container")
    try:
        return RecordingStart(path.stat().st_mtime, "file time")
    except OSError:
        return None


class ProgramServices:
    """The real sources, pipeline and drawing, as the window asks for them."""

    def open_source(self, text: str, settings: Settings, on_connection: OnConnection) -> FrameSource:
        return open_source(text, settings, on_connection)

    def build_pipeline(self, settings: Settings) -> FramePipeline:
        from desktop_app.system.native_log import quiet_native_start

        with quiet_native_start():
            return build_pipeline(settings)

    def build_places(self, settings: Settings) -> tuple[list[Line], list[Zone], list[Zone]]:
        return build_places(settings)

    def recording_start(self, text: str) -> RecordingStart | None:
        return recording_start(text)

    def annotate(self, result: FrameResult, settings: Settings) -> NDArray[np.uint8]:
        return build_annotator(settings).draw(result)

    def list_cameras(self) -> list[tuple[str, str]]:
        """Return (name, source text) of each camera."""
        return [(camera.name, f"camera:{camera.device or camera.index}") for camera in cameras_of_this_computer()]
