"""How long partitions are silent when one of two workers is killed and started again: its own, and those of the other.

Static membership is what keeps the other at work: it keeps its partitions, and the one that comes back within its
session gets its own again.
"""

import threading
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaException, TopicPartition

from tests.kafka.counted import Installation
from tests.kafka.counting import OUT
from tests.kafka.harness import admin, wait_for

RATE = 1000
PARTITIONS = 4
KILLS = 3


class Pause(NamedTuple):
    """The longest silence, in seconds."""

    own: float
    others: float


class _Listener(threading.Thread):
    """Notes when committed outputs of each partition arrive."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        super().__init__(daemon=True)
        self.arrivals: dict[int, list[float]] = defaultdict(list)
        self.over = threading.Event()
        settings = {"group.id": "listener", "isolation.level": "read_committed", "auto.offset.reset": "latest"}
        more = {"fetch.wait.max.ms": 10, "fetch.queue.backoff.ms": 5, "log_level": 2}
        self._consumer = Consumer({"bootstrap.servers": bootstrap, **settings, **more})
        self._consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])

    def run(self) -> None:
        while not self.over.is_set():
            for record in self._consumer.consume(1000, 0.01):
                if record.error() is None:
                    self.arrivals[record.partition()].append(time.monotonic())
        self._consumer.close()

    def longest(self, partitions: set[int], since: float) -> float:
        """The longest time between two arrivals of a partition, from `since` on."""
        silences = []
        for number in partitions:
            times = [since, *(at for at in self.arrivals[number] if at > since), time.monotonic()]
            silences += [later - earlier for earlier, later in pairwise(times)]
        return max(silences)


def pauses(bootstrap: str, directory: Path, *, brokers: int) -> list[Pause]:
    """Two workers under a steady load; one of them is killed and started again by its supervisor, some times."""
    installation = Installation(bootstrap, f"pause-{time.time_ns()}", directory, replication_factor=brokers)
    installation.create_topics()
    found = []
    with installation.workers() as workers:
        workers.start(0, 1)
        load = installation.load(RATE)
        listener = _Listener(bootstrap, installation.config.topic(OUT))
        listener.start()
        for _ in range(KILLS):
            # one that came back after its session had ended gets its share only when the group has shared out anew
            wait_for("both have a share", lambda: 0 < len(_share(installation, 0)) < PARTITIONS, 60)
            wait_for("all partitions speak", lambda: _speaks(listener), 60)
            own, killed_at = _share(installation, 0), time.monotonic()
            workers.kill(0)
            # what it committed just before may arrive just after; that it is back is told by what comes a second later
            wait_for("all partitions speak again", lambda at=killed_at: _speaks(listener, since=at + 1), 60)
            others = set(range(PARTITIONS)) - own
            found.append(Pause(listener.longest(own, killed_at), listener.longest(others, killed_at)))
        listener.over.set()
        listener.join()
        load.stop()
    return found


def _share(installation: Installation, slot: int) -> set[int]:
    """The partitions that the group has given to that worker; none where a broker that has just begun does not say."""
    group, client = installation.config.app_id, admin(installation.bootstrap)
    try:
        told = client.describe_consumer_groups([group])[group].result(5)
    except (KafkaException, TimeoutError):
        return set()
    return {
        place.partition
        for member in told.members
        if member.group_instance_id == f"{group}-{slot}"
        for place in member.assignment.topic_partitions
    }


def _speaks(listener: _Listener, since: float = 0.0) -> bool:
    since = max(since, time.monotonic() - 0.5)
    return all(listener.arrivals[number] and listener.arrivals[number][-1] > since for number in range(PARTITIONS))
