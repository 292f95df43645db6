"""The whole of a case, as readers see it: the last document per key is the state."""

from typing import Annotated, Any, Literal

from annotated_types import MaxLen

from topics.alerts import CompellingEvidence, DisputeOutcome, DisputeStage, Evidence
from topics.envelope import Code, Currency, Flag, Id, MinorUnits, Revision, Time, TimerName
from topics.published import Published, PublishedMoney, RequestId, Statement

DisputeState = Literal["open", "evidence_submitted"] | DisputeOutcome
TIMELINE_MAX = 200


class SnapshotPayment(Published):
    """The money of one payment: refundable = captured - refunded - in flight - claimed."""

    payment_id: Id
    currency: Currency
    captured_minor: MinorUnits
    refunded_minor: MinorUnits
    in_flight_minor: MinorUnits
    claimed_minor: MinorUnits
    refundable_minor: MinorUnits
    captures: list[dict[str, Any]]
    method: dict[str, Any] | None


class SnapshotRequest(Published):
    """A request and its last answer."""

    request_id: RequestId
    status: Code
    revision: MinorUnits
    requested: PublishedMoney | None
    amount: PublishedMoney | None
    reasons: list[Code]
    wait_until: Time | None


class SnapshotInstruction(Published):
    """An instruction and what became of it."""

    instruction_id: Id
    status: Code
    payment_id: Id | None
    amount: PublishedMoney
    refund_id: Id | None = None
    acquirer_reference_number: str | None = None


class SnapshotDispute(Published):
    """A dispute, its money, its deadline, and what there is to show in it."""

    dispute_id: Id
    payment_id: Id | None = None
    network: Code | None = None
    reason_code: Code | None = None
    category: Code | None = None
    stage: DisputeStage
    state: DisputeState
    amount: PublishedMoney | None
    withdrawn_minor: MinorUnits
    reinstated_minor: MinorUnits
    fees: list[PublishedMoney]
    opened_at: Time | None = None
    respond_by: Time | None
    recommendation: dict[str, Any] | None
    evidence: Evidence | None = None
    compelling_evidence: CompellingEvidence | None = None


class SnapshotDeadline(Published):
    """A timer of the case."""

    name: TimerName
    due_at: Time


class SnapshotTimelineEntry(Published):
    """One thing that happened, for people."""

    at: Time
    type: Code
    subject: str | None = None
    note: str | None = None


class CaseSnapshot(Statement):
    """A case after its last change. Versions may be skipped; `truncated` names what was left out for size.

    `requests` are all that are open or paid, and the newest that ended without money: of older ones it says so too.
    """

    type: Literal["case.snapshot"]
    case_id: Annotated[str, MaxLen(256)]
    version: Revision
    order: dict[str, Any] | None
    payments: list[SnapshotPayment]
    requests: list[SnapshotRequest]
    instructions: list[SnapshotInstruction]
    disputes: list[SnapshotDispute]
    deadlines: list[SnapshotDeadline]
    timeline: Annotated[list[SnapshotTimelineEntry], MaxLen(TIMELINE_MAX)]
    flags: list[Flag]
    truncated: bool | list[Code]
