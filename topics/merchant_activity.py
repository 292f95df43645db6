"""What cases report for the monitoring programmes of the networks, keyed by merchant and network."""

from typing import Literal

from topics.envelope import Body, Code, Id, MerchantId, Money, UtcTime


class ActivityCounted(Body):
    """A sale, dispute, fraud report or resolution that a programme counts in the month of `occurred_at`.

    `told_at`: the time of the event that this follows from, where that is another.
    """

    type: Literal["activity.counted"]
    activity_id: Id
    occurred_at: UtcTime
    merchant_id: MerchantId
    network: Code
    kind: Literal["sale", "dispute", "fraud_report", "resolved_before_dispute"]
    payment_id: Id
    dispute_id: Id | None = None
    amount: Money | None = None
    category: Code | None = None
    reason_code: Code | None = None
    in_store: bool = False
    three_d_secure: bool = False
    told_at: UtcTime | None = None
