"""Before a worker takes part: is the broker there, are the topics as they must be, and may this group act on them?"""

import logging
import time
from collections.abc import Iterable
from dataclasses import replace
from threading import Event

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from app.runtime import clients, faults, topics_admin
from app.runtime.config import Mode, RuntimeConfig
from app.runtime.exits import MisconfiguredError, UnreachableError, UnsafeError
from app.runtime.topics_admin import Finding, Wanted
from app.runtime.topology import Topology
from topics.catalogue import Topic

ABSENT_S = 10.0
"""How long topics must be missing before it is believed."""
_log = logging.getLogger(__name__)
_DAY_MS = 24 * 3600 * 1000


def answers(client: Producer, *, seconds: float) -> bool:
    """Whether a broker answers."""
    try:
        return bool(client.list_topics("", timeout=seconds).brokers)
    except KafkaException:
        return False


def check(config: RuntimeConfig, topology: Topology, catalogue: Iterable[Topic], *, stop: Event) -> None:
    """Waits for the broker, then holds the topics against what is needed.

    Raises UnreachableError, or MisconfiguredError that names every topic that is missing or wrong.
    """
    admin = clients.admin(config)
    end = time.monotonic() + config.limits.patience
    while not stop.is_set():
        try:
            admin.list_topics(timeout=1)
            break
        except KafkaException as failure:
            if time.monotonic() > end:
                raise UnreachableError(
                    f"no broker answers at {config.bootstrap_servers} for {config.limits.patience:.0f} s",
                    "Is it up, and are KAFKA_BOOTSTRAP_SERVERS and the security settings right?",
                ) from failure
    if stop.is_set():
        return
    # whether they have as many partitions as the settings say is asked after how many the group committed with
    wanted = topics_admin.wanted_topics(replace(config, placed=()), topology, catalogue)
    if config.mode is Mode.AT_LEAST_ONCE:
        # the embedded broker makes a topic when it is asked about it, and knows no other way
        for topic in wanted:
            admin.list_topics(topic.name, timeout=config.limits.call_timeout)
        return
    bad = _bad(admin, wanted, config)
    missing = [finding.topic for finding in bad if finding.verdict == "missing"]
    if missing:
        # a broker that has just come back may not know of them yet
        _log.warning("missing so far: %s; asking for %.0f s", ", ".join(missing), ABSENT_S)
        end = time.monotonic() + ABSENT_S
        while any(finding.verdict == "missing" for finding in bad) and time.monotonic() < end and not stop.wait(0.5):
            bad = _bad(admin, wanted, config)
    if bad:
        said = "; ".join(f"{finding.topic}: {finding.verdict} ({', '.join(finding.details)})" for finding in bad)
        raise MisconfiguredError(f"topics are not as they must be: {said}", "`refundry topics plan`, then `create`")


def _bad(admin: AdminClient, wanted: Iterable[Wanted], config: RuntimeConfig) -> list[Finding]:
    findings = topics_admin.plan(wanted, topics_admin.existing_topics(admin, wanted, config))
    return [finding for finding in findings if finding.verdict in ("missing", "wrong")]


def refuse_old_topics(
    config: RuntimeConfig, topology: Topology, catalogue: Iterable[Topic], consumer: Consumer
) -> None:
    """UnsafeError where a new group would act on what happened long ago, and nobody said from when on it should.

    Compacted topics are old by nature: they say what holds, not what happened. Heartbeats say nothing at all.
    """
    if config.acts_from_given or config.mode is Mode.AT_LEAST_ONCE:
        return
    limits = config.limits
    facts = {topic.name for topic in catalogue if topic.cleanup == "delete" and topic.name != topology.heartbeats}
    names = [config.topic(agent.topic) for agent in topology.agents if agent.topic in facts]

    def ask() -> str | None:
        """A topic that is older than may be; None where there is none, or the group has read before."""
        places = [
            TopicPartition(name, number)
            for name in names
            for number in clients.partitions_of(consumer, name, timeout=limits.call_timeout)
        ]
        if any(place.offset >= 0 for place in consumer.committed(places, limits.call_timeout)):
            return None
        cutoff = int(time.time() * 1000) - limits.history_days * _DAY_MS
        since = [TopicPartition(place.topic, place.partition, cutoff) for place in places]
        for place in consumer.offsets_for_times(since, limits.call_timeout):
            first, end = consumer.get_watermark_offsets(place, limits.call_timeout)
            if first < end and (place.offset < 0 or place.offset > first):
                return str(place.topic)
        return None

    old = faults.insist(ask, what="how old the topics are", patience=limits.patience)
    if old is not None:
        raise UnsafeError(
            f"{old} begins more than {limits.history_days} days ago and this group reads it for the first time",
            "Set ACT_FROM: what happened before it is decided without instructions, notifications and alerts",
        )
