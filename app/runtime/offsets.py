"""Where partitions begin and end, as their leaders say when they are asked by `AdminClient.list_offsets`."""

from concurrent.futures import Future
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]  # exported, but not in so many words

EARLIEST: Final[OffsetSpec] = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
LATEST: Final[OffsetSpec] = OffsetSpec.latest()  # type: ignore[no-untyped-call]


def told(answer: "Future[Any]") -> int:
    """The offset that was answered; waits for it. Raises KafkaException where there is no answer."""
    offset: int = answer.result().offset
    if offset < 0:
        # where a request is never answered, librdkafka calls that a success, with an offset that is none (-1001)
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 - its name
    return offset
