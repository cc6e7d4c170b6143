"""The live page and the wall view in a real browser: figures as they come, and again after a loss."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from desktop_app.web import feed
from desktop_app.web.access import Role
from tests.patience import PATIENCE_S
from tests.web.browser.conftest import OTHER_DEVICE, Site
from tests.web.browser.figures import figures_of

pytestmark = [pytest.mark.slow, pytest.mark.servers]

Open = Callable[..., Page]


def test_figures_come_by_themselves(site: Site, open_page: Open) -> None:
    page = open_page(site.url("/live"))
    expect(page.get_by_role("heading", name="Open day")).to_be_visible()
    expect(page.locator('[data-figure="people"]')).to_have_text("24")
    site.figures.give(figures_of(2, 1200, 40, 5, state="waiting", sentence="The camera was lost. It is waited for."))
    expect(page.locator('[data-figure="people"]')).to_have_text("1,245")
    expect(page.locator('[data-figure="female"]')).to_have_text("1,200")
    expect(page.locator(".pill")).to_have_text("Source lost")
    expect(page.get_by_text("The camera was lost. It is waited for.")).to_be_visible()
    expect(page.locator("#hours tr").last).to_have_text(re.compile(r"11:00\s*1,245"))


def test_the_script_says_the_same_as_the_server(site: Site, open_page: Open) -> None:
    """What the page shows after its first event is word for word what the server had written into it."""
    plain = open_page(site.url("/live"), java_script_enabled=False).locator("#live")
    page = open_page(site.url("/live"))
    # Something else in between, so that the script has written every part.
    site.figures.give(figures_of(2, 1, 1, name="Other", doors=[], places=[], hours=[]))
    expect(page.get_by_role("heading", name="Other")).to_be_visible()
    site.figures.give(figures_of(3, 12, 9, 3))
    expect(page.get_by_role("heading", name="Open day")).to_be_visible()
    live = page.locator("#live")
    for part in (".live-head", ".totals", "#hours", "#doors", "#places", '[data-text="now"]', '[data-text="time"]'):
        assert live.locator(part).inner_text() == plain.locator(part).inner_text(), part
    bars = "#hours rect"
    widths = "bars => bars.map(b => [b.getAttribute('class'), b.getAttribute('x'), b.getAttribute('width')].join())"
    assert live.locator(bars).evaluate_all(widths) == plain.locator(bars).evaluate_all(widths)


def test_a_lost_server_is_said_and_taken_up_again(site: Site, open_page: Open) -> None:
    page = open_page(site.url("/live"))
    expect(page.locator('[data-figure="people"]')).to_have_text("24")
    site.stop()
    expect(page.locator("#lost")).to_contain_text("No connection; the figures are those of")
    expect(page.locator('[data-figure="people"]')).to_have_text("24")  # the last figures stay
    site.figures.give(figures_of(7, 30, 1))
    site.start()
    expect(page.locator('[data-figure="people"]')).to_have_text("31")
    expect(page.locator("#lost")).to_be_hidden()


def test_a_loss_is_read_out_once_however_often_the_server_is_tried(site: Site, open_page: Open) -> None:
    page = open_page(site.url("/live"))
    expect(page.locator('[data-figure="people"]')).to_have_text("24")
    site.stop()
    expect(page.locator("#lost")).to_contain_text("No connection")
    page.evaluate("""() => {
        document.body.dataset.said = 0;
        const changes = (list) => (document.body.dataset.said = Number(document.body.dataset.said) + list.length);
        new MutationObserver(changes).observe(document.getElementById("lost"), { childList: true, subtree: true });
    }""")
    for _ in range(2):
        with page.expect_request("**/live/events"):
            pass
    assert page.locator("body").get_attribute("data-said") == "0"
    site.start()
    expect(page.locator("#lost")).to_be_hidden()


@pytest.mark.parametrize("path", ["/live", "/live/wall"])
def test_a_server_that_falls_silent_is_said_and_one_without_news_is_not(
    site: Site, open_page: Open, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """One that was put to sleep closes no connection."""
    monkeypatch.setattr(feed, "HEARTBEAT_S", 0.2)
    page = open_page(site.url(path))
    page.evaluate("""() => {
        let beats = 0;
        const stream = new EventSource(document.getElementById("live").dataset.stream);
        stream.addEventListener("alive", () => (document.body.dataset.beats = ++beats) >= 10 && stream.close());
    }""")
    expect(page.locator("body")).to_have_attribute("data-beats", "10")
    expect(page.locator("#lost")).to_be_hidden()
    monkeypatch.setattr(feed, "HEARTBEAT_S", PATIENCE_S)
    expect(page.locator("#lost")).to_contain_text("No connection; the figures are those of")
    expect(page.locator('[data-figure="people"]')).to_have_text("24")
    site.figures.give(figures_of(7, 30, 1))
    expect(page.locator('[data-figure="people"]')).to_have_text("31")


def test_the_last_figures_are_there_without_a_script(site: Site, open_page: Open) -> None:
    page = open_page(site.url("/live"), java_script_enabled=False)
    expect(page.locator('[data-figure="people"]')).to_have_text("24")
    expect(page.locator("noscript .notice")).to_contain_text("These are the figures of 11:40:00")
    expect(page.locator("#hours tr")).to_have_count(3)
    expect(page.locator("#lost")).to_be_hidden()


@pytest.mark.parametrize("people", [7, 24_000, 1_234_567])
def test_the_digits_fill_the_wall_and_stay_on_it(site: Site, open_page: Open, people: int) -> None:
    site.figures.give(figures_of(2, people, 0))
    page = open_page(site.url("/live/wall"))
    digits = page.locator(".digits")
    expect(digits).to_have_text(f"{people:,}")
    for size in ((1920, 1080), (1080, 1920), (360, 740)):
        page.set_viewport_size({"width": size[0], "height": size[1]})
        inner = digits.evaluate(
            "e => { const r = document.createRange(); r.selectNodeContents(e); return r.getBoundingClientRect().width }"
        )
        assert inner <= size[0]
        assert digits.evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 0.12 * min(size)
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        if size[0] > 400:
            assert page.evaluate("document.documentElement.scrollHeight") <= size[1]
        expect(page.locator(".pill")).to_be_visible()


def test_a_count_without_a_place_begins_its_line_with_a_capital(site: Site, open_page: Open) -> None:
    site.figures.give(figures_of(2, 1, 1, place=""))
    page = open_page(site.url("/live"), java_script_enabled=False)
    give_up_at = time.monotonic() + PATIENCE_S
    while "Town hall" in page.content() and time.monotonic() < give_up_at:
        page.wait_for_timeout(100)  # the figures take a moment to the page, and without a script it stays as it was
        page.reload()
    expect(page.locator('[data-text="since"]')).to_have_text("Since 09:02 on 26 November")
    with_script = open_page(site.url("/live"))
    site.figures.give(figures_of(3, 2, 1, place=""))
    expect(with_script.locator('[data-figure="people"]')).to_have_text("3")
    expect(with_script.locator('[data-text="since"]')).to_have_text("Since 09:02 on 26 November")


@pytest.mark.parametrize("host", ["127.0.0.1", OTHER_DEVICE])
def test_a_token_opens_the_live_page(make_site: Callable[..., Site], open_page: Open, host: str) -> None:
    site = make_site(open_to=None)
    token = site.access.make(Role.SEE, "reception")
    page = open_page(site.url("/live", host), allowed="401")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Token").fill("hc_wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This token is not one of this server’s.")
    page.get_by_label("Token").fill(token)
    page.keyboard.press("Enter")
    expect(page.locator('[data-figure="people"]')).to_have_text("24")
    # Who may only see is not offered the form.
    expect(page.get_by_role("link", name="Send a picture")).to_have_count(0)
    page.goto(site.url("/", host))
    expect(page).to_have_url(site.url("/live", host))
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_who_is_no_longer_signed_in_is_led_to_where_that_is_done(
    make_site: Callable[..., Site], open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "HEARTBEAT_S", 0.5)
    site = make_site(open_to=None)
    token = site.access.make(Role.SEE)
    page = open_page(site.url(f"/enter?token={token}&next=/live/wall"), allowed="401")
    expect(page.locator('[data-figure="people"]')).to_have_text("24")
    site.access.forget_all()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_label("Token").fill(site.access.make(Role.SEE))
    page.keyboard.press("Enter")
    expect(page).to_have_url(site.url("/live/wall"))


def test_a_qr_code_signs_in_and_leaves_no_token_in_the_address(make_site: Callable[..., Site], open_page: Open) -> None:
    site = make_site(open_to=None)
    token = site.access.make(Role.SEE)
    page = open_page(site.url(f"/enter?token={token}"))
    expect(page.locator('[data-figure="people"]')).to_have_text("24")
    assert page.url == site.url("/live")
    other = open_page(site.url("/enter?token=hc_old"), allowed="401")
    expect(other.get_by_role("heading", name="This address is no longer valid.")).to_be_visible()
