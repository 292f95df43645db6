"""Reads all that an installation has published, and says what of it retention has taken."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from confluent_kafka import Consumer

from app.audit.books import reckon
from app.audit.found import body_of
from app.audit.verifying import Revisions, Verifier
from app.reports.money import MoneyReport
from app.reports.said import Period
from app.runtime.config import RuntimeConfig
from app.runtime.spans import read_spans, size_of, spans_of
from app.runtime.topology import Message, Output
from topics.catalogue import ALERTS, DEAD_LETTERS, DECISIONS, OUTBOUND
from topics.dead_letters import place_of
from topics.partitioning import partition_of

TOPICS = tuple(topic for topic in OUTBOUND if topic != DEAD_LETTERS)
READINGS_MAX = 4
PROGRAMMES = "alerts of monitoring programmes"

Began = Callable[[int], Any]
Went = Callable[[int], Any]


class Kept(NamedTuple):
    """What is left of a partition: whether its first records are gone, and the time of the first that is there (ms)."""

    cut: bool
    earliest: int


class Published:
    """Hands every record to the verifier. `passed_over` counts what is not judged, by why."""

    def __init__(self, verifier: Verifier, passed_over: Counter[str]) -> None:
        self.money = MoneyReport(Period())
        self._verifier, self._passed_over = verifier, passed_over
        self._revisions = Revisions(verifier)
        self._kept: dict[tuple[str, int], Kept] = {}
        self._partitions: dict[str, int] = {}

    def read(self, consumer: Consumer, ends: Consumer, config: RuntimeConfig, began: Began, went: Went) -> None:
        """All that is committed now; and what is committed meanwhile, while the books seem not to close for that.

        `consumer` reads what is committed, `ends` knows where topics end for everybody.
        """
        read_to: dict[tuple[str, int], int] = {}

        def hear(messages: Sequence[Message]) -> None:
            for message in messages:
                self._take(message)

        for _ in range(READINGS_MAX):
            spans = {topic: spans_of(ends, config, topic) for topic in TOPICS}
            rest = {
                topic: {
                    place: span._replace(start=max(span.start, read_to.get(place, 0))) for place, span in of.items()
                }
                for topic, of in spans.items()
            }
            began(sum(map(size_of, rest.values())))
            for topic, of in rest.items():
                self._partitions[topic] = len(of)
                read_spans(consumer, topic, of, hear, went)
                read_to |= {place: span.end for place, span in of.items()}
            if not self.money.differences():
                return

    def is_older(self, output: Output, timestamp: int) -> bool:
        """Whether what a journal record of that time led to is older than what its topic still has."""
        count = self._partitions.get(output.topic, 1)
        kept = self._kept.get((output.topic, partition_of(output.key or b"", count)))
        return kept is not None and kept.cut and timestamp < kept.earliest

    def is_cut(self, topic: str, key: bytes) -> bool:
        """Whether the first records are gone of where a key lies."""
        kept = self._kept.get((topic, partition_of(key, self._partitions.get(topic, 1))))
        return kept is not None and kept.cut

    def _take(self, message: Message) -> None:
        where = (message.topic, message.partition)
        if where not in self._kept:
            self._kept[where] = Kept(message.offset > 0, message.timestamp)
        output = Output(message.topic, message.key, message.value, message.headers)
        place = place_of(message.topic, message.partition, message.offset)
        reckon(output, place, self._verifier, self.money)
        if message.topic == ALERTS and str(body_of(output).get("type")).startswith("programme."):
            self._passed_over[PROGRAMMES] += 1
            return
        self._verifier.publish(output, place, message.offset)
        if message.topic == DECISIONS:
            self._revisions.take(output, place, cut=self._kept[where].cut)
