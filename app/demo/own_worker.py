"""The worker of a demo: a real `refundry worker` in a process of its own, started again where a supervisor would."""

import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Final

from app.demo.failing import DemoFailedError
from app.runtime.config import Mode, RuntimeConfig
from app.runtime.exits import MisconfiguredError, UnsureError

STOP_SECONDS_MAX: Final = 15.0
RESTARTS_MAX: Final = 5
PORT_DEFAULT: Final = 9464
LAST_WORDS = 12
EMBEDDED_SESSION_MS: Final = 3_000
_PREFIX = "REFUNDRY_"
GIVING_UP = frozenset({3, 4, 5})
"""The contract's exit codes with which a worker says that it needs a person; the demo ends with the same."""
_MAIN = "from app.cli import main; from app.demo.leash import hold; hold(); main()"
_COMMAND = (sys.executable, "-P", "-c", _MAIN, "worker")


def free_port(wanted: int | None) -> int:
    """Where the worker's metrics are served: `wanted`, else the usual port, else any free one.

    MisconfiguredError where the port that was asked for is taken.
    """
    for port in (wanted,) if wanted is not None else (PORT_DEFAULT, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise MisconfiguredError(f"port {wanted} of 127.0.0.1 is taken", "Give another one with --port, or none")


class OwnWorker:
    """At most one process at a time. `kills` counts how often it was killed here."""

    def __init__(self, config: RuntimeConfig, port: int, log: Path) -> None:
        """`log` takes all that the worker writes; `port` of 127.0.0.1 serves its metrics. Nothing is started yet."""
        self.port, self.kills = port, 0
        self._log, self._restarts, self._started_at = log, 0, 0.0
        self._environment = _environment(config, port)
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
        self._process = subprocess.Popen(  # noqa: S603 - the product's own command
            _COMMAND,
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
        self.kills += 1

    def tend(self) -> bool:
        """Starts it again where it was killed, or left because it was unsure; whether it did.

        DemoFailedError where the worker gave up.
        """
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return False
            self._let_go(self._process)
            self._restarts += 1
            # below zero: a signal that nobody here has sent
            if (code != UnsureError.code and code >= 0) or self._restarts > RESTARTS_MAX:
                reason, ours = f"the worker ended with code {code}", code if code in GIVING_UP else 6
                raise DemoFailedError(reason, code=ours, details=self.last_words())
        self.start()
        return True

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


def _environment(config: RuntimeConfig, port: int) -> dict[str, str]:
    """Settings of its own alone: what this shell has set is for another installation."""
    own = {
        "KAFKA_BOOTSTRAP_SERVERS": config.bootstrap_servers,
        "APP_ID": config.app_id,
        "TOPIC_PREFIX": config.prefix,
        "PARTITIONS": str(config.partitions),
        "GUARANTEE": "exactly_once" if config.mode is Mode.TRANSACTIONAL else "at_least_once",
        "STATE_DIR": str(config.state_dir),
        "HASH_KEY": secrets.token_hex(32),
        "OPS_BIND": f"127.0.0.1:{port}",
        "LOG_FORMAT": "console",
        # the embedded broker lets a worker that was killed back in when its session is nearly over
        **({} if config.mode is Mode.TRANSACTIONAL else {"SESSION_TIMEOUT_MS": str(EMBEDDED_SESSION_MS)}),
        **{f"KAFKA_{name.replace('.', '_').upper()}": value for name, value in config.security.items()},
    }
    rest = {name: value for name, value in os.environ.items() if not name.startswith(_PREFIX)}
    return rest | {_PREFIX + name: value for name, value in own.items()}
