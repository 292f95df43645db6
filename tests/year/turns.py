"""What happened, turn by turn: one inbound message, or the clock, with all that was said because of it.

Turns are kept on disk by the purchase that they are about, a share of all purchases in each file, so that a year of any
length is judged with the memory of one share. Within a file they stand in the order in which they happened.
"""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from app.demo.oracle import Record

SHARES = 40


class Turn(NamedTuple):
    """`at`: the clock, in ms. `heard` is None where only time went by."""

    at: int
    heard: Record | None
    said: list[Record]


class _Row(msgspec.Struct):
    payment_id: str
    captured_minor: int
    refunded_minor: int
    in_flight_minor: int
    claimed_minor: int
    refundable_minor: int


class _Asked(msgspec.Struct):
    request_id: str
    revision: int


class _Disputed(msgspec.Struct):
    dispute_id: str
    stage: str
    state: str


class _Judged(msgspec.Struct):
    """What a judge looks at in a snapshot."""

    id: str
    type: str
    merchant_id: str
    case_id: str
    order_id: str | None
    version: int
    payments: list[_Row]
    requests: list[_Asked]
    disputes: list[_Disputed]
    flags: list[str]
    truncated: bool


_decode = msgspec.json.Decoder(_Judged).decode
_encode = msgspec.json.Encoder().encode


def shortened(record: Record) -> Record:
    """A record without what nobody judges: a snapshot's order, timeline and evidence, and all headers but of letters."""
    if record.topic == "case-snapshots" and record.value is not None:
        return Record(record.position, record.key, _encode(_decode(record.value)))
    return record if record.topic == "dead-letters" else Record(record.position, record.key, record.value)


class Turns:
    """The turns of a year on disk. Written once, then read share by share."""

    def __init__(self, directory: Path) -> None:
        self._files = [(directory / f"turns-{n}").open("w+b") for n in range(SHARES)]

    def keep(self, number: int, turn: Turn) -> None:
        """One more turn of the purchase with that number."""
        pickle.dump(tuple(turn), self._files[number % SHARES], protocol=5)

    def shares(self) -> Iterator[Iterator[Turn]]:
        """The files one after the other, each as its turns in order."""
        for file in self._files:
            file.seek(0)
            yield _turns(file)

    def close(self) -> None:
        for file in self._files:
            file.close()


def _turns(file: object) -> Iterator[Turn]:
    while True:
        try:
            yield Turn(*pickle.load(file))
        except EOFError:
            return
