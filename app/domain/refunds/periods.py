"""What a subscription that ends early gives back, by whatever scope it is asked for."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from app.domain.case import Line, Order, Row
from app.domain.portions import row_of
from app.domain.reasons import ReasonCode
from app.domain.refunds.asking import Asking, Denial, Plan
from app.domain.refunds.statutory import has_begun
from app.domain.refunds.subscriptions import capped, unused_minor, unused_share

CANCELLED = "subscription_cancelled"


def endings(asking: Asking, units: dict[str, int]) -> dict[str, Plan | Denial]:
    """Of the lines that are asked for, those whose period the request ends, and what each of them gives back.

    The reason says that it ends, and then it does when it was asked; the scope only says for which lines.
    """
    if asking.request.reason != CANCELLED:
        return {}
    lines = [asking.order.lines[line_id] for line_id in units]
    at = asking.request.asked_at
    return {line.line_id: ended(asking, line, at, units[line.line_id]) for line in lines if line.subscription}


def ending_rows(end: Plan | Denial) -> list[Row]:
    """What comes back of a line whose period ends."""
    return end.rows if isinstance(end, Plan) else []


def why_none(ends: Mapping[str, Plan | Denial]) -> Denial | None:
    """Why nothing comes back of the lines whose period ends: what the first of them says."""
    return next((end for end in ends.values() if isinstance(end, Denial)), None)


def leave_nothing(ends: Mapping[str, Plan | Denial], order: Order) -> bool:
    """Whether all that these lines have left comes back; a share that was used stays."""
    return all(
        isinstance(end, Plan) and end.wanted_minor == order.lines[line_id].portion.left_minor
        for line_id, end in ends.items()
    )


def joined(given: Plan, ends: Mapping[str, Plan | Denial]) -> Plan:
    """The plan, in which lines whose period ends go by their worth and not by their units."""
    if not ends:
        return given
    parts = [end for end in ends.values() if isinstance(end, Plan)]
    credit = [part.wanted_minor - part.money_minor for part in parts if part.money_minor is not None]
    return msgspec.structs.replace(
        given,
        units={line_id: units for line_id, units in given.units.items() if line_id not in ends},
        ended=frozenset(ends),
        reduced=given.reduced or len(parts) < len(ends) or any(part.reduced for part in parts),
        money_minor=given.wanted_minor - sum(credit) if credit else None,
    )


def ended(asking: Asking, line: Line, at: datetime, units: int | None = None) -> Plan | Denial:
    """What the line gives back when its period ends at that time, for all of it or for some of several units."""
    rule = asking.policy.proration
    assert line.subscription is not None
    share = unused_share(line.subscription, at, rule)
    if not share:
        return Denial(ReasonCode.PERIOD_FULLY_USED, (line.line_id,))
    unused = unused_minor(line, share, setup_fee=rule.setup_fee)
    worth = unused
    if units is not None and units < line.portion.left_quantity:
        worth = unused_minor(line, share, setup_fee=rule.setup_fee, units=units)
    money = min(capped(asking.case, asking.order, line, unused), worth)
    still_owed = max(0, unused - given_for_the_end(asking, line))
    with_credit = min(worth, still_owed, line.portion.left_minor)
    given = {"refund": money, "none": 0}.get(rule.on_cancellation, with_credit)
    if not given:
        return Denial(ReasonCode.NOTHING_LEFT, (line.line_id,))
    row = row_of(line.portion, given, component="line", line_id=line.line_id)
    as_money = {"store_credit": 0, "refund_then_credit": money}.get(rule.on_cancellation)
    ids = [line.line_id]
    return Plan([row], given, reduced=given < worth, lines=ids, ended=frozenset(ids), money_minor=as_money)


def given_for_the_end(asking: Asking, line: Line) -> int:
    """What went back of the line because its period ended, as money and as credit; what came to nothing is not in."""
    return sum(
        row.gross_minor
        for request in asking.case.requests.values()
        if request.reason == CANCELLED
        for row in request.rows_standing
        if row.component == "line" and row.line_id == line.line_id
    )


def withdrawn(asking: Asking, line: Line) -> Plan | Denial:
    """By law: all that is left of it, or once it has begun all but the share that was had (2011/83/EU, article 14)."""
    left = line.portion.left_minor
    if has_begun(asking.case, line, asking.request.asked_at):
        assert line.subscription is not None
        share = unused_share(line.subscription, asking.request.scope["effective_at"], asking.policy.proration)
        unused = unused_minor(line, share, setup_fee="refund")
        left = capped(asking.case, asking.order, line, unused)
    if not left:
        return Denial(ReasonCode.NOTHING_LEFT, (line.line_id,))
    row = row_of(line.portion, left, component="line", line_id=line.line_id)
    return Plan([row], left, lines=[line.line_id], by_law=frozenset([line.line_id]))
