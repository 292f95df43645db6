"""The world around the product, on a broker: a shop that publishes its day, a provider and a staff that answer."""

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Self

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

from app.demo.provider import Provider
from app.demo.reviewer import verdict_on
from app.demo.shop import Message, day
from app.runtime.records import offset_of, place_of
from tests.kafka.harness import ends_of, insisted

LISTENED = ("refund-instructions", "refund-decisions")


def publisher(bootstrap: str, **more: Any) -> Producer:
    """A producer as the contract asks for one, that loses and repeats nothing."""
    settings = {"partitioner": "murmur2_random", "enable.idempotence": True, "linger.ms": 5, "log_level": 2}
    return Producer({"bootstrap.servers": bootstrap, **settings, **more})


class Shop:
    """A day of `events` messages, published in bursts."""

    def __init__(self, bootstrap: str, prefix: str, events: int, seed: int) -> None:
        began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        self._day: Iterator[Message] = day(events, seed, began)
        self._prefix = prefix
        self._producer = publisher(bootstrap)

    def publish(self, count: int) -> int:
        """The next `count` messages, as fast as the broker takes them; how many there were."""
        return self._send(islice(self._day, count))

    def publish_rest(self) -> int:
        """All that is left of the day."""
        return self._send(self._day)

    def _send(self, messages: Iterable[Message]) -> int:
        sent = 0
        for message in messages:
            _send(self._producer, self._prefix, message)
            sent += 1
        assert self._producer.flush(60) == 0, "the shop could not publish"
        return sent


class Answering(threading.Thread):
    """Provider and staff: they read what is committed, and answer it, until told to stop. Fails where one of them does.

    `sent` counts their answers; `seen` is what the last look found under way.
    """

    def __init__(self, bootstrap: str, prefix: str) -> None:
        super().__init__(daemon=True)
        self.sent = 0
        self.seen = "not looked yet"
        self.failure: BaseException | None = None
        self._prefix = prefix
        self._provider = Provider()
        self._producer = publisher(bootstrap)
        self._over = threading.Event()
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": f"{prefix}world",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "fetch.queue.backoff.ms": 10,
                "log_level": 2,
            }
        )
        known = insisted("which topics there are", lambda: self._consumer.list_topics(timeout=20).topics)
        places = [(prefix + topic, number) for topic in LISTENED for number in known[prefix + topic].partitions]
        self._heard_to = dict.fromkeys(places, 0)
        self._consumer.assign([TopicPartition(*place, 0) for place in places])
        self._lock = threading.Lock()

    def run(self) -> None:
        try:
            while not self._over.is_set():
                records = self._consumer.consume(1000, 0.05)
                with self._lock:
                    for record in records:
                        error = record.error()
                        if error is None:
                            self._hear(record.topic() or "", record.value() or b"")
                            self._heard_to[place_of(record)] = offset_of(record) + 1
                        elif error.code() == KafkaError._PARTITION_EOF:
                            # markers of transactions take offsets too: only the end tells that nothing is left
                            self._heard_to[place_of(record)] = offset_of(record)
                    self._producer.flush(60)
        except BaseException as failure:
            self.failure = failure
            raise

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()
        self._consumer.close()

    def has_heard_all(self) -> bool:
        """Whether everything that is committed now was read and answered."""
        assert self.failure is None, self.failure
        with self._lock:
            ends = {place: ends_of(self._consumer, TopicPartition(*place))[1] for place in self._heard_to}
            return all(self._heard_to[place] >= end for place, end in ends.items())

    def wait_until_quiet(self, unread: Callable[[], int], seconds: float) -> None:
        """Waits until everything is decided and answered; fails with what is under way where that takes too long."""
        end = time.monotonic() + seconds
        while not self.is_quiet(unread):
            assert time.monotonic() < end, (
                f"not within {seconds:.0f} s: everything is decided and answered; {self.seen}"
            )
            time.sleep(0.5)

    def is_quiet(self, unread: Callable[[], int]) -> bool:
        """Whether nothing is under way: no answer was given while it was seen that the product has read everything."""
        sent, waiting, heard = self.sent, unread(), self.has_heard_all()
        self.seen = f"{waiting} messages wait, all is heard: {heard}, {self.sent} answers, {sent} before this look"
        return waiting == 0 and heard and self.sent == sent and unread() == 0

    def _hear(self, topic: str, value: bytes) -> None:
        body = json.loads(value)
        if topic.endswith("refund-instructions"):
            answers = self._provider.react(body)
        else:
            verdict = verdict_on(body)
            answers = [] if verdict is None else [verdict]
        for answer in answers:
            _send(self._producer, self._prefix, answer)
            self.sent += 1


def _send(producer: Producer, prefix: str, message: Message) -> None:
    while True:
        try:
            producer.produce(prefix + message.topic, message.value, message.key, headers=list(message.headers))
        except BufferError:
            producer.poll(0.1)
        else:
            break
    producer.poll(0)
