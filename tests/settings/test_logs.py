"""How log lines look: for people with colours where they have a terminal and did not decline them, else JSON."""

import io
import logging

import pytest

from app import logs
from app.settings import load_settings
from tests.cli.running import logs_as_before


class Screen(io.StringIO):
    """Standard error, on a terminal or not."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.mark.parametrize(
    ("terminal", "log_format", "declined", "expected"),
    [
        (True, "auto", "", "coloured"),
        (True, "auto", "1", "plain"),
        (True, "console", "1", "plain"),
        (False, "console", "", "plain"),
        (False, "auto", "", "json"),
        (True, "json", "", "json"),
    ],
)
def test_colours_are_for_terminals_whose_owner_did_not_decline_them(
    monkeypatch, terminal, log_format, declined, expected
):
    screen = Screen(terminal=terminal)
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("NO_COLOR", declined)
    with logs_as_before():
        logs.configure(load_settings({"REFUNDRY_LOG_FORMAT": log_format}))
        logging.getLogger("app.somewhere").warning("a line")
    line = screen.getvalue()
    assert "a line" in line
    assert ("\x1b[" in line) == (expected == "coloured")
    assert line.startswith("{") == (expected == "json")
