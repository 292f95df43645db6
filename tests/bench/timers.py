"""What open timers cost a worker when none of them is due: rounds with nothing to do, over stores that hold them."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from agents import Desk, assemble
from agents.casework import TABLE
from app.runtime.round import Staging
from app.runtime.store import TimedStore, pack
from app.runtime.store.memory import MemoryStore
from app.runtime.store.rocks import Database
from tests.bench.rounds import PARTITIONS

TIMERS = 100_000
ROUNDS = 500
NOW = 1_800_000_000_000  # ms; every timer is due later


class Idle(NamedTuple):
    """Rounds in which nothing happened. `empty_seconds`: what they take where there is no timer at all."""

    store: str
    timers: int
    rounds: int
    cpu_seconds: float
    empty_seconds: float

    @property
    def milliseconds(self) -> float:
        """CPU time that the timers add to a round."""
        return 1000 * (self.cpu_seconds - self.empty_seconds) / self.rounds


def measure(timers: int = TIMERS) -> list[Idle]:
    """Both kinds of store."""
    with TemporaryDirectory(prefix="refundry-timers-") as scratch:
        empty, full = (Database(Path(scratch) / name) for name in ("empty", "full"))
        found = [
            _idle("RocksDB", timers, partial(empty.store, TABLE), partial(full.store, TABLE)),
            _idle("memory", timers, lambda _: MemoryStore(), lambda _: MemoryStore()),
        ]
        empty.close()
        full.close()
        return found


def _idle(name: str, timers: int, empty: Callable[[int], TimedStore], full: Callable[[int], TimedStore]) -> Idle:
    return Idle(name, timers, ROUNDS, _rounds(full, timers), _rounds(empty, 0))


def _rounds(stores: Callable[[int], TimedStore], timers: int) -> float:
    """CPU seconds of the rounds: fire what is due, which is nothing, and ask when the next timer is."""
    topology = assemble(Desk(secret=b"a key for a bench, and no secret", partitions=PARTITIONS))
    staging = Staging(topology, version="0")
    for partition in range(PARTITIONS):
        store = stores(partition)
        mine = range(partition, timers, PARTITIONS)
        store.apply(((f"m1/o{one}".encode(), pack(NOW + 60_000 + one, b"")) for one in mine), 1)
        staging.open(TABLE, partition, store)
    began = time.process_time()
    for _ in range(ROUNDS):
        staging.run([], now=NOW)
        assert staging.next_due() != NOW
        staging.commit({})
    spent = time.process_time() - began
    for partition in range(PARTITIONS):
        staging.close(TABLE, partition)
    return spent
