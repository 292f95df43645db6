"""A round whose commit is aborted on the broker has happened for nobody, and is done again once.

Each test first shows that outputs of that round were on the broker: they stay there, seen by whoever also reads what
was aborted, and by nobody else.
"""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

from tests.kafka.counted import RIGHT, Installation
from tests.kafka.counting import IN, OUT, TABLE
from tests.kafka.harness import admin, read_all, wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

FIRST, ALL, ROW_BYTES = 30, 90, 2000
ABORTED = "a round was aborted and is read again"


@pytest.fixture
def installation(bootstrap: str, tmp_path: Path, request: pytest.FixtureRequest) -> Installation:
    made = Installation(bootstrap, f"{request.node.originalname}-{time.time_ns()}"[-60:], tmp_path)
    made.create_topics()
    return made


def publish(installation: Installation, numbers: range) -> None:
    producer = Producer({"bootstrap.servers": installation.bootstrap, "partitioner": "murmur2_random"})
    for number in numbers:
        producer.produce(installation.config.topic(IN), b"%d" % number, b"key-%d" % (number % 7))
    assert producer.flush(30) == 0


def take_no_rows(installation: Installation, *, more: bool) -> None:
    """From now on the broker refuses each row as too long, but not the markers of transactions; or (`more`) takes them
    again.
    """
    resource = ConfigResource(ResourceType.TOPIC, installation.config.changelog(TABLE))
    what = AlterConfigOpType.DELETE if more else AlterConfigOpType.SET
    resource.add_incremental_config(ConfigEntry("max.message.bytes", str(ROW_BYTES // 4), incremental_operation=what))
    client = admin(installation.bootstrap)
    (done,) = client.incremental_alter_configs([resource]).values()
    done.result(20)


def written(installation: Installation) -> int:
    """How many outputs were written by now, those of open and of aborted rounds among them."""
    return len(read_all(installation.bootstrap, installation.config.topic(OUT), committed=False))


def aborted(installation: Installation) -> set[int]:
    """The events whose counting was written and aborted. Waits until no transaction is open."""
    topic = installation.config.topic(OUT)
    committed = {(one.partition(), one.offset()) for one in read_all(installation.bootstrap, topic)}
    every = read_all(installation.bootstrap, topic, committed=False)
    return {json.loads(one.value())["id"] for one in every if (one.partition(), one.offset()) not in committed}


def until(what: str, ready: Callable[[], bool]) -> None:
    wait_for(what, ready, 60, every=0.05)


def test_a_round_of_which_the_broker_refuses_a_record_is_done_again_by_the_same_worker(
    installation: Installation,
) -> None:
    publish(installation, range(FIRST))
    with installation.workers(ballast=ROW_BYTES) as workers:
        workers.start(0)
        installation.wait_until_counted(FIRST)
        take_no_rows(installation, more=False)
        publish(installation, range(FIRST, ALL))
        until("rounds are aborted, again and again", lambda: workers.said().count(ABORTED) >= 3)
        assert installation.counted() == FIRST
        take_no_rows(installation, more=True)
        installation.wait_until_counted(ALL)
        assert not workers.exits, "nobody had to start anew"
        assert workers.stop() == {0: 0}
    in_vain = aborted(installation)
    assert in_vain
    assert in_vain <= set(range(FIRST, ALL))
    assert installation.verdict(ALL) == RIGHT


def test_a_round_whose_worker_was_outlived_is_aborted_by_it_and_done_by_another(installation: Installation) -> None:
    limits = {"transaction_timeout_ms": 60_000}
    publish(installation, range(FIRST))
    with (
        installation.workers(limits=limits, hold=3.0) as outlived,
        installation.workers(limits=limits) as others,
    ):
        outlived.start(0)
        until("outputs of a round are written", lambda: written(installation) > 0)
        outlived.signal(0, signal.SIGSTOP)
        assert installation.counted() == 0, "it was stopped amid the round"
        others.start(1)
        until("the other took over", lambda: "assigned 8 partitions" in others.said().split("holding")[-1])
        outlived.signal(0, signal.SIGCONT)
        until("the outlived one gave the round up", lambda: ABORTED in outlived.said())
        until("and ended", lambda: any(code > 0 for code in outlived.exits))
        outlived.kill(0, again=False)
        installation.wait_until_counted(FIRST)
    assert aborted(installation)
    assert installation.verdict(FIRST) == RIGHT


def test_a_round_that_the_broker_aborted_for_its_age_is_done_again_by_a_worker_that_starts_anew(
    installation: Installation,
) -> None:
    publish(installation, range(FIRST))
    with installation.workers(hold=3.0, hold_at="before_commit") as workers:
        workers.start(0)
        until("outputs of a round are written", lambda: written(installation) > 0)
        workers.signal(0, signal.SIGSTOP)
        assert installation.counted() == 0, "it was stopped amid the round"
        assert aborted(installation), "the broker ended the transaction"
        workers.signal(0, signal.SIGCONT)
        until("the worker ends, since it cannot commit", lambda: workers.exits.total() > 0)
        assert set(workers.exits) == {75}
        assert "commit_transaction" in workers.said()
        installation.wait_until_counted(FIRST)
    assert aborted(installation)
    assert installation.verdict(FIRST) == RIGHT
