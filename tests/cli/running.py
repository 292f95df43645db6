"""Runs the command as the console script does, in this process."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
import structlog

from app.cli import main


class Done(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The last line on standard error: what was wrong."""
        return self.err.strip().splitlines()[-1]


@contextmanager
def logs_as_before() -> Iterator[None]:
    """A worker sends the lines of the whole process to standard error; that of a test is closed when the test is over."""
    root = logging.getLogger()
    handlers, level = [*root.handlers], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object, stdin: bytes = b""
) -> Done:
    monkeypatch.setattr(sys, "argv", ["refundry", *map(str, arguments)])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended, logs_as_before():
        main()
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return Done(int(ended.value.code or 0), out, err)
