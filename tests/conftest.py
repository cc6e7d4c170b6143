"""House rules that hold in every test: no thread left behind, no ERROR in the log, no dialog nobody expected."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# A check says the same thing twice: the examples of a property are the same in every run. `explore` looks for new ones.
# A busy machine is slow, and that is no failure of what is tested.
hypothesis.settings.register_profile("headcount", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=2_000, print_blob=True)
hypothesis.settings.load_profile("headcount")

# Before anything imports Qt: without a screen, Qt draws into memory.
if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

REPOSITORY = Path(__file__).resolve().parents[1]
THREAD_GRACE_S = 30.0


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "allow_error_log: this test provokes an ERROR in the log on purpose")
    config.addinivalue_line("markers", "allow_threads: this test leaves a thread that ends later, and says why")
    config.addinivalue_line("markers", "allow_message_box: this test expects a QMessageBox and answers it itself")


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of clips and data beside the checkout; the test is skipped where it is not there."""
    folder = REPOSITORY.parent / "shared"
    if not (folder / "clips").is_dir():
        pytest.skip("the shared clips are not beside this checkout")
    return folder


@pytest.fixture(scope="session")
def shared_clips(shared_dir: Path) -> Path:
    return shared_dir / "clips"


@pytest.fixture(autouse=True)
def own_user_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the settings of the person who runs it."""
    home = tmp_path_factory.mktemp("user")
    monkeypatch.setenv("HEADCOUNT_CONFIG_DIR", str(home / "config"))
    monkeypatch.setenv("HEADCOUNT_DATA_DIR", str(home / "data"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture(autouse=True)
def keeper_waits_to_be_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store's keeper begins when a count is closed, not also some seconds after the start.

    Otherwise it copies, checks and removes beside a test that does so itself, and only where the test is slow.
    """
    monkeypatch.setattr("desktop_app.store.keeper.START_DELAY_S", 3600.0)


class _ErrorCollector(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def no_error_in_the_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """An ERROR in the log fails the test, unless it is marked `allow_error_log`."""
    collector = _ErrorCollector()
    logging.getLogger().addHandler(collector)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(collector)
    if collector.lines and request.node.get_closest_marker("allow_error_log") is None:
        pytest.fail("ERROR in the log: " + "; ".join(collector.lines))


def _own_threads() -> set[threading.Thread]:
    # Threads of the interpreter's own pools and of tqdm's monitor live as long as the process.
    kept = ("ThreadPoolExecutor", "asyncio", "tqdm", "pydevd", "Dummy-", "execnet")
    return {t for t in threading.enumerate() if t.is_alive() and not t.name.startswith(kept)}


@pytest.fixture(autouse=True)
def no_thread_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """A thread that the test started must have ended a moment after it, unless it is marked `allow_threads`."""
    before = _own_threads()
    yield
    if request.node.get_closest_marker("allow_threads") is not None:
        return
    deadline = time.monotonic() + THREAD_GRACE_S
    while (left := _own_threads() - before) and time.monotonic() < deadline:
        time.sleep(0.02)
    if left:
        pytest.fail("threads left behind: " + ", ".join(sorted(t.name for t in left)))


@pytest.fixture(autouse=True)
def no_unexpected_message_box(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A modal box would hang the test; unless it is marked `allow_message_box`, showing one fails it."""
    shown: list[str] = []
    # Only where the test's module has Qt loaded: nothing here makes a test of the engine import Qt.
    if "PySide6.QtWidgets" in sys.modules and request.node.get_closest_marker("allow_message_box") is None:
        from PySide6.QtWidgets import QMessageBox

        def refuse_exec(box: QMessageBox, *_: object) -> int:
            shown.append(f"{box.windowTitle()}: {box.text()}")
            return int(QMessageBox.StandardButton.Cancel.value)

        def refuse_static(_parent: object, title: str = "", text: str = "", *_: object, **__: object) -> object:
            shown.append(f"{title}: {text}")
            return QMessageBox.StandardButton.Cancel

        monkeypatch.setattr(QMessageBox, "exec", refuse_exec)
        for name in ("information", "warning", "critical", "question", "about"):
            monkeypatch.setattr(QMessageBox, name, staticmethod(refuse_static))
    yield
    if shown:
        pytest.fail("a message box nobody expected: " + "; ".join(shown))
