"""A number of partitions that is not the one with which the group committed is found, whoever's offset says it."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import OFFSET_INVALID, TopicPartition

from app.runtime import clients
from app.runtime.config import Mode, RuntimeConfig
from app.runtime.exits import MisconfiguredError, UnsafeError
from app.runtime.partition_counts import PartitionCounts, other_counts

CONFIG = RuntimeConfig(bootstrap_servers="none:1", state_dir=Path("none"), app_id="shop")
COUNTS = {"orders": 6, "journal": 6}


@pytest.mark.parametrize(
    ("committed", "expected"),
    [
        ([], {}),
        ([("orders", "partitions=6"), ("journal", "partitions=6")], {}),
        # from before the number was noted, or by another program
        ([("orders", None), ("orders", ""), ("journal", "moved by hand"), ("journal", "4")], {}),
        ([("orders", "partitions=4"), ("journal", "partitions=6")], {"orders": 4}),
        # one partition is enough, the others may have been silent or moved by hand
        ([("orders", ""), ("journal", "partitions=6"), ("journal", "partitions=8")], {"journal": 8}),
        # a topic that no agent reads any more
        ([("former", "partitions=4")], {}),
    ],
)
def test_only_another_number_of_a_topic_that_is_read_is_found(
    committed: list[tuple[str, str | None]], expected: dict[str, int]
) -> None:
    assert other_counts(committed, COUNTS) == expected


class Broker:
    """Has `counts` partitions of each topic, and knows the group's offsets with their metadata."""

    def __init__(self, counts: dict[str, int]) -> None:
        self.counts = counts
        self.committed: list[Any] = []

    def list_topics(self, topic: str, *, timeout: float) -> Any:
        del timeout
        return SimpleNamespace(topics={topic: SimpleNamespace(partitions=dict.fromkeys(range(self.counts[topic])))})

    def committed_by(self, _: object, *, committed: bool, group: str) -> Any:
        assert (committed, group) == (False, "shop")
        return SimpleNamespace(committed=lambda *_: self.committed, close=lambda: None)


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    made = Broker({"orders": 4, "journal": 4})
    monkeypatch.setattr(clients, "admin", lambda _: made)
    monkeypatch.setattr(clients, "reader", made.committed_by)
    return made


def test_what_is_committed_is_refused_once_all_topics_have_another_number(broker: Broker) -> None:
    counts = PartitionCounts(CONFIG, broker.counts)
    counts.look(patience=0)
    broker.committed = counts.noted({("orders", 0): 7, ("journal", 3): 9})
    assert [(at.topic, at.partition, at.offset) for at in broker.committed] == [("orders", 0, 7), ("journal", 3, 9)]
    PartitionCounts(CONFIG, broker.counts).look(patience=0)
    broker.counts = {"orders": 6, "journal": 6}
    for worker in (counts, PartitionCounts(CONFIG, broker.counts)):
        with pytest.raises(UnsafeError, match=r"journal has 6 partitions, but .* with 4, orders has 6") as refused:
            worker.look(patience=0)
        assert refused.value.code == 5
    assert {at.metadata for at in counts.noted({("orders", 0): 8})} == {"partitions=4"}, "what is refused is not noted"


def test_a_group_without_an_offset_there_begins_with_any_number(broker: Broker) -> None:
    broker.committed = [TopicPartition("orders", 0, OFFSET_INVALID, "partitions=3")]
    PartitionCounts(CONFIG, broker.counts).look(patience=0)


def test_topics_of_which_messages_are_judged_by_partitions_have_as_many_as_the_settings_say(broker: Broker) -> None:
    def look(partitions: int, *placed: str) -> None:
        PartitionCounts(replace(CONFIG, partitions=partitions, placed=placed), broker.counts).look(patience=0)

    look(4, "orders")
    look(8)
    with pytest.raises(MisconfiguredError, match=r"orders has 4 partitions, and PARTITIONS is 8.*Set PARTITIONS to 4"):
        look(8, "orders")
    broker.committed = [TopicPartition("journal", 0, 7, "partitions=8")]
    with pytest.raises(UnsafeError, match="journal has 4 partitions"):
        look(8, "orders")


def test_the_embedded_broker_is_not_asked(broker: Broker) -> None:
    broker.counts = {}
    counts = PartitionCounts(replace(CONFIG, mode=Mode.AT_LEAST_ONCE), ["orders"])
    counts.look(patience=0)
    assert [at.metadata for at in counts.noted({("orders", 0): 1})] == [""]
