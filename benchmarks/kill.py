"""How much of a live count is lost when its process is killed at a random moment.

    python -m benchmarks.kill --times 100

A child process runs the program's own sessions and store over a live source that counts 25 people a second (scripted,
so that every one is known), and tells each on its standard output the moment it is counted. It is ended with SIGKILL;
then the store is opened as the next start would open it, and what is missing is compared with what was told. The aim is
that nothing older than a second is ever missing.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from desktop_app.domain.events import Counted
from desktop_app.store.files import default_folder
from desktop_app.store.store import Store

CHILD = """
import sys, time
from desktop_app.domain.events import Counted
from desktop_app.session.door import Door
from desktop_app.session.manager import SessionManager
from desktop_app.settings import Settings
from desktop_app.store.files import default_folder
from desktop_app.store.store import Store
from tests.engine.fakes import CountingPipeline, ListSource
from tests.session.fakes import FakeServices

class Teller:
    def append(self, entries):
        for entry in entries:
            if isinstance(entry.event, Counted):
                sys.stdout.write(f"{entry.event.person} {time.time()}\\n")
        sys.stdout.flush()

services = FakeServices(lambda text: ListSource(10**9, fps=125, live=True), lambda: CountingPipeline(every=5))
manager = SessionManager(services, Store.open(default_folder()))
manager._sinks.append(Teller())
manager.start(Door("camera:0", Settings()))
time.sleep(3600)
"""


def one_kill(after_s: float) -> tuple[int, int, float]:
    """Kill a count `after_s` seconds after its first person; return (told, lost, age in s of the oldest lost)."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HEADCOUNT_DATA_DIR"] = folder
        child = subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(after_s)
        child.kill()
        killed_at = time.time()
        rest = child.stdout.read()
        child.wait()
        lines = (line.split() for line in (first + rest).splitlines() if line.count(" ") == 1)
        told = {person: float(when) for person, when in lines}
        store = Store.open(default_folder())
        kept = {e.event.person for s in store.unclosed() for e in store.entries(s.id) if isinstance(e.event, Counted)}
        store.close()
    lost = {person: when for person, when in told.items() if person not in kept}
    return len(told), len(lost), max((killed_at - when for when in lost.values()), default=0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    told = lost = 0
    worst = 0.0
    for _ in range(options.times):
        n, missing, age = one_kill(chance.uniform(0.0, 3.0))
        told, lost, worst = told + n, lost + missing, max(worst, age)
    print(
        f"{options.times} kills, {told} people counted, {lost} lost; the oldest lost was counted {worst:.2f} s before"
    )


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main()
