"""Answers from the read side: a case by its order, cases by a number, what waits. A stale read side does not answer.

Whoever asks has Kafka to fall back on, where the same is found by reading all snapshots.
"""

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from app.readside.keys import CAUGHT_UP_AT, LAYOUT, LAYOUT_FIELD, Keys
from app.readside.waiting import KINDS, Task
from topics.reviews import SubjectKind

if TYPE_CHECKING:
    from redis import Redis

STALE_S: Final = 30.0
"""The follower says every second that it has caught up; after so long without that, what is here may be old."""

CASES_MAX: Final = 1000
"""So many cases with the same number are told at most."""
MERCHANTS_MAX: Final = 1000
_PAGE: Final = 200
_decode_task = msgspec.json.Decoder(Task).decode


class StaleError(Exception):
    """The read side does not know whether it is up to date. Its text says why."""


class Found(NamedTuple):
    """A case and its newest snapshot."""

    case_id: str
    snapshot: bytes


class PlaceInLine(NamedTuple):
    """A place in the line: tasks are ordered by score, then by kind as in KINDS, then by id."""

    score: float
    kind: SubjectKind
    task_id: str


class Counts(NamedTuple):
    """How many tasks of each kind wait, the merchants that have any, and up to when that is complete (Unix time)."""

    by_kind: dict[SubjectKind, int]
    merchants: list[str]
    as_of: float


class Answers:
    """What one installation's read side says. Every call raises RedisError where Redis is away, StaleError where its
    data is not up to date.
    """

    def __init__(self, client: "Redis", keys: Keys) -> None:
        self._client: Any = client  # its stubs answer for its asynchronous twin as well
        self._keys = keys

    def order(self, order_id: str, merchant_id: str | None) -> list[Found]:
        """The cases of an order, one per merchant; of one merchant where that is given."""
        return self._cases([self._keys.order(order_id)], merchant_id)

    def number(self, number: str, merchant_id: str | None) -> list[Found]:
        """The cases in which a number stands, that of an order among them; at most CASES_MAX, in the order of ids."""
        return self._cases([self._keys.order(number), self._keys.number(number)], merchant_id)

    def case(self, case_id: str) -> Found | None:
        """The case of this id; None where there is none."""
        with self._client.pipeline() as pipe:
            self._ask_how_fresh(pipe)
            pipe.get(self._keys.case(case_id))
            fresh, snapshot = pipe.execute()
        _require_fresh(fresh)
        return None if snapshot is None else Found(case_id, snapshot)

    def counts(self, merchant_id: str | None, now: float) -> Counts:
        """How much waits at `now`, of one merchant where that is given."""
        with self._client.pipeline() as pipe:
            self._ask_how_fresh(pipe)
            pipe.zrange(self._keys.merchants, 0, MERCHANTS_MAX - 1)
            for kind in KINDS:
                pipe.zcount(self._keys.waiting(kind, merchant_id), _first(kind, now), "+inf")
            fresh, merchants, *counted = pipe.execute()
        as_of = _require_fresh(fresh)
        return Counts(dict(zip(KINDS, counted, strict=True)), sorted(name.decode() for name in merchants), as_of)

    def tasks(
        self,
        kinds: Sequence[SubjectKind],
        merchant_id: str | None,
        now: float,
        *,
        after: PlaceInLine | None,
        count: int,
    ) -> list[Task]:
        """The next `count` tasks of these kinds behind a place in the line, the first to be due first.

        `now`: Unix time; alerts whose time is over by then are left out. A task that goes meanwhile is not told.
        """
        with self._client.pipeline() as pipe:
            self._ask_how_fresh(pipe)
            (fresh,) = pipe.execute()
        _require_fresh(fresh)
        lines = [place for kind in kinds for place in self._line(kind, merchant_id, now, after, count)]
        chosen = [place.task_id for place in sorted(lines, key=_order)[:count]]
        rows = self._client.hmget(self._keys.tasks, chosen) if chosen else []
        return [_decode_task(row) for row in rows if row is not None]

    def _line(
        self, kind: SubjectKind, merchant_id: str | None, now: float, after: PlaceInLine | None, count: int
    ) -> Iterator[PlaceInLine]:
        """At most `count` places of one kind behind `after`."""
        key = self._keys.waiting(kind, merchant_id)
        first: Any = _first(kind, now) if after is None else max(after.score, _first(kind, now))
        offset = found = 0
        while found < count:
            page = self._client.zrangebyscore(key, first, "+inf", start=offset, num=_PAGE, withscores=True)
            for task_id, score in page:
                place = PlaceInLine(score, kind, task_id.decode())
                if found < count and (after is None or _order(place) > _order(after)):
                    found += 1
                    yield place
            if len(page) < _PAGE:
                return
            offset += _PAGE

    def _cases(self, indexes: list[str], merchant_id: str | None) -> list[Found]:
        # a case id is MERCHANT/ORDER, and 0 is what follows the stroke
        first, last = ("-", "+") if merchant_id is None else (f"[{merchant_id}/", f"({merchant_id}0")
        with self._client.pipeline() as pipe:
            self._ask_how_fresh(pipe)
            for index in indexes:
                pipe.zrangebylex(index, first, last, start=0, num=CASES_MAX)
            fresh, *listed = pipe.execute()
        _require_fresh(fresh)
        case_ids = sorted({case_id.decode() for ids in listed for case_id in ids})[:CASES_MAX]
        snapshots = self._client.mget([self._keys.case(case_id) for case_id in case_ids]) if case_ids else []
        if None in snapshots:
            raise StaleError("it changed while it was read")
        return [Found(case_id, snapshot) for case_id, snapshot in zip(case_ids, snapshots, strict=True)]

    def _ask_how_fresh(self, pipe: Any) -> None:
        pipe.hmget(self._keys.position, CAUGHT_UP_AT, LAYOUT_FIELD)


def _order(place: PlaceInLine) -> tuple[float, int, str]:
    return place.score, KINDS.index(place.kind), place.task_id


def _first(kind: SubjectKind, now: float) -> float:
    """From where on a line is told: an alert whose time is over cannot be answered any more, anything else must be."""
    return now if kind == "alert" else float("-inf")


def _require_fresh(fresh: Sequence[bytes | None]) -> float:
    """The Unix time up to which the data is complete. StaleError where nobody knows, or it is too long ago."""
    caught_up_at, layout = fresh
    if caught_up_at is None or layout != LAYOUT.encode():
        raise StaleError("it is not complete; `refundry projections run` fills it")
    age = time.time() - float(caught_up_at)
    if age > STALE_S:
        raise StaleError(f"it was last up to date {age:.0f} s ago; does `refundry projections run` run?")
    return float(caught_up_at)
