"""How far the group has come, asked by whoever is no member of it.

A consumer asks. The admin client's `list_consumer_group_offsets` (confluent-kafka 2.16) has crashed the process on a
broker that was just started.
"""

from collections.abc import Iterable

from confluent_kafka import KafkaException, TopicPartition

from app.runtime import clients, faults
from app.runtime.config import RuntimeConfig
from app.runtime.records import OnBroker


def committed_by_group(config: RuntimeConfig, places: Iterable[OnBroker], *, patience: float) -> list[TopicPartition]:
    """What the group committed, metadata included, in those of the places in which it did.

    Offsets in an open transaction do not hold this up. Asks for at most `patience` seconds; raises as `faults.insist`.
    """
    wanted = [TopicPartition(*place) for place in places]
    if not wanted:
        return []
    # with open transactions: a reader of committed records waits for those of all workers
    consumer = clients.reader(config, committed=False, group=config.app_id)

    def ask() -> list[TopicPartition]:
        found = consumer.committed(wanted, config.limits.call_timeout)
        for at in found:
            if at.error:
                raise KafkaException(at.error)
        return [at for at in found if at.offset >= 0]

    try:
        return faults.insist(ask, what="where the group's offsets are", patience=patience)
    finally:
        consumer.close()
