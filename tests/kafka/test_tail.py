"""A reader outside of any group knows up to when it has read everything: only Kafka can tell it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import NewTopic

from app.runtime.config import RuntimeConfig
from app.runtime.exits import MisconfiguredError
from app.runtime.tail import ASK_S, Said, Tail
from tests.kafka.harness import admin, wait_for
from tests.kafka.proxy import Proxy

pytestmark = pytest.mark.kafka

PARTITIONS = 2
SECONDS = 60.0
LASTS = ASK_S + 2
"""Long enough that a question that nobody answers is over."""


@pytest.fixture
def topic(bootstrap: str) -> str:
    name, client = f"tail-{time.time_ns()}", admin(bootstrap)
    for made in client.create_topics([NewTopic(name, PARTITIONS, 1)]).values():
        made.result(30)
    return name


@pytest.fixture
def writer(bootstrap: str, topic: str) -> Producer:
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": topic, "log_level": 0})
    producer.init_transactions(30)
    return producer


@contextmanager
def reading(bootstrap: str, topic: str, directory: Path) -> Iterator[Tail]:
    tail = Tail(RuntimeConfig(bootstrap_servers=bootstrap, state_dir=directory), topic)
    try:
        tail.seek({number: first for number, (first, _) in tail.ranges().items()})
        yield tail
    finally:
        tail.close()


def read_until_complete(tail: Tail, since: float) -> list[bytes | None]:
    """The values that were read until that was all there was at a moment not before `since`."""
    found: list[Said] = []
    end = time.monotonic() + SECONDS
    while tail.complete_at is None or tail.complete_at < since:
        assert time.monotonic() < end, found
        found += tail.read(100, 0.1)
    return sorted(record.value or b"" for record in found)


def say(writer: Producer, topic: str, *values: str) -> None:
    """Begins a transaction in which these are said, on both partitions in turn."""
    writer.begin_transaction()
    for number, value in enumerate(values):
        writer.produce(topic, value.encode(), key=b"key", partition=number % PARTITIONS)
    assert writer.flush(30) == 0


def test_it_is_complete_behind_markers_aborted_records_and_before_an_open_transaction(
    bootstrap: str, topic: str, writer: Producer, tmp_path: Path
) -> None:
    say(writer, topic, "a", "b", "c")
    writer.commit_transaction(30)
    say(writer, topic, "never", "never", "never")
    writer.abort_transaction(30)
    with reading(bootstrap, topic, tmp_path) as tail:
        assert read_until_complete(tail, time.time()) == [b"a", b"b", b"c"]
        say(writer, topic, "open", "open")
        assert read_until_complete(tail, time.time()) == []
        writer.abort_transaction(30)
        assert read_until_complete(tail, time.time()) == []
        say(writer, topic, "d")
        writer.commit_transaction(30)
        assert read_until_complete(tail, time.time()) == [b"d"]


def deaf(network: Proxy) -> None:
    network.answers_lost = True


@pytest.mark.parametrize("spoil", [Proxy.cut, deaf], ids=["it is cut", "answers are lost"])
def test_while_the_network_is_bad_it_is_complete_up_to_before_and_afterwards_it_goes_on(
    bad_network: Proxy, topic: str, writer: Producer, tmp_path: Path, spoil: Callable[[Proxy], None]
) -> None:
    with reading(f"127.0.0.1:{bad_network.port}", topic, tmp_path) as tail:
        read_until_complete(tail, time.time())
        spoil(bad_network)
        gone = time.time()
        say(writer, topic, "a", "b")
        writer.commit_transaction(30)
        ends, early = time.monotonic() + LASTS, []
        while time.monotonic() < ends:
            early += tail.read(100, 0.1)
        assert tail.complete_at is not None
        assert tail.complete_at < gone
        assert early == []
        bad_network.mend()
        assert read_until_complete(tail, time.time()) == [b"a", b"b"]


def test_a_topic_made_anew_under_its_name_is_told_by_its_id(bootstrap: str, topic: str, tmp_path: Path) -> None:
    client = admin(bootstrap)
    with reading(bootstrap, topic, tmp_path) as tail:
        first = tail.topic_id()
        assert tail.topic_id() == first
        for deleted in client.delete_topics([topic], operation_timeout=30).values():
            deleted.result(30)
        for made in client.create_topics([NewTopic(topic, PARTITIONS, 1)]).values():
            made.result(30)
        wait_for("it is another one", lambda: _id_of(tail) not in (first, None), SECONDS)


def _id_of(tail: Tail) -> str | None:
    """None while the broker has forgotten the old topic and does not know the new one."""
    try:
        return tail.topic_id()
    except MisconfiguredError:
        return None
