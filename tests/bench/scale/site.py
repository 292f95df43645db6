"""Where all of it is measured: a broker of its own, installations on it, and worker processes that are looked at from
outside.
"""

import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.bench.process import Cost, cost_of
from tests.bench.worker import is_ready
from tests.kafka.harness import free_port, local_broker, wait_for
from tests.kafka.product import REFUNDRY, Product

START_SECONDS_MAX = 900.0
STOP_SECONDS_MAX = 60.0
REST_SECONDS_MAX = 300.0
_REST_LOOK_S, _REST_SHARE = 5.0, 0.05
# a worker is stopped for as long as a wave is published, and a busy machine must not end an hour's run
_PATIENT = {"session_timeout_ms": 60_000, "transaction_timeout_ms": 60_000, "restore_stall_s": 120}


class Worker(NamedTuple):
    """A worker that is ready. `seconds`: from its beginning until it was."""

    process: subprocess.Popen[bytes]
    port: int
    seconds: float

    @property
    def cost(self) -> Cost:
        """What it has cost so far."""
        return cost_of(self.process.pid)

    @property
    def peak_mib(self) -> float:
        """The most memory that it ever had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024

    def metrics(self) -> dict[str, float]:
        """What it says of itself, by the name of the metric with its labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=60) as answer:
            lines = answer.read().decode().splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[:1] != "#")}

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self.process.kill()
        self.process.wait()


class Site:
    """One broker, and a directory for everything."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.broker = local_broker.Broker(directory / "kafka")

    def installation(self) -> Product:
        """Topics, group and state directory of its own."""
        name = f"scale{time.time_ns()}"
        (self.directory / name).mkdir()
        product = Product(self.broker.bootstrap, name, self.directory / name, **_PATIENT)
        product.create()
        return product

    @contextmanager
    def worker(self, product: Product, slot: int = 0) -> Iterator[Worker]:
        """A worker process that is ready; it ends in order, unless it was killed."""
        port = free_port()
        config = product.config(slot=str(slot), ops_bind=f"127.0.0.1:{port}")
        log = product.directory / f"worker-{slot}.log"
        with log.open("ab") as out:
            began = time.monotonic()
            process = subprocess.Popen([REFUNDRY, "worker", "--config", str(config)], stdout=out, stderr=out)
            try:
                wait_for("the worker is ready", lambda: _is_up(process, log, port), START_SECONDS_MAX, every=0.02)
                yield Worker(process, port, time.monotonic() - began)
                if process.poll() is None:
                    process.terminate()
                    assert process.wait(STOP_SECONDS_MAX) == 0, log.read_text()[-2000:]
            finally:
                process.kill()
                process.wait()

    @contextmanager
    def workers(self, product: Product, count: int) -> Iterator[list[Worker]]:
        """So many at once, all ready, with their partitions shared out."""
        with ExitStack() as stack:
            yield [stack.enter_context(self.worker(product, slot)) for slot in range(count)]

    @property
    def broker_cpu_seconds(self) -> float:
        """What the broker has cost so far."""
        return cost_of(self.broker.pid).cpu_seconds

    def state_mib(self, product: Product) -> float:
        """What the installation's state takes on disk."""
        return _mib(path for path in (product.directory / "state").rglob("*") if path.is_file())

    def changelog_mib(self, product: Product) -> float:
        """What its changelogs take on the broker's disk."""
        return _mib(self.directory.glob(f"kafka/data/{product.prefix}{product.group}-*-changelog-*/*.log"))


@contextmanager
def stopped(workers: Sequence[Worker]) -> Iterator[None]:
    """They do nothing for as long as the block lasts, so that a wave lies in the topics whole before they read it."""
    for worker in workers:
        worker.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for worker in workers:
            worker.process.send_signal(signal.SIGCONT)


def rested(worker: Worker) -> float:
    """Waits until a worker with nothing to read does next to nothing, and says for how many seconds.

    After a million cases RocksDB merges files for a while: that is a cost of opening them, and would be more than the
    whole of a wave that comes too soon.
    """
    began = time.monotonic()
    while time.monotonic() - began < REST_SECONDS_MAX:
        before = worker.cost.cpu_seconds
        time.sleep(_REST_LOOK_S)
        if worker.cost.cpu_seconds - before < _REST_SHARE * _REST_LOOK_S:
            break
    return time.monotonic() - began


def restored(metrics: Mapping[str, float]) -> dict[str, int]:
    """How many changelog records a worker has read, by table."""
    name = "refundry_restored_records_total"
    found = {key: int(value) for key, value in metrics.items() if key.startswith(f"{name}{{")}
    return {key.partition('table="')[2].partition('"')[0]: records for key, records in found.items()}


def _is_up(process: subprocess.Popen[bytes], log: Path, port: int) -> bool:
    assert process.poll() is None, log.read_text()[-2000:]
    return is_ready(port)


def _mib(paths: Iterator[Path]) -> float:
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue  # RocksDB and the broker's cleaner remove files at any time
    return total / 1024 / 1024
