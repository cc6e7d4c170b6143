"""Prints what is counted as one line of JSON each, at the moment it is counted.

python examples/own_sink.py [VIDEO]

The same class could write into a database or send to a message broker. It is called on the thread that counts, so
whatever is slow belongs into a queue and a thread of its own (`desktop_app.session.listeners.QueuedListener`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from desktop_app.domain.events import Counted, Event, Merged, Revised
from desktop_app.engine.state import EngineObserver
from desktop_app.factory import build_pipeline, open_source
from desktop_app.session.headless import run_headless


class JsonLines(EngineObserver):
    """Tells of each person counted, of each decision on them, and of two that turn out to be one person.

    `time_s` is seconds from the start of the video; `person` names a person for good.
    """

    def on_events(self, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case Counted():
                    self._write(event, person=event.person)
                case Revised():
                    self._write(event, person=event.person, gender=event.gender, age_years=event.age_years)
                case Merged():
                    self._write(event, person=event.person, into=event.into)

    def _write(self, event: Event, **details: object) -> None:
        entry = {"time_s": round(event.time_s, 2), "event": type(event).__name__}
        print(json.dumps(entry | details), flush=True)


def main(source: str = "demo") -> None:
    result = run_headless(open_source(source), build_pipeline(), observers=[JsonLines()])
    print(json.dumps({"people": result.counts.people}))


if __name__ == "__main__":
    main(*sys.argv[1:2])
