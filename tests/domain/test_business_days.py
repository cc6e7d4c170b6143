from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.business_days import BusinessDays

BERLIN = BusinessDays(ZoneInfo("Europe/Berlin"))


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_the_small_hours_belong_to_the_day_before() -> None:
    assert BERLIN.day_of(utc("2026-05-13T01:59:59")) == date(2026, 5, 12)  # 03:59:59 in Berlin
    assert BERLIN.day_of(utc("2026-05-13T02:00:00")) == date(2026, 5, 13)


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2026, 3, 28), 23),  # the night to 29 March, when 02:00 becomes 03:00
        (date(2026, 3, 29), 24),
        (date(2026, 10, 24), 25),  # the night to 25 October, when 03:00 becomes 02:00
        (date(2026, 10, 25), 24),
    ],
)
def test_a_day_with_a_change_of_the_clocks_has_its_own_length(day: date, hours: int) -> None:
    start, end = BERLIN.bounds(day)
    assert (end - start) / 3600 == len(BERLIN.hours(day)) == hours
    assert {BERLIN.day_of(t) for t in BERLIN.hours(day)} == {day}
    assert BERLIN.day_of(end) != day


@pytest.mark.parametrize(("start_hour", "hours"), [(2, 23), (3, 23), (0, 23)])
def test_a_start_hour_that_the_clocks_leave_out_still_gives_whole_days(start_hour: int, hours: int) -> None:
    days = BusinessDays(ZoneInfo("Europe/Berlin"), start_hour)
    lengths = [len(days.hours(date(2026, 3, day))) for day in (27, 28, 29, 30)]
    assert sum(lengths) == 95, "the four days hold one hour less than 96, none is counted twice or lost"
    assert min(lengths) == hours


@given(
    st.floats(0, 4e9),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
    st.integers(0, 23),
)
def test_every_moment_of_any_year_lies_in_exactly_one_day(moment: float, zone: str, hour: int) -> None:
    days = BusinessDays(ZoneInfo(zone), hour)
    day = days.day_of(moment)
    start, end = days.bounds(day)
    assert start <= moment < end


def test_a_whole_year_is_covered_without_gap_or_overlap() -> None:
    day = date(2026, 1, 1)
    while day.year == 2026:
        _, end = BERLIN.bounds(day)
        following = date.fromordinal(day.toordinal() + 1)
        assert end == BERLIN.start_of(following)
        day = following


def test_an_hour_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="0 to 23"):
        BusinessDays(ZoneInfo("UTC"), 24)
