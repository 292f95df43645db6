"""What reports read of published records: the fields that they sum up, each once however often it was said."""

from datetime import date, datetime
from typing import Generic, NamedTuple, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


class Money(msgspec.Struct, frozen=True):
    """Minor units of one currency."""

    amount_minor: int
    currency: str


class Cause(msgspec.Struct, frozen=True):
    """An inbound event, or a timer of ours."""

    topic: str | None = None
    event_id: str | None = None
    timer: str | None = None


class Settlement(msgspec.Struct, frozen=True):
    """What a movement came to on the merchant's account."""

    amount: Money


class RealFx(msgspec.Struct, frozen=True):
    """Gained or lost by rates, as it came."""

    gain_loss_minor: int
    currency: str


class Entry(msgspec.Struct, frozen=True):
    """An entry of the ledger, signed as its merchant sees it."""

    id: str
    occurred_at: datetime
    merchant_id: str
    kind: str
    amount: Money
    cause: Cause
    booked_on: date
    payment_id: str | None = None
    settlement: Settlement | None = None
    fx: RealFx | None = None


class Reason(msgspec.Struct, frozen=True):
    """Why."""

    code: str


class Tender(msgspec.Struct, frozen=True):
    """What goes back to one payment."""

    instruction_id: str
    amount: Money


class Part(msgspec.Struct, frozen=True):
    """A row of a breakdown; fees are negative."""

    component: str
    net_minor: int
    gross_minor: int
    fee: str | None = None


class EstimatedFx(msgspec.Struct, frozen=True):
    """What a refund is expected to come to on the merchant's account."""

    settlement_estimate: Money | None = None
    gain_loss_minor: int | None = None


class Decision(msgspec.Struct, frozen=True):
    """A revision of the answer to a request."""

    id: str
    type: str
    occurred_at: datetime
    merchant_id: str
    request_id: str
    revision: int
    requested: Money | None
    amount: Money | None
    breakdown: tuple[Part, ...]
    tenders: tuple[Tender, ...]
    reasons: tuple[Reason, ...]
    flags: tuple[str, ...]
    order_id: str | None = None
    waiting_for: str | None = None
    fx: EstimatedFx | None = None
    historical: bool = False

    @property
    def outcome(self) -> str:
        """approved, denied, held or withdrawn."""
        return self.type.removeprefix("refund.")

    @property
    def reason(self) -> str:
        """The decisive one; empty where there is none."""
        return self.reasons[0].code if self.reasons else ""


class Recommendation(msgspec.Struct, frozen=True):
    """What was advised in a dispute."""

    action: str
    expected_value_minor: int
    win_probability: str


class Dispute(msgspec.Struct, frozen=True):
    """A dispute as the newest snapshot of its case has it."""

    dispute_id: str
    stage: str
    state: str
    amount: Money | None
    withdrawn_minor: int
    reinstated_minor: int
    fees: tuple[Money, ...]
    respond_by: datetime | None
    recommendation: Recommendation | None
    network: str | None = None
    category: str | None = None
    opened_at: datetime | None = None


class PaymentState(msgspec.Struct, frozen=True):
    """Where the money of a payment is."""

    payment_id: str
    currency: str
    captured_minor: int
    refunded_minor: int
    in_flight_minor: int
    claimed_minor: int
    refundable_minor: int


class Snapshot(msgspec.Struct, frozen=True):
    """A case after its last change."""

    merchant_id: str
    occurred_at: datetime
    case_id: str
    version: int
    payments: tuple[PaymentState, ...]
    disputes: tuple[Dispute, ...]
    truncated: bool | list[str]
    order_id: str | None = None


class Closed(msgspec.Struct, frozen=True):
    """The end of a dispute, with what came back. Other alerts have no outcome."""

    id: str
    type: str
    occurred_at: datetime
    merchant_id: str
    dispute_id: str | None = None
    outcome: str | None = None
    recovered: Money | None = None


class Once(Generic[T]):
    """Decodes records of one type and passes over those whose id was there before.

    Ids are hashes of facts, so eight of their bytes tell them apart.
    """

    def __init__(self, kind: type[T]) -> None:
        self._decode = msgspec.json.Decoder(kind).decode
        self._seen = set[int]()

    def __call__(self, value: bytes) -> T | None:
        """The record, None where it is a repetition."""
        record = self._decode(value)
        told = hash(getattr(record, "id"))  # noqa: B009 - every record that is read once has one
        if told in self._seen:
            return None
        self._seen.add(told)
        return record


class Period(NamedTuple):
    """From when (inclusive) until when (exclusive), by event time, and of which merchant; None: all."""

    start: datetime | None = None
    end: datetime | None = None
    merchant_id: str | None = None

    def holds(self, at: datetime, merchant_id: str) -> bool:
        """Whether something is told of."""
        return (
            (self.merchant_id in (None, merchant_id))
            and (self.start is None or self.start <= at)
            and (self.end is None or at < self.end)
        )

    def document(self) -> dict[str, object]:
        """As it is said at the head of a report."""
        return {"from": self.start, "to": self.end, "merchant_id": self.merchant_id}
