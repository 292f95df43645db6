"""A round that was aborted did not happen: what it refused does not count towards the limit of dead letters."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import pytest

from app.metrics import Metrics
from app.runtime import pump as pumps
from app.runtime.config import RuntimeConfig
from app.runtime.exits import UnsafeError
from app.runtime.faults import RoundAbortedError
from app.runtime.limits import DeadLetterLimit
from app.runtime.positions import Taken
from app.runtime.pump import Parts, Pump
from app.runtime.round import Staging
from app.runtime.shell import make_app
from app.runtime.store.memory import MemoryStore
from app.runtime.topology import Batch, Refusal, Round
from tests.runtime.toys import batch, claimed, message, topology

LIMIT = 4


class Partitions:
    """Partitions of which nothing is left to read."""

    caught_up = True

    def rewind(self) -> None:
        """There is nothing to read again."""

    def handled(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Nobody asks how far they are."""


class Commits:
    """Commits of which the next ones are aborted, as often as one says."""

    def __init__(self) -> None:
        self.aborts = 0

    def __call__(self, taken: Taken) -> dict[tuple[str, int], int]:
        if self.aborts:
            self.aborts -= 1
            raise RoundAbortedError("the coordinator has moved")
        return {}


async def handled_at_once(channel: object, one: Batch, staging: Staging) -> None:
    """Hands a batch to its agent without Faust's channel in between."""
    staging.handle(one)


def refuses(one: Batch, round_: Round) -> None:
    for bad in one.messages:
        round_.at(bad)
        round_.refuse(bad, Refusal("not_json", "expected JSON"))


def with_pump(tmp_path: Path, story: Callable[[Pump, Commits], Coroutine[Any, Any, None]]) -> None:
    """Plays a story with a pump that has a state and a topic, and no broker."""

    async def play() -> None:
        config = RuntimeConfig(bootstrap_servers="none:1", state_dir=tmp_path, dead_letters=DeadLetterLimit(run=LIMIT))
        parts = Parts(topology(refuses), {}, (), lambda: None, lambda _: None)
        pump, commits = Pump(make_app("aborted", tmp_path), claimed(config), parts, Metrics()), Commits()
        pump._staging.open("tallies", 0, MemoryStore())
        vars(pump).update(_partitions=Partitions(), _commit=commits)
        await story(pump, commits)

    asyncio.run(play())


def refused(*offsets: int) -> Taken:
    return Taken([batch(*(message(offset) for offset in offsets))], {("in", 0): offsets[-1] + 1})


@pytest.fixture(autouse=True)
def _without_channels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pumps, "hand", handled_at_once)


def test_a_round_that_is_aborted_again_and_again_counts_once_when_it_is_committed(tmp_path: Path) -> None:
    async def story(pump: Pump, commits: Commits) -> None:
        assert await pump._round(refused(0, 1))
        commits.aborts = 3 * LIMIT
        while commits.aborts:
            assert not await pump._round(refused(2))
        assert await pump._round(refused(2))
        with pytest.raises(UnsafeError, match="4 messages one after the other"):
            await pump._round(refused(3))

    with_pump(tmp_path, story)


def test_what_was_committed_counts_on_in_the_next_round(tmp_path: Path) -> None:
    async def story(pump: Pump, commits: Commits) -> None:
        for offset in range(LIMIT - 1):
            assert await pump._round(refused(offset))
        with pytest.raises(UnsafeError):
            await pump._round(refused(LIMIT))

    with_pump(tmp_path, story)
