"""What the shop says of an order: what was bought, where the goods are, and what is asked back."""

from typing import Annotated, Literal

from annotated_types import MaxLen, MinLen
from pydantic import Field

from topics.envelope import (
    MINOR_MAX,
    ROWS_MAX,
    Amount,
    Body,
    Code,
    Country,
    Currency,
    Hashed,
    Id,
    Label,
    Locale,
    Misfit,
    Money,
    Note,
    NotNegative,
    OrderEvent,
    Quantity,
    Time,
    Title,
    Units,
    UnitsOfLines,
    ZoneName,
    check_zone,
)
from topics.order_sums import priced, refuse_repeated
from topics.scopes import Scope

Channel = Literal["online", "store", "phone", "marketplace"]
LineKind = Literal["physical", "digital", "service", "subscription", "gift_card"]
WithdrawalExemption = Literal[
    "custom_made",
    "perishable",
    "sealed_hygiene",
    "sealed_media",
    "newspaper",
    "dated_leisure",
    "auction",
    "digital_started",
    "service_performed",
]
RequestReason = Literal[
    "changed_mind",
    "damaged",
    "not_as_described",
    "not_received",
    "duplicate_charge",
    "overcharged",
    "order_cancelled",
    "statutory_withdrawal",
    "subscription_cancelled",
    "goodwill",
    "other",
]


class Tax(Body):
    """A tax as charged."""

    code: Code
    amount_minor: NotNegative


Taxes = Annotated[list[Tax], MaxLen(50)]


class Subscription(Body):
    """The paid period of a subscription line, half-open, counted in its time zone."""

    plan_id: Id
    period_start: Time
    period_end: Time
    timezone: ZoneName
    trial_end: Time | None = None
    setup_fee_minor: NotNegative | None = None

    def check(self) -> None:
        """The period has a length, and its zone exists."""
        if self.period_end <= self.period_start:
            raise Misfit("period_end", "a time after period_start")
        check_zone("timezone", self.timezone)


class OrderLine(Body):
    """A line as bought: amounts of the whole line, in minor units of the order's currency."""

    line_id: Id
    sku: Id
    title: Title | None = None
    category: Label | None = None
    kind: LineKind = "physical"
    quantity: Quantity
    amount_minor: NotNegative
    discount_minor: NotNegative = 0
    taxes: Taxes = Field(default_factory=list)
    duties_minor: NotNegative = 0
    final_sale: bool = False
    withdrawal_exemption: WithdrawalExemption | None = None
    subscription: Subscription | None = None


class OrderShipping(Body):
    """A delivery that was charged. `standard_amount_minor`: what the cheapest standard delivery would have cost."""

    shipping_id: Id
    amount_minor: NotNegative
    discount_minor: NotNegative = 0
    taxes: Taxes = Field(default_factory=list)
    standard_amount_minor: NotNegative | None = None


class OrderBody(OrderEvent):
    """An order, complete."""

    customer_id: Id | None = None
    country: Country | None = None
    timezone: ZoneName | None = None
    locale: Locale = "en"
    currency: Currency
    channel: Channel = "online"
    business_buyer: bool = False
    prices_include_tax: bool = False
    informed_of_withdrawal: bool = True
    lines: Annotated[list[OrderLine], MinLen(1), MaxLen(ROWS_MAX)]
    shipping: Annotated[list[OrderShipping], MaxLen(100)] = Field(default_factory=list)
    order_taxes: Taxes = Field(default_factory=list)
    tip_minor: NotNegative = 0
    order_discount_minor: NotNegative = 0
    total_minor: NotNegative | None = None

    def check(self) -> None:
        """No part may come out negative, no id may name two parts, and the whole must be a number that can be said."""
        check_zone("timezone", self.timezone)
        refuse_repeated([line.line_id for line in self.lines], "lines[{}].line_id")
        total, after_discounts = priced(self.lines, "lines", included=self.prices_include_tax)
        if self.shipping:
            refuse_repeated([item.shipping_id for item in self.shipping], "shipping[{}].shipping_id")
            total += priced(self.shipping, "shipping", included=self.prices_include_tax)[0]
        for line in self.lines:
            total += line.duties_minor
            if line.subscription is not None and (line.subscription.setup_fee_minor or 0) > line.amount_minor:
                path = f"lines[{self.lines.index(line)}].subscription.setup_fee_minor"
                raise Misfit(path, "at most the line's amount, which it is in")
        total += self.tip_minor + sum([tax.amount_minor for tax in self.order_taxes])
        if total > MINOR_MAX:
            raise Misfit("lines", "amounts that add up to at most 2^53-1 minor units")
        if self.order_discount_minor > after_discounts:
            raise Misfit("order_discount_minor", "at most what the lines cost after their own discounts")


