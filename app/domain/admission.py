"""Does an event fit what the case has accepted? Before it enters, contradictions are told from repetitions.

A check answers with None (it may enter), `ABSORBED` (it says what is known already) or a `Refused` (a dead letter).
Amounts that differ for the same capture, refund or movement are a conflict whatever event id they come under.
"""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final

from app.domain.balances import captures_can_be_said
from app.domain.case import Case, Order, Payment, Request
from app.domain.context import Entry
from app.domain.disputes.lifecycle import movement_key
from app.domain.disputes.matching import names_the_payment
from app.domain.disputes.repeating import escalates_nothing_new, says_nothing_new
from app.domain.disputes.responding import may_respond
from app.domain.fold.orders import content_of, received_units
from app.domain.fold.payments import capture_of
from app.domain.ids import question_id
from app.domain.orders import Nonsense, carry_over, order_of
from app.domain.quantities import names_a_line, names_what_was_bought
from app.domain.records import Refused
from app.domain.refunds import lifecycle
from app.domain.refunds.ended import content_of_request, has_ended, is_over
from app.domain.refunds.naming import has_names_of, is_called_otherwise, refund_by_id, refund_of, twins_of
from app.domain.refunds.reviewing import approvers
from app.domain.refunds.usage import has_gone_back_in


class Absorbed:
    """The type of `ABSORBED`."""


ABSORBED: Final = Absorbed()
Admission = Refused | Absorbed | None


def identity_of(entry: Entry) -> bytes:
    """Names the fact within its case: topic, the id under which it was published, and the publisher's event id."""
    event = entry.event
    key = getattr(event, "payment_id", None) or getattr(event, "order_id", None) or ""
    return blake2b(f"{entry.topic}\0{key}\0{event.event_id}".encode(), digest_size=8).digest()


def already_seen(case: Case, entry: Entry, identity: bytes) -> Admission:
    """The same identity with the same content is a duplicate, with other content a conflict."""
    known = case.seen.get(identity)
    if known is None:
        return None
    if known == entry.fingerprint:
        return ABSORBED
    return Refused(
        "id_conflict", "event_id was used before for another content; publish a new fact under a new id", "event_id"
    )


def admit(case: Case, event: Any) -> Admission:
    """The check of the event's type."""
    check = CHECKS.get(event.type)
    return check(case, event) if check else None


def order_after(case: Case, event: Any) -> Order | Refused:
    """The order that a placed or amended one comes to, with what was approved carried over."""
    try:
        order = order_of(event)
    except Nonsense as nonsense:
        return Refused("invalid_field", f"{nonsense.path}: expected {nonsense.expected}", nonsense.path)
    old = case.order
    if old and old.currency != order.currency and has_gone_back_in(case, old.currency):
        return Refused("illegal_transition", "currency: expected the one in which money goes back already", "currency")
    shrunk = carry_over(old, order) if old else None
    if shrunk:
        message = f"{shrunk}: expected at least what was approved to be paid back already"
        return Refused("illegal_transition", message, shrunk)
    return order


def _capture(case: Case, event: Any) -> Admission:
    payment, capture = case.payments.get(event.payment_id), capture_of(case, event)
    if payment is None or capture is None:
        refused = _in_another_currency(payment, event)
        if refused is None and not captures_can_be_said(case, event.amount):
            return Refused("invalid_field", "amount: expected captures of the order of at most 2^53-1 in all", "amount")
        return refused
    return _same_amount(capture.amount_minor, payment.currency, event, "capture")


def _capture_failed(case: Case, event: Any) -> Admission:
    payment, capture = case.payments.get(event.payment_id), capture_of(case, event)
    if (refused := _in_another_currency(payment, event)) is not None:
        return refused
    if capture is None or (not capture.failed_minor and event.amount.amount_minor <= capture.amount_minor):
        return None
    if capture.failed_minor == event.amount.amount_minor:
        return ABSORBED
    return Refused("id_conflict", "amount: expected at most the capture, and the failure that is known", "amount")


def _in_another_currency(payment: Payment | None, event: Any) -> Refused | None:
    if payment is None or not payment.currency or payment.currency == event.amount.currency:
        return None
    return Refused("id_conflict", "amount.currency: expected the currency of the payment so far", "amount.currency")


