"""Answering requests: one without a final decision is asked about again whenever what it waits for has moved.

A decision is said when it is another than the last one: another outcome, another thing that is waited for, another
reason or another statutory date. What was approved is instructed at once, one instruction per tender.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.case import Case, Request
from app.domain.context import Context
from app.domain.ids import question_id
from app.domain.records import Decided, Executed, Record, Scheduled
from app.domain.refunds.assessment import assess, requested
from app.domain.refunds.execution import ANSWERS
from app.domain.refunds.history import ask, report
from app.domain.refunds.lifecycle import IN_FLIGHT
from app.domain.refunds.shadow import shadow
from app.domain.refunds.statutory import law_of, start_of
from app.domain.telling import of_decision
from app.domain.timer_names import (
    DEADLINE,
    REINSTATEMENT,
    RETENTION,
    history_timer,
    kind_and_key,
    pay_by_timer,
    request_timer,
    stuck_timer,
)

WARNED_DAYS_BEFORE = (2, 0)
REPORTED = {"approved": "refund_approved", "withdrawn": "refund_request_withdrawn"}
OF_DISPUTES = frozenset({DEADLINE, REINSTATEMENT})
"""Timers that may end a dispute, or the wait for its money."""
RELEASED_BY: dict[str, tuple[str, ...]] = {
    "order": ("order.placed", "order.amended"),
    "payment": ("payment.", "order.placed", "order.amended"),
    "dispute": ("dispute.", "payment.", *ANSWERS),
    "return": ("return.",),
    "history": (),
    "review": ("order.placed", "order.amended"),
    "second_review": (),
}
"""By what a request waits for: the events that may end the wait, by the beginning of their type. Verdicts and answers
name their request themselves."""
FINAL = frozenset({"approved", "denied", "withdrawn"})


def answer_requests(case: Case, event: Any, context: Context) -> Iterator[Record]:
    """Decides what can be decided after an event, in the order in which it was asked."""
    for request in list(case.requests.values()):
        if request.status not in FINAL and (request.status != "held" or concerns(case, event, request)):
            yield from _answer(case, request, context)


def concerns(case: Case, event: Any, request: Request) -> bool:
    """Whether a held request is asked about again after this event: what it waits for moved, or somebody spoke of it.

    A held request reserves nothing and loses nothing meanwhile: only then is it checked against what is left.
    """
    if event.type == "timer.fired":
        kind, key = kind_and_key(event.name)
        ends = kind == RETENTION or key == request.request_id
        return ends or (kind in OF_DISPUTES and request.waiting_for == "dispute")
    if event.type == "history.answered":
        return bool(event.question_id == question_id(case, request))
    if event.type == "review.resolved":
        return bool(event.subject.id == request.request_id)
    if event.type == "refund.request_withdrawn":
        return bool(event.request_id == request.request_id)
    released: bool = event.type.startswith(RELEASED_BY[request.waiting_for or ""])
    return released


def _answer(case: Case, request: Request, context: Context) -> Iterator[Record]:
    if not request.reported and request.alert_id is None:
        yield from report(case, request, "refund_requested", at=request.asked_at)
    decided = withdrawal(case, request, context) if request.withdrawn else assess(case, request, context)
    if decided is None:
        if not request.history_asked:
            policy = context.policies.speaking(case.merchant_id, request.asked_at)
            yield from ask(case, request, policy, context)
        return
    waits_for_history = request.history is None and decided.outcome not in FINAL
    if not waits_for_history and history_timer(request.request_id) in case.timers:
        yield Scheduled(history_timer(request.request_id), None)
    if is_news(request, decided):
        yield from shadow(case, request, decided, context)
        yield from say(case, request, decided, context)


def is_news(request: Request, decided: Decided) -> bool:
    """Whether a decision says anything that the last revision did not."""
    if decided.outcome != "held" or request.status != "held":
        return True
    codes = [reason.code for reason in decided.reasons]
    is_due_otherwise = decided.pay_by != request.pay_by
    return decided.waiting_for != request.waiting_for or codes != request.reasons or is_due_otherwise


def say(case: Case, request: Request, decided: Decided, context: Context) -> Iterator[Record]:
    """A decision and what follows from it: instructions, the wait's timer, the customer's news."""
    yield decided
    name = request_timer(request.request_id)
    if case.timers.get(name) != decided.wait_until:
        yield Scheduled(name, decided.wait_until)
    if decided.outcome in REPORTED:
        yield from report(case, request, REPORTED[decided.outcome], at=context.now, decided=decided)
    if context.historical:
        return
    if decided.outcome == "approved":
        yield from _instruct(case, request, decided, context)
    if decided.pay_by is not None:
        yield from schedule_pay_by(case, request, context.clock)
    elif pay_by_timer(request.request_id) in case.timers:
        yield Scheduled(pay_by_timer(request.request_id), None)
    yield from of_decision(case, request, decided)


def _instruct(case: Case, request: Request, decided: Decided, context: Context) -> Iterator[Record]:
    policy = context.policies.speaking(case.merchant_id, request.asked_at)
    until = context.clock + policy.stuck_after
    for tender in decided.tenders:
        assert decided.currency is not None
        yield Executed(
            instruction_id=tender.instruction_id,
            payment_id=tender.payment_id,
            request_id=request.request_id,
            amount_minor=tender.amount_minor,
            currency=decided.currency,
            kind=tender.kind,
            reason=request.reason,
            not_after=until,
            since=context.clock,
        )
        yield Scheduled(stuck_timer(tender.instruction_id), until)


def schedule_pay_by(case: Case, request: Request, after: datetime) -> Iterator[Record]:
    """The next warning of a statutory date: two days before, then on the day, as the consumer counts days."""
    law = law_of(case.order) if case.order and request.pay_by else None
    if law is None or request.pay_by is None or case.order is None:
        return
    starts = [start_of(request.pay_by - timedelta(days=days), case.order, law) for days in WARNED_DAYS_BEFORE]
    due = next((moment for moment in starts if moment > after), None)
    if due is not None:
        yield Scheduled(pay_by_timer(request.request_id), due.astimezone(UTC))


def withdrawal(case: Case, request: Request, context: Context) -> Decided:
    """The asker took the request back before it was decided."""
    policy = context.policies.speaking(case.merchant_id, request.asked_at)
    asked, asked_currency = requested(request, case.currency)
    return Decided(
        outcome="withdrawn",
        request_id=request.request_id,
        revision=request.revision + 1,
        currency=case.currency,
        amount_minor=0 if case.currency else None,
        refundable_minor=request.refundable_minor,
        requested_minor=asked,
        requested_currency=asked_currency,
        method=request.method,
        reasons=(),
        policy=(policy.id, policy.version, policy.digest),
        historical=context.historical,
    )


def cancellable(case: Case, request_id: str) -> list[str]:
    """Instructions of a request that are not submitted, so that they can still be called off."""
    return [
        refund.key
        for refund in case.refunds.values()
        if refund.request_id == request_id
        and refund.status in IN_FLIGHT
        and refund.submitted_at is None
        and not refund.cancel_asked
    ]
