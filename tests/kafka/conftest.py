"""One broker for all tests of the tier: KAFKA_BOOTSTRAP, or one that is started here."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kafka.harness import local_broker
from tests.kafka.proxy import Proxy


@pytest.fixture(scope="session")
def network() -> Iterator[Proxy]:
    """What lies between the broker and clients that come by `network.port`; good unless a test makes it bad."""
    with Proxy() as proxy:
        yield proxy


@pytest.fixture(scope="session")
def own_broker(tmp_path_factory: pytest.TempPathFactory, network: Proxy) -> Iterator[Any]:
    """A broker that tests may kill; None where a given one is used."""
    if os.environ.get("KAFKA_BOOTSTRAP"):
        yield None
        return
    door = local_broker.Door(network.target, network.port)
    with local_broker.Broker(Path(tmp_path_factory.mktemp("kafka")), door=door) as broker:
        yield broker


@pytest.fixture(scope="session")
def bootstrap(own_broker: Any) -> str:
    return os.environ.get("KAFKA_BOOTSTRAP") or own_broker.bootstrap


@pytest.fixture
def bad_network(own_broker: Any, network: Proxy) -> Iterator[Proxy]:
    """The network, for a test that makes it bad; good again afterwards."""
    if own_broker is None:
        pytest.skip("KAFKA_BOOTSTRAP names a broker that has no proxy in front of it")
    yield network
    network.mend()
