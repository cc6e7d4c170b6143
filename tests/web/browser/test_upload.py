"""The upload form in a real browser: choosing, dropping, sending, progress, cancel and the answers."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import httpx
import pytest
from playwright.sync_api import Page, expect

from desktop_app.resources import demo_clip
from tests.patience import PATIENCE_MS, PATIENCE_S, eventually
from tests.web.browser.conftest import Site
from tests.web.browser.test_everybody import violations, violations_in_light_and_dark

pytestmark = [pytest.mark.slow, pytest.mark.servers]

Open = Callable[..., Page]
ANSWER_MS = 2 * PATIENCE_MS
with_answers = pytest.mark.allow_threads
"""For tests over the server of `counting_site`, whose threads live as long as it."""


@pytest.fixture(scope="module")
def folder(short_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """people.jpg with three faces of the demo clip, people.mp4 with its first 5 seconds, and broken.jpg."""
    made = tmp_path_factory.mktemp("sent")
    shutil.copy(short_clip, made / "people.mp4")
    capture = cv2.VideoCapture(str(demo_clip()))
    capture.set(cv2.CAP_PROP_POS_FRAMES, 150)
    _, frame = capture.read()
    capture.release()
    cv2.imwrite(str(made / "people.jpg"), frame)
    (made / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing else")
    return made


@pytest.fixture(scope="module")
def counting_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server, whose child process has its models loaded, for all tests that wait for an answer."""
    site = Site(tmp_path_factory.mktemp("site"))
    yield site
    site.stop()


@pytest.fixture(scope="module")
def answers(folder: Path, counting_site: Site) -> str:
    """The address of a page with the answers to all three files, by two models."""
    site = counting_site
    names = ("people.jpg", "broken.jpg", "people.mp4")
    files = [("files", (name, (folder / name).read_bytes())) for name in names]
    sent = httpx.post(
        site.url(), files=files, data={"models": ["headcount", "headcount_fast"]}, headers={"accept": "text/html"}
    )
    assert sent.status_code == 303
    page = sent.headers["location"]
    assert eventually(
        lambda: httpx.get(site.url(f"{page}/state"), timeout=PATIENCE_S).json()["final"], ANSWER_MS / 1000
    )
    return site.url(page)


@with_answers
def test_pictures_are_chosen_sent_and_answered(counting_site: Site, open_page: Open, folder: Path) -> None:
    site = counting_site
    page = open_page(site.url())
    page.set_input_files("#files", [folder / "people.jpg", folder / "broken.jpg"])
    rows = page.locator("#list li")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("people.jpg")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", name="Results")).to_be_visible(timeout=ANSWER_MS)
    expect(page).to_have_title(re.compile("^Results"))
    good = page.get_by_role("region", name="people.jpg").first
    expect(good).to_contain_text(re.compile(r"[1-9] faces?: "))
    table = page.get_by_role("table")
    expect(table.get_by_role("columnheader")).to_have_text(["Face", "Appears", "Age", "Confidence"])
    assert table.locator("tbody tr").count() >= 2
    assert page.locator("figure img").evaluate("image => image.naturalWidth") == 1280
    expect(page.locator("#item-1")).to_contain_text("“broken.jpg” is not a picture that can be read")
    results = page.url
    page.get_by_role("button", name="Delete the results now").click()
    expect(page.get_by_role("heading", name="Who is in the picture?")).to_be_visible()
    assert httpx.get(results, timeout=PATIENCE_S).status_code == 404
    assert not list(site.context.jobs._folder.path.rglob("*.jpg"))


@with_answers
def test_a_video_shows_its_progress_and_can_be_cancelled(counting_site: Site, open_page: Open, folder: Path) -> None:
    page = open_page(counting_site.url())
    page.set_input_files("#files", [demo_clip(), folder / "people.jpg"])
    page.get_by_role("button", name="Send", exact=True).click()
    words = page.locator("[data-words]").first
    expect(words).to_contain_text(re.compile(r"\d+% done, (no|\d+) (person|people) so far"), timeout=ANSWER_MS)
    assert float(page.locator("progress").first.get_attribute("value") or "0") < 1
    assert violations(page) == []
    page.get_by_role("button", name="Cancel people.jpg").click()
    expect(page.locator("#item-1")).to_contain_text("Cancelled.")
    expect(words).to_contain_text("% done")
    page.get_by_role("button", name="Cancel all").click()
    expect(page.locator("#item-0")).to_contain_text("Cancelled.")
    expect(page.get_by_role("link", name="Send another")).to_be_visible()


@with_answers
def test_a_video_is_answered_with_its_count_curve_and_report(answers: str, open_page: Open) -> None:
    page = open_page(answers)
    video = page.locator("#item-2")
    people = int(video.locator(".totals dd").first.inner_text())
    assert people >= 2
    sums = [int(t) for t in video.locator(".totals dd").all_inner_texts()]
    assert sum(sums[1:]) == people
    expect(video.get_by_role("table", name="The same people, by model").locator("tbody th")).to_have_text(
        ["Headcount", "Headcount fast"]
    )
    counted = video.get_by_role("table", name="The same people, by model").locator("tbody tr").first.locator("td")
    assert [int(t) for t in counted.all_inner_texts()] == sums[1:], "the first model is the one that counted"
    for chart in video.locator("figure img").all():
        chart.scroll_into_view_if_needed()
        assert chart.evaluate("image => image.complete && image.naturalWidth > 100")
    with page.expect_download() as download:
        video.get_by_role("link", name="Report (PDF)").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")


