"""What the payment side says: money taken, money given back, and what came of our instructions."""

from typing import Annotated, Literal

from annotated_types import Ge, Le, MaxLen

from topics.envelope import (
    Amount,
    Body,
    Code,
    Event,
    Hashed,
    Id,
    Label,
    Last4,
    Misfit,
    Money,
    NotNegative,
    OrderId,
    Settlement,
    UnitsOfLines,
)


class Method(Body):
    """What was paid with. Kinds and networks that are not known are treated as `other`."""

    kind: Code
    network: Code | None = None
    last4: Last4 | None = None
    fingerprint: Annotated[str, MaxLen(256), Hashed("fingerprint")] | None = None


class Authentication(Body):
    """3-D Secure: how far the cardholder was authenticated, and who bears fraud."""

    three_d_secure: Literal["authenticated", "attempted", "none"] | None = None
    eci: Code | None = None
    liability_shifted: bool | None = None


Check = Literal["match", "no_match", "unchecked"]


class Checks(Body):
    """What the issuer said of the address and the security code."""

    address: Check = "unchecked"
    postcode: Check = "unchecked"
    cvc: Check = "unchecked"


class Risk(Body):
    """The platform's own judgement."""

    level: Literal["normal", "elevated", "high"]
    score: Annotated[int, Ge(-(10**9)), Le(10**9)] | Annotated[float, Ge(-1e9), Le(1e9)] | None = None


class Shopper(Body):
    """Traits of who paid, of which only equality with other payments matters."""

    account_id: Annotated[str, MaxLen(256), Hashed("account_id")] | None = None
    ip: Annotated[str, MaxLen(128), Hashed("ip")] | None = None
    device_id: Annotated[str, MaxLen(256), Hashed("device_id")] | None = None
    device_fingerprint: Annotated[str, MaxLen(256), Hashed("device_fingerprint")] | None = None
    email_hash: Annotated[str, MaxLen(256), Hashed("email_hash")] | None = None
    delivery_address_hash: Annotated[str, MaxLen(256), Hashed("delivery_address_hash")] | None = None


class PaymentEvent(Event):
    """Anything said of one payment. `order_id` may always be named; where it is not, the link is looked up."""

    payment_id: Id
    order_id: OrderId | None = None


class PaymentTaken(PaymentEvent):
    """What authorisations and captures have in common. A capture of zero is recorded and means nothing."""

    amount: Amount
    method: Method
    authentication: Authentication | None = None
    checks: Checks | None = None
    risk: Risk | None = None
    shopper: Shopper | None = None


class PaymentAuthorized(PaymentTaken):
    """Money was reserved."""

    type: Literal["payment.authorized"]


class PaymentCaptured(PaymentTaken):
    """Money was taken. Several captures of one payment (by `capture_id`, else the payment's id) add up."""

    type: Literal["payment.captured"]
    capture_id: Id | None = None
    settlement: Settlement | None = None


class CaptureFailed(PaymentEvent):
    """A capture was not taken after all."""

    type: Literal["payment.capture_failed"]
    capture_id: Id | None = None
    amount: Amount


class PaymentVoided(PaymentEvent):
    """The authorisation was given up."""

    type: Literal["payment.voided"]


class PaymentFailed(PaymentEvent):
    """The payment did not come about."""

    type: Literal["payment.failed"]
    failure_code: Code


class PaymentLinked(PaymentEvent):
    """The payment belongs to that order; the first link wins."""

    type: Literal["payment.linked"]
    order_id: OrderId


class PaymentSettled(PaymentEvent):
    """What a capture came to on the merchant's account, and what the provider kept."""

    type: Literal["payment.settled"]
    capture_id: Id | None = None
    settlement: Settlement
    fee: Money | None = None


class RefundAnswer(PaymentEvent):
    """What became of money on its way back: ours where it names our instruction, made outside where it does not.

    `lines` and `shipping_minor` say what an outside refund was for.
    """

    refund_id: Id | None = None
    instruction_id: Id | None = None
    amount: Amount
    lines: UnitsOfLines | None = None
    shipping_minor: NotNegative | None = None

    def check(self) -> None:
        """It must be told which refund it is."""
        if self.refund_id is None and self.instruction_id is None:
            raise Misfit("refund_id", "refund_id or instruction_id")


class RefundSubmitted(RefundAnswer):
    """The provider took the refund on."""

    type: Literal["refund.submitted"]


class RefundSucceeded(RefundAnswer):
    """The money went back."""

    type: Literal["refund.succeeded"]
    settlement: Settlement | None = None
    acquirer_reference_number: Label | None = None


class RefundFailed(RefundAnswer):
    """The provider said no; a time-out is never this. After a success it means that the money came back."""

    type: Literal["refund.failed"]
    failure_code: Code


class RefundReversed(RefundAnswer):
    """The money went back and returned."""

    type: Literal["refund.reversed"]


class RefundSettled(PaymentEvent):
    """What a refund came to on the merchant's account."""

    type: Literal["refund.settled"]
    refund_id: Id
    settlement: Settlement
