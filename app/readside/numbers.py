"""Under which numbers a case is found: whatever a desk has in hand of it, as its snapshot says.

The order's own number is not among them: it has an index of its own.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final, NamedTuple

import msgspec


class Money(msgspec.Struct):
    """An amount in the minor unit of its currency."""

    amount_minor: int
    currency: str


class _Capture(msgspec.Struct):
    capture_id: str


class _Payment(msgspec.Struct):
    payment_id: str
    captures: list[_Capture] = []


class Request(msgspec.Struct):
    """A request. One that a version before this wrote does not say what it waits for: it is shown rather than lost."""

    request_id: str
    status: str
    revision: int = 0
    amount: Money | None = None
    reasons: list[str] = []
    waiting_for: str | None = "review"
    asked_at: datetime | None = None
    review_due_at: datetime | None = None
    pay_by: date | None = None


class _Instruction(msgspec.Struct):
    instruction_id: str | None
    status: str
    refund_id: str | None = None
    acquirer_reference_number: str | None = None


class _Advice(msgspec.Struct):
    action: str = ""


class Dispute(msgspec.Struct):
    """A dispute, as far as a desk has to answer it."""

    dispute_id: str
    state: str
    stage: str = ""
    amount: Money | None = None
    category: str | None = None
    opened_at: datetime | None = None
    respond_by: datetime | None = None
    recommendation: _Advice | None = None
    revision: int = 0
    answer: str | None = None
    flags: list[str] = []


class Alert(msgspec.Struct):
    """An alert before a chargeback."""

    alert_id: str
    amount: Money | None = None
    source: str = ""
    alerted_at: datetime | None = None
    expires_at: datetime | None = None
    verdict: str | None = None
    waiting: bool = False


class _Entry(msgspec.Struct):
    type: str
    subject: str | None = None


class Document(msgspec.Struct):
    """A snapshot, as far as the read side looks into it; a newer version may hold more, an older one has no alerts."""

    case_id: str
    version: int
    merchant_id: str
    payments: list[_Payment]
    requests: list[Request]
    instructions: list[_Instruction]
    disputes: list[Dispute]
    timeline: list[_Entry]
    order_id: str | None = None
    alerts: list[Alert] = []


class Number(NamedTuple):
    """A number, what it is the number of, and how that stands where it has a status."""

    text: str
    kind: str
    status: str = ""


IN_THE_TIMELINE: Final = {"return": "return", "review": "review", "payment": "payment"}
"""What has no row of its own in a snapshot is known by what happened to it: `return.received` names a return."""

_decode = msgspec.json.Decoder(Document).decode


def read(snapshot: bytes) -> Document:
    """The document in these bytes. ValueError where they are no snapshot."""
    try:
        return _decode(snapshot)
    except RecursionError as error:  # nested without end, in a part that we do not even look into
        raise msgspec.DecodeError("nested too deep") from error


def order_of(case_id: str) -> str:
    """The order's part of a case id; `~PAYMENT_ID` of a payment that never found its order."""
    return case_id.partition("/")[2]


def numbers_of(document: Document) -> dict[str, Number]:
    """Every number of the case but its order's. Where one text is the number of two things, the first counts."""
    found: dict[str, Number] = {}
    for number in _all(document):
        found.setdefault(number.text, number)
    return found


def number_in(case_id: str, document: Document, text: str) -> Number | None:
    """What the number is in this case; None where it does not stand in it."""
    if order_of(case_id) == text:
        return Number(text, "order" if document.order_id is not None else "payment")
    return numbers_of(document).get(text)


def _all(document: Document) -> Iterator[Number]:
    for payment in document.payments:
        yield Number(payment.payment_id, "payment")
        for capture in payment.captures:
            yield Number(capture.capture_id, "capture")
    for request in document.requests:
        yield Number(request.request_id, "request", request.status)
    for instruction in document.instructions:
        named = (
            (instruction.instruction_id, "instruction"),
            (instruction.refund_id, "refund"),
            (instruction.acquirer_reference_number, "reference"),
        )
        for text, kind in named:
            if text is not None:
                yield Number(text, kind, instruction.status)
    for dispute in document.disputes:
        yield Number(dispute.dispute_id, "dispute", dispute.state)
    for alert in document.alerts:
        yield Number(alert.alert_id, "alert", alert.verdict or "")
    for entry in document.timeline:
        kind = IN_THE_TIMELINE.get(entry.type.partition(".")[0], "")
        if kind and entry.subject is not None:
            yield Number(entry.subject, kind)
