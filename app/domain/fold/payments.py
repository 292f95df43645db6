"""Payments and refunds: how their events change the case."""

from collections.abc import Callable
from datetime import UTC
from typing import Any

from app.domain.case import Capture, Case, EarlySettlement, Payment, Proof, Refund
from app.domain.plain import plain
from app.domain.refunds import lifecycle
from app.domain.refunds.naming import add_names, refund_by_id, refund_of
from app.domain.refunds.usage import use_up_outside
from app.domain.words import METHOD_KINDS, NETWORKS, known_or_flagged
from topics.orders import StoreCreditFailed, StoreCreditIssued
from topics.payments import (
    CaptureFailed,
    PaymentAuthorized,
    PaymentCaptured,
    PaymentFailed,
    PaymentSettled,
    PaymentVoided,
    RefundAnswer,
    RefundFailed,
    RefundReversed,
    RefundSettled,
    RefundSubmitted,
    RefundSucceeded,
)


def payment_of(case: Case, payment_id: str, currency: str = "") -> Payment:
    """The payment, made where it is new. Its currency is the one in which it was first authorised or captured."""
    payment = case.payments.get(payment_id)
    if payment is None:
        payment = case.payments[payment_id] = Payment(payment_id=payment_id, currency=currency)
    elif not payment.currency:
        payment.currency = currency
    return payment


def capture_id_of(event: PaymentCaptured | CaptureFailed | PaymentSettled) -> str:
    """The capture that an event is about: one without an id of its own is called like its payment."""
    return event.capture_id or event.payment_id


def capture_of(case: Case, event: PaymentCaptured | CaptureFailed | PaymentSettled) -> Capture | None:
    """The capture that an event is about, None while it is not heard of."""
    payment = case.payments.get(event.payment_id)
    return payment.captures.get(capture_id_of(event)) if payment else None


def _describe(case: Case, payment: Payment, event: PaymentAuthorized | PaymentCaptured) -> None:
    payment.kind = known_or_flagged(case, event.method.kind, METHOD_KINDS, flag="method_kind_unknown") or "other"
    payment.network = known_or_flagged(case, event.method.network, NETWORKS, flag="network_unknown") or payment.network
    payment.last4 = event.method.last4 or payment.last4
    payment.fingerprint = event.method.fingerprint or payment.fingerprint
    payment.authentication = plain(event.authentication) or payment.authentication
    payment.checks = plain(event.checks) or payment.checks
    proof = Proof(event.event_id, event.occurred_at.astimezone(UTC))
    payment.authentication_proof = proof if event.authentication else payment.authentication_proof
    payment.checks_proof = proof if event.checks else payment.checks_proof
    payment.risk = plain(event.risk) or payment.risk
    payment.shopper = plain(event.shopper) or payment.shopper


def _authorized(case: Case, event: PaymentAuthorized) -> None:
    payment = payment_of(case, event.payment_id, event.amount.currency)
    payment.authorized_minor = event.amount.amount_minor
    _describe(case, payment, event)
    at = event.occurred_at.astimezone(UTC)
    payment.granted_at = max(at, payment.granted_at or at)
    if payment.fell_through_at is not None and payment.granted_at >= payment.fell_through_at:
        # Tried again under the same id, and granted: more may be captured again.
        payment.voided = payment.failed = False


def _captured(case: Case, event: PaymentCaptured) -> None:
    payment = payment_of(case, event.payment_id, event.amount.currency)
    _describe(case, payment, event)
    capture_id = capture_id_of(event)
    payment.captures[capture_id] = Capture(
        capture_id=capture_id,
        amount_minor=event.amount.amount_minor,
        captured_at=event.occurred_at.astimezone(UTC),
        settlement=plain(event.settlement),
        event_id=event.event_id,
    )
    _settle_early(payment, payment.captures[capture_id])


def _capture_failed(case: Case, event: CaptureFailed) -> None:
    payment = payment_of(case, event.payment_id, event.amount.currency)
    capture_id = capture_id_of(event)
    capture = payment.captures.get(capture_id)
    if capture is None:
        # It failed before we heard of it: the capture itself, when it comes, is known and takes nothing.
        capture = payment.captures[capture_id] = Capture(
            capture_id=capture_id,
            amount_minor=event.amount.amount_minor,
            captured_at=event.occurred_at.astimezone(UTC),
            unheard=True,
        )
        _settle_early(payment, capture)
    capture.failed_minor += event.amount.amount_minor


def _voided(case: Case, event: PaymentVoided) -> None:
    payment = payment_of(case, event.payment_id)
    payment.voided = _falls_through(payment, event) or payment.voided


def _failed(case: Case, event: PaymentFailed) -> None:
    payment = payment_of(case, event.payment_id)
    payment.failed = _falls_through(payment, event) or payment.failed


def _falls_through(payment: Payment, event: PaymentVoided | PaymentFailed) -> bool:
    """Whether it comes to nothing by this: not where it was granted again later, and only heard of earlier."""
    at = event.occurred_at.astimezone(UTC)
    payment.fell_through_at = max(at, payment.fell_through_at or at)
    return payment.granted_at is None or at >= payment.granted_at


