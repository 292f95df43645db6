"""What could not be read, or contradicts what was accepted: the original bytes, and in headers why and from where."""

from collections.abc import Iterable
from enum import StrEnum


class DeadLetterCode(StrEnum):
    """Why a message was refused. Stored names: never renamed.

    `unknown_payment` and `unknown_order` are reserved: what names one that is not known yet waits for it instead.
    """

    NOT_JSON = "not_json"
    TOO_LARGE = "too_large"
    TOO_DEEP = "too_deep"
    UNKNOWN_TYPE = "unknown_type"
    INVALID_FIELD = "invalid_field"
    UNKNOWN_CURRENCY = "unknown_currency"
    KEY_MISMATCH = "key_mismatch"
    WRONG_PARTITION = "wrong_partition"
    TIME_IN_FUTURE = "time_in_future"
    ID_CONFLICT = "id_conflict"
    LINK_CONFLICT = "link_conflict"
    UNKNOWN_PAYMENT = "unknown_payment"
    UNKNOWN_ORDER = "unknown_order"
    ILLEGAL_TRANSITION = "illegal_transition"
    HANDLER_FAILED = "handler_failed"


PREFIX = "refundry-"
REQUIRED_HEADERS = ("code", "message", "topic", "partition", "offset", "timestamp", "attempt", "version")
CODE, MESSAGE = PREFIX + "code", PREFIX + "message"
ATTEMPT, REDRIVEN_FROM = PREFIX + "attempt", PREFIX + "redriven-from"
"""What a redriven message bears of ours: how often it was refused, and the place of the message that it repeats."""
TRUNCATED = PREFIX + "truncated"
"""Says of a letter that it holds the beginning alone, of a value, a key or the headers."""


def place_of(topic: str, partition: int, offset: int) -> str:
    """The place of a message on its topic, in one word: `orders/3/1234`."""
    return f"{topic}/{partition}/{offset}"


def letter_headers(
    *,
    code: str,
    message: str,
    path: str | None,
    topic: str,
    partition: int,
    offset: int,
    timestamp: int,
    attempt: int,
    version: str,
    redriven_from: str | None = None,
    redacted: bool,
    original: Iterable[tuple[str, bytes]] = (),
) -> list[tuple[str, bytes]]:
    """The headers of a dead letter, as text; the original ones follow, but for earlier ones of ours.

    `timestamp` is the original record's, in milliseconds; `version` the product's; `redriven_from` the place of the
    message that this one repeated; `redacted` says that the value is not what came in.
    """
    facts = {
        "code": DeadLetterCode(code).value,
        "message": message,
        "path": path,
        "topic": topic,
        "partition": str(partition),
        "offset": str(offset),
        "timestamp": str(timestamp),
        "attempt": str(attempt),
        "version": version,
        "redriven-from": redriven_from,
        "redacted": "true" if redacted else None,
    }
    ours = [(PREFIX + name, text.encode()) for name, text in facts.items() if text is not None]
    return ours + [(name, value) for name, value in original if not name.startswith(PREFIX)]
