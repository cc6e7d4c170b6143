"""The state of the count in the words of the strip."""

from __future__ import annotations

from datetime import datetime

import pytest

from desktop_app.engine.state import EngineState
from desktop_app.ui.window.state_words import Moments, ago, clock, state_pill

NINE = datetime(2026, 5, 12, 9, 2).timestamp()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (4.9, "just now"),
        (5, "5 s ago"),
        (23, "20 s ago"),
        (60, "1 min ago"),
        (179, "2 min ago"),
        (7300, "2 h ago"),
    ],
)
def test_how_long_ago(seconds: float, words: str) -> None:
    assert ago(seconds) == words


def test_a_running_count_says_since_when_and_when_the_last_person_came() -> None:
    pill = state_pill(EngineState.RUNNING, "", "Door", Moments(NINE + 3600, NINE, 130.0))
    assert (pill.kind, pill.text) == ("good", "Counting since 09:02, last person 2 min ago")


def test_a_planned_end_is_said() -> None:
    pill = state_pill(EngineState.RUNNING, "", "Door", Moments(NINE, NINE, None, NINE + 3600))
    assert pill.text == "Counting since 09:02, stops at 10:02"


def test_a_count_that_took_the_faster_model_says_so_as_long_as_it_runs() -> None:
    at = Moments(NINE, NINE, None, NINE + 3600)
    pill = state_pill(EngineState.RUNNING, "", "Door", at, fell_back=True)
    assert (pill.kind, pill.text) == ("good", "Counting since 09:02, stops at 10:02, with the faster model")
    assert "model" not in state_pill(EngineState.STOPPED, "", "Door", at, fell_back=True).text


def test_a_lost_source_is_red_with_its_reason() -> None:
    pill = state_pill(EngineState.RECONNECTING, "The camera fell silent.", "Door", Moments(NINE + 60, NINE))
    assert (pill.kind, pill.text) == ("bad", "Lost since 09:02: The camera fell silent.")


@pytest.mark.parametrize("state", list(EngineState))
def test_every_state_has_words(state: EngineState) -> None:
    assert state_pill(state, "", "Door", Moments(NINE)).text


def test_a_time_of_another_day_says_so() -> None:
    day = 86_400.0
    assert [clock(NINE, NINE + ago * day) for ago in (0, 1, 2, 400)] == [
        *("09:02", "09:02 yesterday", "09:02 on 12 May", "09:02 on 12 May 2026"),
    ]
    pill = state_pill(EngineState.RUNNING, "", "Door", Moments(NINE + day, NINE, None, NINE + 2 * day))
    assert pill.text == "Counting since 09:02 yesterday, stops at 09:02"
