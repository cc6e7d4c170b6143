"""Every page for everybody: without a violation of axe-core's rules in light and dark, and on a narrow phone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from desktop_app.store.session_list import SessionInfo
from desktop_app.web import schemas
from tests.web.browser.conftest import Site
from tests.web.browser.figures import figures_of

pytestmark = [pytest.mark.slow, pytest.mark.servers]

PAGES = ("/", "/live", "/live/wall", "/counts", "/login?next=/live", "/nothing-here", "/api/v1/docs")
LONG = "A very long name of an occasion, as somebody may well write it: Donaudampfschifffahrtsgesellschaftskapitän"


def violations(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """Return what axe-core finds wrong with a page as it is shown, by all its rules or only by these."""
    results = Axe().run(page, options={"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})})
    return [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in results.response["violations"]]


def violations_in_light_and_dark(page: Page) -> list[str]:
    """Return what axe-core finds wrong with a light page, and with the colours of the dark one."""
    page.emulate_media(color_scheme="light")
    found = violations(page)
    page.emulate_media(color_scheme="dark")
    return found + [f"dark: {words}" for words in violations(page, ["color-contrast"])]


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(make_site: Callable[..., Site], open_page: Callable[..., Page], path: str) -> None:
    site = make_site(open_to=None) if path.startswith("/login") else make_site()
    page = open_page(site.url(path), allowed="404")
    expect(page.locator("main")).to_be_visible()
    for details in page.locator("details:visible").all():
        details.evaluate("d => { d.open = true }")
    assert violations_in_light_and_dark(page) == []


def test_nothing_is_wider_than_a_phone(
    site: Site, open_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    doors = [schemas.DoorFigures(id=n, name=LONG, message=LONG, totals=schemas.Totals()) for n in "ab"]
    places = [schemas.PlaceCounts(door=LONG, name=LONG, kind="zone", visits=123_456)]
    words = {"name": LONG, "place": LONG, "state": "failed", "sentence": LONG}
    site.figures.give(figures_of(2, 123_456, 98_765, 4321, doors=doors, places=places, **words))
    kept = SessionInfo("a", LONG, LONG, LONG, 0.0, 1.0, 1.0, 123_456, 98_765, 4321, 20_370, (LONG,))
    monkeypatch.setattr(site.context.counts, "sessions", lambda: [kept])
    for path in PAGES:
        page = open_page(site.url(path), width=320, height=740, is_mobile=True, has_touch=True, allowed="404")
        for details in page.locator("details:visible").all():
            details.evaluate("d => { d.open = true }")
        for width in (320, 360):
            page.set_viewport_size({"width": width, "height": 740})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
