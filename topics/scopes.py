"""What of an order or a payment is asked back."""

from typing import Literal

from topics.envelope import Body, Id, MinorUnits, Money, Time, UnitsOfLines


class FullScope(Body):
    """All that is left of the order."""

    kind: Literal["full"]


class LinesScope(Body):
    """Units of lines, with or without the delivery."""

    kind: Literal["lines"]
    lines: UnitsOfLines
    include_shipping: bool


class ShippingScope(Body):
    """A delivery, or an amount of it."""

    kind: Literal["shipping"]
    shipping_id: Id
    amount_minor: MinorUnits | None = None


class AmountScope(Body):
    """A gross amount, of one line or of the order."""

    kind: Literal["amount"]
    amount: Money
    line_id: Id | None = None


class SubscriptionScope(Body):
    """The unused share of a subscription's paid period."""

    kind: Literal["subscription"]
    line_id: Id
    effective_at: Time


class PaymentScope(Body):
    """What was charged too much on a payment; no line is used up."""

    kind: Literal["payment"]
    payment_id: Id
    amount: Money | None = None


Scope = FullScope | LinesScope | ShippingScope | AmountScope | SubscriptionScope | PaymentScope
