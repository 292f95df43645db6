"""Plays a year through the agents: every message by itself, with the time going by before it, and what is said answered.

There is no broker and no round of several messages here, so that each turn shows exactly what one message caused.
"""

import heapq
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path

from agents import Desk, assemble
from app.demo.oracle import Position, Record
from app.demo.oracle.wire import EXPECTATION_HEADER
from app.policies import load
from app.replay.spilling import SpillingStore
from app.runtime.log import MemoryLog
from app.runtime.topology import Message, Output
from tests.year.answers import Answers
from tests.year.plan import AUTO, YEAR, Plan
from tests.year.purchase import Told, ms, number_of
from tests.year.shop import purchases
from tests.year.turns import Turn

RATES = ((date(YEAR - 1, 12, 31), "1.10"), (date(YEAR, 3, 15), "1.05"))
"""Dollars for a euro, from which day on."""
END = datetime(YEAR + 1, 9, 1, tzinfo=UTC)
"""By then every wait of the year is over, and no case has ended its life."""
ANSWERED = frozenset({"refund-instructions", "dispute-instructions", "refund-decisions", "chargeback-alerts"})
POLICY = f"""\
policy: automatic
version: 1
effective_from: 2010-01-01T00:00:00Z
merchants: [{AUTO}]
disputes: {{auto_respond: true, deadline_margin_hours: 24, reminders_hours: [48], counter_fee: {{default: 900}},
  handling_cost: {{default: 0}}, win_probability: {{default: "0.40"}}}}
pre_dispute: {{refund_up_to: {{default: 20000}}}}
"""

Listener = Callable[[int, Turn], None]


@dataclass
class Played:
    """What a year came to, counted."""

    messages: int = 0
    said: Counter[str] = field(default_factory=Counter)
    courses: Counter[str] = field(default_factory=Counter)
    results: Counter[tuple[str, str]] = field(default_factory=Counter)
    strayed: Counter[str] = field(default_factory=Counter)


class Play:
    """One year. `listener` is told each turn with the number of the purchase that it is about; programmes' alerts,
    which are about no purchase, come with the turn that caused them.
    """

    def __init__(self, plan: Plan, seed: int, directory: Path, listener: Listener) -> None:
        folder = directory / "policies"
        folder.mkdir()
        (folder / "automatic.yaml").write_text(POLICY)
        self._desk = Desk(b"a year's key", load(folder))
        for as_of, rate in RATES:
            self._desk.rates.add("EUR", "USD", as_of, rate)
        self._log = MemoryLog(
            assemble(self._desk),
            stores=lambda table: SpillingStore(directory / table),
            sink=self._take,
            version="year",
        )
        self._shop, self._listener, self._answers = purchases(plan, seed), listener, Answers()
        self._coming: list[tuple[int, int, Told]] = []
        self._order, self._outputs = count(), list[Output]()
        self._offsets: Counter[str] = Counter()
        self.played = Played()

    def to_the_end(self, progress: Callable[[datetime, Played], None]) -> Played:
        """Plays message after message. `progress` is told the day and the counts so far, once a month."""
        month = 0
        for told in self._in_order():
            if told.of and told.of in self._answers.called_off:
                continue
            self._time_goes_by(told.arrives)
            self._hear(told)
            now = datetime.fromtimestamp(told.arrives / 1000, UTC)
            if now.month != month:
                month = now.month
                progress(now, self.played)
        self._time_goes_by(ms(END))
        self.played.results, self.played.strayed = self._desk.results, self._desk.strayed_disputes
        self._log.close()
        return self.played

    def _in_order(self) -> Iterator[Told]:
        """What the shop tells and what others answer, in the order of arrival."""
        upcoming = next(self._shop, None)
        while upcoming or self._coming:
            while upcoming and (not self._coming or ms(upcoming[1].placed_at) <= self._coming[0][0]):
                name, purchase = upcoming
                self.played.courses[name] += 1
                for told in purchase.told:
                    self._expect(told)
                upcoming = next(self._shop, None)
            yield heapq.heappop(self._coming)[2]

    def _expect(self, told: Told) -> None:
        heapq.heappush(self._coming, (told.arrives, next(self._order), told))

    def _time_goes_by(self, until: int) -> None:
        """Timers that are due say what they have to say; each purchase's words are a turn of its own."""
        while self._log.due_by(until):
            self._log.advance(until)
            self._log.commit()
            if not self._outputs:
                break
            by_number: dict[int, list[Record]] = {}
            for record in self._said():
                by_number.setdefault(_about(record), []).append(record)
            for number, records in by_number.items():
                self._end_turn(number, Turn(until, None, records))
        self._log.advance(until)

    def _hear(self, told: Told) -> None:
        headers = ((EXPECTATION_HEADER, told.expects.header().encode()),)
        if told.of:
            self._answers.sent(told)
        self._log.append(Message(told.topic, 0, 0, told.arrives, told.key.encode(), told.value, headers))
        self._log.commit()
        position = Position(told.topic, 0, self._offset(told.topic))
        heard = Record(position, told.key, told.value, {EXPECTATION_HEADER: told.expects.header()})
        self.played.messages += 1
        self._end_turn(number_of(told.key), Turn(told.arrives, heard, self._said()))

    def _take(self, output: Output) -> None:
        self._outputs.append(output)

    def _said(self) -> list[Record]:
        """What was published to the outside since the last time."""
        said = []
        for output in self._outputs:
            if not self._log.listens(output.topic):
                position = Position(output.topic, 0, self._offset(output.topic))
                headers = {name: content.decode() for name, content in output.headers}
                said.append(Record(position, (output.key or b"").decode(), output.value, headers))
                self.played.said[output.topic] += 1
        self._outputs.clear()
        return said

    def _offset(self, topic: str) -> int:
        self._offsets[topic] += 1
        return self._offsets[topic] - 1

    def _end_turn(self, number: int, turn: Turn) -> None:
        self._listener(number, turn)
        now = datetime.fromtimestamp(turn.at / 1000, UTC)
        for record in turn.said:
            if record.topic in ANSWERED:
                for told in self._answers.to(record.topic, json.loads(record.value or b""), now):
                    self._expect(told)


def _about(record: Record) -> int:
    """The number of the purchase that an outbound record is about."""
    if record.topic == "chargeback-alerts":
        body = json.loads(record.value or b"")
        named = next(body[name] for name in ("order_id", "payment_id", "dispute_id") if body.get(name))
        return number_of(named)
    return number_of(record.key or "")
