"""A round collects for one commit interval, and what comes while the one before it is at work counts as collected."""

import time
from pathlib import Path
from typing import Any

import pytest

from app.metrics import Metrics
from app.runtime.config import RuntimeConfig
from app.runtime.partition_counts import PartitionCounts
from app.runtime.partitions import Partitions
from app.runtime.progress import Progress
from app.runtime.round import Staging
from app.runtime.stores import Stores
from tests.runtime.toys import topology


class Idle:
    """A consumer that is given nothing: it notes for how long it was to wait, and lets that time go by."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        self.waited: list[float] = []
        monkeypatch.setattr(time, "monotonic", lambda: self.now)

    def consume(self, _: int, seconds: float) -> list[Any]:
        self.waited.append(round(seconds, 6))
        self.now += seconds
        return []


def test_what_a_round_took_is_no_longer_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = RuntimeConfig(bootstrap_servers="none:1", state_dir=tmp_path, slot="0", commit_interval_ms=100)
    consumer: Any = Idle(monkeypatch)
    partitions = Partitions(
        config,
        topology(),
        consumer=consumer,
        counts=PartitionCounts(config, ()),
        staging=Staging(topology(), version="0"),
        stores=Stores(config),
        progress=Progress(),
        metrics=Metrics(),
        on_restored=lambda: None,
    )
    for work in (0.0, 0.03, 0.25, 0.0):
        partitions.take()
        consumer.now += work
    partitions.take()
    assert consumer.waited == [0.001, 0.1, 0.07, 0.001, 0.1]
