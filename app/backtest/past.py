"""Reads the past of an installation from its topics: the journal first, then what the inbound topics still hold.

A reader of its own, outside every group, that commits nothing: workers do not notice it. It reads committed records
from the first one at or after a time up to where each partition ended when the reading began, and says of each topic
from when on there is anything, and whether retention has taken what was asked for.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from agents.desk import milliseconds, moment
from app.backtest.recorded import Recorded
from app.runtime import clients, faults
from app.runtime.config import RuntimeConfig
from app.runtime.exits import UnreachableError
from app.runtime.records import TopicPartition as Place
from app.runtime.records import message_of, offset_of, place_of
from app.runtime.topology import Message
from topics.catalogue import INBOUND

JOURNAL = "case-events"
TOPICS = (JOURNAL, *(topic for topic in INBOUND if topic not in ("fx-rates", "policies")))
READ_WHOLE = ("fx-rates", "policies")
RECORDS_PER_CALL = 2000
WAIT_S, STALL_S = 0.2, 60.0


class Kept(msgspec.Struct, frozen=True):
    """What a topic still had. `earliest`: the time of the first record read, None where there was none.

    `cut`: retention has taken records that would have been read. `partial`: records before the time asked for were
    passed over, or are gone.
    """

    topic: str
    records: int
    earliest: datetime | None
    cut: bool
    partial: bool


class Past(NamedTuple):
    """What was read of each topic. `partial`: there are orders that may have begun before it."""

    topics: tuple[Kept, ...]
    partial: bool


class Span(NamedTuple):
    """What is to be read of a partition: from offset `start` up to `end`; `low` is the first one that exists."""

    low: int
    start: int
    end: int


Spans = Mapping[Place, Span]


def read_past(
    config: RuntimeConfig, since: datetime, into: Recorded, *, began: Callable[[int], None], read: Callable[[int], None]
) -> Past:
    """Puts every message since a time into `into`. `began` is told how many offsets there are, `read` how many went by.

    The topics must exist. Raises UnreachableError where a broker does not answer, or a partition gives nothing more.
    """
    consumer = clients.reader(config, committed=True)
    try:
        spans = {topic: _spans(consumer, config, topic, since) for topic in TOPICS}
        began(sum(span.end - span.start for of in spans.values() for span in of.values()))
        kept = []
        for topic in TOPICS:
            add = into.add_journal if topic == JOURNAL else into.add_inbound
            kept.append(_read(consumer, topic, spans[topic], add, read))
    finally:
        consumer.close()
    journal, *inbound = kept
    partial = journal.partial if journal.records else any(one.partial for one in inbound)
    return Past(tuple(kept), partial)


def _spans(consumer: Consumer, config: RuntimeConfig, topic: str, since: datetime) -> Spans:
    name, timeout = config.topic(topic), config.limits.call_timeout

    def ask() -> Spans:
        numbers = consumer.list_topics(name, timeout=timeout).topics[name].partitions
        wanted = [TopicPartition(name, number, milliseconds(since)) for number in numbers]
        found = {}
        for place in consumer.offsets_for_times(wanted, timeout=timeout):
            if place.error is not None:
                raise KafkaException(place.error)
            low, end = consumer.get_watermark_offsets(TopicPartition(name, place.partition), timeout=timeout)
            # nothing so late: the answer is no offset
            start = end if place.offset < 0 else min(max(place.offset, low), end)
            found[name, place.partition] = Span(low, start, end)
        return found

    return faults.insist(ask, what=f"where {name} begins and ends", patience=config.limits.patience)


def _read(
    consumer: Consumer,
    topic: str,
    spans: Spans,
    add: Callable[[Sequence[Message]], None],
    read: Callable[[int], None],
) -> Kept:
    waiting = {place: span.start for place, span in spans.items() if span.start < span.end}
    consumer.assign([TopicPartition(*place, start) for place, start in waiting.items()])
    records, earliest, moved_at = 0, None, time.monotonic()
    while waiting:
        found, reached = _take(consumer, topic)
        messages = [message for place, message in found if message.offset < spans[place].end and not _is_beat(message)]
        add(messages)
        records += len(messages)
        earliest = min((message.timestamp for message in messages), default=None) if earliest is None else earliest
        for place, position in reached.items():
            if place in waiting and position > waiting[place]:
                read(min(position, spans[place].end) - waiting[place])
                waiting[place], moved_at = position, time.monotonic()
            if position >= spans[place].end:
                waiting.pop(place, None)
        if time.monotonic() - moved_at > STALL_S:
            raise UnreachableError(
                f"{', '.join(f'{name}/{number}' for name, number in waiting)} gave nothing for {STALL_S:.0f} s",
                "Is the broker up?",
            )
    cut = any(0 < span.low == span.start for span in spans.values())
    partial = any(span.start > 0 for span in spans.values())
    return Kept(topic, records, None if earliest is None else moment(earliest), cut, partial)


def _is_beat(message: Message) -> bool:
    """Whether it is a heartbeat that passed the journal, which tells of nothing."""
    return message.topic == JOURNAL and message.key is None


def _take(consumer: Consumer, topic: str) -> tuple[list[tuple[Place, Message]], dict[Place, int]]:
    """Some records, and how far each partition was read, markers of transactions included."""
    found: list[tuple[Place, Message]] = []
    reached: dict[Place, int] = {}
    for record in consumer.consume(RECORDS_PER_CALL, WAIT_S):
        error = record.error()
        if error is None:
            place = place_of(record)
            found.append((place, message_of(record, topic, place[1], offset_of(record))))
            reached[place] = offset_of(record) + 1
        elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  its name
            reached[place_of(record)] = offset_of(record)
        elif faults.answer(error, faults.MESSAGES) is not faults.Answer.RETRY:
            raise faults.stop_for(error, f"reading {topic}")
    return found, reached
