"""The stores of this worker: opened when assigned, kept open through a rebalance, closed when assigned elsewhere."""

from pathlib import Path
from shutil import rmtree

from app.runtime.config import RuntimeConfig
from app.runtime.exits import UnreachableError
from app.runtime.round import Place
from app.runtime.store import MeasuredStore, StoreBrokenError
from app.runtime.store.memory import MemoryStore
from app.runtime.store.rocks import Memory, RocksStore

BROKEN = "Free the disk, or give STATE_DIR a place that can be written; the next start reads the state from Kafka again"


class Stores:
    """One directory per worker slot, table and partition. A slot's directory belongs to one process, by its lock."""

    def __init__(self, config: RuntimeConfig) -> None:
        self._root = config.state_dir / config.app_id / f"slot-{config.slot}"
        self._in_memory = config.store == "memory"
        self._memory = Memory()
        self._open: dict[Place, MeasuredStore] = {}

    def __len__(self) -> int:
        return len(self._open)

    def get(self, place: Place) -> MeasuredStore:
        """The place's store, opened if it is not. UnreachableError where its directory cannot be used."""
        if place not in self._open:
            self._open[place] = self._make(place)
        return self._open[place]

    def empty(self, place: Place) -> MeasuredStore:
        """The place's store after all that it held was thrown away."""
        self._close(place)
        rmtree(self._directory(place), ignore_errors=True)
        return self.get(place)

    def keep_only(self, places: set[Place]) -> None:
        """Closes the others. What they hold stays on disk: if it is assigned here again, only the news are read."""
        for place in set(self._open) - places:
            self._close(place)

    def measured(self, table: str) -> tuple[int, int]:
        """What this worker has of a table: bytes, and rows that fall due some day."""
        stores = [store for (name, _), store in self._open.items() if name == table]
        return sum(store.size() for store in stores), sum(store.timers for store in stores)

    def _close(self, place: Place) -> None:
        store = self._open.pop(place, None)
        if store is not None:
            store.close()

    def _make(self, place: Place) -> MeasuredStore:
        if self._in_memory:
            return MemoryStore()
        try:
            return RocksStore(self._directory(place), memory=self._memory)
        except StoreBrokenError as error:
            raise UnreachableError(str(error), BROKEN) from error

    def _directory(self, place: Place) -> Path:
        table, partition = place
        return self._root / table / str(partition)
