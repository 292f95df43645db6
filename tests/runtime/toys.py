"""The smallest tables and topologies that tests of the runtime are about, and messages for them."""

from collections.abc import Callable
from typing import Any

import msgspec

from app.runtime.claim import Claim
from app.runtime.config import RuntimeConfig
from app.runtime.progress import Progress
from app.runtime.topology import Agent, Batch, Message, Output, Round, TableSpec, Topology


class Tally(msgspec.Struct):
    n: int = 0
    due: int | None = None


def message(offset: int, key: str = "a", value: bytes = b"1", topic: str = "in", partition: int = 0) -> Message:
    return Message(topic, partition, offset, 1_000, key.encode(), value, ())


def batch(*messages: Message) -> Batch:
    return Batch(messages[0].topic, messages[0].partition, messages)


def tally(spec_batch: Batch, round_: Round) -> None:
    """Counts by key, says each count; a value `boom` raises after the row was changed, `due N` sets the timer."""
    table = round_.table("tallies", spec_batch.partition)
    for one in spec_batch.messages:
        round_.at(one)
        assert one.key is not None
        assert one.value is not None
        row = table.get(one.key.decode()) or Tally()
        row.n += 1
        if one.value.startswith(b"due "):
            row.due = int(one.value[4:])
        if one.value == b"boom":
            raise ValueError("a secret 4242")
        table.put(one.key.decode(), row, due=row.due)
        round_.publish(Output("out", one.key, b"%d" % row.n))


def say_due(round_: Round, partition: int, key: str, due: int, now: int) -> None:
    """Publishes into the journal, as case timers do; the row keeps its due time until that is handled."""
    round_.publish(Output("in", key.encode(), b"fired %d" % due, partition=partition))


def topology(
    handle: Callable[[Batch, Round], None] = tally, expire: Callable[[Round, int, str, int, int], None] = say_due
) -> Topology:
    encode, decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Tally).decode
    return Topology((Agent("tally", "in", handle),), (TableSpec("tallies", ("in",), encode, decode, expire),))


def claimed(config: RuntimeConfig) -> Claim:
    """A claim without a lock and a producer, for a pump that never connects."""
    nothing: Any = None
    return Claim(config, slot=nothing, producer=nothing, progress=Progress())
