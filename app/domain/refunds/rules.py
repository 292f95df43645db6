"""The rules of the policy: conditions that a merchant wrote as data, all of them asked together.

Laws
 1. The worst outcome wins: deny, then review, then approve. Of several denials the first in the file is decisive; all
    reviews are told.
 2. A condition that cannot judge its facts is taken for the safe side: a rule that would deny or send to review sends
    to review, one that would approve says nothing. The decision carries the flag `rule_not_judged`.
 3. What the law gives, no rule denies: there it sends to review. So it does where the law gives a part of the
    request, since a rule speaks of the request and not of its lines.
 4. An approving rule lifts the policy's own limit of automatic approval, and nothing else: neither risk and velocity,
    which are reviews and so worse, nor the second reviewer, nor the return of goods.

A refund that prevents a chargeback was decided by the policy's `pre_dispute` or by a person, and is not asked about.
"""

from collections.abc import Iterator

from app.domain.policy_terms import Rule
from app.domain.reasons import ReasonCode
from app.domain.refunds.facts import Facts
from app.domain.refunds.history import needs_history
from app.domain.refunds.question import Advice, Answer, Deny, Hold, Question
from app.domain.refunds.reviewing import approvers

NOT_JUDGED = "rule_not_judged"


def rules_of_the_policy(q: Question) -> Answer:
    """What the merchant's own rules say. They are asked once all that they may look at is known."""
    if not q.policy.rules or q.request.alert_id is not None or _awaits_history(q):
        return None
    facts = Facts(q)
    found = [(rule, rule.condition(facts) if rule.condition else None) for rule in q.policy.rules]
    met = [rule for rule, is_met in found if is_met]
    not_judged = [rule for rule, is_met in found if is_met is None]
    if not_judged:
        q.flags = [*q.flags, NOT_JUDGED]
    denying = [rule for rule in met if rule.then == "deny"]
    overruled = [rule for rule in denying if _is_advice(q, rule)]
    decisive = next((rule for rule in denying if rule not in overruled), None)
    if decisive is not None and not q.planned()[1].by_law:
        return Deny(ReasonCode(decisive.reason), _lines(q), rule=decisive.name)
    advice = [Advice(ReasonCode(rule.reason), _lines(q), rule=rule.name) for rule in overruled]
    holds = [] if approvers(q.request, q.case.currency) else list(_holds(met, not_judged, overruled))
    if not holds and decisive is None and all(rule.then == "approve" for rule in not_judged):
        q.approving = next((rule for rule in met if rule.then == "approve"), None)
    return (*holds, *advice) or None


def _awaits_history(q: Question) -> bool:
    known = q.request.history is not None or "history" in q.request.waits_over
    return not known and needs_history(q.case, q.request, q.policy)


def _is_advice(q: Question, rule: Rule) -> bool:
    """The code of the denial is one that the policy enforces for customers alone."""
    return q.planned()[0].by_staff and rule.reason in q.policy.staff_override


def _holds(met: list[Rule], not_judged: list[Rule], overruled: list[Rule]) -> Iterator[Hold]:
    for rule in met:
        if rule.then == "review":
            yield Hold(ReasonCode(rule.reason), "review", rule=rule.name)
        elif rule.then == "deny" and rule not in overruled:
            yield Hold(ReasonCode.RULE_REVIEW, "review", rule=rule.name)
    for rule in not_judged:
        if rule.then != "approve" and rule not in overruled:
            yield Hold(ReasonCode.RULE_REVIEW, "review", rule=rule.name)


def _lines(q: Question) -> tuple[str, ...]:
    return tuple(q.planned()[1].lines)
