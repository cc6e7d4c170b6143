"""Debian's Chromium, driven by Playwright, over a real server. Skipped where there is no Chromium, unless
HEADCOUNT_REQUIRE_BROWSER=1.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from desktop_app.web.access import Access, Role
from desktop_app.web.context import WebContext, make_context
from desktop_app.web.feed import Feed
from desktop_app.web.serving import ServerThread, listen
from desktop_app.web.settings import WebSettings
from tests.patience import PATIENCE_MS, PATIENCE_S
from tests.servers.http_server import free_port
from tests.web.browser.figures import GivenFigures

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--host-resolver-rules=MAP counter.test 127.0.0.1",
)  # fmt: skip
EXPECTED = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED", "Cross-Origin-Opener-Policy header has been ignored")
"""What a browser says of a server that is away, and of plain http from another device."""
OTHER_DEVICE = "counter.test"
"""A name of this computer by which a browser takes it for another one, whose plain http is not to be trusted."""
OWN = ("http://127.0.0.1:", f"http://{OTHER_DEVICE}:", "data:", "blob:")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Not for the session: while Playwright runs, its event loop is the main thread's, and no other test can run one.
    path = shutil.which("chromium")
    if path is None:
        if os.environ.get("HEADCOUNT_REQUIRE_BROWSER") == "1":
            pytest.fail("there is no chromium, and HEADCOUNT_REQUIRE_BROWSER=1 asks for it")
        pytest.skip("there is no chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield found
        found.close()


class Site:
    """A server with figures that a test gives, which can be stopped and started again at the same address."""

    def __init__(self, folder: Path, open_to: Role | None = Role.CORRECT, **settings: object) -> None:
        self.figures = GivenFigures()
        self._folder, self._open_to, self._settings = folder, open_to, settings
        self.port = free_port()
        self.start()

    def start(self) -> None:
        listening = listen("127.0.0.1", self.port)
        self.port = listening.getsockname()[1]
        values = {"port": self.port, "upload_folder": self._folder, "picture_limit_s": PATIENCE_S, **self._settings}
        self.access = Access(self._folder / "tokens.json", open_to=self._open_to)
        self.context: WebContext = make_context(WebSettings(**values), self.access)  # type: ignore[arg-type]
        self.context.live = Feed(self.figures)
        self._thread = ServerThread(self.context, listening)
        assert self._thread.wait_started()

    def stop(self) -> None:
        assert self._thread.stop()

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@pytest.fixture
def make_site(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    made: list[Site] = []

    def make(**settings: object) -> Site:
        made.append(Site(tmp_path, **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for site in made:
        site.stop()


@pytest.fixture
def site(make_site: Callable[..., Site]) -> Site:
    return make_site()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page in a browser of its own. A script's error, a refusal by the page's own policy and a request to
    anywhere else fail the test.
    """
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def note(kind: str, text: str) -> None:
        if kind == "error" and not any(words in text for words in EXPECTED):
            wrong.append(text)

    def make(url: str, *, width: int = 1280, height: int = 800, allowed: str = "", **options: object) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda m: None if allowed and allowed in m.text else note(m.type, m.text))
        page.on("pageerror", lambda e: note("error", str(e)))
        page.on("request", lambda r: None if r.url.startswith(OWN) else wrong.append(f"asked for {r.url}"))
        page.goto(url)
        return page

    yield make
    for context in contexts:
        context.close()
    assert not wrong, wrong
