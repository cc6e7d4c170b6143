"""What stands in for counting a file again in a child process; it imports nothing that takes long."""

from __future__ import annotations

import time

from desktop_app.batch.work import FileCount, FileJob, Progress
from desktop_app.domain.events import Counted, DoorStarted, Left, Opened, Revised
from desktop_app.domain.types import Counts, Gender
from desktop_app.errors import SourceError
from desktop_app.system.child_worker import Tell
from tests.store.logs import LogMaker


def count_file(tell: Tell, job: FileJob) -> FileCount:
    """Find one more woman than there was, and call the man undecided where the settings ask for more."""
    if "bad" in job.path:
        raise SourceError("The file is no video.", "Convert it.")
    tell(Progress(5.0, 10.0, 1))
    if "slow" in job.path:
        time.sleep(60)
    man = Gender.UNDECIDED if job.settings.count.decide_threshold > 0.9 else Gender.MALE
    people = ((0.0, Gender.FEMALE), (20.0, man), (60.0, Gender.FEMALE))
    log = LogMaker(session="again", utc=job.began_utc or 0.0)
    log.add(Opened(0.0, job.name, job.place), "")
    log.add(DoorStarted(0.0, job.path, log.utc))
    for at, gender in people:
        person(log, at, gender)
    log.close()
    return FileCount("again", Counts(female=2, male=1), 90.0, 900, (), tuple(log.entries))


def person(log: LogMaker, at: float, gender: Gender) -> None:
    """Have somebody pass at this second."""
    ref = f"{log.session}-{at}"
    log.add(Counted(at, ref, int(at) // 20 + 1, at))
    log.add(Revised(at + 1, ref, gender, 0.9, 34.5, 4.0, True))
    log.add(Left(at + 5, ref, at + 5, 5.0, 1.0))
