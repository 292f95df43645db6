"""What workers on a real broker know beside the events: rates that each of them has, and policies that are only tried."""

import json
import time
import urllib.request
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.backtest.telling import of_order, policies
from tests.domain.events import asked, captured, line, placed
from tests.kafka.harness import free_port, wait_for
from tests.kafka.product import Product
from tests.kafka.world import publisher
from topics.catalogue import CATALOGUE
from topics.keys import key_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

WITHIN = 60
TODAY = datetime.now(UTC).date().isoformat()
TRIED = "only-tried"
GIFTS = "  - {name: no_gifts_back, when: \"'gift_card' in request.kinds\", then: deny, reason: final_sale}\n"
SETTLED = {"amount": {"amount_minor": 55000, "currency": "SEK"}, "rate": "11"}
KINDS = {f"o{number}": "gift_card" if number < 4 else "physical" for number in range(12)}
"""Twelve orders of 50.00 EUR, of which four are of gift cards: enough for both partitions and so for both workers."""


def sold(order_id: str, kind: str) -> list[tuple[str, dict[str, Any]]]:
    """An order that was paid, settled in crowns and asked for."""
    return of_order(order_id, placed(line("l1", "50.00", kind=kind)), captured("50.00", settlement=SETTLED), asked())


class Tried:
    """An installation of two workers that were told of rates, and beside the live policies try others."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        policies(folder / "live")
        policies(folder / "tried", GIFTS, TRIED)
        shadow = str(folder / "tried")
        self.product = Product(bootstrap, f"beside{time.time_ns()}", folder, partitions=2, shadow_policy_dir=shadow)
        self.product.create(folder / "live")
        ports = [free_port(), free_port()]
        self.publish(("fx-rates", {"base": "EUR", "quote": "SEK", "rate": "12", "as_of": TODAY, "source": "test"}))
        with (
            self.product.workers(ops_bind=f"127.0.0.1:{ports[0]}") as one,
            self.product.workers(ops_bind=f"127.0.0.1:{ports[1]}") as two,
        ):
            one.start(0)
            two.start(1)
            stories = [sold(order_id, kind) for order_id, kind in KINDS.items()]
            self.publish(*(event for story in stories for event in story[:2]))
            wait_for("all is bought", lambda: self.product.unread() == 0, WITHIN, every=0.2)
            self.publish(*(story[2] for story in stories))
            wait_for("all is decided", lambda: len(self.decisions()) == len(KINDS), WITHIN, every=0.2)
            wait_for("all is counted", lambda: counted(ports, "decisions").total() == len(KINDS), WITHIN, every=0.2)
            self.decided, self.money = counted(ports, "decisions"), counted(ports, "money_minor")
            assert (one.stop(seconds=30), two.stop(seconds=30)) == ({0: 0}, {1: 0})

    def publish(self, *events: tuple[str, dict[str, Any]]) -> None:
        producer = publisher(self.product.bootstrap)
        for topic, told in events:
            body = told if topic == "fx-rates" else {"occurred_at": datetime.now(UTC).isoformat(), **told}
            producer.produce(self.product.prefix + topic, json.dumps(body), key_of(topic, body))
        assert producer.flush(30) == 0

    def decisions(self) -> list[dict[str, Any]]:
        return [json.loads(record.value or b"") for record in self.product.records("refund-decisions")]


def counted(ports: list[int], what: str) -> Counter[tuple[str, ...]]:
    """What the workers counted of the shadow, by the values of its labels in the order of their names."""
    found: Counter[tuple[str, ...]] = Counter()
    for port in ports:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            for row in answer.read().decode().splitlines():
                name, _, rest = row.partition("{")
                if name == f"refundry_shadow_{what}_total":
                    labels, _, value = rest.partition("} ")
                    found[tuple(label.split('"')[1] for label in labels.split(","))] += int(float(value))
    return found


@pytest.fixture(scope="module")
def tried(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Tried:
    return Tried(bootstrap, tmp_path_factory.mktemp("beside"))


def test_every_worker_estimates_by_the_rate_of_the_day(tried: Tried) -> None:
    partitions = {record.partition for record in tried.product.records("refund-decisions")}
    assert partitions == {0, 1}
    estimates = [decision["fx"]["settlement_estimate"] for decision in tried.decisions()]
    assert estimates == [{"amount_minor": 60000, "currency": "SEK"}] * len(KINDS)
    assert {decision["fx"]["gain_loss_minor"] for decision in tried.decisions()} == {-5000}


def test_what_the_shadow_would_have_decided_is_counted_beside_what_was(tried: Tried) -> None:
    """Labels in the order of their names: live, shadow, verdict; currency, direction."""
    assert tried.decided == {("approved", "approved", "same"): 8, ("approved", "denied", "flipped"): 4}
    assert tried.money == {("EUR", "less"): 4 * 5000}


def test_the_live_policy_alone_decides_and_the_money_goes(tried: Tried) -> None:
    decided = {decision["order_id"]: (decision["type"], decision["policy"]["id"]) for decision in tried.decisions()}
    assert decided == dict.fromkeys(KINDS, ("refund.approved", "trial"))
    instructed = [json.loads(record.value or b"") for record in tried.product.records("refund-instructions")]
    assert Counter(one["order_id"] for one in instructed) == dict.fromkeys(KINDS, 1)


def test_no_record_of_any_topic_and_no_state_tells_of_the_shadow(tried: Tried) -> None:
    tables = ("cases", "customers", "links", "standings")
    records = [record for topic in CATALOGUE for record in tried.product.records(topic)]
    stored = [record for table in tables for record in tried.product.changelog(table)]
    assert len(records) > 100
    assert len(stored) >= len(KINDS)
    for record in (*records, *stored):
        told = b"".join([record.key or b"", record.value or b"", *(value for _, value in record.headers)])
        assert TRIED.encode() not in told, record.topic
        assert b"no_gifts_back" not in told, record.topic
