"""A backtest over what a broker still has: the journal and the inbound topics, each message once, nothing committed."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import OffsetSpec

from tests.backtest.telling import of_order, policies
from tests.domain.events import asked, captured, line, placed
from tests.kafka.harness import admin, insisted, wait_for
from tests.kafka.product import Product
from tests.kafka.world import publisher
from topics.keys import key_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

GIFT = "  - {name: gifts, when: \"'gift_card' in request.kinds\", then: deny, reason: final_sale}\n"
ALWAYS = "2020-01-01T00:00:00Z"


def gift(order_id: str) -> list[tuple[str, dict[str, Any]]]:
    """An order of a gift card for 50.00 EUR, paid and asked for."""
    return of_order(order_id, placed(line("l1", "50.00", kind="gift_card")), captured("50.00"), asked())


class Past:
    """An installation that decided one order, then another one of which the beginning is older, then fell silent."""

    def __init__(self, bootstrap: str, folder: Path) -> None:
        self.product = Product(bootstrap, f"past{time.time_ns()}", folder, partitions=2, heartbeat_s=1)
        self.folder = folder
        policies(folder / "live")
        policies(folder / "new", GIFT)
        self.product.create(folder / "live")
        before, old = gift("before"), gift("old")
        with self.product.workers() as workers:
            workers.start(0)
            self.publish(*before, *old[:2])
            wait_for("the first request is decided", lambda: self.decided() == {"before"}, 60)
            self.middle = datetime.now(UTC)
            later = self.middle + timedelta(milliseconds=2)  # records are stamped in milliseconds
            wait_for("the clock has moved on", lambda: datetime.now(UTC) > later, 5, every=0.001)
            self.publish(*old[2:], *gift("after"))
            wait_for("all is decided", lambda: self.decided() == {"before", "old", "after"}, 60)
            assert workers.stop(seconds=30) == {0: 0}
        self.publish(*gift("unread"))

    def publish(self, *events: tuple[str, dict[str, Any]]) -> None:
        producer = publisher(self.product.bootstrap)
        for topic, told in events:
            body = {"occurred_at": datetime.now(UTC).isoformat(), **told}
            key = key_of(topic, body)
            producer.produce(self.product.prefix + topic, json.dumps(body), key)
        assert producer.flush(30) == 0

    def decided(self) -> set[str]:
        return {json.loads(record.value or b"")["order_id"] for record in self.product.records("refund-decisions")}

    def backtest(self, since: str) -> tuple[dict[str, Any], str]:
        command = ("policy", "backtest", str(self.folder / "new"), "--from-kafka", "--since", since)
        done = self.product.run(*command, "--output", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout), done.stderr

    def forget(self, topic: str, before: datetime | None) -> None:
        """What retention does: records before a time are gone, None: all of them."""
        client, name = admin(self.product.bootstrap), self.product.prefix + topic
        numbers = client.list_topics(name, timeout=20).topics[name].partitions
        spec = OffsetSpec.latest() if before is None else OffsetSpec.for_timestamp(int(before.timestamp() * 1000) + 1)
        wanted = {TopicPartition(name, number): spec for number in numbers}
        found = insisted(
            f"where {topic} ends",
            lambda: {place: future.result(20).offset for place, future in client.list_offsets(wanted).items()},
        )
        places = [TopicPartition(name, place.partition, offset) for place, offset in found.items() if offset > 0]
        for future in client.delete_records(places).values():
            future.result(20)

    def committed_by_readers(self) -> set[int]:
        """The offsets that anybody committed under the name of the readers."""
        group = f"{self.product.group}-readers"
        consumer = Consumer({"bootstrap.servers": self.product.bootstrap, "group.id": group, "log_level": 2})
        try:
            name = self.product.prefix + "case-events"
            return {place.offset for place in consumer.committed([TopicPartition(name, n) for n in range(2)], 20)}
        finally:
            consumer.close()


@pytest.fixture(scope="module")
def past(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Past:
    return Past(bootstrap, tmp_path_factory.mktemp("past"))


def test_the_journal_and_what_waits_in_the_topics_are_decided_once_each(past: Past):
    told, notes = past.backtest(ALWAYS)
    assert {flip["order_id"] for flip in told["flips"]} == {"before", "old", "after", "unread"}
    assert told["events"] == 4 * 3
    assert told["totals"] == [
        {"currency": "EUR", "old_paid_minor": 20000, "new_paid_minor": 0, "difference_minor": -20000}
    ]
    assert told["from_kafka"]["left_out"] == {"orders": 0, "messages": 0}
    assert notes == ""


def test_an_order_that_began_before_the_time_asked_for_is_left_out_and_counted(past: Past):
    told, notes = past.backtest(past.middle.isoformat())
    assert past.committed_by_readers() == {-1001}, "reading commits nothing"
    assert {flip["order_id"] for flip in told["flips"]} == {"after", "unread"}
    assert told["from_kafka"]["left_out"] == {"orders": 1, "messages": 1}
    assert "1 orders began before what was read" in notes
    assert "is gone" not in notes


def test_what_retention_took_from_the_inbound_topics_the_journal_still_tells(past: Past):
    for topic in ("orders", "payments"):
        past.forget(topic, past.middle)
    told, notes = past.backtest(ALWAYS)
    assert told["requests"] == 4
    assert "orders is kept from" in notes
    past.forget("case-events", past.middle)
    told, notes = past.backtest(ALWAYS)
    assert {flip["order_id"] for flip in told["flips"]} == {"after", "unread"}
    assert told["from_kafka"]["left_out"] == {"orders": 1, "messages": 1}
    assert "case-events is kept from" in notes
