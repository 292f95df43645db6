"""Measures how long a request waits for its decision, and writes the figures into its part of tests/bench/README.md.

python -m tests.bench.latency                       all of it, some minutes; KAFKA_BOOTSTRAP uses another broker
python -m tests.bench.latency --seconds 3 --runs 1 --dry     a quick look, printed only
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.__main__ import broker
from tests.bench.latency import page, plot
from tests.bench.latency.page import Goal, Results, Row
from tests.bench.latency.timing import Timed, bench
from tests.bench.process import load
from tests.house import documents
from tests.tiers import lacks_kafka

PAGE = "tests/bench/README.md"
LOWEST_RATE, STEP = 500.0, 1.25
DOCUMENTED_RATE = 2000.0
LOW_LATENCY_MS = 20
FEW_PARTITIONS = 2
SECONDS_MAX = 3600.0


def main() -> None:
    """Measures, then writes or prints."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.latency", description="From a request to its decision."
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="of each run that are timed (default: 20)")
    parser.add_argument("--runs", type=int, default=3, help="how often each setting is measured (default: 3)")
    parser.add_argument("--dry", action="store_true", help="print the page instead of writing it")
    given = parser.parse_args()
    if lacking := lacks_kafka():
        sys.exit(f"the bench needs a real Kafka and lacks {lacking}")
    began, load_before = time.monotonic(), load()
    with tempfile.TemporaryDirectory(prefix="refundry-latency-") as scratch, broker(Path(scratch)) as bootstrap:
        directory = Path(scratch)
        highest = highest_rate(bootstrap, directory)
        low = {"commit_interval_ms": LOW_LATENCY_MS}
        rows = [
            Row("default, half of the highest rate", timed(bootstrap, directory, given, highest / 2), Goal(0.25, 0.5)),
            Row("default", timed(bootstrap, directory, given, DOCUMENTED_RATE), None),
            Row(
                f"`REFUNDRY_COMMIT_INTERVAL_MS={LOW_LATENCY_MS}`",
                timed(bootstrap, directory, given, DOCUMENTED_RATE, **low),
                Goal(None, 0.15),
            ),
            Row(
                f"`REFUNDRY_COMMIT_INTERVAL_MS={LOW_LATENCY_MS}`, `REFUNDRY_PARTITIONS={FEW_PARTITIONS}`",
                timed(bootstrap, directory, given, DOCUMENTED_RATE, **low, partitions=FEW_PARTITIONS),
                Goal(None, 0.15),
            ),
            # where the broker and the bench take most of two cores, this tells more of the setting than the rate above
            Row(
                f"`REFUNDRY_COMMIT_INTERVAL_MS={LOW_LATENCY_MS}`, `REFUNDRY_PARTITIONS={FEW_PARTITIONS}`",
                timed(bootstrap, directory, given, DOCUMENTED_RATE / 2, **low, partitions=FEW_PARTITIONS),
                None,
            ),
        ]
    results = Results(rows, highest, (load_before, load()), time.monotonic() - began)
    text = page.section(results, " ".join(["python -m tests.bench.latency", *sys.argv[1:]]))
    if given.dry:
        sys.stdout.write(text)
    else:
        documents.write(documents.Section("the latency", PAGE, lambda: text, by="make bench-latency"))
        plot.FILE.write_text(plot.drawn(results))
        _tell(f"written: {PAGE}")


def highest_rate(bootstrap: str, directory: Path) -> float:
    """The highest of some rates, each a quarter above the one before, with which a worker of default settings keeps up."""
    kept, rate = None, LOWEST_RATE
    with bench(bootstrap, directory) as worker:
        worker.run(LOWEST_RATE, 5)  # it and the broker get warm
        while True:
            run = worker.run(rate, 5)
            _tell(_said(run))
            if not run.keeps_up:
                break
            kept, rate = rate, rate * STEP
    if kept is None:
        sys.exit(f"the machine is too busy: not even {LOWEST_RATE:,.0f} events per second are kept up with")
    return kept


def timed(bootstrap: str, directory: Path, given: argparse.Namespace, rate: float, **settings: int) -> list[Timed]:
    """Some runs of a worker of its own, after one that counts for nothing."""
    with bench(bootstrap, directory, **settings) as worker:
        worker.run(rate, 5)
        runs = [worker.run(rate, given.seconds) for _ in range(given.runs)]
    for run in runs:
        _tell(f"{settings or ''} {_said(run)}")
    return runs


def _said(run: Timed) -> str:
    shown = ", ".join(f"p{share * 100:g} {1000 * run.wait(share):,.0f}" for share in page.SHARES)
    return f"{run.rate:,.0f} events/s: {shown} ms; load {load()}"


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
