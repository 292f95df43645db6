"""Stories of several orders as the lines of a replay, and policies written for them."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agents import Desk
from app.domain.policy import Policies
from app.policies import load
from app.replay import HASH_KEY
from app.replay.files import Text
from app.replay.lines import Line, NoLine, read_lines
from tests.domain.events import Said

START = datetime(2026, 1, 5, 12, tzinfo=UTC)
TERMS = """\
policy: {name}
version: 1
effective_from: 2010-01-01T00:00:00Z
merchants: ["*"]
auto_approve_limit: null
second_reviewer_above: null
velocity: null
statutory: null
return_required: {{kinds: []}}
"""


def of_order(order_id: str, *events: Said, merchant_id: str = "m1") -> list[tuple[str, dict[str, Any]]]:
    """The events with the ids of an order: its payment is `p-<order>`, whatever they say."""
    told = []
    for number, said in enumerate(events):
        named = {"event_id": f"{order_id}-{number}", "merchant_id": merchant_id, "order_id": order_id}
        payment = {"payment_id": f"p-{order_id}"} if said.topic in ("payments", "disputes") else {}
        told.append((said.topic, said.body | named | payment))
    return told


def texts(events: Iterable[tuple[str, dict[str, Any]]]) -> list[str]:
    """The events as JSON lines, a minute apart."""
    return [
        json.dumps({"topic": topic, "value": {"occurred_at": (START + timedelta(minutes=n)).isoformat()} | body})
        for n, (topic, body) in enumerate(events)
    ]


def lines(*orders: list[tuple[str, dict[str, Any]]]) -> list[Line | NoLine]:
    """The orders' events as messages, one order after the other."""
    told = texts(event for order in orders for event in order)
    return list(read_lines(Text("here", number, text.encode()) for number, text in enumerate(told, 1)))


def policies(folder: Path, rules: str = "", name: str = "trial") -> Policies:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trial.yaml").write_text(TERMS.format(name=name) + (f"rules:\n{rules}" if rules else ""))
    return load(folder)


def desk(book: Policies | None = None) -> Desk:
    return Desk(secret=HASH_KEY.encode(), policies=book or Policies())


def no_line(line: NoLine) -> None:
    raise AssertionError(line)
