"""The store in memory: a dict, and a heap of due times from which outdated entries are dropped when they surface."""

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

from app.runtime.store import NEVER, RESERVED, Change, due_of, is_timed, when


class MemoryStore:
    """Rows as bytes in a dict. It starts empty, so a worker restores it whole."""

    def __init__(self) -> None:
        self.position = 0
        self.timers = 0
        self._bytes = 0
        self._values: dict[bytes, bytes] = {}
        self._heap: list[tuple[int, bytes]] = []

    def size(self) -> int:
        """How many bytes keys and values take."""
        return self._bytes

    def get(self, key: bytes) -> bytes | None:
        """The stored value, or None."""
        return self._values.get(key)

    def apply(self, changes: Iterable[Change], position: int) -> None:
        """Writes stored values and the position."""
        assert position >= self.position, "a changelog is applied forwards"
        values, held = self._values, self._bytes
        for key, value in changes:
            before = values.get(key)
            if value is None:
                values.pop(key, None)
                held -= 0 if before is None else len(key) + len(before)
            else:
                values[key] = value
                held += len(key) + len(value) if before is None else len(value) - len(before)
            # `is_timed`, written out: a call for each change is a tenth of what it costs here
            if self.timers or not (value is None or value.startswith(NEVER)):
                self._note(key, before, value)
        self.position, self._bytes = position, held
        self._forget_outdated()

    def due(self, before: int, limit: int) -> list[tuple[bytes, int]]:
        """The earliest keys that fall due at or before `before`."""
        found: list[tuple[int, bytes]] = []
        heap = self._heap
        while heap and heap[0][0] <= before and len(found) < limit:
            entry = heappop(heap)
            if self._holds(entry) and not (found and found[-1] == entry):
                found.append(entry)
        for entry in found:
            heappush(heap, entry)
        return [(key, due) for due, key in found]

    def next_due(self) -> int | None:
        """When the earliest row falls due."""
        heap = self._heap
        while heap and not self._holds(heap[0]):
            heappop(heap)
        return heap[0][0] if heap else None

    def scan(self) -> Iterator[tuple[bytes, bytes]]:
        """All rows in the order of their keys."""
        return ((key, self._values[key]) for key in sorted(self._values) if not key.startswith(RESERVED))

    def close(self) -> None:
        """Nothing to let go of."""

    def _note(self, key: bytes, before: bytes | None, value: bytes | None) -> None:
        """Keeps the heap: the row that falls due as `value` says fell due as `before` says."""
        if when(value) == when(before):
            return
        self.timers += is_timed(value) - is_timed(before)
        due = None if value is None else due_of(value)
        if due is not None:
            heappush(self._heap, (due, key))

    def _holds(self, entry: tuple[int, bytes]) -> bool:
        due, key = entry
        value = self._values.get(key)
        return value is not None and due_of(value) == due

    def _forget_outdated(self) -> None:
        if len(self._heap) > 2 * len(self._values) + 1024:
            self._heap = [entry for entry in set(self._heap) if self._holds(entry)]
            heapify(self._heap)
