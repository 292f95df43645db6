"""One Redis for all tests of the room, empty for each; and one of its own for a test that breaks it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import run
from tests.readside.server import Server


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def client(shared: Server) -> Iterator[Any]:
    with shared.client() as client:
        client.flushall()
        yield client


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server that the test may kill, stop and fill."""
    with Server(tmp_path) as server:
        yield server


@pytest.fixture
def refundry_replay(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[[Path], list[Any]]:
    """What `refundry replay FILE` says."""

    def replay(messages: Path) -> list[Any]:
        done = run(monkeypatch, capsys, "replay", messages)
        assert done.code == 0, done.err
        return [json.loads(line) for line in done.out.splitlines()]

    return replay
