"""The state of a case: everything that is known of one order and its money.

A case is owned by the step that works on it: `evolve` changes it in place, nobody else does. Its parts live in
`app.domain.state`, by what they speak of, and are offered here together.
"""

from datetime import datetime

import msgspec

from app.domain.state.dispute import CompellingEvidence, Dispute, Fee, FraudReport, PreDispute, Tally
from app.domain.state.goods import GoodsReturn, Returned, Shipment
from app.domain.state.order import Formerly, Line, Order, Portion, Proof, Shipping, Tax
from app.domain.state.payment import Capture, EarlySettlement, Payment, Refund, Row
from app.domain.state.request import SCOPE_NOTES, Request, Verdict, subject_key
from topics.case_ids import merchant_id_of, order_id_of

__all__ = [
    "SCOPE_NOTES",
    "STATE_VERSION",
    "Capture",
    "Case",
    "Cause",
    "CompellingEvidence",
    "Dispute",
    "EarlySettlement",
    "Fee",
    "Formerly",
    "FraudReport",
    "GoodsReturn",
    "Line",
    "Order",
    "Payment",
    "Portion",
    "PreDispute",
    "Proof",
    "Refund",
    "Request",
    "Returned",
    "Row",
    "Shipment",
    "Shipping",
    "Tally",
    "Tax",
    "TimelineEntry",
    "Verdict",
    "decode_case",
    "encode_case",
    "new_case",
    "subject_key",
]

STATE_VERSION = 2


class Cause(msgspec.Struct, array_like=True, gc=False):
    """What made us say something: an inbound event, or a timer (then `event_id` is None and `name` the timer's)."""

    topic: str | None
    event_id: str | None
    name: str | None = None


class TimelineEntry(msgspec.Struct, array_like=True, gc=False):
    """One thing that happened, for people: when, which type, and which id it was about."""

    at: datetime
    type: str
    subject: str | None = None
    note: str | None = None


class Case(msgspec.Struct, omit_defaults=True, gc=False):
    """One order, or one payment that never found its order (`order_id` is None then).

    `refund_keys`: by each name of a refund its key in `refunds`. `verdicts`: by `subject_key`, those on what is still
    to come, and on disputes that are not answered. `seen`: by identity of a fact the fingerprint of its content.
    `ended_requests`: of requests that ended long ago without money a hash of the id, and of what was asked.
    `uncounted_cancellations`: units by line of those that came before their order, or do not fit it.
    """

    case_id: str
    merchant_id: str
    order_id: str | None
    state_version: int
    version: int = 0
    customer_id: str | None = None
    customer_token: str | None = None
    reported_customer: str | None = None
    order: Order | None = None
    payments: dict[str, Payment] = {}
    refunds: dict[str, Refund] = {}
    refund_keys: dict[str, str] = {}
    requests: dict[str, Request] = {}
    verdicts: dict[str, list[Verdict]] = {}
    disputes: dict[str, Dispute] = {}
    pre_disputes: dict[str, PreDispute] = {}
    fraud_reports: dict[str, FraudReport] = {}
    shipments: dict[str, Shipment] = {}
    returns: dict[str, GoodsReturn] = {}
    cancelled: dict[str, int] = {}
    service_used: dict[str, list[Proof]] = {}
    subscriptions_cancelled: dict[str, datetime] = {}
    overpayment_used_minor: int = 0
    seen: dict[bytes, bytes] = {}
    timers: dict[str, datetime] = {}
    timeline: list[TimelineEntry] = []
    flags: list[str] = []
    occurred_at: datetime | None = None
    cause: Cause | None = None
    expired: bool = False
    refund_moves: int = 0
    ended_requests: dict[bytes, bytes] = {}
    uncounted_cancellations: list[dict[str, int]] = []

    @property
    def currency(self) -> str | None:
        """The order's currency, None while no order is known."""
        return self.order.currency if self.order else None

    @property
    def due(self) -> datetime | None:
        """When the earliest timer fires."""
        return min(self.timers.values()) if self.timers else None

    def flag(self, name: str) -> None:
        """Marks the case, once."""
        if name not in self.flags:
            self.flags.append(name)


def new_case(case_id: str) -> Case:
    """The empty case of a journal key."""
    merchant_id, order_id = merchant_id_of(case_id), order_id_of(case_id)
    return Case(case_id=case_id, merchant_id=merchant_id, order_id=order_id, state_version=STATE_VERSION)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Case)


def encode_case(case: Case) -> bytes:
    """The stored bytes of a case; equal cases give equal bytes."""
    return _encoder.encode(case)


def decode_case(row: bytes) -> Case:
    """A case from its stored bytes. Raises `msgspec.ValidationError` where another version of the shapes wrote it."""
    case = _decoder.decode(row)
    if case.state_version != STATE_VERSION:
        raise msgspec.ValidationError(f"a case of state version {case.state_version}, expected {STATE_VERSION}")
    return case
