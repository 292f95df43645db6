"""The heartbeat: proof that what goes in comes out, in each partition, also while nobody has anything to say.

    this worker ─► heartbeats ─► its agent ─► the journal ─► its agent ─► heartbeats ─► this worker

Once per interval each partition gets a beat. It takes the way of an event, in the same rounds and transactions, and
ends where it began. So it proves what an event needs: partitions that can be read, agents that answer, transactions
that commit, and readers of committed records that nothing holds up.

Ages go by a clock that only goes forward: a step of the time of day neither makes a beat late nor hides one that is.
Only of a beat that another process began is nothing known but its time of day.
"""

import time
from collections.abc import Collection, Iterable

from app.metrics import HEARTBEAT_AGE, HEARTBEAT_TRIP, Metrics
from app.runtime.round import Staging
from app.runtime.topology import Batch, Output
from topics import heartbeats

BEGUN_MAX = 1000
"""Beats of which is known when they began; at one a minute those of most of a day."""


class Heartbeat:
    """Of the partitions of `topic` (None: nothing beats) that this worker has, every so many seconds (0: never)."""

    def __init__(self, topic: str | None, every: float, metrics: Metrics) -> None:
        self.topic = topic if every else None
        self._every = every
        self._metrics = metrics
        self._came_out: dict[int, float] = {}
        """By partition, when the last beat began that came out of it, as `time.monotonic` tells it."""
        self._begun: dict[int, float] = {}
        """The same of beats of this process, by their time of day, which is all that a beat says; the newest last."""
        self._beaten_at: float | None = None
        self._beating_at: float | None = None

    def follow(self, partitions: Collection[int]) -> None:
        """Notes which partitions this worker has now. The age of one that is new to it counts from here."""
        if self.topic is not None and self._came_out.keys() != set(partitions):
            now = time.monotonic()
            self._came_out = {number: self._came_out.get(number, now) for number in partitions}
            self._tell()

    def is_due(self) -> bool:
        """Whether it is time for a beat."""
        last = self._beaten_at
        return bool(self._came_out) and (last is None or time.monotonic() - last >= self._every)

    def beat(self, staging: Staging) -> None:
        """Puts a beat for each partition into the round, if it is time. A round that is redone is asked again."""
        if self.topic is None or not self.is_due():
            return
        self._beating_at = time.monotonic()
        began = int(time.time() * 1000)
        self._begun[began] = self._beating_at
        while len(self._begun) > BEGUN_MAX:
            del self._begun[next(iter(self._begun))]
        value = heartbeats.value_of(began)
        for number in self._came_out:
            staging.publish(Output(self.topic, heartbeats.IN, value, partition=number))

    def committed(self, batches: Collection[Batch]) -> None:
        """The round that was asked last committed; it was given these batches, in which beats may have come out."""
        self._beaten_at = self._beating_at
        for batch in batches:
            if batch.topic == self.topic:
                self._hear(batch)

    def beside(self, batches: Iterable[Batch]) -> bool:
        """Whether these batches hold anything but beats: while something else waits, beats that come through are no
        proof that it moves. On its way through the journal a beat has no key.
        """
        return any(
            any(message.key is not None or heartbeats.began(message.value) is None for message in batch.messages)
            for batch in batches
            if batch.topic != self.topic
        )

    def _hear(self, batch: Batch) -> None:
        now = time.monotonic()
        for message in batch.messages:
            began = heartbeats.began(message.value)
            if message.key == heartbeats.OUT and began is not None and batch.partition in self._came_out:
                trip = self._seconds_since(began)
                self._came_out[batch.partition] = max(self._came_out[batch.partition], now - trip)
                self._metrics.observe(HEARTBEAT_TRIP, trip)
        self._tell()

    def _seconds_since(self, began: int) -> float:
        """How long ago a beat began that says this time of day (ms)."""
        known = self._begun.get(began)
        return time.monotonic() - known if known is not None else max(0.0, time.time() - began / 1000)

    def _tell(self) -> None:
        began = min(self._came_out.values(), default=None)
        self._metrics.set_since(HEARTBEAT_AGE, began, clock=time.monotonic)
