"""How often somebody may try to sign in: a few times at once, then one try a minute, by name and by address."""

from collections.abc import Callable
from typing import Final

TRIES_OF_A_NAME: Final = 5
TRIES_OF_AN_ADDRESS: Final = 20
"""More, because behind a proxy everybody has the same one."""
ONE_MORE_EVERY_S: Final = 60.0
KEPT_MAX: Final = 10_000


class Throttle:
    """Counts failures; each is forgiven after a while. `clock`: seconds that only go forward."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._clear_at: dict[str, float] = {}
        """By key, when the last of its failures is forgiven; the latest to fail last."""

    def wait(self, name: str, address: str) -> float:
        """Seconds until the next try is let through; 0 where it is now."""
        now = self._clock()
        return max(
            self._wait(f"name {name}", TRIES_OF_A_NAME, now), self._wait(f"address {address}", TRIES_OF_AN_ADDRESS, now)
        )

    def failed(self, name: str, address: str) -> None:
        """A try that was let through has failed, or is not known to have succeeded yet."""
        now = self._clock()
        for key in (f"name {name}", f"address {address}"):
            self._clear_at[key] = max(self._clear_at.pop(key, now), now) + ONE_MORE_EVERY_S
        while len(self._clear_at) > KEPT_MAX:
            del self._clear_at[next(iter(self._clear_at))]

    def succeeded(self, name: str, address: str) -> None:
        """It has not failed after all: what was tried before is forgiven to the name, and this try to the address."""
        self._clear_at.pop(f"name {name}", None)
        self._clear_at[f"address {address}"] = self._clear_at.get(f"address {address}", 0.0) - ONE_MORE_EVERY_S

    def _wait(self, key: str, tries: int, now: float) -> float:
        return max(0.0, self._clear_at.get(key, now) - now - (tries - 1) * ONE_MORE_EVERY_S)
