"""Writes the read side. Its laws:

1. Data and position change in one transaction of Redis, and only if the position is still where the writer believes it
   to be. So the data always is what the records up to the position say: after a kill at any point, with two writers at
   once, and with a Redis that went back to an older dump.
2. A lost position means lost data. Whatever is left under our prefix is taken away before reading begins anew.
3. An older version of a case never replaces a newer one.
4. What waits for a person is written with the case, so it stands in line exactly as long as the case says so.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from redis import Redis, WatchError

from app.readside.document import Document
from app.readside.keys import CAUGHT_UP_AT, LAYOUT, LAYOUT_FIELD, TOPIC_ID, Keys
from app.readside.numbers import numbers_of
from app.readside.waiting import kind_of, tasks_of
from topics.case_ids import merchant_id_of, number_of

Position = dict[int, int]
"""By partition, the offset of the next record to be read."""

PAGE: Final = 1000


class MovedError(Exception):
    """The position is not where this writer left it: Redis was emptied or went back, or another writer is at work."""


class Change(NamedTuple):
    """A case's newest snapshot among some records; None twice where the case is erased."""

    snapshot: bytes | None
    document: Document | None


class _Entry(msgspec.Struct, array_like=True):
    version: int
    numbers: list[str]
    tasks: list[str]


_decode_entry = msgspec.json.Decoder(_Entry).decode
_encode = msgspec.json.Encoder().encode


class Writer:
    """The only one who writes keys of an installation. Every call raises RedisError where Redis does not do it."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client: Any = client  # its stubs answer for its asynchronous twin as well
        self._keys = keys

    def position(self) -> Position | None:
        """Up to where the data stands; None where there is none."""
        return _position(self._client.hgetall(self._keys.position))

    def topic_id(self) -> str | None:
        """Of which topic the position is; None where it does not say."""
        known = self._client.hget(self._keys.position, TOPIC_ID)
        return None if known is None else str(known.decode())

    def forget(self) -> None:
        """Gives the position up: whoever writes next begins anew."""
        self._client.delete(self._keys.position)

    def begin(self, position: Position, topic_id: str) -> None:
        """Empties our own prefix and stands at `position` of this topic. MovedError where there is one already."""
        cursor = 0
        while True:
            with self._client.pipeline() as pipe:
                self._expect(pipe, None)
                cursor, found = pipe.scan(cursor, match=f"{self._keys.prefix}*", count=PAGE)
                pipe.multi()
                if found:
                    pipe.unlink(*found)
                if cursor == 0:
                    pipe.hset(self._keys.position, mapping={**_fields(position, None), TOPIC_ID: topic_id})
                _execute(pipe)
            if cursor == 0:
                return

    def write(
        self, at: Position, changes: Mapping[str, Change], reached: Position, *, caught_up_at: float | None
    ) -> int:
        """Takes the data from `at` to `reached` with these changes by case id; how many cases it wrote.

        `caught_up_at`: the Unix time at which nothing more was to be read, as far as is known; None: not yet. Raises
        MovedError where the data does not stand at `at`; then nothing was written.
        """
        with self._client.pipeline() as pipe:
            self._expect(pipe, at)
            entries = pipe.mget([self._keys.entry(case_id) for case_id in changes]) if changes else []
            pipe.multi()
            written = sum(
                self._change(pipe, case_id, change, _decode_entry(entry) if entry else None)
                for (case_id, change), entry in zip(changes.items(), entries, strict=True)
            )
            pipe.hset(self._keys.position, mapping=_fields(reached, caught_up_at))
            _execute(pipe)
        return written

    def _expect(self, pipe: Any, at: Position | None) -> None:
        pipe.watch(self._keys.position)
        if _position(pipe.hgetall(self._keys.position)) != at:
            raise MovedError

    def _change(self, pipe: Any, case_id: str, change: Change, before: _Entry | None) -> bool:
        snapshot, document = change
        if document is not None and before is not None and document.version < before.version:
            return False
        old = set(before.numbers) if before is not None else set()
        new = set(numbers_of(document)) if document is not None else set()
        for number in old - new:
            pipe.zrem(self._keys.number(number), case_id)
        tasks = self._stand_in_line(pipe, case_id, document, before.tasks if before is not None else [])
        if snapshot is None or document is None:
            pipe.zrem(self._keys.order(number_of(case_id)), case_id)
            pipe.delete(self._keys.case(case_id), self._keys.entry(case_id))
            return True
        for number in new - old:
            pipe.zadd(self._keys.number(number), {case_id: 0})
        pipe.zadd(self._keys.order(number_of(case_id)), {case_id: 0})
        pipe.set(self._keys.case(case_id), snapshot)
        pipe.set(self._keys.entry(case_id), _encode(_Entry(document.version, sorted(new), tasks)))
        return True

    def _stand_in_line(self, pipe: Any, case_id: str, document: Document | None, before: list[str]) -> list[str]:
        """What of the case waits for a person stands in line, and nothing else of it; the ids of what does."""
        merchant_id = merchant_id_of(case_id)
        tasks = {task.id: task for task in tasks_of(case_id, document)} if document is not None else {}
        for task_id in set(before) - tasks.keys():
            pipe.hdel(self._keys.tasks, task_id)
            for owner in (None, merchant_id):
                pipe.zrem(self._keys.waiting(kind_of(task_id), owner), task_id)
        for task_id, task in tasks.items():
            pipe.hset(self._keys.tasks, task_id, _encode(task))
            for owner in (None, merchant_id):
                pipe.zadd(self._keys.waiting(task.kind, owner), {task_id: task.score})
        if more := len(tasks) - len(before):
            pipe.zincrby(self._keys.merchants, more, merchant_id)
            pipe.zremrangebyscore(self._keys.merchants, "-inf", 0)
        return sorted(tasks)


def _execute(pipe: Any) -> None:
    try:
        pipe.execute()
    except WatchError as error:
        raise MovedError from error


def _position(fields: Mapping[bytes, bytes]) -> Position | None:
    if fields.get(LAYOUT_FIELD.encode()) != LAYOUT.encode():
        return None
    return {int(name): int(value) for name, value in fields.items() if name.isdigit()} or None


def _fields(position: Position, caught_up_at: float | None) -> dict[str, str]:
    fields = {LAYOUT_FIELD: LAYOUT} | {str(partition): str(offset) for partition, offset in position.items()}
    if caught_up_at is not None:
        fields[CAUGHT_UP_AT] = f"{caught_up_at:.3f}"
    return fields
