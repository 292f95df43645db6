"""What networks and providers say of a payment that its cardholder contests."""

from typing import Literal

from topics.envelope import Amount, Code, Event, Id, Label, Misfit, Money, OrderId, Time

Stage = Literal["chargeback", "pre_arbitration", "arbitration"]
AlertSource = Literal["rdr", "cdrn", "ethoca", "other"]


class DisputeEvent(Event):
    """Anything said of a contested payment: it names the payment, the order, or both."""

    payment_id: Id | None = None
    order_id: OrderId | None = None

    def check(self) -> None:
        """It must be told what it is about."""
        if self.payment_id is None and self.order_id is None:
            raise Misfit("payment_id", "payment_id or order_id")


class FraudReported(DisputeEvent):
    """The cardholder's bank reported fraud; no money moves."""

    type: Literal["fraud.reported"]
    report_id: Id
    amount: Amount | None = None
    network: Code | None = None
    fraud_type: Code | None = None


class DisputeAlerted(DisputeEvent):
    """A chargeback is coming unless the money goes back. `already_credited`: the network has paid the cardholder."""

    type: Literal["dispute.alerted"]
    alert_id: Id
    amount: Amount
    network: Code | None = None
    source: AlertSource  # of the alert, where other bodies name the publisher
    expires_at: Time | None = None
    already_credited: bool


class DisputeClaim(DisputeEvent):
    """What an inquiry and a dispute say of their claim: one of `reason_code` and `category` at least."""

    dispute_id: Id
    amount: Amount
    network: Code | None = None
    reason_code: Code | None = None
    category: Code | None = None
    respond_by: Time | None = None

    def check(self) -> None:
        """It must be told what it is about, and why."""
        if self.payment_id is None and self.order_id is None:
            raise Misfit("payment_id", "payment_id or order_id")
        if self.reason_code is None and self.category is None:
            raise Misfit("reason_code", "reason_code or category")


class DisputeInquired(DisputeClaim):
    """The bank asks; no money moves."""

    type: Literal["dispute.inquired"]


class DisputeOpened(DisputeClaim):
    """The claim was made, or went a stage further as a case of its own."""

    type: Literal["dispute.opened"]
    stage: Stage
    opened_at: Time | None = None
    defendable: bool = True
    auto_defended: bool = False
    capture_id: Id | None = None
    fee: Money | None = None


class FundsMoved(DisputeEvent):
    """Money moved in a dispute. `movement_id` tells a second movement from a repetition of the first."""

    dispute_id: Id
    amount: Amount
    fee: Money | None = None
    movement_id: Id | None = None


class FundsWithdrawn(FundsMoved):
    """The merchant was debited."""

    type: Literal["dispute.funds_withdrawn"]


class FundsReinstated(FundsMoved):
    """The merchant got it back; not the end, a case can flip again."""

    type: Literal["dispute.funds_reinstated"]


class EvidenceSubmitted(DisputeEvent):
    """The merchant answered."""

    type: Literal["dispute.evidence_submitted"]
    dispute_id: Id
    submitted_by: Label | None = None
    instruction_id: Id | None = None


class DisputeEscalated(DisputeEvent):
    """The dispute went a stage further."""

    type: Literal["dispute.escalated"]
    dispute_id: Id
    stage: Stage
    respond_by: Time | None = None


class DisputeJudged(DisputeEvent):
    """The network decided. `amount`: where only a part was won or lost."""

    dispute_id: Id
    amount: Amount | None = None


class DisputeWon(DisputeJudged):
    """For the merchant."""

    type: Literal["dispute.won"]


class DisputeLost(DisputeJudged):
    """For the cardholder."""

    type: Literal["dispute.lost"]


class DisputeEnded(DisputeEvent):
    """The dispute ended without a verdict."""

    dispute_id: Id
    instruction_id: Id | None = None


class DisputeAccepted(DisputeEnded):
    """The merchant gave in."""

    type: Literal["dispute.accepted"]


class DisputeExpired(DisputeEnded):
    """The deadline passed without an answer."""

    type: Literal["dispute.expired"]


class DisputeWithdrawn(DisputeEnded):
    """The cardholder took it back."""

    type: Literal["dispute.withdrawn"]
