"""What others committed behind an open transaction is not overlooked: it is waited for, and read when it can be seen."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaException, Producer, TopicPartition
from confluent_kafka.admin import NewTopic

from app.runtime import clients, spans
from app.runtime.config import RuntimeConfig
from app.runtime.exits import UnreachableError
from app.runtime.extents import extents_of
from app.runtime.spans import read_spans, spans_of
from tests.kafka.harness import admin

pytestmark = pytest.mark.kafka


@pytest.fixture
def topic(bootstrap: str) -> str:
    name, client = f"spans-{time.time_ns()}", admin(bootstrap)
    client.create_topics([NewTopic(name, 1, 1)])[name].result(30)
    return name


@pytest.fixture
def config(bootstrap: str, tmp_path: Path) -> RuntimeConfig:
    return RuntimeConfig(bootstrap_servers=bootstrap, state_dir=tmp_path)


@pytest.fixture
def left_open(bootstrap: str, topic: str) -> Iterator[Producer]:
    """A transaction that began before another one, which is committed."""
    slow, quick = (
        Producer({"bootstrap.servers": bootstrap, "transactional.id": f"{topic}-{name}", "log_level": 0})
        for name in ("slow", "quick")
    )
    for producer, value in ((slow, b"not sure yet"), (quick, b"for good")):
        producer.init_transactions(30)
        producer.begin_transaction()
        producer.produce(topic, value)
        assert producer.flush(30) == 0
    quick.commit_transaction(30)
    return slow


def test_it_is_waited_for_and_named_and_read_once_the_other_has_ended(
    config: RuntimeConfig, topic: str, left_open: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed, ends = (clients.reader(config, committed=only) for only in (True, False))
    found: list[bytes | None] = []

    def read() -> None:
        wanted = spans_of(ends, config, topic)
        read_spans(
            committed, topic, wanted, lambda messages: found.extend(one.value for one in messages), lambda _: None
        )

    assert {place: span.end for place, span in spans_of(committed, config, topic).items()} == {(topic, 0): 0}
    monkeypatch.setattr(spans, "STALL_S", 2.0)
    with pytest.raises(UnreachableError, match=f"a transaction has been open for 2 s, in {topic}/0 at offset 0"):
        read()
    assert not found
    monkeypatch.setattr(spans, "STALL_S", 60.0)
    left_open.abort_transaction(30)
    read()
    assert found == [b"for good"]
    committed.close()
    ends.close()


def test_partitions_reach_as_far_as_each_of_them_says_by_itself(
    config: RuntimeConfig, topic: str, left_open: Producer
) -> None:
    for committed, end in ((True, 0), (False, 3)):  # three: two records, and the mark that one is for good
        consumer = clients.reader(config, committed=committed)
        assert consumer.get_watermark_offsets(TopicPartition(topic, 0), timeout=30) == (0, end)
        assert extents_of(consumer, [(topic, 0)], timeout=30) == {(topic, 0): (0, end)}
        consumer.close()
    left_open.abort_transaction(30)


def test_where_a_partition_does_not_exist_nothing_is_said_of_the_others(config: RuntimeConfig, topic: str) -> None:
    consumer = clients.reader(config, committed=True)
    with pytest.raises(KafkaException):
        extents_of(consumer, [(topic, 0), (topic, 1)], timeout=5)
    consumer.close()