def _settled(case: Case, event: PaymentSettled) -> None:
    """The newest settlement and the first fee stand, also of a capture that is not heard of yet."""
    payment, capture_id = payment_of(case, event.payment_id), capture_id_of(event)
    settlement = plain(event.settlement)
    capture = payment.captures.get(capture_id)
    if capture is None:
        early = payment.early_settlements.setdefault(capture_id, EarlySettlement(settlement))
        early.settlement = settlement
        if event.fee is not None and not early.fee_event_id:
            early.fee_event_id = event.event_id
            early.fee_minor, early.fee_currency = event.fee.amount_minor, event.fee.currency
        return
    capture.settlement = settlement
    if event.fee is not None:
        capture.fee_event_id = capture.fee_event_id or event.event_id


def _settle_early(payment: Payment, capture: Capture) -> None:
    """A capture that is heard of after its settlement. Its fee is due now, and leaves the payment when it is booked."""
    early = payment.early_settlements.get(capture.capture_id)
    if early is None:
        return
    capture.settlement, capture.fee_event_id = early.settlement, early.fee_event_id
    if not early.fee_minor:
        del payment.early_settlements[capture.capture_id]


def _answered(case: Case, event: RefundAnswer, what: str) -> Refund:
    refund = refund_of(case, event) or _outside(case, event)
    status = lifecycle.after(refund.status, what)
    if refund.status in lifecycle.NOTHING and status in lifecycle.SETTLED:
        case.flag("late_success")
    add_names(case, refund, event)
    if refund.outside and refund.lines is None and not refund.shipping_minor:
        _say_for_what(refund, event)
    _enter(case, refund, status)
    return refund


def _say_for_what(refund: Refund, event: RefundAnswer) -> None:
    """What a refund made outside was for, as the first of its events that says it."""
    refund.lines = {line.line_id: line.quantity for line in event.lines} if event.lines else None
    refund.shipping_minor = event.shipping_minor or 0


def _enter(case: Case, refund: Refund, status: str) -> None:
    if status in lifecycle.SETTLED and refund.status not in lifecycle.SETTLED:
        refund.settled_times += 1
    if refund.status in lifecycle.SETTLED and status in lifecycle.NOTHING:
        refund.settlement = None  # of money that came back; where it goes again, it may come to something else
    if status != refund.status:
        case.refund_moves += 1
        refund.moved = case.refund_moves
    refund.previous, refund.status = refund.status, status


def _submitted(case: Case, event: RefundSubmitted) -> None:
    refund = _answered(case, event, "submitted")
    refund.submitted_at = refund.submitted_at or event.occurred_at.astimezone(UTC)
    _settle_outside(case, refund)


def _succeeded(case: Case, event: RefundSucceeded) -> None:
    refund = _answered(case, event, "succeeded")
    refund.settled_at, refund.event_id = event.occurred_at.astimezone(UTC), event.event_id
    refund.acquirer_reference_number = event.acquirer_reference_number or refund.acquirer_reference_number
    refund.settlement = plain(event.settlement) or refund.settlement
    _settle_outside(case, refund)


def _refund_failed(case: Case, event: RefundFailed) -> None:
    refund = _answered(case, event, "failed")
    refund.failure_code = event.failure_code
    _settle_outside(case, refund)


def _reversed(case: Case, event: RefundReversed) -> None:
    _settle_outside(case, _answered(case, event, "reversed"))


def _settle_outside(case: Case, refund: Refund) -> None:
    if refund.outside:
        use_up_outside(case, refund)


def _outside(case: Case, event: RefundAnswer) -> Refund:
    """A refund that we did not ask for: made in the provider's dashboard, or by another system."""
    key = f"outside:{event.refund_id or event.instruction_id}"
    payment_of(case, event.payment_id)
    refund = case.refunds[key] = Refund(
        key=key,
        payment_id=event.payment_id,
        amount_minor=event.amount.amount_minor,
        currency=event.amount.currency,
        status="approved",
        refund_id=event.refund_id or event.instruction_id,
        outside=True,
    )
    return refund


def _refund_settled(case: Case, event: RefundSettled) -> None:
    refund = refund_by_id(case, event.refund_id)
    if refund is not None:
        refund.settlement = plain(event.settlement)


def _credit_issued(case: Case, event: StoreCreditIssued) -> None:
    refund = case.refunds[event.instruction_id]
    _enter(case, refund, lifecycle.after(refund.status, "succeeded"))
    refund.refund_id = event.credit_id
    refund.settled_at, refund.event_id = event.occurred_at.astimezone(UTC), event.event_id


def _credit_failed(case: Case, event: StoreCreditFailed) -> None:
    refund = case.refunds[event.instruction_id]
    _enter(case, refund, lifecycle.after(refund.status, "failed"))


FOLDS: dict[str, Callable[[Case, Any], None]] = {
    "payment.authorized": _authorized,
    "payment.captured": _captured,
    "payment.capture_failed": _capture_failed,
    "payment.voided": _voided,
    "payment.failed": _failed,
    "payment.settled": _settled,
    "refund.submitted": _submitted,
    "refund.succeeded": _succeeded,
    "refund.failed": _refund_failed,
    "refund.reversed": _reversed,
    "refund.settled": _refund_settled,
    "store_credit.issued": _credit_issued,
    "store_credit.failed": _credit_failed,
}
