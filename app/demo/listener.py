"""Reads what the worker says while it says it: outputs for the judge, the journal to know when all is done."""

from collections.abc import Collection, Mapping

from confluent_kafka import Consumer, KafkaError, TopicPartition

from app.demo.publisher import Partition
from app.runtime import clients, faults
from app.runtime.config import Mode, RuntimeConfig
from app.runtime.exits import UnsafeError
from app.runtime.records import message_of, offset_of, place_of
from app.runtime.topology import Message

RECORDS_MAX = 2000
DROPPED = ("the embedded broker dropped records before they were read", "Try fewer --events")


class Listener:
    """A reader outside of any group, of committed records where the broker knows of commits.

    `ends` is, by topic and partition, the offset after the last record that was read.
    """

    def __init__(self, config: RuntimeConfig, topics: Collection[str]) -> None:
        """Reads `topics` (names of the contract) from their beginning."""
        self._config = config
        self._names = {config.topic(name): name for name in topics}
        self._places = [TopicPartition(name, n, 0) for name in self._names for n in range(config.partitions)]
        self._consumer: Consumer = clients.reader(config, committed=True, follows=True)
        self._consumer.assign(self._places)
        self._reached: dict[Partition, int] = {}
        self.ends: dict[Partition, int] = {}

    def listen(self, seconds: float) -> list[Message]:
        """What was said since, waiting for at most so long. UnsafeError where records were dropped unread."""
        said = []
        for record in self._consumer.consume(RECORDS_MAX, seconds):
            error, (name, partition) = record.error(), place_of(record)
            if error is None:
                said.append(self._read(message_of(record, self._names[name], partition, offset_of(record))))
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its name
                self._reached[self._names[name], partition] = offset_of(record)
            elif error.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001 - its name
                raise UnsafeError(*DROPPED)
            elif faults.answer(error, faults.MESSAGES) is not faults.Answer.RETRY:
                raise faults.stop_for(error, f"reading {name}")
        return said

    @property
    def places(self) -> list[Partition]:
        """What is read, by topic and partition."""
        return [(self._names[place.topic], place.partition) for place in self._places]

    def has_read_up_to(self, ends: Mapping[Partition, int]) -> bool:
        """Whether nothing below these offsets is left to be read."""
        # transaction markers take offsets too, so the end may be known by having been reached alone
        return all(end <= max(self._reached.get(at, 0), self.ends.get(at, 0)) for at, end in ends.items())

    def close(self) -> None:
        """Lets go of the broker."""
        self._consumer.close()

    def _read(self, message: Message) -> Message:
        place = (message.topic, message.partition)
        if self._config.mode is Mode.AT_LEAST_ONCE and message.offset > self.ends.get(place, 0):
            raise UnsafeError(*DROPPED)
        self.ends[place] = message.offset + 1
        return message
