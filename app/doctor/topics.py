"""The topics against the plan, and where publishers place the keys of what they publish."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from zlib import crc32

from confluent_kafka import KafkaError
from confluent_kafka.admin import TopicMetadata  # type: ignore[attr-defined]  # exported, but not in so many words

from app.doctor.finding import Finding, fine, look, wrong
from app.doctor.installation import Installation
from app.runtime import clients, faults, partition_counts, topics_admin
from app.runtime.exits import MisconfiguredError, UnreachableError, UnsafeError
from app.runtime.records import OnBroker, offset_of, place_of
from topics.partitioning import PLACED, partition_of

REPLICAS = 3
IN_SYNC = "min.insync.replicas"
NEWEST = 20
"""Records looked at per partition: older ones may be from before a publisher was put right."""

PARTITIONERS: Mapping[str, Callable[[bytes, int], int]] = {
    "murmur2": partition_of,
    "crc32": lambda key, count: crc32(key) % count,
}


def as_planned(installation: Installation) -> Iterator[Finding]:
    """What is missing, and each topic that is wrong or different; one line when there is none."""
    findings = topics_admin.compared(installation.admin, installation.wanted, installation.config)
    missing = [finding.topic for finding in findings if finding.verdict == "missing"]
    if missing:
        yield wrong("topics", f"missing: {', '.join(missing)}", "refundry topics create", MisconfiguredError.code)
    for finding in findings:
        said = f"{finding.topic}: {'; '.join(finding.details)}"
        if finding.verdict == "wrong":
            cure = "Set PARTITIONS to what it has; alter its settings with `kafka-configs.sh`; or make it anew"
            yield wrong("topics", said, cure, MisconfiguredError.code)
        elif finding.verdict == "unsafe":
            yield wrong("topics", said, partition_counts.CURE, UnsafeError.code)
        elif finding.verdict == "differs":
            yield look("topics", said, "Intended? Else alter the topic, or the settings")
    if all(finding.verdict == "ok" for finding in findings):
        yield fine("topics", f"{len(findings)} as planned")


def replicas(installation: Installation) -> Iterator[Finding]:
    """Whether a broker may fall without taking the end of a transaction, or what was acknowledged, with it."""
    limits = installation.config.limits
    known = faults.insist(
        lambda: installation.admin.list_topics(timeout=limits.call_timeout).topics,
        what="how many copies topics have",
        patience=limits.patience,
    )
    copies = {topic.name: _fewest(known[topic.name]) for topic in installation.wanted}
    few = sorted({count for count in copies.values() if count < REPLICAS})
    if few:
        number = sum(count < REPLICAS for count in copies.values())
        found = f"{number} topics have fewer than {REPLICAS} copies (fewest: {few[0]})"
        cure = "A broker that is killed may then leave transactions hanging: REPLICATION_FACTOR=3, on topics made anew"
        yield look("replicas", found, cure)
        return
    existing = topics_admin.existing_topics(installation.admin, installation.wanted, installation.config)
    alone = [name for name, topic in existing.items() if topic.settings.get(IN_SYNC) == "1"]
    if alone:
        found = f"{len(alone)} topics acknowledge what one broker has ({IN_SYNC} is 1): {', '.join(alone[:3])} …"
        yield look(
            "replicas", found, f"Set {IN_SYNC} to 2, of the topics or of the brokers: else it may be lost with one"
        )
    else:
        yield fine("replicas", f"at least {REPLICAS} of every topic")


def _fewest(topic: TopicMetadata) -> int:
    return min(len(partition.replicas) for partition in topic.partitions.values())


def placement(installation: Installation) -> Iterator[Finding]:
    """Whether the newest payments and disputes lie where the partitioner of the settings puts their keys."""
    config, named = installation.config, installation.settings.inbound_partitioner
    places = installation.places(config.topic(name) for name in PLACED)
    keys = _newest_keys(installation, places)
    counts = Counter(topic for topic, _ in places)
    looked_at = sum(map(len, keys.values()))
    misplaced = {name: _misplaced(name, keys, counts) for name in PARTITIONERS}
    if misplaced[named] == 0:
        yield fine("publishers", f"{looked_at} newest keys lie where {named} puts them")
        return
    found = f"{misplaced[named]} of {looked_at} newest keys do not lie where {named} puts them"
    others = [name for name, count in misplaced.items() if count == 0]
    if others == ["crc32"]:
        found += "; all lie where librdkafka's default puts them"
    yield wrong("publishers", found, _PLACE_ANEW[named], MisconfiguredError.code)


_PLACE_ANEW = {
    "murmur2": "Publishers on librdkafka set partitioner=murmur2_random; or INBOUND_PARTITIONER=crc32 if all of them "
    "place alike. What lies in the wrong partition became dead letters: redrive it",
    "crc32": "Set INBOUND_PARTITIONER to how publishers place keys: the same key must always lie in one partition",
}


def _misplaced(partitioner: str, keys: Mapping[OnBroker, list[bytes]], counts: Mapping[str, int]) -> int:
    place = PARTITIONERS[partitioner]
    return sum(place(key, counts[topic]) != number for (topic, number), found in keys.items() for key in found)


def _newest_keys(installation: Installation, places: list[OnBroker]) -> dict[OnBroker, list[bytes]]:
    """The keys of the newest committed records of each partition."""
    first = installation.beginnings(places)
    end = installation.ends(places, committed=True)
    keys: dict[OnBroker, list[bytes]] = {place: [] for place in places}
    left = {place for place in places if first[place] < end[place]}
    consumer = clients.reader(installation.config, committed=True)
    give_up = time.monotonic() + installation.config.limits.patience
    try:
        newest = {place: max(first[place], end[place] - NEWEST) for place in left}
        clients.assign(consumer, newest, timeout=installation.config.limits.call_timeout)
        while left:
            if time.monotonic() > give_up:
                raise UnreachableError("the newest payments and disputes cannot be read", "Is the broker up?")
            for record in consumer.consume(1000, 0.2):
                error = record.error()
                if error is None:
                    key = record.key()
                    if key is not None:
                        keys[place_of(record)].append(key)
                if (error is None and offset_of(record) + 1 >= end[place_of(record)]) or _is_end(error):
                    left.discard(place_of(record))
        return keys
    finally:
        consumer.close()


def _is_end(error: KafkaError | None) -> bool:
    return error is not None and error.code() == KafkaError._PARTITION_EOF  # noqa: SLF001  its name
