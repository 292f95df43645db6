"""Where a demo takes place: librdkafka's embedded broker, or a real one under names that nobody else uses.

Either is a `RuntimeConfig`, so that shop, judge and worker name broker, topics and group alike. What was made is gone
when the `with` block is left.
"""

import logging
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaException, Producer

from agents import Desk, assemble
from app.domain.policy import Policy
from app.policies import published
from app.runtime import clients, topics_admin
from app.runtime.config import Limits, Mode, RuntimeConfig
from app.runtime.exits import UnreachableError
from app.runtime.topology import Topology
from topics.catalogue import POLICIES, TOPICS

PARTITIONS: Final = 4
"""As many as the embedded broker gives every topic; it cannot be told another number."""
CALL_S, PATIENCE_S = 5.0, 10.0
_KAFKA_LOG = "refundry.kafka"


def topology() -> Topology:
    """Which topics a worker reads, and its tables; the same whatever its key is."""
    return assemble(Desk(secret=b""))


@contextmanager
def embedded(state_dir: Path) -> Iterator[RuntimeConfig]:
    """A broker inside this process: no Java, no container, no transactions. It lives as long as the block.

    It keeps 5 MiB per partition and drops the oldest silently, so whoever publishes must not run ahead of the readers.
    """
    cluster = Producer({"bootstrap.servers": "embedded", "test.mock.num.brokers": 1, "log_level": 0})
    with _quiet():
        (broker,) = cluster.list_topics(timeout=CALL_S).brokers.values()
        config = _config(f"{broker.host}:{broker.port}", Mode.AT_LEAST_ONCE, state_dir)
        for topic in TOPICS:
            # it makes a topic when it is asked about it, and knows no other way
            cluster.list_topics(topic.name, timeout=CALL_S)
        yield config
    del cluster


@contextmanager
def real(bootstrap: str, security: Mapping[str, str], state_dir: Path) -> Iterator[RuntimeConfig]:
    """Fresh topics and a fresh group on a real broker, deleted afterwards. UnreachableError where none answers."""
    name = f"demo-{secrets.token_hex(4)}"
    config = replace(
        _config(bootstrap, Mode.TRANSACTIONAL, state_dir),
        app_id=f"{name}-refundry",
        prefix=f"{name}-",
        security=security,
    )
    with _quiet():
        admin = clients.admin(config)
        try:
            admin.list_topics(timeout=CALL_S)
        except KafkaException as error:
            hint = "`make kafka` starts one on this machine; `--kafka HOST:PORT` names another"
            raise UnreachableError(f"no Kafka answers at {bootstrap}", hint) from error
        wanted = topics_admin.wanted_topics(config, topology())
        findings = topics_admin.plan(wanted, topics_admin.existing_topics(admin, wanted, config))
        try:
            topics_admin.create(admin, wanted, findings, config)
            yield config
        finally:
            _delete(config, [topic.name for topic in wanted])


def publish_policies(config: RuntimeConfig, policies: Iterable[Policy]) -> None:
    """Makes the policies speak. UnreachableError where the broker does not take them."""
    records = [published(policy) for policy in policies]
    producer = clients.producer(replace(config, mode=Mode.AT_LEAST_ONCE), lambda _: None)
    for record in records:
        producer.produce(config.topic(POLICIES), key=record.key, value=record.body)
    if producer.flush(PATIENCE_S):
        raise UnreachableError("the broker takes no policies", "Is it up?")


def _config(bootstrap: str, mode: Mode, state_dir: Path) -> RuntimeConfig:
    return RuntimeConfig(
        bootstrap_servers=bootstrap,
        partitions=PARTITIONS,
        replication_factor=-1,
        state_dir=state_dir,
        mode=mode,
        limits=Limits(call_timeout=CALL_S, patience=PATIENCE_S),
    )


def _delete(config: RuntimeConfig, names: Iterable[str]) -> None:
    """Without its topics the group goes by itself, once its last session is over.

    What cannot be deleted is left behind: the run is over, and its verdict is not to be lost for that.
    """
    with suppress(KafkaException):
        for future in clients.admin(config).delete_topics(list(names), operation_timeout=CALL_S).values():
            with suppress(KafkaException):
                future.result(PATIENCE_S)


@contextmanager
def _quiet() -> Iterator[None]:
    """A client that loses its broker would write over the screen; who calls it says what matters."""
    log = logging.getLogger(_KAFKA_LOG)
    before, log.level = log.level, logging.CRITICAL
    try:
        yield
    finally:
        log.setLevel(before)
