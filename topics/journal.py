"""The journal and the other internal topics: what their records say, and where each came from.

A record's value is an event; its headers say of which inbound record it is (`Origin`) and which trace it belongs to.
Records written by a newer version may have more fields; those are ignored. They may be of a type that this version does
not know; that is told apart from what is none of ours (`UnknownTypeError`).
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from topics import vocabulary
from topics.merchant_activity import ActivityCounted
from topics.twins import tag_of, twin, union

ORIGIN, TRACEPARENT = "refundry-origin", "traceparent"


class Origin(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """The inbound record that an event came in: position, time in milliseconds, key, and what the door found.

    `fingerprint` tells contents apart. `redacted`: the value is not byte for byte what came in. `released`: the event
    that ended the wait of this one, where it was held. Stored by position: fields are added at the end, with a default.
    """

    topic: str
    partition: int
    offset: int
    timestamp: int
    fingerprint: bytes
    redacted: bool = False
    released: str | None = None
    key: bytes | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class UnknownTypeError(msgspec.ValidationError):
    """A record says that it is of a type that this version does not know in its topic: a newer one wrote it."""


class _Typed(msgspec.Struct):
    type: str


_encode_origin = msgspec.msgpack.Encoder().encode
_decode_origin = msgspec.msgpack.Decoder(Origin).decode
_decode_event = msgspec.json.Decoder(union(vocabulary.JOURNAL, closed=False)).decode
_decode_activity = msgspec.json.Decoder(union(vocabulary.ACTIVITY, closed=False)).decode
_decode_count = msgspec.json.Decoder(twin(ActivityCounted, closed=False)).decode
_decode_type = msgspec.json.Decoder(_Typed).decode


def pack(origin: Origin, traceparent: bytes | None) -> list[tuple[str, bytes]]:
    """The headers of a journal record."""
    headers = [(ORIGIN, _encode_origin(origin))]
    if traceparent is not None:
        headers.append((TRACEPARENT, traceparent))
    return headers


def unpack(headers: Iterable[tuple[str, bytes]]) -> tuple[Origin, bytes | None]:
    """What `pack` put in. LookupError where a record has no origin: it is none of ours."""
    origin, traceparent = None, None
    for name, content in headers:
        if name == ORIGIN:
            origin = _decode_origin(content)
        elif name == TRACEPARENT:
            traceparent = content
    if origin is None:
        raise LookupError(f"a record of the journal without the header {ORIGIN}")
    return origin, traceparent


def read_journal(value: bytes) -> Any:
    """The event of a record of `case-events`. UnknownTypeError where a newer version wrote it, another
    `msgspec.DecodeError` where it is none of ours.
    """
    try:
        return _decode_event(value)
    except msgspec.ValidationError as error:
        raise _told_apart(error, value, vocabulary.JOURNAL) from error


def read_activity(value: bytes) -> Any:
    """The event of a record of `customer-activity`. Raises as `read_journal` does."""
    try:
        return _decode_activity(value)
    except msgspec.ValidationError as error:
        raise _told_apart(error, value, vocabulary.ACTIVITY) from error


def read_count(value: bytes) -> Any:
    """The event of a record of `merchant-activity`. Raises as `read_journal` does."""
    try:
        return _decode_count(value)
    except msgspec.ValidationError as error:
        raise _told_apart(error, value, (ActivityCounted,)) from error


def _told_apart(error: msgspec.ValidationError, value: bytes, known: vocabulary.Models) -> msgspec.ValidationError:
    """Why a record was not read. Neither error quotes what it says."""
    try:
        told = _decode_type(value).type
    except msgspec.ValidationError:
        return error
    return error if ("type", told) in map(tag_of, known) else UnknownTypeError("a type that this version does not know")
