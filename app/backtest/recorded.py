"""What Kafka still has of the past, put in order: each inbound message once, by its time, in a file of its own.

The journal and the inbound topics tell of the same messages; a message is known by its place on the inbound topic, so
it is kept once, whoever tells of it first. Partitions are read one beside the other and the file sorts them, so memory
does not grow with the past.

An order whose beginning is gone cannot be decided: its lines and its payments are not known. Where something was cut
off, all messages of such an order are left out, in both worlds, and counted.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

import msgspec

from app.replay.lines import Line
from app.runtime.topology import Message
from topics.case_ids import case_id_of, order_id_of
from topics.catalogue import CUSTOMERS
from topics.journal import unpack

BEGINNINGS = frozenset({"order.placed", "order.amended"})
CACHE_KIB = 32_768
_OF_NO_ORDER = frozenset({CUSTOMERS})
_LAYOUT = """
CREATE TABLE message (
    moment INTEGER, topic TEXT, part INTEGER, place INTEGER, case_id TEXT, key BLOB, value BLOB, headers BLOB,
    UNIQUE (topic, part, place)
);
CREATE TABLE begun (case_id TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_CUT = "case_id IS NOT NULL AND case_id NOT IN (SELECT case_id FROM begun)"


class Incomplete(msgspec.Struct, frozen=True):
    """How many orders have no beginning here, and how many messages are theirs."""

    orders: int
    messages: int


class _Body(msgspec.Struct):
    type: str = ""
    merchant_id: str = ""
    order_id: str | None = None


_decode_body = msgspec.json.Decoder(_Body).decode
_encode_headers = msgspec.msgpack.Encoder().encode
_decode_headers = msgspec.msgpack.Decoder(list[tuple[str, bytes]]).decode


class Recorded:
    """Inbound messages in a database below `directory`, which is empty. To be used as a context."""

    def __init__(self, directory: Path) -> None:
        self._store = sqlite3.connect(directory / "messages.sqlite", isolation_level=None)
        # nobody reads it after this process, so nothing is made durable
        self._store.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{CACHE_KIB};{_LAYOUT}"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    def add_journal(self, records: Iterable[Message]) -> None:
        """Keeps the inbound messages behind records of the journal; what the journal says itself is passed over."""
        self._add((original, case_id) for record in records for original, case_id in _original(record))

    def add_inbound(self, messages: Iterable[Message]) -> None:
        """Keeps inbound messages as they came in."""
        self._add((message, None) for message in messages)

    def count(self) -> int:
        """How many messages there are."""
        (count,) = self._store.execute("SELECT count(*) FROM message").fetchone()
        return int(count)

    def incomplete(self) -> Incomplete:
        """The orders whose beginning is not here."""
        return Incomplete(
            *self._store.execute(f"SELECT count(DISTINCT case_id), count(*) FROM message WHERE {_CUT}").fetchone()  # noqa: S608 - our own text
        )

    def lines(self, *, whole_orders: bool) -> Iterator[Line]:
        """All messages in the order of time. `whole_orders`: without those of orders whose beginning is not here."""
        condition = f"NOT ({_CUT})" if whole_orders else "1"
        wanted = f"SELECT topic, key, value, headers, moment FROM message WHERE {condition}"  # noqa: S608 - the same
        for topic, key, value, headers, moment in self._store.execute(f"{wanted} ORDER BY moment, topic, part, place"):
            yield Line(topic, key, value, _decode_headers(headers), moment)

    def _add(self, found: Iterable[tuple[Message, str | None]]) -> None:
        rows, begun = [], set()
        for message, known in found:
            body = _read(message.value)
            case_id = known
            if known is None and message.topic not in _OF_NO_ORDER and body.order_id is not None:
                case_id = case_id_of(body.merchant_id, body.order_id)
            if case_id is not None and order_id_of(case_id) is None:
                case_id = None
            if case_id is not None and body.type in BEGINNINGS:
                begun.add((case_id,))
            place = (message.timestamp, message.topic, message.partition, message.offset)
            headers = _encode_headers(list(message.headers))
            rows.append((*place, case_id, message.key, message.value, headers))
        self._store.execute("BEGIN")
        self._store.executemany("INSERT OR IGNORE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        self._store.executemany("INSERT OR IGNORE INTO begun VALUES (?)", begun)
        self._store.execute("COMMIT")


def _original(record: Message) -> Iterator[tuple[Message, str | None]]:
    origin, _ = unpack(record.headers)
    if not origin.fingerprint:
        return  # a timer or an answer: each world says its own
    assert record.key is not None, "a record of the journal has the key of its case"
    place = (origin.topic, origin.partition, origin.offset, origin.timestamp)
    case_id = None if origin.topic in _OF_NO_ORDER else record.key.decode()
    yield Message(*place, origin.key, record.value, origin.headers), case_id


def _read(value: bytes | None) -> _Body:
    try:
        return _decode_body(value or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _Body()
