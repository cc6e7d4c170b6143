"""What the store costs, how fast a long session opens, and what a killed process loses.

    python -m benchmarks.store [--people 200000] [--kills 100] [--folder FOLDER]

The people are made up: each is counted, revised twice and leaves; six in ten cross a line, two in ten visit a zone. The
processes are killed (SIGKILL) at random moments of a count of about 300 entries a second.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from benchmarks.endless_count import SESSION
from benchmarks.soak import resident_mb
from desktop_app.domain.events import (
    Closed,
    Corrected,
    Counted,
    Crossed,
    DoorStarted,
    Entry,
    Event,
    Left,
    Opened,
    PlacesSet,
    Revised,
    ZoneEntered,
    ZoneLeft,
)
from desktop_app.domain.totals import Totals
from desktop_app.domain.types import Gender
from desktop_app.store import Store

BEGAN_UTC = 1_764_000_000.0


def events(people: int, seed: int = 1) -> Iterator[Event]:
    """Return the events of a session with this many people, three seconds apart."""
    choose = random.Random(seed)
    yield Opened(0.0, "Fair", "Hall 3")
    yield DoorStarted(0.0, "camera 0", BEGAN_UTC)
    yield PlacesSet(0.0, ("door",), ("stand",))
    for number in range(1, people + 1):
        t, ref = 3.0 * number, f"a{number}"
        gender = choose.choice([Gender.FEMALE, Gender.MALE])
        yield Counted(t, ref, number, t - 0.5)
        yield Revised(t + 1, ref, gender, choose.random(), choose.uniform(5, 80), 4.0)
        if choose.random() < 0.6:
            yield Crossed(t + 2, ref, "door", choose.choice(["in", "out"]))
        if choose.random() < 0.2:
            yield ZoneEntered(t + 3, ref, "stand", t + 2)
            yield ZoneLeft(t + 6, ref, "stand", t + 2, 4.0)
        yield Revised(t + 8, ref, gender, choose.random(), choose.uniform(5, 80), 4.0, True)
        yield Left(t + 8, ref, t + 7, 7.0, 3.0)
        if number % 100 == 0:
            yield Corrected(t + 9, ref, "gender", "female")


def stamped(found: Iterator[Event], session: str, seq: int) -> Iterator[Entry]:
    for event in found:
        seq += 1
        yield Entry(str(uuid.uuid4()), session, "north", seq, BEGAN_UTC + event.time_s, event)


def measure_writing(folder: Path, people: int) -> str:
    """Fill the store with one long session and return its id."""
    store = Store.open(folder)
    session = str(uuid.uuid4())
    written, wall, cpu = 0, 0.0, 0.0
    entries = stamped(events(people), session, 0)
    while chunk := list(islice(entries, 20_000)):
        began, cpu_began = time.perf_counter(), time.process_time()
        store.append(chunk)
        assert store.flush(600.0)
        wall, cpu = wall + time.perf_counter() - began, cpu + time.process_time() - cpu_began
        written += len(chunk)
    size = sum(path.stat().st_size for path in folder.glob("counts.sqlite3*"))
    print(f"writing: {written:,} entries, {written / wall:,.0f} a second, {1e6 * cpu / written:.0f} us of CPU each")
    print(f"size: {size / 1e6:.0f} MB, {size / written:.0f} bytes an entry, {size / people:.0f} a person")
    closed = Entry(str(uuid.uuid4()), session, "", store.last_seq() + 1, BEGAN_UTC + 3.0 * people, Closed(0.0))
    store.append([closed])
    assert store.flush(60.0)
    began, cpu_began = time.perf_counter(), time.process_time()
    summary = store.totals(session)
    print(
        f"summary from all entries: {time.perf_counter() - began:.1f} s ({time.process_time() - cpu_began:.1f} s of"
        f" CPU with what the store does meanwhile) for {summary.counts.people:,} people"
    )
    store.flush(60.0)
    store.close(60.0)
    return session


def measure_opening(folder: Path, session: str) -> None:
    began = time.perf_counter()
    store = Store.open(folder)
    opened = time.perf_counter()
    listed = store.sessions()
    summary = store.totals(session)
    done = time.perf_counter()
    assert summary.is_current
    assert listed[0].people == summary.counts.people
    print(f"opening it again: store {opened - began:.2f} s, list and figures of the session {done - opened:.2f} s")
    before, began, cpu_began = resident_mb(), time.perf_counter(), time.process_time()
    number = sum(1 for _ in store.entries(session))
    read, cpu_read = time.perf_counter(), time.process_time()
    print(f"reading all: {number:,} entries in {read - began:.1f} s ({cpu_read - cpu_began:.1f} s of CPU)")
    entries = list(store.entries(session))
    held, cpu_held = resident_mb(), time.process_time()
    totals = Totals(entries)
    print(
        f"fold: {time.process_time() - cpu_held:.1f} s of CPU, {held - before:.0f} MB for the entries and"
        f" {resident_mb() - held:.0f} MB for the totals ({totals.counts().people:,} people)"
    )
    store.close(60.0)


def measure_share(folder: Path, seconds: float = 30.0, rate: float = 10.0) -> None:
    """Print how much of a core the store takes at the pace of a busy door."""
    store = Store.open(folder)
    entries = stamped(events(10_000, 2), str(uuid.uuid4()), store.last_seq())
    time.sleep(5.0)  # what the start brings: the check, the copy
    began, cpu_began, number = time.perf_counter(), time.process_time(), 0
    while time.perf_counter() - began < seconds:
        store.append([next(entries)])
        number += 1
        time.sleep(max(0.0, began + number / rate - time.perf_counter()))
    store.flush(60.0)
    wall = time.perf_counter() - began
    print(
        f"at {number / wall:.1f} entries a second: {100 * (time.process_time() - cpu_began) / wall:.2f} % of a core"
        " (this loop included)"
    )
    store.close(60.0)


def measure_kills(folder: Path, kills: int) -> None:
    """Print how many entries, and of which age, were lost by processes killed at random moments."""
    moments = random.Random(9)
    most_lost, oldest_s, broken = 0, 0.0, 0
    said = folder.parent / "said.txt"
    for _ in range(kills):
        with said.open("wb") as output:
            child = subprocess.Popen([sys.executable, "-m", "benchmarks.endless_count", str(folder)], stdout=output)
            while said.stat().st_size < 1000 and child.poll() is None:
                time.sleep(0.005)
            time.sleep(moments.uniform(0.0, 1.5))
            killed = time.monotonic()
            child.kill()
            child.wait()
        lines = [line.split() for line in said.read_text("ascii").splitlines()]
        appended = {int(line[1]): float(line[2]) for line in lines if line[0] == "a" and len(line) == 3}
        safe = max((int(line[1]) for line in lines if line[0] == "f" and len(line) == 2), default=0)
        store = Store.open(folder)
        stored = [entry.seq for entry in store.entries(SESSION)]
        ok = stored == list(range(1, len(stored) + 1)) and len(stored) >= safe and not store.problem
        broken += not ok
        lost = [killed - at for seq, at in appended.items() if seq > len(stored)]
        most_lost, oldest_s = max(most_lost, len(lost)), max(oldest_s, *lost, 0.0)
        store.close(60.0)
    print(
        f"killed {kills} times: {broken} with a gap, a problem or a lost entry that was said to be safe; at most"
        f" {most_lost} entries lost, the oldest appended {oldest_s:.2f} s before"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="where to write (default: the temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        if options.people:
            session = measure_writing(Path(name) / "long", options.people)
            measure_opening(Path(name) / "long", session)
            measure_share(Path(name) / "long")
        if options.kills:
            measure_kills(Path(name) / "killed", options.kills)


if __name__ == "__main__":
    main()
