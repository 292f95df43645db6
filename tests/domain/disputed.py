"""Disputes of one payment: what their alerts say, and which answers are instructed."""

from typing import Any

from app.domain.policy import Policy
from app.domain.policy_terms import Disputes
from tests.domain.dated import Dated
from tests.domain.events import Said, captured, dispute, line, placed, verdict
from tests.domain.stories import Story, policy

OPENED = "2026-02-02T12:00:00Z"
PAID = (placed(line("l1", "300.00"), line("l2", "100.00")), captured("400.00", network="visa"))


def terms(**more: Any) -> Policy:
    """A policy with other terms of disputes."""
    base = policy().disputes
    return policy(disputes=Disputes(**{name: getattr(base, name) for name in base.__struct_fields__} | more))


def opened(category: str = "general", text: str = "200.00", **more: Any) -> Said:
    """A chargeback of a part of the payment."""
    return dispute("opened", text, category=category, **more)


def case_of(*before: Said, rules: Policy | None = None) -> Dated:
    """An order that is paid, and what happened to it in January."""
    return Dated(rules, start="2026-01-05T12:00Z").given(*PAID, *before)


def judged(said: str, reviewer: str = "ann", dispute_id: str = "d1", **more: Any) -> Said:
    """What a person decides about a dispute."""
    return verdict(said, reviewer, subject={"kind": "dispute", "id": dispute_id}, **more)


def alerts(story: Story) -> list[dict[str, Any]]:
    """Every `dispute.action_required` so far."""
    return [out.body for out in story.told if out.body["type"] == "dispute.action_required"]


def answers(story: Story) -> list[dict[str, Any]]:
    """Every instruction to answer a dispute so far."""
    return [out.body for out in story.told if out.topic == "dispute-instructions"]


def have(story: Story) -> dict[str, list[str]]:
    """What the newest alert can show: the events behind each item."""
    shown: dict[str, list[str]] = {}
    for item in alerts(story)[-1]["evidence"]["have"]:
        shown.setdefault(item["item"], []).append(item["event_id"])
    return shown


def missing(story: Story) -> set[str]:
    """What the newest alert misses."""
    return set(alerts(story)[-1]["evidence"]["missing"])
