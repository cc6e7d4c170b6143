"""Run as a process of its own that is killed: counts into a store and says what it has appended, and what is safe.

    python -m benchmarks.endless_count FOLDER

Prints, each as one line: `a N SECONDS` before entry N is appended, at this time of the system's monotonic clock, and
`f N` when the store says that all entries up to N are on the disk.
"""

from __future__ import annotations

import sys
import time
import uuid
from pathlib import Path

from desktop_app.domain.events import Counted, Entry, Opened
from desktop_app.store import Store, keeper

SESSION = "the count that is killed"


def main() -> None:
    keeper.START_DELAY_S = 0.0  # copies and summaries are made meanwhile, too
    store = Store.open(Path(sys.argv[1]))
    seq = store.last_seq()
    while True:
        for _ in range(20):
            seq += 1
            event = Counted(float(seq), f"p{seq}", seq, float(seq)) if seq > 1 else Opened(0.0, "killed")
            sys.stdout.write(f"a {seq} {time.monotonic()}\n")
            sys.stdout.flush()
            store.append([Entry(str(uuid.uuid4()), SESSION, "north", seq, time.time(), event)])
            time.sleep(0.002)
        if seq % 3 and store.flush(60.0):
            sys.stdout.write(f"f {seq}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
