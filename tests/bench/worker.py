"""One worker process on a real broker, exactly once: what it does per second of the clock and of its own CPU time.

Each wave lies in the topics, whole, before the worker may read it: while a wave is published the worker is stopped
(SIGSTOP). The clock runs from when it goes on to the last change of the group's offsets.
"""

import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import Consumer, TopicPartition

from tests.bench.mix import Mix, Sent
from tests.bench.process import Cost, cost_of
from tests.kafka.harness import free_port, insisted, wait_for
from tests.kafka.product import READ_BY_GROUP, REFUNDRY, Product
from tests.kafka.world import publisher

LOOK_EVERY_S = 0.1
QUIET_AFTER_S = 0.8
WAVE_SECONDS_MAX = 180.0
OUTBOUND_SHOWN = (
    "refund-decisions",
    "refund-instructions",
    "customer-notifications",
    "ledger-entries",
    "case-snapshots",
)


def _nothing(_: int) -> None:
    pass


class Wave(NamedTuple):
    """One wave: how many messages, what they took, and the worker's memory after it."""

    events: int
    seconds: float
    cpu_seconds: float
    resident_mib: float


class Run(NamedTuple):
    """One run of one worker over all waves. `records`: what was written, by topic."""

    store: str
    waves: list[Wave]
    records: dict[str, int]

    @property
    def events(self) -> int:
        return sum(wave.events for wave in self.waves)

    @property
    def per_second(self) -> float:
        """Inbound events per second of the clock."""
        return self.events / sum(wave.seconds for wave in self.waves)

    @property
    def per_cpu_second(self) -> float:
        """Inbound events per second of the worker's CPU time."""
        return self.events / sum(wave.cpu_seconds for wave in self.waves)


def run_worker(
    bootstrap: str, directory: Path, mix: Mix, *, policies: Path | None = None, **settings: Any
) -> tuple[Run, Product]:
    """A fresh installation, one worker, all waves. The topics stay, for whoever reads them again.

    `policies` is a directory of those that are published; None: the built-in policy speaks.
    """
    port = free_port()
    name = f"bench{time.time_ns()}"
    (directory / name).mkdir()
    more = {"ops_bind": f"127.0.0.1:{port}", "session_timeout_ms": 30_000, **settings}
    product = Product(bootstrap, name, directory / name, **more)
    product.create(policies)
    publish(product, mix.waves[0])
    waves: list[Wave] = []
    with running(product) as process:
        wait_for("the worker is ready", lambda: is_ready(port), 60, every=0.01)
        cost = cost_of(process.pid)
        for number, wave in enumerate(mix.waves):
            if number:
                process.send_signal(signal.SIGSTOP)
                publish(product, wave)
                cost = cost_of(process.pid)
                process.send_signal(signal.SIGCONT)
            waves.append(watched(product, partial(cost_of, process.pid), len(wave), cost))
    records = {topic: len(product.records(topic)) for topic in OUTBOUND_SHOWN}
    return Run(str(settings.get("state_store", "rocksdb")), waves, records), product


@contextmanager
def running(product: Product) -> Iterator[subprocess.Popen[bytes]]:
    """The worker's process; it must end in order."""
    log = product.directory / "worker.log"
    with log.open("wb") as out:
        command = [REFUNDRY, "worker", "--config", str(product.config(slot="0"))]
        process = subprocess.Popen(command, stdout=out, stderr=out)
        try:
            yield process
            process.terminate()
            assert process.wait(30) == 0, log.read_text()[-2000:]
        finally:
            process.kill()
            process.wait()


def publish(product: Product, messages: Iterable[Sent]) -> None:
    """Publishes messages as fast as the broker takes them."""
    producer = publisher(product.bootstrap, **{"compression.type": "lz4"})
    for sent in messages:
        while True:
            try:
                producer.produce(product.prefix + sent.topic, sent.value, sent.key, headers=list(sent.headers))
            except BufferError:
                producer.poll(0.1)
            else:
                break
        producer.poll(0)
    assert producer.flush(60) == 0


def watched(
    product: Product,
    cost: Callable[[], Cost],
    events: int,
    before: Cost,
    *,
    seconds: float = WAVE_SECONDS_MAX,
    quiet: float = QUIET_AFTER_S,
    moved: Callable[[int], None] = _nothing,
) -> Wave:
    """Looks at the group's offsets until they stand still for `quiet` seconds, with nothing left to read.

    `moved` hears their sum. Whether nothing is left is found by reading all that is: where that is much, let it be quiet
    for longer before. `cost` is that of what is measured, one process or several, and was `before` when the wave began.
    """
    began = changed_at = time.monotonic()
    offsets, spent = -1, before
    consumer = Consumer({"bootstrap.servers": product.bootstrap, "group.id": product.group, "log_level": 2})
    known = consumer.list_topics(timeout=20).topics
    names = [product.prefix + topic for topic in READ_BY_GROUP]
    places = [TopicPartition(name, number) for name in names for number in known[name].partitions]
    nothing_left = False
    try:
        while True:
            now = time.monotonic()
            committed = insisted("where the group is", lambda: consumer.committed(places, 20))
            seen = sum(max(0, place.offset) for place in committed)
            if seen != offsets:
                offsets, changed_at, spent, nothing_left = seen, now, cost(), False
                moved(seen)
            elif nothing_left:
                break
            elif now - changed_at > quiet:
                nothing_left = product.unread() == 0  # and the offsets are looked at once more
            assert now - began < seconds, "the worker does not come to an end"
            time.sleep(LOOK_EVERY_S)
    finally:
        consumer.close()
    return Wave(events, changed_at - began, spent.cpu_seconds - before.cpu_seconds, spent.resident_mib)


def is_ready(port: int) -> bool:
    """Whether the worker whose ops port this is takes part."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
