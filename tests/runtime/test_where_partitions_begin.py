"""Where a partition is read from and where it ends: nothing that was not read is passed over, and no answer is none."""

from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import OFFSET_INVALID, KafkaError, KafkaException, TopicPartition

from app.metrics import Metrics
from app.runtime.config import RuntimeConfig
from app.runtime.exits import UnsafeError
from app.runtime.partition_counts import PartitionCounts
from app.runtime.partitions import Partitions
from app.runtime.positions import begin_at
from app.runtime.progress import Progress
from app.runtime.round import Staging
from app.runtime.stores import Stores
from tests.runtime.toys import topology


class Consumer:
    """Asked where its partitions end it gives these offsets, or raises."""

    def __init__(self) -> None:
        self.ends: list[int] | KafkaException = []

    def offsets_for_times(self, places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        if isinstance(self.ends, KafkaException):
            raise self.ends
        return [TopicPartition(at.topic, at.partition, end) for at, end in zip(places, self.ends, strict=True)]


@pytest.fixture
def consumer() -> Consumer:
    return Consumer()


@pytest.fixture
def partitions(consumer: Any, tmp_path: Path) -> Partitions:
    config = RuntimeConfig(bootstrap_servers="none:1", state_dir=tmp_path, slot="0")
    return Partitions(
        config,
        topology(),
        consumer=consumer,
        counts=PartitionCounts(config, ()),
        staging=Staging(topology(), version="0"),
        stores=Stores(config),
        progress=Progress(),
        metrics=Metrics(),
        on_restored=lambda: None,
    )


@pytest.mark.parametrize(("stands", "begins"), [(OFFSET_INVALID, 10), (10, 10), (15, 15), (20, 20)])
def test_a_group_goes_on_where_it_stands_and_a_new_one_begins_with_what_is_there(stands, begins):
    assert begin_at(TopicPartition("in", 0, stands), (10, 20)) == begins


@pytest.mark.parametrize("stands", [9, 21], ids=["what it has not read is gone", "the topic is another one"])
def test_a_group_that_stands_outside_of_what_is_there_does_not_go_on(stands):
    with pytest.raises(UnsafeError, match=f"in/0 holds 10 to 20, the group stands at {stands}"):
        begin_at(TopicPartition("in", 0, stands), (10, 20))


@pytest.mark.parametrize(
    ("ends", "found"),
    [
        ([15, 20], {("in", 0): 15, ("in", 1): 20}),
        ([0, 20], {("in", 0): 0, ("in", 1): 20}),
        ([15, -1], None),
        (KafkaException(KafkaError(KafkaError._TIMED_OUT)), None),
    ],
    ids=["all", "an empty one", "one is not known", "no answer"],
)
def test_ends_are_known_of_all_partitions_or_of_none(partitions, consumer, ends, found):
    partitions._positions.assign({("in", 0): 12, ("in", 1): 12})
    consumer.ends = ends
    assert partitions._find_ends() == found
