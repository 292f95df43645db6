"""Consumer records as the rest of the runtime wants them: what their type calls optional, and never is, is asserted."""

from collections.abc import Callable, Iterable
from operator import methodcaller
from typing import Any, Final

from confluent_kafka import Message as Record

from app.runtime.topology import Headers, Message

OnBroker = tuple[str, int]
"""A partition by its topic's name on the broker, prefix and all, and its number."""

headers_in: Final[Callable[[Record], Any]] = methodcaller("headers")
"""The headers of a record as the client has them. UNSAYABLE where the name of one is no UTF-8.

Never `record.headers()`: the client then returns half a list and an error beside it, for which CPython does not look
where a loop is hot, and the process falls over what is not in the list.
"""
UNSAYABLE: Final = (SystemError, UnicodeDecodeError)


def place_of(record: Record) -> OnBroker:
    """The topic's name on the broker, and the partition."""
    topic, partition = record.topic(), record.partition()
    assert topic is not None, "a consumed record has a topic"
    assert partition is not None, "a consumed record has a partition"
    return topic, partition


def offset_of(record: Record) -> int:
    """The record's offset; of an end-of-partition event, where reading goes on."""
    offset = record.offset()
    assert offset is not None, "a consumed record has an offset"
    return offset


def message_of(record: Record, topic: str, partition: int, offset: int) -> Message:
    """The record as agents see it, under the catalogue's topic name.

    Where the name of a header is no text it has none: what an event says is in its body.
    """
    try:
        headers = headers_in(record)
    except UNSAYABLE:
        headers = None
    seen = filled(headers) if headers else ()
    return Message(topic, partition, offset, record.timestamp()[1], record.key(), record.value(), seen)


def filled(headers: Iterable[Any]) -> Headers:
    """A record's headers; one without a value counts as empty."""
    return [(name, content or b"") for name, content in headers]


def named(places: Iterable[OnBroker]) -> str:
    """Partitions for a line of the log: `case-events 0-3 7, orders 2`."""
    numbers: dict[str, list[int]] = {}
    for topic, partition in sorted(places):
        numbers.setdefault(topic, []).append(partition)
    return ", ".join(f"{topic} {_spans(known)}" for topic, known in numbers.items())


def _spans(numbers: list[int]) -> str:
    """Rising numbers, neighbours drawn together."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][-1] == number - 1:
            spans[-1][1:] = [number]
        else:
            spans.append([number])
    return " ".join("-".join(map(str, span)) for span in spans)
