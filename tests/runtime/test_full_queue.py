"""The producer's queue is full: what does not fit waits for its turn, in its order, and not for ever."""

from pathlib import Path
from typing import Any

import pytest

from app.runtime.commits import Transactions
from app.runtime.config import Limits, RuntimeConfig
from app.runtime.exits import UnreachableError
from app.runtime.topology import Output


class Producer:
    """Has room for so many records; each poll makes room for one more."""

    def __init__(self, room: int, *, drains: bool = True) -> None:
        self._room, self._drains = room, drains
        self.queued: list[Any] = []

    def produce(self, *record: Any) -> None:
        if len(self.queued) >= self._room:
            raise BufferError
        self.queued.append(record)

    def poll(self, _: float) -> None:
        self._room += self._drains


def transactions(producer: Producer, tmp_path: Path) -> Transactions:
    config = RuntimeConfig(bootstrap_servers="none:1", prefix="x-", state_dir=tmp_path, limits=Limits(patience=0.1))
    return Transactions(config, producer, None)  # type: ignore[arg-type]


def test_what_does_not_fit_is_sent_when_there_is_room_and_nothing_is_lost_or_overtaken(tmp_path: Path) -> None:
    producer = Producer(room=1)
    outputs = [Output("out", b"k", b"%d" % n, [("h", b"v")]) for n in range(3)] + [Output("out", None, b"3", (), 5)]
    transactions(producer, tmp_path)._produce(outputs, {("t", 2): [(b"r", b"row"), (b"s", None)]})
    assert [record[:4] for record in producer.queued] == [
        *(("x-out", b"%d" % n, b"k", -1) for n in range(3)),
        ("x-out", b"3", None, 5),
        ("x-refundry-t-changelog", b"row", b"r", 2),
        ("x-refundry-t-changelog", None, b"s", 2),
    ]
    assert [record[7] for record in producer.queued] == [[("h", b"v")]] * 3 + [None] * 3
    assert [record[4] is None for record in producer.queued] == [True] * 5 + [False], "the last of a place reports back"


def test_a_queue_that_stays_full_ends_the_worker(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="stays full"):
        transactions(Producer(room=0, drains=False), tmp_path)._produce([Output("out", b"k", b"v")], {})
