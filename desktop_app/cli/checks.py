"""What `headcount count` and `headcount compare` find wrong with their options before any work is done."""

from __future__ import annotations

import atexit
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from desktop_app.errors import HeadcountError, OutputError, SourceError
from desktop_app.settings import data_dir
from desktop_app.system.file_lock import FileLock
from desktop_app.system.plain_text import printable
from desktop_app.system.safe_write import is_special

EXIT_USAGE = 2
STDOUT = "-"
"""How a result that goes to standard output is asked for."""


class UsageError(HeadcountError):
    """The options do not go together."""

    exit_code = EXIT_USAGE


def check_seconds(option: str, value: float | None) -> None:
    """Raise UsageError unless `value` is a number of seconds above 0, or was not given."""
    if value is not None and not value > 0:
        raise UsageError(f"{option} cannot be {value:g}.", "Give a number of seconds above 0.")


def check_outputs(sources: Sequence[str], targets: Sequence[str | None]) -> None:
    """Find out before an hour of counting which result cannot be written.

    `targets` are the files that the options name; None and "" are left out, "-" is standard output. Raises OutputError
    for a place that cannot be written, UsageError where two results are one file or a result would replace a source.
    """
    from desktop_app.recording.output_path import check_output_path

    wanted = [t for t in targets if t]
    for i, target in enumerate(wanted):
        if any(_same_place(target, other) for other in wanted[:i]):
            raise UsageError("Two results would go to the same place.", "Give each its own file.")
    for target in wanted:
        if target == STDOUT:
            continue
        if any(_would_replace(Path(target), source) for source in sources):
            raise UsageError(f"{target} is what is to be counted.", "Choose another name for the result.")
        check_output_path(Path(target))
        _hold(Path(target))


_held: dict[str, FileLock] = {}


@atexit.register
def _let_go() -> None:
    """Give up the places that are held: Python warns of files that are still open when it ends."""
    while _held:
        _held.popitem()[1].release()


def _hold(target: Path) -> None:
    """Keep other Headcounts from writing to the same place until this process ends. Raises OutputError."""
    real = os.path.normcase(os.path.realpath(target))
    if real in _held or is_special(target):
        return
    lock = FileLock(data_dir() / "locks" / f"{hashlib.sha256(os.fsencode(real)).hexdigest()[:32]}.lock", make=True)
    if not lock.acquire():
        raise OutputError(
            f"Another Headcount is writing to {printable(str(target))}.", "Wait for it to end, or choose another name."
        )
    _held[real] = lock


def _same_place(first: str, second: str) -> bool:
    return first == second if STDOUT in (first, second) else _same_file(Path(first), Path(second))


def _same_file(first: Path, second: Path) -> bool:
    # By name, because neither may exist yet; by the file itself, because one file may have two names.
    if os.path.normcase(os.path.realpath(first)) == os.path.normcase(os.path.realpath(second)):
        return True
    try:
        return first.samefile(second)
    except (OSError, ValueError):
        return False


def _would_replace(target: Path, source: str) -> bool:
    """Whether a file written at `target` would take the place of something that `source` consists of."""
    from desktop_app.resources import demo_clip
    from desktop_app.sources.opening import SourceForm, understand
    from desktop_app.sources.pictures import PICTURE_SUFFIXES

    try:
        address = understand(source)
    except SourceError:
        return False  # a source that means nothing is told when its turn to be opened comes
    match address.form:
        case SourceForm.VIDEO_FILE | SourceForm.PICTURE:
            return _same_file(target, Path(address.target))
        case SourceForm.PICTURE_FOLDER:
            is_picture = target.suffix.lower() in PICTURE_SUFFIXES and target.exists()
            return is_picture and _same_file(target.parent, Path(address.target))
        case SourceForm.DEMO:
            try:
                return _same_file(target, demo_clip())
            except HeadcountError:
                return False  # there is no demo clip in this installation, so nothing to replace
        case _:
            return False
