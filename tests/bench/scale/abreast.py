"""Several workers of one group on one wave: what they do together, and what each event costs them."""

from collections.abc import Callable

from tests.bench.process import Cost
from tests.bench.scale.cases import EVENTS_TO_OPEN, opening
from tests.bench.scale.results import Abreast
from tests.bench.scale.site import Site, stopped
from tests.bench.worker import publish, watched

WARMING = 2_000
RUNS = 3


def abreast(site: Site, counts: list[int], cases: int, tell: Callable[[str], None]) -> list[Abreast]:
    """Each number of workers in turn, several times, in installations of their own."""
    found = []
    for _ in range(RUNS):
        for count in counts:
            found.append(_measured(site, count, cases))
            tell(told(found[-1]))
    return found


def told(one: Abreast) -> str:
    """A run in a line."""
    wave = one.wave
    return (
        f"{one.workers} workers: {wave.events / wave.seconds:,.0f} events/s, {1e6 * wave.cpu_seconds / wave.events:.0f} "
        f"µs of CPU per event, the broker {1e6 * one.broker_cpu_seconds / wave.events:.0f}"
    )


def _measured(site: Site, count: int, cases: int) -> Abreast:
    product = site.installation()
    with site.workers(product, count) as workers:

        def cost() -> Cost:
            costs = [worker.cost for worker in workers]
            return Cost(sum(one.cpu_seconds for one in costs), sum(one.resident_mib for one in costs))

        publish(product, opening(range(WARMING)))
        watched(product, cost, EVENTS_TO_OPEN * WARMING, cost())
        with stopped(workers):
            publish(product, opening(range(WARMING, WARMING + cases)))
            before = cost()
        broker = site.broker_cpu_seconds
        wave = watched(product, cost, EVENTS_TO_OPEN * cases, before)
        return Abreast(count, wave, site.broker_cpu_seconds - broker)
