"""The points at which tests end a worker: each is passed once in a round, where its name says, and is known by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from app import worker
from app.runtime.commits import Flushes, Transactions, commits_for
from app.runtime.config import Mode, RuntimeConfig
from app.runtime.topology import Output
from app.settings.values import FAULT_POINTS
from app.worker import fault_probe

CALLS = {
    "exactly_once": [
        "begin_transaction",
        "before_produce",
        "produce",
        "before_offsets",
        "send_offsets_to_transaction",
        "before_commit",
        "commit_transaction",
        "after_commit",
    ],
    "at_least_once": [
        "before_produce",
        "produce",
        "flush",
        "before_changelog",
        "flush",
        "before_commit",
        "commit",
        "after_commit",
    ],
}


class Recorder:
    """A producer and a consumer that only note how they are called."""

    def __init__(self, calls: list[str]) -> None:
        self._calls = calls

    def consumer_group_metadata(self) -> None:
        """No call to the broker."""

    def __getattr__(self, name: str) -> Callable[..., int]:
        def called(*_: object, **__: object) -> int:
            self._calls.append(name)
            return 0

        return called


@pytest.mark.parametrize("guarantee", ["exactly_once", "at_least_once"])
def test_a_round_passes_each_known_point_where_its_name_says(tmp_path: Path, guarantee: str) -> None:
    calls: list[str] = []
    mode = Mode.TRANSACTIONAL if guarantee == "exactly_once" else Mode.AT_LEAST_ONCE
    config = RuntimeConfig(bootstrap_servers="none:1", state_dir=tmp_path, mode=mode, probe=calls.append)
    both: Any = Recorder(calls)
    commits = commits_for(config, both, both)
    assert isinstance(commits, Transactions if mode is Mode.TRANSACTIONAL else Flushes)
    commits.begin()
    commits.commit([Output("out", b"k", b"v")], {}, [TopicPartition("in", 0, 1)])
    assert calls == CALLS[guarantee]
    assert [call for call in calls if call.startswith(("before_", "after_"))] == list(FAULT_POINTS[guarantee])


def test_a_worker_dies_at_the_pass_that_is_named_and_at_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[str] = []
    deaths: list[int] = []
    monkeypatch.setattr(worker.os, "kill", lambda *_: deaths.append(len(passes)))
    probe = fault_probe(["before_commit:2", "after_commit"])
    for point in [
        "before_produce",
        "before_commit",
        "before_produce",
        "before_commit",
        "after_commit",
        "before_commit",
    ]:
        passes.append(point)
        probe(point)
    assert deaths == [4, 5]
