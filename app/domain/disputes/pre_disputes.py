"""Alerts before a chargeback: within the policy's limit the money goes back at once, else a person is asked.

The same claim may be told by two vendors and again as a chargeback; it is answered once.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from app.domain.balances import refundable, same_claim
from app.domain.case import Case, PreDispute, Request
from app.domain.context import Context
from app.domain.policy import Policy
from app.domain.policy_terms import limit
from app.domain.records import Alerted, Booked, Record, Requested
from app.domain.refunds.execution import call_off


def follow_alert(case: Case, alert: PreDispute, context: Context) -> Iterator[Record]:
    """What follows from an alert that entered."""
    if alert.already_credited:
        yield Booked(
            kind="network_credited",
            fact=(alert.alert_id,),
            payment_id=alert.payment_id or None,
            amount_minor=-alert.amount_minor,
            currency=alert.currency,
        )
        payment = case.payments.get(alert.payment_id)
        if payment is not None and refundable(case, payment) < 0:
            yield from call_off(case, alert.payment_id, "already_credited_by_network")
        return
    yield from _answer(case, alert, context, at=context.now)


def answer_early_alerts(case: Case, context: Context) -> Iterator[Record]:
    """Alerts that came before their order or its money are answered now as they would have been at once."""
    for alert in list(case.pre_disputes.values()):
        if not alert.already_credited and is_in_time(alert, context.clock):
            yield from _answer(case, alert, context, at=max(context.now, alert.alerted_at))


def _answer(case: Case, alert: PreDispute, context: Context, *, at: datetime) -> Iterator[Record]:
    """The refund that the policy or a person wants, else a person is asked, once; not before the payment is known."""
    if not alert.payment_id or is_known_claim(case, alert) or not is_in_time(alert, at):
        return
    policy = context.policies.speaking(case.merchant_id, at)
    if alert.verdict == "refund" or (alert.verdict is None and is_within_limit(case, alert, policy)):
        yield from refund_alert(case, alert, at)
    elif alert.verdict is None and not alert.asked:
        yield _ask_a_person(alert)


def is_known_claim(case: Case, alert: PreDispute) -> bool:
    """Whether the same claim was told before in time, or is settled already."""
    earlier: list[PreDispute] = []
    for other in case.pre_disputes.values():
        if other is alert:
            break
        earlier.append(other)
    told = any(is_in_time(other, other.alerted_at) and _same(alert, other) for other in earlier)
    return told or is_settled_claim(case, alert)


def is_settled_claim(case: Case, alert: PreDispute) -> bool:
    """Whether the claim is paid: by the network, by our refund of another alert, or as a chargeback."""
    if alert.already_credited:
        return True
    for other in case.pre_disputes.values():
        request = case.requests.get(request_id_of(other))
        paid = other.already_credited or (request is not None and request.status not in ("denied", "withdrawn"))
        if other is not alert and paid and _same(alert, other):
            return True
    return any(
        dispute.opened and same_claim(alert, dispute.amount_minor, dispute.opened_at)
        for dispute in case.disputes.values()
        if dispute.payment_id == alert.payment_id
    )


def _same(alert: PreDispute, other: PreDispute) -> bool:
    return alert.payment_id == other.payment_id and same_claim(alert, other.amount_minor, other.alerted_at)


def is_in_time(alert: PreDispute, now: datetime) -> bool:
    """Whether the alert can still be answered; after its window the chargeback is on its way."""
    return alert.expires_at is None or now <= alert.expires_at


def request_id_of(alert: PreDispute) -> str:
    """The id of the request that answers an alert."""
    return f"alert:{alert.alert_id}"


def is_within_limit(case: Case, alert: PreDispute, policy: Policy) -> bool:
    """Whether the policy refunds the alert by itself, and the payment holds as much."""
    payment = case.payments.get(alert.payment_id)
    if (
        case.order is None
        or case.expired
        or payment is None
        or policy.pre_dispute is None
        or payment.currency != alert.currency
    ):
        return False
    most = limit(policy.pre_dispute.refund_up_to, alert.currency)
    return 0 < alert.amount_minor <= refundable(case, payment) and (most is None or alert.amount_minor <= most)


def refund_alert(case: Case, alert: PreDispute, at: datetime) -> Iterator[Record]:
    """The refund that answers an alert, as a request of our own: once, in time, and only if nobody has paid."""
    request_id = request_id_of(alert)
    if request_id not in case.requests and is_in_time(alert, at) and not is_settled_claim(case, alert):
        amount: dict[str, Any] = {"amount_minor": alert.amount_minor, "currency": alert.currency}
        yield Requested(
            Request(
                request_id=request_id,
                reason="goodwill",
                scope={"kind": "amount", "amount": amount},
                method="original",
                requested_by="system",
                asked_at=at,
                content=b"",
                alert_id=alert.alert_id,
            )
        )


def _ask_a_person(alert: PreDispute) -> Alerted:
    amount = {"amount_minor": alert.amount_minor, "currency": alert.currency}
    return Alerted(
        type="pre_dispute.action_required",
        fact=(alert.alert_id,),
        body={
            "alert_id": alert.alert_id,
            "payment_id": alert.payment_id,
            "amount": amount,
            "source": alert.source,
            "expires_at": alert.expires_at,
            "recommendation": {
                "action": "refund",
                "expected_value_minor": -alert.amount_minor,
                "win_probability": "0",
                "terms": [{"name": "refund", "amount_minor": -alert.amount_minor}],
            },
        },
    )
