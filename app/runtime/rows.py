"""One table in one partition as a round sees it: live rows, this round's among them, over the store.

Rows are mutable, so of those that a round touched only what was put stays live, and only if the round committed. A
dropped round therefore leaves nothing behind: what it may have changed is decoded anew from the store.
"""

from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import islice
from typing import Generic, TypeVar

from app.runtime.exits import UnsafeError
from app.runtime.store import Change, Store, pack, row_of
from app.runtime.topology import Message, Round, TableSpec

T = TypeVar("T")

ROW_BYTES_MAX = 4 << 20
_END_OF_TIME = (1 << 62) - 1


class RowTooLargeError(Exception):
    """An encoded row is larger than a changelog record may be."""


class UnreadableRowError(UnsafeError):
    """A stored row cannot be decoded: the state is of another version, or broken. No message is to blame for it.

    It ends the worker wherever the row is met: in a round, by a timer, or by what only looks for a figure.
    """

    def __init__(self, row: str) -> None:
        hint = "Deploy the version that wrote it, or let this one rebuild it: another APP_ID, from the journal"
        super().__init__(f"the state cannot be read: {row}", hint)


class Cursor:
    """Which message a round is handling; None between messages, and while timers fire."""

    __slots__ = ("message",)

    def __init__(self) -> None:
        self.message: Message | None = None


class Rows(Generic[T]):
    """Implements `Table`. At most twice `cache_rows` live rows are kept between rounds."""

    def __init__(self, spec: TableSpec[T], partition: int, store: Store, cursor: Cursor, *, cache_rows: int) -> None:
        self.spec = spec
        self.partition = partition
        self.store = store
        self._cursor = cursor
        self._cache_rows = cache_rows
        self._young: dict[str, T] = {}
        self._old: dict[str, T] = {}
        self._touched: list[str] = []
        self._puts: dict[str, tuple[T, int | None, Message | None]] = {}
        self._fired: dict[str, int] = {}
        self._firing: dict[str, int] = {}

    def get(self, key: str) -> T | None:
        """The row, or None; the same object for the whole round."""
        self._touched.append(key)
        row = self._young.get(key)
        return self._found(key) if row is None else row

    def _found(self, key: str) -> T | None:
        row = self._old.get(key)
        if row is None and (value := self.store.get(key.encode())) is not None:
            row = self._decoded(value)
        if row is not None:
            self._young[key] = row
        return row

    def _decoded(self, value: bytes) -> T:
        try:
            return self.spec.decode(row_of(value))
        except Exception as error:
            raise UnreadableRowError(f"a row of {self.spec.name} in partition {self.partition}") from error

    def put(self, key: str, row: T, *, due: int | None) -> None:
        """Keeps the row, which falls due at `due`."""
        self._young[key] = row
        self._puts[key] = (row, due, self._cursor.message)

    def changes(self) -> list[Change]:
        """Encodes each row that was put, once. While one is encoded the cursor shows the message that put it last.

        Raises what the encoder raises, and RowTooLargeError.
        """
        changes: list[Change] = []
        cursor, encode = self._cursor, self.spec.encode
        for key, (row, due, by) in self._puts.items():
            cursor.message = by
            value = pack(due, encode(row))
            if len(value) > ROW_BYTES_MAX:
                raise RowTooLargeError(f"a row of {self.spec.name} takes {len(value)} bytes, at most {ROW_BYTES_MAX}")
            changes.append((key.encode(), value))
        cursor.message = None
        return changes

    def next_due(self) -> int | None:
        """When the next timer fires that has not fired yet, this round's rows included."""
        if not (self._puts or self._fired or self._firing):
            return self.store.next_due()
        ahead = next(self._waiting(_END_OF_TIME), None)
        return ahead[0] if ahead else None

    def held_since(self) -> int | None:
        """When the oldest event came in that is kept in the row that falls due first, as the store has it."""
        first = self.store.due(_END_OF_TIME, 1)
        if not first or self.spec.held_since is None:
            return None
        value = self.store.get(first[0][0])
        return None if value is None else self.spec.held_since(self._decoded(value))

    def fire(self, round_: Round, now: int, limit: int) -> int:
        """Calls `expire` for at most `limit` rows whose time has come, once per due time; returns for how many."""
        ready = list(islice(self._waiting(now), limit))
        for due, key in ready:
            self._firing[key] = due
            self.spec.expire(round_, self.partition, key, due, now)
        return len(ready)

    def committed(self) -> None:
        """What was put stays live; the store has it already."""
        self._fired |= self._firing
        if self._fired:
            for key, (_, due, _) in self._puts.items():
                if self._fired.get(key) != due:
                    self._fired.pop(key, None)
        self._end([key for key in self._touched if key not in self._puts])
        if len(self._young) > self._cache_rows:
            self._old, self._young = self._young, {}

    def dropped(self) -> None:
        """Forgets all that the round did."""
        self._end([*self._touched, *self._puts])

    def _end(self, changed: Iterable[str]) -> None:
        """The rows under `changed` may be otherwise than the store has them: they are live no longer."""
        for key in changed:
            self._young.pop(key, None)
            self._old.pop(key, None)
        self._touched.clear()
        self._puts.clear()
        self._firing.clear()

    def _waiting(self, before: int) -> Iterator[tuple[int, str]]:
        """What is due at or before `before` and was not fired for that time, the earliest first."""
        put = [(due, key) for key, (_, due, _) in self._puts.items() if due is not None and due <= before]
        return merge(self._stored(before), sorted(entry for entry in put if not self._has_fired(*entry)))

    def _stored(self, before: int) -> Iterator[tuple[int, str]]:
        limit, seen = 64 + len(self._fired), 0
        while True:
            found = self.store.due(before, limit)
            for raw, due in found[seen:]:
                key = raw.decode()
                if key not in self._puts and not self._has_fired(due, key):
                    yield due, key
            if len(found) < limit:
                return
            seen, limit = len(found), 4 * limit

    def _has_fired(self, due: int, key: str) -> bool:
        return self._firing.get(key) == due or self._fired.get(key) == due
