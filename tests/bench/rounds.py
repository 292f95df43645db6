"""Rounds like a worker's over stores in memory, without Kafka: what the decisions cost by themselves."""

from collections import Counter, defaultdict
from zlib import crc32

from msgspec.structs import replace

from agents import Desk, assemble
from app import texts
from app.domain import tables
from app.runtime.round import Staging
from app.runtime.store.memory import MemoryStore
from app.runtime.topology import Batch, Message, Output
from tests.bench.mix import Sent
from topics.partitioning import partition_of

PARTITIONS, ROUND = 8, 5000


class Rounds:
    """Feeds waves to the agents, and what they say to each other, a round at a time."""

    def __init__(self) -> None:
        texts.prepare()
        tables.prepare()
        desk = Desk(secret=b"a key for a profile, and no secret", partitions=PARTITIONS)
        topology = assemble(desk)
        self._heard = {agent.topic for agent in topology.agents}
        self._staging = Staging(topology, version="0")
        for spec in topology.tables:
            for partition in range(PARTITIONS):
                self._staging.open(spec.name, partition, MemoryStore())
        self._offsets: Counter[tuple[str, int]] = Counter()

    def feed(self, wave: list[Message]) -> None:
        """Handles a wave to its end, with all that follows from it."""
        waiting: list[Message] = []
        while wave or waiting:
            room = max(0, ROUND - len(waiting))
            taken, wave = waiting[:ROUND] + wave[:room], wave[room:]
            waiting = waiting[ROUND:]
            batches: dict[tuple[str, int], list[Message]] = defaultdict(list)
            for message in taken:
                place = (message.topic, message.partition)
                batches[place].append(replace(message, offset=self._offsets[place]))
                self._offsets[place] += 1
            self._staging.run([Batch(*place, messages) for place, messages in batches.items()])
            now = taken[-1].timestamp
            waiting += [_message(output, now) for output in self._staging.outputs if output.topic in self._heard]
            self._staging.commit({})


def inbound(sent: Sent) -> Message:
    """The message as the worker would read it."""
    partition = partition_of(sent.key, PARTITIONS) if sent.key else 0
    return Message(sent.topic, partition, 0, sent.at, sent.key, sent.value, sent.headers)


def _message(output: Output, now: int) -> Message:
    partition = crc32(output.key or b"") % PARTITIONS if output.partition is None else output.partition
    return Message(output.topic, partition, 0, now, output.key, output.value, output.headers)
