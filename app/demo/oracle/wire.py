"""Records as they stand on the wire, inputs and outputs alike, and how this judge reads them.

Nothing here knows the product: bytes are parsed with the standard library alone, and what cannot be parsed is simply
not an object.
"""

import base64
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Literal, NamedTuple

EXPECTATION_HEADER = "demo-expects"
NOT_CONTENT = frozenset({"occurred_at", "source", "schema_version"})
Body = dict[str, Any]
Fate = Literal["applied", "duplicate", "refused"]


class Position(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Record:
    """One record of one topic. `key` is None where the message has none, `value` where it has no body."""

    position: Position
    key: str | None
    value: bytes | None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def topic(self) -> str:
        """The topic's name in the contract, without an installation's prefix."""
        return self.position.topic


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the sender of a message knows of it: applied, a duplicate of an earlier one, or refused with one of `codes`.

    `applied` with codes: applied, unless overtaken by what its sender could not know, and then refused so. It travels
    as a header of the message, so that no list has to be kept beside the stream; only the judge reads it.
    """

    fate: Fate
    codes: tuple[str, ...] = ()
    late: bool = False

    def header(self) -> str:
        """The value of the header `demo-expects`."""
        said = f"{self.fate}:{'|'.join(self.codes)}" if self.codes else self.fate
        return f"{said};late" if self.late else said

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> "Expectation | None":
        """What the headers say; None where the sender said nothing."""
        said = headers.get(EXPECTATION_HEADER)
        if said is None:
            return None
        fate, _, late = said.partition(";")
        name, _, codes = fate.partition(":")
        fates: dict[str, Fate] = {"applied": "applied", "duplicate": "duplicate", "refused": "refused"}
        return cls(fates[name], tuple(codes.split("|")) if codes else (), late == "late")


def object_of(value: bytes | None) -> Body | None:
    """The JSON object in the bytes, None where they hold anything else."""
    try:
        body = json.loads(value or b"")
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def digest(body: Any, *, without: frozenset[str] = frozenset()) -> bytes:
    """Equal for equal JSON, whatever the order of its keys. `without`: top-level fields that do not count."""
    if without:
        body = {name: value for name, value in body.items() if name not in without}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def message_digest(value: bytes | None) -> bytes:
    """Equal for equal bytes, and for JSON that says the same: a dead letter is known again however it was carried."""
    body = object_of(value)
    return digest(body if body is not None else (value or b"").decode("utf-8", "replace"))


def moment(text: str) -> datetime:
    """An RFC 3339 time as an aware datetime in UTC. Raises ValueError where the text is none."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("a time without offset")
    return at.astimezone(UTC)


def replay_input(lines: Iterable[str]) -> Iterator[Record]:
    """Records from the input lines of `refundry replay`; what is no line is passed over, as the replay does."""
    count: Counter[str] = Counter()
    for line in lines:
        row = object_of(line.encode("utf-8", "surrogatepass"))
        if row is None or not isinstance(row.get("topic"), str):
            continue
        topic, value = row["topic"], _sent(row)
        key = row["key"] if "key" in row else _right_key(topic, value)
        yield Record(Position(topic, 0, count[topic]), key, value, row.get("headers") or {})
        count[topic] += 1


def _sent(row: Body) -> bytes | None:
    """A string is the raw bytes of the message, an object its JSON, `value_base64` any bytes."""
    if "value_base64" in row:
        return base64.b64decode(row["value_base64"])
    value = row.get("value")
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def _right_key(topic: str, value: bytes | None) -> str | None:
    body = object_of(value) or {}
    names = {"payments": ("payment_id",), "disputes": ("payment_id", "order_id"), "customers": ("customer_id",)}
    return next((str(body[name]) for name in names.get(topic, ("order_id",)) if body.get(name)), None)


def replay_output(lines: Iterable[str]) -> Iterator[Record]:
    """Records from the output lines of `refundry replay`."""
    count: Counter[str] = Counter()
    for line in lines:
        if line.strip():
            row = json.loads(line)
            topic = row["topic"]
            yield Record(Position(topic, 0, count[topic]), row.get("key"), _sent(row), row.get("headers") or {})
            count[topic] += 1


def kafka_record(
    position: Position, key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes | None]] | None
) -> Record:
    """A record from what a Kafka client gives; `position.topic` is the contract's name, the prefix taken off."""
    said = {name: (text or b"").decode("utf-8", "replace") for name, text in headers or ()}
    return Record(position, None if key is None else key.decode("utf-8", "replace"), value, said)
