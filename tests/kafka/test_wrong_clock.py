"""A worker whose clock is an hour off waits too long or not long enough, and says the same.

What falls due is in the rows: the time that its record has, and the wait of the policy. Only whether that is past is
asked of the worker's own clock.
"""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.kafka.harness import Workers, module, wait_for
from tests.kafka.product import Product
from tests.kafka.world import publisher
from topics.catalogue import OUTBOUND

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

HOUR, MINUTE = 3600, 60
WAITED = {"pay-long": 90 * MINUTE, "pay-short": 30 * MINUTE}
"""Payments of which no order is known, and how long ago they came in. They wait for an hour."""

Said = dict[str, list[tuple[str, bytes | None, bytes | None]]]


class Shop:
    """One installation, whose worker is run with clocks that are off."""

    def __init__(self, bootstrap: str, directory: Path, name: str) -> None:
        directory.mkdir()
        self.product = Product(bootstrap, f"clock{name}{time.time_ns()}", directory, partitions=2, heartbeat_s=0)
        self.product.create()
        self.producer = publisher(bootstrap)

    def publish(self, payment_id: str, event_id: str, at: float, order_id: str | None = None) -> None:
        body = {
            "event_id": event_id,
            "type": "payment.captured",
            "occurred_at": datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds"),
            "merchant_id": "m1",
            "payment_id": payment_id,
            "order_id": order_id,
            "amount": {"amount_minor": 100, "currency": "EUR"},
            "method": {"kind": "card"},
        }
        value = json.dumps({name: given for name, given in body.items() if given is not None}).encode()
        topic, stamp = f"{self.product.prefix}payments", int(at * 1000)
        self.producer.produce(topic, value, payment_id.encode(), timestamp=stamp)
        assert self.producer.flush(30) == 0

    def work(self, off: int) -> None:
        """A worker with that clock handles all there is, and then one payment more: its timers may fire by then."""

        def command(slot: int) -> list[str]:
            config = self.product.config(slot=str(slot))
            return module("tests.kafka.clocked", str(off), "worker", "--config", str(config))

        with Workers(command, self.product.directory / f"workers{off}-{time.time_ns()}.log") as workers:
            workers.start(0)
            wait_for("its timers may fire", lambda: "timers may fire" in workers.said(), 60)
            for number in range(3):
                self.publish("pay-after", f"after-{number}-{time.time_ns()}", time.time(), "o-after")
                wait_for("it handled what came then", lambda: self.product.unread() == 0, 60)
            assert workers.stop(seconds=30) == {0: 0}

    def said(self) -> Said:
        """By payment, all that was said of those that waited."""
        found: Said = {name: [] for name in WAITED}
        for topic in OUTBOUND:
            for one in self.product.records(topic):
                for name, said in found.items():
                    if name.encode() in (one.value or b""):
                        said.append((topic, one.key, one.value))
        return found


@pytest.fixture(scope="module")
def told(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[Said]]:
    """By how many seconds the clock of a first worker was off: what was said by then, and after one with a clock that
    is off the other way.
    """
    found, now, directory = {}, time.time() // 1, tmp_path_factory.mktemp("clock")
    for off in (-HOUR, 0, HOUR):
        shop = Shop(bootstrap, directory / str(off), f"{off}".replace("-", "behind"))
        for name, seconds in WAITED.items():
            shop.publish(name, f"captured-{name}", now - seconds)
        shop.work(off)
        before = shop.said()
        shop.work(-off)
        found[off] = [before, shop.said()]
    return found


@pytest.mark.parametrize(
    ("off", "over"),
    [(-HOUR, set()), (0, {"pay-long"}), (HOUR, {"pay-long", "pay-short"})],
    ids=["behind", "right", "ahead"],
)
def test_whether_a_wait_is_over_is_asked_of_the_clock(told: dict[int, list[Said]], off: int, over: set[str]) -> None:
    assert {name for name, said in told[off][0].items() if said} == over


def test_what_is_said_when_it_is_over_is_the_same_byte_for_byte(told: dict[int, list[Said]]) -> None:
    right, ahead = told[0][0]["pay-long"], told[HOUR][0]["pay-long"]
    assert right == ahead
    assert len(right) >= 2
    late = told[-HOUR][1]
    assert (late["pay-long"], late["pay-short"]) == (right, told[HOUR][0]["pay-short"])


def test_a_clock_that_is_set_back_fires_nothing_a_second_time(told: dict[int, list[Said]]) -> None:
    assert told[HOUR][1] == told[HOUR][0]