def _same_amount(known_minor: int, currency: str, event: Any, what: str) -> Admission:
    if (known_minor, currency) == (event.amount.amount_minor, event.amount.currency):
        return ABSORBED
    return Refused("id_conflict", f"amount: expected the amount under which this {what} is known already", "amount")


def _refund(case: Case, event: Any) -> Admission:
    refund = refund_of(case, event)
    if refund is None:
        return _in_another_currency(case.payments.get(event.payment_id), event)
    twins = twins_of(case, event)
    for known in (refund, *twins):
        if (known.amount_minor, known.currency) != (event.amount.amount_minor, event.amount.currency):
            message = "amount: expected the amount under which this refund is known already"
            return Refused("id_conflict", message, "amount")
        if known.payment_id != event.payment_id:
            return Refused("id_conflict", "payment_id: expected the payment of the refund", "payment_id")
    if is_called_otherwise(case, refund, event):
        message = "refund_id: expected the provider's id under which this instruction is known already"
        return Refused("id_conflict", message, "refund_id")
    if twins:
        return None
    same = lifecycle.after(refund.status, event.type.removeprefix("refund.")) == refund.status
    return ABSORBED if same and has_names_of(case, refund, event) else None


def _refund_settlement(case: Case, event: Any) -> Admission:
    """What a refund came to is booked once, whichever of its events has told it: another amount would be a second."""
    refund, told = refund_by_id(case, event.refund_id), event.settlement.amount
    if refund is None or refund.settlement is None:
        return None
    if refund.settlement["amount"] == {"amount_minor": told.amount_minor, "currency": told.currency}:
        return ABSORBED
    return Refused("id_conflict", "settlement.amount: expected what this refund came to before", "settlement.amount")


def _request(case: Case, event: Any) -> Admission:
    known = content_of_request(case, event.request_id)
    if known is None:
        return None
    if known == content_of(event):
        return ABSORBED
    return Refused("id_conflict", "request_id was used before for another request; ask under a new id", "request_id")


def _cancellation(case: Case, event: Any) -> Admission:
    """One that is a request is answered as such, also where it names what was not bought."""
    return _request(case, event) if event.request_id is not None else names_what_was_bought(case, event)


def _subscription_cancellation(case: Case, event: Any) -> Admission:
    return _request(case, event) if event.request_id is not None else names_a_line(case, event)


def _withdrawal(case: Case, event: Any) -> Admission:
    if content_of_request(case, event.request_id) is None:
        return Refused("illegal_transition", "request_id: expected a request that was asked before", "request_id")
    ended = has_ended(case, event.request_id)
    return ABSORBED if ended or case.requests[event.request_id].withdrawn else None


def _return_received(case: Case, event: Any) -> Admission:
    back = case.returns.get(event.return_id)
    if back is None or back.received is None:
        return None
    if back.received == received_units(event):
        return ABSORBED
    return Refused(
        "id_conflict", "return_id was received before with other lines; use a new id for what came later", "return_id"
    )


def _escalated(case: Case, event: Any) -> Admission:
    dispute = case.disputes.get(event.dispute_id)
    return ABSORBED if dispute is not None and escalates_nothing_new(dispute, event) else None


def _movement(case: Case, event: Any) -> Admission:
    dispute = case.disputes.get(event.dispute_id)
    key = movement_key(dispute, event) if dispute else ""
    if dispute is None or key not in dispute.movements:
        return None
    return _same_amount(dispute.movements[key], event.amount.currency, event, "movement")


def _alert(case: Case, event: Any) -> Admission:
    alert = case.pre_disputes.get(event.alert_id)
    return None if alert is None else _same_amount(alert.amount_minor, alert.currency, event, "alert")


def _opened(case: Case, event: Any) -> Admission:
    dispute = case.disputes.get(event.dispute_id)
    if dispute is None:
        return None
    if event.payment_id not in (None, dispute.payment_id) and not names_the_payment(dispute, event):
        return Refused("id_conflict", "payment_id: expected the payment of the dispute", "payment_id")
    return ABSORBED if says_nothing_new(dispute, event) else None


