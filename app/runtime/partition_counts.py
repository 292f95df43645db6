"""How many partitions the topics had when the group committed: an installation whose number changed is refused.

Keys are placed by the number of partitions. Where it changes for all topics together they still agree with each other,
but a key's row stays in the changelog of the partition that the key had before: every refund would be new again. So
each committed offset says in its metadata how many partitions its topic had. Every worker reads what all of them say,
also of partitions that others have. An offset that says nothing is from before that was noted, and is believed.
"""

from collections.abc import Iterable, Mapping

from confluent_kafka import TopicPartition

from app.runtime import clients, faults
from app.runtime.config import Mode, RuntimeConfig
from app.runtime.exits import MisconfiguredError, UnsafeError
from app.runtime.group_offsets import committed_by_group
from app.runtime.records import OnBroker

_SAID = "partitions="

CURE = (
    "Partitions cannot be taken away again: restore the topics with the number that they had; or begin a new "
    "installation, with its own APP_ID and TOPIC_PREFIX, and publish all input to it"
)


class PartitionCounts:
    """What a worker knows of the numbers of `topics`, by their names on the broker; nothing before the first look."""

    def __init__(self, config: RuntimeConfig, topics: Iterable[str]) -> None:
        self._config = config
        self._topics = list(topics)
        self._counts: dict[str, int] = {}

    def look(self, *, patience: float) -> None:
        """Asks how many there are now. UnsafeError where the group committed with another number, MisconfiguredError
        where PARTITIONS is another one and messages are judged by it.
        """
        if self._config.mode is Mode.AT_LEAST_ONCE:
            return  # the embedded broker's topics live no longer than their worker
        admin, timeout = clients.admin(self._config), self._config.limits.call_timeout
        counts = faults.insist(
            lambda: {name: len(clients.partitions_of(admin, name, timeout=timeout)) for name in self._topics},
            what="how many partitions the topics have",
            patience=patience,
        )
        refuse(counts, committed_with(self._config, counts, patience=patience))
        require_as_told(self._config, counts)
        self._counts = counts

    def noted(self, offsets: Mapping[OnBroker, int]) -> list[TopicPartition]:
        """Offsets to be committed, each with the number of its topic."""
        said = {name: f"{_SAID}{count}" for name, count in self._counts.items()}
        return [TopicPartition(*place, offset, said.get(place[0], "")) for place, offset in offsets.items()]


def committed_with(config: RuntimeConfig, counts: Mapping[str, int], *, patience: float) -> dict[str, int]:
    """Of each topic of which the group committed with another number of partitions than `counts` says: that number."""
    places = [(topic, number) for topic, count in counts.items() for number in range(count)]
    committed = committed_by_group(config, places, patience=patience)
    return other_counts(((at.topic, at.metadata) for at in committed), counts)


def other_counts(committed: Iterable[tuple[str, str | None]], counts: Mapping[str, int]) -> dict[str, int]:
    """Of each topic of which one of the committed metadata says another number than `counts`: that number."""
    found = {}
    for topic, metadata in committed:
        said = (metadata or "").removeprefix(_SAID)
        if topic in counts and metadata != said and said.isdecimal() and int(said) != counts[topic]:
            found[topic] = int(said)
    return found


def refuse(counts: Mapping[str, int], others: Mapping[str, int]) -> None:
    """UnsafeError where there are others: it names each topic with both numbers."""
    if others:
        said = ", ".join(f"{topic} has {counts[topic]} partitions, {told(others[topic])}" for topic in sorted(others))
        raise UnsafeError(f"{said}: keys would lie elsewhere and their state would not be found", CURE)


def require_as_told(config: RuntimeConfig, counts: Mapping[str, int]) -> None:
    """MisconfiguredError where PARTITIONS would have messages refused that lie where they must: it names the topics."""
    placed = [
        name for name in map(config.topic, config.placed) if counts.get(name, config.partitions) != config.partitions
    ]
    if placed:
        said = ", ".join(f"{name} has {counts[name]} partitions" for name in placed)
        reason = f"{said}, and PARTITIONS is {config.partitions}: what lies rightly would be refused as wrong_partition"
        raise MisconfiguredError(reason, f"Set PARTITIONS to {counts[placed[0]]}")


def told(count: int) -> str:
    """The number that was, as part of a sentence about the one that is."""
    return f"but the group committed its offsets and state with {count}"
