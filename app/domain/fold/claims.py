"""What a dispute claims: how the events that tell it change the dispute."""

from typing import Any

from app.domain.balances import is_foreign
from app.domain.case import Case, Dispute
from app.domain.disputes import lifecycle
from app.domain.disputes.compelling_evidence import rule_for
from app.domain.disputes.reasons import category_of
from app.domain.fold.early_warnings import AMOUNT_IS_ZERO
from app.domain.words import DISPUTE_CATEGORIES, NETWORKS, known_or_flagged
from topics.disputes import DisputeInquired, DisputeOpened


def claim(case: Case, dispute: Dispute, event: DisputeInquired | DisputeOpened) -> None:
    """The amount, the network and the reason, as an inquiry or an opening tells them."""
    amount_told(dispute, event)
    payment = case.payments.get(dispute.payment_id)
    if payment is not None and is_foreign(payment, dispute):
        flag_dispute(case, dispute, "currency_differs")
    if not event.amount.amount_minor:
        flag_dispute(case, dispute, AMOUNT_IS_ZERO)
    _reason_told(case, dispute, event)


def _reason_told(case: Case, dispute: Dispute, event: DisputeInquired | DisputeOpened) -> None:
    """Network, reason code and category. Another code has the category that it stands for: an inquiry's are not those
    of the chargeback that it becomes. What answers the code before is no answer to it.
    """
    of_code = dispute.reason_code and dispute.category == category_of(dispute.network, dispute.reason_code)[0]
    payment = case.payments.get(dispute.payment_id)
    network = known_or_flagged(case, event.network, NETWORKS, flag="network_unknown")
    dispute.network = network or (payment.network if payment else None) or dispute.network
    dispute.reason_code = event.reason_code.strip() if event.reason_code else dispute.reason_code
    category = known_or_flagged(case, event.category, DISPUTE_CATEGORIES, flag="category_unknown", otherwise="general")
    if of_code and not category:
        found, is_known = category_of(dispute.network, dispute.reason_code)
        category = dispute.category = found if is_known else None
    dispute.category = category or dispute.category
    if rule_for(dispute) is None:
        dispute.compelling = None


def fill_in(case: Case, dispute: Dispute, event: DisputeOpened) -> None:
    """What an opening that comes late tells beside its claim, and nobody has told yet."""
    network, code, category = dispute.network, dispute.reason_code, dispute.category
    standing = dispute.amount_minor, dispute.currency, dispute.compelling
    claim(case, dispute, event)
    dispute.amount_minor, dispute.currency, dispute.compelling = standing
    dispute.network, dispute.reason_code = network or dispute.network, code or dispute.reason_code
    dispute.category = category or dispute.category


def amount_told(dispute: Dispute, event: Any) -> None:
    """How much is claimed, once something tells it."""
    dispute.amount_minor, dispute.currency = event.amount.amount_minor, event.amount.currency
    if lifecycle.AMOUNT_UNKNOWN in dispute.flags:
        dispute.flags.remove(lifecycle.AMOUNT_UNKNOWN)


def claim_the_payment(case: Case, dispute: Dispute) -> None:
    """A dispute that began with an escalation names no claim: until one is told it stands for all that was captured."""
    payment = case.payments.get(dispute.payment_id)
    unknown = lifecycle.AMOUNT_UNKNOWN in dispute.flags
    if payment is None or not dispute.opened or (dispute.currency and not unknown):
        return
    if payment.captured_minor or unknown:
        dispute.amount_minor, dispute.currency = payment.captured_minor, payment.currency
        if not unknown:
            dispute.flags.append(lifecycle.AMOUNT_UNKNOWN)


def flag_dispute(case: Case, dispute: Dispute, name: str) -> None:
    """Marks a dispute and its case, once."""
    if name not in dispute.flags:
        dispute.flags.append(name)
    case.flag(name)
