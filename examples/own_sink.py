"""Prints each event of a count as one line of JSON, at the moment it happens.

python examples/own_sink.py [VIDEO]

The same class could write into a database or send to a message broker. It is called on the thread that counts, so
whatever is slow belongs into a queue and a thread of its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from desktop_app.domain.event_codec import kind_of, to_plain
from desktop_app.domain.events import Event
from desktop_app.engine.state import EngineObserver
from desktop_app.factory import build_pipeline, open_source
from desktop_app.session.headless import run_headless


class JsonLines(EngineObserver):
    """Writes one JSON object an event: a person was counted, named, has crossed a line, has left..."""

    def on_events(self, events: Sequence[Event]) -> None:
        for event in events:
            print(json.dumps({"kind": kind_of(event), **to_plain(event)}), flush=True)


def main(source: str = "demo") -> None:
    result = run_headless(open_source(source), build_pipeline(), observers=[JsonLines()])
    print(json.dumps({"people": result.counts.people}))


if __name__ == "__main__":
    main(*sys.argv[1:2])
