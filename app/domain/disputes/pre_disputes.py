"""Alerts before a chargeback: within the policy's limit the money goes back at once, else a person is asked.

The same claim may be told by two vendors and again as a chargeback; it is answered once. What a person was asked is
theirs: they may pay by other means, so the policy refunds nothing of it later, whatever it could do by then.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from app.domain.balances import SAME_CLAIM, refundable, same_claim
from app.domain.case import Case, PreDispute, Request
from app.domain.context import Context
from app.domain.policy import Policy
from app.domain.policy_terms import limit
from app.domain.records import Alerted, Booked, Record, Requested, Scheduled
from app.domain.refunds.execution import call_off
from app.domain.refunds.lifecycle import IN_FLIGHT, SETTLED
from app.domain.timer_names import alert_timer


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
    if not is_to_be_answered(case, alert, at):
        return
    policy = context.policies.speaking(case.merchant_id, at)
    if alert.verdict == "refund":
        yield from refund_alert(case, alert, at)
    elif is_left_to_the_policy(alert) and is_early(case, alert):
        yield from _wait(case, alert, policy, context)
    elif is_left_to_the_policy(alert):
        yield from stop_waiting(case, alert)
        if is_within_limit(case, alert, policy):
            yield from refund_alert(case, alert, at)
        else:
            yield _ask_a_person(alert)


def is_to_be_answered(case: Case, alert: PreDispute, at: datetime) -> bool:
    """Whether the alert's payment is known, its window open, and its claim neither told before nor settled."""
    return bool(alert.payment_id) and is_in_time(alert, at) and not is_known_claim(case, alert)


def is_left_to_the_policy(alert: PreDispute) -> bool:
    """Whether no person has judged the alert or was asked to."""
    return alert.verdict is None and not alert.asked


def is_early(case: Case, alert: PreDispute) -> bool:
    """Whether the order or the money that the policy looks at is still to come. A payment without an order has none."""
    payment = case.payments.get(alert.payment_id)
    return case.order_id is not None and (case.order is None or payment is None or not payment.captured_minor)


def _wait(case: Case, alert: PreDispute, policy: Policy, context: Context) -> Iterator[Record]:
    """As long as a request would wait, but never into the second half of the window: that is the person's."""
    name = alert_timer(alert.alert_id)
    if name not in case.timers:
        wait = policy.wait("order" if case.order is None else "payment")
        yield Scheduled(name, context.clock + min(wait, max(ends_at(alert) - context.clock, timedelta()) // 2))


def stop_waiting(case: Case, alert: PreDispute) -> Iterator[Record]:
    """The alert is answered, or not to be answered any more."""
    name = alert_timer(alert.alert_id)
    if name in case.timers:
        yield Scheduled(name, None)


def give_up_waiting(case: Case, alert: PreDispute, context: Context) -> Iterator[Record]:
    """The order or its money did not come in time: a person is asked."""
    if is_left_to_the_policy(alert) and is_to_be_answered(case, alert, context.now):
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
    """Whether the claim is paid: by the network, by our refund of another alert, outside, or as a chargeback."""
    if alert.already_credited or _is_paid_outside(case, alert):
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


def _is_paid_outside(case: Case, alert: PreDispute) -> bool:
    """Whether somebody made a refund of the amount since the claim was first told, as whoever was asked may do."""
    told = min(other.alerted_at for other in case.pre_disputes.values() if _same(alert, other))
    for refund in case.refunds.values():
        made = min((at for at in (refund.submitted_at, refund.settled_at) if at is not None), default=None)
        matches = (refund.payment_id, refund.currency) == (alert.payment_id, alert.currency)
        counts = refund.outside and (refund.status in IN_FLIGHT or refund.status in SETTLED)
        if matches and counts and made is not None and made >= told and same_claim(alert, refund.amount_minor, made):
            return True
    return False


def _same(alert: PreDispute, other: PreDispute) -> bool:
    return alert.payment_id == other.payment_id and same_claim(alert, other.amount_minor, other.alerted_at)


def is_in_time(alert: PreDispute, now: datetime) -> bool:
    """Whether the alert can still be answered; after its window the chargeback is on its way."""
    return now <= ends_at(alert)


def ends_at(alert: PreDispute) -> datetime:
    """The end of the alert's window. One that names none speaks of no claim that is told later than its own."""
    return alert.expires_at or alert.alerted_at + SAME_CLAIM


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
