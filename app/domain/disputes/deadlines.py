"""Until when a dispute must be answered: what the provider says, else the table less the policy's margin.

Reminders come so many hours before, as the policy says; past the deadline an unanswered dispute has expired.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from app.domain.case import Case, Dispute
from app.domain.policy import Policy
from app.domain.records import Scheduled
from app.domain.tables import table
from app.domain.timer_names import deadline_timer, opening_timer

OPENING_AWAITED = timedelta(hours=72)
NOT_OPENED = "dispute_not_opened"


def deadline_of(dispute: Dispute, policy: Policy) -> tuple[datetime, str]:
    """When to have answered, and who says so (provider or table).

    By the table it is so many times 24 hours after the beginning of the stage, less the policy's margin.
    """
    if dispute.respond_by is not None and dispute.deadline_source == "provider":
        return dispute.respond_by, "provider"
    assert dispute.stage_at is not None
    by_network = table("dispute_deadlines")[dispute.stage]
    days = by_network.get(dispute.network or "", by_network["default"])
    return dispute.stage_at + timedelta(days=days) - policy.disputes.deadline_margin, "table"


def await_opening(case: Case, dispute: Dispute, clock: datetime) -> Iterator[Scheduled]:
    """What is told of a dispute before its opening waits for that; a dispute that is never opened is flagged."""
    name = opening_timer(dispute.dispute_id)
    if dispute.opened_at is not None:
        if name in case.timers:
            yield Scheduled(name, None)
    elif name not in case.timers and NOT_OPENED not in dispute.flags:
        yield Scheduled(name, clock + OPENING_AWAITED)


def schedule_deadline(dispute: Dispute, policy: Policy, after: datetime) -> Iterator[Scheduled]:
    """The next reminder after a moment, else the deadline itself; at once where that is past already."""
    if dispute.respond_by is None:
        return
    hours = sorted(policy.disputes.reminders_hours, reverse=True)
    moments = [dispute.respond_by - timedelta(hours=h) for h in hours]
    due = next((moment for moment in moments if moment > after), dispute.respond_by)
    yield Scheduled(deadline_timer(dispute.dispute_id), due)


def hours_left(dispute: Dispute, now: datetime) -> int:
    """Whole hours until the deadline."""
    assert dispute.respond_by is not None
    return (dispute.respond_by - now) // timedelta(hours=1)
