"""What an aborted round did is gone, and what it read is read again: the pump's own loop, on a topic in memory."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from confluent_kafka import TopicPartition

from app.metrics import Metrics
from app.runtime import pump as pumps
from app.runtime.config import Limits, RuntimeConfig
from app.runtime.faults import RoundAbortedError
from app.runtime.partition_counts import PartitionCounts
from app.runtime.partitions import Partitions
from app.runtime.pump import Parts, Pump
from app.runtime.round import Staging, TablePartition
from app.runtime.shell import make_app
from app.runtime.store import Change, row_of
from app.runtime.store.memory import MemoryStore
from app.runtime.stores import Stores
from app.runtime.topology import Batch, Output
from tests.runtime.toys import Tally, claimed, topology

KEYS = {0: (b"a", b"b", b"a"), 1: (b"c",)}
"""The topic: the keys of its two partitions' messages. They are counted, so each must be read once and in order."""

LOOKS_MAX = 50


class Record:
    """Stands for a consumer's record."""

    def __init__(self, partition: int, offset: int) -> None:
        self._partition, self._offset = partition, offset

    def topic(self) -> str:
        return "in"

    def partition(self) -> int:
        return self._partition

    def offset(self) -> int:
        return self._offset

    def timestamp(self) -> tuple[int, int]:
        return 1, 1_000

    def key(self) -> bytes:
        return KEYS[self._partition][self._offset]

    def value(self) -> bytes:
        return b"1"

    def headers(self) -> None:
        return None

    def error(self) -> None:
        return None


class Reader:
    """A consumer that goes forward by itself, and back only by `seek`."""

    def __init__(self) -> None:
        self.at = dict.fromkeys(KEYS, 0)
        self.looks = 0

    def consume(self, most: int, _: float) -> list[Record]:
        self.looks += 1
        assert self.looks < LOOKS_MAX, "everything should be committed by now"
        found = [Record(number, offset) for number, at in self.at.items() for offset in range(at, len(KEYS[number]))]
        self.at = {number: len(keys) for number, keys in KEYS.items()}
        assert len(found) <= most
        return found

    def seek(self, place: TopicPartition) -> None:
        self.at[place.partition] = place.offset

    def get_watermark_offsets(self, place: TopicPartition, *, cached: bool) -> tuple[int, int]:
        return 0, len(KEYS[place.partition])


class Commits:
    """Keeps what was committed. The calls that are named in `aborted`, from 0 on, are aborted instead."""

    def __init__(self, aborted: Sequence[int]) -> None:
        self.calls = 0
        self.aborted = aborted
        self.said: list[tuple[bytes | None, bytes | None]] = []
        self.rows: dict[tuple[int, bytes], int] = {}
        self.offsets: list[tuple[int, int]] = []

    def begin(self) -> None:
        """Each round begins once."""
        self.calls += 1

    def commit(
        self,
        outputs: Sequence[Output],
        changes: Mapping[TablePartition, Sequence[Change]],
        offsets: list[TopicPartition],
    ) -> Mapping[TablePartition, int]:
        if self.calls - 1 in self.aborted:
            raise RoundAbortedError("the coordinator has moved")
        self.said += [(output.key, output.value) for output in outputs]
        self.offsets += [(at.partition, at.offset) for at in offsets]
        for (_, partition), rows in changes.items():
            self.rows.update({(partition, key): count_in(value) for key, value in rows})
        return dict.fromkeys(changes, self.calls)

    @property
    def complete(self) -> bool:
        return dict(self.offsets) == {number: len(keys) for number, keys in KEYS.items()}


def count_in(value: bytes | None) -> int:
    assert value is not None
    return msgspec.msgpack.decode(row_of(value), type=Tally).n


async def handled_at_once(_: object, one: Batch, staging: Staging) -> None:
    """Hands a batch to its agent without Faust's channel in between."""
    staging.handle(one)


def run(tmp_path: Path, commits: Commits, *, round_bytes_max: int) -> tuple[dict[int, MemoryStore], str]:
    """Runs a pump until all of the topic is committed; the stores of its partitions, and the metrics."""
    metrics = Metrics()
    stores = {number: MemoryStore() for number in KEYS}

    async def play() -> None:
        limits = Limits(round_bytes_max=round_bytes_max)
        config = RuntimeConfig(bootstrap_servers="none:1", state_dir=tmp_path, commit_interval_ms=1, limits=limits)
        made = topology()

        def observe(_: Metrics) -> None:
            if commits.complete:
                pump.stop_soon()

        claim = claimed(config)
        parts = Parts(made, {}, (), lambda: None, observe)
        pump = Pump(make_app("again", tmp_path), claim, parts, metrics)
        reader: Any = Reader()
        counts = PartitionCounts(config, ())
        partitions = Partitions(
            config,
            made,
            consumer=reader,
            counts=counts,
            staging=pump._staging,
            stores=Stores(config),
            progress=claim.progress,
            metrics=metrics,
            on_restored=lambda: None,
        )
        partitions._positions.assign({("in", number): 0 for number in KEYS})
        for number, store in stores.items():
            pump._staging.open("tallies", number, store)
        nothing = dict.fromkeys(("_look_first", "_connect", "_disconnect", "_collect"), lambda: None)
        vars(pump).update(nothing, _partitions=partitions, _counts=counts, _commits=commits)
        vars(pump)["_globals"] = SimpleNamespace(follow=lambda: None)
        await pump._run()

    asyncio.run(play())
    return stores, metrics.text().decode()


@pytest.fixture(autouse=True)
def _without_channels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pumps, "hand", handled_at_once)


@pytest.mark.parametrize(
    ("round_bytes_max", "aborted"),
    [
        pytest.param(1 << 20, (), id="nothing is aborted"),
        pytest.param(1 << 20, (0, 1, 2), id="all of it in one round, three times"),
        pytest.param(1, (1,), id="one of four rounds, when the next ones are read already"),
        pytest.param(1, (0, 2, 3, 6), id="again and again"),
    ],
)
def test_what_was_aborted_is_handled_once_and_in_its_order(
    tmp_path: Path, round_bytes_max: int, aborted: Sequence[int]
) -> None:
    commits = Commits(aborted)
    stores, told = run(tmp_path, commits, round_bytes_max=round_bytes_max)
    rounds = 1 if round_bytes_max > 1 else 4
    assert commits.calls == rounds + len(aborted), "each that was aborted is done again, and no other"
    assert commits.said == [(b"a", b"1"), (b"b", b"1"), (b"a", b"2"), (b"c", b"1")]
    assert commits.rows == {(0, b"a"): 2, (0, b"b"): 1, (1, b"c"): 1}
    assert [offset for number, offset in commits.offsets if number == 0] == ([3] if rounds == 1 else [1, 2, 3])
    assert {(number, key): count_in(store.get(key)) for number, store in stores.items() for key in KEYS[number]} == (
        commits.rows
    )
    assert f'refundry_rounds_total{{outcome="committed"}} {rounds}.0' in told
    assert f'refundry_rounds_total{{outcome="aborted"}} {len(aborted)}.0' in told
