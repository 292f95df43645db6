"""Where the CPU time of the decisions goes: rounds like a worker's over stores in memory, without Kafka, sampled.

A sampling profile (SIGPROF) and not a tracing one: small functions are not charged for being watched.
"""

import gc
import signal
import time
from collections import Counter, defaultdict
from pathlib import Path
from types import FrameType
from zlib import crc32

from msgspec.structs import replace

from agents import Desk, assemble
from app.runtime.round import Staging
from app.runtime.store.memory import MemoryStore
from app.runtime.topology import Batch, Message, Output
from app.texts import prepare
from tests.bench.mix import Mix, Sent
from tests.kafka.harness import ROOT
from topics.partitioning import partition_of

PARTITIONS, ROUND = 8, 5000
SHOWN = 40
SAMPLE_S = 0.001


class _Samples:
    """Counts functions: those at work, and all that called them."""

    def __init__(self) -> None:
        self.count = 0
        self.at_work: Counter[str] = Counter()
        self.on_stack: Counter[str] = Counter()

    def take(self, _: int, frame: FrameType | None) -> None:
        self.count += 1
        if frame is not None:
            self.at_work[_name(frame)] += 1
        names = set()
        while frame is not None:
            names.add(_name(frame))
            frame = frame.f_back
        self.on_stack.update(names)

    def table(self, title: str, counted: Counter[str]) -> str:
        rows = [f"{100 * count / self.count:5.1f} %  {name}" for name, count in counted.most_common(SHOWN)]
        return "\n".join([title, *rows, ""])


class _Rounds:
    """Feeds waves to the agents, and what they say to each other, a round at a time."""

    def __init__(self) -> None:
        prepare()
        desk = Desk(secret=b"a key for a profile, and no secret", partitions=PARTITIONS)
        topology = assemble(desk)
        self._heard = {agent.topic for agent in topology.agents}
        self._staging = Staging(topology, version="0")
        for spec in topology.tables:
            for partition in range(PARTITIONS):
                self._staging.open(spec.name, partition, MemoryStore())
        self._offsets: Counter[tuple[str, int]] = Counter()

    def feed(self, wave: list[Message]) -> None:
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


def profile(mix: Mix) -> str:
    """The tables, as text."""
    waves = [[_inbound(sent) for sent in wave] for wave in mix.waves]
    rounds, samples = _Rounds(), _Samples()
    gc.collect()
    gc.freeze()
    gc.disable()
    signal.signal(signal.SIGPROF, samples.take)
    began = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, SAMPLE_S, SAMPLE_S)
    for wave in waves:
        rounds.feed(wave)
    signal.setitimer(signal.ITIMER_PROF, 0)
    seconds = time.process_time() - began
    gc.enable()
    head = f"{len(mix.messages) / seconds:,.0f} events per CPU-second without Kafka, {samples.count} samples\n\n"
    return (
        head + samples.table("at work", samples.at_work) + samples.table("at work or waiting for it", samples.on_stack)
    )


def _name(frame: FrameType) -> str:
    path = Path(frame.f_code.co_filename)
    place = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    return f"{place}:{frame.f_code.co_qualname}"


def _inbound(sent: Sent) -> Message:
    partition = partition_of(sent.key, PARTITIONS) if sent.key else 0
    return Message(sent.topic, partition, 0, sent.at, sent.key, sent.value, sent.headers)


def _message(output: Output, now: int) -> Message:
    partition = crc32(output.key or b"") % PARTITIONS if output.partition is None else output.partition
    return Message(output.topic, partition, 0, now, output.key, output.value, output.headers)
