"""While the disk refuses, counting goes on, the operator is told once, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from desktop_app.domain.events import Entry
from desktop_app.store import Store, StoreError, database, held_database, writer
from desktop_app.store.spill import SpillFile
from tests.patience import HANGS_S, PATIENCE_S, eventually
from tests.store.conftest import OpenStore
from tests.store.logs import LogMaker

Sql = Callable[[str], list[tuple[object, ...]]]


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the database as a program does that is about to write."""
    other = sqlite3.connect(folder / "counts.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.fixture
def quick_to_give_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.05)


def check_nothing_is_lost(store: Store, log: LogMaker, problems: list[str]) -> None:
    assert store.flush(PATIENCE_S)
    assert list(store.entries(log.session)) == log.entries
    assert store.problem == ""
    assert problems[-1] == ""
    assert len(problems) == 2, "told once, and once that all is well"


def spilled(temporary: Path) -> list[Path]:
    return list(temporary.glob("headcount-waiting-*"))


@pytest.mark.usefixtures("quick_to_give_up")
def test_a_locked_database(open_store: OpenStore, folder: Path, temporary: Path, problems: list[str]) -> None:
    store = open_store()
    log = LogMaker()
    store.append(log.open())
    assert store.flush(PATIENCE_S)
    with locked(folder):
        store.append(log.people(3))
        assert eventually(lambda: len(problems) == 1)
        assert "Another program holds the file of counts" in store.problem
        assert eventually(lambda: len(spilled(temporary)) == 1), "a crash now must not lose them"
        store.append(log.people(2))
        assert not store.flush(0.2)
        with pytest.raises(StoreError, match="could not be changed"):
            store.delete(log.session)
        assert store.last_seq() == log.seq
    check_nothing_is_lost(store, log, problems)
    assert spilled(temporary) == []
    assert [e.seq for e in store.entries(log.session)] == sorted(e.seq for e in log.entries)


@pytest.mark.usefixtures("quick_to_give_up")
def test_entries_that_wait_at_the_end_of_the_program_are_there_at_the_next_start(
    open_store: OpenStore, folder: Path, temporary: Path
) -> None:
    store = open_store()
    log = LogMaker()
    store.append(log.open())
    assert store.flush(PATIENCE_S)
    with locked(folder):
        store.append(log.people(3))
        assert not store.close(10.0)
    assert len(spilled(temporary)) == 1
    again = open_store()
    assert list(again.entries(log.session)) == log.entries, "before anything else is asked"
    assert spilled(temporary) == []
    assert again.problem == ""


@pytest.fixture
def nearly_full_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Limits how many pages databases opened from here on may have, 0 for as many as they like."""
    pages = [0]

    def open_limited(path: Path) -> sqlite3.Connection:
        connection = database.open_for_writing(path)
        if pages[0]:
            connection.execute(f"PRAGMA max_page_count={pages[0]}")
        return connection

    monkeypatch.setattr(held_database, "open_for_writing", open_limited)

    def limit(to: int) -> None:
        pages[0] = to

    return limit


@pytest.mark.slow
def test_a_full_database(
    open_store: OpenStore, nearly_full_disk: Callable[[int], None], problems: list[str], temporary: Path
) -> None:
    nearly_full_disk(25)
    store = open_store()
    log = LogMaker()
    store.append(log.open())
    for _ in range(5):
        store.append(log.people(200))
        store.flush(0.5)
    assert eventually(lambda: bool(problems))
    assert "is full" in problems[0]
    assert "Free some space" in problems[0]
    assert eventually(lambda: bool(spilled(temporary)))
    assert store._writer is not None
    connection = store._writer._database.connection
    assert connection is not None
    connection.execute("PRAGMA max_page_count=1000000")  # somebody made room
    check_nothing_is_lost(store, log, problems)


def fill(path: Path) -> None:
    """Write to a file until the disk takes no more."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


