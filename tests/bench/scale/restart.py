"""How a worker comes back: with its state directory, after an end in order and after a kill, and without it."""

from collections.abc import Callable
from shutil import rmtree

from tests.bench.scale.cases import Draw, later
from tests.bench.scale.results import Start
from tests.bench.scale.site import Site, Worker, restored, stopped
from tests.bench.worker import publish, watched
from tests.kafka.product import Product

TAIL = 10_000
"""Events that a worker handles before it is killed: what it had not written to disk is what its successor reads."""


def restarted(site: Site, product: Product, cases: int, tell: Callable[[str], None]) -> list[Start]:
    """The starts, of an installation whose worker has ended in order."""
    starts: list[Start] = []

    def note(how: str, worker: Worker) -> None:
        starts.append(_seen(how, worker))
        tell(told(starts[-1]))

    with site.worker(product) as worker:
        note("after an end in order", worker)
        events = min(TAIL, cases)
        with stopped([worker]):
            publish(product, later(Draw(seed=2).some(events, cases)))
            before = worker.cost
        watched(product, lambda: worker.cost, events, before)
        worker.kill()
    with site.worker(product) as worker:
        note("after a kill", worker)
    rmtree(product.directory / "state")
    with site.worker(product) as worker:
        note("without its directory", worker)
    return starts


def told(start: Start) -> str:
    """A start in a line."""
    return (
        f"{start.how}: ready in {start.seconds:.1f} s ({start.cpu_seconds:.1f} s of CPU), restored "
        f"{sum(start.restored.values()):,} records in {start.restore_seconds:.1f} s, at most {start.peak_mib:.0f} MiB"
    )


def _seen(how: str, worker: Worker) -> Start:
    cpu_seconds, metrics = worker.cost.cpu_seconds, worker.metrics()
    return Start(
        how,
        restored(metrics),
        metrics["refundry_restore_seconds_sum"],
        worker.seconds,
        cpu_seconds,
        worker.peak_mib,
    )
