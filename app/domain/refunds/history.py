"""What a request needs to know of its customer across orders, and how it is asked for.

The question goes out once per request, only where the policy uses a value of it and the customer is known; the decision
waits for the answer. A hold is told only when the wait ends without one.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from app.domain.case import Case, Request
from app.domain.context import Context
from app.domain.ids import question_id
from app.domain.policy import Policy
from app.domain.records import Asked, Decided, Record, Reported, Scheduled
from app.domain.refunds.facts import OF_HISTORY
from app.domain.timer_names import history_timer

LOOKS_BACK_DAYS = 365


def needs_history(case: Case, request: Request, policy: Policy) -> bool:
    """Whether the policy looks at the customer's history for this request, and the customer is known."""
    return case.customer_id is not None and request.alert_id is None and bool(uses_of(policy))


def uses_of(policy: Policy) -> tuple[str, ...]:
    """What the policy wants the history for: `velocity`, `rules`."""
    by_rules = any(rule.condition and not rule.condition.reads.isdisjoint(OF_HISTORY) for rule in policy.rules)
    return (*(["velocity"] if policy.velocity is not None else []), *(["rules"] if by_rules else []))


def ask(case: Case, request: Request, policy: Policy, context: Context) -> Iterator[Record]:
    """The question, once, and the timer that ends the wait for its answer."""
    assert case.customer_id is not None
    days = policy.velocity.days if policy.velocity is not None else LOOKS_BACK_DAYS
    yield Asked(
        customer_id=case.customer_id,
        question_id=question_id(case, request),
        request_id=request.request_id,
        as_of=request.asked_at,
        since=request.asked_at - timedelta(days=days),
        uses=uses_of(policy),
    )
    yield Scheduled(history_timer(request.request_id), context.clock + policy.wait("history"))


def report(
    case: Case, request: Request, kind: str, *, at: datetime, decided: Decided | None = None
) -> Iterator[Record]:
    """A fact about a request for its customer's history, where there is a customer."""
    if case.customer_id is None:
        return
    body: dict[str, Any] = {"order_id": case.order_id, "request_id": request.request_id}
    if decided is not None:
        body["amount"] = {"amount_minor": decided.amount_minor, "currency": decided.currency}
    yield Reported(case.customer_id, kind, (kind, case.case_id, request.request_id), at, body)
