"""librdkafka's broker in the process, told which errors to answer with. Its C interface has that, its Python one has not."""

import ctypes
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import confluent_kafka
from confluent_kafka import KafkaError

PRODUCE, ADD_PARTITIONS, ADD_OFFSETS, END, OFFSET_COMMIT = 0, 24, 25, 26, 28
INIT = 22
_PRODUCER = 0
_TEXT_BYTES = 512


def library() -> ctypes.CDLL:
    """The library that the client brings along, the same that it has loaded."""
    beside = Path(confluent_kafka.__file__).parent
    (found,) = [*beside.parent.glob("confluent_kafka.libs/librdkafka-*"), *beside.glob(".dylibs/librdkafka*")]
    library = ctypes.CDLL(str(found))
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_handle_mock_cluster"):
        getattr(library, name).restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    return library


def code(name: str) -> int:
    """The number of an error of the protocol."""
    number: int = getattr(KafkaError, name)
    return number


class FailingBroker:
    """`bootstrap` is its address. What is pushed is answered to the next requests of that kind, one each."""

    def __init__(self) -> None:
        self._library = library()
        text = ctypes.create_string_buffer(_TEXT_BYTES)
        settings = ctypes.c_void_p(self._library.rd_kafka_conf_new())
        for name, value in ((b"test.mock.num.brokers", b"1"), (b"log_level", b"2")):
            assert self._library.rd_kafka_conf_set(settings, name, value, text, _TEXT_BYTES) == 0, text.value
        self._handle = ctypes.c_void_p(self._library.rd_kafka_new(_PRODUCER, settings, text, _TEXT_BYTES))
        assert self._handle, text.value
        self._cluster = ctypes.c_void_p(self._library.rd_kafka_handle_mock_cluster(self._handle))
        self.bootstrap: str = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._library.rd_kafka_destroy(self._handle)

    def create_topic(self, name: str) -> None:
        assert self._library.rd_kafka_mock_topic_create(self._cluster, name.encode(), 1, 1) == 0

    def lead(self, topic: str, broker: int | None) -> None:
        """This broker (the first is 1) leads the topic's only partition from now on, or none does."""
        leader = ctypes.c_int32(-1 if broker is None else broker)
        assert self._library.rd_kafka_mock_partition_set_leader(self._cluster, topic.encode(), 0, leader) == 0

    def fail(self, request: int, errors: Sequence[int]) -> None:
        """The next requests of this kind get these answers."""
        answers = (ctypes.c_int * len(errors))(*errors)
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, ctypes.c_int16(request), ctypes.c_size_t(len(errors)), answers
        )
