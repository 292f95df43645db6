"""The door that all inbound topics share: read once, refuse or pass on to the journal, re-keyed to the case."""

from collections.abc import Callable
from typing import Any

from agents.desk import Desk
from app.runtime.topology import Batch, Headers, Message, Output, Refusal, Round
from topics.case_ids import case_id_of
from topics.catalogue import JOURNAL
from topics.codec import Received, Unreadable, mask_headers, read
from topics.journal import TRACEPARENT, Origin, pack

Pass = Callable[[Message, Received, Round], None]


def receive(desk: Desk, batch: Batch, round_: Round, pass_on: Pass) -> None:
    """Reads every message of a batch and hands what can be read to `pass_on`; the rest becomes dead letters."""
    for message in batch.messages:
        round_.at(message)
        received = read(
            message.topic,
            message.key,
            message.value,
            timestamp=message.timestamp,
            secret=desk.secret,
            headers=message.headers,
        )
        if isinstance(received, Unreadable):
            round_.refuse(message, Refusal(received.code, received.message, received.path))
            desk.results[message.topic, "dead_lettered"] += 1
        else:
            if received.unknown_fields:
                desk.unknown_fields[message.topic] += received.unknown_fields
            pass_on(message, received, round_)


def journal_headers(message: Message, received: Received) -> list[tuple[str, bytes]]:
    """Where a journal record comes from, and the trace that came in with it."""
    origin = Origin(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp=message.timestamp,
        fingerprint=received.fingerprint,
        redacted=received.redacted,
        key=message.key,
        headers=mask_headers(message.headers),
    )
    return pack(origin, _trace_in(message.headers))


def _trace_in(headers: Headers) -> bytes | None:
    for name, value in headers:
        if name == TRACEPARENT:
            return value
    return None


def journal(case_id: str, value: bytes, headers: list[tuple[str, bytes]]) -> Output:
    """A record of the journal."""
    return Output(JOURNAL, case_id.encode(), value, headers)


def to_order_case(message: Message, received: Received, round_: Round) -> None:
    """Passes an event that names its order on to that order's case."""
    event: Any = received.event
    case_id = case_id_of(event.merchant_id, event.order_id)
    round_.publish(journal(case_id, received.body, journal_headers(message, received)))
