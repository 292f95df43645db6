"""The log in memory keeps the same promises as the tail of a topic on a broker, here the embedded one."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from app.demo import venue
from app.runtime.exits import UnreachableError
from app.runtime.tail import Tail
from tests.readside.cases import MemoryLog
from topics.catalogue import SNAPSHOTS

Said = Callable[[str, bytes | None], None]


@pytest.fixture(params=["in memory", "on a broker"])
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Any, Said]]:
    """A log, and how something is said in it."""
    if request.param == "in memory":
        log = MemoryLog()
        yield log, log.say
        return
    with venue.embedded(tmp_path) as config:
        producer = Producer({"bootstrap.servers": config.bootstrap_servers, "log_level": 0})

        def say(case_id: str, value: bytes | None) -> None:
            producer.produce(SNAPSHOTS, key=case_id, value=value)
            assert producer.flush(20) == 0

        tail = Tail(config, SNAPSHOTS)
        yield tail, say
        tail.close()


def read_until(log: Any, enough: Callable[[list[Any]], bool]) -> list[Any]:
    found: list[Any] = []
    end = time.monotonic() + 30
    while not enough(found):
        assert time.monotonic() < end, found
        found += log.read(10, 0.1)
    return found


def begin(log: Any) -> None:
    log.seek({partition: first for partition, (first, _) in log.ranges().items()})


def test_a_topic_has_an_id_that_stays(told):
    log, say = told
    before = log.topic_id()
    say("m/o1", b"{}")
    assert log.topic_id() == before


def test_it_is_complete_when_all_that_was_there_is_read_and_not_before(told):
    log, say = told
    for number in range(25):
        say(f"m/o{number}", b"{}")
    begin(log)
    assert log.complete_at is None
    before = time.time()
    found = read_until(log, lambda _: log.complete_at is not None)
    assert sorted(record.key for record in found) == sorted(f"m/o{number}".encode() for number in range(25))
    assert before <= log.complete_at <= time.time()


def test_what_is_said_later_follows_and_an_erased_case_has_no_value(told):
    log, say = told
    begin(log)
    read_until(log, lambda _: log.complete_at is not None)
    complete_at = log.complete_at
    say("m/o1", b"{}")
    say("m/o1", None)
    found = read_until(log, lambda found: len(found) == 2)
    assert [(record.key, record.value) for record in found] == [(b"m/o1", b"{}"), (b"m/o1", None)]
    read_until(log, lambda _: log.complete_at > complete_at)


def test_whoever_goes_back_reads_again_from_there(told):
    log, say = told
    for _ in range(5):
        say("m/o1", b"{}")
    begin(log)
    first = read_until(log, lambda found: len(found) == 5)
    ranges = log.ranges()
    log.seek({partition: end for partition, (_, end) in ranges.items()} | {first[3].partition: first[3].offset})
    assert log.complete_at is None
    assert read_until(log, lambda found: len(found) == 2) == first[3:]


def test_the_ranges_hold_all_that_was_said(told):
    log, say = told
    assert all(first == end for first, end in log.ranges().values())
    say("m/o1", b"{}")
    begin(log)
    (record,) = read_until(log, lambda found: len(found) == 1)
    first, end = log.ranges()[record.partition]
    assert first <= record.offset < end


def test_a_broker_that_is_gone_says_of_nothing_that_it_is_complete_and_is_not_waited_for_without_end(tmp_path):
    with venue.embedded(tmp_path) as config:
        tail = Tail(replace(config, limits=replace(config.limits, patience=2.0)), SNAPSHOTS)
        begin(tail)
        read_until(tail, lambda _: tail.complete_at is not None)
    gone = time.time()
    with pytest.raises(UnreachableError, match=SNAPSHOTS):
        read_until(tail, lambda _: False)
    assert tail.complete_at < gone
    tail.close()
