"""The subjects of a case that a person may have to judge: found in its snapshot, and whether they still wait."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from app.console.ports import Snapshot
from topics.reviews import SubjectKind
from topics.waiting import dispute_waits, request_due, request_waits

_PARTS: Final[dict[SubjectKind, tuple[str, str]]] = {
    "refund_request": ("requests", "request_id"),
    "dispute": ("disputes", "dispute_id"),
    "alert": ("alerts", "alert_id"),
}


class Subject(NamedTuple):
    """A request, a dispute or an alert, with its row of the snapshot. `waits`: a person is to judge it."""

    kind: SubjectKind
    id: str
    row: dict[str, Any]
    waits: bool

    @property
    def revision(self) -> int | None:
        """The revision that a verdict is about; alerts have none."""
        return None if self.kind == "alert" else self.row.get("revision")


def subjects_of(snapshot: Snapshot) -> Iterator[Subject]:
    """All of a case, in the order of the snapshot."""
    for kind, (part, name) in _PARTS.items():
        for row in snapshot.get(part) or ():
            yield Subject(kind, row[name], row, _waits(kind, row))


def subject_in(snapshot: Snapshot, kind: str, subject_id: str) -> Subject | None:
    """One of a case; None where it is not in it."""
    return next((one for one in subjects_of(snapshot) if (one.kind, one.id) == (kind, subject_id)), None)


def moment(text: Any) -> datetime | None:
    """A time of a snapshot."""
    return datetime.fromisoformat(text) if isinstance(text, str) else None


def deadline_of(subject: Subject) -> datetime | None:
    """When it is too late to judge it; a request, when somebody should have."""
    if subject.kind == "refund_request":
        pay_by = subject.row.get("pay_by")
        by_law = None if pay_by is None else date.fromisoformat(pay_by)
        return request_due(moment(subject.row.get("review_due_at")), by_law)
    return moment(subject.row.get({"dispute": "respond_by", "alert": "expires_at"}[subject.kind]))


def _waits(kind: SubjectKind, row: dict[str, Any]) -> bool:
    """As the read side's line has it. What a version wrote that did not say what is waited for, is shown."""
    if kind == "refund_request":
        return request_waits(row["status"], row.get("waiting_for", "review"))
    if kind == "alert":
        return bool(row["waiting"])
    advice = row.get("recommendation")
    return dispute_waits(
        row["state"], row.get("answer"), None if advice is None else advice["action"], row.get("flags", ())
    )
