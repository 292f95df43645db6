"""A replay's input: JSON lines, each a message of an inbound topic, or the reason why it is none.

    {"topic": "orders", "value": {…}}      and optionally "key", "headers", "timestamp"

`value` is an object (the message's bytes are its text, as it was written), a string (those very bytes), or null (no
body); `value_base64` holds any bytes. `key` absent: the one that fits the body; null: none. `timestamp`: RFC 3339, or
milliseconds since the epoch.
"""

import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec

from agents.desk import milliseconds
from app.replay.careless import decoded, encoded, read_careless
from app.replay.files import Text
from app.runtime.topology import Headers
from topics.catalogue import CATALOGUE, INBOUND, POLICIES
from topics.keys import key_of

READ = tuple(topic for topic in INBOUND if topic != POLICIES)
TIMESTAMP_MAX = 253_402_300_799_999  # the last millisecond of the year 9999


class Line(NamedTuple):
    """One message. `given_key` is UNSET where the line gives none. `timestamp` in ms, None where the line gives none.

    What the body tells instead is read when it is asked for: of most lines of a backtest nobody asks.
    """

    topic: str
    given_key: bytes | msgspec.UnsetType | None
    value: bytes | None
    headers: Headers
    timestamp: int | None

    @property
    def key(self) -> bytes | None:
        """The key that the line gives, else the one that fits the body."""
        if self.given_key is not msgspec.UNSET:
            return self.given_key
        key = right_key(self.topic, self.value)
        return None if key is None else encoded(key)

    @property
    def occurred_at(self) -> int | None:
        """When it happened, as the body says, in ms; None where it does not, and where the line gives a timestamp."""
        if self.timestamp is not None:
            return None
        try:
            return milliseconds(_decode_timed(self.value or b"").occurred_at)
        except (msgspec.DecodeError, ValueError, OverflowError, RecursionError):
            return None


class NoLine(NamedTuple):
    """A line that is no message: why, and what would be right. Nothing of its content is repeated."""

    place: str
    reason: str


class _NoMessageError(Exception):
    """Says why a line is no message."""


class _Written(msgspec.Struct):
    topic: str
    value: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    value_base64: str | msgspec.UnsetType = msgspec.UNSET
    key: str | msgspec.UnsetType | None = msgspec.UNSET
    headers: dict[str, str] | None = None
    timestamp: int | str | None = None


_Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class _Timed(msgspec.Struct):
    occurred_at: _Moment


_EXPECTED = "expected a JSON object with `topic` and `value`"
_decode = msgspec.json.Decoder(_Written).decode
_decode_timed = msgspec.json.Decoder(_Timed).decode
_decode_body = msgspec.json.Decoder().decode
_decode_text = msgspec.json.Decoder(str).decode


def read_lines(texts: Iterator[Text]) -> Iterator[Line | NoLine]:
    """The messages of some lines, empty lines passed over."""
    for text in texts:
        if text.content is None:
            yield NoLine(text.place, "expected a line of at most 8 MiB")
            continue
        if not text.content or text.content.isspace():
            continue
        try:
            yield _line(text.content)
        except _NoMessageError as error:
            yield NoLine(text.place, str(error))


def _line(content: bytes) -> Line:
    written = _written(content)
    topic = written.topic
    if topic not in READ:
        raise _NoMessageError(_unread(topic))
    value = _value(written)
    headers = [(name, encoded(content)) for name, content in written.headers.items()] if written.headers else ()
    key = encoded(written.key) if isinstance(written.key, str) else written.key
    timestamp = None if written.timestamp is None else _milliseconds(written.timestamp)
    return Line(topic, key, value, headers, timestamp)


def _written(content: bytes) -> _Written:
    try:
        try:
            return _decode(content)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            careless = read_careless(content)
            if careless is None:
                raise _NoMessageError(f"{_EXPECTED}: {error}") from None
        fields, value = careless
        written = msgspec.convert(fields, _Written)
    except RecursionError:
        raise _NoMessageError("nested too deeply for a line; give the message as `value_base64`") from None
    except msgspec.ValidationError as error:
        raise _NoMessageError(f"{_EXPECTED}: {error}") from None
    written.value = msgspec.UNSET if value is None else msgspec.Raw(value)
    return written


def _unread(topic: str) -> str:
    if topic in INBOUND:
        return "policies are not read from lines; expected --policies DIR"
    known = "is written by Refundry itself" if topic in CATALOGUE else "is not in the catalogue"
    return f"the topic {known}; expected one of {', '.join(READ)}"


def _value(written: _Written) -> bytes | None:
    if written.value_base64 is not msgspec.UNSET:
        if written.value is not msgspec.UNSET:
            raise _NoMessageError("expected `value` or `value_base64`, not both")
        try:
            return b64decode(written.value_base64, validate=True)
        except (Base64Error, ValueError):
            raise _NoMessageError("value_base64: expected Base64") from None
    if written.value is msgspec.UNSET:
        raise _NoMessageError("expected `value`, or `value_base64`; null for a message without a body")
    raw = bytes(written.value)
    if raw[:1] == b'"':
        return _text(raw)
    return None if raw == b"null" else raw


def _text(raw: bytes) -> bytes:
    try:
        return _decode_text(raw).encode()
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        return encoded(str(json.loads(decoded(raw))))
    except ValueError:
        raise _NoMessageError("value: expected a text in UTF-8; give other bytes as `value_base64`") from None


def right_key(topic: str, value: bytes | None) -> str | None:
    """The key that fits a body, None where it is no JSON object or does not tell."""
    try:
        body: Any = _decode_body(value or b"null")
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return key_of(topic, body) if isinstance(body, dict) else None


def _milliseconds(written: int | str) -> int:
    if isinstance(written, int):
        if 0 <= written <= TIMESTAMP_MAX:
            return written
    else:
        try:
            return milliseconds(msgspec.convert(written, _Moment))
        except msgspec.ValidationError:
            pass
    raise _NoMessageError("timestamp: expected RFC 3339 with an offset, or milliseconds since 1970")
