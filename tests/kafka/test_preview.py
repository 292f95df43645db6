"""What would be paid back, asked of a running installation: of the rows that its workers hold, and nothing is done."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.backtest.telling import TERMS, of_order
from tests.domain.events import asked, captured, line, placed
from tests.domain.events import lines as units_of
from tests.kafka.harness import wait_for
from tests.kafka.product import Product
from tests.kafka.world import publisher
from topics.keys import key_of

pytestmark = [pytest.mark.kafka]

WOULD_TELL = ("orders", "case-events", "customer-activity", "refund-decisions", "case-snapshots")
ONE_A_MONTH = "{requests: 1, days: 30}"


class Shop:
    """An installation with two orders of one customer, who asked once, and one of a guest; two merchants know it."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.product = Product(bootstrap, f"preview{time.time_ns()}", folder, partitions=2)
        live = folder / "live"
        live.mkdir()
        (live / "trial.yaml").write_text(
            TERMS.format(name="trial").replace("velocity: null", f"velocity: {ONE_A_MONTH}")
        )
        self.product.create(live)
        two = (line("l1", "60.00", 2), line("l2", "40.00"))
        with self.product.workers() as workers:
            workers.start(0)
            self.publish(
                of_order("asked", placed(*two, customer_id="c"), captured("100.00"), asked("r1", units_of(l1=1))),
                of_order("other", placed(*two, customer_id="c"), captured("100.00")),
                of_order("guest", placed(*two), captured("100.00")),
                of_order("guest", placed(*two), captured("100.00"), merchant_id="m2"),
            )
            wait_for("all is heard", lambda: self.product.unread() == 0 and bool(self.decisions()), 60)
            assert workers.stop(seconds=30) == {0: 0}

    def publish(self, *orders: list[tuple[str, dict[str, Any]]]) -> None:
        producer = publisher(self.product.bootstrap)
        for topic, told in (event for order in orders for event in order):
            body = {"occurred_at": datetime.now(UTC).isoformat(), **told}
            producer.produce(self.product.prefix + topic, json.dumps(body), key_of(topic, body))
        assert producer.flush(30) == 0

    def decisions(self) -> list[dict[str, Any]]:
        return [json.loads(record.value or b"") for record in self.product.records("refund-decisions")]

    def preview(self, order_id: str, *options: str, scope: str = "full") -> dict[str, Any]:
        done = self.product.run("order", "preview", order_id, "--scope", scope, *options, "--output", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def shop(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(bootstrap, tmp_path_factory.mktemp("preview"))


@pytest.mark.parametrize(
    ("order_id", "options", "outcome", "minor", "code"),
    [
        ("guest", ("--merchant", "m1"), "approved", 10000, None),
        ("asked", ("--by", "merchant"), "held", 7000, "velocity"),  # 30.00 of 100.00 is under way
        ("other", (), "held", 10000, "velocity"),
        ("other", ("--at", (datetime.now(UTC) + timedelta(days=31)).isoformat()), "denied", 0, "window_expired"),
    ],
)
def test_it_is_what_the_same_request_would_get_now(shop: Shop, order_id, options, outcome, minor, code):
    decision = shop.preview(order_id, *options)
    assert (decision["type"], decision["amount"]["amount_minor"]) == (f"refund.{outcome}", minor)
    assert code in (None, decision["reasons"][0]["code"])


def test_units_that_are_under_way_are_not_given_twice(shop: Shop):
    assert shop.preview("asked", scope="lines:l1=2")["reasons"][0]["code"] == "quantity_exceeded"


def test_an_order_of_two_merchants_and_one_of_none_are_told(shop: Shop):
    for order_id, complaint in (("guest", "2 merchants have an order of this id: m1, m2"), ("Guest", "no such order")):
        done = shop.product.run("order", "preview", order_id, "--scope", "full")
        assert done.returncode == 2
        assert complaint in done.stderr


def test_nothing_is_said_and_nothing_is_kept(shop: Shop):
    before = {topic: len(shop.product.records(topic)) for topic in WOULD_TELL}
    shop.preview("other")
    assert {topic: len(shop.product.records(topic)) for topic in WOULD_TELL} == before
