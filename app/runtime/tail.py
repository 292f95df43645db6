"""A compacted topic, read from any position and followed after, for a reader whose position is kept elsewhere."""

import time
from collections.abc import Mapping
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError
from confluent_kafka import TopicPartition as Partition

from app.runtime import clients, faults
from app.runtime.config import RuntimeConfig
from app.runtime.exits import MisconfiguredError
from app.runtime.records import offset_of, place_of


class Said(NamedTuple):
    """One committed record. `value` None: the key is erased."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None


class Tail:
    """Reads outside of any group, and commits nothing. One thread calls it."""

    def __init__(self, config: RuntimeConfig, topic: str) -> None:
        """`topic`: its name in the contract."""
        self._config, self._topic = config, config.topic(topic)
        self._consumer: Consumer = clients.reader(config, committed=True)
        self._at_end: dict[int, float | None] = {}
        self._current: set[int] = set()

    def ranges(self) -> dict[int, tuple[int, int]]:
        """By partition, the first offset that is still there and the end as it is now.

        MisconfiguredError where there is no such topic, UnreachableError where the broker does not say.
        """
        limits = self._config.limits

        def ask() -> dict[int, tuple[int, int]]:
            found = self._consumer.list_topics(self._topic, timeout=limits.call_timeout).topics[self._topic]
            if not found.partitions:
                raise MisconfiguredError(
                    f"there is no topic {self._topic}", "`refundry topics create` makes what is missing"
                )
            return {
                number: self._consumer.get_watermark_offsets(
                    Partition(self._topic, number), timeout=limits.call_timeout
                )
                for number in found.partitions
            }

        return faults.insist(ask, what=f"where {self._topic} ends", patience=limits.patience)

    def seek(self, position: Mapping[int, int]) -> None:
        """Reads on from here, all partitions."""
        self._consumer.assign([Partition(self._topic, number, offset) for number, offset in position.items()])
        self._at_end, self._current = dict.fromkeys(position), set()

    def read(self, records_max: int, seconds: float) -> list[Said]:
        """What was committed since, waiting for at most so long. Raises the WorkerStopError that fits what it met."""
        said = []
        for record in self._consumer.consume(records_max, seconds):
            error, partition = record.error(), place_of(record)[1]
            if error is None:
                said.append(Said(partition, offset_of(record), record.key(), record.value()))
                self._current.discard(partition)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its name
                self._current.add(partition)
            elif faults.answer(error, faults.MESSAGES) is not faults.Answer.RETRY:
                raise faults.stop_for(error, f"reading {self._topic}")
        self._at_end.update(dict.fromkeys(self._current, time.time()))
        return said

    @property
    def complete_at(self) -> float | None:
        """When everything was read that was there then, Unix time; None: not since the last `seek`."""
        times = [time for time in self._at_end.values() if time is not None]
        return min(times) if times and len(times) == len(self._at_end) else None

    def close(self) -> None:
        """Lets go of the broker."""
        self._consumer.close()
