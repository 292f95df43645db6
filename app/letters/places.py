"""What the inbound topics on Kafka still have of refused messages: the originals, and what already repeats them."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from confluent_kafka import Consumer, KafkaError, TopicPartition

from app.letters.letter import Letter
from app.letters.redriving import SENT_AGAIN, target_of
from app.runtime import clients, faults
from app.runtime.config import RuntimeConfig
from app.runtime.exits import UnreachableError
from app.runtime.records import message_of, offset_of, place_of
from app.runtime.spans import STALL_S, WAIT_S, Spans, read_spans, size_of, spans_of
from app.runtime.topology import Message
from topics import dead_letters

NEAR = 1000
"""From one wanted offset to the next one within so many, reading on is quicker than to seek."""


def partitions_of(config: RuntimeConfig, topics: Iterable[str]) -> dict[str, int]:
    """How many partitions each of these topics has."""
    consumer = clients.reader(config, committed=True)
    try:
        return {topic: len(spans_of(consumer, config, topic)) for topic in sorted(set(topics) & set(SENT_AGAIN))}
    finally:
        consumer.close()


def originals_of(config: RuntimeConfig, letters: Sequence[Letter]) -> dict[str, Message]:
    """By the id of its letter, every message that still lies where it was refused, as it came in."""
    consumer = clients.reader(config, committed=True)
    try:
        return {
            letter_id: message
            for topic, of in _by_topic(letters).items()
            for letter_id, message in _fetch(consumer, topic, spans_of(consumer, config, topic), of)
        }
    finally:
        consumer.close()


def repeats_of(
    config: RuntimeConfig,
    letters: Sequence[Letter],
    *,
    by_murmur2: bool,
    began: Callable[[int], None],
    read: Callable[[int], None],
) -> dict[str, str]:
    """By the id of its letter, the place of the message that repeats it.

    Read from where the first of the letters' messages came in, in the partitions where repetitions of them lie. `began`
    is told how many offsets that are, `read` how many went by.
    """
    consumer, found = clients.reader(config, committed=True), dict[str, str]()

    def hear(messages: Sequence[Message]) -> None:
        for message in messages:
            for name, content in message.headers:
                if name == dead_letters.REDRIVEN_FROM:
                    place = dead_letters.place_of(message.topic, message.partition, message.offset)
                    found[content.decode(errors="replace")] = place

    try:
        spans = {topic: _spans(consumer, config, of, by_murmur2=by_murmur2) for topic, of in _by_topic(letters).items()}
        began(sum(map(size_of, spans.values())))
        for topic, wanted in spans.items():
            read_spans(consumer, topic, wanted, hear, read)
    finally:
        consumer.close()
    return found


def _by_topic(letters: Iterable[Letter]) -> Mapping[str, list[Letter]]:
    by_topic = defaultdict[str, list[Letter]](list)
    for letter in letters:
        if letter.topic in SENT_AGAIN:
            by_topic[letter.topic].append(letter)
    return by_topic


def _spans(consumer: Consumer, config: RuntimeConfig, letters: Sequence[Letter], *, by_murmur2: bool) -> Spans:
    since = max(0, min(letter.timestamp for letter in letters))
    spans = spans_of(consumer, config, letters[0].topic, since)
    targets = {target_of(letter, len(spans), by_murmur2=by_murmur2) for letter in letters}
    return {place: span for place, span in spans.items() if place[1] in targets}


def _fetch(consumer: Consumer, topic: str, spans: Spans, letters: Sequence[Letter]) -> Iterable[tuple[str, Message]]:
    """The records at some offsets, partitions beside each other; what is gone is passed over."""
    wanted = defaultdict[tuple[str, int], list[int]](list)
    for place, offset in sorted(
        {(place, one.offset) for one in letters for place in spans if place[1] == one.partition}
    ):
        if spans[place].low <= offset < spans[place].end:
            wanted[place].append(offset)
    consumer.assign([TopicPartition(*place, offsets[0]) for place, offsets in wanted.items()])
    sought, moved_at = dict[tuple[str, int], int](), time.monotonic()
    while wanted:
        for record in consumer.consume(NEAR, WAIT_S):
            error, place = record.error(), place_of(record)
            if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - its name
                if faults.answer(error, faults.MESSAGES) is not faults.Answer.RETRY:
                    raise faults.stop_for(error, f"reading {topic}")
                continue
            if place not in wanted:
                continue
            offsets, at = wanted[place], offset_of(record)
            moved_at = time.monotonic()
            if error is None and at == offsets[0]:
                yield (
                    dead_letters.place_of(topic, place[1], at),
                    message_of(record, topic, place[1], at),
                )
            while offsets and offsets[0] <= at:
                offsets.pop(0)
            if not offsets:
                del wanted[place]
            elif offsets[0] - at > NEAR and sought.get(place) != offsets[0]:
                sought[place] = offsets[0]
                consumer.seek(TopicPartition(*place, offsets[0]))
        if time.monotonic() - moved_at > STALL_S:
            raise UnreachableError(f"{topic} gave nothing for {STALL_S:.0f} s", "Is the broker up?")
