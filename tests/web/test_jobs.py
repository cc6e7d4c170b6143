"""Jobs without children: what waits, what is kept for how long, and what a folder of uploads holds at the end."""

from __future__ import annotations

import errno
import shutil
import threading
from pathlib import Path

import pytest

from desktop_app.errors import SourceError
from desktop_app.system.child import ChildCrashError
from desktop_app.system.child_worker import ChildStoppedError, ChildWorker
from desktop_app.web import jobs as jobs_module
from desktop_app.web.job import JobItem, JobState
from desktop_app.web.jobs import Jobs
from desktop_app.web.kinds import ItemKind
from desktop_app.web.problems import Problem
from desktop_app.web.results import PictureResult
from desktop_app.web.settings import WebSettings
from desktop_app.web.upload_folder import UploadFolder
from tests.patience import PATIENCE_S, eventually

RESULT = PictureResult("a.jpg", 10, 10, ("headcount",), (), b"x" * 1000)


class _Worker(ChildWorker):
    """Answers in this process: what is in `answers`, in turn."""

    answers: list[object]

    def run(self, *_: object, **__: object) -> object:  # type: ignore[override]
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *answers: object, **settings: float) -> Jobs:
    _Worker.answers = list(answers)
    monkeypatch.setattr(jobs_module, "ChildWorker", _Worker)
    return Jobs(WebSettings(**settings), UploadFolder(tmp_path))  # type: ignore[arg-type]


def items(number: int = 1) -> list[tuple[ItemKind, str, str]]:
    return [(ItemKind.PICTURE, f"{n}.jpg", f"/nowhere/{n}.jpg") for n in range(number)]


def test_each_item_has_its_own_end_and_the_job_that_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = make(
        tmp_path,
        monkeypatch,
        RESULT,
        ChildCrashError("it ended with SIGSEGV"),
        SourceError("The file “/nowhere/2.jpg” is damaged.", "Send another."),
        MemoryError(),
        OSError(errno.ENOSPC, "No space left on device"),
    )
    ended: list[JobItem] = []
    left: list[list[str]] = []

    def note(item: JobItem) -> None:
        ended.append(item)
        left.append(sorted(p.name for p in folder.iterdir()))

    jobs.on_ended = note
    folder = jobs.new_folder()
    for number in range(2):
        (folder / f"{number}").mkdir()
        (folder / f"{number}" / "a.jpg").write_bytes(b"x")
    sent = [(ItemKind.PICTURE, f"{number}.jpg", str(folder / f"{number}" / "a.jpg")) for number in range(2)]
    job = jobs.submit([*sent, *items(5)[2:]], ["headcount"], folder)
    try:
        assert eventually(lambda: job.state.is_final and not folder.exists())
        assert [i.state for i in job.items] == [JobState.DONE, *[JobState.FAILED] * 4]
        assert "SIGSEGV" in job.items[1].sentence
        assert job.items[2].sentence == "The file “2.jpg” is damaged. Send another."
        assert "memory" in job.items[3].sentence
        assert job.items[4].sentence == "There is no room for “4.jpg” on the server's disk. Try again later."
        assert job.state is JobState.DONE
        assert job.progress == 1.0
        assert [i.number for i in ended] == [0, 1, 2, 3, 4]
        assert left[:2] == [["1"], []], "a file goes as soon as its answer is there, not with the last one"
    finally:
        jobs.close()
    assert list(tmp_path.iterdir()) == []


def test_a_job_that_is_forgotten_while_it_is_counted_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, stopped = threading.Event(), threading.Event()

    class Stopped(_Worker):
        def run(self, *_: object, **__: object) -> object:  # type: ignore[override]
            begun.set()
            assert stopped.wait(PATIENCE_S)
            raise ChildStoppedError

        def stop(self) -> None:
            assert begun.is_set()

    monkeypatch.setattr(jobs_module, "ChildWorker", Stopped)
    jobs = Jobs(WebSettings(), UploadFolder(tmp_path))
    folder = jobs.new_folder()
    (folder / "0.jpg").write_bytes(b"x")
    job = jobs.submit(items(), ["headcount"], folder)
    try:
        assert begun.wait(PATIENCE_S)
        jobs.forget(job.id)
        with pytest.raises(Problem):
            jobs.get(job.id)
        assert folder.exists(), "the child may still write there"
        stopped.set()
        assert eventually(lambda: not folder.exists())
    finally:
        stopped.set()
        jobs.close()


def test_results_are_forgotten_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = make(tmp_path, monkeypatch, RESULT, RESULT, keep_results_s=0.05)
    job = jobs.submit(items(), ["headcount"])
    try:

        def is_forgotten() -> bool:
            try:
                return jobs.get(job.id) is None
            except Problem as problem:
                return problem.status == 404

        assert eventually(is_forgotten)
    finally:
        jobs.close()


def test_memory_is_bounded_the_oldest_results_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = make(tmp_path, monkeypatch, *[RESULT] * 5, most_kept_bytes=2500)
    made = []
    try:
        for _ in range(5):
            made.append(jobs.submit(items(), ["headcount"]))
            assert eventually(lambda: made[-1].ended_at is not None)
        assert jobs.get(made[-1].id) is made[-1]
        with pytest.raises(Problem):
            jobs.get(made[0].id)
    finally:
        jobs.close()


@pytest.mark.allow_error_log
def test_a_mistake_of_ours_costs_one_item(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = make(tmp_path, monkeypatch, ZeroDivisionError(), RESULT)
    job = jobs.submit(items(2), ["headcount"])
    try:
        assert eventually(lambda: job.state.is_final)
        assert [i.state for i in job.items] == [JobState.FAILED, JobState.DONE]
        assert "mistake of its own" in job.items[0].sentence
    finally:
        jobs.close()


def test_a_disk_that_is_nearly_full_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = make(tmp_path, monkeypatch)
    try:
        monkeypatch.setattr(UploadFolder, "free_bytes", lambda _: 200_000_000)
        with pytest.raises(Problem) as found:
            jobs.new_folder()
        assert found.value.status == 507
        monkeypatch.undo()
        folder = jobs.new_folder()
        shutil.rmtree(tmp_path)  # as a disk that was taken out
        assert not jobs.has_room
        with pytest.raises(Problem) as found:
            jobs.new_folder()
        assert found.value.status == 507
        jobs.drop_folder(folder)
    finally:
        jobs.close()


def test_after_the_end_nothing_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = make(tmp_path, monkeypatch)
    jobs.close()
    jobs.close()
    with pytest.raises(Problem) as found:
        jobs.submit(items(), ["headcount"])
    assert found.value.status == 503
