"""Whatever goes wrong: one line, a hint, the code of the contract, never a traceback."""

import importlib

import click
import pytest

from app.cli import root
from app.cli.failures import CODES, WORKER_STOP, ExitCode, Failure, failure_of
from app.policies import PoliciesRefusedError, Problem
from app.runtime.exits import MisconfiguredError, UnreachableError, UnsafeError, UnsureError
from app.runtime.store import StoreBrokenError


def test_the_codes_are_those_of_the_contract():
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "USAGE": 2,
        "CONFIGURATION": 3,
        "UNREACHABLE": 4,
        "UNSAFE": 5,
        "VIOLATED": 6,
    }


@pytest.mark.parametrize("name", [*CODES, WORKER_STOP])
def test_every_error_that_is_known_by_name_exists(name):
    module, _, kind = name.rpartition(".")
    assert issubclass(getattr(importlib.import_module(module), kind), Exception)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (MisconfiguredError("topics are missing", "make them"), 3, "topics are missing"),
        (UnreachableError("no broker", "start it"), 4, "no broker"),
        (UnsafeError("would lose events"), 5, "would lose events"),
        (UnsureError("was fenced"), 75, "was fenced"),
        (StoreBrokenError("state directory x: full"), 4, "state directory x: full"),
        (PoliciesRefusedError([Problem("a.yaml", 3, "window", "expected days")]), 3, "1 problem to put right"),
        (PermissionError(13, "Permission denied", "/x"), 4, "/x: Permission denied"),
        (ZeroDivisionError("secret"), 6, "a mistake of the program: ZeroDivisionError at"),
    ],
)
def test_an_error_becomes_a_line_and_a_code(error, code, message):
    try:
        raise error
    except type(error) as raised:
        failure = failure_of(raised)
    assert failure.exit_code == code
    assert failure.message.startswith(message)
    assert "secret" not in failure.message


def test_details_come_first_and_the_hint_last(capsys):
    Failure("2 problems", "put them right", code=3, details=["a.yaml:1: one", "b.yaml:2: two"]).show()
    assert capsys.readouterr().err == "a.yaml:1: one\nb.yaml:2: two\nrefundry: 2 problems (put them right)\n"


@pytest.fixture
def broken(monkeypatch):
    """A command that raises what it is given."""

    def breaks(error):
        @click.command()
        def command():
            raise error

        monkeypatch.setattr(root.cli, "get_command", lambda *_: command)

    return breaks


def test_a_mistake_of_the_program_says_where_and_how_to_see_more(refundry, broken):
    broken(ZeroDivisionError("secret"))
    done = refundry("anything")
    assert done.code == 6
    assert "ZeroDivisionError" in done.complaint
    assert "--traceback" in done.complaint
    assert "secret" not in done.err


def test_the_traceback_can_be_asked_for(refundry, broken):
    broken(ZeroDivisionError("seen"))
    with pytest.raises(ZeroDivisionError):
        root.cli.main(["--traceback", "anything"], standalone_mode=False)


def test_an_interrupted_command_ends_with_the_code_of_the_signal(refundry, broken):
    broken(KeyboardInterrupt())
    done = refundry("anything")
    assert (done.code, done.complaint) == (130, "refundry: interrupted")
