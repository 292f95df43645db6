"""What people must look at before money goes: each is a question, answered by an approval of a reviewer."""

from app.domain.case import Request, Verdict
from app.domain.policy_terms import limit
from app.domain.reasons import ReasonCode
from app.domain.refunds.history import needs_history
from app.domain.refunds.question import Answer, Hold, Question
from app.domain.refunds.statutory import has_begun
from app.domain.refunds.usage import is_unallocated


def order_adds_up(q: Question) -> Answer:
    """A total that differs from its parts is for a person."""
    assert q.case.order is not None
    return for_review(q, ReasonCode.TOTAL_DIFFERS) if q.case.order.total_differs else None


def outside_refunds_are_allocated(q: Question) -> Answer:
    """A refund made outside that names no lines may have paid for these."""
    unallocated = any(is_unallocated(refund) for refund in q.case.refunds.values())
    return for_review(q, ReasonCode.OUTSIDE_REFUND_UNALLOCATED) if unallocated else None


def begun_services_have_a_period(q: Question) -> Answer:
    """By law the share of a service that was had is paid; without a period a person works it out."""
    asking, given = q.planned()
    begun = any(
        asking.order.lines[line_id].subscription is None
        and has_begun(q.case, asking.order.lines[line_id], q.request.asked_at)
        for line_id in given.by_law
    )
    return for_review(q, ReasonCode.RULE_REVIEW) if begun else None


def history_is_known(q: Question) -> Answer:
    """What the policy wants to know of the customer is here; after its wait a person decides without it."""
    if q.request.history is not None or not needs_history(q.case, q.request, q.policy):
        return None
    if "history" in q.request.waits_over:
        return for_review(q, ReasonCode.AWAITING_HISTORY)
    return Hold(ReasonCode.AWAITING_HISTORY, "history", silent=True)


def asked_not_too_often(q: Question) -> Answer:
    """A customer who asks more often than the policy lets pass is for a person."""
    velocity, history = q.policy.velocity, q.request.history
    if velocity is None or history is None or history["requests_in_window"] < velocity.requests:
        return None
    return for_review(q, ReasonCode.VELOCITY)


def risk_is_normal(q: Question) -> Answer:
    """A payment of high risk is for a person."""
    high = any((payment.risk or {}).get("level") == "high" for payment in q.payments)
    return for_review(q, ReasonCode.HIGH_RISK) if high else None


def below_the_limit(q: Question) -> Answer:
    """Above the policy's limit a person decides, unless a rule of the policy approves."""
    if q.approving is not None:
        return None
    most = limit(q.policy.auto_approve_limit, q.case.currency or "")
    return for_review(q, ReasonCode.OVER_AUTO_LIMIT) if most is not None and q.amount_minor > most else None


def seen_by_enough_people(q: Question) -> Answer:
    """Above the second limit two reviewers agree, who are not the requester."""
    most = limit(q.policy.second_reviewer_above, q.case.currency or "")
    if most is None or q.amount_minor <= most or q.request.alert_id or len(approvers(q.request, q.case.currency)) >= 2:
        return None
    return Hold(ReasonCode.NEEDS_SECOND_REVIEWER, "second_review")


def nothing_more_to_know(q: Question) -> Answer:
    """A reviewer who asked for information waits for it."""
    decided = [v.verdict for v in q.request.verdicts if v.verdict in ("approve", "ask")]
    return Hold(ReasonCode.INFORMATION_NEEDED, "review") if decided and decided[-1] == "ask" else None


def approvers(request: Request, currency: str | None) -> list[str]:
    """Reviewers whose approval counts: each once, none of them the requester."""
    names = dict.fromkeys(v.reviewer_id for v in request.verdicts if v.verdict == "approve" and fits(v, currency))
    return [name for name in names if name != request.requester_id]


def fits(verdict: Verdict, currency: str | None) -> bool:
    """Whether a verdict can be followed: an amount of nothing or in another currency than the order's, given before
    the order was known, is no approval.
    """
    if verdict.amount_minor is None or currency is None:
        return True
    return verdict.amount_minor > 0 and verdict.currency == currency


def for_review(q: Question, code: ReasonCode) -> Answer:
    """A hold until somebody has approved; what the policy itself asked for to prevent a chargeback is not reviewed."""
    settled_by_policy = q.request.alert_id is not None
    return None if settled_by_policy or approvers(q.request, q.case.currency) else Hold(code, "review")
