"""Quix Streams with its exactly-once guarantee, state in its RocksDB, with a changelog.

python -m tests.bench.peers.entrants.quix BOOTSTRAP SOURCE SINK GROUP DIRECTORY [commit_s=0.1]
"""

import sys

from quixstreams import Application, State
from quixstreams.models import TopicConfig

from tests.bench.peers.order import counted, read_order

PARTITIONS = 8


def main() -> None:
    """Runs until it is told to stop."""
    bootstrap, source, sink, group, directory = sys.argv[1:6]
    options = dict(option.split("=", 1) for option in sys.argv[6:])
    commit = {"commit_interval": float(options["commit_s"])} if "commit_s" in options else {}
    application = Application(
        broker_address=bootstrap,
        consumer_group=group,
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        state_dir=directory,
        loglevel="WARNING",
        consumer_extra_config={
            "isolation.level": "read_committed",
            "queued.min.messages": 200_000,
            "max.partition.fetch.bytes": 4 << 20,
            "fetch.queue.backoff.ms": 5,
        },
        producer_extra_config={"linger.ms": 5, "batch.size": 1_000_000, "compression.type": "lz4"},
        **commit,
    )
    config = TopicConfig(num_partitions=PARTITIONS, replication_factor=1)
    read = application.topic(source, value_deserializer="bytes", key_deserializer="bytes", config=config)
    written = application.topic(sink, value_serializer="bytes", key_serializer="bytes", config=config)
    application.dataframe(read).apply(_count, stateful=True).to_topic(written)
    application.run()


def _count(value: bytes, state: State) -> bytes:
    seen = state.get("count", 0) + 1
    state.set("count", seen)
    return counted(read_order(value), seen)


if __name__ == "__main__":
    main()
