"""A paid order and its disputes: what they claim of the payment and leave of it, and which alerts were said."""

from typing import Any

from app.domain.balances import claimed, refundable
from app.domain.records import Alerted
from tests.domain.events import captured, delivered, placed
from tests.domain.stories import Story

PAID = (placed(), captured("100.00"), delivered())
OPENED_AT = "2026-01-05T12:30:00Z"


def left(story: Story, payment_id: str = "p1") -> int:
    """Minor units that can still go back."""
    return refundable(story.case, story.case.payments[payment_id])


def claims(story: Story) -> int:
    """Minor units that disputes and credits of the network hold."""
    return claimed(story.case, story.case.payments["p1"])


def alerts(story: Story, type_: str) -> list[dict[str, Any]]:
    """The bodies of all alerts of a type so far."""
    return [record.body for record in story.said if isinstance(record, Alerted) and record.type == type_]
