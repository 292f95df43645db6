"""Answering a dispute: after a verdict of a person, or by policy, once and not after the deadline."""

from collections.abc import Iterator
from datetime import datetime

from app.domain.case import Case, Dispute, subject_key
from app.domain.context import Context
from app.domain.disputes.evidence import gather
from app.domain.disputes.history import is_awaited, stop_waiting
from app.domain.disputes.lifecycle import times_reopened
from app.domain.ids import derive
from app.domain.policy import Policy
from app.domain.records import Record, Responded, Scheduled
from app.domain.timer_names import deadline_timer

ANSWERS = frozenset({"contest", "accept"})


def respond(case: Case, dispute: Dispute, action: str, context: Context) -> Iterator[Record]:
    """The instruction for whoever speaks to the provider: the evidence, or that we give in."""
    if action not in ANSWERS or not may_respond(dispute, context.now):
        return
    have, _ = gather(case, dispute, dispute.category or "general")
    yield Responded(
        instruction_id=derive("dis", case.case_id, dispute.dispute_id, dispute.stage, times_reopened(dispute), action),
        dispute_id=dispute.dispute_id,
        payment_id=dispute.payment_id,
        action=action,
        evidence=tuple(have) if action == "contest" else (),
        respond_by=dispute.respond_by,
    )
    yield from stop_waiting(case, dispute)
    if action == "accept" and deadline_timer(dispute.dispute_id) in case.timers:
        # Nothing is left to do, so nobody is reminded; it still ends with its deadline if the provider says nothing.
        yield Scheduled(deadline_timer(dispute.dispute_id), dispute.respond_by)


def respond_by_policy(case: Case, dispute: Dispute, policy: Policy, context: Context) -> Iterator[Record]:
    """Where the policy answers disputes itself: as the newest alert advises, once the customer's history has spoken."""
    if policy.disputes.auto_respond and dispute.recommendation is not None and not is_awaited(case, dispute):
        yield from respond(case, dispute, dispute.recommendation["action"], context)


def may_respond(dispute: Dispute, now: datetime) -> bool:
    """Whether an answer is still open: none was given at this stage, and the deadline is not past."""
    open_ = dispute.state == "open" and dispute.answer is None
    return open_ and (dispute.respond_by is None or now <= dispute.respond_by)


def answer_early_verdicts(case: Case, dispute: Dispute, context: Context) -> Iterator[Record]:
    """A verdict that came before its dispute."""
    for verdict in case.verdicts.get(subject_key("dispute", dispute.dispute_id), [])[-1:]:
        yield from respond(case, dispute, verdict.verdict, context)
