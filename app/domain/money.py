"""Arithmetic of money: integer minor units, rounded once, nothing lost.

Laws: what is split sums exactly; rounding is half away from zero; no float, no clamp.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any


def half_up(numerator: int, denominator: int) -> int:
    """Numerator / denominator, rounded to the nearest integer, ties away from zero. The denominator is positive."""
    assert denominator > 0
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return rounded if numerator >= 0 else -rounded


def rounded(exact: Fraction) -> int:
    """The nearest integer, ties away from zero."""
    return half_up(exact.numerator, exact.denominator)


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Splits minor units by weights: largest remainder, ties to the lowest index, mirrored for a negative total.

    Weights are not negative; all of them zero means equal shares. The shares always add up to the total.
    """
    assert weights
    assert all(weight >= 0 for weight in weights)
    if not total:
        return [0] * len(weights)
    size, weight_sum = abs(total), sum(weights)
    if weight_sum == 0:
        weights, weight_sum = [1] * len(weights), len(weights)
    shares, remainders = [], []
    for weight in weights:
        share, remainder = divmod(size * weight, weight_sum)
        shares.append(share)
        remainders.append(remainder)
    missing = size - sum(shares)
    for index in sorted(range(len(shares)), key=lambda i: (-remainders[i], i))[:missing]:
        shares[index] += 1
    assert sum(shares) == size
    return shares if total >= 0 else [-share for share in shares]


def money_of(minor: int | None, currency: str | None) -> dict[str, Any] | None:
    """The amount as messages write it; None where it or its currency is not known."""
    return None if minor is None or not currency else {"amount_minor": minor, "currency": currency}
