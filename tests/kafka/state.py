"""One table's rows, three times: as the changelog has them, as a clean replay makes them, as a worker's store holds them."""

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from agents import assemble
from app.desk import desk_of, global_topics
from app.runtime.round import Staging
from app.runtime.seals import KEY
from app.runtime.store.memory import MemoryStore
from app.runtime.store.rocks import Database
from app.runtime.topology import Batch
from tests.kafka.product import Product

Rows = dict[tuple[int, bytes], bytes]
ROUND = 777  # another number than any worker's: what is in a row must not depend on how rounds are cut


class Compared(NamedTuple):
    """How many rows of a table there are, and how many of them are not the same wherever they are."""

    rows: int
    differ: int


def compared_tables(product: Product) -> dict[str, Compared]:
    """Every table that a worker keeps. The workers must be stopped.

    A row beside several topics depends on how they were read side by side, which no clean replay repeats: it is
    compared as the changelog and the stores have it.
    """
    found = {}
    for spec in assemble(desk_of(product.settings())).tables:
        ways = [rows_of_changelog(product, spec.name), rows_of_stores(product, spec.name)]
        if len(spec.beside) == 1:
            ways.append(rows_of_replay(product, spec.name, spec.beside[0]))
        places = set().union(*ways)
        differ = sum(len({way.get(place) for way in ways}) > 1 for place in places)
        found[spec.name] = Compared(len(places), differ)
    return found


def rows_of_changelog(product: Product, table: str) -> Rows:
    """The last value of every key, by partition."""
    return {(m.partition, m.key or b""): m.value or b"" for m in product.changelog(table) if m.key != KEY}


def rows_of_replay(product: Product, table: str, topic: str) -> Rows:
    """What the table comes to when its topic, as committed, is read once from its beginning by the same agents."""
    desk = desk_of(product.settings())
    for name, heard in global_topics(desk).items():
        for record in product.records(name):
            heard(record.key, record.value)
    topology, messages = assemble(desk), product.records(topic)
    staging = Staging(topology, version="0")
    stores = {partition: MemoryStore() for partition in {message.partition for message in messages}}
    for spec in topology.tables:
        for partition, store in stores.items():
            staging.open(spec.name, partition, store if spec.name == table else MemoryStore())
    for partition in stores:
        of_partition = [message for message in messages if message.partition == partition]
        for first in range(0, len(of_partition), ROUND):
            staging.run([Batch(topic, partition, of_partition[first : first + ROUND])])
            assert not _failed(staging), "a handler failed"
            staging.commit({})
    return {(partition, key): value for partition, store in stores.items() for key, value in store.scan()}


def rows_of_stores(product: Product, table: str) -> Rows:
    """What the workers' stores hold, of each partition the one that came farthest. The workers must be stopped."""
    root = Path(product.given["state_dir"]) / product.group
    positions, newest = Counter[int](), dict[int, dict[bytes, bytes]]()
    for directory in root.glob("slot-*/"):
        with closing(Database(directory)) as database:
            for partition in range(product.settings().partitions):
                store = database.store(table, partition)
                if store.position > positions[partition]:
                    positions[partition], newest[partition] = store.position, dict(store.scan())
    return {(partition, key): value for partition, rows in newest.items() for key, value in rows.items()}


def _failed(staging: Staging) -> bool:
    return any(content == b"handler_failed" for output in staging.outputs for _, content in output.headers)
