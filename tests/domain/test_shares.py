"""Shares in whole per cent: equal numbers have equal ones, and they sum to 100 wherever that can be."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop_app.domain.shares import need_not_sum, whole_shares


@pytest.mark.parametrize(
    ("numbers", "shares"),
    [
        ([1, 1, 1], [33, 33, 33]),
        ([2, 4, 0], [33, 67, 0]),
        ([1, 1, 4], [17, 17, 66]),
        ([3, 3, 1], [43, 43, 14]),
        ([1, 1, 198], [0, 0, 99]),
        ([5, 5], [50, 50]),
        ([0, 0], [0, 0]),
        ([], []),
    ],
)
def test_shares(numbers: list[int], shares: list[int]) -> None:
    assert whole_shares(numbers) == shares


@given(st.lists(st.integers(0, 10**6) | st.integers(0, 5), min_size=1, max_size=8).filter(any))
def test_equal_numbers_have_equal_shares_and_none_is_1_off(numbers: list[int]) -> None:
    shares = whole_shares(numbers)
    assert sum(shares) <= 100
    assert all(abs(s - 100 * n / sum(numbers)) < 1 for s, n in zip(shares, numbers, strict=True))
    assert len(set(zip(numbers, shares, strict=True))) == len(set(numbers))
    larger_first = sorted(zip(numbers, shares, strict=True), reverse=True)
    if len(set(numbers)) == len(numbers):
        assert sum(shares) == 100
        assert [s for _, s in larger_first] == sorted(shares, reverse=True)


def test_three_shares_fall_short_of_100_only_where_equal_ones_would_differ() -> None:
    for numbers in product(range(12), repeat=3):
        shares = whole_shares(numbers)
        if any(numbers) and sum(shares) != 100:
            assert len(set(numbers)) < 3
            assert need_not_sum(numbers)
        else:
            assert not need_not_sum(numbers)
