"""Beats: one per partition and interval, made again where the round was not, and the age of the one longest ago."""

import time

import pytest

from app.metrics import HEARTBEAT_AGE, HEARTBEAT_TRIP, Metrics
from app.runtime.heartbeat import BEGUN_MAX, Heartbeat
from app.runtime.round import Staging
from app.runtime.topology import Batch, Message
from tests.runtime.toys import batch, message, topology
from topics.catalogue import HEARTBEATS
from topics.heartbeats import IN, OUT, value_of


class Clock:
    """Two clocks that a test moves: `now` both, `stepped` the time of day alone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.stepped = 1_772_541_000.0, 0.0
        monkeypatch.setattr(time, "time", lambda: self.now + self.stepped)
        monkeypatch.setattr(time, "monotonic", lambda: self.now - 1_772_000_000.0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def beaten(heartbeat: Heartbeat) -> list[tuple[int | None, bytes | None]]:
    """What a round is given to say."""
    staging = Staging(topology(), version="0")
    heartbeat.beat(staging)
    assert all((out.topic, out.key) == (HEARTBEATS, IN) for out in staging.outputs)
    return [(out.partition, out.value) for out in staging.outputs]


def out(partition: int, value: bytes) -> Batch:
    return Batch(HEARTBEATS, partition, [Message(HEARTBEATS, partition, 0, 0, OUT, value, ())])


def figure(metrics: Metrics, name: str) -> float:
    lines = metrics.text().decode().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))


def age(metrics: Metrics) -> float:
    return figure(metrics, HEARTBEAT_AGE.name)


def test_each_partition_gets_a_beat_once_per_interval(clock: Clock) -> None:
    heartbeat = Heartbeat(HEARTBEATS, 60, Metrics())
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
    heartbeat = Heartbeat(HEARTBEATS, 60, Metrics())
    heartbeat.follow({0})
    assert beaten(heartbeat) == beaten(heartbeat) != []
    heartbeat.committed([])
    assert beaten(heartbeat) == []


def test_the_age_is_that_of_the_partition_where_nothing_came_out_for_longest(clock: Clock) -> None:
    metrics = Metrics()
    heartbeat = Heartbeat(HEARTBEATS, 60, metrics)
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


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_step_of_the_time_of_day_changes_no_age_and_no_trip(clock: Clock, step: float) -> None:
    metrics = Metrics()
    heartbeat = Heartbeat(HEARTBEATS, 60, metrics)
    heartbeat.follow({0})
    ((_, began),) = beaten(heartbeat)
    heartbeat.committed([])
    clock.now += 4
    clock.stepped += step
    assert age(metrics) == 4
    heartbeat.committed([out(0, began or b"")])
    clock.now += 3
    assert age(metrics) == 7
    assert figure(metrics, f"{HEARTBEAT_TRIP.name}_sum") == 4


def test_of_a_beat_that_another_process_began_its_time_of_day_is_what_is_known(clock: Clock) -> None:
    metrics = Metrics()
    heartbeat = Heartbeat(HEARTBEATS, 60, metrics)
    heartbeat.follow({0})
    clock.now += 50
    heartbeat.committed([out(0, value_of(int(clock.now * 1000) - 2000))])
    assert age(metrics) == 2
    heartbeat.committed([out(0, value_of(int(clock.now * 1000) + 9000))])
    assert age(metrics) == 0


def test_what_is_remembered_of_beats_is_bounded(clock: Clock) -> None:
    heartbeat = Heartbeat(HEARTBEATS, 60, Metrics())
    heartbeat.follow({0})
    for _ in range(BEGUN_MAX + 5):
        beaten(heartbeat)
        heartbeat.committed([])
        clock.now += 60
    assert len(heartbeat._begun) == BEGUN_MAX


def test_partitions_that_go_are_forgotten_and_those_that_come_count_from_then(clock: Clock) -> None:
    metrics = Metrics()
    heartbeat = Heartbeat(HEARTBEATS, 60, metrics)
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


def keyless(topic: str, *values: bytes | None) -> Batch:
    return Batch(topic, 0, [Message(topic, 0, offset, 0, None, value, ()) for offset, value in enumerate(values)])


@pytest.mark.parametrize(
    ("batches", "beside"),
    [
        ([], False),
        ([out(0, b"1772541000000")], False),
        ([keyless("journal", b"1772541000000", b"1772541060000"), out(1, b"1772541000000")], False),
        ([keyless("journal", b"1772541000000", b"{}")], True),
        ([keyless("orders", None)], True),
        ([out(0, b"1772541000000"), batch(message(0, value=b"1772541000000"))], True),
    ],
)
def test_what_else_than_beats_a_round_handles_is_told_apart(batches: list[Batch], beside: bool) -> None:
    assert Heartbeat(HEARTBEATS, 60, Metrics()).beside(batches) is beside


def test_nothing_beats_where_it_is_switched_off(clock: Clock) -> None:
    for heartbeat in (Heartbeat(HEARTBEATS, 0, Metrics()), Heartbeat(None, 60, Metrics())):
        heartbeat.follow({0})
        assert (heartbeat.is_due(), beaten(heartbeat)) == (False, [])
