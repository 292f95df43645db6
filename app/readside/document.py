"""A snapshot as the read side reads it: the fields that say where a case is found and what of it waits."""

from datetime import date, datetime

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


_decode = msgspec.json.Decoder(Document).decode


def read(snapshot: bytes) -> Document:
    """The document in these bytes. ValueError where they are no snapshot."""
    try:
        return _decode(snapshot)
    except RecursionError as error:  # nested without end, in a part that we do not even look into
        raise msgspec.DecodeError("nested too deep") from error
