"""Beats: one per partition and interval, made again where the round was not, and the age of the one longest ago."""

import time

import pytest

from app.metrics import HEARTBEAT_AGE, HEARTBEAT_TRIP, Metrics
from app.runtime.heartbeat import Heartbeat
from app.runtime.round import Staging
from app.runtime.topology import Batch, Message
from tests.runtime.toys import topology
from topics.heartbeats import IN, OUT, TOPIC, value_of


class Clock:
    """Two clocks that a test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_772_541_000.0
        monkeypatch.setattr(time, "time", lambda: self.now)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def beaten(heartbeat: Heartbeat) -> list[tuple[int | None, bytes | None]]:
    """What a round is given to say."""
    staging = Staging(topology(), version="0")
    heartbeat.beat(staging)
    assert all((out.topic, out.key) == (TOPIC, IN) for out in staging.outputs)
    return [(out.partition, out.value) for out in staging.outputs]


def out(partition: int, value: bytes) -> Batch:
    return Batch(TOPIC, partition, [Message(TOPIC, partition, 0, 0, OUT, value, ())])


def figure(metrics: Metrics, name: str) -> float:
    lines = metrics.text().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def age(metrics: Metrics) -> float:
    return figure(metrics, HEARTBEAT_AGE.name)


def test_each_partition_gets_a_beat_once_per_interval(clock: Clock) -> None:
    heartbeat = Heartbeat(TOPIC, 60, Metrics())
    assert (heartbeat.is_due(), beaten(heartbeat)) == (False, [])
    heartbeat.follow({1, 5})
    assert heartbeat.is_due()
    assert beaten(heartbeat) == [(1, b"1772541000000"), (5, b"1772541000000")]
    heartbeat.committed([])
    clock.now += 59
    assert (heartbeat.is_due(), beaten(heartbeat)) == (False, [])
    clock.now += 1
    assert [number for number, _ in beaten(heartbeat)] == [1, 5]


def test_a_round_that_was_dropped_has_not_beaten(clock: Clock) -> None:
    heartbeat = Heartbeat(TOPIC, 60, Metrics())
    heartbeat.follow({0})
    assert beaten(heartbeat) == beaten(heartbeat) != []
    heartbeat.committed([])
    assert beaten(heartbeat) == []


def test_the_age_is_that_of_the_partition_where_nothing_came_out_for_longest(clock: Clock) -> None:
    metrics = Metrics()
    heartbeat = Heartbeat(TOPIC, 60, metrics)
    heartbeat.follow({0, 1})
    began = value_of(int(clock.now * 1000))
    clock.now += 2
    assert age(metrics) == 2
    heartbeat.committed([out(0, began)])
    clock.now += 60
    heartbeat.committed([out(0, value_of(int(clock.now * 1000) - 500))])
    assert age(metrics) == 62, "nothing came out of the other one"
    heartbeat.committed([out(1, value_of(int(clock.now * 1000) - 250))])
    clock.now += 1
    assert age(metrics) == 1.5
    assert figure(metrics, f"{HEARTBEAT_TRIP.name}_count") == 3
    assert figure(metrics, f"{HEARTBEAT_TRIP.name}_sum") == 2 + 0.5 + 0.25


def test_partitions_that_go_are_forgotten_and_those_that_come_count_from_then(clock: Clock) -> None:
    metrics = Metrics()
    heartbeat = Heartbeat(TOPIC, 60, metrics)
    heartbeat.follow({0})
    clock.now += 30
    heartbeat.follow({0, 7})
    heartbeat.follow({7})
    clock.now += 5
    assert age(metrics) == 5
    heartbeat.follow(set())
    assert (age(metrics), heartbeat.is_due()) == (0, False)
    heartbeat.committed([out(0, b"1"), out(7, b"nonsense")])
    assert (age(metrics), figure(metrics, f"{HEARTBEAT_TRIP.name}_count")) == (0, 0)


def test_nothing_beats_where_it_is_switched_off(clock: Clock) -> None:
    for heartbeat in (Heartbeat(TOPIC, 0, Metrics()), Heartbeat(None, 60, Metrics())):
        heartbeat.follow({0})
        assert (heartbeat.is_due(), beaten(heartbeat)) == (False, [])
