"""The least that a program on librdkafka can do, exactly once, with the same topics: read, parse, write, commit.

    python -m tests.bench.bare BOOTSTRAP PREFIX GROUP TOPIC

It is the measure for the worker: what Kafka and JSON alone cost, without any thought. One transaction per 100 ms or
5,000 messages, one record out per record in. Prints its figures as JSON.
"""

import json
import sys
import time

import msgspec
from confluent_kafka import Consumer, Producer, TopicPartition

from app.runtime.records import offset_of, place_of

INBOUND = ("orders", "payments", "disputes", "reviews")
IDLE_S = 1.0


def main() -> None:
    """Reads all there is, then stops."""
    bootstrap, prefix, group, out = sys.argv[1:]
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "queued.min.messages": 200_000,
            "fetch.queue.backoff.ms": 5,
            "fetch.wait.max.ms": 100,
        }
    )
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "transactional.id": group,
            "linger.ms": 5,
            "batch.size": 1_000_000,
            "compression.type": "lz4",
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    producer.init_transactions(20)
    consumer.subscribe([prefix + topic for topic in INBOUND])
    decode = msgspec.json.Decoder().decode
    count, unreadable, began, cpu_began, ended, cpu_ended = 0, 0, 0.0, 0.0, 0.0, 0.0
    while True:
        if not count:
            began, cpu_began = time.monotonic(), time.process_time()
        records = [record for record in consumer.consume(5000, 0.1) if record.error() is None]
        if not records:
            if count and time.monotonic() - ended > IDLE_S:
                break
            continue
        producer.begin_transaction()
        offsets: dict[tuple[str, int], int] = {}
        for record in records:
            try:
                decode(record.value() or b"")
            except (ValueError, RecursionError):
                unreadable += 1
            producer.produce(out, record.value(), record.key())
            offsets[place_of(record)] = offset_of(record) + 1
        places = [TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()]
        producer.send_offsets_to_transaction(places, consumer.consumer_group_metadata())
        producer.commit_transaction()
        count += len(records)
        ended, cpu_ended = time.monotonic(), time.process_time()
    figures = {
        "events": count,
        "seconds": ended - began,
        "cpu_seconds": cpu_ended - cpu_began,
        "unreadable": unreadable,
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
