"""What others are to do for us, at the provider. `instruction_id` is their idempotency key."""

from typing import Any, Literal

from topics.envelope import Code, Id, Time
from topics.published import Published, PublishedMoney, RequestId, Statement


class RefundExecute(Statement):
    """Pay this back to this payment; not after `not_after`."""

    type: Literal["refund.execute"]
    instruction_id: Id
    payment_id: Id
    request_id: RequestId
    amount: PublishedMoney
    reason: Code
    not_after: Time


class RefundCancel(Statement):
    """Do not carry the instruction out after all, if that can still be helped."""

    type: Literal["refund.cancel"]
    instruction_id: Id
    payment_id: Id
    reason: Code


class StoreCreditIssue(Statement):
    """Give this as store credit; not after `not_after`."""

    type: Literal["store_credit.issue"]
    instruction_id: Id
    request_id: RequestId
    amount: PublishedMoney
    not_after: Time


class EvidenceItem(Published):
    """A piece of evidence, and the event that it is from."""

    item: Code
    value: Any
    event_id: Id
    occurred_at: Time


class DisputeSubmitEvidence(Statement):
    """Contest the dispute with this, before `respond_by`."""

    type: Literal["dispute.submit_evidence"]
    instruction_id: Id
    dispute_id: Id
    payment_id: Id
    evidence: list[EvidenceItem]
    respond_by: Time


class DisputeAccept(Statement):
    """Give in to the dispute."""

    type: Literal["dispute.accept"]
    instruction_id: Id
    dispute_id: Id
    payment_id: Id
