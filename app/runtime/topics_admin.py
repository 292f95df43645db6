"""Topics: what this installation needs, what the broker has, and the difference. Nothing is ever made silently.

Topics that are keyed by the same thing have the same number of partitions (`spread` names the thing), and so has a
table's changelog: the same number in each then belongs to the same worker.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # exported, but not in so many words
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from app.runtime import faults
from app.runtime.clients import CHANGELOG_RECORD_BYTES_MAX
from app.runtime.config import RuntimeConfig
from app.runtime.exits import UnsafeError
from app.runtime.partition_counts import committed_with, told
from app.runtime.topology import Topology
from topics.catalogue import TOPICS, Topic

_DAY_MS = 24 * 3600 * 1000
_RECORD_BYTES_MAX = 2 << 20


@dataclass(frozen=True)
class Wanted:
    """One topic as it must be. `exact`: settings that the worker relies on; others may differ, and that is said.
    `counted`: it relies on the number of partitions too.
    """

    name: str
    partitions: int
    spread: str
    settings: Mapping[str, str]
    exact: frozenset[str] = frozenset({"cleanup.policy"})
    counted: bool = False


@dataclass(frozen=True)
class Finding:
    """One line of a plan. `missing`: create it. `wrong`, `unsafe`: the worker refuses to run, with exit code 3 or 5.
    `differs`: worth a look.
    """

    topic: str
    verdict: Literal["ok", "missing", "wrong", "unsafe", "differs"]
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Existing:
    """One topic as the broker has it."""

    partitions: int
    settings: Mapping[str, str] = field(default_factory=dict)


def wanted_topics(config: RuntimeConfig, topology: Topology, catalogue: Iterable[Topic] = TOPICS) -> list[Wanted]:
    """The topics of the catalogue, and a changelog for each table of the topology."""
    found = {topic.name: _wanted(config, topic) for topic in catalogue}
    for table in topology.tables:
        # what is beside the same table is spread alike, whatever its key is called
        spread = found[table.beside[0]].spread
        for topic in table.beside:
            found[topic] = replace(found[topic], spread=spread)
        name = config.changelog(table.name)
        found[name] = Wanted(name, found[table.beside[0]].partitions, spread, _CHANGELOG)
    return list(found.values())


def existing_topics(admin: AdminClient, wanted: Iterable[Wanted], config: RuntimeConfig) -> dict[str, Existing]:
    """What the broker has of them. Raises as `faults.insist` does."""
    limits = config.limits

    def ask() -> dict[str, Existing]:
        """Of the topics that are there: how many partitions they have, and their settings."""
        seen = admin.list_topics(timeout=limits.call_timeout).topics
        names = [topic.name for topic in wanted if topic.name in seen and seen[topic.name].partitions]
        resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
        answers = admin.describe_configs(resources, request_timeout=limits.call_timeout) if resources else {}
        settings = {
            resource.name: {key: str(entry.value) for key, entry in future.result().items()}
            for resource, future in answers.items()
        }
        return {name: Existing(len(seen[name].partitions), settings[name]) for name in names}

    what = f"asking {config.bootstrap_servers} which topics there are"
    return faults.insist(ask, what=what, patience=limits.patience)


def compared(admin: AdminClient, wanted: Iterable[Wanted], config: RuntimeConfig) -> list[Finding]:
    """The plan for what the broker has, with what the group committed. Raises as `faults.insist` does."""
    existing = existing_topics(admin, wanted, config)
    counts = {name: topic.partitions for name, topic in existing.items()}
    return plan(wanted, existing, committed_with(config, counts, patience=config.limits.patience))


def plan(
    wanted: Iterable[Wanted], existing: Mapping[str, Existing], others: Mapping[str, int] | None = None
) -> list[Finding]:
    """What is missing, wrong or different, one finding per topic, in the order wanted.

    `others`: of a topic of which the group committed with another number of partitions, that number.
    """
    wanted = list(wanted)
    counts: dict[str, dict[int, list[str]]] = {}
    for topic in wanted:
        if topic.name in existing:
            counts.setdefault(topic.spread, {}).setdefault(existing[topic.name].partitions, []).append(topic.name)
    findings = [_finding(topic, existing.get(topic.name), counts.get(topic.spread, {})) for topic in wanted]
    others = others or {}
    return [_unsafe(one, existing[one.topic], others[one.topic]) if one.topic in others else one for one in findings]


def create(
    admin: AdminClient, wanted: Iterable[Wanted], findings: Iterable[Finding], config: RuntimeConfig
) -> list[str]:
    """Creates what is missing and returns the names. UnsafeError where something is wrong: nothing is created then."""
    findings = list(findings)
    wrong = [finding.topic for finding in findings if finding.verdict in ("wrong", "unsafe")]
    if wrong:
        raise UnsafeError(f"{', '.join(wrong)} cannot be used as they are", "See `refundry topics check`")
    missing = {finding.topic for finding in findings if finding.verdict == "missing"}
    new = [
        NewTopic(topic.name, topic.partitions, config.replication_factor, config=dict(topic.settings))
        for topic in wanted
        if topic.name in missing
    ]
    if not new:
        return []
    for future in admin.create_topics(new, operation_timeout=config.limits.call_timeout).values():
        try:
            future.result(config.limits.patience)
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            if error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise faults.stop_for(error, "creating topics") from failure
    return [topic.topic for topic in new]


def _finding(topic: Wanted, found: Existing | None, counts: Mapping[int, list[str]]) -> Finding:
    if found is None:
        return Finding(topic.name, "missing", (f"{topic.partitions} partitions", *_shown(topic.settings)))
    wrong, differs = list[str](), list[str]()
    if len(counts) > 1:
        others = [f"{name} has {count}" for count, names in counts.items() for name in names if name != topic.name]
        wrong.append(f"{found.partitions} partitions, but must have as many as the others: {', '.join(others)}")
    elif found.partitions != topic.partitions:
        (wrong if topic.counted else differs).append(
            f"{found.partitions} partitions, the settings say {topic.partitions}"
        )
    for key, value in topic.settings.items():
        has = found.settings.get(key)
        if has != value:
            (wrong if key in topic.exact else differs).append(f"{key} is {has}, expected {value}")
    verdict: Literal["ok", "wrong", "differs"] = "wrong" if wrong else "differs" if differs else "ok"
    return Finding(topic.name, verdict, (*wrong, *differs))


def _unsafe(finding: Finding, found: Existing, other: int) -> Finding:
    return Finding(finding.topic, "unsafe", (f"{found.partitions} partitions, {told(other)}", *finding.details))


def _wanted(config: RuntimeConfig, topic: Topic) -> Wanted:
    retention = "-1" if topic.days is None else str(topic.days * _DAY_MS)
    settings = {"cleanup.policy": topic.cleanup, "max.message.bytes": str(_RECORD_BYTES_MAX)}
    if topic.cleanup == "delete":
        settings["retention.ms"] = retention
    spread = topic.spread or topic.key
    count, counted = 1 if topic.single else config.partitions, topic.name in config.placed
    return Wanted(config.topic(topic.name), count, spread, settings, counted=counted)


def _shown(settings: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in settings.items()]


_CHANGELOG = {
    "cleanup.policy": "compact",
    "max.message.bytes": str(CHANGELOG_RECORD_BYTES_MAX),
    # small segments are compacted sooner, and a restore reads what is not compacted yet
    "segment.ms": str(_DAY_MS),
    "segment.bytes": str(128 << 20),
    "min.cleanable.dirty.ratio": "0.3",
}
