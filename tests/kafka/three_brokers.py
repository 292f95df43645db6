"""What production looks like: three brokers, every record on all of them, none acknowledged before two have it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.kafka.harness import admin, insisted, local_broker

NODES = (1, 2, 3)


class ThreeBrokers:
    """A cluster of three on loopback; each of its `brokers` can be stopped, killed and started."""

    def __init__(self, directory: Path) -> None:
        controllers = dict(zip(NODES, local_broker.free_ports(len(NODES)), strict=True))
        cluster = local_broker.Cluster(local_broker.new_id(), controllers)
        self.brokers: list[Any] = [
            local_broker.Broker(directory / str(node), heap="512m", cluster=cluster, node=node) for node in NODES
        ]
        self.bootstrap = ",".join(broker.bootstrap for broker in self.brokers)

    def __enter__(self) -> Self:
        try:
            # none is ready before a majority is there
            with ThreadPoolExecutor(len(NODES)) as pool:
                for started in [pool.submit(broker.start) for broker in self.brokers]:
                    started.result()
        except BaseException:
            self._kill_all()
            raise
        return self

    def in_sync(self) -> bool:
        """Whether every partition is on all three, up to date."""
        client = admin(self.bootstrap)
        known = insisted("which topics there are", lambda: client.list_topics(timeout=20))
        partitions = [part for topic in known.topics.values() for part in topic.partitions.values()]
        return all(len(part.isrs) == len(NODES) for part in partitions)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kill_all()

    def _kill_all(self) -> None:
        # in order would wait for a majority that is no longer there
        for broker in self.brokers:
            broker.kill()
