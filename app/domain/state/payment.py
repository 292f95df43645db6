"""Money taken and money given back."""

from datetime import datetime
from typing import Any

import msgspec

from app.domain.state.order import Proof, Tax


class Capture(msgspec.Struct, array_like=True, gc=False):
    """Money taken. `failed_minor`: what of it was not captured after all; `unheard`: only its failure was told.

    `fee_event_id`: the event that told first what the provider kept of it.
    """

    capture_id: str
    amount_minor: int
    captured_at: datetime
    failed_minor: int = 0
    settlement: dict[str, Any] | None = None
    event_id: str = ""
    unheard: bool = False
    fee_event_id: str = ""

    @property
    def kept_minor(self) -> int:
        """What was captured in the end."""
        return self.amount_minor - self.failed_minor


class EarlySettlement(msgspec.Struct, array_like=True, gc=False):
    """What was told of a capture's settlement before the capture. The fee is what the event `fee_event_id` told."""

    settlement: dict[str, Any]
    fee_event_id: str = ""
    fee_minor: int = 0
    fee_currency: str = ""


class Payment(msgspec.Struct, array_like=True, gc=False):
    """One payment of the order, in the currency in which it was charged.

    `late_order_id`: the order to which it was linked when it was a case of its own already. `early_settlements`: by id
    of the capture, until its fee is booked. `fell_through_at`: when it was voided or failed last,
    `granted_at`: when it was authorised last; the later of the two counts.
    """

    payment_id: str
    currency: str
    kind: str = "other"
    network: str | None = None
    last4: str | None = None
    fingerprint: str | None = None
    authorized_minor: int = 0
    voided: bool = False
    failed: bool = False
    captures: dict[str, Capture] = {}
    authentication: dict[str, Any] | None = None
    checks: dict[str, Any] | None = None
    risk: dict[str, Any] | None = None
    shopper: dict[str, Any] | None = None
    exposed_minor: int = 0
    authentication_proof: Proof | None = None
    checks_proof: Proof | None = None
    late_order_id: str | None = None
    early_settlements: dict[str, EarlySettlement] = {}
    fell_through_at: datetime | None = None
    granted_at: datetime | None = None

    @property
    def takings(self) -> list[Capture]:
        """The captures that were heard of and took something: one of zero means nothing."""
        return [capture for capture in self.captures.values() if capture.amount_minor and not capture.unheard]

    @property
    def captured_minor(self) -> int:
        """What was captured, less what turned out not to be."""
        kept = 0
        for capture in self.captures.values():  # one, nearly always: a generator would cost more than it gives
            kept += capture.amount_minor - capture.failed_minor
        return kept

    @property
    def authorization_open(self) -> bool:
        """More may still be captured."""
        return self.authorized_minor > self.captured_minor and not self.voided and not self.failed


class Row(msgspec.Struct, array_like=True, gc=False):
    """One row of a breakdown. `quantity` is set where it goes by units, zero where none of them is used up by it. Fees
    are negative.
    """

    component: str
    gross_minor: int
    net_minor: int
    taxes: list[Tax] = []
    line_id: str | None = None
    shipping_id: str | None = None
    fee: str | None = None
    quantity: int | None = None


class Refund(msgspec.Struct, array_like=True, gc=False):
    """Money on its way back, ours (it has an instruction) or made outside. `status` is a state of refunds.lifecycle.

    `moved`: of all changes of a refund's status in the case the number of its last one; it says which of two was later.
    """

    key: str
    payment_id: str
    amount_minor: int
    currency: str
    status: str
    instruction_id: str | None = None
    refund_id: str | None = None
    request_id: str | None = None
    kind: str = "original"
    since: datetime | None = None
    submitted_at: datetime | None = None
    settled_at: datetime | None = None
    retry_of: str | None = None
    retried: bool = False
    cancel_asked: bool = False
    stuck: bool = False
    settled_times: int = 0
    previous: str = ""
    outside: bool = False
    lines: dict[str, int] | None = None
    shipping_minor: int = 0
    rows: list[Row] | None = None
    acquirer_reference_number: str | None = None
    failure_code: str | None = None
    event_id: str = ""
    settlement: dict[str, Any] | None = None
    moved: int = 0
