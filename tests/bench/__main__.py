"""Measures speed and memory of the whole refund job and writes the figures into its part of README.md beside this file.

python -m tests.bench                 all of it, some minutes; KAFKA_BOOTSTRAP uses another broker
python -m tests.bench --events 5000 --runs 1 --dry     a quick look, printed only
python -m tests.bench --profile       where the CPU time of the decisions goes, without a broker
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]  # exported, but not in so many words

from tests.bench import disputes, profile, timers
from tests.bench.mix import Mix, mix
from tests.bench.process import load
from tests.bench.replaying import asked_about, backtest, replay, thinned
from tests.bench.report import Bare, Results, Trials, section
from tests.bench.worker import Run, run_worker
from tests.house import documents
from tests.kafka.harness import ROOT, admin, local_broker
from tests.kafka.product import Product
from tests.tiers import lacks_kafka

PAGE = "tests/bench/README.md"
SEED = 1
ONE_IN = 25
RULED = """\
policy: ruled
version: 1
effective_from: 2020-01-01T00:00:00Z
merchants: ["*"]
rules:
  - {name: large, when: "request.amount_minor > 900000000 && request.requested_by == 'customer'", then: review, reason: rule_review}
  - {name: often, when: "!order.is_guest && customer.requests_in_window > 900", then: review, reason: rule_review}
  - {name: late, when: "request.age_days > 9000 && request.reason == 'changed_mind'", then: review, reason: rule_review}
  - {name: abroad, when: "order.country != 'DE' && order.total_minor > 900000000", then: review, reason: rule_review}
  - {name: gift_cards, when: "'gift_card' in request.kinds && request.amount_minor > 900000000", then: review, reason: rule_review}
"""


def main() -> None:
    """Measures, then writes or prints."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description="Speed and memory of the whole refund job."
    )
    parser.add_argument("--events", type=int, default=40_000, help="events of the day (default: 40000)")
    parser.add_argument("--runs", type=int, default=3, help="how often each is measured (default: 3)")
    parser.add_argument("--dry", action="store_true", help="print the page instead of writing it")
    parser.add_argument("--profile", action="store_true", help="only show where the CPU time of the decisions goes")
    given = parser.parse_args()
    began, load_before = time.monotonic(), load()
    measured = mix(given.events, SEED)
    _tell(f"{len(measured.messages)} events of {measured.cases[1]} orders, made in {time.monotonic() - began:.0f} s")
    if given.profile:
        sys.stdout.write(profile.profile(measured))
        return
    if lacking := lacks_kafka():
        sys.exit(f"the bench needs a real Kafka and lacks {lacking}")
    with tempfile.TemporaryDirectory(prefix="refundry-bench-") as scratch, broker(Path(scratch)) as bootstrap:
        directory = Path(scratch)
        folder = ruled(directory / "policies")
        workers, bare, ruled_by = [], [], []
        for number in range(given.runs):
            run, product = _measured(bootstrap, directory, measured)
            workers.append(run)
            bare.append(_bare(product, number))
            ruled_by.append(_measured(bootstrap, directory, measured, policies=folder)[0])
        in_memory, _ = _measured(bootstrap, directory, measured, state_store="memory")
        uncached, _ = _measured(bootstrap, directory, measured, live_rows=100)
        shadowed, _ = _measured(bootstrap, directory, measured, policies=folder, shadow_policy_dir=str(folder))
        replays = replay(measured.messages, directory, given.runs)
        trials = _trials(measured, directory, given.runs)
    lives, idle = [disputes.measure() for _ in range(given.runs)], timers.measure()
    _tell(f"a dispute's event costs {min(life.ratio for life in lives):.2f} times an order's at least")
    loads = (load_before, load())
    results = Results(
        measured,
        workers,
        in_memory,
        uncached,
        ruled_by,
        shadowed,
        bare,
        replays,
        trials,
        lives,
        idle,
        loads,
        time.monotonic() - began,
    )
    text = section(results, " ".join(["python -m tests.bench", *sys.argv[1:]]))
    if given.dry:
        sys.stdout.write(text)
    else:
        documents.write(documents.Section("the refund job", PAGE, lambda: text, by="make bench"))
        _tell(f"written: {PAGE}")


def _trials(measured: Mix, directory: Path, runs: int) -> list[Trials]:
    found = []
    for messages in (measured.messages, thinned(measured.messages, ONE_IN)):
        trials = Trials(asked_about(messages), backtest(messages, directory, runs))
        fastest = max(one.per_cpu_second for one in trials.runs)
        _tell(f"backtest, {trials.asked_about:.0%} of the orders asked about: {fastest:,.0f} events per CPU-second")
        found.append(trials)
    return found


@contextmanager
def broker(directory: Path) -> Iterator[str]:
    """The address of KAFKA_BOOTSTRAP's broker, or of one that lives as long as the block."""
    if given := os.environ.get("KAFKA_BOOTSTRAP"):
        yield given
        return
    with local_broker.Broker(directory / "kafka") as broker:
        yield broker.bootstrap


def ruled(folder: Path) -> Path:
    """A directory with a policy of five rules, none of which holds: what is decided stays what it is, only judging them is added."""
    folder.mkdir()
    (folder / "ruled.yaml").write_text(RULED)
    return folder


def _measured(bootstrap: str, directory: Path, measured: Mix, **settings: Any) -> tuple[Run, Product]:
    run, product = run_worker(bootstrap, directory, measured, **settings)
    said = f"{run.per_cpu_second:,.0f} events per CPU-second, {run.per_second:,.0f} per second"
    _tell(f"worker {settings or ''}: {said}")
    return run, product


def _bare(product: Product, number: int) -> Bare:
    out, broker = f"{product.prefix}bare", admin(product.bootstrap)
    for created in broker.create_topics([NewTopic(out, 8, 1)]).values():
        created.result(20)
    command = [
        sys.executable,
        "-m",
        "tests.bench.bare",
        product.bootstrap,
        product.prefix,
        f"{product.group}-bare",
        out,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    bare = Bare(**json.loads(done.stdout))
    _tell(f"bare loop {number + 1}: {bare.events / bare.cpu_seconds:,.0f} events per CPU-second")
    return bare


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
