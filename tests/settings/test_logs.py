"""How log lines look: JSON where asked for or where nobody looks on, readable on a terminal, without values."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from app import logs
from app.metrics import Metrics
from app.runtime.ops import serve
from app.runtime.progress import Progress
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


NO_REQUESTS = (
    b"GET / HTTP/1.1\r\nCookie: refundry=a-secret\x01\r\n\r\n",
    b"GET /case?id=m1/a-secret HTTP/7.7\r\n\r\n",
    b"GET / HTTP/1.1\r\na-secret: " + b"a-secret" * 2000 + b"\r\n\r\n",
    b"a-secret\r\n\r\n",
)


def test_of_bytes_that_are_no_request_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """But of a mistake that a page of ours makes there is a line."""
    stream = Stream(terminal=False)
    monkeypatch.setattr(sys, "stderr", stream)
    logs.configure(load_settings({}))
    assert all(b"400 Bad Request" in answer for answer in asyncio.run(answers()))
    assert stream.getvalue() == ""
    logging.getLogger("aiohttp.server").error("Error handling request", exc_info=KeyError(4))
    assert json.loads(stream.getvalue())["event"] == "Error handling request"


async def answers() -> list[bytes]:
    """What the ops port says to bytes that are no request."""
    runner = await serve("127.0.0.1:0", Progress(), Metrics())
    told = []
    for sent in NO_REQUESTS:
        reader, writer = await asyncio.open_connection(*runner.addresses[0][:2])
        writer.write(sent)
        told.append(await reader.read())
        writer.close()
        await writer.wait_closed()
    await runner.cleanup()
    return told
