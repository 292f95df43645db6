"""Timers wait until what stood in the topics is handled: what came in time is not called late after a downtime."""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from app.runtime.catching_up import PASSES, CatchUp
from tests.kafka.counting import IN, OUT
from tests.kafka.harness import Workers, module, read_all, wait_for

ONE, TWO = ("in", 0), ("in", 1)
KEYS, IN_PAIRS = 40, 30
WAIT_MS = 12_000


def test_a_pass_is_over_when_all_partitions_stand_where_they_ended() -> None:
    ends, asked = {ONE: 5, TWO: 2}, []

    def find() -> dict[tuple[str, int], int]:
        asked.append(1)
        return dict(ends)

    catch_up = CatchUp()
    assert catch_up.done, "without partitions there is nothing to wait for"
    catch_up.begin()
    assert not catch_up.look({ONE: 5, TWO: 1}, find)
    ends[ONE] = 9  # it goes on meanwhile: that is for the next pass
    assert not catch_up.look({ONE: 5, TWO: 2}, find)
    assert len(asked) == 2
    assert not catch_up.done
    assert catch_up.look({ONE: 9, TWO: 2}, find)
    assert len(asked) == PASSES
    catch_up.begin()
    assert not catch_up.done


def test_a_broker_that_does_not_answer_is_asked_again() -> None:
    catch_up = CatchUp()
    catch_up.begin()
    assert not catch_up.look({ONE: 5}, lambda: None)
    assert catch_up.look({ONE: 5}, lambda: {ONE: 5})


@pytest.fixture
def bootstrap() -> Iterator[str]:
    cluster = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "embedded", "log_level": 0})
    yield ",".join(f"{broker.host}:{broker.port}" for broker in cluster.list_topics(timeout=10).brokers.values())
    del cluster


def publish(bootstrap: str, keys: int, until: int) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "log_level": 0})
    for n in range(keys):
        producer.produce(IN, b"%d" % until, b"key-%d" % n)
    assert producer.flush(30) == 0


def said(bootstrap: str) -> Counter[bytes | str | None]:
    return Counter(record.value() for record in read_all(bootstrap, OUT, committed=False))


def test_what_came_in_time_is_not_late_because_the_worker_was_down(bootstrap: str, tmp_path: Path) -> None:
    settings = {"bootstrap_servers": bootstrap, "state_dir": str(tmp_path), "mode": "at_least_once", "slot": "0"}
    settings["limits"] = {"round_messages_max": 1}  # a backlog of many rounds, however small it is
    with Workers(lambda _: module("tests.runtime.waiting", json.dumps(settings)), tmp_path / "workers.log") as workers:
        workers.start(0)
        until = int(time.time() * 1000) + WAIT_MS
        publish(bootstrap, KEYS, until)
        wait_for("all wait", lambda: said(bootstrap)[b"waiting"] == KEYS, 30)
        assert workers.stop(seconds=30) == {0: 0}
        publish(bootstrap, IN_PAIRS, until)
        wait_for("the waits are due", lambda: time.time() * 1000 > until, 30)
        workers.start(0)
        wait_for("all waits ended", lambda: said(bootstrap).total() == 2 * KEYS, 30)
    by_key = defaultdict(list)
    for record in read_all(bootstrap, OUT, committed=False):
        by_key[record.key()].append(record.value())
    in_time = {b"key-%d" % n for n in range(IN_PAIRS)}
    assert {key for key, words in by_key.items() if words == [b"waiting", b"paired"]} == in_time
    assert {key for key, words in by_key.items() if words == [b"waiting", b"late"]} == by_key.keys() - in_time
    assert len(by_key) == KEYS
