"""Settings that librdkafka does not take are for a person to change; a reader asks who leads before it reads."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from app.runtime import claim as claims
from app.runtime import clients
from app.runtime.config import RuntimeConfig
from app.runtime.exits import MisconfiguredError, WorkerStopError

MAKERS: list[Callable[[RuntimeConfig], Any]] = [
    lambda config: clients.producer(config, lambda _: None),
    lambda config: clients.group_consumer(config, lambda _: None),
    lambda config: clients.reader(config, committed=True),
    clients.admin,
]


@pytest.fixture
def config(tmp_path: Path) -> RuntimeConfig:
    """Its file of authorities is there, and is none."""
    authorities = tmp_path / "authorities.pem"
    authorities.write_text("not a certificate")
    security = {"security.protocol": "SSL", "ssl.ca.location": str(authorities)}
    return RuntimeConfig(bootstrap_servers="none:1", slot="0", state_dir=tmp_path, security=security)


@pytest.mark.parametrize("make", MAKERS, ids=["producer", "member", "reader", "admin"])
def test_a_file_that_holds_no_certificate_is_a_wrong_setting(
    config: RuntimeConfig, make: Callable[[RuntimeConfig], Any]
) -> None:
    with pytest.raises(MisconfiguredError, match=r"ssl\.ca\.location failed.*Look at the KAFKA_ settings"):
        make(config)


def test_a_worker_that_meets_it_ends_with_the_code_for_a_person(
    config: RuntimeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave_for(stop: WorkerStopError) -> None:
        raise stop

    monkeypatch.setattr(claims, "take_slot", lambda config: (None, config))
    monkeypatch.setattr(claims, "leave_for", leave_for)
    with pytest.raises(MisconfiguredError) as stopped:
        claims.claim(config)
    assert stopped.value.code == 3


class Asked:
    """Notes what it is asked; with `away` no broker answers."""

    def __init__(self, *, away: bool) -> None:
        self.away = away
        self.calls: list[Any] = []

    def list_topics(self, topic: str, timeout: float) -> None:
        self.calls.append(topic)
        if self.away:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))

    def assign(self, places: list[TopicPartition]) -> None:
        self.calls.append([(place.topic, place.partition, place.offset) for place in places])


@pytest.mark.parametrize("away", [False, True])
def test_who_leads_is_asked_before_and_reading_begins_also_where_nobody_says(away: bool) -> None:
    consumer: Any = Asked(away=away)
    clients.assign(consumer, {("orders", 0): 7, ("orders", 1): 9}, timeout=1)
    assert consumer.calls == ["orders", [("orders", 0, 7), ("orders", 1, 9)]]
