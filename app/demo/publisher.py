"""What the shop, the provider and the staff publish, each message when its time in the shop has come.

The shop's day runs faster than the clock: a message happens when its turn comes, and answers wait for their time in
that day. Each message is told to the judge with the position that the broker gave it.
"""

import heapq
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial

from confluent_kafka import KafkaError
from confluent_kafka import Message as Delivered

from app.demo.failing import DemoFailedError
from app.demo.oracle import Position
from app.demo.shop import Message
from app.runtime import clients
from app.runtime.config import Mode, RuntimeConfig
from app.runtime.exits import UnreachableError

Partition = tuple[str, int]
"""A topic by its name without prefix, and the number of one of its partitions."""
Taken = Callable[[Position, Message, int], None]
AHEAD_MS_MAX = 30 * 60 * 1000
"""A record's time runs ahead of the clock at most so far: Kafka refuses more than an hour."""
FLUSH_S = 10.0


class Publisher:
    """Publishes `messages`, and the answers that it is told to expect.

    `sent` counts the messages of the day, `answered` the answers, `delivered` both, once the broker has them. `ends`
    is, by topic (without prefix) and partition, the offset after the last of them. `now` is the time in the shop.
    """

    def __init__(self, config: RuntimeConfig, messages: Iterator[Message], taken: Taken) -> None:
        """`taken` is called with each message once the broker has it: its position, itself, its record's time in ms."""
        self._config, self._messages, self._taken = config, messages, taken
        self._producer = clients.producer(replace(config, mode=Mode.AT_LEAST_ONCE), lambda _: None)
        self._answers: list[tuple[datetime, int, Message]] = []
        self._next: Message | None = next(messages, None)
        self._refused: KafkaError | None = None
        self.now: datetime | None = None
        self.sent = self.answered = self.delivered = 0
        self.ends: dict[Partition, int] = {}

    def expect(self, answers: Iterable[Message]) -> None:
        """Answers to be published when their time has come."""
        for answer in answers:
            heapq.heappush(self._answers, (answer.occurred_at, self.answered + len(self._answers), answer))

    def publish(self, room: int) -> None:
        """At most `room` messages more. UnreachableError where the broker does not take them."""
        for _ in range(room):
            answer = self._due()
            if answer is not None:
                self._send(answer)
                self.answered += 1
            elif self._next is not None:
                self.now = max(self.now or self._next.occurred_at, self._next.occurred_at)
                self._send(self._next)
                self.sent += 1
                self._next = next(self._messages, None)
            else:
                break
        self._producer.poll(0)
        if self._refused is not None:
            raise UnreachableError(f"the broker does not take messages: {self._refused.str()}", "Is it up?")

    @property
    def in_hand(self) -> int:
        """Messages that were sent and that the broker has not confirmed."""
        return self.sent + self.answered - self.delivered

    @property
    def over(self) -> bool:
        """The day is told, everything is answered, and the broker has it all."""
        return self._next is None and not self._answers and not self.in_hand

    def close(self) -> None:
        """Lets go of the broker; what it has not confirmed is dropped."""
        self._producer.purge()
        self._producer.flush(FLUSH_S)

    def _due(self) -> Message | None:
        """The earliest answer, once the shop's day has come to it or is over."""
        day_is_over = self._next is None
        if self._answers and (day_is_over or (self.now is not None and self._answers[0][0] <= self.now)):
            return heapq.heappop(self._answers)[2]
        return None

    def _send(self, message: Message) -> None:
        at = min(int(message.occurred_at.timestamp() * 1000), int(time.time() * 1000) + AHEAD_MS_MAX)
        topic = self._config.topic(message.topic)
        report = partial(self._report, message, at)
        self._producer.produce(
            topic, message.value, message.key, timestamp=at, headers=list(message.headers), on_delivery=report
        )

    def _report(self, message: Message, at: int, error: KafkaError | None, record: Delivered) -> None:
        if error is not None:
            self._refused = error
            return
        partition, offset = record.partition(), record.offset()
        if partition is None or offset is None:
            raise DemoFailedError("the broker confirmed a message and did not say where it is", code=4)
        self.delivered += 1
        place = (message.topic, partition)
        self.ends[place] = max(self.ends.get(place, 0), offset + 1)
        self._taken(Position(message.topic, partition, offset), message, at)
