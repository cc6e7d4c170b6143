"""The live count: figures of a running session, events of a stream, coming back to it, and Prometheus's figures."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from desktop_app.domain.events import Closed, Crossed, DoorStarted, Entry, Opened
from desktop_app.domain.types import Gender
from desktop_app.errors import StoreError
from desktop_app.reports.watched import Span
from desktop_app.session.door import Door
from desktop_app.session.manager import SessionManager
from desktop_app.settings import Settings
from desktop_app.store.store import Store
from desktop_app.web import feed as feed_module
from desktop_app.web.access import Access, Role
from desktop_app.web.feed import ENTRY_ROOM, Feed, Viewer
from desktop_app.web.live import ManagerCount, StoredCount, hours_of, nothing_counted
from desktop_app.web.metrics import Metrics
from tests.engine.fakes import CoveredCamera, ListSource, LookingPipeline
from tests.patience import PATIENCE_S, eventually
from tests.session.fakes import FakeServices, MemoryStore
from tests.store.logs import LogMaker
from tests.web.conftest import Serve, Served


@contextmanager
def following(
    served: Served, path: str = "/api/v1/live/events", **headers: str
) -> Iterator[Callable[[], tuple[str, str, dict]]]:  # type: ignore[type-arg]
    """Open a stream; the function that is given returns the next event as (kind, id, values)."""
    with httpx.stream("GET", f"{served.url}{path}", headers=headers, timeout=PATIENCE_S) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()

        def next_event() -> tuple[str, str, dict]:  # type: ignore[type-arg]
            kind = event_id = ""
            for line in lines:
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("id: "):
                    event_id = line[4:]
                elif line.startswith("data: "):
                    return kind, event_id, json.loads(line[6:])
            raise AssertionError("the stream ended")

        yield next_event


@contextmanager
def counting(frames: int = 20) -> Iterator[tuple[SessionManager, ManagerCount]]:
    """A manager with a source of a few frames, of which every one counts a person, and what follows it."""
    count = ManagerCount()
    manager = SessionManager(FakeServices(lambda _: ListSource(frames)), MemoryStore(), [count])
    try:
        yield manager, count
    finally:
        manager.shut_down(PATIENCE_S)


def test_the_figures_are_those_of_the_count_that_goes_on(serve: Serve) -> None:
    with counting() as (manager, count):
        served = serve(manager=manager, following=count)
        assert served.client.get("/api/v1/live").json()["state"] == "none"
        manager.open("Fair", "Hall 3")
        run = manager.start(Door("film", Settings(), name="North"))
        assert run.wait(PATIENCE_S)
        people = manager.counts().people
        assert people > 0
        assert eventually(lambda: served.client.get("/api/v1/live").json()["state"] == "over")
        found = served.client.get("/api/v1/live").json()
        assert found["totals"]["people"] == people
        assert (found["name"], found["place"]) == ("Fair", "Hall 3")
        assert found["doors"][0]["name"] == "North"
        assert sum(h["people"] for h in found["hours"]) == people
        assert sum(found["ages"].values()) == people
        manager.new_count()
        assert eventually(lambda: served.client.get("/api/v1/live").json()["totals"]["people"] == 0)


def test_a_covered_camera_is_said_on_the_page_and_counts_as_no_door_that_counts() -> None:
    count, camera = ManagerCount(), CoveredCamera()
    manager = SessionManager(FakeServices(lambda _: camera, LookingPipeline), MemoryStore(), [count])
    count.manager = manager
    try:
        manager.start(Door("camera", Settings()))
        assert eventually(lambda: count.poll() and count.figures().state == "blank")
        assert "cap off the lens" in count.figures().sentence
        metrics = Metrics()
        metrics.show(count.figures())
        assert 'headcount_door_counting{door="main"} 0.0' in metrics.text(viewers=0, waiting=0).decode()
        camera.covered = False
        assert eventually(lambda: count.figures().state == "counting")
    finally:
        assert manager.shut_down(PATIENCE_S)


def test_a_stream_tells_every_change(serve: Serve) -> None:
    with counting() as (manager, count):
        served = serve(manager=manager, following=count)
        session = manager.open("Fair")
        with following(served) as next_event:
            assert next_event()[0] == "totals"
            session.add(Gender.FEMALE)
            while (event := next_event())[2]["totals"]["people"] < 1:
                pass
            first = int(event[1])
            session.add(Gender.MALE)
            while (event := next_event())[2]["totals"]["people"] < 2:
                pass
            assert int(event[1]) > first
            assert event[2]["totals"] == {"people": 2, "female": 1, "male": 1, "undecided": 0}


def test_who_comes_back_gets_the_entries_that_came_meanwhile(serve: Serve) -> None:
    path = "/api/v1/live/events?entries=true"
    with counting() as (manager, count):
        served = serve(manager=manager, following=count)
        session = manager.open("Fair")
        session.add(Gender.FEMALE)

        def entries(next_event: Callable[[], tuple], number: int) -> list[tuple]:  # type: ignore[type-arg]
            found: list[tuple] = []  # type: ignore[type-arg]
            while len(found) < number:
                event = next_event()
                if event[0] == "entry":
                    found.append(event)
            return found

        with following(served, path) as next_event:
            next_event()
            session.add(Gender.MALE)
            while (seen := entries(next_event, 1)[-1])[2]["values"].get("gender") != "male":
                pass
        session.add(Gender.MALE, note="while nobody watched")
        session.add(Gender.UNDECIDED)
        with following(served, path, **{"last-event-id": seen[1]}) as next_event:
            missed = entries(next_event, 2)
        assert [e[2]["values"]["gender"] for e in missed] == ["male", "undecided"]
        assert [int(e[1]) for e in missed] == sorted(int(e[1]) for e in missed)
        assert int(missed[0][1]) > int(seen[1])


def test_single_entries_are_not_promised_where_another_program_counts(serve: Serve, log: LogMaker) -> None:
    served = serve(log=log)
    assert served.client.get("/api/v1/live/events", params={"entries": True}).status_code == 409


def test_the_newest_kept_count_is_shown_where_nothing_is_counted(serve: Serve, log: LogMaker) -> None:
    served = serve(log=log)
    assert eventually(lambda: served.client.get("/api/v1/live").json()["totals"]["people"] == 6)
    found = served.client.get("/api/v1/live").json()
    assert found["state"] == "over"
    assert found["in_view"] is None
    assert [(p["name"], p["into"]) for p in found["places"]] == [("door", 6)]
    newer = LogMaker(session="newer", seq=log.seq)
    newer.open("Second day")
    newer.people(1)
    assert served.store is not None
    served.store.append(newer.entries)
    assert eventually(lambda: served.client.get("/api/v1/live").json()["name"] == "Second day")


def test_a_count_that_another_program_makes_is_followed_through_the_store(tmp_path: Path) -> None:
    writing = Store.open(tmp_path / "counts")
    reading = Store.open(tmp_path / "counts", read_only=True)
    count = StoredCount(reading, counted_elsewhere=True)
    try:
        assert count.figures().state == "none"
        log = LogMaker()
        log.open()
        log.people(3)
        writing.append(log.entries)
        assert writing.flush(PATIENCE_S)
        assert count.poll()
        found = count.figures()
        assert (found.state, found.totals.people, found.name) == ("counting", 3, "Fair")
        assert not count.poll()
        writing.append(log.person(60.0))
        assert writing.flush(PATIENCE_S)
        assert count.poll()
        assert count.figures().totals.people == 4
        assert count.figures().id == log.seq
        assert count.entries_after(0) is None
        writing.append(log.close())
        assert writing.flush(PATIENCE_S)
        assert count.poll()
        assert count.figures().state == "over"
    finally:
        reading.close()
        assert writing.close(PATIENCE_S)


def test_a_quiet_stream_says_that_it_is_alive(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "HEARTBEAT_S", 0.2)
    served = serve()
    with httpx.stream("GET", f"{served.url}/api/v1/live/events", timeout=PATIENCE_S) as stream:
        for line in stream.iter_lines():
            if line == "event: alive":
                return


def test_a_stream_ends_soon_after_its_token_does(serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "HEARTBEAT_S", 0.2)
    served = serve(open_to=None)
    access = Access(tmp_path / "tokens.json")
    headers = {"authorization": f"Bearer {access.make(Role.SEE)}"}
    with httpx.stream("GET", f"{served.url}/api/v1/live/events", headers=headers, timeout=PATIENCE_S) as stream:
        assert stream.status_code == 200
        lines = stream.iter_lines()
        assert "event: totals" in [next(lines) for _ in range(5)]
        access.forget_all()
        assert "event: bye" in list(lines)


def test_a_viewer_who_is_too_slow_loses_entries_and_is_told_but_never_figures() -> None:
    async def check() -> None:
        viewer = Viewer(wants_entries=True)
        log = LogMaker()
        for n in range(ENTRY_ROOM + 10):
            viewer.put(figures=str(n).encode(), entries=[log.add(Closed(0.0))])
        assert len(viewer.entries) == ENTRY_ROOM
        assert viewer.has_missed
        assert viewer.figures == str(ENTRY_ROOM + 9).encode()

    asyncio.run(check())


class _Source:
    """A count whose figures never change, and that fails when it is asked to."""

    def __init__(self) -> None:
        self.fails = threading.Event()
        self.asked = 0

    def poll(self) -> bool:
        self.asked += 1
        if self.fails.is_set():
            raise StoreError("The disk is away.")
        return True

    def figures(self):  # type: ignore[no-untyped-def]
        return nothing_counted()

    def entries_after(self, seq: int) -> list[Entry]:
        return []

    def close(self) -> None:
        pass


def test_a_store_that_cannot_be_read_for_the_moment_ends_no_stream_and_is_said_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(feed_module, "PERIOD_S", 0.01)

    async def check() -> None:
        source = _Source()
        feed = Feed(source)
        running = asyncio.create_task(feed.run())
        events = feed.events()
        assert await anext(events) == b"retry: 2000\n\n"

        async def told() -> dict[str, Any]:
            """Return the next figures."""
            words = (await asyncio.wait_for(anext(events), PATIENCE_S)).decode()
            assert words.startswith("id: 0\nevent: totals\ndata: ")
            found: dict[str, Any] = json.loads(words.partition("data: ")[2])
            return found

        assert (await told())["state"] == "none"
        source.fails.set()
        while (figures := await told())["state"] == "none":
            pass  # what was on its way
        assert figures["state"] == "waiting"
        assert figures["sentence"] == f"The disk is away. These are the figures of {figures['time'][11:16]}."
        asked = source.asked
        assert await asyncio.to_thread(eventually, lambda: source.asked >= asked + 5)
        assert [r.name for r in caplog.records].count(feed_module.__name__) == 1, "not at every look"
        source.fails.clear()
        assert (await told())["state"] == "none"
        await events.aclose()
        assert feed.viewers == 0
        feed.end()
        await asyncio.wait_for(running, PATIENCE_S)

    asyncio.run(check())


@contextmanager
def local_time(zone: str) -> Iterator[None]:
    """Have the computer in another time zone."""
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TZ", zone)
            time.tzset()
            yield
    finally:
        time.tzset()


@pytest.fixture
def whole_hours() -> Iterator[None]:
    """The hours of the local clock are those of UTC, wherever the tests run."""
    with local_time("UTC"):
        yield


def test_hours_have_no_gaps_and_lie_on_the_local_clock() -> None:
    with local_time("Asia/Kathmandu"):  # 5:45 h before UTC
        utc = np.array([1_699_999_000, 1_699_999_100, 1_700_010_000], np.int64)
        one = np.array([1, 0, 1], np.int64)
        hours = hours_of(utc, one, 1 - one, 0 * one)
        assert [h.people for h in hours] == [2, 0, 0, 1]
        assert all(h.start.minute == 0 and h.start.second == 0 for h in hours)
        assert sum(h.female for h in hours) == 2


@pytest.mark.usefixtures("whole_hours")
def test_hours_in_which_nobody_watched_say_so() -> None:
    nine = 1_700_038_800 - 1_700_038_800 % 3600
    utc = np.array([nine + 1800], np.int64)
    one = np.array([1], np.int64)
    watched = [("a", 600, 1800), ("b", 1500, 2400), ("a", 10_800, 10_920)]
    spans = [Span(door, nine + start, nine + end) for door, start, end in watched]
    hours = hours_of(utc, one, 0 * one, 0 * one, spans=spans, now_utc=nine + 4 * 3600 + 120.0)
    assert [(h.people, h.watched_s, h.missed_s, h.is_missing) for h in hours] == [
        (1, 1800.0, 1200.0, False),  # before the count began nobody was expected to watch
        (0, 0.0, 3600.0, True),
        (0, 0.0, 3600.0, True),
        (0, 120.0, 3480.0, False),
        (0, 0.0, 120.0, True),
    ]


@pytest.mark.usefixtures("whole_hours")
def test_a_kept_count_that_was_cut_off_and_taken_up_again_was_watched_before(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "counts")
    count = StoredCount(store, counted_elsewhere=False)
    log = LogMaker()
    log.add(Opened(0.0, "Fair"), "")
    for start in (0.0, 7200.0):  # without an end: the program was killed
        log.utc = 1_700_038_800.0 - 1_700_038_800 % 3600 + start
        log.add(DoorStarted(0.0, "camera 0", log.utc))
        log.add(Crossed(600.0, "p", "gate", "in"))
    log.add(Closed(600.0), "")
    try:
        store.append(log.entries)
        assert store.flush(PATIENCE_S)
        hours = [(h.watched_s, h.missed_s) for h in count.figures().hours]
        assert hours == [(600.0, 3000.0), (0.0, 3600.0), (600.0, 0.0)]
    finally:
        assert store.close(PATIENCE_S)


def test_counters_never_fall_and_corrections_have_their_own(serve: Serve) -> None:
    with counting() as (manager, count):
        served = serve(manager=manager, following=count)

        def figure(name: str) -> float:
            lines = served.client.get("/metrics").text.splitlines()
            return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

        manager.open("Fair")
        assert manager.start(Door("film", Settings(), name="North")).wait(PATIENCE_S)
        session = manager.current
        assert session is not None
        people = session.counts().people
        assert eventually(lambda: figure("headcount_people_counted_total") == people)
        assert eventually(lambda: figure("headcount_current_people") == people)
        session.remove(session.people()[0].ref)
        assert eventually(lambda: figure("headcount_corrections_total") == 1)
        assert eventually(lambda: figure("headcount_current_people") == people - 1)
        assert figure("headcount_people_counted_total") == people
        manager.new_count()
        assert eventually(lambda: figure("headcount_current_people") == 0)
        assert figure("headcount_people_counted_total") == people
        manager.undo_stack.undo()
        assert eventually(lambda: figure("headcount_current_people") == people - 1)
        assert figure("headcount_people_counted_total") == people, "an old count taken up again is not counted twice"


def test_a_label_is_never_what_a_stranger_wrote(serve: Serve) -> None:
    served = serve()
    for n in range(5):
        served.client.get(f"/made-up-{n}")
        served.client.request(f"MADEUP{n}", "/live")
    text = served.client.get("/metrics").text
    assert "made-up" not in text
    assert "MADEUP" not in text


def test_metrics_count_the_entries_of_a_whole_log(log: LogMaker) -> None:
    metrics = Metrics()
    metrics.take(log.entries)
    text = metrics.text(viewers=3, waiting=0).decode()
    assert 'headcount_people_counted_total{door="north"} 6.0' in text
    assert 'headcount_people_decided_total{appears="female",door="north"} 2.0' in text
    assert 'headcount_line_crossings_total{direction="in",door="north",line="door"} 6.0' in text
    assert "headcount_viewers 3.0" in text
