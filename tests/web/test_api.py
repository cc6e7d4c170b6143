"""The API over kept counts: reading, paging, correcting, and problems as RFC 9457 has them."""

from __future__ import annotations

import base64
import errno
import json
import re
from datetime import date, datetime

import httpx
import pytest

from desktop_app.web import counts
from desktop_app.web.access import Role
from desktop_app.web.pages import COUNTS_A_PAGE
from desktop_app.web.upload_folder import UploadFolder
from tests.patience import PATIENCE_S, eventually
from tests.store.logs import LogMaker
from tests.web.conftest import Serve, Served


def test_the_kept_counts_are_listed_newest_first_and_page_by_page(serve: Serve) -> None:
    served = serve()
    assert served.store is not None
    seq = 0
    for name in ("first", "second", "third"):
        maker = LogMaker(session=name, seq=seq)
        maker.open(name)
        maker.people(2)
        served.store.append(maker.entries)
        seq = maker.seq
    assert served.store.flush(PATIENCE_S)
    first = served.client.get("/api/v1/sessions", params={"limit": 2}).json()
    assert [s["id"] for s in first["sessions"]] == ["third", "second"]
    second = served.client.get("/api/v1/sessions", params={"limit": 2, "cursor": first["next"]}).json()
    assert [s["id"] for s in second["sessions"]] == ["first"]
    assert second["next"] is None
    assert second["sessions"][0]["totals"] == {"people": 2, "female": 1, "male": 1, "undecided": 0}


def test_totals_come_in_steps_of_the_resolution_and_add_up(serve: Serve, log: LogMaker) -> None:
    served = serve(log=log)
    for resolution in ("minute", "quarter", "hour", "day"):
        found = served.client.get("/api/v1/sessions/fair/totals", params={"resolution": resolution}).json()
        assert found["totals"] == {"people": 6, "female": 2, "male": 2, "undecided": 2}
        assert sum(i["people"] for i in found["intervals"]) == 6
        assert sum(i["into"] for i in found["intervals"]) == 6
        assert sum(t["people"] for t in found["ages"].values()) == 6
    assert served.client.get("/api/v1/sessions/fair/totals", params={"resolution": "total"}).json()["intervals"] == []
    assert served.client.get("/api/v1/sessions/fair/totals", params={"resolution": "week"}).status_code == 422


