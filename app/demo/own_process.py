"""A process that the demo starts: on a leash, in a session of its own, its words in a file."""

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Final

STOP_SECONDS_MAX: Final = 15.0
LAST_WORDS = 12
_LEASHED = "from app.cli import main; from app.demo.leash import hold; hold(); main()"


def refundry(*words: str) -> tuple[str, ...]:
    """The product's own command, on its leash."""
    return (sys.executable, "-P", "-c", _LEASHED, *words)


class OwnProcess:
    """At most one at a time."""

    def __init__(self, command: tuple[str, ...], environment: Mapping[str, str], log: Path) -> None:
        """`log` takes all that it writes. Nothing is started yet."""
        self._command, self._environment, self._log = command, environment, log
        self._started_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._out: IO[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process that runs now."""
        return None if self._process is None else self._process.pid

    @property
    def age(self) -> float:
        """Seconds since the last start."""
        return time.monotonic() - self._started_at

    def start(self) -> None:
        """Starts it. A session of its own: Ctrl-C at the terminal is for the demo, which ends it in order."""
        self._out = self._out or self._log.open("ab")
        self._process = subprocess.Popen(  # noqa: S603 - commands of ours
            self._command,
            env=self._environment,
            stdin=subprocess.PIPE,  # its leash
            stdout=self._out,
            stderr=self._out,
            start_new_session=True,
        )
        self._started_at = time.monotonic()

    def kill(self) -> None:
        """`kill -9`: the process has no chance to finish anything."""
        assert self._process is not None, "started"
        self._process.kill()
        self._let_go(self._process)

    def ended(self) -> int | None:
        """The code with which it ended by itself, told once; None while it runs, or does not."""
        code = None if self._process is None else self._process.poll()
        if self._process is not None and code is not None:
            self._let_go(self._process)
        return code

    def stop(self) -> None:
        """Ends it in order; what it cannot finish in time is killed."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self._let_go(self._process)
        if self._out is not None:
            self._out.close()
            self._out = None

    def last_words(self) -> list[str]:
        """The end of what it wrote."""
        return self._log.read_text(errors="replace").splitlines()[-LAST_WORDS:] if self._log.exists() else []

    def _let_go(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        assert process.stdin is not None, "a leash was asked for"
        process.stdin.close()
        self._process = None
