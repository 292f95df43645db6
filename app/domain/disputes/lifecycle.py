"""Stages and states of a dispute, as tables.

Stages go forward only. Ends can flip: a lost case can be won late, a won one can come back as another chargeback;
both are applied, never refused.
"""

from typing import Any

from app.domain.case import Dispute

STAGES = ("inquiry", "chargeback", "pre_arbitration", "arbitration")
STATES = ("open", "evidence_submitted", "won", "lost", "accepted", "expired", "withdrawn")
ENDS = frozenset({"won", "lost", "accepted", "expired", "withdrawn"})


def further(stage: str, other: str) -> str:
    """The later of two stages."""
    return max(stage, other, key=STAGES.index)


def is_beyond(stage: str, other: str) -> bool:
    """Whether a stage is later than another."""
    return STAGES.index(stage) > STAGES.index(other)


def movement_key(dispute: Dispute, event: Any) -> str:
    """What identifies a movement of funds.

    Without an id of the provider a second withdrawal with no reinstatement in between is the same movement.
    """
    direction = "out" if event.type == "dispute.funds_withdrawn" else "in"
    if event.movement_id is not None:
        return f"{direction}:{event.movement_id}"
    there = sum(key.startswith("in:") for key in dispute.movements)
    back = sum(key.startswith("out:") for key in dispute.movements)
    return f"{direction}:#{there if direction == 'out' else back}"