def test_people_come_page_by_page_each_once(serve: Serve, log: LogMaker) -> None:
    served = serve(log=log)
    numbers: list[int] = []
    cursor = None
    while True:
        parameters = {"limit": "4", **({"cursor": cursor} if cursor else {})}
        page = served.client.get("/api/v1/sessions/fair/people", params=parameters).json()
        numbers += [p["number"] for p in page["people"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert len(numbers) == len(set(numbers)) == 6
    bad = served.client.get("/api/v1/sessions/fair/people", params={"cursor": "bm9uc2Vuc2U="})
    assert (bad.status_code, bad.headers["content-type"]) == (422, "application/problem+json")


@pytest.fixture
def served_fair(serve: Serve, log: LogMaker) -> Served:
    return serve(log=log)


@pytest.mark.parametrize(
    "values",
    [
        [float("inf"), float("inf"), "x"],
        ["nan", 1, "x"],
        [1.0, 1, []],
        [1.0, 1, None],
        [1.0, False, "x"],
        [1.0, 1],
        [None, None, None],
        {"a": 1, "b": 2, "c": 3},
        "abc",
        [[], [], []],
    ],
)
def test_a_cursor_that_was_made_up_is_refused(served_fair: Served, values: object) -> None:
    # Who is first in the list, so that everything of the cursor is compared.
    first = served_fair.client.get("/api/v1/sessions/fair/people", params={"limit": 1}).json()["next"]
    utc, number, _ = json.loads(base64.urlsafe_b64decode(first))
    if isinstance(values, list) and values[:2] == [1.0, 1]:
        values = [utc, number, *values[2:]]
    cursor = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
    for path in ("/api/v1/sessions/fair/people", "/api/v1/sessions"):
        answer = served_fair.client.get(path, params={"cursor": cursor})
        assert (answer.status_code, answer.json()["title"]) == (422, "This cursor is not one of ours."), path


def test_a_correction_changes_the_totals_keeps_the_automatic_ones_and_can_be_taken_back(
    serve: Serve, log: LogMaker
) -> None:
    served = serve(log=log)
    person = next(
        p for p in served.client.get("/api/v1/sessions/fair/people").json()["people"] if p["appears"] == "undecided"
    )
    wanted = {"what": "gender", "person": person["id"], "new": "female", "note": "seen from the side"}
    made = served.client.post("/api/v1/sessions/fair/corrections", json=wanted)
    assert made.status_code == 201
    assert made.json()["totals"] == {"people": 6, "female": 3, "male": 2, "undecided": 1}
    found = served.client.get("/api/v1/sessions/fair/totals").json()
    assert found["totals"]["female"] == 3
    assert found["automatic"]["female"] == 2
    listed = served.client.get("/api/v1/sessions/fair/corrections").json()
    assert [(c["what"], c["new"], c["note"]) for c in listed] == [("gender", "female", "seen from the side")]
    taken_back = served.client.delete(made.headers["location"])
    assert taken_back.json()["female"] == 2
    assert served.client.delete(made.headers["location"]).status_code == 404


def test_every_kind_of_correction_is_taken(serve: Serve, log: LogMaker) -> None:
    served = serve(log=log)
    people = served.client.get("/api/v1/sessions/fair/people").json()["people"]
    first, second = people[0]["id"], people[1]["id"]
    wanted = [
        {"what": "age_band", "person": first, "new": "20-29"},
        {"what": "staff", "person": first, "new": "yes"},
        {"what": "removed", "person": second, "new": "yes"},
        {"what": "merged", "person": people[2]["id"], "new": people[3]["id"]},
        {"what": "split", "person": people[3]["id"]},
        {"what": "added", "new": "male"},
    ]
    totals = {}
    for correction in wanted:
        answer = served.client.post("/api/v1/sessions/fair/corrections", json=correction)
        assert answer.status_code == 201, answer.text
        totals[correction["what"]] = answer.json()["totals"]["people"]
    assert totals == {"age_band": 6, "staff": 5, "removed": 4, "merged": 3, "split": 4, "added": 5}


def test_a_correction_that_does_not_fit_is_a_problem_with_a_sentence(serve: Serve, log: LogMaker) -> None:
    served = serve(log=log)
    for wanted, status in (
        ({"what": "gender", "person": "nobody", "new": "female"}, 409),
        ({"what": "gender", "person": "x", "new": "purple"}, 422),
        ({"what": "age_band", "person": "x", "new": "200"}, 422),
        ({"what": "name", "person": "x", "new": "y"}, 422),
        ({"what": "gender", "person": "x", "new": "female", "colour": "red"}, 422),
        ({"what": "added", "person": "x", "new": "female"}, 422),
    ):
        answer = served.client.post("/api/v1/sessions/fair/corrections", json=wanted)
        assert answer.status_code == status, wanted
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["title"].endswith(".")
        assert answer.json()["status"] == status


def test_a_request_sent_twice_with_one_key_is_done_once(serve: Serve, log: LogMaker) -> None:
    served = serve(log=log)
    key = {"idempotency-key": "one"}
    path = "/api/v1/sessions/fair/corrections"
    first = served.client.post(path, json={"what": "added", "new": "male"}, headers=key)
    again = served.client.post(path, json={"what": "added", "new": "male"}, headers=key)
    assert first.json() == again.json()
    assert served.client.get("/api/v1/sessions/fair/totals").json()["totals"]["people"] == 7
    other = served.client.post(path, json={"what": "added", "new": "female"}, headers=key)
    assert other.status_code == 422
    failed = served.client.post(path, json={"what": "split", "person": "nobody"}, headers={"idempotency-key": "two"})
    assert failed.status_code == 409
    assert served.client.post(
        path, json={"what": "added", "new": "male"}, headers={"idempotency-key": "two"}
    ).is_success, "a request that failed frees its key"


def local_day(log: LogMaker) -> date:
    """The day on which a count was, where the server stands."""
    return datetime.fromtimestamp(log.utc).date()


def test_a_report_comes_as_a_file(serve: Serve, log: LogMaker) -> None:
    served = serve(log=log)
    for form, beginning in (("pdf", b"%PDF"), ("xlsx", b"PK"), ("json", b"{"), ("csv", b"start")):
        answer = served.client.get(f"/api/v1/sessions/fair/report.{form}")
        assert answer.status_code == 200
        assert answer.content.startswith(beginning)
        assert f'filename="{local_day(log):%Y-%m-%d}-Fair.{form}"' in answer.headers["content-disposition"]


@pytest.mark.parametrize("days", [300, 6000])
def test_a_count_of_many_months_has_its_report_too(serve: Serve, days: int) -> None:
    """As of a door that is watched all year, or of a computer whose clock was put right meanwhile."""
    log = LogMaker(session="year")
    log.open()
    log.people(3)
    log.utc += days * 86400
    log.people(3)
    log.close()
    client = serve(log=log).client
    for name in ("report.csv", "report.xlsx", "arrivals.svg", "totals?resolution=total"):
        assert client.get(f"/api/v1/sessions/year/{name}").is_success, name
    asked = client.get("/api/v1/sessions/year/report.csv", params={"minutes": 15})
    if days == 300:
        assert (asked.status_code, asked.json()["detail"]) == (422, "Choose longer intervals.")
    else:  # no interval that is offered would do, so it is one that is not
        assert asked.is_success
        assert asked.text.splitlines()[1].count("T00:00:00") == 2


def test_charts_are_svg(serve: Serve, log: LogMaker) -> None:
    served = serve(log=log)
    for name in ("arrivals", "ages"):
        assert "<svg" in served.client.get(f"/api/v1/sessions/fair/{name}.svg").text
    assert served.client.get("/api/v1/sessions/fair/faces.svg").status_code == 422


def test_what_is_not_there_is_a_problem(serve: Serve) -> None:
    served = serve()
    for path in (
        "/api/v1/sessions/nothing",
        "/api/v1/sessions/nothing/totals",
        "/api/v1/sessions/nothing/people",
        "/api/v1/sessions/nothing/report.pdf",
        "/api/v1/nothing",
    ):
        answer = served.client.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "detail", "instance"} <= set(answer.json())


def test_the_description_of_the_api_is_served_and_shown_without_scripts_from_elsewhere(serve: Serve) -> None:
    served = serve()
    description = served.client.get("/api/v1/openapi.json").json()
    assert "/api/v1/sessions/{session}/totals" in description["paths"]
    page = served.client.get("/api/v1/docs")
    assert page.status_code == 200
    assert "/api/v1/predict" in page.text
    assert "one of total, minute, quarter, hour, day; hour if not given" in page.text
    assert "://" not in page.text.replace("http://www.w3.org", "")


def test_a_count_is_not_put_right_while_another_program_holds_it(serve: Serve, log: LogMaker, tmp_path) -> None:  # type: ignore[no-untyped-def]
    from desktop_app.store.store import Store
    from desktop_app.web.context import make_context
    from desktop_app.web.problems import Problem

    served = serve(log=log)
    reading = Store.open(tmp_path / "counts-0", read_only=True)
    context = make_context(served.context.settings, served.context.access, store=reading, counted_elsewhere=True)
    try:
        with pytest.raises(Problem) as found:
            context.counts.correct("fair", "added", new="male", operator="", note="")
        assert found.value.status == 409
    finally:
        context.close()


def test_what_lives_is_said(serve: Serve) -> None:
    served = serve(open_to=None)
    assert served.client.get("/livez").text == "ok\n"
    assert served.client.get("/readyz").status_code == 200
    assert served.client.get("/metrics").status_code == 401
    assert "headcount_build_info" in served.client.get("/metrics", headers=served.bearer(Role.SEE)).text


@pytest.mark.parametrize(
    "path",
    ["/livez", "/", "/live", "/api/v1/live", "/api/v1/live/events", "/static/style.css", "/static/colours.css",
     "/api/v1/sessions/fair/report.csv", "/nothing"],
)  # fmt: skip
def test_a_monitor_may_ask_for_the_head_alone(served_fair: Served, path: str) -> None:
    client = served_fair.client
    head = client.head(path)
    with client.stream("GET", path) as whole:
        assert head.status_code == whole.status_code
        # What is counted just now has the time in it, and is there a moment after the start.
        changing = {"date", "content-length"} if path in ("/live", "/api/v1/live") else {"date"}
        without = [{k: v for k, v in answer.headers.items() if k not in changing} for answer in (head, whole)]
        assert without[0] == without[1]
    assert head.content == b""
    assert client.get("/livez").text == "ok\n", "the connection serves further requests"
    assert 'method="HEAD"' in client.get("/metrics").text
    assert eventually(lambda: served_fair.context.live.viewers == 0)


def test_a_full_disk_is_said_and_is_no_mistake_of_ours(served_fair: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    client = served_fair.client
    assert client.get("/readyz").is_success

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(counts, "export", full)
    answer = client.get("/api/v1/sessions/fair/report.pdf")
    assert (answer.status_code, answer.json()["title"]) == (507, "There is no room for this on the server's disk.")
    monkeypatch.setattr(UploadFolder, "free_bytes", lambda _: 1000)
    ready = client.get("/readyz")
    assert (ready.status_code, ready.text) == (503, "there is no room for an upload\n")
    assert client.get("/livez").is_success


def test_a_client_that_closes_half_way_costs_nothing(serve: Serve) -> None:
    served = serve()
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{served.url}/api/v1/live/events", timeout=0.3)
    assert served.client.get("/livez").is_success


def test_the_page_of_kept_counts_lists_them_with_their_reports(serve: Serve, log: LogMaker) -> None:
    served = serve(log=log)
    assert served.store is not None
    for number in range(COUNTS_A_PAGE):
        further = LogMaker(session=f"day-{number}", seq=log.seq + 100 * number + 1)
        further.open(f"Day {number}", "")
        served.store.append(further.entries)
    assert served.store.flush(PATIENCE_S)
    first = served.client.get("/counts").text
    assert "Day 0" in first
    assert "Fair" not in first
    assert served.client.get("/live").text.count("Kept") == 1
    second = served.client.get("/counts", params={"page": 2}).text
    assert f"Hall 3, {local_day(log).day} November 2023" in second
    assert "2 appear female, 2 appear male, 2 undecided" in second
    report = re.findall(r'href="(/api/v1/sessions/fair/report\.[a-z]+)"', second)
    assert len(report) == 3
    assert served.client.get(report[0]).content.startswith(b"%PDF")
    assert served.client.get("/counts", params={"page": 0}).status_code == 422
