"""The settings of every Kafka client, all of them explicit: a client's default is nobody's decision.

Why each has its value is said beside it where it is not plain; the figures were measured on a broker of this version.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from app.runtime.config import Mode, RuntimeConfig
from app.runtime.exits import MisconfiguredError
from app.runtime.records import OnBroker

Settings = dict[str, Any]
OnError = Callable[[KafkaError], None]
Client = TypeVar("Client", Consumer, Producer, AdminClient)

_log = logging.getLogger("refundry.kafka")
CHANGELOG_RECORD_BYTES_MAX = 8 << 20


def common(config: RuntimeConfig) -> Settings:
    """What every client of this installation shares, security included."""
    return {
        "bootstrap.servers": config.bootstrap_servers,
        "client.id": f"{config.app_id}-{config.slot or 'admin'}",
        "socket.keepalive.enable": True,
        "reconnect.backoff.ms": 50,
        "reconnect.backoff.max.ms": 1000,
        # what matters of its complaints arrives as errors of calls; while a broker is away the rest is a flood
        "log_level": 2,
        **config.security,
    }


def partitions_of(client: Consumer | AdminClient, topic: str, *, timeout: float) -> list[int]:
    """The numbers of a topic's partitions. KafkaException where the broker that is asked does not know the topic: one
    that has just come back may not, and a reader that took it for empty would read nothing.
    """
    known = client.list_topics(topic, timeout=timeout).topics[topic]
    if not known.partitions:
        raise KafkaException(known.error or KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
    return sorted(known.partitions)


def group_consumer(config: RuntimeConfig, on_error: OnError) -> Consumer:
    """The one consumer of the inbound and internal topics: a static member of the group."""
    limits = config.limits
    return _made(
        Consumer,
        {
            **common(config),
            **_reading(config),
            "group.id": config.app_id,
            # a worker that is back within the session keeps its partitions, and the others never stop
            "group.instance.id": f"{config.app_id}-{config.slot}",
            # the same partition number of topics with the same key goes to the same worker
            "partition.assignment.strategy": "range",
            "session.timeout.ms": limits.session_timeout_ms,
            "heartbeat.interval.ms": 1000,
            "max.poll.interval.ms": limits.max_poll_interval_ms,
            # positions are always given; what is no longer there is a loss and must be told
            "auto.offset.reset": "error",
            "queued.min.messages": 200_000,
            "queued.max.messages.kbytes": limits.fetch_queue_kbytes,
            "allow.auto.create.topics": config.mode is Mode.AT_LEAST_ONCE,
            "error_cb": on_error,
        },
    )


def reader(config: RuntimeConfig, *, committed: bool, follows: bool = False, group: str | None = None) -> Consumer:
    """A consumer outside any group, for changelogs and compacted topics. `committed` False: also sees what is open.

    `follows`: it goes on reading at the end. `group`: whose offsets it can be asked for; it does not join.
    """
    reading = _reading(config)
    if not committed:
        reading["isolation.level"] = "read_uncommitted"
    if not follows:
        # so long the broker waits for more before it says that here is the end, which is what such a reader waits for
        reading["fetch.wait.max.ms"] = 10
    return _made(
        Consumer,
        {
            **common(config),
            **reading,
            "group.id": group or f"{config.app_id}-readers",
            "auto.offset.reset": "error",
            "queued.min.messages": 20_000,
            "queued.max.messages.kbytes": config.limits.fetch_queue_kbytes,
            "allow.auto.create.topics": config.mode is Mode.AT_LEAST_ONCE,
        },
    )


def assign(consumer: Consumer, positions: Mapping[OnBroker, int], *, timeout: float) -> None:
    """Reads these partitions from these offsets, and no others.

    Who leads them is asked first. A client that has been connected for a tenth of a second when it is assigned a topic
    of which it never heard looks for the leader only when a timer of a second comes round, every other time (librdkafka
    2.16). Where no answer comes it finds the leader by itself, later.
    """
    with suppress(KafkaException):
        for topic in {topic for topic, _ in positions}:
            consumer.list_topics(topic, timeout=timeout)
    consumer.assign([TopicPartition(*place, offset) for place, offset in positions.items()])


def producer(config: RuntimeConfig, on_error: OnError) -> Producer:
    """The one producer; transactional where the broker has transactions."""
    settings: Settings = {
        **common(config),
        "enable.idempotence": True,
        "acks": "all",
        # Java's partitioner, so that a key lands where every other client of the shop puts it
        "partitioner": "murmur2_random",
        "linger.ms": 5,
        "batch.size": 1_000_000,
        "batch.num.messages": 10_000,
        "message.max.bytes": CHANGELOG_RECORD_BYTES_MAX,
        "compression.type": "lz4",
        # a round must fit: a full queue in the middle of one only costs time
        "queue.buffering.max.messages": 1_000_000,
        "queue.buffering.max.kbytes": 1_000_000,
        "delivery.timeout.ms": config.limits.transaction_timeout_ms,
        # with `rebootstrap`, the default, a lone broker's broken connection makes the client forget the broker, and a
        # call in which it waits for the group's coordinator never returns (librdkafka 2.16): the worker then stands
        # until its watch ends it. To look for brokers of other names is what a worker that is started again does.
        "metadata.recovery.strategy": "none",
        # all topics were there at the start; one that is gone is told soon
        "topic.metadata.propagation.max.ms": 5000,
        "error_cb": on_error,
    }
    if config.mode is Mode.TRANSACTIONAL:
        settings["transactional.id"] = f"{config.app_id}-slot{config.slot}"
        settings["transaction.timeout.ms"] = config.limits.transaction_timeout_ms
    return _made(Producer, settings)


def admin(config: RuntimeConfig) -> AdminClient:
    """For topics: what there is, and what is to be made."""
    return _made(AdminClient, common(config))


def _made(kind: type[Client], settings: Settings) -> Client:
    """A client. MisconfiguredError where it does not take its settings: certificates, mechanisms and addresses are ours
    to name and librdkafka's to read.
    """
    try:
        return kind(settings, logger=_log)
    except KafkaException as refused:
        reason = f"a Kafka client cannot be made of these settings: {refused.args[0].str()}"
        raise MisconfiguredError(reason, "Look at the KAFKA_ settings, and at the files that they name") from refused


def _reading(config: RuntimeConfig) -> Settings:
    transactional = config.mode is Mode.TRANSACTIONAL
    return {
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        # the embedded broker has no transactions and answers nothing to a reader that asks for committed ones
        "isolation.level": "read_committed" if transactional else "read_uncommitted",
        "enable.partition.eof": True,
        "check.crcs": True,
        "fetch.wait.max.ms": 100,
        "max.partition.fetch.bytes": 4 << 20,
        # with its default of a second a restore runs at a tenth of its speed
        "fetch.queue.backoff.ms": 5,
    }
