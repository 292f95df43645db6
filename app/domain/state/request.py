"""Refunds that were asked for, and what reviewers said of them."""

from datetime import date, datetime
from typing import Any

import msgspec

from app.domain.state.payment import Row

SCOPE_NOTES = frozenset({"as_far_as_left", "of_the_rest", "told_before", "until_order_is_known"})
"""What a scope holds beside what was asked: how to complete it when the order is known, or when it is answered."""


class Verdict(msgspec.Struct, array_like=True, gc=False):
    """What a person said of a request, a dispute or an alert."""

    review_id: str
    verdict: str
    reviewer_id: str
    amount_minor: int | None = None
    currency: str | None = None
    revision: int | None = None


def subject_key(kind: str, subject_id: str) -> str:
    """What a verdict is about, in one word: the key under which a case keeps it. Stored, and never made otherwise."""
    return f"{kind}:{subject_id}"


class Request(msgspec.Struct, array_like=True, gc=False):
    """A refund that was asked for, how it was answered last, and what it waits for.

    `scope`: as it was asked, and our own notes on it (`SCOPE_NOTES`).
    """

    request_id: str
    reason: str
    scope: dict[str, Any]
    method: str
    requested_by: str
    asked_at: datetime
    content: bytes
    requester_id: str | None = None
    locale: str | None = None
    expected_minor: int | None = None
    expected_currency: str | None = None
    from_cancellation: bool = False
    alert_id: str | None = None
    verdicts: list[Verdict] = []
    waits_over: list[str] = []
    withdrawn: bool = False
    status: str = "new"
    revision: int = 0
    amount_minor: int | None = None
    refundable_minor: int | None = None
    currency: str | None = None
    reasons: list[str] = []
    waiting_for: str | None = None
    wait_until: datetime | None = None
    pay_by: date | None = None
    rows: list[Row] = []
    used_rows: list[Row] | None = None
    returned_counted: dict[str, int] = {}
    told: list[str] = []
    event_id: str = ""
    reported: bool = False
    history_asked: bool = False
    history: dict[str, Any] | None = None

    @property
    def rows_standing(self) -> list[Row]:
        """Of an approval the rows that its refunds still pay; none where nothing was approved."""
        if self.status != "approved":
            return []
        return self.rows if self.used_rows is None else self.used_rows
