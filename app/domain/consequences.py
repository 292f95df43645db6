"""What follows from an event once it has entered its case: one function per type of event, in a table.

For many types nothing follows. Whether requests can be decided now is asked after all of this, for every event alike.
"""

from collections.abc import Callable, Iterator
from typing import Any

from app.domain.case import Case, Line
from app.domain.context import Context
from app.domain.counting import count_sale, report_case, report_failed_capture, report_payment
from app.domain.disputes.following import after_capture, follow
from app.domain.disputes.history import hear
from app.domain.disputes.pre_disputes import answer_early_alerts, refund_alert, stop_waiting
from app.domain.disputes.responding import respond
from app.domain.fold.orders import subscription_end
from app.domain.fold.payments import capture_id_of, capture_of
from app.domain.records import Alerted, Booked, Cancelled, Record, Reported, Told
from app.domain.refunds.answers import cancellable
from app.domain.refunds.execution import answered, settled_later
from app.domain.refunds.statutory import timezone_of
from app.domain.telling import locale_of

FollowUp = Callable[[Case, Any, Context], Iterator[Record]]


def _placed(case: Case, event: Any, context: Context) -> Iterator[Record]:
    """The customer's history learns which case is theirs and what happened in it; early alerts are answered."""
    del event
    if case.customer_id is not None and case.customer_id != case.reported_customer:
        fact = ("order_placed", case.case_id, case.customer_id)
        yield Reported(case.customer_id, "order_placed", fact, context.now, {"order_id": case.order_id})
        yield from report_case(case, context)
    yield from answer_early_alerts(case, context)


def _request_withdrawn(case: Case, event: Any, context: Context) -> Iterator[Record]:
    """After an approval it is final: what is not submitted is called off."""
    del context
    for instruction_id in cancellable(case, event.request_id):
        yield Cancelled(instruction_id, case.refunds[instruction_id].payment_id, "request_withdrawn")


def _subscription_cancelled(case: Case, event: Any, context: Context) -> Iterator[Record]:
    del context
    line = case.order.lines.get(event.line_id) if case.order else None
    data = {
        "order_id": case.order_id,
        "line_id": event.line_id,
        "title": line.title if line else None,
        "effective": event.effective,
        "effective_at": subscription_end(case, event),
        "timezone": _zone_of_subscription(case, line),
    }
    yield Told("subscription_cancelled", (event.line_id, event.event_id), data, locale_of(case))


def _zone_of_subscription(case: Case, line: Line | None) -> str | None:
    """Its days are counted in a zone of its own; the same instant is another day elsewhere."""
    if line is not None and line.subscription is not None:
        return str(line.subscription["timezone"])
    return timezone_of(case.order) if case.order else None


def _judged(case: Case, event: Any, context: Context) -> Iterator[Record]:
    """A verdict on a dispute or an alert becomes its answer; one on a request is heard when that is asked again."""
    dispute = case.disputes.get(event.subject.id) if event.subject.kind == "dispute" else None
    if dispute is not None:
        yield from respond(case, dispute, event.verdict, context)
    alert = case.pre_disputes.get(event.subject.id) if event.subject.kind == "alert" else None
    if alert is not None:
        yield from stop_waiting(case, alert)
        if event.verdict == "refund":
            yield from refund_alert(case, alert, context.now)


def _linked_late(case: Case, event: Any, context: Context) -> Iterator[Record]:
    """A payment that became a case of its own got an order after all: said, and the case does not move."""
    del context
    if case.order_id is None and event.order_id is not None:
        payment = case.payments.get(event.payment_id)
        if payment is not None and payment.currency and payment.late_order_id is None:
            money = {"amount_minor": payment.captured_minor, "currency": payment.currency}
            body = {"payment_id": event.payment_id, "order_id": event.order_id, "amount": money}
            yield Alerted("payment.unlinked", (event.payment_id, event.order_id), body)


def _captured(case: Case, event: Any, context: Context) -> Iterator[Record]:
    yield from _booked(case, event)
    early = case.payments[event.payment_id].early_settlements.get(capture_id_of(event))
    if early is not None:
        yield _fee(event, early.fee_minor, early.fee_currency)
    if event.type == "payment.captured" and event.amount.amount_minor:
        payment = case.payments[event.payment_id]
        yield from count_sale(case, payment, context.now)
        if len(payment.takings) == 1:
            yield from report_payment(case, payment)
    elif event.amount.amount_minor:
        yield from report_failed_capture(case, case.payments[event.payment_id], context)
    yield from after_capture(case, event.payment_id, context)


def _booked(case: Case, event: Any) -> Iterator[Record]:
    failed = event.type == "payment.capture_failed"
    minor = event.amount.amount_minor
    capture = case.payments[event.payment_id].captures[capture_id_of(event)]
    if not minor or capture.unheard:
        return
    yield Booked(
        kind="capture_failed" if failed else "captured",
        fact=(event.payment_id, capture.capture_id, *((event.event_id,) if failed else ())),
        payment_id=event.payment_id,
        amount_minor=-minor if failed else minor,
        currency=event.amount.currency,
        settlement=None if failed else capture.settlement,
    )
    if case.order_id is None and not failed:
        money = {"amount_minor": case.payments[event.payment_id].captured_minor, "currency": event.amount.currency}
        body = {"payment_id": event.payment_id, "order_id": None, "amount": money}
        yield Alerted("payment.unlinked", (event.payment_id, "captured", capture.capture_id), body)


def _settled(case: Case, event: Any, context: Context) -> Iterator[Record]:
    """What the provider kept of a capture, once, however often its settlement is told."""
    del context
    capture = capture_of(case, event)
    if capture is not None and capture.fee_event_id == event.event_id and event.fee.amount_minor:
        yield _fee(event, event.fee.amount_minor, event.fee.currency)


def _fee(event: Any, minor: int, currency: str) -> Booked:
    fact = ("settled", event.payment_id, capture_id_of(event))
    return Booked(kind="fee", fact=fact, payment_id=event.payment_id, amount_minor=-minor, currency=currency)


FOLLOW_UPS: dict[str, FollowUp] = {
    "order.placed": _placed,
    "order.amended": _placed,
    "refund.request_withdrawn": _request_withdrawn,
    "subscription.cancelled": _subscription_cancelled,
    "review.resolved": _judged,
    "history.answered": hear,
    "payment.captured": _captured,
    "payment.capture_failed": _captured,
    "payment.linked": _linked_late,
    "payment.settled": _settled,
    "refund.submitted": answered,
    "refund.succeeded": answered,
    "refund.failed": answered,
    "refund.reversed": answered,
    "refund.settled": settled_later,
    "store_credit.issued": answered,
    "store_credit.failed": answered,
    "fraud.reported": follow,
    "dispute.alerted": follow,
    "dispute.inquired": follow,
    "dispute.opened": follow,
    "dispute.funds_withdrawn": follow,
    "dispute.funds_reinstated": follow,
    "dispute.evidence_submitted": follow,
    "dispute.escalated": follow,
    "dispute.won": follow,
    "dispute.lost": follow,
    "dispute.accepted": follow,
    "dispute.expired": follow,
    "dispute.withdrawn": follow,
}
