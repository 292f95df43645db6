"""The programs of the front page run as they stand, against the broker inside librdkafka."""

import json
import re
import subprocess
import sys
import time

import pytest
from confluent_kafka import Consumer, Producer

from tests.house import tree
from topics import codec

ADDRESS = "localhost:9092"
DECISION = {
    "id": "dec_1",
    "type": "refund.denied",
    "order_id": "order-1",
    "amount": {"amount_minor": 0, "currency": "EUR"},
    "reasons": [{"code": "window_expired", "message": "", "rule": "within_window"}],
}
PATIENCE_S = 30


@pytest.fixture
def broker():
    """The address of a broker that lives as long as the test."""
    holder = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "none"})
    found = next(iter(holder.list_topics(timeout=10).brokers.values()))
    yield f"{found.host}:{found.port}"
    del holder


def program(title: str, broker: str) -> str:
    """The Python below a heading of the front page, with the broker's address put in."""
    readme = (tree.ROOT / "README.md").read_text()
    match = re.search(rf"(?ms)^### {title}$.*?^```python\n(.*?)^```$", readme)
    assert match, title
    assert ADDRESS in match[1]
    return match[1].replace(ADDRESS, broker)


@pytest.mark.parametrize("title", ["Publish an event", "Read decisions"])
def test_a_program_of_the_front_page_has_at_most_twelve_lines(title):
    lines = [line for line in program(title, ADDRESS).splitlines() if line.strip()]
    assert len(lines) <= 12


def test_the_producer_of_the_front_page_publishes_a_valid_order_under_its_key(broker):
    subprocess.run([sys.executable, "-c", program("Publish an event", broker)], check=True, timeout=PATIENCE_S)
    consumer = Consumer({"bootstrap.servers": broker, "group.id": "test", "auto.offset.reset": "earliest"})
    consumer.subscribe(["orders"])
    message = first(consumer)
    read = codec.read(
        "orders", message.key(), message.value(), timestamp=int(time.time() * 1000), secret=b"0123456789abcdef"
    )
    assert isinstance(read, codec.Received), read
    assert (read.event.type, read.event.order_id) == ("order.placed", "order-1")


def test_the_consumer_of_the_front_page_prints_what_was_decided(broker):
    producer = Producer({"bootstrap.servers": broker})
    producer.produce("refund-decisions", key="shop-1/order-1", value=json.dumps(DECISION))
    assert producer.flush(10) == 0
    with subprocess.Popen(
        [sys.executable, "-c", program("Read decisions", broker)], stdout=subprocess.PIPE, text=True
    ) as reader:
        try:
            assert reader.stdout is not None
            assert reader.stdout.readline().split()[:2] == ["dec_1", "refund.denied"]
        finally:
            reader.kill()


def first(consumer: Consumer):
    """The first message that comes, within the patience of the test."""
    deadline = time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < deadline:
            message = consumer.poll(0.5)
            if message is not None and message.error() is None:
                return message
    finally:
        consumer.close()
    raise AssertionError("nothing came")
