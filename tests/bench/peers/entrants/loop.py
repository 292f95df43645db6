"""The hand-written loop: confluent-kafka, state in a dict, changelog and outputs and offsets in one transaction.

    python -m tests.bench.peers.entrants.loop BOOTSTRAP SOURCE SINK GROUP DIRECTORY commit_ms=100

It is the floor for any runtime on librdkafka. It keeps a changelog but never reads it back, knows no rebalance, no
error that can be survived, and no order to stop.
"""

import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from tests.bench.peers.order import counted, read_order

PARTITIONS = 8
CONSUMER = {
    "isolation.level": "read_committed",
    "enable.auto.commit": False,
    "auto.offset.reset": "earliest",
    "queued.min.messages": 200_000,
    "max.partition.fetch.bytes": 4 << 20,
    "fetch.queue.backoff.ms": 5,
    "fetch.wait.max.ms": 100,
}
PRODUCER = {
    "linger.ms": 5,
    "batch.size": 1_000_000,
    "compression.type": "lz4",
    "queue.buffering.max.messages": 1_000_000,
    "queue.buffering.max.kbytes": 1_000_000,
}


def main() -> None:
    """Runs until it is killed."""
    bootstrap, source, sink, group, _ = sys.argv[1:6]
    options = dict(option.split("=", 1) for option in sys.argv[6:])
    interval, changelog = int(options["commit_ms"]) / 1000, f"{group}-counts-changelog"
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, **CONSUMER})
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": group, **PRODUCER})
    admin = AdminClient({"bootstrap.servers": bootstrap})
    kept = NewTopic(changelog, PARTITIONS, 1, config={"cleanup.policy": "compact"})
    admin.create_topics([kept])[changelog].result(20)
    producer.init_transactions(20)
    consumer.subscribe([source])
    produce, counts = producer.produce, dict[str, int]()
    changed, offsets = dict[bytes, tuple[int, int]](), dict[int, int]()
    began = 0.0
    while True:
        records = consumer.consume(5000, interval / 2)
        if records and not offsets:
            producer.begin_transaction()
            began = time.monotonic()
        for record in records:
            assert record.error() is None, record.error()
            key, partition = record.key(), record.partition()
            order = read_order(record.value())
            seen = counts[order.order_id] = counts.get(order.order_id, 0) + 1
            produce(sink, counted(order, seen), key, partition)
            changed[key] = seen, partition
            offsets[partition] = record.offset() + 1
        if offsets and time.monotonic() - began >= interval:
            for key, (seen, partition) in changed.items():
                produce(changelog, b"%d" % seen, key, partition)
            places = [TopicPartition(source, partition, offset) for partition, offset in offsets.items()]
            producer.send_offsets_to_transaction(places, consumer.consumer_group_metadata())
            producer.commit_transaction()
            changed.clear()
            offsets.clear()
        producer.poll(0)


if __name__ == "__main__":
    main()
