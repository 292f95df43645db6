"""The store of a replay: in memory while it is small, in RocksDB from when on it is not."""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from app.runtime.store import Change, Store
from app.runtime.store.memory import MemoryStore
from app.runtime.store.rocks import Database

MEMORY_BYTES_MAX = 64 << 20
CACHE_BYTES, BUFFER_BYTES = 32 << 20, 32 << 20
_ROW_BYTES = 200  # what a row takes in memory besides its key and value
_CHANGES_PER_WRITE = 10_000


class SpillingStore:
    """Implements `Store`. `directory` is made and used once rows take more than `memory_bytes_max` in memory.

    A small replay never waits for a disk, and one of millions of events takes no more memory than one of thousands.
    """

    def __init__(self, directory: Path, *, memory_bytes_max: int = MEMORY_BYTES_MAX) -> None:
        self._directory = directory
        self._memory_bytes_max = memory_bytes_max
        self._bytes = 0
        self._memory: MemoryStore | None = MemoryStore()
        self._held: Store = self._memory
        self._database: Database | None = None
        self.get = self._held.get

    @property
    def position(self) -> int:
        """How many changes were applied."""
        return self._held.position

    def apply(self, changes: Iterable[Change], position: int) -> None:
        """Writes stored values and the position."""
        changes = list(changes)
        memory = self._memory
        if memory is not None:
            for key, value in changes:
                before = memory.get(key)
                self._bytes += _size(key, value) - _size(key, before)
        self._held.apply(changes, position)
        if memory is not None and self._bytes > self._memory_bytes_max:
            self._spill(memory)

    def due(self, before: int, limit: int) -> list[tuple[bytes, int]]:
        """The earliest keys that fall due at or before `before`."""
        return self._held.due(before, limit)

    def next_due(self) -> int | None:
        """When the earliest row falls due."""
        return self._held.next_due()

    def scan(self) -> Iterator[tuple[bytes, bytes]]:
        """All rows in the order of their keys."""
        return self._held.scan()

    def close(self) -> None:
        """Lets go of files."""
        if self._database is not None:
            self._database.close()

    def _spill(self, memory: MemoryStore) -> None:
        self._database = Database(self._directory, cache_bytes=CACHE_BYTES, buffer_bytes=BUFFER_BYTES)
        rocks = self._database.store("rows", 0)
        rows = memory.scan()
        while chunk := list(islice(rows, _CHANGES_PER_WRITE)):
            rocks.apply(chunk, memory.position)
        self._held, self._memory = rocks, None
        self.get = rocks.get


def _size(key: bytes, value: bytes | None) -> int:
    return 0 if value is None else _ROW_BYTES + len(key) + len(value)
