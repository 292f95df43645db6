"""Keys lie where the Java client and librdkafka put them."""

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from topics.partitioning import murmur2, partition_of

# Of Apache Kafka's own tests (UtilsTest.testMurmur2): signed 32-bit integers.
PUBLISHED = [
    (b"21", -973932308),
    (b"foobar", -790332482),
    (b"a-little-bit-long-string", -985981536),
    (b"a-little-bit-longer-string", -1486304829),
    (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
    (b"abc", 479470107),
]


@pytest.mark.parametrize(("key", "signed"), PUBLISHED, ids=[key.decode() for key, _ in PUBLISHED])
def test_the_hash_is_the_one_of_kafka(key, signed):
    assert murmur2(key) == signed % 2**32


@given(st.binary(max_size=300), st.integers(1, 200))
def test_every_key_has_a_partition(key, count):
    assert 0 <= murmur2(key) < 2**32
    assert 0 <= partition_of(key, count) < count


def test_librdkafka_puts_keys_where_we_look_for_them():
    keys = [b"k" * n for n in range(1, 20)] + [f"注文-{n}".encode() for n in range(40)] + [b"\0", b"\xff\xfe"]
    producer = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1, "partitioner": "murmur2_random"})
    servers = ",".join(f"{broker.host}:{broker.port}" for broker in producer.list_topics(timeout=10).brokers.values())
    count = len(producer.list_topics("keys", timeout=10).topics["keys"].partitions)
    found: dict[bytes, int] = {}
    for key in keys:
        producer.produce("keys", b"x", key)
    assert producer.flush(10) == 0
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "g", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition("keys", partition, 0) for partition in range(count)])
    for _ in range(200):
        for message in consumer.consume(len(keys), timeout=0.1):
            assert message.error() is None
            found[message.key()] = message.partition()
        if len(found) == len(keys):
            break
    consumer.close()
    assert count > 1
    assert found == {key: partition_of(key, count) for key in keys}
