"""Disputes that go where the table of their network knows no way."""

from collections.abc import Iterator
from typing import Any

from app.domain.case import Case
from app.domain.disputes.transitions import Place, family_of, is_stray, move_of, place_of
from app.domain.records import Record, Strayed


def place_before(case: Case, event: Any) -> Place | None:
    """Where the dispute of an event is before it enters; None where the event moves no dispute."""
    if not event.type.startswith("dispute.") or move_of(event) is None:
        return None
    return place_of(case.disputes.get(event.dispute_id))


def mark_stray(case: Case, before: Place, event: Any) -> Iterator[Record]:
    """Marks a move that the table of the dispute's network does not know."""
    dispute = case.disputes[event.dispute_id]
    family = family_of(dispute.network, dispute.category, dispute.reason_code)
    if is_stray(before, family, event):
        yield Strayed(dispute.dispute_id, family, before.name, str(move_of(event)))
