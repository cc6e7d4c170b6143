"""Shares in whole per cent."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby


def whole_shares(numbers: Sequence[int]) -> list[int]:
    """Return the shares of non-negative numbers in whole per cent; all 0 where the numbers are.

    They sum to 100 wherever equal numbers can have equal shares then: the largest remainders are rounded up (Hamilton's
    method), those of equal numbers all together or not at all. Three equal numbers have 33 each and 99 together; see
    `need_not_sum`. No share is 1 or more off.
    """
    total = sum(numbers)
    if not total:
        return [0] * len(numbers)
    shares = [100 * n // total for n in numbers]
    left = 100 - sum(shares)
    # In whole numbers, so that equal remainders are equal; of these the larger group first, then the larger number.
    remainder = [100 * n % total for n in numbers]
    order = sorted(
        range(len(numbers)), key=lambda i: (remainder[i], numbers.count(numbers[i]), numbers[i]), reverse=True
    )
    for _, group in groupby(order, key=lambda i: numbers[i]):
        equal = list(group)
        if len(equal) <= left and remainder[equal[0]]:
            left -= len(equal)
            for i in equal:
                shares[i] += 1
    return shares


def need_not_sum(numbers: Sequence[int]) -> bool:
    """Whether `whole_shares` of these numbers do not sum to 100, which whoever shows them explains."""
    return any(numbers) and sum(whole_shares(numbers)) != 100
