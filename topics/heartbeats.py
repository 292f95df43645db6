"""Heartbeats: what a worker puts on the way of events, to see that it leads through. No event, and of no case.

A beat begins on `heartbeats` under the key `in`, passes the journal without a key, and ends on `heartbeats` under the
key `out`, always in the same partition number. Its value is when it began, in milliseconds since the epoch. Whoever
reads `heartbeats` as any consumer reads (committed records alone) sees with `out` what came through, and when.
"""

IN, OUT = b"in", b"out"


def value_of(began: int) -> bytes:
    """The value of a beat that begins at `began` (ms)."""
    return b"%d" % began


def began(value: bytes | None) -> int | None:
    """When the beat of a value began (ms); None where it is no beat's."""
    return int(value) if value is not None and value.isdigit() and len(value) <= len(value_of(1 << 53)) else None
