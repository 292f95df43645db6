"""Standard streams that are full, closed, or whose reader has gone: a line and a code, never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")

CALL = [sys.executable, "-c", "from app.cli import main; main()"]
NO_ROOM = "No space left on device (check the path, the space and the rights)\n"


def run(shell: str, *arguments: str, unbuffered: bool = False) -> tuple[int, str]:
    """The code and standard error of a command whose streams the shell has set as `shell` says."""
    script = f'"$@" {shell}; exit ${{PIPESTATUS[0]}}'
    python = [CALL[0], "-u", *CALL[1:]] if unbuffered else [CALL[0], *CALL[1:]]
    done = subprocess.run(
        ["bash", "-c", script, "_", *python, *arguments],
        input="",
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("unbuffered", [False, True])
@pytest.mark.parametrize("arguments", [["--help"], ["schema", "check"]])
def test_an_answer_for_which_there_is_no_room_is_told_with_a_code(arguments, unbuffered):
    code, err = run(">/dev/full", *arguments, unbuffered=unbuffered)
    assert (code, err.removeprefix("refundry: ").removeprefix("standard output: ")) == (4, NO_ROOM)


@pytest.mark.parametrize("shell", ["2>/dev/full", "2>&-", "2>&1 | true"])
def test_where_nothing_can_be_said_of_a_failure_the_code_says_it(shell):
    assert run(shell, "validate", "nowhere.jsonl") == (2, "")


def test_a_reader_that_has_gone_is_told_nothing():
    assert run("| sleep 0", "schema", "check") in [(0, ""), (1, "")]  # gone before or after it was written


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["replay", "-"], "0 lines, 0 of them no messages"), (["validate", "-"], "0 events, all valid")],
)
def test_an_input_that_is_closed_holds_nothing_and_no_output_is_missed_where_nothing_is_said(arguments, said):
    code, err = run("<&- >&-", *arguments)
    assert code == 0
    assert said in err


@pytest.mark.parametrize("unbuffered", [False, True])
def test_an_answer_to_an_output_that_is_closed_is_not_taken_for_said(unbuffered):
    code, err = run(">&-", "schema", "check", unbuffered=unbuffered)
    assert code == 4
    assert "Bad file descriptor" in err
