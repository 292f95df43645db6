"""Exchange rates as a table by day, and conversions that round once.

A rate BASE/QUOTE multiplies from base to quote and divides back. Where a pair has no rate of its own, it is crossed
over a currency that has one with both. The rate of a day is the newest on or before it.
"""

from bisect import bisect_right, insort
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from app.domain.money import rounded
from topics.currencies import EXPONENTS


class Rate(NamedTuple):
    """How many units of the one currency a unit of the other is, and on which day that was said."""

    value: Fraction
    as_of: date


class Rates:
    """All rates that were published. Later additions for the same pair and day replace earlier ones."""

    def __init__(self) -> None:
        self._days: dict[tuple[str, str], list[date]] = {}
        self._values: dict[tuple[str, str, date], Fraction] = {}

    def add(self, base: str, quote: str, as_of: date, rate: str) -> None:
        """One published rate, as a decimal string above zero."""
        key = (base, quote, as_of)
        if key not in self._values:
            insort(self._days.setdefault((base, quote), []), as_of)
        self._values[key] = Fraction(Decimal(rate))

    def find(self, base: str, quote: str, day: date) -> Rate | None:
        """The rate of the day: direct, the other way round, or crossed; None where there is none yet."""
        if base == quote:
            return Rate(Fraction(1), day)
        if direct := self._either_way(base, quote, day):
            return direct
        crossed = [
            Rate(first.value * second.value, min(first.as_of, second.as_of))
            for common in sorted(self._partners(base) & self._partners(quote))
            if (first := self._either_way(base, common, day)) and (second := self._either_way(common, quote, day))
        ]
        return max(crossed, key=lambda rate: rate.as_of, default=None)

    def _partners(self, currency: str) -> set[str]:
        return {b if q == currency else q for b, q in self._days if currency in (b, q)}

    def _either_way(self, base: str, quote: str, day: date) -> Rate | None:
        ahead, back = self._newest(base, quote, day), self._newest(quote, base, day)
        if ahead is None or (back is not None and back.as_of > ahead.as_of):
            return Rate(1 / back.value, back.as_of) if back else None
        return ahead

    def _newest(self, base: str, quote: str, day: date) -> Rate | None:
        days = self._days.get((base, quote), [])
        index = bisect_right(days, day)
        if not index:
            return None
        as_of = days[index - 1]
        return Rate(self._values[base, quote, as_of], as_of)


def converted(amount_minor: int, base: str, quote: str, rate: Fraction) -> Fraction:
    """An amount in the other currency's minor units, exact."""
    return amount_minor * rate * Fraction(10) ** (EXPONENTS[quote] - EXPONENTS[base])


def convert(amount_minor: int, base: str, quote: str, rate: Fraction) -> int:
    """The same, rounded half up once. 100 USD-cents at 101 to JPY are 101 yen."""
    return rounded(converted(amount_minor, base, quote, rate))


def decimal_text(value: Fraction, places: int = 12) -> str:
    """A rate as a decimal string: exact where it ends within `places` digits, else rounded half up there."""
    scaled = rounded(value * 10**places)
    text = f"{Decimal(scaled).scaleb(-places):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
