"""faust-streaming: an agent, a table in memory with its changelog, one send per event; at least once.

    python -m tests.bench.peers.entrants.faust_app BOOTSTRAP SOURCE SINK GROUP DIRECTORY [tuned=yes] [commit_s=0.1]

As shipped, its own JSON serialiser reads and writes and nothing is set that need not be. Tuned: bytes in and out with
the decoder of all others, uvloop, large batches.
"""

import sys

import faust

from tests.bench.peers.order import counted, read_order

PARTITIONS = 8
TUNED = {
    "producer_linger": 0.05,
    "producer_max_batch_size": 512 << 10,
    "producer_compression_type": "lz4",
    "stream_wait_empty": False,
    "topic_disable_leader": True,
}


def main() -> None:
    """Runs until it is told to stop."""
    bootstrap, source, sink, group, directory = sys.argv[1:6]
    options = dict(option.split("=", 1) for option in sys.argv[6:])
    tuned = options.get("tuned") == "yes"
    settings = dict(TUNED) if tuned else {}
    if "commit_s" in options:
        settings["broker_commit_interval"] = float(options["commit_s"])
    app = faust.App(group, broker=f"kafka://{bootstrap}", topic_partitions=PARTITIONS, datadir=directory, **settings)
    serializer = "raw" if tuned else "json"
    forms = {"key_type": bytes, "key_serializer": "raw", "value_type": bytes if tuned else None}
    read = app.topic(source, value_serializer=serializer, **forms)
    written = app.topic(sink, value_serializer=serializer, **forms)
    counts = app.Table("counts", default=int, partitions=PARTITIONS)

    async def as_shipped(stream: faust.Stream) -> None:
        async for key, order in stream.items():
            seen = counts[order["order_id"]] + 1
            counts[order["order_id"]] = seen
            answer = {"event_id": order["event_id"], "order_id": order["order_id"], "count": seen}
            await written.send(key=key, value=answer)

    async def in_bytes(stream: faust.Stream) -> None:
        async for key, value in stream.items():
            order = read_order(value)
            seen = counts[order.order_id] + 1
            counts[order.order_id] = seen
            await written.send(key=key, value=counted(order, seen))

    app.agent(read)(in_bytes if tuned else as_shipped)
    loop = ["--loop", "uvloop"] if tuned else []
    sys.argv[1:] = [*loop, "worker", "--loglevel", "error", "--without-web"]
    app.main()


if __name__ == "__main__":
    main()
