"""This runtime: a topology of one agent and one table, run by the same `run_worker` as the product's.

python -m tests.bench.peers.entrants.refundry BOOTSTRAP SOURCE SINK GROUP DIRECTORY store=rocksdb commit_ms=100
"""

import sys
from pathlib import Path

from app.runtime import clients, topics_admin
from app.runtime.claim import claim
from app.runtime.config import RuntimeConfig
from app.runtime.run import run_worker
from app.runtime.topology import Agent, Batch, Output, Round, TableSpec, Topology
from tests.bench.peers.order import counted, read_order
from topics.catalogue import Topic

TABLE = "counts"
PARTITIONS = 8


def main() -> int:
    """Runs until it is told to stop."""
    bootstrap, source, sink, group, directory = sys.argv[1:6]
    options = dict(option.split("=", 1) for option in sys.argv[6:])
    config = RuntimeConfig(
        bootstrap_servers=bootstrap,
        app_id=group,
        partitions=PARTITIONS,
        state_dir=Path(directory),
        store="memory" if options["store"] == "memory" else "rocksdb",
        commit_interval_ms=int(options["commit_ms"]),
        ops_bind="127.0.0.1:0",
    )
    catalogue = (
        Topic(source, "order_id", "in", "delete", None, (), "the bench", "this"),
        Topic(sink, "order_id", "out", "delete", None, (), "this", "the bench"),
    )
    topology = _topology(source, sink)
    wanted, admin = topics_admin.wanted_topics(config, topology, catalogue), clients.admin(config)
    found = topics_admin.existing_topics(admin, wanted, config)
    topics_admin.create(admin, wanted, topics_admin.plan(wanted, found), config)
    with claim(config) as claimed:
        return run_worker(topology, claimed, {}, catalogue=catalogue)


def _topology(source: str, sink: str) -> Topology:
    def count(batch: Batch, round_: Round) -> None:
        rows = round_.table(TABLE, batch.partition)
        for message in batch.messages:
            round_.at(message)
            assert message.value is not None
            order = read_order(message.value)
            seen = (rows.get(order.order_id) or 0) + 1
            rows.put(order.order_id, seen, due=None)
            round_.publish(Output(sink, message.key, counted(order, seen)))

    def never(round_: Round, partition: int, key: str, due: int, now: int) -> None:
        raise AssertionError("no row has a timer")

    table = TableSpec(TABLE, (source,), lambda seen: b"%d" % seen, int, never)
    return Topology((Agent("count", source, count),), (table,))


if __name__ == "__main__":
    sys.exit(main())
