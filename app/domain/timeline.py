"""The timeline of a case, for people: what happened, and which id it was about."""

from typing import Any

from app.domain.case import Case, TimelineEntry
from topics.snapshots import TIMELINE_MAX


def add_to_timeline(case: Case, entry: TimelineEntry) -> None:
    """Adds an entry; of a long timeline the newest stay."""
    case.timeline.append(entry)
    del case.timeline[:-TIMELINE_MAX]


SUBJECTS = (
    "request_id",
    "dispute_id",
    "refund_id",
    "instruction_id",
    "capture_id",
    "payment_id",
    "alert_id",
    "report_id",
    "review_id",
    "return_id",
    "shipment_id",
    "line_id",
)


def subject_of(event: Any) -> str | None:
    """Which id an event is about, for the timeline."""
    names = _SUBJECTS_BY_TYPE.get(event.type)
    if names is None:
        names = _SUBJECTS_BY_TYPE[event.type] = tuple(name for name in SUBJECTS if hasattr(event, name))
    for name in names:
        value: str | None = getattr(event, name)
        if value:
            return value
    return None


_SUBJECTS_BY_TYPE: dict[str, tuple[str, ...]] = {}
