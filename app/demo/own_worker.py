"""The worker of a demo: a real `refundry worker` in a process of its own, started again where a supervisor would."""

import os
import secrets
import socket
from pathlib import Path
from typing import Final

from app.demo.failing import DemoFailedError
from app.demo.own_process import OwnProcess, refundry
from app.runtime.config import Mode, RuntimeConfig
from app.runtime.exits import MisconfiguredError, UnsureError

RESTARTS_MAX: Final = 5
PORT_DEFAULT: Final = 9464
EMBEDDED_SESSION_MS: Final = 3_000
_PREFIX = "REFUNDRY_"
GIVING_UP = frozenset({3, 4, 5})
"""The contract's exit codes with which a worker says that it needs a person; the demo ends with the same."""


def free_port(wanted: int | None, usual: int = PORT_DEFAULT) -> int:
    """Where something is served on this machine: `wanted`, else the usual port, else any free one.

    MisconfiguredError where the port that was asked for is taken.
    """
    for port in (wanted,) if wanted is not None else (usual, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise MisconfiguredError(f"port {wanted} of 127.0.0.1 is taken", "Give another one with --port, or none")


class OwnWorker(OwnProcess):
    """At most one process at a time. `kills` counts how often it was killed here."""

    def __init__(self, config: RuntimeConfig, port: int, log: Path) -> None:
        """`log` takes all that the worker writes; `port` of 127.0.0.1 serves its metrics. Nothing is started yet."""
        super().__init__(refundry("worker"), environment_of(config, OPS_BIND=f"127.0.0.1:{port}"), log)
        self.port, self.kills, self._restarts = port, 0, 0

    def kill(self) -> None:
        """`kill -9`: the process has no chance to finish anything."""
        super().kill()
        self.kills += 1

    def tend(self) -> bool:
        """Starts it again where it was killed, or left because it was unsure; whether it did.

        DemoFailedError where the worker gave up.
        """
        code = self.ended()
        if code is not None:
            self._restarts += 1
            # below zero: a signal that nobody here has sent
            if (code != UnsureError.code and code >= 0) or self._restarts > RESTARTS_MAX:
                reason, ours = f"the worker ended with code {code}", code if code in GIVING_UP else 6
                raise DemoFailedError(reason, code=ours, details=self.last_words())
        if self.pid is not None:
            return False
        self.start()
        return True


def environment_of(config: RuntimeConfig, **more: str) -> dict[str, str]:
    """An environment with settings of its own alone: what this shell has set is for another installation."""
    own = {
        "KAFKA_BOOTSTRAP_SERVERS": config.bootstrap_servers,
        "APP_ID": config.app_id,
        "TOPIC_PREFIX": config.prefix,
        "PARTITIONS": str(config.partitions),
        "GUARANTEE": "exactly_once" if config.mode is Mode.TRANSACTIONAL else "at_least_once",
        "STATE_DIR": str(config.state_dir),
        "HASH_KEY": secrets.token_hex(32),
        "LOG_FORMAT": "console",
        # whoever looks whether anything moves must not see the worker's own pulse
        "HEARTBEAT_S": "0",
        # the embedded broker lets a worker that was killed back in when its session is nearly over
        **({} if config.mode is Mode.TRANSACTIONAL else {"SESSION_TIMEOUT_MS": str(EMBEDDED_SESSION_MS)}),
        **{f"KAFKA_{name.replace('.', '_').upper()}": value for name, value in config.security.items()},
        **more,
    }
    rest = {name: value for name, value in os.environ.items() if not name.startswith(_PREFIX)}
    return rest | {_PREFIX + name: value for name, value in own.items()}
