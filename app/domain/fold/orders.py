"""Orders, goods and requests: how their events change the case."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import msgspec

from app.domain.case import Case, GoodsReturn, Proof, Request, Returned, Shipment, Verdict, subject_key
from app.domain.ids import question_id
from app.domain.plain import plain
from app.domain.quantities import count_cancellations
from topics.case_events import HistoryAnswered
from topics.customers import CustomerErased
from topics.orders import (
    OrderCancelled,
    OrderDelivered,
    OrderFulfilled,
    RefundRequested,
    RefundRequestWithdrawn,
    ReturnReceived,
    ReturnShipped,
    ServiceUsed,
    SubscriptionCancelled,
)
from topics.reviews import ReviewResolved

USES_KEPT = 20


def utc(moment: datetime) -> datetime:
    """The same instant in UTC, as the state keeps it."""
    return moment.astimezone(UTC)


def content_of(event: Any) -> bytes:
    """What a request says, whatever event says it: the same request under another event is recognised by it."""
    told = msgspec.to_builtins(event)
    for name in ("event_id", "occurred_at", "source", "schema_version"):
        told.pop(name, None)
    return blake2b(msgspec.json.encode(told, order="deterministic"), digest_size=8).digest()


def _fulfilled(case: Case, event: OrderFulfilled) -> None:
    shipment = case.shipments.setdefault(event.shipment_id, Shipment())
    shipment.quantities = {}
    for line in event.lines:
        shipment.quantities[line.line_id] = shipment.quantities.get(line.line_id, 0) + line.quantity
    shipment.fulfilled_at = utc(event.occurred_at)
    shipment.carrier, shipment.tracking_number = event.carrier, event.tracking_number


def _delivered(case: Case, event: OrderDelivered) -> None:
    shipment = case.shipments.setdefault(event.shipment_id or "", Shipment())
    if event.lines:
        for line in event.lines:
            shipment.quantities.setdefault(line.line_id, line.quantity)
            shipment.arrived[line.line_id] = utc(event.occurred_at)
    elif not shipment.quantities:
        shipment.everything = True
    shipment.delivered_at, shipment.delivery_event_id = utc(event.occurred_at), event.event_id
    shipment.proof = plain(event.proof)


def _cancelled(case: Case, event: OrderCancelled) -> None:
    quantities = cancelled_quantities(case, event)
    if quantities:
        case.uncounted_cancellations.append(quantities)
        count_cancellations(case)
    if event.request_id is not None:
        scope = _cancelled_scope(case, quantities, of_the_rest=not event.lines)
        _ask(case, event, reason="order_cancelled", scope=scope, requested_by=event.cancelled_by)


def _cancelled_scope(case: Case, quantities: dict[str, int], *, of_the_rest: bool) -> dict[str, Any]:
    """What a cancellation asks back. One of the rest names no units: what of it was paid back is not asked for."""
    if of_the_rest and case.order is None:
        return {"kind": "full", "of_the_rest": True, "told_before": len(case.uncounted_cancellations)}
    if _is_whole(case, quantities):
        return {"kind": "full"}
    lines = [{"line_id": line_id, "quantity": n} for line_id, n in quantities.items()]
    scope: dict[str, Any] = {"kind": "lines", "lines": lines, "include_shipping": False}
    return scope | {"as_far_as_left": True} if of_the_rest else scope


def _is_whole(case: Case, quantities: dict[str, int]) -> bool:
    """Whether exactly the whole order is named; more than was bought is not it, and is denied as such."""
    whole = {line.line_id: line.portion.quantity for line in case.order.lines.values()} if case.order else None
    return quantities == whole


def complete_early_scopes(case: Case) -> None:
    """Says for requests that came before their order what only the order could tell: all of it, or until when.

    What was cancelled by name before a cancellation of the rest is no part of it, and what that cancels is none of the
    rest of another.
    """
    told, case.uncounted_cancellations = case.uncounted_cancellations, []
    counted = 0
    for request in case.requests.values():
        scope = request.scope
        if scope.get("of_the_rest"):
            before = scope.get("told_before", len(told))
            case.uncounted_cancellations += told[counted:before]
            counted = before
            count_cancellations(case)
            rest = _open_units(case)
            request.scope = _cancelled_scope(case, rest, of_the_rest=True)
            case.uncounted_cancellations.append(rest)
            count_cancellations(case)
        elif request.from_cancellation and scope["kind"] == "lines":
            if _is_whole(case, {line["line_id"]: line["quantity"] for line in scope["lines"]}):
                request.scope = {"kind": "full"}
        elif scope.get("until_order_is_known") is not None:
            line = case.order.lines.get(scope["line_id"]) if case.order else None
            if line is not None and line.subscription is not None:
                request.scope = {
                    "kind": "subscription",
                    "line_id": scope["line_id"],
                    "effective_at": utc(line.subscription["period_end"]),
                }
    case.uncounted_cancellations += told[counted:]


def cancelled_quantities(case: Case, event: OrderCancelled) -> dict[str, int]:
    """Units that a cancellation names; without lines all that is neither sent nor cancelled."""
    if event.lines:
        named: dict[str, int] = {}
        for line in event.lines:
            named[line.line_id] = named.get(line.line_id, 0) + line.quantity
        return named
    return _open_units(case)


def _open_units(case: Case) -> dict[str, int]:
    """Units of the order that are neither sent nor cancelled."""
    open_units = {}
    for known in case.order.lines.values() if case.order else ():
        sent = sum(s.quantities.get(known.line_id, 0) for s in case.shipments.values())
        left = known.portion.quantity - sent - case.cancelled.get(known.line_id, 0)
        if left > 0 and not any(s.everything for s in case.shipments.values()):
            open_units[known.line_id] = left
    return open_units


def _requested(case: Case, event: RefundRequested) -> None:
    _ask(case, event, reason=event.reason, scope=plain(event.scope), requested_by=event.requested_by)
    request = case.requests[event.request_id]
    request.method = event.method
    request.requester_id = event.requester_id
    request.locale = event.locale
    if event.expected_amount is not None:
        request.expected_minor = event.expected_amount.amount_minor
        request.expected_currency = event.expected_amount.currency
    _forget_who_asked(case)


def _ask(case: Case, event: Any, *, reason: str, scope: dict[str, Any], requested_by: str) -> None:
    request_id = event.request_id
    case.requests[request_id] = Request(
        request_id=request_id,
        reason=reason,
        scope=scope,
        method="original",
        requested_by=requested_by,
        asked_at=utc(event.occurred_at),
        content=content_of(event),
        event_id=event.event_id,
        from_cancellation=reason == "order_cancelled" and event.type == "order.cancelled",
        verdicts=case.verdicts.pop(subject_key("refund_request", request_id), []),
    )


def _request_withdrawn(case: Case, event: RefundRequestWithdrawn) -> None:
    case.requests[event.request_id].withdrawn = True


def _return_shipped(case: Case, event: ReturnShipped) -> None:
    back = case.returns.setdefault(event.return_id, GoodsReturn())
    back.shipped_at = utc(event.occurred_at)
    back.tracking_number = event.tracking_number
    back.shipped = {line.line_id: line.quantity for line in event.lines}


def _return_received(case: Case, event: ReturnReceived) -> None:
    back = case.returns.setdefault(event.return_id, GoodsReturn())
    back.received_at = utc(event.occurred_at)
    back.received = received_units(event)


def received_units(event: ReturnReceived) -> dict[str, list[Returned]]:
    """Units that came back, by line and condition."""
    units: dict[str, list[Returned]] = {}
    for line in event.lines:
        units.setdefault(line.line_id, []).append(Returned(line.quantity, line.condition))
    return units


def _subscription_cancelled(case: Case, event: SubscriptionCancelled) -> None:
    case.subscriptions_cancelled[event.line_id] = utc(event.occurred_at)
    if event.request_id is not None:
        ends = subscription_end(case, event)
        scope = {"kind": "subscription", "line_id": event.line_id, "effective_at": ends}
        if event.effective == "end_of_term" and case.order is None:
            scope["until_order_is_known"] = event.effective
        _ask(case, event, reason="subscription_cancelled", scope=scope, requested_by="customer")


def subscription_end(case: Case, event: SubscriptionCancelled) -> datetime:
    """When a cancelled subscription ends: at once, or with its paid period."""
    line = case.order.lines.get(event.line_id) if case.order else None
    if event.effective == "end_of_term" and line is not None and line.subscription is not None:
        return utc(line.subscription["period_end"])
    return utc(event.occurred_at)


def _service_used(case: Case, event: ServiceUsed) -> None:
    uses = case.service_used.setdefault(event.line_id, [])
    uses.append(Proof(event.event_id, utc(event.occurred_at)))
    # The first use shows that it has begun, the newest ones that it went on.
    del uses[1 : 1 - USES_KEPT]


def _reviewed(case: Case, event: ReviewResolved) -> None:
    verdict = Verdict(
        review_id=event.review_id,
        verdict=event.verdict,
        reviewer_id=event.reviewer_id,
        amount_minor=event.amount.amount_minor if event.amount else None,
        currency=event.amount.currency if event.amount else None,
        revision=event.revision,
    )
    request = case.requests.get(event.subject.id) if event.subject.kind == "refund_request" else None
    if request is not None:
        request.verdicts.append(verdict)
    elif event.subject.kind == "alert" and (alert := case.pre_disputes.get(event.subject.id)) is not None:
        alert.verdict = event.verdict
    else:  # its subject is still to come
        case.verdicts.setdefault(subject_key(event.subject.kind, event.subject.id), []).append(verdict)


def _history_answered(case: Case, event: HistoryAnswered) -> None:
    for request in case.requests.values():
        if question_id(case, request) == event.question_id:
            request.history = {
                "requests_in_window": event.requests_in_window,
                "refunded_in_window": plain(event.refunded_in_window),
                "chargebacks": event.chargebacks,
            }
    for dispute in case.disputes.values():
        if dispute.question == event.question_id:
            dispute.question_answered = True


def _erased(case: Case, event: CustomerErased) -> None:
    case.customer_id = case.customer_token = event.token
    if case.reported_customer is not None:
        case.reported_customer = event.token
    _forget_who_asked(case)


def _forget_who_asked(case: Case) -> None:
    """Where the customer is erased, whoever asked as a customer is the token too, also who asks later by the old id."""
    if case.customer_token is None:
        return
    for request in case.requests.values():
        if request.requested_by == "customer" and request.requester_id is not None:
            request.requester_id = case.customer_token


FOLDS: dict[str, Callable[[Case, Any], None]] = {
    "order.fulfilled": _fulfilled,
    "order.delivered": _delivered,
    "order.cancelled": _cancelled,
    "refund.requested": _requested,
    "refund.request_withdrawn": _request_withdrawn,
    "return.shipped": _return_shipped,
    "return.received": _return_received,
    "subscription.cancelled": _subscription_cancelled,
    "service.used": _service_used,
    "review.resolved": _reviewed,
    "history.answered": _history_answered,
    "customer.erased": _erased,
}
