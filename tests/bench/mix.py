"""What is measured: the demo's day of three shops, with what provider and staff answer to it.

The answers are those of a rehearsal without a broker, since ids follow from facts: the worker that is measured will say
the same instructions. Order of a day: three lines on average, captures before and after it, repeats 5 %, late 5 %,
poison 1 %, requests of every kind, chargebacks.
"""

import heapq
import itertools
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from agents import Desk, assemble
from app.demo.provider import Provider
from app.demo.reviewer import verdict_on
from app.demo.shop import DAY, day
from app.runtime.log import MemoryLog
from app.runtime.store.memory import MemoryStore
from app.runtime.topology import Message, Output

SAID_EVERY = 20  # messages between two commits of the rehearsal: only then is heard what the product says


class Sent(NamedTuple):
    """One inbound message, with the clock (ms) at which it was sent in the rehearsal."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    at: int


class Mix(NamedTuple):
    """Everything that was sent, in order; `waves` are the same messages as they are given to a worker.

    A preloaded topic tells nothing of what was before what on another one, so what answers comes in a wave of its own,
    after what it answers: half of the day, the other half, verdicts, what the provider says.
    """

    messages: list[Sent]
    waves: list[list[Sent]]
    cases: tuple[int, ...]


def mix(events: int, seed: int) -> Mix:
    """The day of `events` messages that ends now, and its answers."""
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    rehearsal = _Rehearsal()
    first_half = 0
    for number, message in enumerate(day(events, seed, began)):
        at = began + DAY * number / events
        rehearsal.answer_until(at)
        rehearsal.send(message, at, 0 if number < events // 2 else 1)
        if number % SAID_EVERY == 0:
            rehearsal.log.commit()
        if number == events // 2:
            first_half = rehearsal.cases()
    rehearsal.answer_all()
    rehearsal.log.close()
    waves: list[list[Sent]] = [[], [], [], []]
    for wave, sent in rehearsal.sent:
        waves[wave].append(sent)
    return Mix([sent for _, sent in rehearsal.sent], waves, (first_half, len(rehearsal.placed)))


class _Rehearsal:
    """The day on the log in memory; whatever the product says is answered when its time has come."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, Sent]] = []
        self.placed: set[bytes | None] = set()
        self._answers: list[tuple[datetime, int, Any]] = []
        self._number = itertools.count()
        self._provider = Provider()
        desk = Desk(secret=b"a key for a rehearsal, no secret")
        topology = assemble(desk, snapshots=False)
        self.log = MemoryLog(topology, stores=lambda _: MemoryStore(), sink=self._hear, version="0")

    def cases(self) -> int:
        """How many orders have a case by now."""
        return len(self.placed)

    def send(self, message: Any, at: datetime, wave: int) -> None:
        now = int(at.timestamp() * 1000)
        self.log.advance(now)
        self.log.append(Message(message.topic, 0, 0, now, message.key, message.value, message.headers))
        self.sent.append((wave, Sent(message.topic, message.key, message.value, message.headers, now)))
        if message.topic == "orders" and b'"order.placed"' in (message.value or b""):
            self.placed.add(message.key)

    def answer_until(self, at: datetime) -> None:
        while self._answers and self._answers[0][0] <= at:
            answer = heapq.heappop(self._answers)[2]
            self.send(answer, at, 2 if answer.topic == "reviews" else 3)

    def answer_all(self) -> None:
        self.log.commit()
        while self._answers:
            self.answer_until(self._answers[0][0])
            self.log.commit()

    def _hear(self, output: Output) -> None:
        if output.topic not in ("refund-instructions", "refund-decisions"):
            return
        body = json.loads(output.value or b"")
        if output.topic == "refund-instructions":
            answers = self._provider.react(body)
        else:
            verdict = verdict_on(body)
            answers = [] if verdict is None else [verdict]
        for answer in answers:
            heapq.heappush(self._answers, (answer.occurred_at, next(self._number), answer))


def write_lines(messages: list[Sent], path: Path) -> None:
    """The messages as lines for `refundry replay`."""
    with path.open("w", encoding="utf-8") as file:
        for sent in messages:
            key = None if sent.key is None else sent.key.decode()
            line: dict[str, Any] = {"topic": sent.topic, "key": key, "timestamp": sent.at}
            try:
                line["value"] = None if sent.value is None else sent.value.decode()
                text = json.dumps(line, ensure_ascii=False)
                text.encode()
            except UnicodeError:
                continue  # poison that no line of text can hold
            file.write(text + "\n")
