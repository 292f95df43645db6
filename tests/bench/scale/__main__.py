"""Measures how the cost of an event, memory and a restart grow with open cases, and writes its part of ../README.md.

python -m tests.bench.scale                        to a million cases: about half an hour, 15 GB of disk
python -m tests.bench.scale --cases 100000         a smaller form
python -m tests.bench.scale --cases 10000 --dry    a quick look, printed only
python -m tests.bench.scale --again                the page once more, from the figures of the last run
"""

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from tests.bench.process import load, machine
from tests.bench.scale import page, plot
from tests.bench.scale.abreast import abreast
from tests.bench.scale.growing import grown
from tests.bench.scale.restart import restarted
from tests.bench.scale.results import Results
from tests.bench.scale.site import Site
from tests.kafka.harness import ROOT
from tests.tiers import lacks_kafka

KEPT = ROOT / ".run" / "bench" / "scale.json"
STEPS = (1_000, 10_000, 100_000, 1_000_000)
ABREAST_CASES = 15_000
WORKERS = (1, 2, 4, 8)
PARTS = ("workers", "growth")


def main() -> None:
    """Measures, then writes or prints."""
    given = _arguments()
    # ended from outside, it still ends the broker and the workers that it started
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    results = Results.read(KEPT) if KEPT.exists() else Results()
    if not given.again:
        if lacking := lacks_kafka():
            sys.exit(f"the bench needs a real Kafka and lacks {lacking}")
        _measure(results, given.only.split(","), given.cases, given.scratch)
    if given.dry:
        sys.stdout.write(page.section(results))
    else:
        page.write(results)
        plot.write(results)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.scale", description="Cost, memory and restart from a thousand cases to a million."
    )
    parser.add_argument("--cases", type=int, choices=STEPS[1:], default=STEPS[-1], help="open cases at the end")
    parser.add_argument(
        "--scratch", type=Path, help="directory for the broker and the state (default: a temporary one)"
    )
    parser.add_argument(
        "--only", default=",".join(PARTS), help=f"parts of it, with commas (default: {','.join(PARTS)})"
    )
    parser.add_argument("--dry", action="store_true", help="print the page instead of writing it")
    parser.add_argument("--again", action="store_true", help="measure nothing, take the figures of the last run")
    return parser.parse_args()


def _measure(results: Results, parts: list[str], cases: int, scratch: Path | None) -> None:
    """Measures these parts; each is kept as soon as it is found, and what is not measured now stays as it was."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="refundry-scale-", dir=scratch) as made, Progress(console=console) as bars:
        site = Site(Path(made))

        def progress(name: str, whole: int) -> Callable[[int], None]:
            bar = bars.add_task(name, total=whole)
            return lambda done: bars.update(bar, completed=done)

        @contextmanager
        def part(name: str) -> Iterator[None]:
            began, load_before = time.monotonic(), load()
            yield
            results.facts[name] = _facts(load_before, time.monotonic() - began)
            results.write(KEPT)

        with site.broker:
            if "workers" in parts:
                counts = [count for count in WORKERS if count <= max(2, os.cpu_count() or 1)]
                with part("workers"):
                    results.abreast = abreast(site, counts, ABREAST_CASES, console.print)
            if "growth" in parts:
                with part("growth"):
                    steps = [step for step in STEPS if step <= cases]
                    product, results.milestones = grown(site, steps, console.print, progress)
                    results.starts = restarted(site, product, cases, console.print)


def _facts(load_before: str, seconds: float) -> dict[str, str]:
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        **machine(),
        "load of the machine": f"{load_before} before, {load()} after; a quiet one has 0 before",
        "versions": f"Python {platform.python_version()}, confluent-kafka {version('confluent-kafka')}, "
        f"msgspec {version('msgspec')}, rocksdict {version('rocksdict')}",
        "command": f"`{' '.join(['python -m tests.bench.scale', *sys.argv[1:]])}`, {seconds:.0f} s",
    }


if __name__ == "__main__":
    main()
