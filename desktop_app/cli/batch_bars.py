"""The progress bars of a batch: one a file that is being counted, and one for all."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from tqdm import tqdm

from desktop_app.batch.batch import BatchFile, BatchObserver
from desktop_app.batch.work import Progress
from desktop_app.cli.observers import BAR, OPEN
from desktop_app.system.plain_text import printable

_ALL = "{desc} {percentage:3.0f}% |{bar}| {n} of {total} files, {remaining} left{postfix}"


class Bars(BatchObserver):
    """Shows how a batch goes. Without a terminal, one line a file that is done."""

    def __init__(self, files: int, quiet: bool) -> None:
        self._quiet = quiet
        self._is_terminal = sys.stderr is not None and sys.stderr.isatty()
        self._off = quiet or not self._is_terminal
        self._people = 0
        self._done, self._files = 0, files
        self._all = tqdm(
            desc="All files".ljust(32), total=files, disable=self._off, dynamic_ncols=True, leave=False, bar_format=_ALL
        )
        self._bars: dict[int, tqdm] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for bar in (*self._bars.values(), self._all):
            bar.close()

    def on_look(self, file: BatchFile) -> None:
        self._all.set_postfix_str(f"reading {printable(file.path.name)[-24:]}")

    def on_start(self, file: BatchFile, worker: int) -> None:
        self._close(worker)
        self._bars[worker] = tqdm(
            desc=printable(file.path.name)[-32:].ljust(32),
            position=worker + 1,
            disable=self._off,
            dynamic_ncols=True,
            leave=False,
            bar_format=OPEN,
        )

    def on_progress(self, file: BatchFile, worker: int, progress: Progress) -> None:
        bar = self._bars.get(worker)
        if bar is None or bar.disable:
            return
        if progress.length_s and bar.total is None:
            bar.total, bar.bar_format = round(progress.length_s, 1), BAR
        bar.set_postfix_str(f"people {progress.people}", refresh=False)
        seconds = round(progress.seconds, 1)
        bar.update((min(seconds, bar.total) if bar.total is not None else seconds) - bar.n)

    def on_done(self, file: BatchFile, worker: int) -> None:
        self._close(worker)
        self._done += 1
        self._people += file.result.people if file.result is not None else 0
        self._all.set_postfix_str(f"people {self._people}", refresh=False)
        self._all.update()
        if not self._quiet and not self._is_terminal:
            people = file.result.people if file.result is not None else 0
            what = "failed" if file.result is None else "1 person" if people == 1 else f"{people} people"
            print(f"{self._done} of {self._files}: {printable(file.path.name)}: {what}", file=sys.stderr, flush=True)

    def _close(self, worker: int) -> None:
        bar = self._bars.pop(worker, None)
        if bar is not None:
            bar.close()
