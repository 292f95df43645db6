"""A day of the shop through the real agents on the log in memory, with provider and staff answering, before the judge."""

import heapq
import itertools
import json
from collections import Counter
from datetime import UTC, datetime

from agents import Desk, assemble
from app.demo.oracle import Judge, Position, kafka_record
from app.demo.provider import Provider
from app.demo.reviewer import verdict_on
from app.demo.shop import DAY, day
from app.runtime.log import MemoryLog
from app.runtime.store.memory import MemoryStore
from app.runtime.topology import Message

START = datetime(2026, 3, 2, tzinfo=UTC)
SAID_EVERY = 20  # messages between two commits: only then is heard what the product says


class Rehearsal:
    """Events in the order of arrival; answers come in when their time has come."""

    def __init__(self, *, total_order=True):
        self.judge = Judge(total_order=total_order, exactly_once=True)
        self.provider = Provider()
        self.answers, self.number = [], itertools.count()
        self.sent, self.said = Counter(), Counter()
        desk = Desk(secret=b"a key for a rehearsal, no secret")
        stores = lambda _: MemoryStore()  # noqa: E731 - the log asks for a maker of stores
        self.log = MemoryLog(assemble(desk), stores=stores, sink=self.hear, version="0")

    def hear(self, output):
        position = Position(output.topic, 0, self.said[output.topic])
        self.said[output.topic] += 1
        self.judge.see(kafka_record(position, output.key, output.value, output.headers))
        if output.topic == "refund-instructions":
            for answer in self.provider.react(json.loads(output.value)):
                self.expect(answer)
        if output.topic == "refund-decisions" and (verdict := verdict_on(json.loads(output.value))):
            self.expect(verdict)

    def expect(self, answer):
        heapq.heappush(self.answers, (answer.occurred_at, next(self.number), answer))

    def send(self, message, at):
        offset = self.sent[message.topic]
        self.sent[message.topic] += 1
        self.judge.hear(kafka_record(Position(message.topic, 0, offset), message.key, message.value, message.headers))
        timestamp = int(at.timestamp() * 1000)
        self.log.advance(timestamp)
        self.log.append(Message(message.topic, 0, offset, timestamp, message.key, message.value, message.headers))

    def play(self, events, seed):
        """The verdict on the whole day, once everything is answered."""
        at = START
        for n, message in enumerate(day(events, seed, START)):
            at = START + DAY * n / events
            while self.answers and self.answers[0][0] <= at:
                self.send(heapq.heappop(self.answers)[2], at)
            self.send(message, at)
            if n % SAID_EVERY == 0:
                self.log.commit()
        self.log.commit()
        while self.answers:
            when, _, answer = heapq.heappop(self.answers)
            at = max(at, when)
            self.send(answer, at)
            self.log.commit()
        return self.judge.verdict()
