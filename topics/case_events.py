"""What only the journal says: timers that fired and questions that were answered.

The journal also holds every inbound event of a case, re-keyed; those are defined where they come in.
"""

from typing import Annotated, Literal

from annotated_types import Ge, Le, MaxLen
from pydantic import Field

from topics.envelope import MINOR_MAX, Body, Id, MerchantId, Money, TimerName, UtcTime
from topics.payments import Method, Shopper

Count = Annotated[int, Ge(0), Le(MINOR_MAX)]


class JournalEvent(Body):
    """The envelope of what we tell ourselves about a case; the record's key names the case."""

    occurred_at: UtcTime
    merchant_id: MerchantId


class TimerFired(JournalEvent):
    """A timer of the case is due. `occurred_at` is its due time, whenever it was noticed."""

    type: Literal["timer.fired"]
    name: TimerName
    due_at: UtcTime


class PriorPayment(Body):
    """An earlier payment of the customer, as far as it can serve as compelling evidence. `event_id`: its capture."""

    payment_id: Id
    order_id: Id | None = None
    event_id: Id | None = None
    captured_at: UtcTime
    amount: Money
    method: Method | None = None
    shopper: Shopper | None = None
    disputed: bool = False
    fraud_reported: bool = False


class HistoryAnswered(JournalEvent):
    """What was known of the customer at `as_of`, as far as it had been received. The same question, the same answer.

    `payments`: asked for compelling evidence, the earlier ones that fit best, as many as the network's rule wants.
    """

    type: Literal["history.answered"]
    question_id: Id
    as_of: UtcTime
    requests_in_window: Count
    refunded_in_window: Annotated[list[Money], MaxLen(200)] = Field(default_factory=list)
    chargebacks: Count = 0
    payments: Annotated[list[PriorPayment], MaxLen(1000)] = Field(default_factory=list)
