"""Figures for Prometheus. A counter never falls: what an operator takes back or puts right has counters of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desktop_app import __version__
from desktop_app.domain.events import (
    Added,
    Corrected,
    Counted,
    Crossed,
    CrossedBack,
    Entry,
    Merged,
    Revised,
    SourceLost,
    Split,
    Undone,
)
from desktop_app.web.schemas import LiveFigures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """All figures of one server, in a registry of its own. Thread-safe."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        Gauge("headcount_build_info", "The version of the program.", ["version"], registry=registry).labels(
            __version__
        ).set(1)
        self._counted = Counter(
            "headcount_people_counted", "People counted by the program since it started.", ["door"], registry=registry
        )
        self._decided = Counter(
            "headcount_people_decided",
            "People for whom the program's decision is final, by how they appear.",
            ["door", "appears"],
            registry=registry,
        )
        self._merged = Counter(
            "headcount_people_merged", "People found to be somebody already counted.", ["door"], registry=registry
        )
        self._crossings = Counter(
            "headcount_line_crossings", "Crossings of lines.", ["door", "line", "direction"], registry=registry
        )
        self._back = Counter(
            "headcount_line_crossings_taken_back",
            "Crossings taken back because the person turned round.",
            ["door", "line", "direction"],
            registry=registry,
        )
        self._corrections = Counter("headcount_corrections", "Decisions of an operator.", ["what"], registry=registry)
        self._lost = Counter(
            "headcount_source_losses", "How often the source of a door was lost.", ["door"], registry=registry
        )
        self._people = Gauge(
            "headcount_current_people",
            "The totals of the current count with its corrections; begins anew with each count.",
            ["appears"],
            registry=registry,
        )
        self._in_view = Gauge("headcount_people_in_view", "People in view of all doors now.", registry=registry)
        self._up = Gauge(
            "headcount_door_counting", "1 while people are counted at the door.", ["door"], registry=registry
        )
        self.requests = Counter(
            "headcount_http_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "headcount_http_request_seconds",
            "Time until an answer was complete; streams are left out.",
            ["route"],
            buckets=(0.005, 0.02, 0.1, 0.5, 2, 10, 60),
            registry=registry,
        )
        self.items = Counter(
            "headcount_uploads", "Pictures and videos that were sent, by how they ended.", ["state"], registry=registry
        )
        self.pictures = Counter("headcount_predicted_pictures", "Pictures answered by predict.", registry=registry)
        self._waiting = Gauge("headcount_uploads_waiting", "Uploads that wait for their turn.", registry=registry)
        self._viewers = Gauge("headcount_viewers", "Open streams of the live count.", registry=registry)

    def take(self, entries: Sequence[Entry]) -> None:
        """Count entries of the log, each once."""
        for entry in entries:
            match entry.event:
                case Counted():
                    self._counted.labels(entry.door).inc()
                case Revised(final=True, gender=gender):
                    self._decided.labels(entry.door, gender.value).inc()
                case Merged(by_operator=by_operator):
                    (self._corrections.labels("merged") if by_operator else self._merged.labels(entry.door)).inc()
                case Crossed(place=line, direction=direction):
                    self._crossings.labels(entry.door, line, direction).inc()
                case CrossedBack(place=line, direction=direction):
                    self._back.labels(entry.door, line, direction).inc()
                case SourceLost():
                    self._lost.labels(entry.door).inc()
                case Corrected(what=what):
                    self._corrections.labels(what).inc()
                case Split():
                    self._corrections.labels("split").inc()
                case Added():
                    self._corrections.labels("added").inc()
                case Undone():
                    self._corrections.labels("undone").inc()

    def show(self, figures: LiveFigures) -> None:
        """Set what rises and falls."""
        for appears in ("female", "male", "undecided"):
            self._people.labels(appears).set(getattr(figures.totals, appears))
        self._in_view.set(figures.in_view or 0)
        for door in figures.doors:
            self._up.labels(door.id).set(door.state == "running")

    def text(self, *, viewers: int, waiting: int) -> bytes:
        """Return everything in Prometheus's text format."""
        self._viewers.set(viewers)
        self._waiting.set(waiting)
        return generate_latest(self.registry)


class CountedRequests:
    """Counts requests by route, not by address: what a stranger makes up must not become a label."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, is_stream, began = 500, False, time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] == "http.response.start":
                status = message["status"]
                is_stream = any(
                    v.startswith(b"text/event-stream") for k, v in message["headers"] if k == b"content-type"
                )
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "") or "none"
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._metrics.requests.labels(method, route, str(status)).inc()
            if not is_stream:
                self._metrics.seconds.labels(route).observe(time.perf_counter() - began)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
