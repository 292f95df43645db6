"""Exactly once behind a network that is slow, narrow, deaf in one direction or cut: late, and right."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.kafka.counted import RIGHT, Installation
from tests.kafka.harness import wait_for
from tests.kafka.proxy import Proxy

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

RATE = 500


@pytest.fixture
def installation(bad_network: Proxy, bootstrap: str, tmp_path: Path) -> Installation:
    made = Installation(bootstrap, f"network-{time.time_ns()}", tmp_path)
    made.create_topics()
    return made


class Fault(NamedTuple):
    """`shows`: whether it hit, by what the network counted before and counts now."""

    name: str
    begin: Callable[[Proxy], object]
    lasts: float
    shows: Callable[[Proxy, int], bool] = lambda network, passed: network.passed > passed


def deaf(network: Proxy) -> None:
    network.answers_lost = True


def late(network: Proxy) -> None:
    network.delay = 0.1


def narrow(network: Proxy) -> None:
    network.bytes_per_second = 150_000


FAULTS = [
    Fault("each way takes 100 ms", late, 4),
    Fault("answers are lost", deaf, 2, lambda network, _: network.lost > 0),
    pytest.param(Fault("150 kB pass in a second", narrow, 10), marks=pytest.mark.long),
    pytest.param(
        Fault("it is cut", Proxy.cut, 4, lambda network, passed: network.passed == passed), marks=pytest.mark.long
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_everything_is_counted_once_whatever_the_network_does(
    installation: Installation, bad_network: Proxy, fault: Fault
) -> None:
    with installation.workers(bootstrap_servers=f"127.0.0.1:{bad_network.port}") as workers:
        workers.start(0, 1)
        wait_for("both have their share", lambda: workers.said().count("assigned 4 partitions") >= 2, 40)
        load = installation.load(RATE)
        wait_for("work is in flight", lambda: installation.counted() >= 300, 40)
        fault.begin(bad_network)
        passed, ends = bad_network.passed, time.monotonic() + fault.lasts
        counted = installation.counted()
        wait_for("the fault lasts", lambda: time.monotonic() > ends, fault.lasts + 10)
        assert fault.shows(bad_network, passed)
        bad_network.mend()
        sent = load.stop()
        assert counted < sent, "work was in flight"
        installation.wait_until_counted(sent)
        # whatever was under way is said again: so short a fault is no reason to start anew
        assert not workers.exits, workers.said()
    assert installation.verdict(sent) == RIGHT
