"""Money, dates and numbers as a language writes them, from the Unicode CLDR by way of babel.

Babel is asked once per shape (currency in a language, day, minute of the day) and its answer kept: asking it for
each value costs more than all the rest of a notification. Decimals of money are those of ISO 4217, which the whole
product counts in; the CLDR's own differ for some currencies (ISK, UGX, IQD).
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from babel import Locale, dates, numbers

from topics.currencies import EXPONENTS
from topics.envelope import zone as known_zone

_NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"


def prepare(locale: str) -> None:
    """Reads what the CLDR has of a language, which takes babel 3 to 10 ms."""
    _short_time(locale)
    _glue(locale)
    plural(locale, 1)


class _Shape(NamedTuple):
    """How a currency is written: what stands before and after the digits, of a positive and of a negative amount."""

    before: str
    after: str
    before_negative: str
    after_negative: str
    group: str
    decimal: str
    exponent: int
    unit: int


def money(locale: str, amount_minor: int, currency: str) -> str:
    """An amount in minor units, written for people: 1234 EUR is `12,34 €` in German. KeyError: no such currency."""
    shape = _shape(locale, currency)
    whole, rest = divmod(abs(amount_minor), shape.unit)
    digits = f"{whole:,}".replace(",", shape.group)
    if shape.exponent:
        digits = f"{digits}{shape.decimal}{rest:0{shape.exponent}d}"
    if amount_minor < 0:
        return f"{shape.before_negative}{digits}{shape.after_negative}"
    return f"{shape.before}{digits}{shape.after}"


@lru_cache(maxsize=4096)
def _shape(locale: str, currency: str) -> _Shape:
    exponent = EXPONENTS[currency]
    symbols = Locale.parse(locale).number_symbols["latn"]
    return _Shape(
        *_around(locale, 1, currency),
        *_around(locale, -1, currency),
        group=symbols["group"],
        decimal=symbols["decimal"],
        exponent=exponent,
        unit=10**exponent,
    )


def _around(locale: str, one: int, currency: str) -> tuple[str, str]:
    """What stands before and after the digit of 1 or -1."""
    whole = Locale.parse(locale).currency_formats["standard"].pattern.replace(".00", "")
    text = numbers.format_currency(one, currency, whole, locale=locale, currency_digits=False)
    before, _, after = text.partition("1")
    # The CLDR wants a space between a letter and a digit (KWD 1.234); babel leaves it out.
    return (before + _NO_BREAK_SPACE if before[-1:].isalpha() else before), after


def instant(value: str | date) -> date:
    """An ISO string as a datetime or, of ten characters, a date; dates as they are. ValueError: no such time."""
    if not isinstance(value, str):
        return value
    return date.fromisoformat(value) if len(value) == len("2026-03-02") else datetime.fromisoformat(value)


def zone(name: str | None) -> tzinfo:
    """The time zone to write dates in. What is absent or unknown is UTC: a text is never held up by it."""
    return (known_zone(name) if name else None) or UTC


def day(locale: str, value: str | date, tz: tzinfo) -> str:
    """A date in words, of a datetime the date in that zone: `2. März 2026`."""
    point = instant(value)
    if isinstance(point, datetime):
        point = point.astimezone(tz).date()
    return _long_date(locale, point)


def moment(locale: str, value: str | date, tz: tzinfo) -> str:
    """Date, time to the minute, and distance from UTC: `March 2, 2026, 2:05 PM UTC+1`. TypeError: a day alone."""
    point = instant(value)
    if not isinstance(point, datetime):
        raise TypeError("a point in time was expected, not a day")
    local = point.astimezone(tz)
    clock = f"{_clock(locale, local.hour, local.minute)} {_offset(local.utcoffset() or timedelta())}"
    return _glue(locale).format(clock, _long_date(locale, local.date()))


def deadline(locale: str, value: str | date, tz: tzinfo) -> str:
    """A day as `day` writes it, a point in time as `moment` does."""
    point = instant(value)
    return moment(locale, point, tz) if isinstance(point, datetime) else _long_date(locale, point)


@lru_cache(maxsize=4096)
def plural(locale: str, count: int) -> str:
    """The plural form that a number takes in a language: one, few, many, other …"""
    return str(Locale.parse(locale).plural_form(count))


@lru_cache(maxsize=8192)
def _long_date(locale: str, value: date) -> str:
    return dates.format_date(value, "long", locale=locale)


@lru_cache(maxsize=16384)
def _clock(locale: str, hour: int, minute: int) -> str:
    # The pattern is kept: to look it up takes babel three times as long as to fill it in, and minutes are many.
    language, pattern = _short_time(locale)
    # CLDR puts a narrow space before AM and PM that old mail programs show as a box.
    return pattern.apply(time(hour, minute), language).replace("\N{NARROW NO-BREAK SPACE}", " ")


@lru_cache(maxsize=64)
def _short_time(locale: str) -> tuple[Locale, dates.DateTimePattern]:
    language = Locale.parse(locale)
    return language, dates.get_time_format("short", language)


@lru_cache(maxsize=64)
def _glue(locale: str) -> str:
    """How a language puts time (0) and date (1) together."""
    return str(Locale.parse(locale).datetime_formats["long"]).replace("'", "")


def _offset(ahead: timedelta) -> str:
    """How far a clock is from UTC, exact and the same in every language: `UTC`, `UTC+1`, `UTC-3:30`."""
    if not ahead:
        return "UTC"
    hours, minutes = divmod(round(abs(ahead).total_seconds()) // 60, 60)
    sign = "-" if ahead < timedelta() else "+"
    return f"UTC{sign}{hours}:{minutes:02d}" if minutes else f"UTC{sign}{hours}"
