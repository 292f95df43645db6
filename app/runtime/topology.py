"""What agents are to the runtime, whichever runtime it is: the pump on Kafka, or the log in memory.

An agent listens to one topic. It is handed a `Batch` (what one partition gave) and a `Round`, on which it reads and
writes state, publishes and refuses. What it did becomes visible all at once when the round commits, or not at all.

Times are milliseconds since the epoch, as Kafka stamps its records.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

T = TypeVar("T")
Headers = Sequence[tuple[str, bytes]]


# One is made for every record: as a struct in 0.06 us, as a named tuple in 0.25. What it holds never points back at it,
# so the garbage collector need not follow it.
class Message(msgspec.Struct, frozen=True, gc=False):
    """One record as it was read. `topic` is the catalogue's name, without the prefix of the installation."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class Output(msgspec.Struct, frozen=True, gc=False):
    """One record to be written. `partition` None: where the partitioner (murmur2) puts its key."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


class Refusal(NamedTuple):
    """Why a message becomes a dead letter. `code` is one of the contract's; no text repeats a value of the message."""

    code: str
    message: str
    path: str | None = None


class Batch(NamedTuple):
    """What one partition of one topic gave in one round, in order."""

    topic: str
    partition: int
    messages: Sequence[Message]


class Table(Protocol[T]):
    """Rows of one table in one partition, as the round sees them. A row got is the caller's until it is put back."""

    def get(self, key: str) -> T | None:
        """The row, or None. Asked again in the same round it is the same object."""
        ...

    def put(self, key: str, row: T, *, due: int | None) -> None:
        """Keeps the row. `due`: when its earliest timer fires, None where it has none."""
        ...


class Round(Protocol):
    """One atomic step: outputs, state and consumed positions become durable together."""

    def at(self, message: Message) -> None:
        """Says which message is being handled, so that a crash of the handler is blamed on the right one."""
        ...

    def table(self, name: str, partition: int) -> Table[Any]:
        """A table of the topology, in one partition."""
        ...

    def publish(self, output: Output) -> None:
        """Says something to the outside, or to the journal."""
        ...

    def refuse(self, message: Message, refusal: Refusal) -> None:
        """Sends the message to `dead-letters`, in the same transaction."""
        ...


Handle = Callable[[Batch, Round], None]
Expire = Callable[[Round, int, str, int, int], None]


@dataclass(frozen=True)
class Agent:
    """One listener: its name for logs and metrics, the topic it listens to, and what it does with a batch."""

    name: str
    topic: str
    handle: Handle


@dataclass(frozen=True)
class TableSpec(Generic[T]):
    """A table: rows of T by key, spread like the partitions of the topics in `beside`.

    `expire(round, partition, key, due, now)` is called once a row's `due` has passed. It must put the row with a later
    `due`, or publish what will make its owner do so (then it is not called again for the same due). `held_since`: when
    the oldest event came in that a row keeps until something named happens, None where it keeps none; asked of the row
    that falls due first.
    """

    name: str
    beside: tuple[str, ...]
    encode: Callable[[T], bytes]
    decode: Callable[[bytes], T]
    expire: Expire
    held_since: Callable[[T], int | None] | None = None


@dataclass(frozen=True)
class Topology:
    """All agents and tables of the application: what a runtime needs to know of it.

    `heartbeats`: the topic on which beats begin, and end when they have passed all agents that an event passes; None
    where there are none.
    """

    agents: tuple[Agent, ...]
    tables: tuple[TableSpec[Any], ...]
    heartbeats: str | None = None
