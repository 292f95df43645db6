"""Hanging transactions: open on a partition although their coordinator has ended them. What an operator does about them
with `kafka-transactions.sh find-hanging` and `abort`, in the two requests of the protocol that this takes.

A broker that is killed leaves one now and then. Readers of committed records wait behind it for ever.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from struct import Struct

_WRITE_TXN_MARKERS, _DESCRIBE_PRODUCERS = (27, 1), (61, 0)
_HEAD = Struct(">hhih")
_INT16, _INT32, _INT64 = Struct(">h"), Struct(">i"), Struct(">q")
_PRODUCER = Struct(">qiiqiq")
_NO_TAGS = b"\x00"


@dataclass(frozen=True)
class Open:
    """A transaction that is open on a partition."""

    topic: str
    partition: int
    producer_id: int
    producer_epoch: int
    coordinator_epoch: int


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, form: Struct) -> tuple[int, ...]:
        self._at += form.size
        return form.unpack_from(self._data, self._at - form.size)

    def count(self) -> int:
        """An unsigned varint; compact lengths are one more than they say, 0 is null."""
        value = shift = 0
        while True:
            byte = self._data[self._at]
            self._at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def text(self) -> str:
        length = self.count() - 1
        self._at += max(0, length)
        return self._data[self._at - max(0, length) : self._at].decode()

    def tags(self) -> None:
        assert self.count() == 0, "no tagged fields are expected"


def open_transactions(bootstrap: str, partitions: Iterable[tuple[str, int]]) -> list[Open]:
    """What is open on these partitions, according to the partitions themselves."""
    found = []
    for topic, partition in partitions:
        body = _array([_text(topic) + _array([_INT32.pack(partition)]) + _NO_TAGS]) + _NO_TAGS
        answer = _Reader(_call(bootstrap, _DESCRIBE_PRODUCERS, body))
        answer.take(_INT32)
        assert answer.count() == 2
        assert answer.text() == topic
        assert answer.count() == 2
        answer.take(_INT32)
        (error,) = answer.take(_INT16)
        assert error == 0, f"{topic}/{partition}: {answer.text()} ({error})"
        answer.text()
        for _ in range(answer.count() - 1):
            producer_id, epoch, _, _, coordinator_epoch, start = answer.take(_PRODUCER)
            answer.tags()
            if start >= 0:
                found.append(Open(topic, partition, producer_id, epoch, coordinator_epoch))
    return found


def abort(bootstrap: str, transaction: Open) -> None:
    """Writes the marker that is missing."""
    topic = _text(transaction.topic) + _array([_INT32.pack(transaction.partition)]) + _NO_TAGS
    epochs = _INT16.pack(transaction.producer_epoch), _INT32.pack(max(0, transaction.coordinator_epoch))
    marker = _INT64.pack(transaction.producer_id) + epochs[0] + b"\x00" + _array([topic]) + epochs[1] + _NO_TAGS
    _call(bootstrap, _WRITE_TXN_MARKERS, _array([marker]) + _NO_TAGS)


def _call(bootstrap: str, request: tuple[int, int], body: bytes) -> bytes:
    host, _, port = bootstrap.rpartition(":")
    sent = _HEAD.pack(*request, 1, -1) + _NO_TAGS + body
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(_INT32.pack(len(sent)) + sent)
        (length,) = _INT32.unpack(_read(connection, 4))
        return _read(connection, length)[5:]


def _read(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = connection.recv(length - len(data))
        assert part, "the broker hung up"
        data += part
    return data


def _array(items: list[bytes]) -> bytes:
    assert len(items) < 127
    return bytes([len(items) + 1]) + b"".join(items)


def _text(text: str) -> bytes:
    raw = text.encode()
    length = len(raw) + 1
    head = bytes([length]) if length < 128 else bytes([length & 0x7F | 0x80, length >> 7])
    return head + raw
