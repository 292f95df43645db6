"""Bytewax, one worker: with recovery its state and its positions are snapshots in SQLite, without it they are lost.

python -m tests.bench.peers.entrants.bytewax_flow BOOTSTRAP SOURCE SINK GROUP DIRECTORY [snapshot_s=0.1]
"""

import sys
from datetime import timedelta
from pathlib import Path

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSink, KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.dataflow import Dataflow
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.run import cli_main

from tests.bench.peers.order import Order, counted, read_order

RECOVERY_PARTITIONS = 1
READING = {
    "queued.min.messages": "200000",
    "max.partition.fetch.bytes": str(4 << 20),
    "fetch.queue.backoff.ms": "5",
    "isolation.level": "read_committed",
}
WRITING = {"batch.size": "1000000", "compression.type": "lz4"}


def main() -> None:
    """Runs until it is killed."""
    bootstrap, source, sink, _, directory = sys.argv[1:6]
    options = dict(option.split("=", 1) for option in sys.argv[6:])
    recovery = {}
    if "snapshot_s" in options:
        Path(directory).mkdir(parents=True)
        init_db_dir(Path(directory), RECOVERY_PARTITIONS)
        recovery = {
            "epoch_interval": timedelta(seconds=float(options["snapshot_s"])),
            "recovery_config": RecoveryConfig(directory, timedelta(0)),
        }
    cli_main(_flow(bootstrap, source, sink), workers_per_process=1, **recovery)


def _flow(bootstrap: str, source: str, sink: str) -> Dataflow:
    flow = Dataflow("counts")
    records = op.input("read", flow, KafkaSource([bootstrap], [source], add_config=READING))
    orders = op.map("decode", records, _keyed)
    answers = op.stateful_map("count", orders, _count)
    op.output("write", op.map("encode", answers, _message), KafkaSink([bootstrap], sink, add_config=WRITING))
    return flow


def _keyed(record: KafkaSourceMessage) -> tuple[str, Order]:
    order = read_order(record.value)
    return order.order_id, order


def _count(seen: int | None, order: Order) -> tuple[int, bytes]:
    seen = (seen or 0) + 1
    return seen, counted(order, seen)


def _message(answer: tuple[str, bytes]) -> KafkaSinkMessage:
    return KafkaSinkMessage(answer[0].encode(), answer[1])


if __name__ == "__main__":
    main()
