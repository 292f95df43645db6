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
from app.runtime.records import OnBroker, message_of, offset_of, place_of
from app.runtime.spans import STALL_S, WAIT_S, Spans, read_spans, size_of, spans_of
from app.runtime.topology import Message
from topics import dead_letters

CLOCKS_DIFFER_MS = 24 * 3_600_000
"""So much the clocks of workers and of whoever redrives may differ."""
MISPLACED = dead_letters.DeadLetterCode.WRONG_PARTITION.value
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

    Looked for wherever a repetition may lie, open transactions waited for: `spans_to_search` has the rules. `began` is
    told how many offsets that are, `read` how many went by. UnreachableError where that cannot be read to its end.
    """
    consumer, ends = clients.reader(config, committed=True), clients.reader(config, committed=False)
    found = dict[str, str]()

    def hear(messages: Sequence[Message]) -> None:
        for message in messages:
            for name, content in message.headers:
                if name == dead_letters.REDRIVEN_FROM:
                    place = dead_letters.place_of(message.topic, message.partition, message.offset)
                    found[content.decode(errors="replace")] = place

    try:
        spans = {topic: _spans(ends, config, of, by_murmur2=by_murmur2) for topic, of in _by_topic(letters).items()}
        began(sum(map(size_of, spans.values())))
        for topic, wanted in spans.items():
            read_spans(consumer, topic, wanted, hear, read)
    finally:
        consumer.close()
        ends.close()
    return found


def _by_topic(letters: Iterable[Letter]) -> Mapping[str, list[Letter]]:
    by_topic = defaultdict[str, list[Letter]](list)
    for letter in letters:
        if letter.topic in SENT_AGAIN:
            by_topic[letter.topic].append(letter)
    return by_topic


def _spans(consumer: Consumer, config: RuntimeConfig, letters: Sequence[Letter], *, by_murmur2: bool) -> Spans:
    topic = letters[0].topic
    whole = spans_of(consumer, config, topic)
    late = spans_of(consumer, config, topic, earliest_repetition(letters))
    return spans_to_search(letters, whole, late, by_murmur2=by_murmur2)


def earliest_repetition(letters: Sequence[Letter]) -> int:
    """The time (ms) before which no repetition of these can have been sent.

    A publisher's clock may be wrong by anything, so the time of the letter counts where it is earlier.
    """
    times = [min(letter.timestamp, letter.refused_at) for letter in letters]
    return max(0, min(times) - CLOCKS_DIFFER_MS)


def spans_to_search(letters: Sequence[Letter], whole: Spans, late: Spans, *, by_murmur2: bool) -> Spans:
    """Where repetitions of one topic's letters may lie. `whole`: all that is there; `late`: from the earliest time on.

    A message that came in where its key belongs is repeated in its own partition, behind its own offset: no clock is
    asked. One that lay elsewhere may be repeated anywhere, because the number of partitions may have changed since, or
    the partitioner: there it is looked for in all partitions, by time.
    """
    starts = dict[OnBroker, int]()
    for letter in letters:
        target = target_of(letter, len(whole), by_murmur2=by_murmur2)
        anywhere = letter.code == MISPLACED or target != letter.partition
        for place, span in whole.items():
            if anywhere or place[1] == target:
                behind_it = letter.offset + 1 if letter.offset < span.end else span.low  # it was made anew
                start = late[place].start if anywhere else max(behind_it, span.low)
                starts[place] = min(start, starts.get(place, span.end))
    return {place: whole[place]._replace(start=start) for place, start in starts.items()}


def _fetch(consumer: Consumer, topic: str, spans: Spans, letters: Sequence[Letter]) -> Iterable[tuple[str, Message]]:
    """The records at some offsets, partitions beside each other; what is gone is passed over."""
    wanted = defaultdict[OnBroker, list[int]](list)
    for place, offset in sorted(
        {(place, one.offset) for one in letters for place in spans if place[1] == one.partition}
    ):
        if spans[place].low <= offset < spans[place].end:
            wanted[place].append(offset)
    consumer.assign([TopicPartition(*place, offsets[0]) for place, offsets in wanted.items()])
    sought, moved_at = dict[OnBroker, int](), time.monotonic()
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
