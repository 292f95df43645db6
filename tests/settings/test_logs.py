"""How log lines look: JSON where asked for or where nobody looks on, readable on a terminal, without values."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from app import logs
from app.settings import load_settings

HELD = "what somebody typed"


class Stream(io.StringIO):
    """stderr, on a terminal or not."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


def fails(held: str) -> None:
    raise KeyError(len(held))


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    kept = root.handlers[:], root.level
    yield
    root.handlers[:], level = kept
    root.setLevel(level)
    structlog.reset_defaults()


def written(monkeypatch: pytest.MonkeyPatch, *, terminal: bool, **settings: str) -> list[str]:
    """The lines of a process with these settings: one of structlog's, one of a library's, one too fine, a traceback."""
    stream = Stream(terminal=terminal)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("NO_COLOR", "1")
    logs.configure(load_settings({f"REFUNDRY_{name.upper()}": value for name, value in settings.items()}))
    structlog.get_logger("ours").warning("rate_passed_over", code="not_json")
    logging.getLogger("app.runtime.library").info("assigned %d partitions", 8, extra={"rows": 3})
    logging.getLogger("app.runtime.library").debug("a round was committed")
    try:
        fails(HELD)
    except KeyError:
        logging.getLogger("app.runtime.library").exception("it went wrong")
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(
    ("terminal", "log_format"), [(False, "auto"), (False, "json"), (True, "json")], ids=["no terminal", "both", "asked"]
)
def test_lines_are_json_where_asked_for_or_where_nobody_looks_on(
    monkeypatch: pytest.MonkeyPatch, *, terminal: bool, log_format: str
) -> None:
    first, second, third = map(json.loads, written(monkeypatch, terminal=terminal, log_format=log_format))
    assert (first["event"], first["level"], first["code"]) == ("rate_passed_over", "warning", "not_json")
    assert (second["event"], second["level"]) == ("assigned 8 partitions", "info")
    assert (second["logger"], second["rows"]) == ("app.runtime.library", 3)
    assert second["timestamp"].endswith("Z")
    assert "KeyError" in third["exception"]
    assert HELD not in json.dumps(third)


@pytest.mark.parametrize(
    ("terminal", "log_format"),
    [(True, "auto"), (True, "console"), (False, "console")],
    ids=["terminal", "both", "asked"],
)
def test_lines_are_readable_on_a_terminal_or_where_asked_for(
    monkeypatch: pytest.MonkeyPatch, *, terminal: bool, log_format: str
) -> None:
    lines = written(monkeypatch, terminal=terminal, log_format=log_format)
    assert words(lines[0]) >= {"rate_passed_over", "code=not_json"}
    assert "assigned 8 partitions" in lines[1]
    assert not any(line.startswith("{") for line in lines)
    assert any("KeyError" in line for line in lines)
    assert not any(HELD in line for line in lines)


def test_the_level_says_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    assert any("a round was committed" in line for line in written(monkeypatch, terminal=False, log_level="debug"))
    assert len(written(monkeypatch, terminal=False, log_level="warning")) == 2


def words(line: str) -> set[str]:
    return set(line.split())
