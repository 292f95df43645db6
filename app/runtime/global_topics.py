"""Compacted topics that every worker reads whole before it starts, and follows after: policies, rates."""

import time
from collections.abc import Callable, Mapping
from threading import Event

from confluent_kafka import Consumer, KafkaError

from app.runtime import clients, faults
from app.runtime.config import RuntimeConfig
from app.runtime.exits import UnreachableError
from app.runtime.extents import Extent, extents_of
from app.runtime.records import OnBroker, offset_of, place_of

Learn = Callable[[bytes | None, bytes | None], None]
"""Is called with the key and the value of a record."""
_LOOK_SECONDS = 0.05
"""A look lasts so long where fewer come than it asks for, and so does the one in which the end is met."""


class GlobalTopics:
    """Calls each topic's function with key and value of every committed record, in the order of its partition.

    The functions are called between rounds, by the thread that calls `read_whole` and `follow`. A record that they
    cannot accept is theirs to judge; what they raise ends the worker.
    """

    def __init__(self, config: RuntimeConfig, learn: Mapping[str, Learn]) -> None:
        self._config = config
        self._learn = {config.topic(name): function for name, function in learn.items()}
        self._consumer: Consumer | None = None

    def read_whole(self, stop: Event) -> None:
        """Reads each topic to its end as it is now. Raises UnreachableError where that end does not come."""
        if not self._learn:
            return
        self._consumer = clients.reader(self._config, committed=True, follows=True)
        extents = self._extents()
        firsts = {place: first for place, (first, _) in extents.items()}
        clients.assign(self._consumer, firsts, timeout=self._config.limits.call_timeout)
        waiting = {place: end for place, (first, end) in extents.items() if first < end}
        end_of_patience = time.monotonic() + self._config.limits.restore_stall
        while waiting and not stop.is_set():
            for place, position in self._hear(_LOOK_SECONDS).items():
                if position >= waiting.get(place, 0):
                    waiting.pop(place, None)
            if time.monotonic() > end_of_patience:
                raise UnreachableError(
                    f"{', '.join(f'{topic}/{number}' for topic, number in waiting)} could not be read to the end",
                    "Is a transaction hanging there? `refundry doctor` says so, and what to do before it is aborted",
                )

    def follow(self) -> None:
        """Hears what was said since. Does not wait."""
        if self._consumer is not None:
            self._hear(0)

    def close(self) -> None:
        """Ends the reading."""
        if self._consumer is not None:
            self._consumer.close()

    def _hear(self, wait: float) -> dict[OnBroker, int]:
        assert self._consumer is not None, "read whole first"
        reached: dict[OnBroker, int] = {}
        for record in self._consumer.consume(1000, wait):
            place, error = place_of(record), record.error()
            if error is None:
                self._learn[place[0]](record.key(), record.value())
                reached[place] = offset_of(record) + 1
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  its name
                reached[place] = offset_of(record)
            elif faults.answer(error, faults.MESSAGES) is not faults.Answer.RETRY:
                raise faults.stop_for(error, f"reading {place[0]}")
        return reached

    def _extents(self) -> dict[OnBroker, Extent]:
        limits = self._config.limits
        consumer = clients.reader(self._config, committed=False)

        def ask() -> dict[OnBroker, Extent]:
            timeout = limits.call_timeout
            places = [
                (topic, number)
                for topic in self._learn
                for number in clients.partitions_of(consumer, topic, timeout=timeout)
            ]
            return extents_of(consumer, places, timeout=timeout)

        try:
            return faults.insist(ask, what="where the policies and rates end", patience=limits.patience)
        finally:
            consumer.close()
