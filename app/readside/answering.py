"""Answers from the read side: a case by its order, cases by a number. A stale read side does not answer.

Whoever asks has Kafka to fall back on, where the same is found by reading all snapshots.
"""

import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from app.readside.keys import CAUGHT_UP_AT, Keys

if TYPE_CHECKING:
    from redis import Redis

STALE_S: Final = 30.0
"""The follower says every second that it has caught up; after so long without that, what is here may be old."""

CASES_MAX: Final = 1000
"""So many cases with the same number are told at most."""


class StaleError(Exception):
    """The read side does not know whether it is up to date. Its text says why."""


class Found(NamedTuple):
    """A case and its newest snapshot."""

    case_id: str
    snapshot: bytes


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

    def _cases(self, indexes: list[str], merchant_id: str | None) -> list[Found]:
        # a case id is MERCHANT/ORDER, and 0 is what follows the stroke
        first, last = ("-", "+") if merchant_id is None else (f"[{merchant_id}/", f"({merchant_id}0")
        with self._client.pipeline() as pipe:
            pipe.hget(self._keys.position, CAUGHT_UP_AT)
            for index in indexes:
                pipe.zrangebylex(index, first, last, start=0, num=CASES_MAX)
            caught_up_at, *listed = pipe.execute()
        _require_fresh(caught_up_at)
        case_ids = sorted({case_id.decode() for ids in listed for case_id in ids})[:CASES_MAX]
        snapshots = self._client.mget([self._keys.case(case_id) for case_id in case_ids]) if case_ids else []
        if None in snapshots:
            raise StaleError("it changed while it was read")
        return [Found(case_id, snapshot) for case_id, snapshot in zip(case_ids, snapshots, strict=True)]


def _require_fresh(caught_up_at: bytes | None) -> None:
    if caught_up_at is None:
        raise StaleError("it is not complete; `refundry projections run` fills it")
    age = time.time() - float(caught_up_at)
    if age > STALE_S:
        raise StaleError(f"it was last up to date {age:.0f} s ago; does `refundry projections run` run?")
