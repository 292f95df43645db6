"""What a decision may look at besides the case and the event: nothing else is read while deciding."""

from datetime import datetime
from typing import Any, Protocol

import msgspec

from app.domain.case import Cause
from app.domain.policy import Policy
from app.domain.rates import Rates


class SpeakingPolicies(Protocol):
    """All published policies."""

    def speaking(self, merchant_id: str, at: datetime) -> Policy:
        """The version that is in force for the merchant at that time."""
        ...


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One line of the journal. `fingerprint` is empty for what the journal says itself (timers, answers)."""

    event: Any
    topic: str
    fingerprint: bytes


class Context(msgspec.Struct, frozen=True, gc=False):
    """`now` is the event's own time, `clock` the time at which it was journalled; windows use the one, waits the other.

    `historical`: the event is older than the day from which this installation acts, so it decides without acting.
    `shadow`: policies that are asked beside the others, and not followed; None: there are none.
    """

    now: datetime
    clock: datetime
    cause: Cause
    policies: SpeakingPolicies
    historical: bool
    retention_days: int
    rates: Rates = msgspec.field(default_factory=Rates)
    shadow: SpeakingPolicies | None = None
