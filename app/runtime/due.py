"""What falls due next over all tables of the log in memory, without asking the stores for each message.

Only the nearest due times are held, exactly: all that are at or before a horizon, from the stores and from what the
round put since. Beyond it nothing is known until they are read again, which needs a completed round.
"""

from heapq import heapify, heappop, heappush
from typing import Any

from app.runtime.store import Store, due_of
from app.runtime.topology import Table

CHUNK = 512
HELD_MAX = 16 * CHUNK
_END_OF_TIME = (1 << 62) - 1

Entry = tuple[int, int, str]
"""A due time in ms, the table's number, and the row's key."""


class WatchedRows:
    """A table that tells when the rows that are put fall due."""

    __slots__ = ("_due", "_index", "_put", "get")

    def __init__(self, due: "DueTimes", index: int, rows: Table[Any]) -> None:
        self.get = rows.get
        self._put = rows.put
        self._due = due
        self._index = index

    def put(self, key: str, row: Any, *, due: int | None) -> None:
        """Keeps the row, which falls due at `due`."""
        self._put(key, row, due=due)
        self._due.note(self._index, key, due)


class DueTimes:
    """The earliest due times of some stores, which must be empty or completed rounds when this is made."""

    def __init__(self, stores: list[Store]) -> None:
        self._stores = stores
        self._heap: list[Entry] = []
        self._horizon = _END_OF_TIME
        self._put: list[dict[str, int | None]] = [{} for _ in stores]
        self._fired: dict[tuple[int, str], int] = {}
        self._fired_before: dict[tuple[int, str], int] = {}
        self.reread()

    def watch(self, index: int, rows: Table[Any]) -> WatchedRows:
        """The table of the store with that number, watched."""
        return WatchedRows(self, index, rows)

    def note(self, index: int, key: str, due: int | None) -> None:
        """A row was put. What it fired for is done with: the same due time may be that of another timer of the row."""
        put = self._put[index]
        fired = bool(self._fired) and self._fired.pop((index, key), None) is not None
        if due is not None and due <= self._horizon and (fired or put.get(key) != due):
            heappush(self._heap, (due, index, key))
        put[key] = due

    def by(self, until: int) -> bool:
        """Whether something may be due at or before `until`; False is certain."""
        heap = self._heap
        return until > self._horizon or (bool(heap) and heap[0][0] <= until)

    def pop(self, until: int) -> Entry | None:
        """Takes the earliest entry that is due at or before `until`: it is being fired."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            entry = heappop(heap)
            if self._holds(entry):
                due, index, key = entry
                self._fired[index, key] = due
                return entry
        return None

    def exhausted(self, until: int) -> bool:
        """Whether due times must be read again before it is known what is due at or before `until`."""
        heap = self._heap
        while heap and heap[0][0] <= until and not self._holds(heap[0]):
            heappop(heap)
        return not heap and until > self._horizon

    def committed(self) -> None:
        """The stores hold what was noted."""
        for put in self._put:
            put.clear()
        self._fired_before = dict(self._fired)
        if len(self._heap) > HELD_MAX:
            self.reread()

    def rewind(self) -> None:
        """What happened since the last commit did not happen."""
        for put in self._put:
            put.clear()
        self._fired = dict(self._fired_before)
        self.reread()

    def reread(self) -> None:
        """Reads the nearest due times from the stores, which must hold all that was noted."""
        found: list[Entry] = []
        self._horizon = _END_OF_TIME
        for index in range(len(self._stores)):
            entries, horizon = self._nearest(index)
            found += entries
            self._horizon = min(self._horizon, horizon)
        self._heap = [entry for entry in found if entry[0] <= self._horizon]
        heapify(self._heap)

    def _nearest(self, index: int) -> tuple[list[Entry], int]:
        """A store's nearest entries that have not fired, and up to when they are all there are."""
        limit = CHUNK + len(self._fired)
        while True:
            found = self._stores[index].due(_END_OF_TIME, limit)
            entries = [(due, index, raw.decode()) for raw, due in found]
            entries = [entry for entry in entries if self._fired.get(entry[1:]) != entry[0]]
            if len(found) < limit:
                return entries, _END_OF_TIME
            if entries and entries[0][0] < entries[-1][0]:
                return entries, entries[-1][0] - 1
            limit *= 4

    def _holds(self, entry: Entry) -> bool:
        """Whether the row still falls due then, and has not fired for it."""
        due, index, key = entry
        if self._fired.get((index, key)) == due:
            return False
        put = self._put[index]
        if key in put:
            return put[key] == due
        value = self._stores[index].get(key.encode())
        return value is not None and due_of(value) == due
