"""The money of a payment: what was captured, what went back, what is on its way, what disputes claim.

Law: `captured - settled - in flight - claimed >= 0` for whatever we approve. What the outside does beyond that is
recorded as it is and never clamped.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from app.domain.case import Case, Dispute, Payment, PreDispute
from app.domain.disputes.lifecycle import AMOUNT_UNKNOWN
from app.domain.refunds.lifecycle import IN_FLIGHT, SETTLED
from topics.envelope import MINOR_MAX, Money

ENDED_AGAINST_US = frozenset({"lost", "accepted", "expired"})
ENDED_FOR_US = frozenset({"won", "withdrawn"})
REINSTATEMENT_AWAITED = timedelta(days=7)
SAME_CLAIM = timedelta(days=60)


class Balance(NamedTuple):
    """Where the money of one payment is, in minor units of its currency."""

    captured_minor: int
    settled_minor: int
    in_flight_minor: int
    claimed_minor: int

    @property
    def refundable_minor(self) -> int:
        """What may be paid back. Below zero where the outside took more than was captured."""
        return self.captured_minor - self.settled_minor - self.in_flight_minor - self.claimed_minor


def captures_can_be_said(case: Case, more: Money) -> bool:
    """Whether all captures of the case in a currency, and one of `more`, are together a number that events may hold."""
    captured = sum(payment.captured_minor for payment in case.payments.values() if payment.currency == more.currency)
    return captured + more.amount_minor <= MINOR_MAX


def balance(case: Case, payment: Payment) -> Balance:
    """The whole account of a payment, each part of it worked out once. In flight: neither settled nor failed."""
    gone = underway = 0
    for refund in case.refunds.values():
        if refund.payment_id == payment.payment_id:
            if refund.status in SETTLED:
                gone += refund.amount_minor
            elif refund.status in IN_FLIGHT:
                underway += refund.amount_minor
    return Balance(payment.captured_minor, gone, underway, claimed(case, payment))


def settled(case: Case, payment_id: str) -> int:
    """Minor units that went back for good."""
    gone = 0
    for refund in case.refunds.values():
        if refund.payment_id == payment_id and refund.status in SETTLED:
            gone += refund.amount_minor
    return gone


def claim_of(payment: Payment, dispute: Dispute) -> int:
    """Minor units that one dispute takes out of its payment's refundable money."""
    moved = moved_by(payment, dispute)
    if not dispute.opened or dispute.state in ENDED_FOR_US:
        return max(0, moved)
    claimed_minor = payment.captured_minor if is_foreign(payment, dispute) else dispute.amount_minor
    return max(claimed_minor, moved)


def is_foreign(payment: Payment, dispute: Dispute) -> bool:
    """Whether the dispute speaks another currency than its payment: then it stands for the whole payment."""
    return bool(dispute.currency and payment.currency) and dispute.currency != payment.currency


def moved_by(payment: Payment, dispute: Dispute) -> int:
    """What a dispute has taken so far, less what came back, in the payment's currency."""
    moved = dispute.withdrawn_minor - dispute.reinstated_minor
    if is_foreign(payment, dispute):
        return payment.captured_minor if moved > 0 else 0
    return moved


def credited(case: Case, payment_id: str) -> int:
    """Minor units that the network paid to the cardholder by itself and that no dispute of the case claims already."""
    return _credited(case, payment_id, claim_of)


def _credited(case: Case, payment_id: str, taken_by: Callable[[Payment, Dispute], int]) -> int:
    if not case.pre_disputes:
        return 0
    payment = case.payments.get(payment_id)
    return sum(_credit_of(payment, alert) for alert in _credited_once(case, payment_id, taken_by))


def _credit_of(payment: Payment | None, alert: PreDispute) -> int:
    """A credit in another currency than its payment's stands for the whole payment."""
    if payment is not None and payment.currency and alert.currency and payment.currency != alert.currency:
        return payment.captured_minor
    return alert.amount_minor


def _credited_once(case: Case, payment_id: str, taken_by: Callable[[Payment, Dispute], int]) -> Iterator[PreDispute]:
    """One alert per claim: two vendors report the same one, and a chargeback may repeat it.

    A chargeback that has ended and takes nothing any more repeats nothing: the network's credit stands.
    """
    payment = case.payments.get(payment_id)
    counted: list[PreDispute] = []
    for alert in case.pre_disputes.values():
        if alert.payment_id != payment_id or not alert.already_credited:
            continue
        if any(same_claim(alert, other.amount_minor, other.alerted_at) for other in counted):
            continue
        if any(
            dispute.opened
            and _repeats(alert, dispute)
            and (payment is None or taken_by(payment, dispute) >= _credit_of(payment, alert))
            for dispute in case.disputes.values()
            if dispute.payment_id == payment_id
        ):
            continue
        counted.append(alert)
    yield from counted


def _repeats(alert: PreDispute, dispute: Dispute) -> bool:
    """Whether a chargeback is about the alert's claim; so is one that stands for the whole payment by itself."""
    claimed_minor = alert.amount_minor if AMOUNT_UNKNOWN in dispute.flags else dispute.amount_minor
    return same_claim(alert, claimed_minor, dispute.opened_at)


def same_claim(alert: PreDispute, amount_minor: int, at: datetime | None) -> bool:
    """Whether an alert and another claim on the same payment are one: same amount, within 60 days."""
    return alert.amount_minor == amount_minor and at is not None and abs(at - alert.alerted_at) <= SAME_CLAIM


def claimed(case: Case, payment: Payment) -> int:
    """Minor units that disputes and credits of the network take out of the payment."""
    if not case.disputes and not case.pre_disputes:
        return 0
    disputes = sum(claim_of(payment, d) for d in case.disputes.values() if d.payment_id == payment.payment_id)
    return disputes + credited(case, payment.payment_id)


def refundable(case: Case, payment: Payment) -> int:
    """What may be paid back of a payment. Below zero where the outside took more than was captured."""
    return balance(case, payment).refundable_minor


def is_undecided(dispute: Dispute, now: datetime) -> bool:
    """Whether a request should wait for this dispute: open, or ended for us and its money not back yet (7 days)."""
    if dispute.state in ENDED_AGAINST_US:
        return False
    if dispute.state in ENDED_FOR_US:
        return dispute.ended_at is not None and now - dispute.ended_at < REINSTATEMENT_AWAITED
    return True


def claimed_by_open_disputes(case: Case, payment: Payment, now: datetime) -> int:
    """The part of `claimed` that a dispute may still give back."""
    return sum(
        claim_of(payment, d)
        for d in case.disputes.values()
        if d.payment_id == payment.payment_id and is_undecided(d, now)
    )


def claimed_by_lost_disputes(case: Case, payment: Payment) -> int:
    """The part of `claimed` that is gone for good."""
    return sum(
        claim_of(payment, d)
        for d in case.disputes.values()
        if d.payment_id == payment.payment_id and d.state in ENDED_AGAINST_US
    )


def over_paid_out(case: Case, payment: Payment) -> int:
    """By how much more left the merchant than came in: settled, withdrawn and credited less reinstated and captured."""
    gone = settled(case, payment.payment_id)
    if case.disputes or case.pre_disputes:
        gone += sum(moved_by(payment, d) for d in case.disputes.values() if d.payment_id == payment.payment_id)
        gone += _credited(case, payment.payment_id, moved_by)
    return gone - payment.captured_minor
