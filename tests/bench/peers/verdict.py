"""What came out: whether every event was counted exactly once, and when the broker got the answers."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, TopicPartition

from tests.bench.peers.feed import PREFIX
from tests.bench.peers.order import read_counted


class Verdict(NamedTuple):
    """How many events have no answer, how many answers came again, and how many bear the wrong count."""

    lost: int
    repeated: int
    wrong: int

    @property
    def text(self) -> str:
        """In words, for the table."""
        found = [f"{number:,} {name}" for name, number in self._asdict().items() if number]
        return ", ".join(found) or "each once"


def judge(answers: Iterable[tuple[int, int]], expected: Sequence[int]) -> Verdict:
    """Holds answers (number of the event, count) against the count that each event must have.

    Of several answers to one event the first counts; an answer to an event that nobody sent is wrong.
    """
    answered = bytearray(len(expected))
    repeated = wrong = 0
    for number, count in answers:
        if not 0 <= number < len(expected):
            wrong += 1
        elif answered[number]:
            repeated += 1
        else:
            answered[number] = 1
            wrong += count != expected[number]
    return Verdict(answered.count(0), repeated, wrong)


def answers(bootstrap: str, places: Sequence[TopicPartition], appended: Counter[int]) -> Iterator[tuple[int, int]]:
    """All committed answers; counts in `appended` how many the broker got in each millisecond since the epoch."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "judge",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
            "queued.min.messages": 200_000,
            "fetch.queue.backoff.ms": 5,
        }
    )
    consumer.assign([TopicPartition(place.topic, place.partition, 0) for place in places])
    left = {place.partition for place in places}
    while left:
        for record in consumer.consume(10_000, 1.0):
            if error := record.error():
                assert error.code() == KafkaError._PARTITION_EOF, error
                left.discard(record.partition())
                continue
            appended[record.timestamp()[1]] += 1
            answer = read_counted(record.value())
            yield int(answer.event_id.removeprefix(PREFIX)), answer.count
    consumer.close()