def _can_mount() -> bool:
    return sys.platform.startswith("linux") and os.geteuid() == 0 and shutil.which("mount") is not None


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of one megabyte, where the test may make one."""
    if not _can_mount():
        pytest.skip("only root can mount a small disk")
    folder.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_disk_that_is_really_full(small_disk: Path, open_store: OpenStore, problems: list[str]) -> None:
    store = open_store()
    log = LogMaker()
    store.append(log.open())
    assert store.flush(PATIENCE_S)
    ballast = small_disk / "ballast"
    fill(ballast)
    store.append(log.people(300))
    assert eventually(lambda: bool(problems))
    assert "full" in problems[0]
    ballast.unlink()
    check_nothing_is_lost(store, log, problems)
    store.close(PATIENCE_S)


def test_on_a_full_disk_everything_can_be_deleted_and_else_the_remedy_is_said(
    small_disk: Path, open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop_app.store.backups.SPARE_BYTES", 0)
    store = open_store()
    log = LogMaker()
    store.append([*log.open("a name nobody may read later"), *log.people(300)])
    assert store.flush(PATIENCE_S)
    assert store._keeper is not None
    store._keeper.copy()
    assert store.copies()
    fill(small_disk / "ballast")
    with pytest.raises(StoreError, match=r"The disk with the counts is full .* Free some space on it"):
        store._written.run(lambda c: c.execute("UPDATE entry SET utc = utc + 1").rowcount)
    store.delete_everything()
    assert store.sessions() == store.copies() == []
    for path in small_disk.rglob("counts*"):
        assert path.is_dir() or b"nobody may read" not in path.read_bytes()


def test_a_disk_that_becomes_read_only(small_disk: Path, open_store: OpenStore, problems: list[str]) -> None:
    store = open_store()
    log = LogMaker()
    store.append(log.open())
    assert store.flush(PATIENCE_S)
    store.close(PATIENCE_S)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    store = open_store()
    assert "Allow writing to this folder" in store.problem
    assert store.last_seq() == log.seq, "what is there can be read"
    assert [info.id for info in store.sessions()] == [log.session]
    store.append(log.people(3))
    assert not store.flush(0.3)
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    check_nothing_is_lost(store, log, problems)
    store.close(PATIENCE_S)


def test_a_folder_that_cannot_be_made(open_store: OpenStore, folder: Path, problems: list[str]) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("a file where the folder should be")
    store = open_store()
    assert str(folder) in store.problem
    log = LogMaker()
    store.append([*log.open(), *log.people(2)])
    assert not store.flush(0.3)
    folder.unlink()
    check_nothing_is_lost(store, log, problems)


@pytest.mark.skipif(os.name != "posix", reason="an open file cannot be deleted on Windows")
@pytest.mark.parametrize("whole_folder", [False, True])
def test_a_file_that_is_deleted_while_it_is_open_is_written_again(
    open_store: OpenStore, folder: Path, problems: list[str], whole_folder: bool
) -> None:
    store = open_store()
    log = LogMaker()
    store.append([*log.open(), *log.people(3)])
    assert store.flush(PATIENCE_S)
    if whole_folder:
        shutil.rmtree(folder)
    else:
        for path in folder.glob("counts.sqlite3*"):
            path.unlink()
    store.append(log.people(2))
    assert store.flush(PATIENCE_S)
    assert list(store.entries(log.session)) == log.entries
    assert problems == []
    assert store.close(PATIENCE_S)
    assert list(open_store().entries(log.session)) == log.entries


@pytest.mark.slow
def test_what_a_crash_left_in_the_temporary_folder_is_found(
    folder: Path, temporary: Path, open_store: OpenStore
) -> None:
    script = (
        "import os, pickle, sys\nfrom pathlib import Path\nfrom desktop_app.store.spill import SpillFile\n"
        "spill = SpillFile.create(Path(sys.argv[1]))\n"
        "spill.write(pickle.loads(sys.stdin.buffer.read()))\n"
        "with spill.path.open('a') as file:\n    file.write('[\"cut off in the mid')\n"
        "os._exit(9)\n"
    )
    import pickle

    log = LogMaker()
    log.open()
    log.people(3)
    subprocess.run(
        [sys.executable, "-c", script, str(folder)],
        input=pickle.dumps(log.entries),
        env={**os.environ, "TMPDIR": str(temporary), "TEMP": str(temporary), "TMP": str(temporary)},
        check=False,
    )
    assert len(spilled(temporary)) == 1
    store = open_store()
    assert store.last_seq() == log.seq
    assert list(store.entries(log.session)) == log.entries
    assert [info.id for info in store.unclosed()] == [log.session]
    assert spilled(temporary) == []


def test_what_another_process_counts_beside_this_one_is_taken_in_when_it_has_ended(
    open_store: OpenStore, folder: Path, temporary: Path
) -> None:
    store = open_store()
    assert store._writer is not None
    log = LogMaker(seq=5_000_000)
    beside = SpillFile.create(folder)
    beside.write([*log.open(), *log.people(2)])
    store._writer.look_for_leftovers()
    assert store.flush(PATIENCE_S)
    store.delete("nothing: a change comes after whatever was asked before")
    assert store.sessions() == [], "it is still being written"
    beside.let_go()
    store._writer.look_for_leftovers()
    assert eventually(lambda: list(store.entries(log.session)) == log.entries)
    assert eventually(lambda: spilled(temporary) == []), "the file goes once its entries are on the disk"
    assert store.last_seq() == log.seq


@pytest.mark.skipif(os.name != "posix", reason="owners and links are POSIX")
def test_files_of_others_in_the_temporary_folder_are_left_alone(
    folder: Path, temporary: Path, open_store: OpenStore, tmp_path: Path
) -> None:
    log = LogMaker()

    def lay_down(name: str) -> Path:
        spill = SpillFile.create(folder)
        spill.write(log.person())
        spill.let_go()
        return spill.path.rename(temporary / f"headcount-waiting-{name}.jsonl")

    lay_down("readable").chmod(0o644)
    linked = lay_down("link")
    linked.rename(tmp_path / "elsewhere")
    linked.symlink_to(tmp_path / "elsewhere")
    if os.geteuid() == 0:
        os.chown(lay_down("foreign"), 12345, 12345)
    os.mkfifo(temporary / "headcount-waiting-pipe.jsonl", 0o600)
    (temporary / "headcount-waiting-text.jsonl").write_text("no header\n")
    (temporary / "headcount-waiting-text.jsonl").chmod(0o600)
    (temporary / "headcount-waiting-folder.jsonl").mkdir()
    other_store = SpillFile.create(folder.parent / "another")
    other_store.write(log.person())
    other_store.let_go()
    in_use = SpillFile.create(folder)
    in_use.write(log.person())
    before = sorted(p.name for p in temporary.iterdir())
    store = open_store()
    assert store.sessions() == []
    assert sorted(p.name for p in temporary.iterdir()) == before
    in_use.let_go()


@pytest.mark.usefixtures("quick_to_give_up")
def test_when_no_disk_takes_anything_memory_is_bounded_and_the_operator_is_told(
    open_store: OpenStore, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(writer, "MAX_WAITING", 10)
    store = open_store()
    log = LogMaker()
    store.append(log.open())
    assert store.flush(PATIENCE_S)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    with locked(folder):
        store.append(log.people(1))
        assert eventually(lambda: "Another program" in store.problem)
        kept = len(log.entries) + 6
        store.append(log.people(3))
        assert eventually(lambda: "6 entries of the count could not be kept" in store.problem)
    assert eventually(lambda: "Another program" not in store.problem)
    assert list(store.entries(log.session)) == log.entries[:kept], "the first ones are kept, without a gap"
    assert not store.flush(1.0), "it never says that all is on the disk"
    assert "could not be kept" in store.problem


def test_a_disk_that_does_not_answer_holds_nobody_up(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch, temporary: Path
) -> None:
    release = threading.Event()
    store = open_store()
    insert = writer.Writer._commit

    def hang(self: writer.Writer, entries: list[Entry]) -> None:
        release.wait(HANGS_S)
        insert(self, entries)

    monkeypatch.setattr(writer.Writer, "_commit", hang)
    monkeypatch.setattr(writer, "TELL_HANGING_AFTER_S", 0.0)
    log = LogMaker()
    store.append(log.open())
    store.append(log.people(2))
    assert eventually(lambda: "does not answer" in store.problem or bool(store.append(log.person()))), "it is told"
    assert not store.close(0.2), "closing does not wait for it"
    assert len(spilled(temporary)) == 1, "and keeps for the next start what the disk has not taken"
    release.set()
    assert store._writer is not None
    store._writer._thread.join(PATIENCE_S)
    again = open_store()
    assert list(again.entries(log.session)) == log.entries


def test_a_listener_that_fails_does_not_stop_the_writing(
    folder: Path, temporary: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: str) -> None:
        raise RuntimeError("on purpose")

    folder.parent.mkdir(parents=True)
    folder.write_text("in the way")
    with caplog.at_level("CRITICAL", logger="desktop_app.store.problem_report"):
        store = Store.open(folder, fail)
        log = LogMaker()
        store.append(log.open())
        folder.unlink()
        assert store.flush(PATIENCE_S)
    assert list(store.entries(log.session)) == log.entries
    assert store.close(PATIENCE_S)


@pytest.mark.skipif(os.name != "posix", reason="resource limits are POSIX")
@pytest.mark.slow
def test_a_quota_on_the_size_of_files(folder: Path, temporary: Path) -> None:
    """The child may write files of 200 kB, its temporary folder included: it tells, and keeps what it can."""
    script = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.path.insert(0, sys.argv[2])
from tests.store.logs import LogMaker
from desktop_app.store import Store
from tests.patience import PATIENCE_S, eventually
told = []
store = Store.open(Path(sys.argv[1]), told.append)
log = LogMaker("the session")
store.append(log.open())
assert store.flush(PATIENCE_S)
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
store.append(log.people(1000))
assert eventually(lambda: told), "told"
assert not store.flush(0.5)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
assert store.flush(PATIENCE_S), store.problem
assert list(store.entries("the session")) == log.entries
assert store.close(PATIENCE_S)
print("all there")
"""
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder), root],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(temporary)},
        check=False,
    )
    assert "all there" in done.stdout, done.stderr


def test_a_fault_of_ours_does_not_end_the_writing(
    open_store: OpenStore, temporary: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise AttributeError("on purpose")

    store = open_store()
    log = LogMaker()
    with caplog.at_level("CRITICAL", logger="desktop_app.store.writer"):
        with monkeypatch.context() as patch:
            patch.setattr(writer.Writer, "_commit", fail)
            store.append([*log.open(), *log.people(2)])
            assert eventually(lambda: bool(spilled(temporary)))
            assert store.problem
        assert store.flush(PATIENCE_S)
    assert list(store.entries(log.session)) == log.entries
    assert store.problem == ""
