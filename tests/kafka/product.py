"""The product itself on a real broker: an installation of its own, its commands and its workers, as an operator has them."""

import subprocess
import sys
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka import Message as KafkaMessage

from agents import assemble
from app.demo.oracle import Judge, Position, Record, Verdict, kafka_record
from app.desk import desk_of
from app.runtime.records import message_of, offset_of, place_of
from app.runtime.topology import Message
from app.settings import Settings, load_settings
from tests.kafka.harness import ROOT, Workers, ends_of, insisted, read_all
from topics.catalogue import HEARTBEATS, INBOUND, JOURNAL, OUTBOUND

REFUNDRY = str(Path(sys.executable).with_name("refundry"))
READ_BY_GROUP = tuple(agent.topic for agent in assemble(desk_of(load_settings({"REFUNDRY_HASH_KEY": "x" * 32}))).agents)


class Product:
    """Topics under a prefix, a state directory and a group of its own. `settings` are over the defaults of the tests."""

    def __init__(self, bootstrap: str, name: str, directory: Path, **settings: Any) -> None:
        self.bootstrap = bootstrap
        self.directory = directory
        self.group = f"refundry-{name}"
        self.prefix = f"{name}-"
        self.given = {
            "kafka_bootstrap_servers": bootstrap,
            "app_id": self.group,
            "topic_prefix": self.prefix,
            "state_dir": str(directory / "state"),
            "hash_key": "a key of the tests, and no secret",
            "ops_bind": "127.0.0.1:0",
            "session_timeout_ms": 6000,
            "transaction_timeout_ms": 6000,
            "restore_stall_s": 60,
            "log_format": "json",
            **settings,
        }

    def config(self, **changes: Any) -> Path:
        """A file of settings. The name says what is changed, so that each is written once."""
        said = "-".join(f"{name}-{value}" for name, value in changes.items() if name != "hash_key")
        path = self.directory / f"settings-{len(changes)}-{said}.yaml"
        path.write_text(yaml.safe_dump({**self.given, **changes}))
        return path

    def settings(self) -> Settings:
        """The settings as the product reads them."""
        return load_settings({}, self.config())

    def run(self, *command: str, seconds: float = 60.0, **changes: Any) -> subprocess.CompletedProcess[str]:
        """Runs `refundry COMMAND… --config …` to its end."""
        words = [REFUNDRY, *command, "--config", str(self.config(**changes))]
        return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds)

    def create(self, policies: Path | None = None) -> None:
        """Creates the topics and publishes the policies, by the product's own commands."""
        commands = [("topics", "create"), *([("policy", "publish", str(policies))] if policies else [])]
        for command in commands:
            done = self.run(*command)
            assert done.returncode == 0, done.stderr

    @contextmanager
    def workers(self, **changes: Any) -> Iterator[Workers]:
        """Supervised workers, none started yet."""

        def command(slot: int) -> list[str]:
            return [REFUNDRY, "worker", "--config", str(self.config(slot=str(slot), **changes))]

        with Workers(command, self.directory / "workers.log") as workers:
            yield workers

    def records(self, topic: str, **how: Any) -> list[Message]:
        """All committed records of a topic, by the contract's name."""
        records = read_all(self.bootstrap, self.prefix + topic, **how)
        return [message_of(record, topic, place_of(record)[1], offset_of(record)) for record in records]

    def changelog(self, table: str) -> list[Message]:
        """All committed records of a table's changelog."""
        return self.records(f"{self.group}-{table}-changelog")

    def judged(self, *, exactly_once: bool = True) -> Verdict:
        """The oracle's verdict on everything that was sent and committed."""
        judge = Judge(total_order=False, exactly_once=exactly_once)
        for topic in INBOUND:
            for record in self.records(topic):
                judge.hear(_as_read(record))
        for topic in OUTBOUND:
            for record in self.records(topic):
                judge.see(_as_read(record))
        return judge.verdict()

    def unread(self) -> int:
        """How many committed records of all that the group reads it has not handled yet, up to the last event of each
        partition: of heartbeats there is always one under way.
        """
        return self.unread_by_partition().total()

    def unread_by_partition(self) -> Counter[int]:
        """The same by the number of the partition, over all topics."""
        counts: Counter[int] = Counter()
        for (_, partition), (first, end) in self._waiting().items():
            counts[partition] += end - first
        return counts

    def handled(self) -> int:
        """How far the group has come, in offsets over all partitions."""
        consumer = self._member()
        try:
            return sum(max(0, place.offset) for place in self._committed(consumer))
        finally:
            consumer.close()

    def begin_again(self, topics: Collection[str]) -> None:
        """Moves the group back to the beginning of these; no worker may run."""
        consumer = self._member()
        try:
            places = [place for place in self._places(consumer) if place.topic.removeprefix(self.prefix) in topics]
            for place in places:
                place.offset = ends_of(consumer, place)[0]
            insisted("to go back", lambda: consumer.commit(offsets=places, asynchronous=False))
        finally:
            consumer.close()

    def _waiting(self) -> dict[tuple[str, int], tuple[int, int]]:
        """Where events wait: the group's position, and the end of the last one, markers of transactions aside."""
        consumer = self._member()
        try:
            found = {}
            for place in self._committed(consumer):
                low, end = ends_of(consumer, place)
                if max(place.offset, low) < end:
                    found[place.topic, place.partition] = (max(place.offset, low), end)
            consumer.assign([TopicPartition(*place, first) for place, (first, _) in found.items()])
            left, last = set(found), {place: first for place, (first, _) in found.items()}
            while left:
                for record in consumer.consume(5000, 0.1):
                    if record.error() is None:
                        if not self._is_beat(record):
                            last[place_of(record)] = offset_of(record) + 1
                    elif (record.topic(), record.partition()) in left:
                        left.remove(place_of(record))
            return {place: (first, last[place]) for place, (first, _) in found.items()}
        finally:
            consumer.close()

    def _is_beat(self, record: KafkaMessage) -> bool:
        topic = record.topic()
        return topic == self.prefix + HEARTBEATS or (topic == self.prefix + JOURNAL and record.key() is None)

    def _member(self) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": self.group,
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
                "enable.auto.commit": False,
                "log_level": 2,
            }
        )

    def _committed(self, consumer: Consumer) -> list[TopicPartition]:
        places = self._places(consumer)
        return insisted("where the group is", lambda: consumer.committed(places, 20))

    def _places(self, consumer: Consumer) -> list[TopicPartition]:
        known = insisted("which topics there are", lambda: consumer.list_topics(timeout=20).topics)
        names = [self.prefix + topic for topic in READ_BY_GROUP]
        return [TopicPartition(name, number) for name in names for number in known[name].partitions]


def _as_read(message: Message) -> Record:
    position = Position(message.topic, message.partition, message.offset)
    return kafka_record(position, message.key, message.value, message.headers)
