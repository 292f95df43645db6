"""Each event is counted exactly once, in order, and the changelog says the same, whatever happens to the processes.

Each test first shows that its fault hit while work was in flight.
"""

import random
import signal
import time
from pathlib import Path

import pytest

from tests.kafka.counted import RIGHT, Installation
from tests.kafka.counting import BEATS
from tests.kafka.harness import Load, Workers, read_all, wait_for
from tests.kafka.three_brokers import ThreeBrokers

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

RATE = 1000


@pytest.fixture
def installation(bootstrap: str, tmp_path: Path, request: pytest.FixtureRequest) -> Installation:
    made = Installation(bootstrap, f"{request.node.originalname}-{time.time_ns()}"[-60:], tmp_path)
    made.create_topics()
    return made


def test_workers_that_are_killed_again_and_again_under_load(installation: Installation) -> None:
    dice = random.Random(7)
    with installation.workers() as workers:
        load = _load_in_flight(installation, workers)
        for _ in range(6):
            _more_is_counted(installation, dice.randrange(1, 1200))
            workers.kill(dice.randrange(2))
        killed_at = installation.counted()
        sent = load.stop()
        installation.wait_until_counted(sent)
    assert workers.exits[-signal.SIGKILL] == 6
    assert killed_at < sent, "work was in flight"
    assert installation.verdict(sent) == RIGHT


def test_workers_that_die_at_every_point_of_a_round(installation: Installation) -> None:
    with installation.workers(crash=0.04) as workers:
        workers.start(0, 1)
        load = installation.load(RATE)
        wait_for("the workers died often", lambda: workers.exits[-signal.SIGKILL] >= 6, 60)
        sent = load.stop()
    with installation.workers() as workers:
        workers.start(0, 1)
        installation.wait_until_counted(sent)
    assert installation.verdict(sent) == RIGHT


def test_a_zombie_is_fenced(installation: Installation) -> None:
    with installation.workers() as workers:
        load = _load_in_flight(installation, workers)
        alone = workers.said().count("assigned 8 partitions")
        workers.signal(0, signal.SIGSTOP)
        wait_for("the other took over", lambda: workers.said().count("assigned 8 partitions") > alone, 30)
        _more_is_counted(installation, 200)
        workers.signal(0, signal.SIGCONT)
        wait_for("the zombie ended itself", lambda: any(code > 0 for code in workers.exits), 30)
        sent = load.stop()
        installation.wait_until_counted(sent)
    assert installation.verdict(sent) == RIGHT


def test_a_zombie_is_fenced_in_a_round_without_messages_too(installation: Installation) -> None:
    with installation.workers(heartbeat_s=1, hold=1.0, hold_at="before_produce") as beating:
        beating.start(0)
        wait_for("a beat is about to be written", lambda: "holding" in beating.said(), 30)
        beating.signal(0, signal.SIGSTOP)
        with installation.workers() as others:
            before = others.said().count("assigned 8 partitions")
            others.start(1)
            wait_for("the other took over", lambda: others.said().count("assigned 8 partitions") > before, 30)
            beating.signal(0, signal.SIGCONT)
            wait_for("the zombie ended itself", lambda: any(code > 0 for code in beating.exits), 30)
            beating.kill(0, again=False)  # who comes in its place would beat again
    assert not read_all(installation.bootstrap, installation.config.topic(BEATS))


def test_brokers_are_killed_and_stopped_under_load(tmp_path: Path) -> None:
    """One after the other, each back before the next: with three replicas the topics stay writable all the time.

    A lone broker is no subject of a test: killed or stopped in order, it may lose the end of a transaction.
    """
    with ThreeBrokers(tmp_path / "brokers") as three:
        installation = Installation(three.bootstrap, f"killed-{time.time_ns()}", tmp_path, replication_factor=3)
        installation.create_topics()
        with installation.workers() as workers:
            load = _load_in_flight(installation, workers)
            first = three.brokers[0]
            for broker, end in (*((one, one.kill) for one in three.brokers), (first, first.stop)):
                end()
                _more_is_counted(installation, 300)
                broker.start()
                wait_for("it has all that the others have", three.in_sync, 120)
            sent = load.stop()
            installation.wait_until_counted(sent)
        assert installation.verdict(sent) == RIGHT


def test_a_restore_waits_for_a_dead_peers_open_transaction(installation: Installation) -> None:
    limits = {"transaction_timeout_ms": 12_000}
    with installation.workers() as workers:
        load = _load_in_flight(installation, workers, slots=(0,))
        workers.kill(0, again=False)
    with installation.workers(limits=limits, hold=30.0) as holding:
        holding.start(0)
        wait_for("a transaction is open", lambda: "holding" in holding.said(), 30)
        wait_for("its records are written", lambda: installation.open_records() > 0, 25)
        holding.kill(0, again=False)
        sent = load.stop()
    with installation.workers(limits=limits) as workers:
        workers.start(1)
        installation.wait_until_counted(sent)
    assert "committed up to" in workers.said(), "the restore met the open transaction"
    assert installation.verdict(sent) == RIGHT


def test_workers_that_join_and_leave_under_load(installation: Installation) -> None:
    with installation.workers() as workers:
        load = _load_in_flight(installation, workers)
        for slot, leave in ((2, workers.stop), (3, lambda one: workers.kill(one, again=False))):
            shares = workers.said().count("assigned ")
            workers.start(slot)
            wait_for("all got new shares", lambda before=shares: workers.said().count("assigned ") >= before + 3, 30)
            _more_is_counted(installation, 300)
            leave(slot)
            _more_is_counted(installation, 300)
        sent = load.stop()
        installation.wait_until_counted(sent)
    assert installation.verdict(sent) == RIGHT


def test_a_worker_that_is_told_to_stop_commits_and_ends_in_time(installation: Installation) -> None:
    with installation.workers() as workers:
        load = _load_in_flight(installation, workers)
        assert workers.stop(0, seconds=30) == {0: 0}
        workers.start(0)
        sent = load.stop()
        installation.wait_until_counted(sent)
        wait_for("no lag is left, not even of transaction markers", lambda: installation.lag() == 0, 10)
        assert workers.stop(seconds=30) == {0: 0, 1: 0}
    assert installation.verdict(sent) == RIGHT


def _load_in_flight(installation: Installation, workers: Workers, slots: tuple[int, ...] = (0, 1)) -> Load:
    workers.start(*slots)
    each = 8 // len(slots)
    wait_for("all have their share", lambda: workers.said().count(f"assigned {each} partitions") >= len(slots), 60)
    load = installation.load(RATE)
    _more_is_counted(installation, 300)
    return load


def _more_is_counted(installation: Installation, more: int, seconds: float = 60) -> None:
    before = installation.counted()
    wait_for(f"{more} more are counted", lambda: installation.counted() >= before + more, seconds)
