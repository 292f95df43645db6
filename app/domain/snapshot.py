"""The whole case as one document for people and projections: a function of the state alone.

It stays below the limit of a message, see `fitting`.
"""

from typing import Any

import msgspec

from app.domain.balances import balance
from app.domain.case import SCOPE_NOTES, Case, Dispute, Order, Payment, PreDispute, Refund, Request
from app.domain.disputes.compelling_evidence import said_of
from app.domain.disputes.evidence import gather
from app.domain.disputes.pre_disputes import is_settled_claim
from app.domain.fitting import MOST_PARTS, fitted
from app.domain.ids import derive
from app.domain.money import money_of
from app.domain.publishing import Outbound, cause_of
from app.domain.refunds.asking import STAFF
from app.domain.refunds.assessment import requested
from app.domain.timer_names import RETENTION
from topics.catalogue import SNAPSHOTS
from topics.decisions import REVIEWS


def snapshot(case: Case) -> Outbound:
    """The case's newest snapshot. Its id names the case and its version."""
    assert case.cause is not None
    body = {
        "id": derive("snp", case.case_id, case.version),
        "type": "case.snapshot",
        "schema_version": 1,
        "occurred_at": case.occurred_at,
        "merchant_id": case.merchant_id,
        "cause": cause_of(case.cause),
        "order_id": case.order_id,
        "customer_id": case.customer_id,
        "case_id": case.case_id,
        "version": case.version,
        "order": _order(case.order) if case.order else None,
        "payments": [_payment(case, payment) for payment in case.payments.values() if payment.currency],
        "requests": [_request(case, request) for request in case.requests.values() if request.revision],
        "instructions": [_instruction(refund) for refund in case.refunds.values()],
        "disputes": [_dispute(case, dispute) for dispute in case.disputes.values()],
        "alerts": [_alert(case, alert) for alert in case.pre_disputes.values()],
        "deadlines": [{"name": name, "due_at": due} for name, due in sorted(case.timers.items()) if name != RETENTION],
        "timeline": [
            {"at": entry.at, "type": entry.type, "subject": entry.subject, "note": entry.note}
            for entry in case.timeline
        ],
        "flags": list(case.flags),
        "truncated": bool(case.ended_requests),
    }
    return Outbound(SNAPSHOTS, case.case_id, fitted(body))


def _order(order: Order) -> dict[str, Any]:
    return {
        "placed_at": order.placed_at,
        "currency": order.currency,
        "total_minor": order.total_minor,
        "locale": order.locale,
        "country": order.country,
        "channel": order.channel,
        "lines": [
            {
                "line_id": line.line_id,
                "sku": line.sku,
                "title": line.title,
                "kind": line.kind,
                "quantity": line.portion.quantity,
                "gross_minor": line.portion.gross_minor,
                "refunded_quantity": line.portion.used_quantity,
                "refunded_minor": line.portion.used_minor,
            }
            for line in order.lines.values()
        ],
        "shipping": [
            {
                "shipping_id": item.shipping_id,
                "gross_minor": item.portion.gross_minor,
                "refunded_minor": item.portion.used_minor,
            }
            for item in order.shipping.values()
        ],
        "tip_minor": order.tip.gross_minor if order.tip else 0,
    }


def _payment(case: Case, payment: Payment) -> dict[str, Any]:
    money = balance(case, payment)
    return {
        "payment_id": payment.payment_id,
        "currency": payment.currency,
        "captured_minor": money.captured_minor,
        "refunded_minor": money.settled_minor,
        "in_flight_minor": money.in_flight_minor,
        "claimed_minor": money.claimed_minor,
        "refundable_minor": money.refundable_minor,
        "captures": [
            {
                "capture_id": capture.capture_id,
                "amount_minor": capture.kept_minor,
                "captured_at": capture.captured_at,
            }
            for capture in payment.captures.values()
        ],
        "method": {"kind": payment.kind, "network": payment.network, "last4": payment.last4},
    }


def _request(case: Case, request: Request) -> dict[str, Any]:
    asked, currency = requested(request, case.currency)
    reviewed = request.waiting_for in REVIEWS
    return {
        "request_id": request.request_id,
        "status": request.status,
        "revision": request.revision,
        "requested": money_of(asked, currency),
        "amount": money_of(request.amount_minor, request.currency),
        "reasons": list(request.reasons),
        # a review does not end by itself: it is overdue then
        "wait_until": None if reviewed else request.wait_until,
        "reason": request.reason,
        "scope": _scope(request.scope),
        "requested_by": request.requested_by,
        # a customer's own id is told once, above, where its erasure reaches it
        "requester_id": request.requester_id if request.requested_by in STAFF else None,
        "asked_at": request.asked_at,
        "refundable": money_of(request.refundable_minor, request.currency),
        "waiting_for": request.waiting_for,
        "review_due_at": request.wait_until if reviewed else None,
        "pay_by": request.pay_by,
        "verdicts": [
            {
                "review_id": verdict.review_id,
                "verdict": verdict.verdict,
                "reviewer_id": verdict.reviewer_id,
                "amount": money_of(verdict.amount_minor, verdict.currency),
            }
            for verdict in request.verdicts[-MOST_PARTS:]
        ],
    }


def _scope(scope: dict[str, Any]) -> dict[str, Any]:
    """As it was asked: what the case notes beside it, for what it does not know yet, is nobody else's."""
    told = {name: part for name, part in scope.items() if name not in SCOPE_NOTES}
    return told | {"lines": told["lines"][:MOST_PARTS]} if "lines" in told else told


def _instruction(refund: Refund) -> dict[str, Any]:
    return {
        "instruction_id": refund.instruction_id or refund.refund_id,
        "status": refund.status,
        "payment_id": refund.payment_id,
        "amount": money_of(refund.amount_minor, refund.currency),
        "refund_id": refund.refund_id,
        "acquirer_reference_number": refund.acquirer_reference_number,
    }


def _dispute(case: Case, dispute: Dispute) -> dict[str, Any]:
    have, missing = gather(case, dispute, dispute.category or "general")
    return {
        "dispute_id": dispute.dispute_id,
        "payment_id": dispute.payment_id or None,
        "network": dispute.network,
        "reason_code": dispute.reason_code,
        "category": dispute.category,
        "stage": dispute.stage,
        "state": dispute.state,
        "amount": money_of(dispute.amount_minor, dispute.currency),
        "withdrawn_minor": dispute.withdrawn_minor,
        "reinstated_minor": dispute.reinstated_minor,
        "fees": [{"amount_minor": fee.amount_minor, "currency": fee.currency} for fee in dispute.fees],
        "opened_at": dispute.opened_at,
        "respond_by": dispute.respond_by,
        "recommendation": dispute.recommendation,
        "evidence": {"have": [msgspec.structs.asdict(item) for item in have], "missing": missing},
        "compelling_evidence": said_of(dispute.compelling),
        "revision": dispute.revision,
        "answer": dispute.answer,
        "flags": list(dispute.flags),
    }


def _alert(case: Case, alert: PreDispute) -> dict[str, Any]:
    return {
        "alert_id": alert.alert_id,
        "payment_id": alert.payment_id or None,
        "amount": money_of(alert.amount_minor, alert.currency),
        "source": alert.source,
        "network": alert.network,
        "alerted_at": alert.alerted_at,
        "expires_at": alert.expires_at,
        "already_credited": alert.already_credited,
        "verdict": alert.verdict,
        "waiting": alert.asked and alert.verdict is None and not is_settled_claim(case, alert),
    }
