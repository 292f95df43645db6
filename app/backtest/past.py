"""Reads the past of an installation from its topics: the journal first, then what the inbound topics still hold.

A reader of its own, outside every group, that commits nothing: workers do not notice it. It reads committed records
from the first one at or after a time up to where each partition ended when the reading began, and says of each topic
from when on there is anything, and whether retention has taken what was asked for.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec
from confluent_kafka import Consumer

from agents.desk import milliseconds, moment
from app.backtest.recorded import Recorded
from app.runtime import clients
from app.runtime.config import RuntimeConfig
from app.runtime.spans import Spans, read_spans, size_of, spans_of
from app.runtime.topology import Message
from topics.catalogue import FX_RATES, INBOUND, JOURNAL, POLICIES

READ_WHOLE = (FX_RATES, POLICIES)
TOPICS = (JOURNAL, *(topic for topic in INBOUND if topic not in READ_WHOLE))


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


def read_past(
    config: RuntimeConfig, since: datetime, into: Recorded, *, began: Callable[[int], None], read: Callable[[int], None]
) -> Past:
    """Puts every message since a time into `into`. `began` is told how many offsets there are, `read` how many went by.

    The topics must exist. Raises UnreachableError where a broker does not answer, or a partition gives nothing more.
    """
    consumer = clients.reader(config, committed=True)
    try:
        spans = {topic: spans_of(consumer, config, topic, milliseconds(since)) for topic in TOPICS}
        began(sum(map(size_of, spans.values())))
        kept = []
        for topic in TOPICS:
            add = into.add_journal if topic == JOURNAL else into.add_inbound
            kept.append(_read(consumer, topic, spans[topic], add, read))
    finally:
        consumer.close()
    journal, *inbound = kept
    partial = journal.partial if journal.records else any(one.partial for one in inbound)
    return Past(tuple(kept), partial)


def _read(
    consumer: Consumer,
    topic: str,
    spans: Spans,
    add: Callable[[Sequence[Message]], None],
    read: Callable[[int], None],
) -> Kept:
    records, earliest = 0, None

    def hear(found: Sequence[Message]) -> None:
        nonlocal records, earliest
        messages = [message for message in found if not _is_beat(message)]
        add(messages)
        records += len(messages)
        earliest = min((message.timestamp for message in messages), default=None) if earliest is None else earliest

    read_spans(consumer, topic, spans, hear, read)
    cut = any(0 < span.low == span.start for span in spans.values())
    partial = any(span.start > 0 for span in spans.values())
    return Kept(topic, records, None if earliest is None else moment(earliest), cut, partial)


def _is_beat(message: Message) -> bool:
    """Whether it is a heartbeat that passed the journal, which tells of nothing."""
    return message.topic == JOURNAL and message.key is None
