"""A compacted topic, read from any position and followed after, for a reader whose position is kept elsewhere.

A reader that hears nothing is not up to date for that: Kafka may be gone. So the leaders are asked where the topic
ends, and once that much is read, everything is here that was there when they were asked.
"""

import time
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, Final, NamedTuple

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicCollection, TopicPartition

from app.runtime import clients, faults, offsets
from app.runtime.config import Mode, RuntimeConfig
from app.runtime.exits import UnreachableError
from app.runtime.extents import Extent, extents_of
from app.runtime.records import message_of, offset_of, place_of

ASK_EVERY_S: Final = 1.0
ASK_S: Final = 5.0
"""What is not answered within this time is asked again; reading goes on meanwhile."""


class Said(NamedTuple):
    """One committed record. `value` None: the key is erased."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Tail:
    """Reads outside of any group, and commits nothing. One thread calls it."""

    def __init__(self, config: RuntimeConfig, topic: str) -> None:
        """`topic`: its name in the contract."""
        self._config, self._topic = config, config.topic(topic)
        self._consumer: Consumer = clients.reader(config, committed=True, follows=True)
        # on a connection of its own: behind the consumer's fetches each answer would take a tenth of a second
        self._admin = clients.admin(config)
        self._reached: dict[int, int] = {}
        self._complete_at: float | None = None
        self._asked_at, self._asked_tick, self._ask_next = 0.0, 0.0, 0.0
        self._complete_tick: float | None = None
        self._asked: dict[int, Future[Any]] = {}
        self._ends: Mapping[int, int] = {}
        """As they were at `_asked_at`; empty once that much is read."""
        self._unanswered_since: float | None = None

    def ranges(self) -> dict[int, Extent]:
        """By partition, the first offset that is still there and the end as it is now.

        MisconfiguredError where there is no such topic, UnreachableError where the broker does not say.
        """
        limits = self._config.limits

        def ask() -> dict[int, Extent]:
            timeout = limits.call_timeout
            numbers = clients.partitions_of(self._consumer, self._topic, timeout=timeout)
            extents = extents_of(self._consumer, [(self._topic, number) for number in numbers], timeout=timeout)
            return {number: extent for (_, number), extent in extents.items()}

        return faults.insist(ask, what=f"where {self._topic} ends", patience=limits.patience)

    def topic_id(self) -> str:
        """What tells the topic from one of the same name that is made after it is deleted. Raises as `ranges` does.

        Without transactions it is not known: the embedded broker answers no such question.
        """
        limits = self._config.limits
        if self._config.mode is Mode.AT_LEAST_ONCE:
            return "unknown"

        def ask() -> str:
            wanted = TopicCollection([self._topic])
            futures = self._admin.describe_topics(wanted, request_timeout=limits.call_timeout)
            return str(futures[self._topic].result().topic_id)

        return faults.insist(ask, what=f"which topic {self._topic} is", patience=limits.patience)

    def seek(self, position: Mapping[int, int]) -> None:
        """Reads on from here, all partitions."""
        self._consumer.assign([TopicPartition(self._topic, number, offset) for number, offset in position.items()])
        self._reached, self._complete_at, self._complete_tick = dict(position), None, None
        self._asked, self._ends, self._ask_next = {}, {}, 0.0

    def read(self, records_max: int, seconds: float) -> list[Said]:
        """What was committed since, waiting for at most so long.

        Raises the WorkerStopError that fits what it met, UnreachableError where Kafka stays away.
        """
        self._ask()
        said = []
        for record in self._consumer.consume(records_max, seconds):
            error, partition = record.error(), place_of(record)[1]
            if error is None:
                message = message_of(record, self._topic, partition, offset_of(record))
                said.append(Said(partition, message.offset, message.key, message.value, tuple(message.headers)))
                self._reached[partition] = offset_of(record) + 1
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its name
                # behind the markers of transactions, which are no records
                self._reached[partition] = offset_of(record)
            elif faults.answer(error, faults.MESSAGES) is not faults.Answer.RETRY:
                raise faults.stop_for(error, f"reading {self._topic}")
        self._hear()
        if self._ends and all(self._reached[number] >= end for number, end in self._ends.items()):
            self._complete_at, self._complete_tick, self._ends = self._asked_at, self._asked_tick, {}
        return said

    @property
    def complete_at(self) -> float | None:
        """When everything was read that was there then, Unix time; None: not since the last `seek`."""
        return self._complete_at

    def incomplete_s(self) -> float | None:
        """For how many seconds it is not known that everything is read; None: not known since the last `seek`.

        By a clock that only goes forward: a step of the time of day makes nobody late.
        """
        return None if self._complete_tick is None else time.monotonic() - self._complete_tick

    def close(self) -> None:
        """Lets go of the broker."""
        self._consumer.close()

    def _ask(self) -> None:
        """Asks where the topic ends, unless it was asked just now, or what was answered is not read yet."""
        if self._asked or self._ends or time.monotonic() < self._ask_next:
            return
        transactional = self._config.mode is Mode.TRANSACTIONAL
        self._asked_at, self._asked_tick = time.time(), time.monotonic()
        self._ask_next = self._asked_tick + ASK_EVERY_S
        futures = self._admin.list_offsets(
            {TopicPartition(self._topic, number): offsets.LATEST for number in self._reached},
            isolation_level=IsolationLevel.READ_COMMITTED if transactional else IsolationLevel.READ_UNCOMMITTED,
            request_timeout=ASK_S,
        )
        self._asked = {place.partition: future for place, future in futures.items()}

    def _hear(self) -> None:
        """Takes the answer, if it is there."""
        if not self._asked or not all(future.done() for future in self._asked.values()):
            return
        asked, self._asked = self._asked, {}
        try:
            self._ends = {number: offsets.told(future) for number, future in asked.items()}
            self._unanswered_since = None
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            what = f"where {self._topic} ends"
            if faults.answer(error) is faults.Answer.REFUSE:
                raise faults.stop_for(error, what) from failure
            # nothing that is not answered can do harm but by lasting; a leader that is away has names of many kinds
            now, patience = time.monotonic(), self._config.limits.patience
            if self._unanswered_since is None:
                self._unanswered_since = now
            elif now - self._unanswered_since > patience:
                hint = "Is the broker up, and the address right?"
                raise UnreachableError(f"{what}: {error.name()} for {patience:.0f} s", hint) from failure
