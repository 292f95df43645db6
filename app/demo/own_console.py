"""The console of a demo: a real `refundry console` in a process of its own, and two users to try it as."""

import secrets
import socket
import time
from pathlib import Path
from typing import Final

from app.console.passwords import hash_of
from app.console.users import Role, User, line_of
from app.demo.failing import DemoFailedError
from app.demo.own_process import OwnProcess, refundry
from app.demo.own_worker import OwnWorker, environment_of, free_port
from app.demo.read_side import ReadSide
from app.runtime.config import RuntimeConfig

PORT_DEFAULT: Final = 9465
USERS: Final = {"ann": Role.ANALYST, "bob": Role.APPROVER}
STARTS_WITHIN_S: Final = 30.0
LOOK_EVERY_S: Final = 0.2


class OwnConsole(OwnProcess):
    """At most one process. `password` is that of both users, made for this run."""

    def __init__(self, config: RuntimeConfig, redis_url: str, home: Path) -> None:
        """`home` is the demo's own directory. Nothing is started yet."""
        self.port, self.password = free_port(None, usual=PORT_DEFAULT), secrets.token_urlsafe(12)
        users = home / "users.yaml"
        hashed = hash_of(self.password)
        users.write_text("users:\n" + "".join(line_of(User(name, role, hashed)) for name, role in USERS.items()))
        users.chmod(0o600)
        more = {"CONSOLE_BIND": f"127.0.0.1:{self.port}", "CONSOLE_USERS": str(users), "OPS_BIND": "127.0.0.1:0"}
        environment = environment_of(config, REDIS_URL=redis_url, **more)
        super().__init__(refundry("console"), environment, home / "console.log")

    @property
    def address(self) -> str:
        """Where it is to be seen."""
        return f"http://127.0.0.1:{self.port}/"

    def open(self) -> None:
        """Starts it, and returns when it answers. DemoFailedError where it does not."""
        self.start()
        end = time.monotonic() + STARTS_WITHIN_S
        while not self._answers():
            self._require(answering=time.monotonic() < end)
            time.sleep(LOOK_EVERY_S)

    def stay_open(self, worker: OwnWorker, read_side: ReadSide) -> None:
        """Returns with the first Ctrl-C; until then what it stands on is kept alive."""
        try:
            while True:
                self._require(answering=True)
                worker.tend()
                read_side.tend()
                time.sleep(LOOK_EVERY_S)
        except KeyboardInterrupt:
            return

    def _require(self, *, answering: bool) -> None:
        if self.ended() is not None or not answering:
            raise DemoFailedError("the console does not answer", code=6, details=self.last_words())

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