class OrderPlaced(OrderBody):
    """An order was placed."""

    type: Literal["order.placed"]


class OrderAmended(OrderBody):
    """The order again, changed: replaces its lines; what was approved stays."""

    type: Literal["order.amended"]


class OrderFulfilled(OrderEvent):
    """Goods left, or a service was rendered."""

    type: Literal["order.fulfilled"]
    shipment_id: Id
    lines: UnitsOfLines
    carrier: Label | None = None
    tracking_number: Label | None = None


class DeliveryProof(Body):
    """What shows that goods arrived, and how far the address is the one that was checked."""

    signed: bool = False
    photo: bool = False
    address_match: Literal["full", "postcode", "none"] = "none"


class OrderDelivered(OrderEvent):
    """Goods arrived. Without `lines`: those of the shipment, else all."""

    type: Literal["order.delivered"]
    shipment_id: Id | None = None
    lines: UnitsOfLines | None = None
    proof: DeliveryProof | None = None


class OrderCancelled(OrderEvent):
    """Units will not be sent; without `lines` all that did not leave. With `request_id` also a request for a refund."""

    type: Literal["order.cancelled"]
    lines: UnitsOfLines | None = None
    cancelled_by: Literal["customer", "merchant"]
    request_id: Id | None = None


class RefundRequested(OrderEvent):
    """Money is asked back. Amounts of nothing or less are accepted here and denied by the rules."""

    type: Literal["refund.requested"]
    request_id: Id
    requested_by: Literal["customer", "merchant", "support", "system"]
    requester_id: Id | None = None
    customer_id: Id | None = None
    locale: Locale | None = None
    reason: RequestReason
    scope: Annotated[Scope, Field(discriminator="kind")]
    method: Literal["original", "store_credit"] = "original"
    note: Note | None = None
    expected_amount: Money | None = None


class RefundRequestWithdrawn(OrderEvent):
    """The request is taken back; after an approval it only cancels what was not submitted."""

    type: Literal["refund.request_withdrawn"]
    request_id: Id


class ReturnShipped(OrderEvent):
    """Goods are on their way back."""

    type: Literal["return.shipped"]
    return_id: Id
    lines: UnitsOfLines
    tracking_number: Label | None = None


class ReturnedUnits(Units):
    """Units that came back, and how they look."""

    condition: Literal["new", "opened", "damaged", "missing"]


class ReturnReceived(OrderEvent):
    """Goods came back."""

    type: Literal["return.received"]
    return_id: Id
    lines: Annotated[list[ReturnedUnits], MinLen(1), MaxLen(ROWS_MAX)]


class SubscriptionCancelled(OrderEvent):
    """A subscription ends, now or with its term. With `request_id` also a request for a refund."""

    type: Literal["subscription.cancelled"]
    line_id: Id
    effective: Literal["immediate", "end_of_term"]
    request_id: Id | None = None


class ServiceUsed(OrderEvent):
    """A service or subscription was used; shows that it has begun."""

    type: Literal["service.used"]
    line_id: Id
    units: NotNegative | None = None
    ip: Annotated[str, MaxLen(128), Hashed("ip")] | None = None
    device_id: Annotated[str, MaxLen(256), Hashed("device_id")] | None = None


class StoreCreditAnswer(OrderEvent):
    """What became of an instruction to issue store credit."""

    instruction_id: Id
    amount: Amount
    credit_id: Id | None = None


class StoreCreditIssued(StoreCreditAnswer):
    """It was issued."""

    type: Literal["store_credit.issued"]


class StoreCreditFailed(StoreCreditAnswer):
    """It could not be issued."""

    type: Literal["store_credit.failed"]
