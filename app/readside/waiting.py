"""What waits for a person: held requests, disputes to be answered, alerts before a chargeback; each is one task.

A task stands in the line of its kind, by when it is due; those without a date stand behind all others, the oldest
first. Whether the time of an alert is over says the clock of whoever asks: no event comes when it passes.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final, get_args

import msgspec

from app.readside.document import Alert, Document, Money
from topics.reviews import SubjectKind
from topics.waiting import UNMATCHED, dispute_waits, request_due, request_waits

KINDS: Final[tuple[SubjectKind, ...]] = get_args(SubjectKind)
WITHOUT_A_DATE: Final = 1e11
"""Added to the age of a task that is never due: behind every date of this millennium."""


class Task(msgspec.Struct, frozen=True):
    """One thing that waits for a person. `due`: when its time is over; `since`: since when it waits, as far as known.

    `revision`: of a request or a dispute. `why`: reason codes of a request; category and stage of a dispute; source of
    an alert. `advice`: of a dispute.
    """

    kind: SubjectKind
    case_id: str
    subject_id: str
    merchant_id: str
    order_id: str | None
    revision: int | None = None
    amount: Money | None = None
    due: datetime | None = None
    since: datetime | None = None
    why: list[str] = []
    advice: str = ""
    second: bool = False

    @property
    def id(self) -> str:
        """Its name, unique within an installation."""
        return _encode([self.kind, self.case_id, self.subject_id]).decode()

    @property
    def score(self) -> float:
        """Its place in the line."""
        if self.due is not None:
            return self.due.timestamp()
        return WITHOUT_A_DATE + (self.since.timestamp() if self.since is not None else 0)


_encode = msgspec.json.Encoder().encode
_decode_id = msgspec.json.Decoder(tuple[SubjectKind, str, str]).decode


def kind_of(task_id: str) -> SubjectKind:
    """The kind of a task, by its id."""
    return _decode_id(task_id)[0]


def tasks_of(case_id: str, document: Document) -> list[Task]:
    """What of a case waits for a person."""
    return [*_requests(case_id, document), *_disputes(case_id, document), *_alerts(case_id, document)]


def _requests(case_id: str, document: Document) -> Iterator[Task]:
    for request in document.requests:
        if request_waits(request.status, request.waiting_for):
            yield msgspec.structs.replace(
                _task("refund_request", case_id, document, request.request_id),
                revision=request.revision,
                amount=request.amount,
                due=request_due(request.review_due_at, request.pay_by),
                since=request.asked_at,
                why=request.reasons,
                second=request.waiting_for == "second_review",
            )


def _disputes(case_id: str, document: Document) -> Iterator[Task]:
    for dispute in document.disputes:
        advice = dispute.recommendation.action if dispute.recommendation is not None else None
        if dispute_waits(dispute.state, dispute.answer, advice, dispute.flags):
            yield msgspec.structs.replace(
                _task("dispute", case_id, document, dispute.dispute_id),
                revision=dispute.revision,
                amount=dispute.amount,
                due=dispute.respond_by,
                since=dispute.opened_at,
                why=[dispute.category or UNMATCHED, *([dispute.stage] if dispute.stage else [])],
                advice=advice or "",
            )


def _alerts(case_id: str, document: Document) -> Iterator[Task]:
    for alert in document.alerts:
        if alert.waiting:
            yield _of_alert(case_id, document, alert)


def _of_alert(case_id: str, document: Document, alert: Alert) -> Task:
    return msgspec.structs.replace(
        _task("alert", case_id, document, alert.alert_id),
        amount=alert.amount,
        due=alert.expires_at,
        since=alert.alerted_at,
        why=[alert.source],
    )


def _task(kind: SubjectKind, case_id: str, document: Document, subject_id: str) -> Task:
    return Task(kind, case_id, subject_id, document.merchant_id, document.order_id)
