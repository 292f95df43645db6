"""What was decided on a request for a refund."""

from typing import Annotated, Literal

from annotated_types import MaxLen
from pydantic import ConfigDict, Field

from topics.envelope import Currency, Day, DecimalText, Flag, Id, MinorUnits, Quantity, Revision, Time
from topics.published import Published, PublishedMoney, RequestId, Statement

Component = Literal["line", "shipping", "duties", "tip", "fee", "goodwill", "overpayment"]
FeeKind = Literal["restocking", "return_shipping", "damage", "use"]
WaitingFor = Literal["review", "second_review", "return", "payment", "order", "dispute", "history"]
REVIEWS: tuple[WaitingFor, ...] = ("review", "second_review")
"""What is waited for where a person is to decide."""
TenderKind = Literal["original", "store_credit"]


class TaxPart(Published):
    """The part of a tax that goes back."""

    code: Annotated[str, MaxLen(64)]
    amount_minor: MinorUnits


class BreakdownRow(Published):
    """A part of the amount: which component, net and taxes; `gross_minor` is their sum. Fees are negative."""

    component: Component
    line_id: Id | None = None
    shipping_id: Id | None = None
    fee: FeeKind | None = None
    quantity: Quantity | None = None
    net_minor: MinorUnits
    taxes: list[TaxPart]
    gross_minor: MinorUnits


class DecidedTender(Published):
    """What goes back to one payment, and by which instruction."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    payment_id: Id
    amount: PublishedMoney
    instruction_id: Id
    paid_as: TenderKind = Field(alias="as")


class DecisionReason(Published):
    """Why, for staff: a code, a sentence in English, and the rule that said so."""

    code: Annotated[str, MaxLen(64)]
    message: str
    rule: Annotated[str, MaxLen(128)]


class PolicyVersion(Published):
    """The policy that spoke."""

    id: Id
    version: Revision
    digest: Annotated[str, MaxLen(128)]


class DecisionFx(Published):
    """What the refund is expected to come to on the merchant's account."""

    rate: DecimalText | None
    as_of: Day | None
    settlement_estimate: PublishedMoney | None
    gain_loss_minor: MinorUnits | None
    currency: Currency | None


class RefundDecision(Statement):
    """A revision of the answer to a request. The last approved, denied or withdrawn is final.

    `amount` and `refundable` are null while the order, and so the currency, is unknown.
    """

    request_id: RequestId
    revision: Revision
    requested: PublishedMoney | None = None
    amount: PublishedMoney | None
    refundable: PublishedMoney | None
    method: TenderKind
    breakdown: list[BreakdownRow]
    tenders: list[DecidedTender]
    reasons: list[DecisionReason]
    waiting_for: WaitingFor | None = None
    wait_until: Time | None = None
    policy: PolicyVersion
    pay_by: Day | None = None
    fx: DecisionFx | None = None
    flags: list[Flag]
    historical: bool = False
    replaces: Id | None = None


class RefundApproved(RefundDecision):
    """`amount` is paid back, to these tenders."""

    type: Literal["refund.approved"]


class RefundDenied(RefundDecision):
    """Nothing is paid back; `refundable` says what would have been possible."""

    type: Literal["refund.denied"]


class RefundHeld(RefundDecision):
    """Nothing is paid back yet: the request waits for what `waiting_for` names."""

    type: Literal["refund.held"]


class RefundWithdrawn(RefundDecision):
    """The request was taken back before it was decided."""

    type: Literal["refund.withdrawn"]
