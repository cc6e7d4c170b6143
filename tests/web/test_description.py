"""The API against its own description: schemathesis makes up requests from it and looks at what comes back."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from desktop_app.web.access import Role
from tests.patience import PATIENCE_S
from tests.store.logs import LogMaker
from tests.web.conftest import Serve, Served

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = settings().max_examples // 7  # a request takes longer than a call
STREAMS = ("/api/v1/live/events", "/api/v1/jobs/{job}/events")
"""These do not end; test_live.py and test_uploads.py read them."""
NEEDS_WHAT_THERE_IS = {
    ("post", "/api/v1/recounts"),
    ("get", "/api/v1/recounts/{job}"),
    ("get", "/api/v1/recounts/{job}/people"),
    ("get", "/api/v1/jobs/{job}"),
    ("delete", "/api/v1/jobs/{job}"),
    ("delete", "/api/v1/jobs/{job}/items/{number}"),
    ("get", "/api/v1/jobs/{job}/items/{number}/picture.jpg"),
    ("get", "/api/v1/jobs/{job}/items/{number}/report.{form}"),
    ("get", "/api/v1/jobs/{job}/items/{number}/{name}.svg"),
    ("delete", "/api/v1/sessions/{session}/corrections/{correction}"),
    ("post", "/api/v1/sessions/{session}/corrections"),
}
"""Made-up ids and people lead nowhere here; the other tests call these with real ones."""
CHILDREN = ("/api/v1/predict", "/api/v1/jobs")
"""Posting there starts child processes; test_uploads.py sends what is odd to them."""


@pytest.fixture
def served(serve: Serve, log: LogMaker) -> Served:
    return serve(log=log, uploads_a_minute=100_000, predictions_a_minute=100_000)


def _check(operation: Any, served: Served, seen: set[int]) -> None:
    """Send made-up requests for one operation; note the statuses that come back."""

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def check(case: schemathesis.Case) -> None:
        case.headers = {**dict(case.headers or {}), **served.bearer(Role.CORRECT)}
        if case.path_parameters and "session" in case.path_parameters and len(seen) % 2 == 0:
            case.path_parameters["session"] = "fair"  # one that there is
        seen.add(case.call_and_validate(base_url=served.url, checks=CHECKS, timeout=PATIENCE_S).status_code)

    check()


@pytest.mark.slow
def test_every_operation_does_as_it_is_described(served: Served) -> None:
    description = served.client.get("/api/v1/openapi.json").json()
    schema = schemathesis.openapi.from_dict(description)
    statuses: dict[tuple[str, str], set[int]] = {}
    for result in schema.get_all_operations():
        operation = result.ok()
        key = (operation.method, operation.path)
        if operation.path in STREAMS or (operation.path in CHILDREN and operation.method == "post"):
            continue
        statuses[key] = set()

        _check(operation, served, statuses[key])
    assert len(statuses) >= 15
    never_good = {key for key, seen in statuses.items() if not any(status < 300 for status in seen)}
    assert never_good <= NEEDS_WHAT_THERE_IS, "requests that never get beyond the first check say nothing"


def test_the_description_has_an_example_or_a_schema_for_every_answer(served: Served) -> None:
    description = httpx.get(f"{served.url}/api/v1/openapi.json", timeout=PATIENCE_S).json()
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            assert operation.get("summary"), (method, path)
            answers = operation["responses"]
            assert any(status.startswith("2") for status in answers), (method, path)
    assert description["components"]["securitySchemes"]
