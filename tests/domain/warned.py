"""Alerts before a chargeback, and what is done about them."""

from typing import Any

from tests.domain.events import Said, alert, captured, delivered, line, placed, verdict
from tests.domain.expecting import Expected, approved
from tests.domain.stories import Story

PAID = (placed(line("l1", "200.00")), captured("200.00"), delivered())
WITHIN, ABOVE = "50.00", "50.01"


def warned(text: str = WITHIN, alert_id: str = "a1", source: str = "ethoca", **more: Any) -> Said:
    """An alert that nobody has paid yet."""
    return alert(text, alert_id, source).but(**more)


def judged(said: str, alert_id: str = "a1", **more: Any) -> Said:
    """What a person decides about an alert."""
    return verdict(said, subject={"kind": "alert", "id": alert_id}, **more)


def paid_out(story: Story) -> int:
    """Minor units that were instructed, whatever became of them."""
    return sum(one.amount_minor for one in story.case.refunds.values() if one.retry_of is None)


def refunded(text: str = WITHIN, alert_id: str = "a1") -> Expected:
    """The refund that answers an alert."""
    return approved(text, "pre_dispute_refund", request_id=f"alert:{alert_id}")
