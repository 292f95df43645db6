"""Records of a topic from some offsets up to where it ended when that was asked: read once, outside of every group.

Nothing is committed, so workers do not notice it, and what is said meanwhile is not waited for.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from app.runtime import clients, faults
from app.runtime.config import RuntimeConfig
from app.runtime.exits import UnreachableError
from app.runtime.extents import extents_of
from app.runtime.records import OnBroker, message_of, offset_of, place_of
from app.runtime.topology import Message

RECORDS_PER_CALL = 2000
WAIT_S, ASSIGN_S, STALL_S = 0.2, 10.0, 60.0


class Span(NamedTuple):
    """What is to be read of a partition: from offset `start` up to `end`; `low` is the first one that exists."""

    low: int
    start: int
    end: int


Spans = Mapping[OnBroker, Span]


def spans_of(consumer: Consumer, config: RuntimeConfig, topic: str, since: int | None = None) -> Spans:
    """All partitions of a topic as they are now, from the first record at or after `since` on, in ms; None: the first.

    A consumer that reads committed records alone is told an end before the first open transaction, also where others
    committed behind it. Ask with one that reads all, where nothing may be overlooked. The topic must exist.
    UnreachableError where the broker does not say.
    """
    name, timeout = config.topic(topic), config.limits.call_timeout

    def ask() -> Spans:
        """Where each partition begins and ends now."""
        numbers = clients.partitions_of(consumer, name, timeout=timeout)
        extents = extents_of(consumer, [(name, number) for number in numbers], timeout=timeout)
        starts = {place: low for place, (low, _) in extents.items()}
        if since is not None:
            wanted = [TopicPartition(name, number, since) for number in numbers]
            for place in consumer.offsets_for_times(wanted, timeout=timeout):
                if place.error is not None:
                    raise KafkaException(place.error)
                low, end = extents[name, place.partition]
                # nothing so late: the answer is no offset
                starts[name, place.partition] = end if place.offset < 0 else min(max(place.offset, low), end)
        return {place: Span(low, starts[place], end) for place, (low, end) in extents.items()}

    return faults.insist(ask, what=f"where {name} begins and ends", patience=config.limits.patience)


def size_of(spans: Spans) -> int:
    """How many offsets there are in them."""
    return sum(span.end - span.start for span in spans.values())


def read_spans(
    consumer: Consumer,
    topic: str,
    spans: Spans,
    hear: Callable[[Sequence[Message]], None],
    read: Callable[[int], None],
) -> None:
    """Hands over every record of the spans, in the order of each partition, and tells `read` how many offsets went by.

    Open transactions inside of them are waited for. Raises the WorkerStopError that fits what it met, UnreachableError
    where a partition gives nothing more: it says of which a transaction is still open, and where.
    """
    waiting = {place: span.start for place, span in spans.items() if span.start < span.end}
    clients.assign(consumer, waiting, timeout=ASSIGN_S)
    moved_at, ended = time.monotonic(), dict[OnBroker, int]()
    while waiting:
        found, reached = _take(consumer, topic, ended)
        hear([message for place, message in found if message.offset < spans[place].end])
        for place, position in reached.items():
            if place in waiting and position > waiting[place]:
                read(min(position, spans[place].end) - waiting[place])
                waiting[place], moved_at = position, time.monotonic()
            if position >= spans[place].end:
                waiting.pop(place, None)
        if time.monotonic() - moved_at > STALL_S:
            raise _stalled(waiting, ended)


def _stalled(waiting: Mapping[OnBroker, int], ended: Mapping[OnBroker, int]) -> UnreachableError:
    """Why nothing comes: the broker answers that here is the end, and it was asked to be further on; or it is away."""
    hidden = [place for place, position in waiting.items() if ended.get(place) == position]
    if hidden:
        places = ", ".join(f"{name}/{number} at offset {waiting[name, number]}" for name, number in hidden)
        reason = f"what follows cannot be judged yet: a transaction has been open for {STALL_S:.0f} s, in {places}"
        return UnreachableError(reason, _OPEN)
    places = ", ".join(f"{name}/{number}" for name, number in waiting)
    return UnreachableError(f"{places} gave nothing for {STALL_S:.0f} s", "Is the broker up?")


_OPEN = (
    "It ends with its transaction timeout at the latest; one that does not is hanging: `refundry doctor` finds it, and "
    "says the commands that end it"
)


def _take(
    consumer: Consumer, topic: str, ended: dict[OnBroker, int]
) -> tuple[list[tuple[OnBroker, Message]], dict[OnBroker, int]]:
    """Some records, and how far each partition was read, markers of transactions included.

    Notes in `ended` where a partition was said to end: before the first open transaction.
    """
    found: list[tuple[OnBroker, Message]] = []
    reached: dict[OnBroker, int] = {}
    for record in consumer.consume(RECORDS_PER_CALL, WAIT_S):
        error = record.error()
        if error is None:
            place = place_of(record)
            found.append((place, message_of(record, topic, place[1], offset_of(record))))
            reached[place] = offset_of(record) + 1
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  its name
            reached[place_of(record)] = ended[place_of(record)] = offset_of(record)
        elif faults.answer(error, faults.MESSAGES) is not faults.Answer.RETRY:
            raise faults.stop_for(error, f"reading {topic}")
    return found, reached
