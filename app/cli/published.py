"""Snapshots and decisions that a command is about to show: what is none is passed over and told, as the follower of the
read side passes over it. Whoever may write to a topic can put anything there.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

import click
import msgspec

from app.cli.failures import ExitCode, Failure
from app.reports import said
from app.runtime.topology import Message

T = TypeVar("T")
TOLD_MAX = 20


class _Order(msgspec.Struct):
    total_minor: int
    currency: str


class _Request(msgspec.Struct):
    request_id: str
    status: str
    revision: int
    requested: said.Money | None
    amount: said.Money | None
    reasons: list[str]
    wait_until: str | None


class _Instruction(msgspec.Struct):
    instruction_id: str | None
    status: str
    payment_id: str | None
    amount: said.Money | None
    refund_id: str | None
    acquirer_reference_number: str | None


class _Deadline(msgspec.Struct):
    name: str
    due_at: str


class _Entry(msgspec.Struct):
    at: str
    type: str
    subject: str | None
    note: str | None


class _Snapshot(said.Snapshot, frozen=True, kw_only=True):
    occurred_at: Annotated[datetime, msgspec.Meta(tz=True)]
    order: _Order | None
    requests: list[_Request]
    instructions: list[_Instruction]
    deadlines: list[_Deadline]
    timeline: list[_Entry]
    flags: list[str]


class _Reason(said.Reason, frozen=True):
    message: str
    rule: str


class _Tax(msgspec.Struct):
    amount_minor: int


class _Part(said.Part, frozen=True, kw_only=True):
    line_id: str | None
    shipping_id: str | None
    quantity: int | None
    taxes: list[_Tax]


class _Policy(msgspec.Struct):
    id: str
    version: int
    digest: str


class _Decision(said.Decision, frozen=True, kw_only=True):
    refundable: said.Money | None
    breakdown: tuple[_Part, ...]
    reasons: tuple[_Reason, ...]
    wait_until: str | None
    policy: _Policy


_decode = msgspec.json.Decoder().decode
_check_snapshot = msgspec.json.Decoder(_Snapshot).decode
_check_decision = msgspec.json.Decoder(_Decision).decode


def snapshot_of(value: bytes) -> dict[str, Any]:
    """The snapshot, whole. ValueError or RecursionError where it lacks what is shown of one."""
    return _whole(value, _check_snapshot)


def is_shown(value: bytes) -> bool:
    """Whether it is a snapshot with all that is shown of one."""
    try:
        snapshot_of(value)
    except (ValueError, RecursionError):
        return False
    return True


def decision_of(value: bytes) -> dict[str, Any]:
    """The decision, whole. ValueError or RecursionError where it lacks what is shown of one."""
    return _whole(value, _check_decision)


def _whole(value: bytes, check: Callable[[bytes], object]) -> dict[str, Any]:
    check(value)
    document: dict[str, Any] = _decode(value)
    return document


class Published:
    """Reads the records of one search, and remembers those that are not what their topic holds."""

    def __init__(self) -> None:
        self.foreign: list[str] = []

    def read(self, message: Message, decode: Callable[[bytes], T]) -> T | None:
        """What `decode` makes of the record; None where that raises ValueError or RecursionError."""
        try:
            return decode(message.value or b"")
        except (ValueError, RecursionError):
            self.foreign.append(_place_of(message))
            return None

    def tell(self) -> None:
        """Names them on standard error."""
        for place in self.foreign[:TOLD_MAX]:
            click.echo(f"refundry: {place} is not what its topic holds; passed over", err=True)
        if (more := len(self.foreign) - TOLD_MAX) > 0:
            click.echo(f"refundry: {more} further records are not what their topic holds", err=True)

    def nothing(self, message: str, hint: str) -> Failure:
        """Nothing was found: a wrong number, or, where records had to be passed over, perhaps one of those."""
        if not self.foreign:
            return Failure(message, hint, code=ExitCode.USAGE)
        return Failure(
            f"{message} that can be read",
            "`refundry audit verify` says what else is not as it should be",
            code=ExitCode.VIOLATED,
        )


def _place_of(message: Message) -> str:
    """On Kafka where it lies; of what a replay wrote, whose it is."""
    if message.offset >= 0:
        return f"the record at {message.topic}/{message.partition}/{message.offset}"
    key = (message.key or b"").decode(errors="replace")
    return f"the record on {message.topic} with the key {key!r}"
