"""A refund that was told under two names turns out to be one: the ledger, the news and the alerts end as those of one.

What was published stays. A row too many is reversed by a row of its own, and what the customer and the desk have heard
under the one name is not said again under the other.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from app.domain.case import Case, Refund
from app.domain.context import Context
from app.domain.plain import plain
from app.domain.records import Booked, Recognised, Record, Scheduled
from app.domain.refunds import exchange
from app.domain.refunds.execution import (
    confirmed,
    gave_up,
    ledger_kind,
    may_retry,
    retry_of,
    returned,
    returned_row,
    sent,
    settled_row,
    settlement_row,
)
from app.domain.refunds.lifecycle import IN_FLIGHT, NOTHING, SETTLED, after
from app.domain.refunds.naming import refund_of, twins_of
from app.domain.timer_names import stuck_timer


def recognise(case: Case, event: Any, context: Context) -> Iterator[Record]:
    """What an answer of the provider tells of a refund that is known, before the answer itself enters."""
    refund = refund_of(case, event)
    if refund is None:
        return
    for twin in twins_of(case, event):
        before, booked_times = refund.status, refund.settled_times
        yield Recognised(refund.key, twin.key, event)
        came_back = any(
            status in NOTHING and times for status, times in ((before, booked_times), (twin.status, twin.settled_times))
        )
        yield from _booked_once(case, refund, twin, before, came_back=came_back)
        if after(refund.status, event.type.removeprefix("refund.")) == refund.status:
            alerted = came_back or bool(SETTLED & {before, twin.status})
            yield from _followed(case, refund, before, context, alerted=alerted)
            if refund.status == before == "failed" and twin.status in IN_FLIGHT:
                yield from _tried_again(case, refund, context)
    settlement = getattr(event, "settlement", None)
    if settlement is not None and refund.status in SETTLED and refund.settlement is None:
        known = msgspec.structs.replace(refund, settlement=plain(settlement))
        yield settlement_row(case, known, event.event_id)


def _booked_once(case: Case, refund: Refund, twin: Refund, before: str, *, came_back: bool) -> Iterator[Record]:
    """One row for money that is out, none for money that is not, whatever each of the two has booked."""
    standing = [one for one, status in ((refund, before), (twin, twin.status)) if status in SETTLED]
    owed = refund.status in SETTLED
    if len(standing) > owed:
        if owed or came_back:
            yield _reversal(case, refund, twin, standing[-1])
        else:
            yield returned_row(refund)
            if before not in NOTHING or refund.retried:
                yield returned(refund)
    elif standing == [twin] and ledger_kind(twin) != ledger_kind(refund):
        yield _reversal(case, refund, twin, twin)
        yield settled_row(case, refund)


def _reversal(case: Case, refund: Refund, twin: Refund, booked: Refund) -> Booked:
    """The row of `booked` once more, with the opposite sign."""
    fx = exchange.settled(case, booked)
    return Booked(
        kind=ledger_kind(booked),
        fact=(twin.key, "is", refund.key),
        payment_id=booked.payment_id,
        amount_minor=booked.amount_minor,
        currency=booked.currency,
        settlement=booked.settlement,
        fx=fx and fx | {"gain_loss_minor": -fx["gain_loss_minor"]},
    )


def _tried_again(case: Case, refund: Refund, context: Context) -> Iterator[Record]:
    """A refusal while a stranger seemed to hold the money; it was the same refund, so the money is there again."""
    if may_retry(case, refund, context):
        retry = retry_of(case, refund, context)
        yield retry
        yield Scheduled(stuck_timer(retry.instruction_id), retry.not_after)


def _followed(case: Case, refund: Refund, before: str, context: Context, *, alerted: bool) -> Iterator[Record]:
    """What the refund's own answers would have been followed by, as far as that has not been said.

    Not asked where the event that says both names goes on from there: what that comes to is followed instead.
    """
    if refund.status == before:
        return
    match refund.status:
        case "submitted":
            yield from sent(case, refund, context)
        case "succeeded":
            yield from confirmed(case, refund, before)
        case "failed" | "reversed" if before not in NOTHING:
            yield from gave_up(case, refund, context, alerted=alerted)
