"""Compares this runtime with what else could do its work, on one small job, and writes the figures into ../README.md.

python -m tests.bench.peers                       all of it, about ten minutes; KAFKA_BOOTSTRAP uses another broker
python -m tests.bench.peers --scale 0.05 --rounds 1 --dry      a quick look, printed only
python -m tests.bench.peers --only loop,quix      some of them
python -m tests.bench.peers --again               the page once more, from the figures of the last run
"""

import argparse
import platform
import signal
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from tests.bench.__main__ import broker
from tests.bench.peers import feed, page, plot
from tests.bench.peers.figures import rates
from tests.bench.peers.install import MADE, NotInstalledError, command
from tests.bench.peers.results import Outcome, Results
from tests.bench.peers.table import Contestant, Table, read
from tests.bench.peers.verdict import answers, judge
from tests.bench.peers.watching import watch
from tests.bench.process import load, machine
from tests.kafka.harness import wait_for
from tests.tiers import java_major, lacks_kafka

PARTITIONS = 8
KEPT = MADE / "peers.json"
LOGS = MADE / "logs"


def main() -> None:
    """Measures, then writes or prints."""
    given = _arguments()
    table = read()
    # ended from outside, it still ends the broker and the contestant that it started
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if given.again:
        results = Results.read(KEPT)
    else:
        if lacking := lacks_kafka():
            sys.exit(f"the comparison needs a real Kafka and lacks {lacking}")
        chosen = [one for one in table.contestants if not given.only or one.name in given.only.split(",")]
        results = _compare(table, chosen, given.scale, given.rounds)
    if given.dry:
        sys.stdout.write(page.section(results, table))
    else:
        page.write(results, table)
        plot.write(results, table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.peers", description="This runtime and its peers on one small job."
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured, in turns (default: 3)")
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the events that each reads (default: 1)")
    parser.add_argument("--only", help="names from contestants.toml, with commas (default: all)")
    parser.add_argument("--dry", action="store_true", help="print the table instead of writing it")
    parser.add_argument("--again", action="store_true", help="measure nothing, take the figures of the last run")
    return parser.parse_args()


def _compare(table: Table, contestants: list[Contestant], scale: float, rounds: int) -> Results:
    """Measures; what was found is kept after every round, so that an interrupted comparison is not lost."""
    began, load_before = time.monotonic(), load()
    results = Results(facts={}, rounds=0)
    commands = {}
    for one in contestants:
        try:
            commands[one.name] = command(one, table)
        except NotInstalledError as reason:
            results.not_run[one.name] = str(reason)
            _tell(f"{one.name}: not run: {reason}")
    with tempfile.TemporaryDirectory(prefix="refundry-peers-") as scratch, broker(Path(scratch)) as bootstrap:
        course = _Course(bootstrap, Path(scratch), table, scale)
        for number in range(rounds):
            outcomes = {
                one.name: course.run(one, commands[one.name], number) for one in contestants if one.name in commands
            }
            for name, outcome in outcomes.items():
                results.outcomes.setdefault(name, []).append(outcome)
            results.rounds = number + 1
            results.facts = _facts(table, load_before, time.monotonic() - began)
            results.write(KEPT)
    return results


def _facts(table: Table, load_before: str, seconds: float) -> dict[str, str]:
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; versions of {table.as_of}",
        **machine(),
        "load of the machine": f"{load_before} before, {load()} after; a quiet one has 0 before",
        "versions": f"Python {platform.python_version()}, confluent-kafka {version('confluent-kafka')}, msgspec "
        f"{version('msgspec')}, rocksdict {version('rocksdict')}, Java {java_major()}; of the peers: see below",
        "command": f"`{' '.join(['python -m tests.bench.peers', *sys.argv[1:]])}`, {seconds:.0f} s",
    }


class _Course:
    """One broker with the input on it, once for each size, where the contestants run one after the other."""

    def __init__(self, bootstrap: str, scratch: Path, table: Table, scale: float) -> None:
        self._bootstrap = bootstrap
        self._scratch = scratch
        self._window = table.window
        self._events = {name: int(events * scale) for name, events in table.sizes.items()}
        LOGS.mkdir(parents=True, exist_ok=True)
        self._admin = AdminClient({"bootstrap.servers": bootstrap})
        self._sources: dict[str, str] = {}
        self._expected = feed.expected(max(self._events.values()))

    def run(self, one: Contestant, start: list[str], number: int) -> Outcome:
        """One contestant, once: fresh group, fresh output, fresh state."""
        source, events = self._source(one.size), self._events[one.size]
        group = f"{one.name}-{number}"
        sink = self._make(f"{group}-out", **{"message.timestamp.type": "LogAppendTime"})
        directory = self._scratch / group
        log = LOGS / f"{group}.log"
        arguments = [self._bootstrap, source, sink[0].topic, group, str(directory), *one.runs.options]
        watched = watch([*start, *arguments], log, self._admin, sink, events)
        appended: Counter[int] = Counter()
        verdict = judge(answers(self._bootstrap, sink, appended), self._expected[:events])
        self._forget(group)
        said = f"{watched.failure} ({verdict.text})" if watched.failure else verdict.text
        try:
            found = None if watched.failure else rates(appended, watched.samples, self._window)
        except ValueError as reason:
            found, said = None, f"{reason} ({verdict.text})"
        told = f"{found.wall:,.0f} events/s, {found.cpu:,.0f} per CPU-second" if found else "no figures"
        _tell(f"round {number + 1}, {one.name}: {told}; {said}")
        return Outcome(events, found, said)

    def _source(self, size: str) -> str:
        """The topic with the input of a size, published when it is first asked for."""
        if size not in self._sources:
            topic = self._make(f"orders-{size}")[0].topic
            feed.publish(self._bootstrap, topic, self._events[size])
            self._sources[size] = topic
        return self._sources[size]

    def _make(self, topic: str, **settings: str) -> list[TopicPartition]:
        """A new topic; its partitions."""
        for made in self._admin.create_topics([NewTopic(topic, PARTITIONS, 1, config=settings)]).values():
            made.result(20)
        wait_for(f"{topic} has its leaders", lambda: self._leaders(topic) == PARTITIONS, 20)
        return [TopicPartition(topic, number) for number in range(PARTITIONS)]

    def _leaders(self, topic: str) -> int:
        known = self._admin.list_topics(topic, timeout=20).topics[topic].partitions.values()
        return sum(partition.leader >= 0 for partition in known)

    def _forget(self, group: str) -> None:
        """Removes the topics of a run, changelogs that the contestant made included."""
        topics = [name for name in self._admin.list_topics(timeout=20).topics if group in name]
        for gone in self._admin.delete_topics(topics).values():
            gone.result(20)


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
