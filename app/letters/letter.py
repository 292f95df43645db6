"""A dead letter as people look at it: its facts out of the headers, and what can be seen of the message inside."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Self

import msgspec

from agents.desk import moment
from app.runtime.topology import Headers, Message
from topics.dead_letters import PREFIX, REQUIRED_HEADERS, DeadLetterCode, place_of

CURES: dict[str, str] = {
    "not_json": "The publisher must send one JSON object in UTF-8; publish the mended event.",
    "too_large": "Split the message or shorten what is in it; publish it anew.",
    "too_deep": "Flatten the message; publish it anew.",
    "unknown_type": "Correct the type, or redrive once a version that knows it is installed.",
    "invalid_field": "Correct the field that the path names; publish the mended event.",
    "unknown_currency": "Use a code of ISO 4217 that has a minor unit; publish the mended event.",
    "key_mismatch": "Publish it under the bare id that the message names.",
    "wrong_partition": "Set the publisher's partitioner to murmur2 (librdkafka: murmur2_random); then redrive.",
    "time_in_future": "Correct the publisher's clock; redrive once that time has come.",
    "id_conflict": "The same event_id was said before with other content: a correction needs an event_id of its own.",
    "link_conflict": "The payment belongs to another order already, and stays there; look it up with `refundry find`.",
    "unknown_payment": "Publish the payment; then redrive.",
    "unknown_order": "Publish the order; then redrive.",
    "illegal_transition": "Look at the case with `refundry order explain`; redrive when the event fits its state.",
    "handler_failed": "A mistake of ours: report it, and redrive once a version without it is installed.",
}
"""By code, what helps."""


_LAST_MS = 253_402_300_799_999  # the last millisecond of the year 9999


class NoLetterError(Exception):
    """A record of `dead-letters` that is none of ours."""


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One dead letter. `timestamp` is the refused message's, `refused_at` the letter's own, in ms; `headers` are its
    own, ours left out.

    `position` is where the letter itself lies on its topic, None in a file. `redriven_from`: the place of the message
    that the refused one repeated.
    """

    code: str
    message: str
    path: str | None
    topic: str
    partition: int
    offset: int
    timestamp: int
    refused_at: int
    attempt: int
    version: str
    redacted: bool
    truncated: bool
    redriven_from: str | None
    position: str | None
    key: bytes | None
    value: bytes | None
    headers: Headers

    @classmethod
    def read(cls, record: Message) -> Self:
        """The letter that a record of `dead-letters` is. NoLetterError where it is none."""
        said = {
            name.removeprefix(PREFIX): content.decode(errors="replace")
            for name, content in record.headers
            if name.startswith(PREFIX)
        }
        if missing := [name for name in REQUIRED_HEADERS if name not in said]:
            raise NoLetterError(f"no header {PREFIX}{missing[0]}")
        try:
            return cls(
                code=DeadLetterCode(said["code"]).value,
                message=said["message"],
                path=said.get("path"),
                topic=said["topic"],
                partition=int(said["partition"]),
                offset=int(said["offset"]),
                timestamp=int(said["timestamp"]),
                refused_at=record.timestamp,
                attempt=int(said["attempt"]),
                version=said["version"],
                redacted=said.get("redacted") == "true",
                truncated=said.get("truncated") == "true",
                redriven_from=said.get("redriven-from"),
                position=None if record.offset < 0 else f"{record.partition}/{record.offset}",
                key=record.key,
                value=record.value,
                headers=tuple(header for header in record.headers if not header[0].startswith(PREFIX)),
            )
        except ValueError as error:
            raise NoLetterError(str(error)) from error

    @property
    def id(self) -> str:
        """The place of the message that was refused, on its topic: `orders/3/1234`."""
        return place_of(self.topic, self.partition, self.offset)

    @property
    def came_in(self) -> datetime | None:
        """When the refused message came in; None where whoever published it gave it no time of the calendar."""
        return moment(self.timestamp) if 0 <= self.timestamp <= _LAST_MS else None

    def body(self) -> dict[str, Any]:
        """What is in the value, as far as it is a JSON object; else nothing."""
        return body_of(self.value)

    def named(self, field: str) -> str | None:
        """A field of the body, where it is a text."""
        found = self.body().get(field)
        return found if isinstance(found, str) else None

    def facts(self) -> dict[str, Any]:
        """What lists show of it, without its content."""
        body = self.body()
        seen = {name: body.get(name) for name in ("merchant_id", "type", "event_id")}
        return {
            "id": self.id,
            "came_in": self.came_in,
            "code": self.code,
            "path": self.path,
            "message": self.message,
            **{name: value if isinstance(value, str) else None for name, value in seen.items()},
            "attempt": self.attempt,
            "redriven_from": self.redriven_from,
            "redacted": self.redacted,
            "truncated": self.truncated,
        }


_decode = msgspec.json.Decoder().decode


def body_of(value: bytes | None) -> dict[str, Any]:
    """The JSON object that a value is; nothing where it is none."""
    try:
        body = _decode(value or b"")
    except (msgspec.DecodeError, ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def chain_of(letters: Iterable[Letter], letter: Letter) -> Sequence[Letter]:
    """The letters of one message through all its redrives, the first attempt first; `letter` among them.

    A message that was refused in each of several redrives of the same letter is a branch, and is told too.
    """
    known = list(letters)
    root, seen = letter, {letter.id}
    by_id = {one.id: one for one in known}
    while root.redriven_from in by_id and root.redriven_from not in seen:
        root = by_id[root.redriven_from]
        seen.add(root.id)
    wanted, found = {root.id}, [root]
    for one in sorted(known, key=lambda one: one.attempt):
        if one.redriven_from in wanted and one.id not in wanted:
            wanted.add(one.id)
            found.append(one)
    return found
