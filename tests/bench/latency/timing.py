"""One run: a publisher at a constant rate, one worker, a reader of committed decisions; how long each request waited.

The loop is open: a request's time begins when it is due, whether or not the publisher was held up, and the next ones
are sent whether or not it is answered. So a pause counts for all who would have waited through it.
"""

import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from confluent_kafka import Consumer, TopicPartition

from app.metrics import COMMIT_SECONDS, ROUND_SECONDS
from tests.bench.latency.lives import lives, request_of
from tests.bench.process import cost_of
from tests.bench.worker import is_ready, running
from tests.kafka.harness import ends_of, free_port, insisted, wait_for
from tests.kafka.product import Product
from tests.kafka.world import publisher

ANSWERED_IN_S = 60.0
TICK_S = 0.0005
KEEPS_UP_S = 1.0
"""A rate at which one in a hundred waits longer is not kept up with."""


class Work(NamedTuple):
    """What a worker has done so far: rounds, and seconds of handling, of committing, of CPU time."""

    rounds: float
    handling: float
    committing: float
    cpu: float


class Timed(NamedTuple):
    """What one run gave: the waits in seconds, ascending, and what the worker did in each second meanwhile."""

    rate: float
    waits: list[float]
    worker: Work

    def wait(self, share: float) -> float:
        """The wait that this share of all requests did not exceed."""
        return quantile(self.waits, share)

    @property
    def keeps_up(self) -> bool:
        """Whether the worker handles as much as comes."""
        return self.wait(0.99) <= KEEPS_UP_S


def quantile(ascending: list[float], share: float) -> float:
    """The smallest of the figures that at least this share of them do not exceed."""
    rank = -(-len(ascending) * round(share * 10_000) // 10_000)
    return ascending[max(1, rank) - 1]


class Bench:
    """One installation and its worker. Several runs, one after the other; each has orders of its own."""

    def __init__(self, product: Product, pid: int, port: int) -> None:
        self._product, self._pid, self._port = product, pid, port
        self._runs = 0

    def run(self, rate: float, seconds: float) -> Timed:
        """Times the requests of so many seconds at so many events per second."""
        self._runs += 1
        name = f"run{self._runs}"
        messages = list(lives(name, rate, seconds))
        requests = {sent.request: sent.due for sent in messages if sent.request is not None}
        with _reading(self._product, name) as answered:
            producer = publisher(self._product.bootstrap, **{"linger.ms": 0})
            before, start = self._work(), time.monotonic()
            for sent in messages:
                while time.monotonic() < start + sent.due:
                    time.sleep(TICK_S)
                producer.produce(self._product.prefix + sent.topic, sent.value, sent.key)
                producer.poll(0)
            took, after = time.monotonic() - start, self._work()
            assert producer.flush(30) == 0
            wait_for("each request is answered", lambda: len(answered) == len(requests), ANSWERED_IN_S)
        waits = sorted(answered[request] - start - due for request, due in requests.items())
        return Timed(rate, waits, Work(*((then - now) / took for now, then in zip(before, after, strict=True))))

    def _work(self) -> Work:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
        names = (f"{ROUND_SECONDS.name}_count", f"{ROUND_SECONDS.name}_sum", f"{COMMIT_SECONDS.name}_sum")
        figures = [next(float(line.split()[1]) for line in text.splitlines() if line.startswith(n)) for n in names]
        return Work(*figures, cost_of(self._pid).cpu_seconds)


@contextmanager
def bench(bootstrap: str, directory: Path, **settings: Any) -> Iterator[Bench]:
    """A fresh installation with one worker that is ready."""
    port, name = free_port(), f"latency{time.time_ns()}"
    (directory / name).mkdir()
    more = {"ops_bind": f"127.0.0.1:{port}", "session_timeout_ms": 30_000, **settings}
    product = Product(bootstrap, name, directory / name, **more)
    product.create()
    with running(product) as process:
        wait_for("the worker is ready", lambda: is_ready(port), 60, every=0.01)
        yield Bench(product, process.pid, port)


@contextmanager
def _reading(product: Product, name: str) -> Iterator[dict[int, float]]:
    """Notes when the decision on each request of a run is read, as a consumer by the contract reads it."""
    answered: dict[int, float] = {}
    over = threading.Event()
    topic = f"{product.prefix}refund-decisions"
    settings = {"group.id": "desk", "isolation.level": "read_committed", "enable.auto.commit": False, "log_level": 2}
    consumer = Consumer({"bootstrap.servers": product.bootstrap, "fetch.queue.backoff.ms": 5, **settings})
    known = insisted("the partitions of decisions", lambda: consumer.list_topics(topic, timeout=20).topics[topic])
    places = [TopicPartition(topic, number) for number in known.partitions]
    consumer.assign([TopicPartition(topic, at.partition, ends_of(consumer, at)[1]) for at in places])

    def read() -> None:
        while not over.is_set():
            for record in consumer.consume(500, 0.002):
                now = time.monotonic()
                number = request_of(name, record.value() or b"") if record.error() is None else None
                if number is not None:
                    assert number not in answered, "a request is answered once"
                    answered[number] = now

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield answered
    finally:
        over.set()
        reader.join()
        consumer.close()
