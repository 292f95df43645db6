"""How much of what stands in the topics the worker has not finished: by the offsets that its group has committed."""

from collections.abc import Iterable, Mapping

from confluent_kafka import Consumer, KafkaException, TopicPartition

from app.demo.publisher import Partition
from app.runtime import clients
from app.runtime.config import RuntimeConfig

CALL_S = 2.0


class Backlog:
    """Looks at the group from outside; it never joins it."""

    def __init__(self, config: RuntimeConfig) -> None:
        """Asks nothing yet."""
        self._config = config
        # reads uncommitted: what is still open in a transaction is simply not finished, and need not be waited for
        reading = {"isolation.level": "read_uncommitted", "enable.auto.commit": False}
        self._consumer = Consumer(
            {**clients.common(config), **reading, "group.id": config.app_id, "log_level": 0},
        )

    def look(self, ends: Mapping[Partition, int]) -> dict[str, int] | None:
        """Messages that wait, by topic; None while the broker cannot say.

        `ends`: by topic and partition, the offset after the last record that is known to be there.
        """
        places = [TopicPartition(self._config.topic(topic), partition) for topic, partition in ends]
        try:
            committed = self._consumer.committed(places, timeout=CALL_S) if places else []
        except KafkaException:
            return None
        waiting: dict[str, int] = {}
        for (place, end), at in zip(ends.items(), committed, strict=True):
            if at.error is not None:
                return None
            waiting[place[0]] = waiting.get(place[0], 0) + max(0, end - max(at.offset, 0))
        return waiting

    def ends(self, places: Iterable[Partition]) -> dict[Partition, int] | None:
        """Where these end now, as the broker says; None while it cannot say."""
        found = {}
        try:
            for topic, partition in places:
                place = TopicPartition(self._config.topic(topic), partition)
                _, found[topic, partition] = self._consumer.get_watermark_offsets(place, timeout=CALL_S)
        except KafkaException:
            return None
        return found

    def close(self) -> None:
        """Lets go of the broker."""
        self._consumer.close()
