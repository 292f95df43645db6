"""Rules of a policy, as short as a test needs them, and what a customer's history answers to a case."""

from typing import Any

from app.domain.policy import Policy
from app.domain.policy_terms import Rule
from app.policies import compile_condition
from tests.domain.stories import Story, policy

REASONS = {"deny": "final_sale", "review": "rule_review", "approve": "within_policy"}


def rule(then: str, when: str = "true", *, name: str = "", reason: str = "") -> Rule:
    """A rule that always holds unless told otherwise, named by its outcome."""
    condition = compile_condition(when)
    return Rule(name=name or f"{then}s", when=when, then=then, reason=reason or REASONS[then], condition=condition)


def ruled(*rules: Rule, **terms: Any) -> Policy:
    """A policy that holds and reduces nothing but by these rules."""
    return policy(**({"velocity": None, "rules": rules} | terms))


def answer(story: Story, **counts: Any) -> Story:
    """The history answers what was asked of it last; what is not told is zero."""
    return story.answered(**({"requests_in_window": 0, "refunded_in_window": [], "chargebacks": 0} | counts))
