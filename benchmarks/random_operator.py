"""Does the window survive an operator who does anything at any time, and is every entry of every count kept?

    python -m benchmarks.random_operator [--actions 300] [--seed 1] [--seconds-between 0.15]

The real window with everything real behind it counts from the demo clip and from a live camera that plays it; random
actions follow each other: starts at one door or several, stops, pauses, seeks, new counts, undo and redo, corrections,
lines and zones, settings, dialogs. Prints how many were done, the longest time the GUI thread stood still, and what of
the entries that the sessions wrote is missing in the store after the window was closed. Exit status 1 for a hang, a
crash or a lost entry.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if not os.environ.get("DISPLAY") and sys.platform.startswith("linux"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QTimer

from desktop_app.domain.events import Entry
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import AGE_BANDS, Gender, Track
from desktop_app.settings import PlaceSettings
from desktop_app.ui.sessions.kept_counts import CountStore
from desktop_app.ui.sessions.told_door import DoorPlan

if TYPE_CHECKING:
    from desktop_app.ui.window.main_window import MainWindow

HANG_S = 10.0
"""Longer than any single action may keep the GUI thread from its events."""


class WatchedStore:
    """A store that also remembers every entry it was given."""

    def __init__(self, store: CountStore) -> None:
        self._store = store
        self.given: list[Entry] = []
        self._lock = threading.Lock()

    def append(self, entries: Sequence[Entry]) -> None:
        with self._lock:
            self.given += entries
        self._store.append(entries)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


class RandomOperator:
    """Does one random action after the other on a window. `sources` are texts that the window can open."""

    def __init__(self, window: MainWindow, rng: random.Random, sources: Sequence[str]) -> None:
        self.window = window
        self.rng = rng
        self.sources = sources
        self.done: Counter[str] = Counter()
        self._actions: dict[str, tuple[int, Callable[[], object]]] = {
            "start": (4, self._start),
            "start at several doors": (3, self._start_doors),
            "another door": (4, self._trigger("next_door")),
            "stop": (2, self._trigger("stop")),
            "double click on the large button": (1, self._double_click),
            "pause": (4, self._trigger("pause")),
            "step": (1, self._trigger("step")),
            "new count": (3, self._trigger("reset")),
            "undo": (6, self._trigger("undo")),
            "redo": (4, self._trigger("redo")),
            "retry": (1, lambda: self.window.controller.retry()),
            "seek": (2, self._seek),
            "speed": (1, lambda: self.window.sources.speed(self.rng.choice((0.0, 0.5, 1.0, 4.0)))),
            "repeat": (1, self._trigger("loop")),
            "picture size": (
                1,
                lambda: self.window.sources.camera_mode(*self.rng.choice(((640, 480, 30.0), (0, 0, 0.0)))),
            ),
            "gender": (4, self._gender),
            "age": (2, self._age),
            "staff": (3, self._staff),
            "not a person": (2, self._removed),
            "same person": (3, self._merge),
            "different people": (1, self._split),
            "line or zone": (3, self._add_place),
            "delete a place": (2, self._delete_place),
            "rename a place": (1, self._rename_place),
            "draw and cancel": (1, self._draw_and_cancel),
            "labels": (1, self._trigger("labels")),
            "large totals": (1, self._trigger("kiosk")),
            "theme": (1, self._theme),
            "size": (2, self._resize),
            "kept counts": (2, self._kept),
            "message": (3, self._answer_banner),
            "copy": (1, self._trigger("copy_totals")),
            "snapshot": (1, self._trigger("snapshot")),
            "record": (1, self._trigger("record")),
            "start page": (1, self._trigger("first_start")),
            "detector": (1, self._detector),
        }

    def act(self) -> str:
        """Do one action; return its name."""
        names = list(self._actions)
        name = self.rng.choices(names, [self._actions[n][0] for n in names])[0]
        self._actions[name][1]()
        self.done[name] += 1
        return name

    def check(self) -> None:
        """Raise AssertionError where what the window shows does not add up."""
        counts = self.window.controller.counts
        assert counts.people == counts.female + counts.male + counts.undecided
        assert min(counts.female, counts.male, counts.undecided, counts.looking, counts.age_unknown) >= 0
        assert sum(counts.age_bands) + counts.age_unknown == counts.people
        log = self.window.controller.log
        if log is not None:
            # Read from the beginning, the log says the same as the totals that were kept all along.
            live, again = log.read(lambda t: (t.counts(), Totals(list(t.entries())).counts()))
            assert live == again

    # --- actions -------------------------------------------------------------------------------------------------

    def _trigger(self, key: str) -> Callable[[], object]:
        return lambda: self.window.actions_[key].trigger()

    def _start(self) -> None:
        self.window.sources.open_source(self.rng.choice(self.sources))

    def _start_doors(self) -> None:
        sources = self.rng.sample(list(self.sources), min(len(self.sources), self.rng.randint(2, 3)))
        self.window.sources.open_doors([DoorPlan(s, f"Door {n}") for n, s in enumerate(sources, 1)])

    def _double_click(self) -> None:
        self.window.strip.start.click()
        self.window.strip.start.click()

    def _seek(self) -> None:
        self.window.transport.seek_requested.emit(self.rng.uniform(0.0, 30.0))

    def _track(self) -> Track | None:
        result = self.window.view.result
        people = [t for t in result.tracks if t.confirmed] if result is not None else []
        return self.rng.choice(people) if people else None

    def _person(self) -> str:
        """Return somebody in view or anybody of the count, "" for nobody."""
        track = self._track()
        if track is not None and self.rng.random() < 0.5:
            self.window.commands.people.menu(track).deleteLater()
            return track.person
        session = self.window.controller.session
        people = session.people() if session is not None else []
        return self.rng.choice(people).ref if people else ""

    def _gender(self) -> None:
        self.window.commands.people.set_gender(self._person(), self.rng.choice(list(Gender)))

    def _age(self) -> None:
        self.window.commands.people.set_age_band(self._person(), self.rng.choice(AGE_BANDS))

    def _staff(self) -> None:
        self.window.commands.people.set_staff(self._person(), self.rng.random() < 0.7)

    def _removed(self) -> None:
        self.window.commands.people.set_removed(self._person(), self.rng.random() < 0.7)

    def _merge(self) -> None:
        self.window.commands.people.merge(self._person(), self._person())

    def _split(self) -> None:
        self.window.commands.people.split(self._person())

    def _add_place(self) -> None:
        editor = self.window.view.editor
        if len(editor.places) >= 8:
            return
        number, corners = self.rng.randrange(10_000), self.rng.choice((2, 3, 4))
        points = tuple((self.rng.random(), self.rng.random()) for _ in range(corners))
        kind = "line" if corners == 2 else self.rng.choice(("zone", "staff"))
        place = PlaceSettings(f"Place {number}", kind, points)
        editor.set_places([*editor.places, place], f"draw Place {number}")

    def _delete_place(self) -> None:
        editor = self.window.view.editor
        if editor.places:
            editor.remove(self.rng.randrange(len(editor.places)))

    def _rename_place(self) -> None:
        editor = self.window.view.editor
        if editor.places:
            editor.rename(self.rng.randrange(len(editor.places)), f"Door {self.rng.randrange(10_000)}")

    def _draw_and_cancel(self) -> None:
        self.window.actions_["add_zone"].trigger()
        self.window.actions_["undo"].trigger()

    def _theme(self) -> None:
        settings = self.window.settings
        self.window.change_settings(
            replace(settings, ui=replace(settings.ui, theme=self.rng.choice(("light", "dark"))))
        )

    def _resize(self) -> None:
        self.window.resize(self.rng.randrange(600, 1500), self.rng.randrange(400, 950))

    def _kept(self) -> None:
        """Look at kept counts, correct somebody, take that back, and come back to the count."""
        results, people = self.window.parts.results, self.window.parts.results.people
        choice = self.rng.random()
        if choice < 0.4:
            self.window.sessions.show_kept()
        elif choice < 0.6 and results.list.counts.counts:
            results.list.choose(self.rng.choice(results.list.counts.counts).id)
        elif choice < 0.75 and people.model.rowCount():
            people.table.selectRow(self.rng.randrange(people.model.rowCount()))
            people.press(self.rng.choice(("F", "M", "U", "S", "Delete")))
        elif choice < 0.85:
            results.undo()
        else:
            self.window.parts.show_tab("count")

    def _answer_banner(self) -> None:
        buttons = self.window.banner.buttons
        if buttons and buttons[0].text() not in ("Show the report",):
            self.rng.choice(buttons).click()
        else:
            self.window.banner.dismiss()

    def _detector(self) -> None:
        settings = self.window.settings
        interval = self.rng.choice((0.1, 0.2))
        self.window.change_settings(replace(settings, detector=replace(settings.detector, interval_s=interval)))


def let_live(seconds: float) -> float:
    """Let the event loop run; return the longest time between two of its heartbeats, in seconds."""
    loop, longest, last = QEventLoop(), 0.0, time.perf_counter()

    def beat() -> None:
        nonlocal longest, last
        now = time.perf_counter()
        longest, last = max(longest, now - last), now

    heart = QTimer()
    heart.timeout.connect(beat)
    heart.start(5)
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()
    heart.stop()
    beat()
    return longest


def missing(given: Sequence[Entry], store: CountStore) -> list[Entry]:
    """Return the entries that were given to a store and are not in it."""
    kept = {entry.id for session in {e.session for e in given} for entry in store.entries(session)}
    return [entry for entry in given if entry.id not in kept]


def _set_alarm(seconds: float) -> None:
    """End the process with a trace of every thread where it hangs."""
    import faulthandler

    faulthandler.dump_traceback_later(seconds, exit=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--actions", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds-between", type=float, default=0.15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HEADCOUNT_CONFIG_DIR"] = f"{folder}/config"
        os.environ["HEADCOUNT_DATA_DIR"] = f"{folder}/data"
        return _run(options, Path(folder))


def _run(options: argparse.Namespace, folder: Path) -> int:
    from benchmarks.gui import live_source
    from desktop_app.app import make_application
    from desktop_app.resources import demo_clip
    from desktop_app.session.services import ConnectionListener
    from desktop_app.settings import Settings
    from desktop_app.sources.base import FrameSource
    from desktop_app.ui.sessions.services import LazyServices
    from desktop_app.ui.sessions.window_store import open_window_store
    from desktop_app.ui.widgets.theme import ThemeManager
    from desktop_app.ui.window.main_window import MainWindow

    class Services(LazyServices):
        def open_source(self, text: str, settings: Settings, on_connection: ConnectionListener) -> FrameSource:
            if text == "camera:benchmark":
                return live_source(demo_clip(), 30.0)
            return super().open_source(text, settings, on_connection)

    application = make_application([sys.argv[0]])
    store, problem = open_window_store(lambda sentence: print(f"store: {sentence}", flush=True))
    assert store is not None, problem
    watched = WatchedStore(store)
    settings = replace(Settings(), recording=replace(Settings().recording, folder=str(folder / "media")))
    window = MainWindow(Services(), settings, ThemeManager(application, "light"), lambda _: None, watched)  # type: ignore[arg-type]
    window.confirm_close = lambda: True
    window.show()
    let_live(3.0)
    operator = RandomOperator(window, random.Random(options.seed), ("demo", "camera:benchmark", "missing.mp4"))
    longest, slowest = 0.0, ""
    for _ in range(options.actions):
        _set_alarm(3 * HANG_S)
        began = time.perf_counter()
        name = operator.act()
        stood = max(time.perf_counter() - began, let_live(options.seconds_between))
        operator.check()
        if stood > longest:
            longest, slowest = stood, name
    _set_alarm(6 * HANG_S)
    window.close()
    clean = window.clean_exit
    again, problem = open_window_store(lambda _: None)
    assert again is not None, problem
    lost = missing(watched.given, again)
    open_left = [info.id for info in again.unclosed()]
    sessions = len(again.sessions())
    again.close()
    print(f"{options.actions} actions of {len(operator.done)} kinds, seed {options.seed}: {sessions} counts kept")
    print(f"longest stand-still of the GUI thread: {longest * 1000:.0f} ms ({slowest})")
    print(f"entries written {len(watched.given):,}, lost {len(lost)}; counts left open {len(open_left)}")
    print("every thread ended" if clean else "A THREAD DID NOT END")
    return 0 if clean and not lost and not open_left and longest < HANG_S else 1


if __name__ == "__main__":
    sys.exit(main())
