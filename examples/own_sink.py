"""Prints each counted person as one line of JSON, at the moment they are counted.

python examples/own_sink.py [VIDEO]

The same class could write into a database or send to a message broker. It is called on the thread that counts, so
whatever is slow belongs into a queue and a thread of its own.
"""

from __future__ import annotations

import json
import sys

from desktop_app.engine.headless import run_headless

from desktop_app.domain.types import CountEvent
from desktop_app.engine.state import EngineObserver
from desktop_app.factory import build_pipeline, open_source


class JsonLines(EngineObserver):
    """Writes one JSON object a person, line crossing or zone visit. `time_s` is seconds from the start of the video."""

    def on_events(self, events: tuple[CountEvent, ...]) -> None:
        for event in events:
            entry = {"time_s": round(event.time_s, 2), "kind": event.kind, "person": event.track_id}
            print(json.dumps(entry | {"gender": event.gender, "age_band": event.age_band}), flush=True)


def main(source: str = "demo") -> None:
    result = run_headless(open_source(source), build_pipeline(), observers=[JsonLines()])
    print(json.dumps({"people": result.counts.people}))


if __name__ == "__main__":
    main(*sys.argv[1:2])
