"""What cases report of a customer and ask about one, keyed by customer."""

from typing import Annotated, Literal

from annotated_types import MaxLen

from topics.envelope import Body, Id, MerchantId, Money, UtcTime
from topics.payments import Method, Shopper

ActivityKind = Literal[
    "order_placed",
    "payment_captured",
    "payment_capture_failed",
    "refund_requested",
    "refund_request_withdrawn",
    "refund_approved",
    "dispute_opened",
    "fraud_reported",
]
HistoryUse = Literal["velocity", "rules", "compelling_evidence"]


class CustomerActivity(Body):
    """The envelope of what concerns a customer across orders. `case_id` is the case that speaks."""

    occurred_at: UtcTime
    merchant_id: MerchantId
    customer_id: Id
    case_id: Annotated[str, MaxLen(256)]


class ActivityRecorded(CustomerActivity):
    """A fact for the customer's history. `activity_id` is derived from it: the same fact twice counts once.

    `event_id` is the inbound event that shows it, where it may be evidence one day.
    """

    type: Literal["activity.recorded"]
    activity_id: Id
    kind: ActivityKind
    order_id: Id | None = None
    payment_id: Id | None = None
    event_id: Id | None = None
    request_id: Id | None = None
    dispute_id: Id | None = None
    report_id: Id | None = None
    amount: Money | None = None
    method: Method | None = None
    shopper: Shopper | None = None


class HistoryAsked(CustomerActivity):
    """A case wants to know what the customer did from `since` up to `as_of`; the answer goes into its journal.

    For compelling evidence `payment_id` is the disputed payment, and the earlier ones lie between `since` and `until`.
    """

    type: Literal["history.asked"]
    question_id: Id
    as_of: UtcTime
    since: UtcTime | None = None
    until: UtcTime | None = None
    uses: Annotated[list[HistoryUse], MaxLen(3)]
    request_id: Id | None = None
    payment_id: Id | None = None