@with_answers
def test_two_models_are_compared_on_a_picture(answers: str, open_page: Open) -> None:
    page = open_page(answers)
    picture = page.locator("#item-0")
    expect(picture.locator("thead tr").first.get_by_role("columnheader")).to_have_text(["Headcount", "Headcount fast"])
    expect(picture).to_contain_text(re.compile("Both models say the same of|The models differ on"))


def test_what_cannot_be_sent_is_said_at_once(
    make_site: Callable[..., Site], open_page: Open, folder: Path, tmp_path: Path
) -> None:
    site = make_site(most_upload_bytes=200_000, most_files=2)
    page = open_page(site.url())
    wrong = page.get_by_role("alert")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(wrong).to_contain_text("Nothing is chosen yet.")
    page.set_input_files("#files", [folder / "broken.jpg"])
    expect(wrong).to_have_count(0)
    page.set_input_files("#files", [folder / "people.mp4"])
    page.get_by_role("button", name="Send", exact=True).click()
    expect(wrong).to_contain_text("at most 0.2 MB are taken")
    expect(wrong).to_be_focused()
    page.get_by_role("button", name="Remove people.mp4").click()
    (tmp_path / "empty.png").write_bytes(b"")
    page.set_input_files("#files", [tmp_path / "empty.png"])
    page.get_by_role("button", name="Send", exact=True).click()
    expect(wrong).to_contain_text("“empty.png” is empty.")
    page.set_input_files("#files", [folder / "people.jpg"])
    page.get_by_role("button", name="Send", exact=True).click()
    expect(wrong).to_contain_text("3 files are too many: send at most 2 at once.")


@with_answers
def test_an_address_in_the_own_network_is_refused_in_a_sentence(counting_site: Site, open_page: Open) -> None:
    page = open_page(counting_site.url())
    page.get_by_label("Address of a picture or video").fill(counting_site.url("/static/headcount.svg"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Results")).to_be_visible(timeout=ANSWER_MS)
    expect(page.locator(".notice.error")).to_contain_text(re.compile("network", re.IGNORECASE))


def test_files_are_dropped_anywhere_on_the_page(site: Site, open_page: Open) -> None:
    page = open_page(site.url())
    page.evaluate("""() => {
        const data = new DataTransfer();
        data.items.add(new File(["some bytes"], "dropped.png", {type: "image/png"}));
        document.querySelector("footer").dispatchEvent(
            new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
    }""")
    expect(page.locator("#list li")).to_contain_text("dropped.png")


def test_only_the_cards_of_the_chosen_models_are_shown(site: Site, open_page: Open) -> None:
    page = open_page(site.url())
    cards = page.locator("[data-model]:visible summary")
    expect(cards).to_have_text(["About Headcount"])
    page.get_by_label("Compare with").select_option("headcount_fast")
    expect(cards).to_have_text(["About Headcount", "About Headcount fast"])
    cards.first.click()
    expect(page.get_by_text("Where it fails").first).to_be_visible()


def test_a_phone_offers_its_camera(site: Site, open_page: Open) -> None:
    page = open_page(site.url(), width=360, height=740, has_touch=True, is_mobile=True)
    with page.expect_file_chooser() as chooser:
        page.wait_for_timeout(1000)
        page.get_by_role("button", name="Take a picture").click()
    assert chooser.value.element.get_attribute("capture") == "environment"


@with_answers
def test_the_form_works_without_a_script(counting_site: Site, open_page: Open, folder: Path) -> None:
    page = open_page(counting_site.url(), java_script_enabled=False)
    page.set_input_files("#files", folder / "people.jpg")
    page.get_by_role("button", name="Send", exact=True).click()
    # The page asks for itself again until the answer is there.
    expect(page.get_by_role("heading", name="Results")).to_be_visible(timeout=ANSWER_MS)
    assert page.get_by_role("table").locator("tbody tr").count() >= 2


@with_answers
def test_the_answers_are_for_everybody(answers: str, open_page: Open) -> None:
    assert violations_in_light_and_dark(open_page(answers)) == []
    narrow = open_page(answers, width=360, height=740, is_mobile=True)
    assert narrow.evaluate("document.documentElement.scrollWidth") <= 360


def test_everything_is_reached_with_the_keyboard(site: Site, open_page: Open) -> None:
    page = open_page(site.url())
    names = []
    for _ in range(14):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate("""() => {
            const it = document.activeElement;
            return (it.labels && it.labels[0] || it).textContent.trim() || it.getAttribute("aria-label");
        }""")
        )
        if names[-1] == "Send":
            break
    assert names == [
        "Skip to the content", "Headcount", "Send a picture", "Live count", "Choose files",
        "Address of a picture or video", "Model", "Compare with", "About Headcount", "Send",
    ]  # fmt: skip
    for _ in range(5):
        page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Choose files")).to_be_focused()
    with page.expect_file_chooser() as chooser:
        # Only then do the browser's own dialogs surely come here instead of to a screen that is not there.
        page.wait_for_timeout(1000)
        page.keyboard.press("Enter")
    assert chooser.value.is_multiple()
