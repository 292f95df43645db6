"""Stages and states of a dispute, as tables.

Stages go forward only. Ends can flip: a lost case can be won late, a won one can come back as another chargeback;
both are applied, never refused.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.case import Case, Dispute
from topics.snapshots import TIMELINE_MAX

STAGES = ("inquiry", "chargeback", "pre_arbitration", "arbitration")
AMOUNT_UNKNOWN = "amount_unknown"
"""The flag of a dispute that stands for its whole payment, because nothing has told yet what is claimed."""
CLOCKS_DIFFER = timedelta(hours=24)
BY_CAUTION = ("won", "withdrawn", "expired", "accepted", "lost")
"""The ends of a dispute: of two that came at one time, in whatever order they are told, the later one here stands."""
ENDS = frozenset(BY_CAUTION)
REOPENED = "reopened"
"""Stands in `closed` between two ends of a dispute that came back."""


def further(stage: str, other: str) -> str:
    """The later of two stages."""
    return max(stage, other, key=STAGES.index)


def is_beyond(stage: str, other: str) -> bool:
    """Whether a stage is later than another."""
    return STAGES.index(stage) > STAGES.index(other)


def bring_up_to_date(case: Case, dispute: Dispute) -> None:
    """A row of an earlier version says neither since when it is heard nor which openings have cost their fees.

    It is told from others by that, since a stage comes with both. Where it has fees, its opening's are among them, as
    far as it has heard of one: a movement of funds may have come with a fee of its own.
    """
    if dispute.heard_from is None and dispute.stage_at is not None:
        dispute.heard_from = dispute.stage_at
        if dispute.fees and _may_have_heard_its_opening(case, dispute):
            dispute.charged = dict.fromkeys(STAGES[: STAGES.index(dispute.stage) + 1], "")


def _may_have_heard_its_opening(case: Case, dispute: Dispute) -> bool:
    """Whether the timeline of the case has it, or has lost its beginning. What enters now is not in it yet."""
    told = any(entry.type == "dispute.opened" and entry.subject == dispute.dispute_id for entry in case.timeline)
    return told or case.expired or len(case.timeline) >= TIMELINE_MAX


def opening_moment(event: Any) -> datetime:
    """When the dispute was opened, as the event says; one that is stated for a time to come was opened with the event.

    Deadlines, the window of earlier payments and what a customer's history keeps are counted from it.
    """
    stated: datetime | None = None if is_opened_in_future(event) else getattr(event, "opened_at", None)
    at: datetime = stated or event.occurred_at
    return at.astimezone(UTC)


def is_presumed(dispute: Dispute) -> bool:
    """Whether its end is our own guess, the deadline having passed: the provider's word beats it."""
    return dispute.state == "expired" and not dispute.expiry_told


def has_ended(dispute: Dispute) -> bool:
    """Whether it has, by more than our own guess."""
    return dispute.state in ENDS and not is_presumed(dispute)


def times_reopened(dispute: Dispute) -> int:
    """How often the dispute came back after an end: each time it is asked about and answered anew."""
    return dispute.closed.count(REOPENED)


def is_extended(dispute: Dispute, event: Any) -> bool:
    """Whether what we thought had expired goes on: it comes to a later stage, or has a later deadline at its own."""
    stage = getattr(event, "stage", "inquiry")
    if not is_presumed(dispute) or dispute.ended_at is None:
        return False
    waits = event.respond_by is not None and event.respond_by > dispute.ended_at
    return is_beyond(stage, dispute.stage) or (stage == dispute.stage and waits)


def is_told_again(dispute: Dispute, event: Any) -> bool:
    """Whether an opening states no time of its own for the stage at which its dispute is: it began with its first."""
    stated = event.opened_at is not None and not is_opened_in_future(event)
    return dispute.opened and dispute.stage == event.stage and not stated and not has_ended(dispute)


def is_outdated(dispute: Dispute, event: Any) -> bool:
    """Whether an opening tells a claim of before the one that stands: it comes late, and takes nothing back."""
    return dispute.claimed_at is not None and opening_moment(event) < dispute.claimed_at


def is_opened_in_future(event: Any) -> bool:
    """Whether the stated opening is later than clocks can differ."""
    stated: datetime | None = getattr(event, "opened_at", None)
    return stated is not None and stated - event.occurred_at > CLOCKS_DIFFER


def movement_key(dispute: Dispute, event: Any) -> str:
    """What identifies a movement of funds.

    Without an id of the provider a second withdrawal with no reinstatement in between is the same movement.
    """
    direction = "out" if event.type == "dispute.funds_withdrawn" else "in"
    if event.movement_id is not None:
        return f"{direction}:{event.movement_id}"
    opposite = "in:" if direction == "out" else "out:"
    return f"{direction}:#{sum(key.startswith(opposite) for key in dispute.movements)}"
