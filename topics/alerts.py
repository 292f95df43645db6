"""What a person of the merchant must know."""

from typing import Literal

from topics.disputes import AlertSource
from topics.envelope import Code, Day, DecimalText, Id, MinorUnits, Month, Revision, Time, WholeNumber
from topics.instructions import EvidenceItem
from topics.published import Published, PublishedMoney, RequestId, Statement
from topics.reviews import SubjectKind

DisputeStage = Literal["inquiry", "chargeback", "pre_arbitration", "arbitration"]
DisputeOutcome = Literal["won", "lost", "accepted", "expired", "withdrawn"]
Programme = Literal["visa_vamp", "mastercard_ecm", "mastercard_hecm", "mastercard_efm"]


class ValueTerm(Published):
    """A term of an expected value."""

    name: Code
    amount_minor: MinorUnits


class Recommendation(Published):
    """What we would do, and the arithmetic behind it."""

    action: Literal["contest", "accept", "refund", "none"]
    expected_value_minor: MinorUnits
    win_probability: DecimalText
    terms: list[ValueTerm]


class Evidence(Published):
    """What there is to show, and what is missing."""

    have: list[EvidenceItem]
    missing: list[Code]


class CompellingEvidence(Published):
    """Whether earlier payments of the customer qualify as evidence under the network's rule."""

    status: Literal["qualified", "not_qualified", "needs_more"]
    prior_payment_ids: list[Id]
    matches: list[Code]
    missing: list[Code]


class DisputeActionRequired(Statement):
    """A dispute waits for an answer; a new revision when action, deadline or evidence changes."""

    type: Literal["dispute.action_required"]
    dispute_id: Id
    revision: Revision
    payment_id: Id
    amount: PublishedMoney
    network: Code
    reason_code: Code | None
    category: Code
    stage: DisputeStage
    respond_by: Time
    deadline_source: Literal["provider", "table"]
    recommendation: Recommendation
    evidence: Evidence
    compelling_evidence: CompellingEvidence | None = None
    flags: list[Code]


class DisputeDeadlineNear(Statement):
    """The answer to a dispute is due soon."""

    type: Literal["dispute.deadline_near"]
    dispute_id: Id
    respond_by: Time
    hours_left: WholeNumber


class DisputeClosed(Statement):
    """A dispute ended: what was at stake, what came back, what it cost."""

    type: Literal["dispute.closed"]
    dispute_id: Id
    outcome: DisputeOutcome
    disputed: PublishedMoney
    recovered: PublishedMoney
    fees: list[PublishedMoney]


class DisputeUnmatched(Statement):
    """A dispute whose payment is not known."""

    type: Literal["dispute.unmatched"]
    dispute_id: Id
    payment_id: Id | None = None
    respond_by: Time | None = None


class PreDisputeActionRequired(Statement):
    """A chargeback is coming that a refund would prevent, and a person must choose."""

    type: Literal["pre_dispute.action_required"]
    alert_id: Id
    payment_id: Id
    amount: PublishedMoney
    source: AlertSource
    expires_at: Time | None
    recommendation: Recommendation


class ExposureDetected(Statement):
    """More left than came in on a payment: `over` = paid out - captured."""

    type: Literal["exposure.detected"]
    payment_id: Id
    captured: PublishedMoney
    paid_out: PublishedMoney
    over: PublishedMoney
    causes: list[Code]


class PaymentUnlinked(Statement):
    """A payment never found its order and has a case of its own now."""

    type: Literal["payment.unlinked"]
    payment_id: Id
    amount: PublishedMoney


class RefundStuck(Statement):
    """An instruction has had no answer since then."""

    type: Literal["refund.stuck"]
    instruction_id: Id
    payment_id: Id
    amount: PublishedMoney
    since: Time


class RefundReturned(Statement):
    """Money that was to go back never went, or came in again; it is refundable anew."""

    type: Literal["refund.returned"]
    refund_id: Id
    payment_id: Id
    amount: PublishedMoney
    failure_code: Code | None = None


class RefundPayByNear(Statement):
    """The day by which the law wants a refund paid is near."""

    type: Literal["refund.pay_by_near"]
    request_id: RequestId
    pay_by: Day
    days_left: WholeNumber


class AlertSubject(Published):
    """What an alert is about."""

    kind: SubjectKind
    id: Id


class ReviewOverdue(Statement):
    """Something has waited for a person since then."""

    type: Literal["review.overdue"]
    subject: AlertSubject
    since: Time


class Threshold(Published):
    """Both limits of a programme: they count together."""

    count: WholeNumber
    ratio_bps: WholeNumber


class ProgrammeThreshold(Statement):
    """Where a merchant stands in a monitoring programme of a network, in a month."""

    programme: Programme
    month: Month
    count: WholeNumber
    ratio_bps: DecimalText
    threshold: Threshold
    amount_minor: MinorUnits | None = None
    projected_ratio_bps: DecimalText
    left_before_breach: WholeNumber


class ProgrammeThresholdNear(ProgrammeThreshold):
    """Near, or on the way to it by the end of the month."""

    type: Literal["programme.threshold_near"]


class ProgrammeThresholdCrossed(ProgrammeThreshold):
    """Over it."""

    type: Literal["programme.threshold_crossed"]


class ProgrammeThresholdCleared(ProgrammeThreshold):
    """Below it again, by a later event."""

    type: Literal["programme.threshold_cleared"]
