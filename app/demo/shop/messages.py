"""What the shop and the provider send: bytes with a key, a time, and what should become of them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from app.demo.oracle import Expectation
from app.demo.oracle.wire import EXPECTATION_HEADER

Body = dict[str, Any]
encode = msgspec.json.Encoder().encode
APPLIED = Expectation("applied")
DUPLICATE = Expectation("duplicate")


class Message(NamedTuple):
    """One message to be published. `topic` is the contract's name; `occurred_at` is what the body says, if it can."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    occurred_at: datetime
    expected: Expectation


def message(
    topic: str,
    key: str | None,
    value: bytes | None,
    *,
    occurred_at: datetime,
    expected: Expectation,
    headers: Mapping[str, str] | None = None,
) -> Message:
    """The message with its headers, the expectation among them."""
    said = {**(headers or {}), EXPECTATION_HEADER: expected.header()}
    wire = tuple((name, text.encode()) for name, text in said.items())
    return Message(topic, None if key is None else key.encode(), value, wire, occurred_at, expected)


def timestamp(at: datetime) -> str:
    """RFC 3339 in UTC with milliseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def money(amount_minor: int, currency: str) -> Body:
    """Money as a field of its own."""
    return {"amount_minor": amount_minor, "currency": currency}
