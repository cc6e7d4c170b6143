"""Answers that are a report or a chart: the same of a kept count and of a video that was sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import quote

from fastapi.responses import Response

from desktop_app.domain.person_facts import PersonRecord
from desktop_app.reports.report import Report
from desktop_app.web.counts import FORMATS, chart, written

ReportForm = Literal["pdf", "xlsx", "csv", "json"]
ChartName = Literal["arrivals", "ages"]

# What the description of the API says of them.
REPORT_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {media_type: {} for media_type, _ in FORMATS.values()}}
}
SVG_FILES: dict[int | str, dict[str, Any]] = {200: {"content": {"image/svg+xml": {}}}}


def report_answer(report: Report, people: Sequence[PersonRecord], form: ReportForm) -> Response:
    """Return a report as a file to be saved."""
    made = written(report, people, form)
    return Response(made.data, media_type=made.media_type, headers={"content-disposition": attachment(made.name)})


def chart_answer(report: Report, name: ChartName) -> Response:
    """Return a chart of a report."""
    return Response(chart(report, name), media_type="image/svg+xml")


def attachment(name: str) -> str:
    """Return the Content-Disposition of a file to be saved (RFC 6266); the name may hold any letters."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
