"""A command line of its own for every test: no settings of whoever runs it."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.running import Done, run


@pytest.fixture
def refundry(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Calls `refundry` with arguments, and `stdin` as bytes."""
    for name in [name for name in os.environ if name.startswith("REFUNDRY_")]:
        monkeypatch.delenv(name)

    def call(*arguments: object, **options: Any) -> Done:
        return run(monkeypatch, capsys, *arguments, **options)

    return call
