"""How far partitions reach, asked for all of them at once: one by one it takes two requests for each, and a worker's
start asks about a hundred.
"""

from collections.abc import Iterable

from confluent_kafka import Consumer, KafkaException, TopicPartition

from app.runtime.records import OnBroker

LATEST = -1
"""The protocol's "time" of a partition's end."""

_EARLIEST = -2

Extent = tuple[int, int]
"""The first offset that is still there, and the end."""


def extents_of(consumer: Consumer, places: Iterable[OnBroker], *, timeout: float) -> dict[OnBroker, Extent]:
    """As the leaders say now. A consumer that reads committed records alone is told an end before the first open
    transaction. KafkaException where a leader does not say.
    """
    places = list(places)
    firsts, ends = (_offsets_at(consumer, time, places, timeout) for time in (_EARLIEST, LATEST))
    return {place: (firsts[place], ends[place]) for place in places}


def _offsets_at(consumer: Consumer, time: int, places: list[OnBroker], timeout: float) -> dict[OnBroker, int]:
    found = consumer.offsets_for_times([TopicPartition(*place, time) for place in places], timeout) if places else []
    for at in found:
        if at.error is not None:
            raise KafkaException(at.error)
    return {(at.topic, at.partition): at.offset for at in found}
