"""A real Redis server for tests: on loopback, its data in a directory of its own."""

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any, Self

import redis

from tests.kafka.harness import free_port, wait_for


class Server:
    """At most one process. It keeps nothing over a restart unless `options` say so."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._directory, self._options = directory, options
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program is not None
        where = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._directory)]
        keeping = ["--save", "", "--appendonly", "no"]
        with (self._directory / "redis.log").open("ab") as log:
            self._process = subprocess.Popen([program, *where, *keeping, *self._options], stdout=log, stderr=log)
        try:
            wait_for("Redis answers", self.answers, 20)
        except BaseException:
            self.kill()
            raise

    def answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), self.client() as client:
            return bool(client.ping())
        return False

    def client(self) -> Any:
        return redis.Redis(port=self.port, socket_timeout=10)

    def kill(self) -> None:
        """kill -9: whatever it did not write down is gone."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def halt(self) -> None:
        """It stays, and answers nothing."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGCONT)
