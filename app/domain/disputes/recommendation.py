"""Contest or accept: the expected value of contesting, with every term shown.

`EV(contest) = p x (amount + counter fee) - counter fee - handling cost`: a full win gives the counter fee back, the
fee for receiving the dispute is lost either way. Rounded half up once; below zero: accept.
"""

from decimal import Decimal
from typing import Any

from app.domain.balances import settled
from app.domain.case import Case, Dispute
from app.domain.disputes.compelling_evidence import QUALIFIED
from app.domain.money import half_up
from app.domain.policy import Policy
from app.domain.policy_terms import limit

ZERO, HIGHEST = Decimal(0), Decimal("0.95")
NEED_NO_PROOF = frozenset({"general", "unrecognized"})


def recommend(case: Case, dispute: Dispute, policy: Policy, category: str, *, has_evidence: bool) -> dict[str, Any]:
    """The advice for one dispute, as the alert carries it. Amounts in the dispute's currency."""
    probability = win_probability(case, dispute, policy, category, has_evidence=has_evidence)
    counter_fee = limit(policy.disputes.counter_fee, dispute.currency) or 0
    handling = limit(policy.disputes.handling_cost, dispute.currency) or 0
    wins, cases = probability.as_integer_ratio()
    value = half_up(wins * (dispute.amount_minor + counter_fee) - cases * (counter_fee + handling), cases)
    return {
        "action": _action(case, dispute, value),
        "expected_value_minor": value,
        "win_probability": f"{probability:f}",
        "terms": [
            {"name": "amount_if_won", "amount_minor": dispute.amount_minor},
            {"name": "counter_fee_returned_if_won", "amount_minor": counter_fee},
            {"name": "counter_fee", "amount_minor": -counter_fee},
            {"name": "handling_cost", "amount_minor": -handling},
        ],
    }


def win_probability(case: Case, dispute: Dispute, policy: Policy, category: str, *, has_evidence: bool) -> Decimal:
    """The category's chance, raised and lowered by what the case knows, kept within 0 and 0.95."""
    adjust = policy.disputes.win_adjust
    probability = policy.disputes.probability(category)
    payment = case.payments.get(dispute.payment_id)
    if payment is not None and (payment.authentication or {}).get("liability_shifted"):
        probability += adjust.get("liability_shifted", ZERO)
    if dispute.compelling is not None and dispute.compelling.status == QUALIFIED:
        probability += adjust.get("compelling_evidence", ZERO)
    if settled(case, dispute.payment_id):
        probability += adjust.get("refund_paid", ZERO)
    if category not in NEED_NO_PROOF and not has_evidence:
        probability += adjust.get("proof_missing", ZERO)
    return min(HIGHEST, max(ZERO, probability))


def can_be_contested(case: Case, dispute: Dispute) -> bool:
    """Not a direct-debit return, not one that the network lets nobody defend, or defends itself."""
    payment = case.payments.get(dispute.payment_id)
    direct_debit = payment is not None and payment.kind == "bank_debit"
    return dispute.defendable and not dispute.auto_defended and not direct_debit


def _action(case: Case, dispute: Dispute, value: int) -> str:
    if not can_be_contested(case, dispute):
        return "none"
    return "contest" if value >= 0 else "accept"
