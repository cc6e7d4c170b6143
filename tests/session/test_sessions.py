"""A count is kept by every normal act: start, stop, new count, undo, going on, a failed source, the end."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from desktop_app.domain.events import (
    Closed,
    Corrected,
    Counted,
    DoorEnded,
    DoorStarted,
    Entry,
    Left,
    Merged,
    PlaceRenamed,
    PlacesSet,
    SourceLost,
)
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Gender
from desktop_app.engine.state import EngineOptions, EngineState, EngineStats
from desktop_app.reports.watched import watched_spans
from desktop_app.session.door import Door
from desktop_app.session.door_run import DoorRun
from desktop_app.session.listeners import QueuedListener
from desktop_app.session.log import SequenceNumbers, SessionLog
from desktop_app.session.manager import SessionManager
from desktop_app.session.pace import TOO_SLOW_S, PaceWatch
from desktop_app.session.seen_before import LeadIn, seen_before
from desktop_app.session.session import CorrectionError, Session
from desktop_app.settings import PlaceSettings, Settings
from desktop_app.settings.counted_with import as_lines
from tests.domain.log import Log
from tests.engine.fakes import CountingPipeline, CoveredCamera, ListSource, LookingPipeline
from tests.patience import HANGS_S, PATIENCE_S, eventually
from tests.session.fakes import FakeServices, MemoryStore, Watcher

FILE = Door("film.mp4", Settings())


def wait_for(condition: Callable[[], object]) -> None:
    assert eventually(condition), "waited in vain"


def let_through(manager: SessionManager) -> None:
    """Wait until what was under way at the pause has been counted: two frames at most, each quicker than a look."""
    seen: list[int] = []
    while len(seen) < 6 or len(set(seen[-6:])) > 1:
        assert manager.run is not None
        seen.append(manager.run.stats.frames)
        time.sleep(0.1)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def live(store: MemoryStore) -> Iterator[SessionManager]:
    """A manager over a live source that never ends, one woman every 5 frames."""
    manager = SessionManager(FakeServices(lambda text: ListSource(10**6, fps=200, live=True)), store)
    yield manager
    assert manager.shut_down(PATIENCE_S)


@pytest.fixture
def files(store: MemoryStore) -> Iterator[SessionManager]:
    manager = SessionManager(FakeServices(), store)
    yield manager
    assert manager.shut_down(PATIENCE_S)


def finish(manager: SessionManager) -> Session:
    assert manager.run is not None
    assert manager.run.wait(PATIENCE_S)
    assert manager.wait(PATIENCE_S)
    assert manager.current is not None
    return manager.current


def stored_people(store: MemoryStore, session: Session) -> int:
    return Totals(store.entries(session.id)).counts().people


def test_a_file_is_one_session_that_closes_itself(files: SessionManager, store: MemoryStore) -> None:
    files.start(FILE)
    session = finish(files)
    assert session.closed
    assert (session.counts().people, session.counts().female) == (4, 4)
    kinds = store.kinds(session.id)
    assert kinds[:3] == ["Opened", "DoorStarted", "PlacesSet"]
    assert kinds[-2:] == ["DoorEnded", "Closed"]
    assert stored_people(store, session) == 4


def test_entries_of_a_file_carry_the_time_of_the_recording(files: SessionManager, store: MemoryStore) -> None:
    files.start(FILE)
    people = finish(files).people()
    assert people[0].counted_utc == pytest.approx(1_000_000.0 + people[0].counted_s)
    started = next(e.event for e in store.all if isinstance(e.event, DoorStarted))
    assert started.settings == as_lines(Settings())
    assert (started.began_utc, started.clock) == (1_000_000.0, "container")
    files.start(Door("film.mp4", Settings(), began_utc=5000.0))
    people = finish(files).people()
    assert people[0].counted_utc == pytest.approx(5000.0 + people[0].counted_s)


def test_a_start_is_a_new_session_and_the_one_before_is_kept(files: SessionManager, store: MemoryStore) -> None:
    files.start(FILE)
    first = finish(files)
    files.start(FILE)
    second = finish(files)
    assert second is not first
    assert files.previous is first
    assert (stored_people(store, first), stored_people(store, second)) == (4, 4)
    assert {r.ref for r in first.people()}.isdisjoint(r.ref for r in second.people()), "references never repeat"


def test_starting_twice_at_once_closes_both_in_the_end(live: SessionManager, store: MemoryStore) -> None:
    sessions = []
    for _ in range(4):
        live.start(FILE)
        sessions.append(live.current)
        wait_for(lambda: live.counts().people > 1)
    live.stop()
    assert live.wait(PATIENCE_S)
    for session in sessions:
        assert session is not None
        assert session.closed
        assert [k for k in store.kinds(session.id) if k in ("DoorEnded", "Closed")] == ["DoorEnded", "Closed"]


def test_a_source_that_cannot_be_opened_leaves_no_session(store: MemoryStore) -> None:
    watcher = Watcher()
    manager = SessionManager(FakeServices(), store, [watcher])
    manager.start(Door("missing", Settings()))
    assert manager.wait(PATIENCE_S)
    assert watcher.states[-1] == EngineState.FAILED
    assert str(watcher.errors[0]) == "There is no such camera. Plug it in."
    assert manager.shut_down(PATIENCE_S)
    assert store.all == []


def test_a_lost_source_keeps_the_count_and_retrying_goes_on_in_the_same_session(store: MemoryStore) -> None:
    sources = [ListSource(50, fail_at=22), ListSource(50)]
    manager = SessionManager(FakeServices(lambda text: sources.pop(0)), store)
    manager.start(FILE)
    session = finish(manager)
    assert session.counts().people == 4
    assert not session.closed
    manager.retry()
    assert finish(manager) is session
    assert session.counts().people == 10, "the film is taken up where it was lost"
    numbers = [r.number for r in session.people()]
    assert numbers == sorted(set(numbers))
    assert manager.shut_down(PATIENCE_S)
    endings = [e.event.reason for e in store.all if isinstance(e.event, DoorEnded)]
    assert endings == ["failed", "finished"]
    assert isinstance(store.all[-1].event, Closed)


def test_a_new_count_begins_with_whoever_is_in_view_and_undo_joins_both(
    live: SessionManager, store: MemoryStore
) -> None:
    live.start(FILE)
    wait_for(lambda: live.counts().people >= 5)
    before = live.current
    new = live.new_count()
    assert before is not None
    assert new is not None
    wait_for(lambda: new.counts().people >= 5 and before.closed)
    live.pause(True)
    let_through(live)
    old_people, new_people = before.people(), new.people()
    both = {r.ref for r in old_people} | {r.ref for r in new_people}
    assert len(both) < len(old_people) + len(new_people), "somebody was in view in both"
    assert [r.number for r in new_people] == list(range(1, len(new_people) + 1))
    assert live.undo_stack.undo_name == "new count"
    live.undo_stack.undo()
    wait_for(lambda: new.closed)
    assert live.current is before
    assert before.counts().people == len(both), "nobody counts twice"
    live.pause(False)
    wait_for(lambda: before.counts().people > len(both) + 2)
    live.undo_stack.redo()
    assert live.current is new
    wait_for(lambda: before.closed)
    assert new.counts().people >= len(new_people)


def test_undo_of_a_new_count_survives_being_loaded_again(live: SessionManager, store: MemoryStore) -> None:
    live.start(FILE)
    wait_for(lambda: live.counts().people >= 3)
    old = live.current
    new = live.new_count()
    assert old is not None
    assert new is not None
    wait_for(lambda: new.counts().people >= 6)
    live.undo_stack.undo()
    wait_for(lambda: new.closed)
    live.stop()
    assert live.wait(PATIENCE_S)
    loaded = SessionManager(FakeServices(), store).load(old.id)
    assert loaded.counts() == old.counts()


def cut_off_at(store: MemoryStore, people: int) -> MemoryStore:
    """What a crash left of a count: everything up to the person counted last."""
    left = MemoryStore()
    for entry in store.all:
        left.append([entry])
        people -= isinstance(entry.event, Counted)
        if not people:
            return left
    raise AssertionError("nobody was counted")


def test_a_session_that_was_cut_off_goes_on_in_the_film_where_it_was(store: MemoryStore) -> None:
    first = SessionManager(FakeServices(), store)
    first.start(FILE)
    session = finish(first)
    manager = SessionManager(FakeServices(), cut_off_at(store, 2))
    again = manager.go_on_with(manager.load(session.id))
    assert again.counts().people == 2
    manager.start(FILE)
    assert finish(manager) is again
    people = again.people()
    assert [p.counted_s for p in people] == [p.counted_s for p in session.people()]
    spans, whole = watched_spans(again.log.entries()), watched_spans(session.log.entries())
    assert spans[0].start_utc == whole[0].start_utc
    assert spans[-1].end_utc == pytest.approx(whole[-1].end_utc), "on the clock of the first go"
    assert again.closed
    assert first.shut_down(PATIENCE_S)
    assert manager.shut_down(PATIENCE_S)


def test_whoever_was_in_view_at_the_cut_is_known_to_the_picture_by_their_number_in_the_log(store: MemoryStore) -> None:
    first = SessionManager(FakeServices(), store)
    first.start(FILE)
    session = finish(first)
    pipelines: list[CountingPipeline] = []

    def make_pipeline() -> CountingPipeline:
        pipelines.append(CountingPipeline())
        return pipelines[-1]

    manager = SessionManager(FakeServices(make_pipeline=make_pipeline), cut_off_at(store, 2))
    manager.go_on_with(manager.load(session.id))
    told: list[tuple[dict[str, int], int, dict[str, str]]] = []
    plain = CountingPipeline.renumber

    def renumber(pipeline: CountingPipeline, numbers: dict[str, int], following: int, refs: dict[str, str]) -> None:
        told.append((numbers, following, refs or {}))
        plain(pipeline, numbers, following, refs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CountingPipeline, "renumber", lambda p, n, following, refs=None: renumber(p, n, following, refs))
        manager.start(FILE)
        again = finish(manager)
    known = [ref for _, _, refs in told for ref in refs.values()]
    assert known == [p.ref for p in again.people()][:2]
    assert {numbers[ref] for numbers, _, refs in told for ref in refs.values()} == {1, 2}
    assert [p.number for p in again.people()] == [1, 2, 3, 4], "no number is left out"
    assert first.shut_down(PATIENCE_S)
    assert manager.shut_down(PATIENCE_S)


def test_another_film_and_another_start_begin_at_their_beginning(store: MemoryStore) -> None:
    first = SessionManager(FakeServices(), store)
    first.start(FILE)
    session = finish(first)
    manager = SessionManager(FakeServices(), cut_off_at(store, 2))
    manager.go_on_with(manager.load(session.id))
    manager.start(replace(FILE, source="other.mp4"))
    assert finish(manager).counts().people == 6
    manager.start(FILE)
    assert finish(manager).counts().people == 4
    assert first.shut_down(PATIENCE_S)
    assert manager.shut_down(PATIENCE_S)


def test_a_film_is_taken_up_a_little_before_its_cut() -> None:
    log = Log()
    log.add(DoorStarted(0.0, "hall.mp4", 5000.0, "container"))
    log.add(Counted(100.0, "a", 1, 99.0))
    log.add(Corrected(0.0, "a", "gender", "male"))
    log.add(DoorStarted(0.0, "camera:0", 9000.0, "live"), "other")
    seen = seen_before(log.entries, "d", "hall.mp4")
    assert seen is not None
    assert (seen.until_s, seen.seek_s, seen.start.utc) == (100.0, 90.0, 5000.0)
    lead_in = LeadIn(seen)
    assert lead_in.new([Counted(95.0, "z", 1, 94.0), Counted(99.9, "b", 2, 99.0)]) == []
    after = [Left(100.5, "b", 100.5, 1.0), Left(101.0, "z", 101.0, 7.0), Merged(102.0, "z", "b")]
    assert lead_in.new(after) == [
        *(Left(100.5, "a", 100.5, 1.0), Left(101.0, "z", 101.0, 7.0), Merged(102.0, "z", "a")),
    ], "whoever is counted again at the same moment is who was counted then"
    assert seen_before(log.entries, "d", "other.mp4") is None
    assert seen_before(log.entries, "other", "camera:0") is None, "a camera shows what is now"
    log.add(DoorStarted(100.0, "hall.mp4", 5000.0, "container"))
    assert seen_before(log.entries, "d", "hall.mp4") == seen, "cut off again before anything more was seen"


def test_a_session_that_is_not_taken_up_is_closed_as_of_its_last_entry(files: SessionManager) -> None:
    files.start(FILE)
    session = finish(files)
    store = MemoryStore()
    store.append([e for e in session.log.entries() if not isinstance(e.event, Closed)])
    last = store.all[-1].utc
    manager = SessionManager(FakeServices(), store)
    manager.close_stored(session.id)
    assert isinstance(store.all[-1].event, Closed)
    assert store.all[-1].utc == last
    assert manager.load(session.id).closed


def test_a_file_played_over_and_over_is_kept_once(store: MemoryStore) -> None:
    manager = SessionManager(FakeServices(), store)
    first = manager.open()
    manager.start(FILE, EngineOptions(loop=True))
    wait_for(lambda: manager.current is not first and manager.counts().people == 2)
    manager.stop()
    assert manager.wait(PATIENCE_S)
    assert manager.shut_down(PATIENCE_S)
    assert {e.session for e in store.all} == {first.id}
    assert stored_people(store, first) == 4


def test_a_count_taken_up_again_after_its_end_is_closed_again(files: SessionManager, store: MemoryStore) -> None:
    files.start(FILE)
    session = finish(files)
    files.retry()
    assert finish(files) is session
    assert session.closed
    assert store.kinds(session.id).count("Closed") == 2
    files.go_on_with(files.load(session.id))
    assert not session.closed
    files.shut_down(PATIENCE_S)
    assert session.closed


def test_undo_does_not_reach_the_count_of_a_pass_that_is_over(store: MemoryStore) -> None:
    services = FakeServices(lambda text: ListSource(20, fps=200))
    manager = SessionManager(services, store)
    manager.start(FILE, EngineOptions(loop=True, speed=1.0))
    first = manager.current
    wait_for(lambda: manager.counts().people >= 1)
    manager.new_count()
    wait_for(lambda: manager.current is not first and manager.undo_stack.undo_name == "")
    assert manager.active
    manager.undo_stack.undo()
    assert manager.active
    assert manager.shut_down(PATIENCE_S)


def test_pause_loss_and_return_are_in_the_log(store: MemoryStore) -> None:
    services = FakeServices(lambda text: ListSource(10**6, fps=200, live=True))
    manager = SessionManager(services, store)
    manager.start(FILE)
    wait_for(lambda: manager.counts().people)
    manager.pause(True)
    manager.pause(False)
    assert services.connection is not None
    services.connection(False, "The camera was unplugged.")
    services.connection(True, "It is back.")
    assert manager.shut_down(PATIENCE_S)
    assert manager.current is not None
    kinds = [k for k in store.kinds(manager.current.id) if k not in ("Counted", "Left")]
    assert kinds == [
        *("Opened", "DoorStarted", "PlacesSet", "Paused", "Resumed"),
        *("SourceLost", "SourceBack", "DoorEnded", "Closed"),
    ]


def test_a_kept_pipeline_gets_the_places_of_the_run_and_is_emptied(store: MemoryStore) -> None:
    pipeline = CountingPipeline()
    manager = SessionManager(FakeServices(make_pipeline=lambda: pipeline), store)
    line = PlaceSettings("door", "line", ((0.1, 0.5), (0.9, 0.5)))
    manager.start(Door("film.mp4", Settings(places=(line,))))
    finish(manager)
    manager.start(Door("film.mp4", Settings()))
    finish(manager)
    assert manager.shut_down(PATIENCE_S)
    assert pipeline.places == [(("door",), (), ()), ((), (), ())]
    assert pipeline.resets == 2


# ---------------------------------------------------------------------------------------- the operator's decisions


@pytest.fixture
def counted(files: SessionManager) -> Session:
    files.start(FILE)
    return finish(files)


def test_every_correction_is_one_named_step_of_undo(files: SessionManager, counted: Session) -> None:
    refs = [r.ref for r in counted.people()]
    states = [counted.counts()]

    def step(do: Callable[[], object], name: str) -> None:
        do()
        assert files.undo_stack.undo_name == name
        states.append(counted.counts())

    step(lambda: counted.correct(refs[0], "gender", "male"), "male, person 1")
    step(lambda: counted.correct(refs[0], "age_band", "60-69"), "age 60-69, person 1")
    step(lambda: counted.mark_staff(refs[1]), "staff, person 2")
    step(lambda: counted.merge(refs[2], refs[3]), "same person, person 3 and person 4")
    step(lambda: counted.split(refs[2]), "split, person 4")
    step(lambda: counted.remove(refs[3]), "not a person, person 4")
    step(lambda: counted.add(Gender.FEMALE, "20-29"), "one added by hand")
    assert [s.people for s in states] == [4, 4, 4, 3, 2, 3, 2, 3]
    for before in reversed(states[:-1]):
        files.undo_stack.undo()
        assert counted.counts() == before
    for after in states[1:]:
        files.undo_stack.redo()
        assert counted.counts() == after


def test_what_cannot_be_corrected_is_refused_with_the_reason(counted: Session) -> None:
    refs = [r.ref for r in counted.people()]
    with pytest.raises(CorrectionError, match="not in the count"):
        counted.correct("nobody", "gender", "male")
    with pytest.raises(CorrectionError, match="was not put together"):
        counted.split(refs[0])
    counted.remove(refs[0])
    with pytest.raises(CorrectionError, match="not a person"):
        counted.correct(refs[0], "gender", "male")
    counted.merge(refs[1], refs[2])
    with pytest.raises(CorrectionError, match="same person already"):
        counted.merge(refs[2], refs[1])


def test_staff_are_known_to_the_pipeline_and_forgotten_with_undo(store: MemoryStore) -> None:
    pipeline = CountingPipeline()
    manager = SessionManager(FakeServices(lambda text: ListSource(10**6, fps=200, live=True), lambda: pipeline), store)
    manager.start(FILE)
    wait_for(lambda: manager.counts().people)
    assert manager.current is not None
    ref = manager.current.people()[0].ref
    manager.current.mark_staff(ref)
    wait_for(lambda: pipeline.staff == [(ref, True)])
    manager.undo_stack.undo()
    wait_for(lambda: pipeline.staff == [(ref, True), (ref, None)])
    assert manager.shut_down(PATIENCE_S)


def test_undo_does_not_reach_a_count_that_is_no_longer_shown(files: SessionManager, counted: Session) -> None:
    counted.remove(counted.people()[0].ref)
    files.start(FILE)
    finish(files)
    assert files.undo_stack.undo_name == ""
    assert counted.counts().people == 3


# ---------------------------------------------------------------------------------------- nothing is left behind


def test_fifty_runs_leave_no_run_and_no_thread(files: SessionManager) -> None:
    threads = threading.active_count()
    runs = []
    for _ in range(50):
        run = files.start(FILE)
        runs.append(weakref.ref(run))
        assert run.wait(PATIENCE_S)
    assert files.wait(PATIENCE_S)
    del run
    gc.collect()
    assert sum(ref() is not None for ref in runs) <= 2, "only the last runs may still be known"
    assert eventually(lambda: threading.active_count() <= threads)


def test_a_slow_listener_loses_entries_and_the_count_does_not() -> None:
    let_go = threading.Event()
    told: list[Entry] = []

    def slowly(entries: object) -> None:
        let_go.wait(HANGS_S)
        told.extend(entries)  # type: ignore[call-overload]

    listener = QueuedListener(slowly, "slow", capacity=10)
    log = SessionLog("s", SequenceNumbers(), [listener])
    log.append([DoorStarted(0.0, "x", 0.0)])
    wait_for(lambda: not listener._waiting)
    for _ in range(100):
        log.append([Closed(0.0)])
    let_go.set()
    assert listener.close(PATIENCE_S)
    assert listener.missed == 90
    assert len(told) == 11
    assert len(log.entries()) == 101


def test_numbers_rise_although_the_clock_is_set_back() -> None:
    times = iter([1000.0, 1000.0, 400.0, 2000.0])
    numbers = SequenceNumbers(clock=lambda: next(times))
    found = [numbers.next() for _ in range(4)]
    assert found == sorted(set(found))
    assert SequenceNumbers(last=10**18).next() == 10**18 + 1


TOO_SLOW = EngineStats(source_fps=30.0, processed_fps=4.0)


def test_too_slow_is_told_once_after_a_while_without_a_break() -> None:
    pace = PaceWatch()
    assert not pace.is_too_slow(0.0, TOO_SLOW)
    assert not pace.is_too_slow(9.0, TOO_SLOW)
    assert not pace.is_too_slow(9.5, EngineStats(source_fps=30.0, processed_fps=25.0)), "it caught up"
    assert not pace.is_too_slow(10.0, TOO_SLOW)
    assert pace.is_too_slow(20.5, TOO_SLOW)
    assert not pace.is_too_slow(40.0, TOO_SLOW), "told once"


@pytest.mark.parametrize("live", [True, False])
def test_a_live_source_that_cannot_be_kept_up_with_gets_the_lighter_model_and_a_file_never(live: bool) -> None:
    class Notices(Watcher):
        def __init__(self) -> None:
            super().__init__()
            self.sentences: list[str] = []

        def on_notice(self, run: DoorRun, sentence: str) -> None:
            self.sentences.append(sentence)

    class Slow(PaceWatch):
        """Finds every frame far behind its source, a second after the one before."""

        def is_too_slow(self, time_s: float, stats: EngineStats) -> bool:
            return super().is_too_slow(time_s * 100, TOO_SLOW)

    watcher, pipeline = Notices(), CountingPipeline()
    manager = SessionManager(
        FakeServices(lambda text: ListSource(10**6, fps=100, live=live), lambda: pipeline), None, [watcher]
    )
    run = manager.start(FILE)
    run._pace = Slow()
    if live:
        wait_for(lambda: watcher.sentences)
        assert run.names == ("fake detector", "lighter network")
        assert "faster model" in watcher.sentences[0]
    else:
        wait_for(lambda: run.stats.time_s > 2 * TOO_SLOW_S / 100)
    assert run.fell_back == pipeline.fallen_back == live
    assert manager.shut_down(PATIENCE_S)


def test_the_log_is_told_that_a_line_was_renamed(live: SessionManager, store: MemoryStore) -> None:
    line = PlaceSettings("door", "line", ((0.1, 0.5), (0.9, 0.5)))
    run = live.start(Door("camera:0", Settings(places=(line,))))
    wait_for(lambda: live.counts().people)
    run.set_places(Settings(places=(replace(line, name="gate"),)))
    wait_for(lambda: "PlaceRenamed" in store.kinds(live.current.id if live.current else ""))
    told = [e.event for e in store.all if isinstance(e.event, PlaceRenamed | PlacesSet)]
    assert [type(event).__name__ for event in told] == ["PlacesSet", "PlaceRenamed", "PlacesSet"]
    assert (told[1].place, told[1].name) == ("door", "gate")  # type: ignore[union-attr]
    assert live.current is not None
    assert [name for _, name in live.current.log.read(lambda totals: totals.places())] == ["gate"]


# ---------------------------------------------------------------------------------------- pictures that show nothing


def test_the_time_of_black_pictures_in_a_film_was_not_watched(store: MemoryStore) -> None:
    film = CoveredCamera(120, live=False, covered=False)
    film.black = [(12.0, 50.0)]
    manager = SessionManager(FakeServices(lambda text: film, LookingPipeline), store)
    manager.start(FILE)
    session = finish(manager)
    entries = session.log.entries()
    assert [(s.start_utc - 1e6, s.end_utc - 1e6) for s in watched_spans(entries)] == [(0.0, 12.0), (50.0, 59.5)]
    ended = next(e.event for e in entries if isinstance(e.event, DoorEnded))
    assert ended.message == "From 12 s to 50 s the picture of “list” was black."
    assert manager.shut_down(PATIENCE_S)


def test_of_a_film_that_is_black_throughout_nothing_was_watched(store: MemoryStore) -> None:
    film = CoveredCamera(6, live=False)
    manager = SessionManager(FakeServices(lambda text: film, LookingPipeline), store)
    manager.start(FILE)
    session = finish(manager)
    assert watched_spans(session.log.entries()) == []
    assert manager.shut_down(PATIENCE_S)


def test_a_covered_camera_is_in_the_log_and_a_new_count_begins_with_it(store: MemoryStore) -> None:
    camera = CoveredCamera(covered=False)
    manager = SessionManager(FakeServices(lambda text: camera, LookingPipeline), store)
    manager.start(FILE)
    run = manager.run
    assert run is not None
    wait_for(lambda: run.stats.frames)
    camera.covered = True
    wait_for(lambda: run.state is EngineState.BLANK)
    first = manager.current
    manager.new_count()
    wait_for(lambda: manager.current is not first and manager.current is not None and manager.current.log.begun)
    second = manager.current
    assert first is not None
    assert second is not None
    lost = next(e for e in first.log.entries() if isinstance(e.event, SourceLost))
    assert "cap off the lens" in lost.event.message
    wait_for(lambda: "SourceLost" in store.kinds(second.id))
    assert watched_spans(second.log.entries()) == []
    camera.covered = False
    wait_for(lambda: run.state is EngineState.RUNNING)
    assert manager.shut_down(PATIENCE_S)
    kinds = [k for k in store.kinds(second.id) if k in ("DoorStarted", "SourceLost", "SourceBack", "DoorEnded")]
    assert kinds == ["DoorStarted", "SourceLost", "SourceBack", "DoorEnded"]


def test_a_deleted_count_is_no_longer_the_current_one(files: SessionManager) -> None:
    files.start(Door("missing", Settings()))
    deleted = finish(files)
    deleted.add(Gender.MALE, "", "")
    assert files.undo_stack.undo_name
    assert not files.leave_deleted("another")
    assert files.leave_deleted(deleted.id)
    assert files.current is None
    assert not files.undo_stack.undo_name
    assert files.retry() is None  # it would count on in what nobody sees any more
    files.start(FILE)
    assert finish(files).id != deleted.id


def test_a_deleted_count_before_this_one_is_not_joined_by_undo(files: SessionManager) -> None:
    files.start(FILE)
    first = finish(files)
    second = files.new_count()
    assert second is not None
    second.add(Gender.MALE, "", "")
    assert not files.leave_deleted(first.id)
    assert files.current is second
    assert files.previous is None
    assert files.undo_stack.undo()  # the person added
    assert files.undo_stack.undo() == ""
    assert files.current is second


def test_a_count_under_way_is_not_left(live: SessionManager) -> None:
    live.start(FILE)
    assert live.current is not None
    assert not live.leave_deleted(live.current.id)
    assert live.active
