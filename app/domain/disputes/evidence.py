"""What the case itself can show in a dispute, by category, and what is missing.

Each item names the event that proves it, so that whoever reads the pack can go back to the source.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from app.domain.case import Case, Dispute, Proof, Request
from app.domain.disputes.compelling_evidence import QUALIFIED, rule_for
from app.domain.refunds.lifecycle import SETTLED

DENIALS_SHOWN = 5
REFUNDS_SHOWN = 50
"""In a dispute that is about something else; in one about a refund that was not paid all are shown."""
LINES_SHOWN = 50
"""Of an order, where it is described."""


class Item(msgspec.Struct, frozen=True):
    """One proof: what it is, what it says, and the event that it rests on."""

    item: str
    value: Any
    event_id: str
    occurred_at: datetime


Gather = Callable[[Case, Dispute], Iterator[Item]]


class Source(NamedTuple):
    """What is looked for: the name under which it is missing, where it is found, and for which disputes it counts."""

    name: str
    find: Gather
    counts_for: Callable[[Dispute], object] = lambda _: True


def gather(case: Case, dispute: Dispute, category: str) -> tuple[list[Item], list[str]]:
    """What there is to show for the category, and the names of what there is not."""
    sources = BY_CATEGORY.get(category, BY_CATEGORY["general"])
    have, missing = [], []
    for source in sources:
        found = list(source.find(case, dispute))
        have += found
        if not found and source.counts_for(dispute):
            missing.append(source.name)
    if category != "credit_not_processed":  # which looks for it itself
        have += islice(_refund_paid(case, dispute), REFUNDS_SHOWN)  # whoever is paid back has no claim to it
    return have, missing


def _three_d_secure(case: Case, dispute: Dispute) -> Iterator[Item]:
    payment = case.payments.get(dispute.payment_id)
    told = (payment.authentication if payment else None) or {}
    shown = told.get("three_d_secure") == "authenticated" or told.get("liability_shifted")
    if payment and shown and payment.authentication_proof:
        yield _shown("three_d_secure", told, payment.authentication_proof)


def _earlier_payments(case: Case, dispute: Dispute) -> Iterator[Item]:
    del case
    found = dispute.compelling
    if found is not None and found.status == QUALIFIED:
        for payment_id, proof in found.priors.items():
            yield _shown("compelling_evidence", {"payment_id": payment_id, "matches": found.matches}, proof)


def _address_checks(case: Case, dispute: Dispute) -> Iterator[Item]:
    payment = case.payments.get(dispute.payment_id)
    if payment and payment.checks and "match" in payment.checks.values() and payment.checks_proof:
        yield _shown("address_and_cvc_checks", payment.checks, payment.checks_proof)


def _shown(item: str, value: Any, proof: Proof) -> Item:
    return Item(item, value, proof.event_id, proof.at)


def _proof_of_delivery(case: Case, dispute: Dispute) -> Iterator[Item]:
    del dispute
    for shipment in case.shipments.values():
        if shipment.delivered_at is not None:
            told = {
                "carrier": shipment.carrier,
                "tracking_number": shipment.tracking_number,
                "delivered_at": shipment.delivered_at,
                "proof": shipment.proof,
            }
            yield Item("proof_of_delivery", told, shipment.delivery_event_id, shipment.delivered_at)


def _delivery_to_checked_address(case: Case, dispute: Dispute) -> Iterator[Item]:
    for item in _proof_of_delivery(case, dispute):
        if (item.value["proof"] or {}).get("address_match") == "full":
            yield msgspec.structs.replace(item, item="delivery_to_checked_address")


def _description(case: Case, dispute: Dispute) -> Iterator[Item]:
    del dispute
    if case.order is not None:
        lines = [
            {"sku": line.sku, "title": line.title, "quantity": line.portion.quantity}
            for line in list(case.order.lines.values())[:LINES_SHOWN]
        ]
        yield Item("order_description", lines, case.order.event_id, case.order.placed_at)


def _no_return_attempted(case: Case, dispute: Dispute) -> Iterator[Item]:
    del dispute
    if case.order is not None and not case.returns:
        yield Item("no_return_attempted", True, case.order.event_id, case.order.placed_at)


def _use_of_service(case: Case, dispute: Dispute) -> Iterator[Item]:
    del dispute
    for line_id, uses in case.service_used.items():
        yield _shown("use_of_service", {"line_id": line_id, "first_used_at": uses[0].at}, uses[-1])


def _use_after_cancellation(case: Case, dispute: Dispute) -> Iterator[Item]:
    for line_id, uses in case.service_used.items():
        cancelled = case.subscriptions_cancelled.get(line_id)
        until = dispute.opened_at
        after = [use for use in uses if cancelled and use.at > cancelled and (until is None or use.at < until)]
        for use in after[:1]:
            yield _shown("use_of_service", {"line_id": line_id, "cancelled_at": cancelled}, use)


def _refund_paid(case: Case, dispute: Dispute) -> Iterator[Item]:
    for refund in case.refunds.values():
        if refund.payment_id == dispute.payment_id and refund.status in SETTLED and refund.settled_at:
            told = {
                "amount": {"amount_minor": refund.amount_minor, "currency": refund.currency},
                "settled_at": refund.settled_at,
                "reference": refund.acquirer_reference_number,
            }
            yield Item("refund_paid", told, refund.event_id, refund.settled_at)


def _paid_or_not_due(case: Case, dispute: Dispute) -> Iterator[Item]:
    paid = list(_refund_paid(case, dispute))
    yield from paid
    for request in () if paid else denials_shown(case):
        yield Item("no_credit_due", {"reasons": request.reasons}, request.event_id, request.asked_at)


def denials_shown(case: Case) -> list[Request]:
    """The first requests that were denied: one more of the same proves nothing more, and anybody may ask on."""
    denied = (request for request in case.requests.values() if request.status == "denied")
    return list(islice(denied, DENIALS_SHOWN))


def _several_shipments(case: Case, dispute: Dispute) -> Iterator[Item]:
    sent = list(_proof_of_delivery(case, dispute))
    if len(sent) > 1:
        yield from (msgspec.structs.replace(item, item="distinct_shipment") for item in sent)


_THREE_D_SECURE = Source("three_d_secure", _three_d_secure)
_CHECKS = Source("address_and_cvc_checks", _address_checks)
_DELIVERY = Source("proof_of_delivery", _proof_of_delivery)
_DESCRIPTION = Source("order_description", _description)

BY_CATEGORY: dict[str, tuple[Source, ...]] = {
    "fraudulent": (
        _THREE_D_SECURE,
        _CHECKS,
        Source("compelling_evidence", _earlier_payments, counts_for=rule_for),
        Source("delivery_to_checked_address", _delivery_to_checked_address),
        Source("use_of_service", _use_of_service),
    ),
    "authorization": (_THREE_D_SECURE, _CHECKS),
    "duplicate": (Source("distinct_shipment", _several_shipments),),
    "product_not_received": (_DELIVERY,),
    "product_unacceptable": (_DESCRIPTION, Source("no_return_attempted", _no_return_attempted)),
    "subscription_canceled": (Source("use_of_service", _use_after_cancellation),),
    "credit_not_processed": (Source("refund_paid", _paid_or_not_due),),
    "unrecognized": (_DESCRIPTION, _DELIVERY),
    "general": (_DESCRIPTION, _DELIVERY),
}
"""What is looked for, by category."""
