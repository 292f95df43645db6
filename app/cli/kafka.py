"""Kafka as commands use it: short calls, plain failures, and no worker's state."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Event

from confluent_kafka import KafkaError, Message

from app.cli.failures import ExitCode, Failure
from app.runtime import clients, faults
from app.runtime.config import Limits, Mode, RuntimeConfig
from app.runtime.exits import UnreachableError
from app.runtime.global_topics import GlobalTopics, Learn
from app.settings import Settings
from topics.partitioning import PLACED

CALL_S, PATIENCE_S = 5.0, 10.0
LOOK_AGAIN_S = 0.1
READ_S = 3600.0
FLUSH_S = 30.0


def config_of(settings: Settings) -> RuntimeConfig:
    """The settings in the runtime's terms, as far as commands need them: no hash key, little patience."""
    logging.getLogger("refundry.kafka").setLevel(logging.CRITICAL)  # the failure says it once
    return RuntimeConfig(
        bootstrap_servers=settings.kafka_bootstrap_servers,
        app_id=settings.app_id,
        prefix=settings.topic_prefix,
        partitions=settings.partitions,
        placed=PLACED if settings.inbound_partitioner == "murmur2" else (),
        replication_factor=settings.replication_factor,
        state_dir=settings.state_dir,
        mode=Mode.TRANSACTIONAL if settings.guarantee == "exactly_once" else Mode.AT_LEAST_ONCE,
        security=settings.kafka_security(),
        limits=Limits(call_timeout=CALL_S, patience=PATIENCE_S, restore_stall=READ_S),
    )


def changelog_of(config: RuntimeConfig, table: str) -> str:
    """The topic of a table's changelog, named as other topics are here: without the prefix."""
    return config.changelog(table).removeprefix(config.prefix)


def require_topics(config: RuntimeConfig, names: Sequence[str]) -> None:
    """Raises a Failure where a topic is missing, UnreachableError where the broker does not answer."""
    missing = _missing(config, [config.topic(name) for name in names])
    if missing:
        raise Failure(
            f"there is no topic {', '.join(missing)}",
            "`refundry topics create` makes what is missing",
            code=ExitCode.CONFIGURATION,
        )


def wait_for_topics(config: RuntimeConfig, names: Sequence[str]) -> None:
    """Returns when new topics (by their full names) are known to the broker that is asked; a moment after the creation.

    Raises UnreachableError where that takes too long.
    """
    end = time.monotonic() + PATIENCE_S
    while missing := _missing(config, names):
        if time.monotonic() > end:
            raise UnreachableError(f"{', '.join(missing)} did not appear", "Ask again: refundry topics check")
        time.sleep(LOOK_AGAIN_S)


def _missing(config: RuntimeConfig, names: Sequence[str]) -> list[str]:
    admin, asking = clients.admin(config), f"asking {config.bootstrap_servers} which topics there are"
    found = faults.insist(lambda: admin.list_topics(timeout=CALL_S).topics, what=asking, patience=PATIENCE_S)
    return [name for name in names if name not in found]


def read_whole(config: RuntimeConfig, learn: Mapping[str, Learn]) -> None:
    """Calls each topic's function with the key and value of every committed record up to now."""
    require_topics(config, list(learn))
    topics = GlobalTopics(config, learn)
    try:
        topics.read_whole(Event())
    finally:
        topics.close()


def write(config: RuntimeConfig, topic: str, records: Sequence[tuple[bytes, bytes]]) -> None:
    """Writes keys and values to a topic, in order; returns when the broker has them all.

    Raises UnreachableError where it did not take them; those before may be there, and writing again is safe.
    """
    refused: list[KafkaError] = []

    def delivered(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            refused.append(error)

    producer = clients.producer(replace(config, mode=Mode.AT_LEAST_ONCE), lambda _: None)
    for key, value in records:
        producer.produce(config.topic(topic), key=key, value=value, on_delivery=delivered)
    left = producer.flush(FLUSH_S)
    if refused:
        raise faults.stop_for(refused[0], f"writing {config.topic(topic)}")
    if left:
        raise UnreachableError(f"{left} records were not taken within {FLUSH_S:.0f} s", "Is the broker up?")
