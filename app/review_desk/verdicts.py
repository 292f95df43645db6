"""The writer of `reviews` on Kafka."""

import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec
from confluent_kafka import KafkaError, KafkaException, Producer

from app.console.ports import NotTakenError
from app.runtime import clients
from app.runtime.config import Mode, RuntimeConfig
from topics.catalogue import REVIEWS

TAKEN_WITHIN_S: Final = 12.0
"""A little more than the producer itself tries."""
_encode = msgspec.json.Encoder().encode


class WrittenToKafka:
    """The writer of `reviews`: one producer, made when it is needed and made anew after a failure."""

    def __init__(self, config: RuntimeConfig) -> None:
        self._config = replace(config, mode=Mode.AT_LEAST_ONCE)
        self._producer: Producer | None = None
        self._making = threading.Lock()

    def send(self, event: Mapping[str, Any]) -> None:
        """Returns when the broker has it; NotTakenError where that is not known in time."""
        producer, answers = self._ready(), list[KafkaError | None]()
        try:
            producer.produce(
                self._config.topic(REVIEWS),
                key=event["order_id"].encode(),
                value=_encode(event),
                on_delivery=lambda error, _: answers.append(error),
            )
        except (BufferError, KafkaException) as error:
            raise self._failed(type(error).__name__) from error
        end = time.monotonic() + TAKEN_WITHIN_S
        while not answers and time.monotonic() < end:
            producer.poll(0.05)
        if not answers:
            raise self._failed("no answer in time")
        if answers[0] is not None:
            raise self._failed(answers[0].name())

    def _ready(self) -> Producer:
        with self._making:
            if self._producer is None:
                self._producer = clients.producer(self._config, lambda _: None)
            return self._producer

    def _failed(self, reason: str) -> NotTakenError:
        self._producer = None
        return NotTakenError(reason)
