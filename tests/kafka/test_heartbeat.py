"""Heartbeats on a real broker: they come out of each partition, say nothing to anybody, and stop where readers are."""

import re
import time
import urllib.request
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.kafka.harness import Workers, free_port, wait_for
from tests.kafka.product import Product
from tests.kafka.world import publisher
from topics.catalogue import OUTBOUND
from topics.heartbeats import IN, OUT

pytestmark = [pytest.mark.kafka]

PARTITIONS = 8
TRIPS = "refundry_heartbeat_trip_seconds_count"
AGE = "refundry_heartbeat_age_seconds"


class Idle(NamedTuple):
    """A worker of an installation in which nobody says anything, and its ops port."""

    product: Product
    workers: Workers
    ops: str

    def figure(self, name: str) -> float:
        """A metric's value, -1 where it is not there (yet)."""
        try:
            with urllib.request.urlopen(f"http://{self.ops}/metrics", timeout=2) as answer:
                found = re.search(rf"^{name} (\S+)$", answer.read().decode(), re.MULTILINE)
        except OSError:
            return -1
        return float(found[1]) if found else -1


@pytest.fixture(scope="module")
def idle(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Idle]:
    directory, ops = tmp_path_factory.mktemp("idle"), f"127.0.0.1:{free_port()}"
    product = Product(bootstrap, f"idle{time.time_ns()}", directory, heartbeat_s=1, ops_bind=ops)
    product.create()
    with product.workers() as workers:
        workers.start(0)
        made = Idle(product, workers, ops)
        wait_for("two beats came out of each partition", lambda: made.figure(TRIPS) >= 2 * PARTITIONS, 60)
        yield made


def test_beats_come_out_of_each_partition_and_say_nothing_to_anybody(idle: Idle) -> None:
    beats = idle.product.records("heartbeats")
    for key in (IN, OUT):
        assert {beat.partition for beat in beats if beat.key == key} == set(range(PARTITIONS))
    assert all(record.key is None for record in idle.product.records("case-events", whole=False))
    assert [topic for topic in OUTBOUND if idle.product.records(topic, whole=False)] == []
    assert idle.product.judged().holds


def test_the_age_tells_what_no_lag_tells_that_committed_records_cannot_be_read(idle: Idle) -> None:
    """A transaction that stays open on one partition of the journal: all that comes after it waits unseen."""
    wait_for("all is well", lambda: 0 <= idle.figure(AGE) < 5, 30)
    stranger = publisher(idle.product.bootstrap, **{"transactional.id": f"{idle.product.group}-stranger"})
    stranger.init_transactions(20)
    stranger.begin_transaction()
    stranger.produce(f"{idle.product.prefix}case-events", b"0", partition=3)
    assert stranger.flush(20) == 0
    wait_for("the age grows", lambda: idle.figure(AGE) > 10, 60)
    trips = idle.figure(TRIPS)
    wait_for("the other partitions beat", lambda: idle.figure(TRIPS) > trips + PARTITIONS, 30)
    stranger.abort_transaction(20)
    wait_for("all is well again", lambda: 0 <= idle.figure(AGE) < 5, 30)
