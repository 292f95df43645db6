"""What follows from an answer of the provider: ledger, alerts, the customer's news, and at most one retry.

A refusal is retried once, under an id derived from the old one, unless a dispute is open or the instruction was
cancelled. A time-out is never a refusal, and a reversal is none either.
"""

from collections.abc import Iterator
from typing import Any

from app.domain.balances import is_undecided, refundable
from app.domain.case import Case, Refund
from app.domain.context import Context
from app.domain.ids import derive
from app.domain.records import Alerted, Booked, Cancelled, Executed, Record, Scheduled
from app.domain.refunds import exchange
from app.domain.refunds.lifecycle import IN_FLIGHT, NOTHING, SETTLED
from app.domain.refunds.naming import refund_by_id, refund_of
from app.domain.telling import of_refund
from app.domain.timer_names import stuck_timer

ANSWERS = frozenset(
    {
        "refund.submitted",
        "refund.succeeded",
        "refund.failed",
        "refund.reversed",
        "store_credit.issued",
        "store_credit.failed",
    }
)
CANCELED = "canceled"


def answered(case: Case, event: Any, context: Context) -> Iterator[Record]:
    """Follows up one `refund.*` or `store_credit.*` event that entered."""
    refund = refund_of(case, event)
    if refund is None or refund.status == refund.previous:
        return
    before = refund.previous
    match refund.status:
        case "submitted":
            yield from sent(case, refund, context)
        case "succeeded":
            yield from _succeeded(case, refund, before)
        case "failed" | "reversed":
            yield from _came_to_nothing(case, refund, context, before)


def sent(case: Case, refund: Refund, context: Context) -> Iterator[Record]:
    """What follows when the provider has taken a refund: the news, and a new wait for its answer."""
    if refund.outside:
        return
    if told := of_refund(case, refund, "refund_sent"):
        yield told
    if not refund.stuck:
        policy = context.policies.speaking(case.merchant_id, context.now)
        yield Scheduled(stuck_timer(refund.key), context.clock + policy.stuck_after)


def _succeeded(case: Case, refund: Refund, before: str) -> Iterator[Record]:
    yield settled_row(case, refund)
    yield from confirmed(case, refund, before)


def confirmed(case: Case, refund: Refund, before: str) -> Iterator[Record]:
    """What follows when the money is out, beside the ledger: the news, and what it makes superfluous."""
    yield Scheduled(stuck_timer(refund.key), None)
    late = before in NOTHING
    if told := of_refund(case, refund, "store_credit_issued" if refund.kind == "store_credit" else "refund_completed"):
        yield told
    retry = next((r for r in case.refunds.values() if r.retry_of == refund.key and r.status in IN_FLIGHT), None)
    if late and retry is not None and not retry.cancel_asked:
        yield Cancelled(retry.key, retry.payment_id, "the first instruction succeeded after all")
    yield from _call_off_excess(case, refund.payment_id, called_off=retry if late else None)


def settled_row(case: Case, refund: Refund) -> Booked:
    """The ledger's entry of money that went back."""
    return Booked(
        kind=ledger_kind(refund),
        fact=(refund.key, refund.settled_times),
        payment_id=refund.payment_id,
        amount_minor=-refund.amount_minor,
        currency=refund.currency,
        settlement=refund.settlement,
        fx=exchange.settled(case, refund),
    )


def ledger_kind(refund: Refund) -> str:
    """Under which kind a refund that settled is booked."""
    return "store_credit" if refund.kind == "store_credit" else "refund_settled"


def returned_row(refund: Refund) -> Booked:
    """The ledger's entry of money that came back. A credit that is not owed after all moved no money of a payment."""
    is_credit = refund.kind == "store_credit"
    return Booked(
        kind=ledger_kind(refund) if is_credit else "refund_returned",
        fact=(refund.key, *(["returned"] if is_credit else []), refund.settled_times),
        payment_id=refund.payment_id,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
    )


