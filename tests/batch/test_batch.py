"""A batch goes on where it was cut off, and one file never stops the others."""

from __future__ import annotations

import csv
import io
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from desktop_app.batch import batch as batch_module
from desktop_app.batch.batch import Batch, BatchFile, BatchObserver, BatchOptions, find_files, missing, still_kept
from desktop_app.batch.job_table import JobKey, JobResult, JobTable, default_path, model_key, settings_key
from desktop_app.batch.work import Progress
from desktop_app.cli.main import main
from desktop_app.domain.events import Entry
from desktop_app.errors import ModelError, SourceError
from desktop_app.settings import Settings
from desktop_app.store import Store, default_folder
from tests.batch import stubs
from tests.patience import PATIENCE_S
from tests.store.logs import LogMaker

REPOSITORY = Path(__file__).resolve().parents[2]


def videos(folder: Path, *names: str) -> list[Path]:
    """Make short videos, none like another."""
    folder.mkdir(exist_ok=True)
    paths = []
    for number, name in enumerate(names):
        paths.append(folder / f"{name}.avi")
        writer = cv2.VideoWriter(str(paths[-1]), cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (160, 120))
        for i in range(10):
            picture = np.full((120, 160, 3), 20 * number + i, np.uint8)
            picture[:, 80:] //= 2
            picture[:40] += 30
            writer.write(picture)
        writer.release()
    return paths


class Notes(BatchObserver):
    def __init__(self) -> None:
        self.done: list[tuple[str, bool]] = []
        self.progress = 0

    def on_progress(self, file: BatchFile, worker: int, progress: Progress) -> None:
        self.progress += 1

    def on_done(self, file: BatchFile, worker: int) -> None:
        self.done.append((file.path.stem, file.was_known))


@pytest.fixture
def table(tmp_path: Path) -> Iterator[JobTable]:
    with JobTable(tmp_path / "jobs.sqlite3") as table:
        yield table


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_module, "count_file", stubs.count_file)


def run(table: JobTable, paths: Sequence[Path], options: BatchOptions | None = None) -> tuple[list[BatchFile], Notes]:
    notes, kept = Notes(), list[Entry]()
    files = Batch(table, options or BatchOptions(workers=2), kept.extend).run(paths, notes)
    assert {e.session for e in kept} >= {f.result.session for f in files if f.result and not f.was_known}
    return files, notes


@pytest.mark.slow
@pytest.mark.usefixtures("stubbed")
@pytest.mark.allow_error_log
def test_a_file_that_fails_is_told_with_its_reason_and_the_others_are_counted(table: JobTable, tmp_path: Path) -> None:
    names = ("good", "crash", "bad", "bug", "cut", "last")
    paths = videos(tmp_path / "in", *names)
    picture = tmp_path / "in" / "picture.png"
    picture.write_bytes(cv2.imencode(".png", np.zeros((9, 9, 3), np.uint8))[1].tobytes())
    files, notes = run(table, [*paths, picture])
    found = {f.path.stem: f for f in files}
    assert [name for name in names if found[name].result is not None] == ["good", "cut", "last"]
    for name, says in (
        ("crash", "SIGSEGV"),
        ("bad", "no video"),
        ("bug", "mistake of its own"),
        ("picture", "not a video"),
    ):
        assert says in str(found[name].error), name
    assert found["cut"].result is not None
    assert found["cut"].result.note == "Its end is missing."
    assert sorted(name for name, _ in notes.done) == sorted([*names, "picture"])
    assert notes.progress >= 3
    # What failed is tried again, what is done is not.
    again, notes = run(table, paths)
    assert {f.path.stem for f in again if f.was_known} == {"good", "cut", "last"}
    assert next(f for f in again if f.path.stem == "bad").error is not None


@pytest.mark.slow
@pytest.mark.usefixtures("stubbed")
def test_a_file_that_hangs_its_reader_is_given_up(
    table: JobTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_module, "LONGEST_SILENCE_S", 1.0)
    files, _ = run(table, videos(tmp_path / "in", "hang", "good"), BatchOptions(workers=1))
    assert "Nothing more could be read" in str(files[0].error)
    assert files[1].result is not None


@pytest.mark.slow
@pytest.mark.usefixtures("stubbed")
def test_the_same_file_under_two_names_is_counted_once(table: JobTable, tmp_path: Path) -> None:
    (one,) = videos(tmp_path / "in", "one")
    two = one.with_name("two.avi")
    two.write_bytes(one.read_bytes())
    files, _ = run(table, [one, two])
    assert files[0].result == files[1].result
    assert [f.was_known for f in files] == [False, True]


@pytest.mark.slow
@pytest.mark.usefixtures("stubbed")
def test_other_settings_are_another_job_and_forgetting_keeps_nothing(table: JobTable, tmp_path: Path) -> None:
    paths = videos(tmp_path / "in", "one")
    files = Batch(table, BatchOptions(workers=1), None).run(paths, BatchObserver())
    assert files[0].result is not None
    assert files[0].result.session == ""
    assert list(table.waiting()) == []
    (kept,), _ = run(table, paths)
    assert not kept.was_known, "it was not kept before, and now it is to be"
    (again,), _ = run(table, paths)
    assert again.was_known
    other = replace(Settings(), count=replace(Settings().count, confirm_s=0.5))
    (changed,), _ = run(table, paths, BatchOptions(other, workers=1))
    assert not changed.was_known
    assert len(list(table.waiting())) == 2
    table.mark_kept()
    assert list(table.waiting()) == []


