"""Every topic on one screen: what is said on it, under which key, who says it and who listens."""

from dataclasses import dataclass
from typing import Final, Literal

from topics import vocabulary as say
from topics.fx_rates import FxRate
from topics.ledger import LedgerEntry
from topics.merchant_activity import ActivityCounted
from topics.notifications import CustomerNotification
from topics.policies import PolicyDocument
from topics.snapshots import CaseSnapshot
from topics.twins import tag_of
from topics.vocabulary import Models

ORDERS: Final = "orders"
REVIEWS: Final = "reviews"
PAYMENTS: Final = "payments"
DISPUTES: Final = "disputes"
CUSTOMERS: Final = "customers"
FX_RATES: Final = "fx-rates"
POLICIES: Final = "policies"
JOURNAL: Final = "case-events"
CUSTOMER_ACTIVITY: Final = "customer-activity"
MERCHANT_ACTIVITY: Final = "merchant-activity"
HEARTBEATS: Final = "heartbeats"
DECISIONS: Final = "refund-decisions"
REFUND_INSTRUCTIONS: Final = "refund-instructions"
DISPUTE_INSTRUCTIONS: Final = "dispute-instructions"
ALERTS: Final = "chargeback-alerts"
NOTIFICATIONS: Final = "customer-notifications"
LEDGER: Final = "ledger-entries"
SNAPSHOTS: Final = "case-snapshots"
DEAD_LETTERS: Final = "dead-letters"
"""Names of topics, without the prefix of an installation. They are stored and published: added to, never renamed."""

Direction = Literal["in", "internal", "out"]
Cleanup = Literal["delete", "compact"]


@dataclass(frozen=True)
class Topic:
    """One topic, without the prefix of an installation.

    Topics of the same `key` have the same number of partitions, so that what belongs together lies beside each other;
    `single` ones have one; `spread` names another key than its own whose topics it lies beside. `days` is how long a
    record stays at least, None for good.
    """

    name: str
    key: str
    direction: Direction
    cleanup: Cleanup
    days: int | None
    types: Models
    writes: str
    reads: str
    single: bool = False
    spread: str | None = None

    @property
    def type_names(self) -> tuple[str, ...]:
        """The values of `type` on it; empty where bodies have no `type`."""
        return tuple(tag[1] for tag in map(tag_of, self.types) if tag is not None)


_ORDER, _PAYMENT = "merchant_id/order_id", "merchant_id/payment_id"

# fmt: off
TOPICS: tuple[Topic, ...] = (
    # name, key, direction, cleanup, days, types, who writes, who reads
    Topic(ORDERS, "order_id", "in", "delete", 7, say.ORDERS, "shop platform", "intake"),
    Topic(REVIEWS, "order_id", "in", "delete", 7, say.REVIEWS, "review desk", "intake"),
    Topic(PAYMENTS, "payment_id", "in", "delete", 7, say.PAYMENTS, "payment side", "intake"),
    Topic(DISPUTES, "payment_id", "in", "delete", 7, say.DISPUTES, "payment side", "intake"),  # none: order_id
    Topic(CUSTOMERS, "customer_id", "in", "delete", 7, say.CUSTOMERS, "shop platform", "intake"),
    Topic(FX_RATES, "base/quote@as_of", "in", "compact", None, (FxRate,), "treasury", "every worker", single=True),
    Topic(POLICIES, "policy@version", "in", "compact", None, (PolicyDocument,), "policy owner", "every worker", single=True),  # noqa: E501 - a row
    Topic(JOURNAL, _ORDER, "internal", "delete", None, say.JOURNAL, "intake, casework, customers", "casework"),
    Topic(CUSTOMER_ACTIVITY, "merchant_id/customer_id", "internal", "delete", 400, say.ACTIVITY, "casework", "customers"),  # noqa: E501 - a row
    Topic(MERCHANT_ACTIVITY, "merchant_id/network", "internal", "delete", 100, (ActivityCounted,), "casework", "monitoring"),  # noqa: E501 - a row
    Topic(HEARTBEATS, "`in` or `out`", "internal", "delete", 30, (), "every worker", "every worker", spread=_ORDER),
    Topic(DECISIONS, _ORDER, "out", "delete", 30, say.DECISIONS, "casework", "shop platform, notification service"),
    Topic(REFUND_INSTRUCTIONS, _PAYMENT, "out", "delete", 30, say.REFUNDS, "casework", "whoever calls the provider"),
    Topic(DISPUTE_INSTRUCTIONS, _PAYMENT, "out", "delete", 30, say.ANSWERS, "casework", "whoever calls the provider"),
    Topic(ALERTS, "merchant_id", "out", "delete", 30, say.ALERTS, "casework, monitoring", "dispute desk"),
    Topic(NOTIFICATIONS, _ORDER, "out", "delete", 30, (CustomerNotification,), "casework", "notification service"),
    Topic(LEDGER, _ORDER, "out", "delete", 3650, (LedgerEntry,), "casework", "finance"),
    Topic(SNAPSHOTS, _ORDER, "out", "compact", None, (CaseSnapshot,), "casework", "projections, queries"),
    Topic(DEAD_LETTERS, "key of the original", "out", "delete", 30, (), "intake, casework", "whoever published it"),
)
# fmt: on

CATALOGUE: dict[str, Topic] = {topic.name: topic for topic in TOPICS}
INBOUND: tuple[str, ...] = tuple(topic.name for topic in TOPICS if topic.direction == "in")
INTERNAL: tuple[str, ...] = tuple(topic.name for topic in TOPICS if topic.direction == "internal")
OUTBOUND: tuple[str, ...] = tuple(topic.name for topic in TOPICS if topic.direction == "out")
