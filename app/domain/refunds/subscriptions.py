"""What is left of a subscription's paid period when it ends early.

The unused share is exact and counted in the line's time zone; the money is rounded once. What goes back is capped at
what was paid for the period less what was used of it: `clamp(paid - used, 0, unused)`.
"""

from datetime import date, datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.case import Case, Line, Order
from app.domain.money import half_up, rounded, split
from app.domain.policy_terms import Proration
from app.domain.portions import portions


def unused_share(subscription: dict[str, Any], effective_at: datetime, proration: Proration) -> Fraction:
    """The share of the period that is not used when it ends at `effective_at`, between 0 and 1.

    A trial moves the start of use to its end. By days, the day of cancellation is used or not as the policy says.
    """
    start, end = subscription["period_start"], subscription["period_end"]
    trial_end = subscription.get("trial_end")
    start = min(max(start, trial_end), end) if trial_end else start
    at = min(max(effective_at, start), end)
    if effective_at < start:
        return Fraction(1)
    if proration.unit == "second":
        return _seconds(start, end, at)
    zone = ZoneInfo(subscription["timezone"])
    first, last, day = (moment.astimezone(zone).date() for moment in (start, end, at))
    count = _days_of_30 if proration.unit == "fixed_30" else _days
    whole = count(first, last)
    if whole <= 0:
        return _seconds(start, end, at)
    left = count(day, last) - (1 if proration.cancellation_day == "used" else 0)
    return Fraction(min(max(left, 0), whole), whole)


def _seconds(start: datetime, end: datetime, at: datetime) -> Fraction:
    whole = end - start
    if not whole:
        return Fraction(0)
    return Fraction(_microseconds(end, at), _microseconds(end, start))


def _microseconds(end: datetime, start: datetime) -> int:
    span = end - start
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def _days(start: date, end: date) -> int:
    return (end - start).days


def _days_of_30(start: date, end: date) -> int:
    """Thirty days to every month; a 31st counts as the 30th."""
    months = (end.year - start.year) * 12 + end.month - start.month
    return months * 30 + min(end.day, 30) - min(start.day, 30)


def unused_minor(line: Line, share: Fraction, *, setup_fee: str, units: int | None = None) -> int:
    """The gross worth of the unused share, taxes likewise; the setup fee all or not at all. None: of all its units."""
    assert line.subscription is not None
    taxes = [tax.amount_minor for tax in line.portion.taxes]
    price = line.portion.gross_minor - (0 if line.taxes_included else sum(taxes))
    fee = min(line.subscription.get("setup_fee_minor") or 0, price)
    parts = [price] if line.taxes_included else [price, *taxes]
    fees = [half_up(part * fee, price) if price else 0 for part in parts]
    of_all = Fraction(1) if units is None else Fraction(units, line.portion.quantity)
    unused = sum(rounded(share * of_all * (part - of_fee)) for part, of_fee in zip(parts, fees, strict=True))
    return unused + (rounded(of_all * sum(fees)) if setup_fee == "refund" else 0)


def paid_minor(case: Case, order: Order, line: Line) -> int:
    """What was paid for the line: all of it, or its part where less than the order's total was captured."""
    captured = sum(p.captured_minor for p in case.payments.values() if p.currency == order.currency)
    if captured >= order.total_minor:
        return line.portion.gross_minor
    parts = list(portions(order))
    shares = split(captured, [portion.gross_minor for _, _, portion in parts])
    return next(share for share, (_, _, portion) in zip(shares, parts, strict=True) if portion is line.portion)


def capped(case: Case, order: Order, line: Line, unused: int) -> int:
    """What of the unused worth goes back as money, after what was used and what went back before."""
    used = line.portion.gross_minor - unused
    return min(max(paid_minor(case, order, line) - line.portion.used_minor - used, 0), unused)
