"""Sessions: who is signed in, for how long. They live in this process: a restart signs everybody out.

A session is named by 256 random bits, which is all that its cookie holds; kept is a hash of them. So a cookie cannot be
made up, says nothing of its owner, and is worth nothing once its session is closed.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

IDLE_S: Final = 30 * 60.0
WHOLE_S: Final = 10 * 3600.0
"""A working day; then one signs in again, however busy one was."""
SESSIONS_MAX: Final = 1000


@dataclass
class Session:
    """One who is signed in. `csrf`: what each form of theirs carries; `used_at`: when they last did something.

    `password`: the hash with which they did; whoever gets another password signs in anew.
    """

    name: str
    password: str
    csrf: str
    began_at: float
    used_at: float


class Sessions:
    """All of them. `clock`: seconds that only go forward."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._sessions: dict[bytes, Session] = {}

    def open(self, name: str, password: str) -> str:
        """A new session; what its cookie holds. Where there are too many the one that was idle the longest goes."""
        self._drop_those_that_are_over()
        while len(self._sessions) >= SESSIONS_MAX:
            del self._sessions[min(self._sessions, key=lambda key: self._sessions[key].used_at)]
        cookie, now = secrets.token_urlsafe(32), self._clock()
        self._sessions[_key(cookie)] = Session(name, password, secrets.token_urlsafe(32), now, now)
        return cookie

    def find(self, cookie: str, *, uses: bool = True) -> Session | None:
        """The session of a cookie, None where it is over. `uses`: somebody did something, so it is not idle."""
        session = self._sessions.get(_key(cookie))
        if session is None or self._is_over(session):
            self.close(cookie)
            return None
        if uses:
            session.used_at = self._clock()
        return session

    def close(self, cookie: str) -> None:
        """Ends a session, if there is one."""
        self._sessions.pop(_key(cookie), None)

    def _is_over(self, session: Session) -> bool:
        now = self._clock()
        return now - session.used_at > IDLE_S or now - session.began_at > WHOLE_S

    def _drop_those_that_are_over(self) -> None:
        self._sessions = {key: one for key, one in self._sessions.items() if not self._is_over(one)}


def _key(cookie: str) -> bytes:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).digest()