def test_the_table_keeps_nothing_of_what_is_in_the_database_of_counts(tmp_path: Path) -> None:
    log = LogMaker()
    log.people(400)
    path = tmp_path / "own.sqlite3"
    with JobTable(path) as table:
        table.put(JobKey("0" * 64, "s", "m"), JobResult(log.session, 400, 134, 133, 133, 1.0, ""), log.entries)
        with closing(sqlite3.connect(path)) as connection:
            (packed,) = connection.execute("SELECT entries FROM job").fetchone()
        assert packed[5000:5100] in path.read_bytes()
        table.mark_kept()
        assert packed[5000:5100] not in path.read_bytes()


@pytest.mark.slow
@pytest.mark.usefixtures("stubbed")
def test_a_file_whose_count_was_deleted_is_counted_again(table: JobTable, tmp_path: Path) -> None:
    paths = videos(tmp_path / "in", "one", "two")
    store = Store.open(tmp_path / "counts")
    try:
        for known in ([False, False], [True, True], [False, True]):
            options = BatchOptions(workers=1)
            files = Batch(table, options, store.append, still_kept(store)).run(paths, BatchObserver())
            assert [f.was_known for f in files] == known
            assert store.flush(PATIENCE_S)
            table.mark_kept()
            if all(known):
                assert store.delete("s-one")
    finally:
        store.close()
    assert still_kept(None)("anything")


@pytest.mark.usefixtures("stubbed")
def test_a_stop_leaves_the_rest_for_the_next_time(table: JobTable, tmp_path: Path) -> None:
    files = Batch(table, BatchOptions(workers=1), None).run(
        videos(tmp_path / "in", "a", "b"), BatchObserver(), lambda: True
    )
    assert [f.is_done for f in files] == [False, False]


def test_the_table_of_jobs_outlives_damage_and_knows_a_changed_file(tmp_path: Path) -> None:
    path, video = tmp_path / "t" / "jobs.sqlite3", tmp_path / "a.avi"
    video.write_bytes(b"one")
    key = JobKey("a", "b", "c")
    with JobTable(path) as table:
        first = table.sha256_of(video)
        assert table.sha256_of(video) == first
        table.put(key, JobResult("s", 3, 1, 1, 1, 2.5, "note"), [])
        assert table.find(key) == JobResult("s", 3, 1, 1, 1, 2.5, "note")
        assert table.find(replace(key, model="d")) is None
        video.write_bytes(b"two")
        os.utime(video, ns=(1, 1))
        assert table.sha256_of(video) != first
    path.write_bytes(b"this is no database at all" * 50)
    with JobTable(path) as table:
        assert table.find(key) is None


def test_keys_tell_settings_and_models_apart() -> None:
    settings = Settings()
    assert settings_key(settings, None) == settings_key(Settings(), None)
    assert settings_key(settings, 5.0) != settings_key(settings, None)
    assert model_key("headcount") == model_key("headcount")
    assert model_key("headcount") != model_key("headcount_fast")
    with pytest.raises(ModelError):
        model_key("none such")


def test_which_files_a_batch_counts(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.MOV", "in/c.webm", ".hidden.mp4", ".git/d.mp4", "notes.txt", "picture.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = [p.relative_to(tmp_path).as_posix() for p in find_files([tmp_path])]
    assert found == ["a.MOV", "b.mp4", "in/c.webm"]
    assert find_files([tmp_path / "notes.txt"]) == [tmp_path / "notes.txt"], "a file that is named is taken"
    gone = tmp_path / "gone.mp4"
    found = find_files([gone, tmp_path / "in"])
    assert found == [gone, tmp_path / "in" / "c.webm"], "one that is gone does not keep the others from being counted"
    (refused,) = missing(found)
    assert refused.path == gone
    assert "“gone.mp4” does not exist" in str(refused.error)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no video"):
        find_files([tmp_path / "empty"])


SECOND = """
import sys, time
from desktop_app.batch.job_table import JobTable
from desktop_app.cli.main import main
plain, done = JobTable.put, []

def put(*arguments):
    plain(*arguments)
    done.append(1)
    if len(done) == 2:
        time.sleep(600)  # here comes the kill

JobTable.put = put
main(["batch", sys.argv[1], "--workers", "1", "--csv", sys.argv[2]])
"""
"""A batch that comes to its second file and no further."""


def _start(folder: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SECOND, str(folder), str(out)]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _jobs() -> int:
    try:
        connection = sqlite3.connect(f"{default_path().as_uri()}?mode=ro", uri=True)
        try:
            return int(connection.execute("SELECT count(*) FROM job").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.Error:
        return 0


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_killed_batch_goes_on_after_what_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, out = tmp_path / "in", tmp_path / "o.csv"
    videos(folder, *(f"clip{i}" for i in range(6)))
    (folder / "broken.avi").write_text("no video")
    process = _start(folder, out)
    deadline = time.monotonic() + 2 * PATIENCE_S
    while _jobs() < 2 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = _jobs()
    assert done == 2
    assert not out.exists()
    assert main(["batch", str(folder), "--csv", str(out)]) == 3, "one file cannot be read"
    captured = capsys.readouterr().out
    assert "6 of 7 files" in captured
    assert "broken.avi: " in captured
    states = [row["state"] for row in csv.DictReader(io.StringIO(out.read_text("utf-8")))]
    assert states.count("counted before") >= done
    assert states.count("counted before") + states.count("counted") == 6
    store = Store.open(default_folder(), read_only=True)
    assert sorted(s.name for s in store.sessions()) == [f"clip{i}" for i in range(6)], "each is kept once"
    assert main(["batch", str(folder), "--csv", str(out)]) == 6
    assert "is there already" in capsys.readouterr().err
