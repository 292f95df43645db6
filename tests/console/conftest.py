"""A world and a browser for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.visitor import Visitor
from tests.console.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def visitor(world: World) -> Iterator[Visitor]:
    with Visitor(world) as visitor:
        yield visitor