def _call_off_excess(case: Case, payment_id: str, *, called_off: Refund | None) -> Iterator[Record]:
    """More is on its way than the payment has left: the youngest refunds that are not submitted yet are called off."""
    if payment_id not in case.payments:
        return
    excess = -refundable(case, case.payments[payment_id])
    for refund in reversed(list(case.refunds.values())):
        if refund.outside or refund.payment_id != payment_id or refund.status not in IN_FLIGHT:
            continue
        if excess <= 0:
            return
        if refund is not called_off and not refund.cancel_asked and refund.status == "approved":
            yield Cancelled(refund.key, refund.payment_id, "another refund of the payment left nothing for this one")
            excess -= refund.amount_minor
        elif refund is called_off or refund.cancel_asked:
            excess -= refund.amount_minor


def settled_later(case: Case, event: Any, context: Context) -> Iterator[Record]:
    """The provider told only afterwards what a refund came to."""
    del context
    refund = refund_by_id(case, event.refund_id)
    if refund is not None and refund.status in SETTLED:
        yield settlement_row(case, refund, event.event_id)


def settlement_row(case: Case, refund: Refund, event_id: str) -> Booked:
    """A settlement that was told after its refund was booked: no amount, with the gain or loss."""
    return Booked(
        kind="refund_settled",
        fact=(refund.key, "settlement", event_id),
        payment_id=refund.payment_id,
        amount_minor=0,
        currency=refund.currency,
        settlement=refund.settlement,
        fx=exchange.settled(case, refund),
    )


def call_off(case: Case, payment_id: str, reason: str) -> Iterator[Record]:
    """Somebody else is paying the cardholder: our own refunds in flight would be the second time."""
    for refund in list(case.refunds.values()):
        ours = not refund.outside and refund.payment_id == payment_id
        if ours and refund.status in IN_FLIGHT and not refund.cancel_asked:
            yield Cancelled(refund.key, refund.payment_id, reason)


def _came_to_nothing(case: Case, refund: Refund, context: Context, before: str) -> Iterator[Record]:
    settled = before in SETTLED
    if settled:
        yield returned_row(refund)
        yield returned(refund)
    yield from gave_up(case, refund, context, alerted=settled)


def gave_up(case: Case, refund: Refund, context: Context, *, alerted: bool) -> Iterator[Record]:
    """What follows when a refund has failed or come back, beside the ledger: one retry, or the news of it."""
    yield Scheduled(stuck_timer(refund.key), None)
    if refund.outside:
        return
    if refund.status == "failed" and may_retry(case, refund, context):
        retry = retry_of(case, refund, context)
        yield retry
        yield Scheduled(stuck_timer(retry.instruction_id), retry.not_after)
        return
    if refund.failure_code == CANCELED or refund.cancel_asked:
        return
    if not alerted:
        yield returned(refund)
    if told := of_refund(case, refund, "refund_failed"):
        yield told


def returned(refund: Refund) -> Alerted:
    """`refund.returned`: the money is here again, or never went."""
    return Alerted(
        type="refund.returned",
        fact=(refund.key, refund.status, refund.settled_times),
        body={
            "refund_id": refund.refund_id or refund.key,
            "payment_id": refund.payment_id,
            "amount": {"amount_minor": refund.amount_minor, "currency": refund.currency},
            "failure_code": refund.failure_code,
        },
    )


def may_retry(case: Case, refund: Refund, context: Context) -> bool:
    """Once, if nobody cancelled it, no dispute claims the payment and the money is still there."""
    disputed = any(
        d.payment_id == refund.payment_id and d.opened and is_undecided(d, context.now) for d in case.disputes.values()
    )
    cancelled = refund.failure_code == CANCELED or refund.cancel_asked
    payment = case.payments[refund.payment_id]
    if refundable(case, payment) < refund.amount_minor:
        return False
    return refund.retry_of is None and not refund.retried and not cancelled and not disputed and not context.historical


def retry_of(case: Case, refund: Refund, context: Context) -> Executed:
    """The same money again, under an id derived from the refused one."""
    assert refund.request_id is not None
    policy = context.policies.speaking(case.merchant_id, context.now)
    return Executed(
        instruction_id=derive("ins", case.case_id, refund.key, "retry"),
        payment_id=refund.payment_id,
        request_id=refund.request_id,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        kind=refund.kind,
        reason="retry",
        not_after=context.clock + policy.stuck_after,
        since=context.clock,
        retry_of=refund.key,
    )