def _verdict(case: Case, event: Any) -> Admission:
    if event.subject.kind == "dispute":
        return _verdict_on_dispute(case, event)
    if event.subject.kind != "refund_request" or content_of_request(case, event.subject.id) is None:
        return None
    request = case.requests.get(event.subject.id)
    if request is None or is_over(request) or (request.status == "approved" and event.verdict != "approve"):
        return Refused("illegal_transition", "subject: expected a request without a final decision", "subject.id")
    return _beyond_the_request(case, request, event) or _independent(case, request, event)


def _beyond_the_request(case: Case, request: Request, event: Any) -> Admission:
    """An approval of what cannot be paid: refused, so that the reviewer can answer again. Less left since is none."""
    if event.verdict != "approve" or event.amount is None:
        return None
    if event.amount.amount_minor <= 0:
        return Refused("invalid_field", "amount: expected above zero; to pay nothing, deny", "amount")
    if case.currency is not None and event.amount.currency != case.currency:
        return Refused("invalid_field", "amount.currency: expected the currency of the order", "amount.currency")
    if request.amount_minor is not None and event.amount.amount_minor > request.amount_minor:
        message = "amount: expected at most what the request's newest revision would pay; look at it again"
        return Refused("invalid_field", message, "amount")
    return None


def _verdict_on_dispute(case: Case, event: Any) -> Admission:
    dispute = case.disputes.get(event.subject.id)
    if dispute is None:
        return None
    if event.revision is not None and event.revision != dispute.revision:
        return Refused("illegal_transition", "revision: expected the dispute's newest revision", "revision")
    if may_respond(dispute, event.occurred_at):
        return None
    if dispute.answer == event.verdict:
        return ABSORBED
    return Refused("illegal_transition", "subject: expected an unanswered dispute within its deadline", "subject.id")


def _independent(case: Case, request: Request, event: Any) -> Admission:
    if event.revision is not None and event.revision != request.revision:
        message = "revision: expected the request's newest revision; look at it again"
        return Refused("illegal_transition", message, "revision")
    if event.verdict == "approve":
        if event.reviewer_id == request.requester_id:
            message = "reviewer_id: expected another person than the requester"
            return Refused("illegal_transition", message, "reviewer_id")
        if event.reviewer_id in approvers(request, case.currency):
            return ABSORBED
    return None


def _store_credit(case: Case, event: Any) -> Admission:
    refund = case.refunds.get(event.instruction_id)
    if refund is None:
        message = "instruction_id: expected one that was issued for this order"
        return Refused("illegal_transition", message, "instruction_id")
    if (refund.amount_minor, refund.currency) != (event.amount.amount_minor, event.amount.currency):
        return Refused("id_conflict", "amount: expected the amount of the instruction", "amount")
    what = "succeeded" if event.type == "store_credit.issued" else "failed"
    return ABSORBED if lifecycle.after(refund.status, what) == refund.status else None


def _history(case: Case, event: Any) -> Admission:
    requests = [r for r in case.requests.values() if r.history is None and question_id(case, r) == event.question_id]
    disputes = [d for d in case.disputes.values() if d.question == event.question_id and not d.question_answered]
    return None if requests or disputes else ABSORBED


CHECKS: dict[str, Callable[[Case, Any], Admission]] = {
    "order.fulfilled": names_what_was_bought,
    "order.delivered": names_what_was_bought,
    "order.cancelled": _cancellation,
    "subscription.cancelled": _subscription_cancellation,
    "service.used": names_a_line,
    "refund.requested": _request,
    "refund.request_withdrawn": _withdrawal,
    "return.received": _return_received,
    "store_credit.issued": _store_credit,
    "store_credit.failed": _store_credit,
    "payment.captured": _capture,
    "payment.capture_failed": _capture_failed,
    "refund.submitted": _refund,
    "refund.succeeded": _refund,
    "refund.failed": _refund,
    "refund.reversed": _refund,
    "refund.settled": _refund_settlement,
    "dispute.alerted": _alert,
    "dispute.inquired": _opened,
    "dispute.opened": _opened,
    "dispute.escalated": _escalated,
    "dispute.funds_withdrawn": _movement,
    "dispute.funds_reinstated": _movement,
    "review.resolved": _verdict,
    "history.answered": _history,
}
