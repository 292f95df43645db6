"""What is examined: the settings, what a worker would make of them, and the way to ask Kafka."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # exported, but not in so many words

from app.runtime import clients, faults, offsets
from app.runtime.config import RuntimeConfig
from app.runtime.records import OnBroker
from app.runtime.topics_admin import Wanted, wanted_topics
from app.runtime.topology import Topology
from app.settings import Settings


@dataclass(frozen=True)
class Installation:
    """`config` has the patience of a command, not of a worker."""

    settings: Settings
    config: RuntimeConfig
    topology: Topology

    @cached_property
    def admin(self) -> AdminClient:
        """The client for questions about topics, offsets and groups."""
        return clients.admin(self.config)

    @cached_property
    def wanted(self) -> list[Wanted]:
        """Every topic of the installation, changelogs among them."""
        return wanted_topics(self.config, self.topology)

    def places(self, topics: Iterable[str]) -> list[OnBroker]:
        """All partitions of those of the topics that there are."""
        limits = self.config.limits
        known = faults.insist(
            lambda: self.admin.list_topics(timeout=limits.call_timeout).topics,
            what="which topics there are",
            patience=limits.patience,
        )
        return [(topic, number) for topic in topics if topic in known for number in known[topic].partitions]

    def ends(self, places: Iterable[OnBroker], *, committed: bool) -> Mapping[OnBroker, int]:
        """Where partitions end: for a reader of committed records (before the first open transaction), or of all."""
        isolation = IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED
        return self._offsets(places, offsets.LATEST, isolation)

    def beginnings(self, places: Iterable[OnBroker]) -> Mapping[OnBroker, int]:
        """Where partitions begin."""
        return self._offsets(places, offsets.EARLIEST, IsolationLevel.READ_UNCOMMITTED)

    def _offsets(
        self, places: Iterable[OnBroker], spec: OffsetSpec, isolation: IsolationLevel
    ) -> Mapping[OnBroker, int]:
        wanted = {TopicPartition(*place): spec for place in places}
        if not wanted:
            return {}
        limits = self.config.limits

        def ask() -> dict[OnBroker, int]:
            futures = self.admin.list_offsets(wanted, isolation_level=isolation, request_timeout=limits.call_timeout)
            try:
                return {(at.topic, at.partition): offsets.told(future) for at, future in futures.items()}
            except KafkaException:
                # the client answers from what it knows of leaders, and looks for new ones only when it is asked to
                self.admin.list_topics(timeout=limits.call_timeout)
                raise

        return faults.insist(ask, what="where partitions begin and end", patience=limits.patience)
