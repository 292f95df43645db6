"""What tests on a real broker share: the broker, topics, load, N supervised worker processes, and what was committed."""

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from app.runtime import faults

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("local_broker", ROOT / "deploy" / "kafka" / "broker.py")
assert _spec is not None
assert _spec.loader is not None
local_broker = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(local_broker)

T = TypeVar("T")

GIVING_UP = {0, 3, 5}
"""Exit codes after which a supervisor does not start a worker again."""


def free_port() -> int:
    """A port of the loopback that nobody listens at now."""
    (port,) = local_broker.free_ports(1)
    return int(port)


def wait_for(what: str, ready: Callable[[], bool], seconds: float, *, every: float = 0.1) -> None:
    """Polls until it is so; fails with `what` when it does not become so in time."""
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(every)


@dataclass
class Workers:
    """Worker processes, each in a slot of its own, started again when they end, as a supervisor would.

    `command(slot)` is what to run. All output goes to one log, which `said` reads.
    """

    command: Callable[[int], Sequence[str]]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    exits: Counter[int] = field(default_factory=Counter)
    starts: int = 0
    _processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    _wanted: set[int] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _over: threading.Event = field(default_factory=threading.Event)
    _out: IO[bytes] | None = None

    def __enter__(self) -> Self:
        self._out = self.log.open("ab")
        threading.Thread(target=self._supervise, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with self._lock:
            for process in self._processes.values():
                if process.poll() is None:
                    process.send_signal(signal.SIGCONT)
                    process.kill()
                    process.wait()
        assert self._out is not None
        self._out.close()

    def start(self, *slots: int) -> None:
        """Wants these slots to run."""
        with self._lock:
            self._wanted.update(slots)
            for slot in slots:
                self._run(slot)

    def kill(self, slot: int, *, again: bool = True) -> int:
        """kill -9; started again unless `again` is False. Returns how the process ended: before that, or by it."""
        with self._lock:
            if not again:
                self._wanted.discard(slot)
            self._processes[slot].kill()
            return self._processes[slot].wait()

    def signal(self, slot: int, number: signal.Signals) -> None:
        """Sends a signal."""
        self._processes[slot].send_signal(number)

    def stop(self, *slots: int, seconds: float = 30.0) -> dict[int, int]:
        """SIGTERM to these (all), and their exit codes; fails when one takes longer than `seconds`."""
        with self._lock:
            slots = slots or tuple(self._processes)
            self._wanted.difference_update(slots)
            for slot in slots:
                if self._processes[slot].poll() is None:
                    self._processes[slot].send_signal(signal.SIGTERM)
        return {slot: self._processes[slot].wait(seconds) for slot in slots}

    def code(self, slot: int) -> int | None:
        """The exit code of the last process in a slot, None while it runs."""
        return self._processes[slot].poll()

    def said(self) -> str:
        """All that the workers wrote so far."""
        return self.log.read_text(errors="replace")

    def _run(self, slot: int) -> None:
        environment = {**os.environ, **self.env}
        self._processes[slot] = subprocess.Popen(
            list(self.command(slot)), cwd=ROOT, env=environment, stdout=self._out, stderr=self._out
        )
        self.starts += 1

    def _supervise(self) -> None:
        while not self._over.wait(0.1):
            with self._lock:
                for slot in list(self._wanted):
                    code = self._processes[slot].poll()
                    if code is None:
                        continue
                    self.exits[code] += 1
                    if code in GIVING_UP:
                        self._wanted.discard(slot)
                    elif not self._over.is_set():
                        self._run(slot)


def module(name: str, *arguments: str) -> list[str]:
    """The command that runs a module with this interpreter."""
    return [sys.executable, "-m", name, *arguments]


def read_all(
    bootstrap: str, topic: str, *, committed: bool = True, whole: bool = True, seconds: float = 60.0
) -> list[Message]:
    """All records of a topic, partition by partition in order, as a reader of committed (or of all) records sees them.

    `whole`: waits for transactions that are open now, so that nothing is missing; else what is committed so far.
    """

    def reader(isolation: str) -> Consumer:
        more = {"enable.partition.eof": True, "enable.auto.commit": False, "log_level": 2}
        return Consumer(
            {"bootstrap.servers": bootstrap, "group.id": "judge", "isolation.level": f"read_{isolation}", **more}
        )

    def true_ends() -> dict[int, int]:
        """To a reader of committed records a partition ends where the first open transaction begins.

        A client of its own each time: one that knows a leader that is gone would go on asking that one.
        """
        with closing(reader("uncommitted")) as asked:
            known = asked.list_topics(topic, timeout=20).topics[topic].partitions
            places = [TopicPartition(topic, number) for number in known]
            return {place.partition: asked.get_watermark_offsets(place, timeout=5)[1] for place in places}

    ends = insisted(f"where {topic} ends", true_ends)
    consumer = reader("committed" if committed else "uncommitted")
    try:
        consumer.assign([TopicPartition(topic, number, 0) for number in ends])
        found: list[Message] = []
        end = time.monotonic() + seconds
        while ends:
            assert time.monotonic() < end, f"{topic} could not be read to its end: {ends}"
            for record in consumer.consume(10_000, 0.5):
                error = record.error()
                if error is None:
                    found.append(record)
                    # under load the end moves on as fast as it is read
                    if record.offset() + 1 >= ends.get(record.partition(), sys.maxsize):
                        ends.pop(record.partition())
                elif error.code() == KafkaError._PARTITION_EOF:
                    if not whole or record.offset() >= ends.get(record.partition(), 0):
                        ends.pop(record.partition(), None)
                elif faults.answer(error, faults.MESSAGES) is not faults.Answer.RETRY:
                    raise KafkaException(error)
        return sorted(found, key=lambda record: (record.partition(), record.offset()))
    finally:
        consumer.close()


def insisted(what: str, call: Callable[[], T], seconds: float = 180.0) -> T:
    """What the broker says, asked again while a leader or a coordinator is only just becoming one."""
    return faults.insist(call, what=what, patience=seconds)


def ends_of(consumer: Consumer, place: TopicPartition) -> tuple[int, int]:
    """Where a partition begins and ends."""
    first, end = insisted(f"where {place.topic} ends", lambda: consumer.get_watermark_offsets(place, timeout=20))
    return first, end


def lag(bootstrap: str, group: str, topics: Iterable[str]) -> int:
    """How many offsets of `topics` the group has not committed, transaction markers included; -1 while it cannot say."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "log_level": 0})
    try:
        known = consumer.list_topics(timeout=5).topics
        places = [TopicPartition(topic, number) for topic in topics for number in known[topic].partitions]
        total = 0
        for place in consumer.committed(places, 5):
            first, end = consumer.get_watermark_offsets(place, timeout=5)
            total += end - max(place.offset, first)
    except KafkaException:
        return -1
    else:
        return total
    finally:
        consumer.close()


class Load(threading.Thread):
    """Publishes `record(i)` (key, value) to a topic at a steady rate until told to stop; `sent` is how many.

    A producer of librdkafka that was told of no leader for a moment may not send to that partition again, and what waits
    for it times out. A publisher starts anew then, as this one does at its end, with what is not there: the broker may
    have taken what it did not acknowledge, and `sent` records are in the topic once each.
    """

    def __init__(self, bootstrap: str, topic: str, record: Callable[[int], tuple[bytes, bytes]], rate: float) -> None:
        super().__init__(daemon=True)
        self.sent = 0
        self._topic, self._record, self._rate = topic, record, rate
        self._stop_asked = threading.Event()
        self._address = bootstrap
        self._producer = self._new_producer()
        self._undelivered: list[tuple[bytes, bytes]] = []

    def run(self) -> None:
        started = time.monotonic()
        while not self._stop_asked.is_set():
            due = int((time.monotonic() - started) * self._rate)
            while self.sent < due:
                key, value = self._record(self.sent)
                self._produce(key, value)
                self.sent += 1
            self._producer.poll(0.005)

    def end(self) -> None:
        """Publishes no more; what is under way may get lost."""
        self._stop_asked.set()
        self.join()

    def stop(self) -> int:
        """Ends the load; how many records the topic has."""
        self.end()
        assert self._producer.flush(120) == 0, "the load could not be delivered"
        again, self._undelivered, self._producer = self._undelivered, [], self._new_producer()
        if again:
            there = {(message.key(), message.value()) for message in read_all(self._address, self._topic)}
            again = [one for one in again if one not in there]
        for key, value in again:
            self._produce(key, value)
        assert self._producer.flush(120) == 0
        assert not self._undelivered, "the load could not be delivered"
        return self.sent

    def _new_producer(self) -> Producer:
        return Producer(
            {
                "bootstrap.servers": self._address,
                "partitioner": "murmur2_random",
                "enable.idempotence": True,
                "delivery.timeout.ms": 30_000,
                "linger.ms": 2,
                "log_level": 2,
            }
        )

    def _produce(self, key: bytes, value: bytes) -> None:
        def delivered(error: KafkaError | None, _: Message) -> None:
            if error is not None:
                self._undelivered.append((key, value))

        self._producer.produce(self._topic, value, key, on_delivery=delivered)


def admin(bootstrap: str) -> AdminClient:
    """An admin client that is quiet about a broker that is away."""
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})


def facts(record: Message) -> dict[str, Any]:
    """A record as data, for the message of a failed assertion."""
    return {"partition": record.partition(), "offset": record.offset(), "key": record.key(), "value": record.value()}
