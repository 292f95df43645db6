"""A stretch of a topic is read to its end or not at all: what hides it is waited for, and then named."""

from typing import Any

import pytest
from confluent_kafka import KafkaError, TopicPartition

from app.runtime import spans
from app.runtime.config import RuntimeConfig
from app.runtime.exits import UnreachableError
from app.runtime.spans import Span, read_spans

P0, P1 = ("t.orders", 0), ("t.orders", 1)


class Given:
    """A record, or with `error` the word that the partition ends here."""

    def __init__(self, place: tuple[str, int], offset: int, error: KafkaError | None = None) -> None:
        self._place, self._offset, self._error = place, offset, error

    def topic(self) -> str:
        return self._place[0]

    def partition(self) -> int:
        return self._place[1]

    def offset(self) -> int:
        return self._offset

    def error(self) -> KafkaError | None:
        return self._error

    def headers(self) -> None:
        return None

    def timestamp(self) -> tuple[int, int]:
        return (1, 0)

    def key(self) -> bytes:
        return b"k"

    def value(self) -> bytes:
        return b"v"


def end(place: tuple[str, int], offset: int) -> Given:
    return Given(place, offset, KafkaError(KafkaError._PARTITION_EOF))


class Broker:
    """Gives what a test says, call by call, and nothing after; a clock that goes on by a second with each call."""

    def __init__(self, *calls: list[Given]) -> None:
        self._calls = list(calls)
        self.seconds = 0.0

    def list_topics(self, topic: str, timeout: float) -> None:
        pass

    def assign(self, places: Any) -> None:
        pass

    def consume(self, count: int, seconds: float) -> list[Given]:
        self.seconds += 1
        return self._calls.pop(0) if self._calls else []

    def monotonic(self) -> float:
        return self.seconds


def read(monkeypatch: pytest.MonkeyPatch, wanted: dict[tuple[str, int], Span], *calls: list[Given]) -> list[int]:
    broker, found = Broker(*calls), list[int]()
    monkeypatch.setattr(spans, "time", broker)
    read_spans(broker, "orders", wanted, lambda messages: found.extend(one.offset for one in messages), lambda _: None)  # type: ignore[arg-type]
    return found


def test_an_open_transaction_is_waited_for_and_what_lies_behind_it_is_read(monkeypatch):
    waiting = [[] for _ in range(50)]
    found = read(monkeypatch, {P0: Span(0, 0, 9)}, [Given(P0, 0), end(P0, 1)], *waiting, [Given(P0, 5), end(P0, 9)])
    assert found == [0, 5]


def test_one_that_does_not_end_is_named_with_its_place(monkeypatch):
    wanted = {P0: Span(0, 0, 9), P1: Span(0, 0, 2)}
    with pytest.raises(UnreachableError) as caught:
        read(monkeypatch, wanted, [Given(P0, 0), end(P0, 1)], [Given(P1, 0), Given(P1, 1)])
    said = "what follows cannot be judged yet: a transaction has been open for 60 s, in t.orders/0 at offset 1"
    assert caught.value.reason == said
    assert "refundry doctor" in caught.value.hint


def test_a_broker_that_gives_nothing_is_another_matter(monkeypatch):
    with pytest.raises(UnreachableError, match=r"t\.orders/0 gave nothing for 60 s\. Is the broker up"):
        read(monkeypatch, {P0: Span(0, 0, 9)}, [Given(P0, 0)])
    with pytest.raises(UnreachableError, match=r"t\.orders/0 gave nothing for 60 s\. Is the broker up"):
        read(monkeypatch, {P0: Span(0, 0, 9)}, [end(P0, 0)], [Given(P0, 5)])


BOUNDS = {-2: 10, -1: 20}  # by the protocol's times of the beginning and of the end


class Asked:
    """A topic of four partitions that begin at 10 and end at 20, and from where on it has records of a time."""

    from_then_on = (15, -1, 5, 25)

    def offsets_for_times(self, places: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        return [
            TopicPartition(at.topic, at.partition, BOUNDS.get(at.offset, self.from_then_on[at.partition]))
            for at in places
        ]


def test_a_stretch_begins_with_the_first_record_of_its_time_and_never_outside_of_what_is_there(monkeypatch, tmp_path):
    """Nothing so late begins at the end; between the two questions records may go, and others come."""
    monkeypatch.setattr(spans.clients, "partitions_of", lambda consumer, name, timeout: [0, 1, 2, 3])
    config, consumer = RuntimeConfig(bootstrap_servers="none:1", state_dir=tmp_path), Asked()
    found = spans.spans_of(consumer, config, "orders", since=1)  # type: ignore[arg-type]
    assert [(span.low, span.start, span.end) for span in found.values()] == [
        (10, 15, 20),
        (10, 20, 20),
        (10, 10, 20),
        (10, 20, 20),
    ]
    whole = spans.spans_of(consumer, config, "orders")  # type: ignore[arg-type]
    assert {span.start for span in whole.values()} == {10}
