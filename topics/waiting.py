"""Whether what a snapshot tells of waits for a person: asked wherever people are shown what is left for them."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time
from typing import Final

from topics.decisions import REVIEWS

UNMATCHED: Final = "unmatched"
"""Flag of a dispute whose payment is not known."""


def request_waits(status: str, waiting_for: str | None) -> bool:
    """A request that is held for a first or a second opinion."""
    return status == "held" and waiting_for in REVIEWS


def dispute_waits(state: str, answer: str | None, advice: str | None, flags: Collection[str]) -> bool:
    """A dispute that is to be answered. `advice`: the recommended action, if there is one.

    One that nobody can contest waits for nobody; one whose payment is not known does.
    """
    if state != "open" or answer is not None:
        return False
    return UNMATCHED in flags if advice is None else advice != "none"


def request_due(review_due_at: datetime | None, pay_by: date | None) -> datetime | None:
    """When a person should have judged a request: the review is overdue, or its day to be paid by law begins.

    Whichever is first; None where neither is known.
    """
    by_law = datetime.combine(pay_by, time(), UTC) if pay_by is not None else None
    return min((at for at in (review_due_at, by_law) if at is not None), default=None)
