"""What the training tool shows in a terminal: one bar at a time, lines above it, and nothing of TensorFlow's own."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from desktop_app.errors import OutputError, SettingsError
from desktop_app.system.safe_write import write_atomically


class Stopped(KeyboardInterrupt):
    """Ctrl-C, with a sentence on what is kept and how the command goes on."""


@contextmanager
def if_stopped(words: str | Callable[[], str]) -> Iterator[None]:
    """Let Ctrl-C inside end with `words`, which are asked for only then."""
    try:
        yield
    except Stopped:
        raise
    except KeyboardInterrupt as error:
        raise Stopped(words if isinstance(words, str) else words()) from error


def say(text: str) -> None:
    """Print to standard output, above the bar if there is one."""
    with tqdm.external_write_mode():
        print(text, flush=True)


def put_out(text: str, out: Path | None) -> None:
    """Print a table, and write it to `out` if there is one. Raises OutputError."""
    say(text)
    if out is not None:
        try:
            write_atomically(out, f"{text}\n".encode(), make_folder=True)
        except OSError as error:
            raise OutputError(
                f"The table cannot be written to {out}: {error.strerror}.", "Choose another place."
            ) from error


def check_output(out: Path | None) -> None:
    """Raise OutputError where `put_out` could not write later, before the work that it would lose."""
    if out is None:
        return
    there = next((place for place in (out, *out.absolute().parents) if place.exists()), out)
    if out.is_dir() or not os.access(there, os.W_OK) or (there != out and not there.is_dir()):
        raise OutputError(f"{out} cannot be written.", "Choose another place with --out.")


def need(*modules: str) -> None:
    """Raise SettingsError naming the extra if a part of the training stack is missing."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"This command needs {' and '.join(missing)}, not installed here.",
            "Install the training extra: pip install 'headcount[train]'.",
        )


def start_tensorflow(threads: int) -> None:
    """Import TensorFlow without what it says of processors and graphics cards, and give it `threads` (0: all)."""
    import cv2

    from desktop_app.system.native_log import quiet_native_start

    need("tensorflow", "matplotlib")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_native_start():
        import tensorflow as tf

        if threads > 0:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.list_physical_devices("GPU")  # asks for the driver now, and not in the middle of a bar
    tf.get_logger().setLevel("ERROR")
    cv2.setNumThreads(1)  # TensorFlow has the processors


def counting_bar(words: str, unit: str = "faces") -> tuple[tqdm, Callable[[int, int], None]]:
    """A bar over things that are counted, and the function that is told how many of how many are done."""
    bar = tqdm(desc=words, unit=f" {unit}", dynamic_ncols=True)

    def progress(done: int, total: int) -> None:
        if bar.total != total:
            bar.total = total
            bar.initial = bar.n = bar.last_print_n = done  # what an earlier run did says nothing of the pace
            bar.refresh()
        bar.update(done - bar.n)

    return bar, progress


class RunBar:
    """Progress of a training run, with the time that is left for all of it."""

    def __init__(self) -> None:
        self._bar = tqdm(desc="preparing", dynamic_ncols=True, bar_format="{desc}{percentage:3.0f}%|{bar}| {postfix}")

    def __call__(self, report: object) -> None:
        from desktop_app.training.train import Report

        assert isinstance(report, Report)
        total = report.epochs * report.steps
        done = report.epoch * report.steps + report.step
        if self._bar.total != total or done < self._bar.n:  # another run
            self._bar.reset(total)
        self._bar.set_description(f"epoch {report.epoch + 1}/{report.epochs}", refresh=False)
        figures = [f"loss {report.loss:.4f}", *named(report.validation)]
        self._bar.set_postfix_str(f"{clock(report.seconds_left)} left, {', '.join(figures)}", refresh=False)
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        self._bar.close()


def named(measures: dict[str, float]) -> list[str]:
    """The figures on the validation faces by name, such as "val loss 0.412"; those of training go without."""
    return [f"{key.replace('_', ' ')} {value:.3f}" for key, value in measures.items() if key.startswith("val_")]


def clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
