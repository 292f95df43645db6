"""Runs the command as the console script does, in this process."""

import io
import json
import sys
from typing import Any, NamedTuple

import pytest

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


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object, stdin: bytes = b""
) -> Done:
    monkeypatch.setattr(sys, "argv", ["refundry", *map(str, arguments)])
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return Done(int(ended.value.code or 0), out, err)
