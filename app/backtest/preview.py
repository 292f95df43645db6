"""What would be paid back: a request that nobody has made, decided after the events that happened.

The request goes the way of any other, through the agents and under the same policies, so that what is shown is what
would be decided; the world in which it was made is then forgotten. That world is told by events, or by the rows of one
order and its customer as the workers hold them.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from agents import Desk
from app.replay import Replay, Rows
from app.replay.lines import Line, NoLine
from app.replay.run import rarely_collected
from app.runtime.topology import Output
from topics.catalogue import DEAD_LETTERS, DECISIONS, ORDERS
from topics.dead_letters import MESSAGE

REQUEST_ID = "preview"


class Wanted(msgspec.Struct, frozen=True):
    """The request to be tried. `merchant_id` None: the only one that has the order. `at` None: when the events end."""

    order_id: str
    scope: dict[str, Any]
    reason: str = "changed_mind"
    requested_by: str = "customer"
    method: str = "original"
    merchant_id: str | None = None
    at: datetime | None = None


class NoRequestError(Exception):
    """What was wanted is no request, or none of an order that is known here; says why."""


class _Order(msgspec.Struct):
    merchant_id: str
    order_id: str | None = None


_decode_order = msgspec.json.Decoder(_Order).decode
_decode = msgspec.json.Decoder().decode


def preview(lines: Iterable[Line | NoLine], wanted: Wanted, desk: Desk) -> dict[str, Any]:
    """The decision on the request after these events, as `refund-decisions` would say it. Raises `NoRequestError`."""
    merchants: set[str] = set()
    with _world(desk, {}) as world:
        world.replay.feed(_noting(lines, wanted.order_id, merchants), lambda _: None)
        return world.ask(wanted, _merchant(wanted, merchants))


def preview_of_rows(rows: Rows, merchant_id: str, wanted: Wanted, desk: Desk, *, now: datetime) -> dict[str, Any]:
    """The same of an order that stands as its rows say, `now`."""
    with _world(desk, rows) as world:
        world.replay.settle(now)
        return world.ask(wanted, merchant_id)


class _World:
    """Where the request is made. What was said before it is nobody's concern."""

    def __init__(self, desk: Desk, scratch: Path, rows: Rows) -> None:
        self._said: list[Output] = []
        self._asked = False
        self.replay = Replay(desk, sink=self._take, scratch=scratch, rows=rows)

    def ask(self, wanted: Wanted, merchant_id: str) -> dict[str, Any]:
        """Makes the request, and returns the decision on it."""
        self.replay.settle(wanted.at)
        self._asked = True
        self.replay.feed((_request(wanted, merchant_id, self.replay.clock),), lambda _: None)
        self.replay.settle()
        return _decision(self._said)

    def _take(self, output: Output) -> None:
        if self._asked and output.topic in (DECISIONS, DEAD_LETTERS):
            self._said.append(output)


@contextmanager
def _world(desk: Desk, rows: Rows) -> Iterator[_World]:
    with TemporaryDirectory(prefix="refundry-preview-") as scratch, rarely_collected():
        world = _World(desk, Path(scratch), rows)
        with closing(world.replay):
            yield world


def _noting(lines: Iterable[Line | NoLine], order_id: str, merchants: set[str]) -> Iterator[Line | NoLine]:
    """The lines as they are; `merchants` learns whose order it is."""
    needle = order_id.encode()
    for line in lines:
        if isinstance(line, Line) and line.topic == ORDERS and line.value is not None and needle in line.value:
            try:
                order = _decode_order(line.value)
            except msgspec.DecodeError:
                pass
            else:
                if order.order_id == order_id:
                    merchants.add(order.merchant_id)
        yield line


def _merchant(wanted: Wanted, merchants: set[str]) -> str:
    if wanted.merchant_id is not None:
        return wanted.merchant_id
    if not merchants:
        raise NoRequestError("the events know no such order; ids are case-sensitive")
    if len(merchants) > 1:
        raise NoRequestError(f"several merchants have an order of this id: {', '.join(sorted(merchants))}")
    return next(iter(merchants))


def _request(wanted: Wanted, merchant_id: str, clock: int) -> Line:
    at = wanted.at or datetime.fromtimestamp(clock / 1000, UTC)
    body = {
        "event_id": REQUEST_ID,
        "type": "refund.requested",
        "occurred_at": at,
        "merchant_id": merchant_id,
        "order_id": wanted.order_id,
        "request_id": REQUEST_ID,
        "requested_by": wanted.requested_by,
        "reason": wanted.reason,
        "method": wanted.method,
        "scope": wanted.scope,
    }
    return Line(ORDERS, wanted.order_id.encode(), msgspec.json.encode(body), (), clock)


def _decision(said: list[Output]) -> dict[str, Any]:
    decision: dict[str, Any] | None = None
    for output in said:
        told = _decode(output.value or b"null") if output.topic == DECISIONS else None
        if told is not None and told["request_id"] == REQUEST_ID:
            decision = told
        elif output.topic == DEAD_LETTERS:
            headers = dict(output.headers)
            raise NoRequestError(headers[MESSAGE].decode())
    if decision is None:
        raise NoRequestError("the request was not decided")
    return decision
