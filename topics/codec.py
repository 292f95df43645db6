"""From bytes to events: any bytes give an event or an `Unreadable`, in bounded time, and never an exception.

A message is refused for the first of these that applies: no body or too large a one, no JSON, too deep, no object of a
known type, a field that is wrong, a key that contradicts the body, a time in the future. What is accepted is decoded
twice: as plain JSON, for the fingerprint of its content, and as the type's twin, for the rules. Nearly all messages
hold nothing that must be dropped, masked or hashed, which a look at the bytes can tell; for those the body that is
passed on is the one that came. The others are cleaned field by field and written anew.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec
from pydantic import BaseModel, ValidationError

from topics.catalogue import CATALOGUE, INBOUND
from topics.dead_letters import DeadLetterCode as Code
from topics.explain import Unreadable, refusal
from topics.keys import key_fields, key_of
from topics.policies import PolicyDocument
from topics.privacy import mask, mask_headers, may_hold_card
from topics.shapes import Cleaning, Fields, shape_of, trait_names
from topics.twins import tag_of, twin

__all__ = ["BYTES_MAX", "Received", "Unreadable", "mask", "mask_headers", "read"]

BYTES_MAX = 512 * 1024
DEPTH_MAX = 64
HEADERS_MAX = 64
HEADER_BYTES_MAX = 32 * 1024
AHEAD_MS_MAX = 24 * 3600 * 1000
_BACKSLASH, _AT, _DELETE = b"\\@\x7f"  # numbers: looking for a byte is four times as fast as for bytes
_NOT_CONTENT = ("occurred_at", "source", "schema_version")


class Received(msgspec.Struct):
    """An event that was read.

    `body` is what the journal keeps: the bytes that came, or, where something was dropped, masked or hashed
    (`redacted`) or a key was repeated, the same event written anew; `event` is what `body` says. `fingerprint` tells
    contents apart, `unknown_fields` counts what nobody described.
    """

    event: Any
    body: bytes
    fingerprint: bytes
    unknown_fields: int
    redacted: bool


class Kind(NamedTuple):
    """How one type of message is read."""

    model: type[BaseModel]
    decode: Any
    shape: Fields
    traits: tuple[bytes, ...]
    not_content: tuple[str, ...]


def _kind(model: type[BaseModel]) -> Kind:
    traits = tuple(dict.fromkeys(f'"{name}"'.encode() for name in trait_names(shape_of(model))))
    # The alert of a network names its source; elsewhere `source` is who published.
    own_source = "source" in model.__annotations__
    not_content = tuple(name for name in _NOT_CONTENT if not (own_source and name == "source"))
    return Kind(model, msgspec.json.Decoder(twin(model, closed=True)).decode, shape_of(model), traits, not_content)


_KINDS: dict[str, dict[str, Kind]] = {
    topic: {tag[1]: _kind(model) for model in CATALOGUE[topic].types if (tag := tag_of(model))} for topic in INBOUND
}
_UNTYPED: dict[str, Kind] = {topic: _kind(CATALOGUE[topic].types[0]) for topic in INBOUND if not _KINDS[topic]}
_decode_any = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_encode_canonical = msgspec.json.Encoder(order="sorted").encode


def read(
    topic: str,
    key: bytes | None,
    value: bytes | None,
    *,
    timestamp: int,
    secret: bytes,
    headers: Sequence[tuple[str, bytes]] = (),
) -> Received | Unreadable:
    """The event that a message of an inbound topic says, or why it says none.

    `timestamp` is the record's, in milliseconds since the epoch; a negative one (the broker kept none) is no limit to
    the event's time. `secret` keys the hashes of shopper values and of contents.
    """
    raw = _parse(value, headers)
    if isinstance(raw, Unreadable):
        return raw
    assert value is not None
    received = _quickly(topic, raw, value, secret) or _carefully(topic, raw, value, secret)
    if isinstance(received, Unreadable):
        return received
    right_key = key_of(topic, raw)
    if key is None or right_key is None or key != right_key.encode():
        return _key_mismatch(topic, key)
    occurred_at = getattr(received.event, "occurred_at", None)
    if occurred_at is not None and timestamp >= 0 and occurred_at.timestamp() * 1000 > timestamp + AHEAD_MS_MAX:
        return Unreadable(
            Code.TIME_IN_FUTURE,
            "occurred_at: expected at most 24 hours after the record's timestamp; check the publisher's clock",
            "occurred_at",
        )
    return received


def _parse(value: bytes | None, headers: Sequence[tuple[str, bytes]]) -> Any:
    """The JSON of a message, as plain values, or an `Unreadable`."""
    if not value:
        return Unreadable(Code.NOT_JSON, "expected a JSON object; the message has no body")
    if len(value) > BYTES_MAX:
        return Unreadable(Code.TOO_LARGE, f"expected at most {BYTES_MAX} bytes; split the message")
    if headers and (len(headers) > HEADERS_MAX or _size_of(headers) > HEADER_BYTES_MAX):
        return Unreadable(Code.TOO_LARGE, f"expected at most {HEADERS_MAX} headers of {HEADER_BYTES_MAX} bytes in all")
    try:
        return _decode_any(value)
    except RecursionError:
        return _too_deep()
    except msgspec.ValidationError:
        return Unreadable(Code.INVALID_FIELD, "expected numbers that fit into 64 bits; money is in minor units")
    except (msgspec.DecodeError, ValueError):
        return Unreadable(Code.NOT_JSON, "expected JSON in UTF-8 without byte order mark; check that it is whole")


def _size_of(headers: Sequence[tuple[str, bytes]]) -> int:
    size = 0
    for name, content in headers:
        size += len(name) + len(content or b"")
    return size


def _quickly(topic: str, raw: Any, value: bytes, secret: bytes) -> Received | None:
    """The event, where the bytes can be kept as they are. None says nothing: it must be looked at carefully.

    A closed twin has no room for depth beyond its own, so that need not be measured here.
    """
    kind = _UNTYPED.get(topic) or (_KINDS[topic].get(str(raw.get("type"))) if type(raw) is dict else None)
    if kind is None or kind.model is PolicyDocument or not _holds_nothing_to_hide(value, kind.traits):
        return None
    try:
        event = kind.decode(value)
    except msgspec.ValidationError:
        return None
    return Received(event, value, _fingerprint(kind, raw, secret), 0, redacted=False)


def _carefully(topic: str, raw: Any, value: bytes, secret: bytes) -> Received | Unreadable:
    """The event, cleaned field by field, or why there is none."""
    if value.count(b"{") + value.count(b"[") > DEPTH_MAX and _is_deeper(raw, DEPTH_MAX):
        return _too_deep()
    if not isinstance(raw, dict):
        return Unreadable(Code.INVALID_FIELD, "expected a JSON object; one event per message")
    kind = _kind_of(topic, raw)
    if isinstance(kind, Unreadable):
        return kind
    fingerprint = _fingerprint(kind, raw, secret)
    if kind.model is PolicyDocument:
        return _policy(raw, value, fingerprint)
    cleaning = Cleaning(secret)
    body = _encode(kind.shape.clean(raw, cleaning))
    redacted = cleaning.changed or cleaning.unknown_fields > 0
    if not redacted and not _repeats_a_key(value, body):
        body = value
    if cleaning.fit:
        try:
            return Received(kind.decode(body), body, fingerprint, cleaning.unknown_fields, redacted)
        except msgspec.ValidationError:
            pass
    return _explained(kind.model, value)


def _repeats_a_key(value: bytes, rewritten: bytes) -> bool:
    """Whether an object of the message says a key twice, which could hide a value from the cleaning.

    What was written anew has each key once, and so fewer colons; an escaped colon spoils the count and counts as a yes.
    """
    return value.count(b":") != rewritten.count(b":") or b"\\u003" in value


def _too_deep() -> Unreadable:
    return Unreadable(Code.TOO_DEEP, f"expected at most {DEPTH_MAX} levels of objects and lists")


def _is_deeper(value: Any, limit: int) -> bool:
    """Whether lists and objects are nested more than `limit` deep; level by level, so that no stack grows."""
    level = [value] if isinstance(value, dict | list) else []
    depth = 0
    while level:
        depth += 1
        if depth > limit:
            return True
        children = [child for node in level for child in (node.values() if isinstance(node, dict) else node)]
        level = [child for child in children if isinstance(child, dict | list)]
    return False


def _kind_of(topic: str, raw: dict[str, Any]) -> Kind | Unreadable:
    untyped = _UNTYPED.get(topic)
    if untyped is not None:
        return untyped
    said = raw.get("type")
    if not isinstance(said, str):
        return Unreadable(Code.INVALID_FIELD, "type: expected the name of a type; the field is required", "type")
    kind = _KINDS[topic].get(said)
    if kind is None:
        return Unreadable(
            Code.UNKNOWN_TYPE, f"type: expected a type of {topic}, one of: {', '.join(_KINDS[topic])}", "type"
        )
    return kind


def _fingerprint(kind: Kind, raw: dict[str, Any], secret: bytes) -> bytes:
    """Tells contents apart: 8 bytes of a keyed hash of the canonical JSON of the body, publication details aside."""
    content = raw.copy()
    for name in kind.not_content:
        content.pop(name, None)
    hashed = _hash(secret).copy()
    hashed.update(_encode_canonical(content))
    return hashed.digest()


@lru_cache(maxsize=8)
def _hash(secret: bytes) -> blake2b:
    """The hash of nothing yet, keyed: made once, copied for each message."""
    return blake2b(digest_size=8, key=blake2b(secret, digest_size=32, person=b"content").digest())


def _holds_nothing_to_hide(value: bytes, traits: tuple[bytes, ...]) -> bool:
    """A quick look: printable ASCII or Latin-1 without escapes, no `@`, no 13 digits in a row, no shopper value.

    True is certain; False only means that the fields must be looked at one by one.
    """
    if _BACKSLASH in value or _AT in value or _DELETE in value or may_hold_card(value):
        return False
    if not value.isascii() and not _is_printable_latin(value):
        return False
    for trait in traits:  # noqa: SIM110 - a generator would cost more than the search
        if trait in value:
            return False
    return True


def _is_printable_latin(value: bytes) -> bool:
    """Beyond Latin-1 there are digits and dashes that a look at the bytes does not know."""
    text = value.decode()  # it was read as JSON, so it is UTF-8
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return text.isprintable()


def _policy(raw: dict[str, Any], value: bytes, fingerprint: bytes) -> Received | Unreadable:
    """A policy document is passed on as it is: what it may say is checked where policies are loaded."""
    try:
        PolicyDocument.model_validate(raw)
    except ValidationError as error:
        return refusal(PolicyDocument, error)
    return Received(raw, value, fingerprint, 0, redacted=False)


def _explained(model: type[BaseModel], value: bytes) -> Unreadable:
    try:
        model.model_validate_json(value)
    except ValidationError as error:
        return refusal(model, error)
    return Unreadable(Code.INVALID_FIELD, "expected an event of its type; check it with `refundry validate`")


def _key_mismatch(topic: str, key: bytes | None) -> Unreadable:
    fields = key_fields(topic)
    found = "the record has no key" if key is None else "the key is the bare id in UTF-8"
    return Unreadable(
        Code.KEY_MISMATCH, f"{fields}: expected the same as the record's key; {found}", fields.split(",")[0]
    )
