"""Topics of which a broker that has just come back knows nothing yet are not missing."""

from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from app.runtime import clients, preflight, topics_admin
from app.runtime.config import RuntimeConfig
from app.runtime.exits import MisconfiguredError, UnsafeError
from tests.kafka.counting import CATALOGUE, TOPOLOGY


@dataclass
class Broker:
    """Knows `topics` with one partition each; of the first answers each is without those in `forgotten`."""

    topics: dict[str, dict[str, str]]
    forgotten: list[set[str]] = field(default_factory=list)

    def list_topics(self, topic: str | None = None, *, timeout: float) -> Any:
        del timeout
        gone = self.forgotten.pop(0) if self.forgotten else set()
        known = {
            name: SimpleNamespace(partitions={} if name in gone else {0: None}, error=None) for name in self.topics
        }
        unknown = SimpleNamespace(partitions={}, error=KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
        return SimpleNamespace(topics=known if topic is None else {topic: known.get(topic, unknown)})

    def describe_configs(self, resources: Any, **_: Any) -> dict[Any, Any]:
        return {
            resource: SimpleNamespace(
                result=lambda of=resource: {
                    key: SimpleNamespace(value=value) for key, value in self.topics[of.name].items()
                }
            )
            for resource in resources
        }


@pytest.fixture
def config(tmp_path: Path) -> RuntimeConfig:
    return RuntimeConfig(bootstrap_servers="x", state_dir=tmp_path, partitions=1)


@pytest.fixture
def broker(config: RuntimeConfig, monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker(
        {wanted.name: dict(wanted.settings) for wanted in topics_admin.wanted_topics(config, TOPOLOGY, CATALOGUE)}
    )
    monkeypatch.setattr(clients, "admin", lambda _: made)
    return made


def test_what_is_known_a_moment_later_was_not_missing(config: RuntimeConfig, broker: Broker) -> None:
    broker.forgotten = [set(), {"events"}, {"events", "journal"}]
    preflight.check(config, TOPOLOGY, CATALOGUE, stop=Event())
    assert broker.forgotten == []


def test_what_stays_away_is_missing(config: RuntimeConfig, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "ABSENT_S", 0.1)
    del broker.topics["events"]
    with pytest.raises(MisconfiguredError, match="events: missing"):
        preflight.check(config, TOPOLOGY, CATALOGUE, stop=Event())


def test_a_topic_of_no_partitions_is_not_taken_for_an_empty_one(broker: Broker) -> None:
    assert clients.partitions_of(broker, "events", timeout=1) == [0]
    broker.forgotten = [{"events"}]
    for unknown in ("events", "others"):
        with pytest.raises(KafkaException):
            clients.partitions_of(broker, unknown, timeout=1)


class NewGroup:
    """A group that has read nothing of topics that hold the offsets 5 to 8, with what is there since the cutoff."""

    def __init__(self, since: int) -> None:
        self.since = since

    def list_topics(self, topic: str, *, timeout: float) -> Any:
        return SimpleNamespace(topics={topic: SimpleNamespace(partitions={0: None}, error=None)})

    def committed(self, places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        return places

    def offsets_for_times(self, places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        return [TopicPartition(at.topic, at.partition, self.since) for at in places]

    def get_watermark_offsets(self, place: TopicPartition, timeout: float) -> tuple[int, int]:
        return 5, 9


@pytest.mark.parametrize(("since", "is_old"), [(5, False), (6, True), (-1, True)], ids=["all", "some", "none"])
def test_a_new_group_does_not_act_on_topics_of_which_anything_is_too_old(config, since, is_old):
    expected = pytest.raises(UnsafeError, match="begins more than 7 days ago") if is_old else nullcontext()
    with expected:
        preflight.refuse_old_topics(config, TOPOLOGY, CATALOGUE, NewGroup(since))
