"""A publisher whose headers have names of any bytes, as the protocol lets them be. The Python client takes text alone."""

import ctypes
from collections.abc import Sequence

from tests.runtime.failing_broker import library

_PRODUCER = 0
_END, _TOPIC, _VALUE, _KEY, _FLAGS, _HEADERS = 0, 1, 4, 5, 7, 10
_COPY = 2
_WAIT_MS = 20_000
_TEXT_BYTES = 512


def publish_raw(bootstrap: str, topic: str, key: bytes, value: bytes, headers: Sequence[tuple[bytes, bytes]]) -> None:
    """One message; returns when the broker has it."""
    kafka, text = library(), ctypes.create_string_buffer(_TEXT_BYTES)
    kafka.rd_kafka_headers_new.restype = ctypes.c_void_p
    settings = ctypes.c_void_p(kafka.rd_kafka_conf_new())
    for name, said in ((b"bootstrap.servers", bootstrap.encode()), (b"partitioner", b"murmur2_random")):
        assert kafka.rd_kafka_conf_set(settings, name, said, text, _TEXT_BYTES) == 0, text.value
    producer = ctypes.c_void_p(kafka.rd_kafka_new(_PRODUCER, settings, text, _TEXT_BYTES))
    assert producer, text.value
    made = ctypes.c_void_p(kafka.rd_kafka_headers_new(ctypes.c_size_t(len(headers))))
    for header, content in headers:
        sizes = ctypes.c_ssize_t(len(header)), ctypes.c_ssize_t(len(content))
        assert kafka.rd_kafka_header_add(made, header, sizes[0], content, sizes[1]) == 0
    parts: list[object] = []
    for tag, *values in (
        (_TOPIC, ctypes.c_char_p(topic.encode())),
        (_VALUE, ctypes.c_char_p(value), ctypes.c_size_t(len(value))),
        (_KEY, ctypes.c_char_p(key), ctypes.c_size_t(len(key))),
        (_FLAGS, ctypes.c_int(_COPY)),
        (_HEADERS, made),
        (_END,),
    ):
        parts += [ctypes.c_int(tag), *values]
    assert kafka.rd_kafka_producev(producer, *parts) == 0
    assert kafka.rd_kafka_flush(producer, _WAIT_MS) == 0
    kafka.rd_kafka_destroy(producer)
