"""Which facts have entered their case by now: from the messages as they arrive, by the words of the contract.

What names a payment that nobody has linked to an order waits for that, for an hour; then the payment is a case of its
own. What was refused, or was said before under the same id, never enters.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.demo.oracle import Position, Record
from app.demo.oracle.heard import Fact
from app.demo.oracle.wire import moment
from tests.year.turns import Turn

LINK_AWAITED = 3_600_000
LINKS = frozenset({"payment.authorized", "payment.captured", "payment.linked"})


@dataclass(eq=False)
class _Way:
    """How the facts of one payment find their case. `until`: how long what waits will wait."""

    known: bool = False
    waiting: list[Fact] = field(default_factory=list)
    until: int | None = None


class Entering:
    """Follows turns, and says of each which facts enter by it, in their order."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._ways: dict[tuple[str, str], _Way] = {}
        self._waiting: list[_Way] = []
        self._turn = 0

    def by(self, turn: Turn) -> Iterator[Fact]:
        """The facts that enter by the turn. What waits no longer comes first."""
        refused = {origin_of(record) for record in turn.said if record.topic == "dead-letters"}
        for fact in self._released(turn.at):
            if fact.position not in refused:
                yield fact
        if turn.heard is None:
            return
        fact = self._fact(turn.heard)
        identity = hash((fact.merchant, turn.heard.topic, fact.event_id, fact.subject))
        if identity in self._seen:
            return
        for entered in self._entered(fact, turn.at):
            if entered.position not in refused:
                yield entered
        if fact.position not in refused:
            self._seen.add(identity)

    def _fact(self, record: Record) -> Fact:
        self._turn += 1
        body = json.loads(record.value or b"")
        subject = body.get("payment_id") or body.get("order_id") or ""
        return Fact(
            position=record.position,
            turn=self._turn,
            type=body["type"],
            merchant=body["merchant_id"],
            event_id=body["event_id"],
            at=moment(body["occurred_at"]),
            body=body,
            content=b"",
            subject=subject,
        )

    def _released(self, now: int) -> Iterator[Fact]:
        for way in [way for way in self._waiting if way.until is not None and way.until <= now]:
            yield from self._opened(way)

    def _entered(self, fact: Fact, now: int) -> Iterator[Fact]:
        payment_id = fact.body.get("payment_id")
        if payment_id is None or fact.position.topic not in ("payments", "disputes"):
            yield fact
            return
        way = self._ways.setdefault((fact.merchant, payment_id), _Way())
        if not way.known and fact.body.get("order_id") is None:
            if way.until is None:
                way.until = now + LINK_AWAITED
                self._waiting.append(way)
            way.waiting.append(fact)
            return
        if not way.known:
            yield from self._opened(way)
        yield fact

    def _opened(self, way: _Way) -> Iterator[Fact]:
        if way in self._waiting:
            self._waiting.remove(way)
        way.known, way.until = True, None
        waiting, way.waiting = way.waiting, []
        yield from waiting


def origin_of(letter: Record) -> Position:
    """The position of the message that a dead letter is of."""
    headers = letter.headers
    return Position(headers["refundry-topic"], int(headers["refundry-partition"]), int(headers["refundry-offset"]))
