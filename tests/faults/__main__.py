"""The long proof: whole workers on three brokers under a storm of faults, judged by the oracle and by their state.

python -m tests.faults                     some minutes with a seed of its own, which it prints first
python -m tests.faults --seed 7 --minutes 30 --workers 3
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.pause import Pause, pauses
from tests.faults.schedule import EVERY_S, schedule
from tests.faults.storm import Report, Storm
from tests.kafka.harness import ROOT, local_broker
from tests.kafka.three_brokers import NODES, ThreeBrokers
from tests.tiers import lacks_kafka

LOGS = ROOT / ".run" / "faults"
SESSION_S = 6.0  # what the installations of the tests are given


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="A storm of faults, and the verdict.")
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(1_000_000), help="default: a new one"
    )
    parser.add_argument("--minutes", type=float, default=5.0, help="how long faults strike (default: 5)")
    parser.add_argument("--workers", type=int, default=2, help="how many workers there are (default: 2)")
    given = parser.parse_args()
    if lacking := lacks_kafka():
        sys.exit(f"the storm needs a real Kafka and lacks {lacking}")
    _tell(
        f"again with: make test-faults ARGS='--seed {given.seed} --minutes {given.minutes:g} --workers {given.workers}'"
    )
    count = max(1, round(given.minutes * 60 / EVERY_S))
    planned = schedule(given.seed, count=count, workers=given.workers, brokers=len(NODES), session_seconds=SESSION_S)
    with tempfile.TemporaryDirectory(prefix="refundry-storm-") as scratch:
        directory = Path(scratch)
        alone = directory / "alone"
        alone.mkdir()
        with local_broker.Broker(alone / "broker") as broker:
            _tell_pauses(pauses(broker.bootstrap, alone, brokers=1), "one broker")
        with _kept(directory / "workers.log", given.seed), ThreeBrokers(directory / "brokers") as three:
            _tell_pauses(pauses(three.bootstrap, directory, brokers=len(NODES)), "three brokers")
            storm = Storm(three, directory, seed=given.seed, slots=given.workers, tell=_tell)
            report = storm.rage(planned, end=time.monotonic() + given.minutes * 60)
    _show(report)
    return 1 if report.faults_found else 0


def _tell_pauses(found: list[Pause], where: str) -> None:
    for pause in found:
        _tell(
            f"{where}: a worker was killed, its partitions were silent {pause.own:.1f} s, the others {pause.others:.1f} s"
        )


@contextmanager
def _kept(log: Path, seed: int) -> Iterator[None]:
    """What the workers said outlives the run, however that ends: only there it stands why one of them gave up."""
    try:
        yield
    finally:
        if log.exists():
            LOGS.mkdir(parents=True, exist_ok=True)
            kept = LOGS / f"storm-{seed}.log"
            shutil.copyfile(log, kept)
            _tell(f"what the workers said: {kept.relative_to(ROOT)}")


def _show(report: Report) -> None:
    struck = Counter(one.fault.kind for one in report.struck)
    figures = report.verdict.figures
    _tell(f"faults: {', '.join(f'{kind} {number}' for kind, number in sorted(struck.items()))}")
    _tell(f"of {len(report.struck)} faults {report.hits} hit while messages waited")
    _tell(f"rows compared: {', '.join(f'{table} {one.rows}' for table, one in report.compared.items())}")
    _tell(
        f"workers ended with: {dict(sorted(report.exits.items()))}; quiet {report.quiet_after:.0f} s after the last fault"
    )
    _tell(
        f"{figures.inputs} inputs, {figures.requests} requests ({dict(figures.outcomes)}), {figures.outputs.total()} outputs, "
        f"{figures.outputs_repeated} repeated, {figures.dead_letters.total()} dead letters"
    )
    for found in report.faults_found:
        _tell(f"WRONG: {found}")
    _tell("every property holds" if not report.faults_found else f"{len(report.faults_found)} things are wrong")


def _tell(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
