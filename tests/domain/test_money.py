"""Splitting, rounding and converting: the tables of the domain as they stand."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import half_up, split
from app.domain.rates import Rate, Rates, convert


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (100, (1, 1, 1), [34, 33, 33]),
        (5, (3, 7), [2, 3]),
        (5, (7, 3), [4, 1]),
        (-5, (7, 3), [-4, -1]),
        (5, (0, 7, 3), [0, 4, 1]),
        (1, (1, 1), [1, 0]),
        (300, (4000, 2000, 2000), [150, 75, 75]),
        (299, (4300, 1400, 2300), [161, 52, 86]),
        (10, (0, 0), [5, 5]),
        (-1, (1, 1), [-1, 0]),
        (0, (3, 4), [0, 0]),
        (7, (5,), [7]),
        (11, (0, 0), [6, 5]),
    ],
)
def test_a_split_gives_the_largest_remainder_first_and_ties_to_the_lowest_index(total, weights, shares):
    assert split(total, weights) == shares


@given(st.integers(-(2**53), 2**53), st.lists(st.integers(0, 2**53), min_size=1, max_size=20))
def test_a_split_sums_and_is_mirrored_for_the_opposite_sign(total, weights):
    shares = split(total, weights)
    assert sum(shares) == total
    assert split(-total, weights) == [-share for share in shares]


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**9), min_size=1, max_size=10).filter(any))
def test_no_share_is_a_whole_unit_away_from_its_exact_value(total, weights):
    for share, weight in zip(split(total, weights), weights, strict=True):
        assert abs(share - Fraction(total * weight, sum(weights))) < 1


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"),
    [
        (1, 2, 1),
        (-1, 2, -1),
        (3, 2, 2),
        (-3, 2, -2),
        (5, 4, 1),
        (-5, 4, -1),
        (7, 4, 2),
        (0, 3, 0),
        (6, 3, 2),
        (1, 3, 0),
    ],
)
def test_half_is_rounded_away_from_zero(numerator, denominator, rounded):
    assert half_up(numerator, denominator) == rounded


@pytest.mark.parametrize(
    ("minor", "base", "quote", "rate", "expected"),
    [
        (100, "USD", "JPY", "101", 101),
        (1000, "JPY", "USD", "0.0099", 990),
        (1, "USD", "JPY", "150", 2),  # 1.5 yen
        (-1, "USD", "JPY", "150", -2),
        (1000, "KWD", "EUR", "3", 300),  # three decimals to two
        (100, "EUR", "KWD", "0.3333", 333),
    ],
)
def test_a_conversion_is_rounded_once_in_the_target_s_minor_unit(minor, base, quote, rate, expected):
    assert convert(minor, base, quote, Fraction(rate)) == expected


def rates(*rows: tuple[str, str, int, str]) -> Rates:
    book = Rates()
    for base, quote, day, rate in rows:
        book.add(base, quote, date(2026, 1, day), rate)
    return book


@pytest.mark.parametrize(
    ("rows", "pair", "day", "expected"),
    [
        ([("EUR", "USD", 5, "1.25")], ("EUR", "USD"), 5, Fraction(5, 4)),
        ([("EUR", "USD", 5, "1.25")], ("USD", "EUR"), 5, Fraction(4, 5)),
        ([("EUR", "USD", 5, "1.25"), ("EUR", "JPY", 5, "150")], ("USD", "JPY"), 5, Fraction(120)),
        ([("EUR", "USD", 5, "1.25"), ("EUR", "USD", 7, "1.5")], ("EUR", "USD"), 6, Fraction(5, 4)),
        ([("EUR", "USD", 5, "1.25"), ("EUR", "USD", 7, "1.5")], ("EUR", "USD"), 7, Fraction(3, 2)),
        ([("EUR", "USD", 5, "1.25")], ("EUR", "USD"), 4, None),
        ([], ("EUR", "USD"), 5, None),
    ],
)
def test_the_rate_of_a_day_is_the_newest_on_or_before_it_direct_inverted_or_crossed(rows, pair, day, expected):
    found = rates(*rows).find(*pair, date(2026, 1, day))
    assert (found.value if found else None) == expected


def test_what_was_published_for_a_direction_goes_before_the_other_way_round_of_the_same_day():
    """A euro is 1.25 dollars as it was said; by the other rate it were 1.11."""
    book = rates(("EUR", "USD", 5, "1.25"), ("USD", "EUR", 5, "0.9"))
    assert book.find("EUR", "USD", date(2026, 1, 6)) == Rate(Fraction(5, 4), date(2026, 1, 5))
    assert book.find("USD", "EUR", date(2026, 1, 6)) == Rate(Fraction(9, 10), date(2026, 1, 5))


def test_a_crossed_rate_is_as_old_as_the_older_of_its_two_and_the_newest_such_is_taken():
    """By way of the euro it is of the 3rd, because one of the two is; by way of the franc of the 4th: 0.8 x 187.5."""
    by_euro = (("EUR", "USD", 5, "1.25"), ("EUR", "JPY", 3, "150"))
    assert rates(*by_euro).find("USD", "JPY", date(2026, 1, 6)) == Rate(Fraction(120), date(2026, 1, 3))
    book = rates(*by_euro, ("USD", "CHF", 4, "0.8"), ("CHF", "JPY", 4, "187.5"))
    assert book.find("USD", "JPY", date(2026, 1, 6)) == Rate(Fraction(150), date(2026, 1, 4))
