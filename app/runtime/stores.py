"""The stores of this worker: there when assigned, and kept through a rebalance."""

from app.runtime.config import RuntimeConfig
from app.runtime.exits import UnreachableError
from app.runtime.round import TablePartition
from app.runtime.store import StoreBrokenError, TimedStore
from app.runtime.store.memory import MemoryStore
from app.runtime.store.rocks import Database

BROKEN = "Free the disk, or give STATE_DIR a place that can be written; the next start reads the state from Kafka again"


class Stores:
    """Of one worker slot. Its directory belongs to one process, by the slot's lock."""

    def __init__(self, config: RuntimeConfig) -> None:
        self._directory = config.state_dir / config.app_id / f"slot-{config.slot}"
        self._in_memory = config.store == "memory"
        self._database: Database | None = None
        self._held: dict[TablePartition, TimedStore] = {}

    def __len__(self) -> int:
        return len(self._held)

    def get(self, place: TablePartition) -> TimedStore:
        """The place's store. UnreachableError where the directory cannot be used."""
        if place not in self._held:
            self._held[place] = MemoryStore() if self._in_memory else self._on_disk(place)
        return self._held[place]

    def empty(self, place: TablePartition) -> TimedStore:
        """The place's store after all that it held was thrown away."""
        del self._held[place]
        if self._database is not None:
            self._database.forget(*place)
        return self.get(place)

    def keep_only(self, places: set[TablePartition]) -> None:
        """Lets go of the others. What is on disk stays: if it is assigned here again, only the news are read."""
        for place in set(self._held) - places:
            del self._held[place]

    def measured(self, table: str) -> tuple[int, int]:
        """What there is of a table: bytes, and rows that fall due some day.

        On disk also the bytes of partitions that were here before.
        """
        held = [store for (name, _), store in self._held.items() if name == table]
        size = sum(store.size() for store in held if isinstance(store, MemoryStore))
        if self._database is not None:
            size += self._database.size(table)
        return size, sum(store.timers for store in held)

    def close(self) -> None:
        """Lets go of all of them, and of the files."""
        self._held.clear()
        if self._database is not None:
            self._database.close()

    def _on_disk(self, place: TablePartition) -> TimedStore:
        try:
            if self._database is None:
                self._database = Database(self._directory)
            return self._database.store(*place)
        except StoreBrokenError as error:
            raise UnreachableError(str(error), BROKEN) from error
