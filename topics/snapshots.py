"""The whole of a case, as readers see it: the last document per key is the state."""

from typing import Annotated, Any, Literal

from annotated_types import MaxLen

from topics.alerts import CompellingEvidence, DisputeOutcome, DisputeStage, Evidence
from topics.disputes import AlertSource
from topics.envelope import Code, Currency, Day, Flag, Id, MinorUnits, Revision, Time, TimerName, WholeNumber
from topics.published import Published, PublishedMoney, RequestId, Statement
from topics.reviews import Verdict

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


class SnapshotVerdict(Published):
    """What a reviewer said of a request."""

    review_id: Id
    verdict: Verdict
    reviewer_id: Id
    amount: PublishedMoney | None


class SnapshotRequest(Published):
    """A request and its last answer.

    `scope`: as asked, of its lines the first twenty. `requester_id`: of staff alone. `review_due_at`: when a review is
    overdue. `verdicts`: the newest twenty.
    """

    request_id: RequestId
    status: Code
    revision: WholeNumber
    requested: PublishedMoney | None
    amount: PublishedMoney | None
    reasons: list[Code]
    wait_until: Time | None
    reason: Code | None
    scope: dict[str, Any] | None
    requested_by: Code | None
    requester_id: Id | None
    asked_at: Time | None
    refundable: PublishedMoney | None
    waiting_for: Code | None
    review_due_at: Time | None
    pay_by: Day | None
    verdicts: list[SnapshotVerdict]


class SnapshotInstruction(Published):
    """An instruction and what became of it."""

    instruction_id: Id
    status: Code
    payment_id: Id | None
    amount: PublishedMoney
    refund_id: Id | None = None
    acquirer_reference_number: str | None = None


class SnapshotDispute(Published):
    """A dispute, its money, its deadline, and what there is to show in it. `answer`: as instructed."""

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
    revision: WholeNumber
    answer: Code | None
    flags: list[Code]


class SnapshotAlert(Published):
    """An alert before a chargeback. `waiting`: a person was asked, has not answered, and nobody has paid since."""

    alert_id: Id
    payment_id: Id | None
    amount: PublishedMoney | None
    source: AlertSource
    network: Code | None
    alerted_at: Time
    expires_at: Time | None
    already_credited: bool
    verdict: Code | None
    waiting: bool


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
    """A case after its last change. Versions may be skipped; `truncated`: something was left out, for size.

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
    alerts: list[SnapshotAlert]
    deadlines: list[SnapshotDeadline]
    timeline: Annotated[list[SnapshotTimelineEntry], MaxLen(TIMELINE_MAX)]
    flags: list[Flag]
    truncated: bool | list[Code]
