"""A server on loopback over a store of its own; requests go through real connections."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from desktop_app import factory
from desktop_app.engine.state import EngineOptions
from desktop_app.resources import demo_clip
from desktop_app.session.headless import run_headless
from desktop_app.session.manager import SessionManager
from desktop_app.settings import Settings
from desktop_app.store.store import Store
from desktop_app.web.access import Access, Role
from desktop_app.web.context import WebContext, make_context
from desktop_app.web.live import ManagerCount
from desktop_app.web.schemas import Totals
from desktop_app.web.serving import ServerThread, listen
from desktop_app.web.settings import WebSettings
from tests.patience import PATIENCE_S
from tests.store.logs import LogMaker

TOKENS = {role: f"hc_{role.word}_{'x' * 30}" for role in Role}


@dataclass
class Served:
    """A running server: its address, its parts and a client without a token."""

    url: str
    port: int
    context: WebContext
    store: Store | None
    client: httpx.Client
    uploads: Path

    def bearer(self, role: Role) -> dict[str, str]:
        return {"authorization": f"Bearer {TOKENS[role]}"}


Serve = Callable[..., Served]


class Servers:
    """Starts servers below a folder and ends them all; each has a store with the log that is passed as `log`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[tuple[ServerThread, Served]] = []

    def start(
        self,
        *,
        log: LogMaker | None = None,
        manager: SessionManager | None = None,
        following: ManagerCount | None = None,
        open_to: Role | None = Role.CORRECT,
        **settings: object,
    ) -> Served:
        store = Store.open(self._folder / f"counts-{len(self._running)}") if manager is None else None
        if store is not None and log is not None:
            store.append(log.entries)
            assert store.flush(PATIENCE_S)
        uploads = self._folder / "uploads"
        uploads.mkdir(exist_ok=True)
        limits = {"picture_limit_s": PATIENCE_S, **settings}
        wanted = WebSettings(port=0, upload_folder=uploads, **limits)  # type: ignore[arg-type]
        access = Access(self._folder / "tokens.json", open_to=open_to, given=TOKENS)
        context = make_context(wanted, access, store=store, manager=manager, following=following)
        listening = listen("127.0.0.1", 0)
        port = listening.getsockname()[1]
        thread = ServerThread(context, listening)
        assert thread.wait_started()
        url = f"http://127.0.0.1:{port}"
        served = Served(url, port, context, store, httpx.Client(base_url=url, timeout=PATIENCE_S), uploads)
        self._running.append((thread, served))
        return served

    def stop(self) -> None:
        for thread, served in self._running:
            served.client.close()
            assert thread.stop()
            if served.store is not None:
                served.store.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start servers that are open to this computer, for one test."""
    servers = Servers(tmp_path)
    yield servers.start
    servers.stop()


@pytest.fixture(scope="module")
def serve_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start servers for all tests of a module. Those tests are marked `allow_threads`: threads start when needed."""
    servers = Servers(tmp_path_factory.mktemp("servers"))
    yield servers.start
    servers.stop()


@pytest.fixture
def log() -> LogMaker:
    """A closed count of 6 people: 2 female, 2 male, 2 undecided."""
    maker = LogMaker(session="fair")
    maker.open()
    maker.people(6)
    maker.close()
    return maker


SHORT_S = 4.0
"""So much of the demo clip is counted where the whole says no more."""


@pytest.fixture(scope="session")
def short_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 5 seconds of the demo clip, as a file of its own."""
    made = tmp_path_factory.mktemp("clip") / "people.mp4"
    capture = cv2.VideoCapture(str(demo_clip()))
    video = cv2.VideoWriter(str(made), cv2.VideoWriter.fourcc(*"mp4v"), 30.0, (1280, 720))
    for _ in range(150):
        video.write(capture.read()[1])
    video.release()
    capture.release()
    return made


def count_of_demo(model: str = "headcount", limit_s: float | None = SHORT_S) -> dict[str, int]:
    """Return the totals of the beginning of the demo clip as `headcount count --limit` has them."""
    return count_of(demo_clip(), model, limit_s)


@cache
def count_of(clip: Path, model: str, limit_s: float | None) -> dict[str, int]:
    """Return the totals of a video file as `headcount count` has them."""
    settings = Settings()
    settings = replace(settings, count=replace(settings.count, model=model))
    source = factory.open_source(str(clip), settings)
    counts = run_headless(source, factory.build_pipeline(settings), EngineOptions(limit_s=limit_s)).counts
    return Totals.of(counts).model_dump()


def raw(served: Served, request: bytes, limit_s: float = PATIENCE_S) -> bytes:
    """Send bytes as they are and return everything that comes back."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=limit_s) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


def jpeg(width: int = 320, height: int = 240) -> bytes:
    """Return a picture without a face."""
    picture = np.full((height, width, 3), 90, np.uint8)
    return bytes(cv2.imencode(".jpg", picture)[1])
