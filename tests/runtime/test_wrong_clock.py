"""Timers fire when the worker's time of day says so; what they say, and how often, does not depend on it."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.metrics import Metrics
from app.runtime import pump as pumps
from app.runtime.config import RuntimeConfig
from app.runtime.positions import Taken
from app.runtime.pump import Parts, Pump
from app.runtime.shell import make_app
from app.runtime.store.memory import MemoryStore
from tests.runtime.test_aborted_rounds import handled_at_once
from tests.runtime.toys import batch, claimed, message, topology

DUE, HOUR, SECOND = 1_772_541_000_000, 3_600_000, 1000


class Clock:
    """The right time in ms, and by how much the worker's is off."""

    def __init__(self) -> None:
        self.right, self.off = DUE - 2 * HOUR, 0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "time", lambda: (made.right + made.off) / 1000)
    monkeypatch.setattr(pumps, "hand", handled_at_once)
    return made


class Partitions:
    """Of which nothing is left to read."""

    caught_up = True

    def standing(self) -> Taken:
        return Taken([], {("in", 0): 1})

    def handled(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Nobody asks how far they are."""


class Worker:
    """A pump without a broker, whose only row falls due at DUE; `said` is what its rounds committed."""

    def __init__(self, pump: Pump) -> None:
        self.pump = pump
        self.said: list[bytes | None] = []

    def commit(self, taken: Taken) -> dict[tuple[str, int], int]:
        self.said += [output.value for output in self.pump._staging.outputs]
        return {}

    async def look(self) -> None:
        """What the pump does where nothing came in."""
        for taken in self.pump._by_the_clock():
            assert await self.pump._round(taken)


def with_worker(tmp_path: Path, story: Callable[[Worker], Coroutine[Any, Any, None]]) -> None:
    async def play() -> None:
        config = RuntimeConfig(bootstrap_servers="none:1", state_dir=tmp_path)
        parts = Parts(topology(), {}, (), lambda: None, lambda _: None)
        pump = Pump(make_app("clock", tmp_path), claimed(config), parts, Metrics())
        worker = Worker(pump)
        pump._staging.open("tallies", 0, MemoryStore())
        vars(pump).update(_partitions=Partitions(), _commit=worker.commit)
        assert await pump._round(Taken([batch(message(0, value=b"due %d" % DUE))], {("in", 0): 1}))
        assert worker.said.pop() == b"1"
        await story(worker)

    asyncio.run(play())


@pytest.mark.parametrize("off", [-HOUR, 0, HOUR], ids=["behind", "right", "ahead"])
def test_a_timer_fires_as_much_too_late_or_early_as_the_clock_is_off_and_says_the_same(
    tmp_path: Path, clock: Clock, off: int
) -> None:
    async def story(worker: Worker) -> None:
        clock.off, clock.right = off, DUE - off - SECOND
        await worker.look()
        assert worker.said == []
        clock.right += 2 * SECOND
        await worker.look()
        assert worker.said == [b"fired %d" % DUE]

    with_worker(tmp_path, story)


def test_a_clock_that_is_set_back_fires_nothing_a_second_time_when_it_gets_there_again(
    tmp_path: Path, clock: Clock
) -> None:
    async def story(worker: Worker) -> None:
        clock.right, clock.off = DUE - HOUR, HOUR
        await worker.look()
        assert worker.said == [b"fired %d" % DUE]
        for off in (0, -HOUR, HOUR):
            clock.off = off
            await worker.look()
        clock.off, clock.right = 0, DUE + HOUR
        await worker.look()
        assert worker.said == [b"fired %d" % DUE]

    with_worker(tmp_path, story)


def test_a_message_is_handled_with_the_same_result_whatever_the_time_of_day(tmp_path: Path, clock: Clock) -> None:
    async def story(worker: Worker) -> None:
        for number, off in enumerate((0, HOUR, -HOUR), 1):
            clock.off = off
            assert await worker.pump._round(Taken([batch(message(number, key="b"))], {("in", 0): number + 1}))
        assert worker.said == [b"1", b"2", b"3"]

    with_worker(tmp_path, story)
