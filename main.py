"""The double-click entry, from the source tree and in the frozen program: the window, or a command of `headcount`."""

import multiprocessing
import os
import sys

if __name__ == "__main__":
    # A frozen program that starts a child process would otherwise start itself again.
    multiprocessing.freeze_support()
    # A windowed program on Windows has no standard streams; what is printed goes nowhere instead of failing.
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - lives as long as the process
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - as above

    from desktop_app.cli.entry import run

    run()
