"""The input: orders in a random sequence with a seed, published once per size, and the count that each must lead to."""

import random
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence

from confluent_kafka import Producer

from tests.bench.peers.order import Line, Order, write

ORDERS = 100_000
"""Distinct order ids from which each event takes one: the state is larger than what is hot."""

PREFIX = "evt-"
_SEED = 1
_PRODUCER = {
    "partitioner": "murmur2_random",
    "compression.type": "lz4",
    "linger.ms": 50,
    "batch.size": 1_000_000,
    "queue.buffering.max.messages": 2_000_000,
    "queue.buffering.max.kbytes": 2_000_000,
    "enable.idempotence": True,
}


def orders(events: int) -> Iterator[Order]:
    """The first `events` of one endless sequence, so that a smaller input is the beginning of a larger one."""
    draw = random.Random(_SEED)
    for number in range(events):
        lines = [
            Line(str(line), f"sku-{draw.randrange(5000)}", "physical", 1 + draw.randrange(3), 100 * draw.randrange(400))
            for line in (1, 2, 3)
        ]
        order_id, customer_id = f"order-{draw.randrange(ORDERS)}", f"customer-{draw.randrange(20_000)}"
        yield Order(
            f"{PREFIX}{number}",
            "order.placed",
            "2026-03-01T10:00:00Z",
            "shop-1",
            order_id,
            customer_id,
            "DE",
            "EUR",
            lines,
        )


def expected(events: int) -> Sequence[int]:
    """The count that event number n must be answered with, at place n."""
    seen: Counter[str] = Counter()
    counts = array("l")
    for order in orders(events):
        seen[order.order_id] += 1
        counts.append(seen[order.order_id])
    return counts


def publish(bootstrap: str, topic: str, events: int) -> None:
    """Publishes the first `events` orders under their order ids."""
    producer = Producer({"bootstrap.servers": bootstrap, **_PRODUCER})
    for order in orders(events):
        producer.produce(topic, write(order), order.order_id)
        producer.poll(0)
    assert producer.flush(120) == 0, "all of the input is published"
