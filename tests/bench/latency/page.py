"""The page's part about the latency. Every number in it is of the run that wrote it."""

import platform
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import median
from typing import NamedTuple

from tests.bench.latency.timing import Timed
from tests.bench.process import machine
from tests.house.documents import table

SHARES = (0.5, 0.95, 0.99, 1.0)


class Goal(NamedTuple):
    """What the median and the 99th percentile may be, in seconds; None: any."""

    middle: float | None
    high: float | None


class Row(NamedTuple):
    """One setting, all its runs, and what they are held against."""

    name: str
    runs: list[Timed]
    goal: Goal | None

    def wait(self, share: float) -> float:
        """The median over the runs of the wait that this share of all requests did not exceed."""
        return median(run.wait(share) for run in self.runs)


class Results(NamedTuple):
    """All that was measured. `highest`: the highest rate with which the default settings keep up."""

    rows: list[Row]
    highest: float
    loads: tuple[str, str]
    seconds: float


def section(results: Results, command: str) -> str:
    """The page's part about the latency, in Markdown."""
    facts = {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        **machine(),
        "load of the machine": f"{results.loads[0]} before, {results.loads[1]} after; a quiet one has 0 before",
        "versions": f"Python {platform.python_version()}, confluent-kafka {version('confluent-kafka')}",
        "command": f"`{command}`, {results.seconds:.0f} s",
    }
    lines = [f"* {name}: {value}" for name, value in facts.items()]
    return "\n" + "\n".join([*lines, "", *_how(results), "", *_figures(results)]) + "\n"


def _how(results: Results) -> Iterator[str]:
    yield (
        "From when a request for a refund is due to be published to when its decision is read by a consumer of committed "
        "records: two hops, each a transaction, through one `refundry worker` on RocksDB with 8 partitions unless others are named. Orders are placed, "
        "paid and asked about at one rate, in an open loop: who comes during a pause waits through it, and that counts."
    )
    yield ""
    yield (
        f"The highest rate with which the default settings keep up is {results.highest:,.0f} events per second here: of a "
        "ladder of rates, each a quarter above the one before, the last where 99 of 100 requests wait for a second at most."
    )


def _figures(results: Results) -> Iterator[str]:
    head = ("setting", "events/s", "p50", "p95", "p99", "max", "CPU", "rounds/s", "handling", "commit", "goal")
    yield "Milliseconds, median of the runs (lowest to highest); CPU is that of the worker, handling and commit are per round:"
    yield ""
    yield table(head, (_row(row) for row in results.rows)).rstrip()
    yield ""
    yield "![waits for a decision, by setting](latency.svg)"


def _row(row: Row) -> Sequence[str]:
    works = [run.worker for run in row.runs]
    return (
        row.name,
        f"{row.runs[0].rate:,.0f}",
        *(_spread([1000 * run.wait(share) for run in row.runs]) for share in SHARES),
        f"{median(work.cpu for work in works):.0%}",
        f"{median(work.rounds for work in works):.0f}",
        f"{median(1000 * work.handling / work.rounds for work in works):.1f}",
        f"{median(1000 * work.committing / work.rounds for work in works):.1f}",
        "" if row.goal is None else _judged(row, row.goal),
    )


def _judged(row: Row, goal: Goal) -> str:
    held = [
        (name, share, most)
        for name, share, most in (("p50", 0.5, goal.middle), ("p99", 0.99, goal.high))
        if most is not None
    ]
    said = ", ".join(f"{name} {1000 * most:.0f}" for name, _, most in held)
    return f"{said}: {'met' if all(row.wait(share) <= most for _, share, most in held) else 'missed'}"


def _spread(figures: Sequence[float]) -> str:
    low, middle, high = min(figures), median(figures), max(figures)
    return f"{middle:,.0f}" if len(figures) == 1 else f"{middle:,.0f} ({low:,.0f} to {high:,.0f})"
