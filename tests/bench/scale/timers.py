"""What open timers cost a round in which none of them is due, over the product's own tables on RocksDB."""

import time
from pathlib import Path

from agents import Desk, assemble
from app.runtime.round import Staging
from app.runtime.store import pack
from app.runtime.store.rocks import Memory, RocksStore
from tests.bench.scale.results import Timers

PARTITIONS = 8
_ROUNDS = 2_000
_FAR_AHEAD_MS = 800 * 24 * 3_600_000
_CHUNK = 5_000


def timers(directory: Path, count: int) -> Timers:
    """So many rows that fall due some day, each moved once, as an event that its case hears moves its retention."""
    topology = assemble(Desk(secret=b"a key for a bench, and no secret"))
    staging, memory, stores = Staging(topology, version="0"), Memory(), []
    for spec in topology.tables:
        for partition in range(PARTITIONS):
            store = RocksStore(directory / spec.name / str(partition), memory=memory)
            staging.open(spec.name, partition, store)
            stores.append(store)
    now = int(time.time() * 1000)
    share = count // len(stores)
    for due in (now + _FAR_AHEAD_MS, now + _FAR_AHEAD_MS + 1000):
        for store in stores:
            for first in range(0, share, _CHUNK):
                rows = range(first, min(first + _CHUNK, share))
                store.apply([(b"row-%d" % row, pack(due + row, bytes(500))) for row in rows], store.position + 1)
    began = time.process_time()
    for _ in range(_ROUNDS):
        staging.fire(now)
    fired = time.process_time()
    for _ in range(_ROUNDS):
        staging.next_due()
    ended = time.process_time()
    for store in stores:
        store.close()
    return Timers(share * len(stores), len(stores), 1e6 * (fired - began) / _ROUNDS, 1e6 * (ended - fired) / _ROUNDS)
