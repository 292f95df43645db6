"""Restore: a store is brought to the end of its changelog before its partition is worked on.

The end is the high watermark as a client sees it that also reads open transactions. A reader of committed records alone
is told an earlier end while a dead peer's transaction is open, and would take old state for the newest. So the restore
reads committed records until it stands at the true end, and waits for the peer's transaction where it must.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Event

from confluent_kafka import Consumer, KafkaError

from app.metrics import RESTORE_LEFT, RESTORED, Metrics
from app.runtime import clients, faults
from app.runtime.config import RuntimeConfig
from app.runtime.exits import UnreachableError, UnsafeError
from app.runtime.extents import extents_of
from app.runtime.records import OnBroker, offset_of, place_of
from app.runtime.round import TablePartition
from app.runtime.store import Change, Store
from app.runtime.stores import Stores

_log = logging.getLogger(__name__)
_CHUNK = 5000
_LOOK_SECONDS = 0.05
"""A look lasts so long where fewer come than it asks for, and so does the one in which the end is met."""


class CancelledError(Exception):
    """The partitions were taken away while they were restored."""


@dataclass
class _Target:
    place: TablePartition
    store: Store
    end: int
    chunk: list[Change] = field(default_factory=list)
    read: int = 0


@dataclass
class Restore:
    """Brings the stores of `places` to the ends of their changelogs, in a thread of its own. `cancel` may be set."""

    config: RuntimeConfig
    stores: Stores
    places: list[TablePartition]
    metrics: Metrics
    say: Callable[[str], None]
    cancel: Event = field(default_factory=Event)
    restored: dict[TablePartition, Store] = field(default_factory=dict)

    def run(self) -> float:
        """Fills `restored`, and says in how many seconds. Raises CancelledError, and WorkerStopError of every kind."""
        began = time.monotonic()
        targets = self._targets()
        waiting = {name: target for name, target in targets.items() if target.store.position < target.end}
        if waiting:
            consumer = clients.reader(self.config, committed=True)
            try:
                positions = {name: target.store.position for name, target in waiting.items()}
                clients.assign(consumer, positions, timeout=self.config.limits.call_timeout)
                self._read(consumer, waiting)
            finally:
                self.metrics.set(RESTORE_LEFT, 0)
                consumer.close()
        for target in targets.values():
            self.metrics.add(RESTORED, target.read, target.place[0])
        self.restored = {target.place: target.store for target in targets.values()}
        return time.monotonic() - began

    def _targets(self) -> dict[OnBroker, _Target]:
        names = {(self.config.changelog(table), partition): (table, partition) for table, partition in self.places}
        limits = self.config.limits
        consumer = clients.reader(self.config, committed=False)
        try:
            ask = partial(extents_of, consumer, names, timeout=limits.call_timeout)
            extents = faults.insist(ask, what="where the changelogs end", patience=limits.patience)
        finally:
            consumer.close()
        return {
            name: _Target(place, self._usable(place, *extents[name]), extents[name][1]) for name, place in names.items()
        }

    def _usable(self, place: TablePartition, first: int, end: int) -> Store:
        """The place's store, emptied where the changelog no longer holds what follows its position."""
        store = self.stores.get(place)
        name = f"{self.config.changelog(place[0])}/{place[1]}"
        if store.position > end:
            raise UnsafeError(
                f"{name} ends at {end}, but this worker applied it up to {store.position}: it lost records",
                "Restore the topic. The state directory of this worker still holds the rows: do not delete it",
            )
        if 0 < store.position < first:
            _log.warning("%s begins at %d, after the position %d: rebuilt", name, first, store.position)
            store = self.stores.empty(place)
        if store.position < first:
            store.apply([], first)
        return store

    def _read(self, consumer: Consumer, waiting: dict[OnBroker, _Target]) -> None:
        moved_at = time.monotonic()
        stalls: dict[OnBroker, int] = {}
        while waiting:
            if self.cancel.is_set():
                raise CancelledError
            records = consumer.consume(_CHUNK, _LOOK_SECONDS)
            touched: dict[OnBroker, int] = {}
            for record in records:
                name, error = place_of(record), record.error()
                if name not in waiting:
                    continue
                if error is None:
                    waiting[name].chunk.append((record.key() or b"", record.value()))
                    touched[name] = offset_of(record) + 1
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001  its name
                    touched[name] = max(offset_of(record), touched.get(name, 0))
                    if offset_of(record) < waiting[name].end and name not in stalls:
                        _log.info("%s/%d is committed up to %d only: waiting", *name, offset_of(record))
                    stalls[name] = offset_of(record)
                elif faults.answer(error, faults.MESSAGES) is not faults.Answer.RETRY:
                    raise faults.stop_for(error, f"restoring {name[0]}/{name[1]}")
            for name, position in touched.items():
                if self._advance(waiting[name], position):
                    moved_at = time.monotonic()
                if position >= waiting[name].end:
                    del waiting[name]
            self.metrics.set(RESTORE_LEFT, sum(target.end - target.store.position for target in waiting.values()))
            self.say(self._state(waiting, stalls))
            if time.monotonic() - moved_at > self.config.limits.restore_stall:
                raise UnreachableError(f"restore gave up: {self._state(waiting, stalls)}", _HANGING)

    def _advance(self, target: _Target, position: int) -> bool:
        moved = position > target.store.position
        if moved:
            target.store.apply(target.chunk, position)
        target.read += len(target.chunk)
        target.chunk = []
        return moved

    def _state(self, waiting: Mapping[OnBroker, _Target], stalls: Mapping[OnBroker, int]) -> str:
        parts = []
        for (topic, partition), target in list(waiting.items())[:3]:
            text = f"{topic}/{partition} at {target.store.position} of {target.end}"
            if (topic, partition) in stalls:
                text += f", committed only up to {stalls[topic, partition]} (a peer's transaction is open)"
            parts.append(text)
        return "; ".join(parts) + (f" and {len(waiting) - 3} more" if len(waiting) > 3 else "")


_HANGING = (
    "A dead worker's transaction ends within its transaction timeout; one that does not is hanging: `refundry doctor` "
    "finds it; see app/runtime/README.md before you abort it, its offsets may be committed"
)
