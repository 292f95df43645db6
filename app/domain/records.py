"""What a step says happened. `evolve` applies records to the case; `publishing` turns them into what consumers read.

A record is true once it is yielded: refusals and denials are records, not exceptions. It points at nothing that points
back at it, so the garbage collector need not follow it (`gc=False`).
"""

from datetime import date, datetime
from typing import Any

import msgspec

from app.domain.case import CompellingEvidence, Order, Request, Row


class Entered(msgspec.Struct, frozen=True, gc=False):
    """The event of the journal entered the case. `order` is what a placed or amended order comes to."""

    event: Any
    order: Order | None = None


class Repeated(msgspec.Struct, frozen=True, gc=False):
    """The event says under a new id what is known already: remembered, and nothing else."""

    event: Any


class Refused(msgspec.Struct, frozen=True, gc=False):
    """The event contradicts what was accepted: a dead letter with a code of the contract."""

    code: str
    message: str
    path: str | None = None


class Reason(msgspec.Struct, frozen=True, gc=False):
    """Why: a code, a sentence for staff, and the rule that said so."""

    code: str
    message: str
    rule: str


class Tender(msgspec.Struct, frozen=True, gc=False):
    """What goes back to one payment, by which instruction, as the original money or as store credit."""

    payment_id: str
    amount_minor: int
    instruction_id: str
    kind: str


class Decided(msgspec.Struct, frozen=True, gc=False):
    """A decision on a request. `amount_minor` and `refundable_minor` are None while the currency is unknown."""

    outcome: str
    request_id: str
    revision: int
    currency: str | None
    amount_minor: int | None
    refundable_minor: int | None
    requested_minor: int | None
    requested_currency: str | None
    method: str
    reasons: tuple[Reason, ...]
    policy: tuple[str, int, str]
    rows: tuple[Row, ...] = ()
    tenders: tuple[Tender, ...] = ()
    waiting_for: str | None = None
    wait_until: datetime | None = None
    pay_by: date | None = None
    fx: dict[str, Any] | None = None
    flags: tuple[str, ...] = ()
    historical: bool = False


class Shadowed(msgspec.Struct, frozen=True, gc=False):
    """What a shadow policy would have decided in place of `decided`: for comparing, and for nothing else.

    `instead` None: it would ask the customer's history first, or, where `failed`, its questions could not be asked to
    the end.
    """

    decided: Decided
    instead: Decided | None
    failed: bool = False


class Requested(msgspec.Struct, frozen=True, gc=False):
    """We ask for a refund ourselves, as the answer to an alert."""

    request: Request


class Executed(msgspec.Struct, frozen=True, gc=False):
    """An instruction to pay: `refund.execute`, or `store_credit.issue` where `kind` is store_credit."""

    instruction_id: str
    payment_id: str
    request_id: str
    amount_minor: int
    currency: str
    kind: str
    reason: str
    not_after: datetime
    since: datetime
    retry_of: str | None = None


class Recognised(msgspec.Struct, frozen=True, gc=False):
    """What was taken for a refund made outside is the refund `refund_key`: the event says both of its names."""

    refund_key: str
    twin_key: str
    event: Any


class Cancelled(msgspec.Struct, frozen=True, gc=False):
    """An instruction not to pay after all: `refund.cancel` of an execute that is not settled."""

    instruction_id: str
    payment_id: str
    reason: str


class Alerted(msgspec.Struct, frozen=True, gc=False):
    """Something that a person of the merchant must know. `fact` makes the id, `body` is the contract's for the type."""

    type: str
    fact: tuple[str | int, ...]
    body: dict[str, Any]


class Told(msgspec.Struct, frozen=True, gc=False):
    """Something that the customer is told, from a settled fact. `data` is what the template needs."""

    template: str
    fact: tuple[str | int, ...]
    data: dict[str, Any]
    locale: str
    request_id: str | None = None
    dispute_id: str | None = None


class Booked(msgspec.Struct, frozen=True, gc=False):
    """An entry of the ledger, signed from the merchant's view."""

    kind: str
    fact: tuple[str | int, ...]
    payment_id: str | None
    amount_minor: int
    currency: str
    settlement: dict[str, Any] | None = None
    fx: dict[str, Any] | None = None


class Scheduled(msgspec.Struct, frozen=True, gc=False):
    """A timer of the case; `due` None takes it away."""

    name: str
    due: datetime | None


class Advised(msgspec.Struct, frozen=True, gc=False):
    """A dispute's category, deadline and evidence, and what it is about, as the alert that goes with this says them."""

    dispute_id: str
    category: str
    respond_by: datetime
    deadline_source: str
    shown: tuple[str, ...]
    about: tuple[str, ...]


class Matched(msgspec.Struct, frozen=True, gc=False):
    """A dispute found its payment, or learned from its capture: the network, and whether it is a direct debit's."""

    dispute_id: str
    payment_id: str
    network: str | None
    guessed: bool
    lost_at: datetime | None


class Responded(msgspec.Struct, frozen=True, gc=False):
    """An answer to a dispute: `action` is contest or accept."""

    instruction_id: str
    dispute_id: str
    payment_id: str
    action: str
    evidence: tuple[Any, ...]
    respond_by: datetime | None


class Strayed(msgspec.Struct, frozen=True, gc=False):
    """A dispute went where its network's table knows no way: applied all the same, and marked."""

    dispute_id: str
    family: str
    place: str
    move: str


class Flagged(msgspec.Struct, frozen=True, gc=False):
    """The case is marked for people."""

    flag: str


class Exposed(msgspec.Struct, frozen=True, gc=False):
    """More left than came in on a payment: the new high-water mark of `over`, already alerted."""

    payment_id: str
    over_minor: int


class Reported(msgspec.Struct, frozen=True, gc=False):
    """A fact for the customer's history, across orders."""

    customer_id: str
    kind: str
    fact: tuple[str | int, ...]
    at: datetime
    body: dict[str, Any]


class Counted(msgspec.Struct, frozen=True, gc=False):
    """Something that a monitoring programme of a network counts, in the month of `at`."""

    kind: str
    network: str
    payment_id: str
    fact: tuple[str | int, ...]
    at: datetime
    body: dict[str, Any]


class Asked(msgspec.Struct, frozen=True, gc=False):
    """A question to the customer's history, for a request or for a dispute; the answer enters the journal."""

    customer_id: str
    question_id: str
    as_of: datetime
    since: datetime
    uses: tuple[str, ...]
    request_id: str | None = None
    dispute_id: str | None = None
    payment_id: str | None = None
    until: datetime | None = None


class Compared(msgspec.Struct, frozen=True, gc=False):
    """The history answered for a dispute: what the customer's earlier payments come to as evidence."""

    dispute_id: str
    evidence: CompellingEvidence


Record = (
    Entered
    | Repeated
    | Refused
    | Decided
    | Shadowed
    | Requested
    | Executed
    | Recognised
    | Cancelled
    | Alerted
    | Told
    | Booked
    | Scheduled
    | Advised
    | Matched
    | Responded
    | Flagged
    | Strayed
    | Exposed
    | Reported
    | Asked
    | Compared
    | Counted
)
