"""What one partition of one table holds: bytes by key, the index of what falls due, and the changelog's position.

A stored value says when the row falls due, so that the index is rebuilt from the changelog's values alone:

    8 bytes    all zero: never; else the due time in ms since the epoch, plus 2**63, big endian (bytes sort as times do)
    the rest   the encoded row

A key that begins with a NUL byte belongs to the runtime (the seal); `scan` leaves it out. No row has such a key.

Every store keeps one promise: `apply` is atomic, its changes and its position together. After a crash a store may have
forgotten the newest of them, never a part of one and never one in the middle.
"""

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import Protocol

Change = tuple[bytes, bytes | None]
RESERVED = b"\x00"

_DUE = Struct(">Q")
_BIAS = 1 << 63
NEVER = bytes(8)


class StoreBrokenError(Exception):
    """The store cannot be read or written; what it holds is not to be trusted. The changelog has all of it."""


def pack(due: int | None, row: bytes) -> bytes:
    """The stored value of an encoded row that falls due at `due` (ms since the epoch; None: never)."""
    return (NEVER if due is None else _DUE.pack(due + _BIAS)) + row


def due_of(value: bytes) -> int | None:
    """When a stored value falls due."""
    biased: int = _DUE.unpack_from(value)[0]
    return biased - _BIAS if biased else None


def when(value: bytes | None) -> bytes:
    """When a stored value (None: no row) falls due, as it is stored: equal where it is the same time, or never."""
    return NEVER if value is None else value[:8]


def is_timed(value: bytes | None) -> bool:
    """Whether the row of a stored value (None: no row) falls due some day."""
    return value is not None and not value.startswith(NEVER)


def row_of(value: bytes) -> bytes:
    """The encoded row of a stored value."""
    return value[8:]


class Store(Protocol):
    """One table in one partition."""

    @property
    def position(self) -> int:
        """The changelog offset to read on from; 0 where nothing was applied."""
        ...

    def get(self, key: bytes) -> bytes | None:
        """The stored value, or None."""
        ...

    def apply(self, changes: Iterable[Change], position: int) -> None:
        """Writes stored values (None: the key is gone) and the position, all or nothing; positions never go back."""
        ...

    def due(self, before: int, limit: int) -> list[tuple[bytes, int]]:
        """At most `limit` keys that fall due at or before `before`, the earliest first, then by key."""
        ...

    def next_due(self) -> int | None:
        """When the earliest row falls due."""
        ...

    def scan(self) -> Iterator[tuple[bytes, bytes]]:
        """All rows in the order of their keys, as stored values."""
        ...

    def close(self) -> None:
        """Lets go of files. A closed store is not used again."""
        ...


class TimedStore(Store, Protocol):
    """One that also counts what falls due, as a worker's does."""

    @property
    def timers(self) -> int:
        """How many rows fall due some day."""
        ...
