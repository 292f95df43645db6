"""How often somebody may try to sign in: a few times at once, then one try a minute, by name and by address.

An address is counted only where it is that of one who tries. That of a proxy is everybody's: one who guesses would shut
all others out. There names alone are slowed down, of which the users file has few.
"""

from collections.abc import Callable
from typing import Final

TRIES_OF_A_NAME: Final = 5
TRIES_OF_AN_ADDRESS: Final = 20
"""More, because an office has one for all of its people."""
ONE_MORE_EVERY_S: Final = 60.0
KEPT_MAX: Final = 10_000


class Throttle:
    """Counts failures; each is forgiven after a while. `clock`: seconds that only go forward."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._clear_at: dict[str, float] = {}
        """By key, when the last of its failures is forgiven; the latest to fail last."""

    def wait(self, name: str, address: str | None) -> float:
        """Seconds until the next try is let through; 0 where it is now. `address` None: it is not known."""
        now = self._clock()
        return max(self._wait(key, tries, now) for key, tries in _keys(name, address).items())

    def failed(self, name: str, address: str | None) -> None:
        """A try that was let through has failed, or is not known to have succeeded yet."""
        now = self._clock()
        for key in _keys(name, address):
            self._clear_at[key] = max(self._clear_at.pop(key, now), now) + ONE_MORE_EVERY_S
        while len(self._clear_at) > KEPT_MAX:
            del self._clear_at[next(iter(self._clear_at))]

    def succeeded(self, name: str, address: str | None) -> None:
        """It has not failed after all: what was tried before is forgiven to the name, and this try to the address."""
        self._clear_at.pop(f"name {name}", None)
        if address is not None:
            self._clear_at[f"address {address}"] = self._clear_at.get(f"address {address}", 0.0) - ONE_MORE_EVERY_S

    def _wait(self, key: str, tries: int, now: float) -> float:
        return max(0.0, self._clear_at.get(key, now) - now - (tries - 1) * ONE_MORE_EVERY_S)


def _keys(name: str, address: str | None) -> dict[str, int]:
    """What a try counts for, and how many of each are let through at once."""
    keys = {f"name {name}": TRIES_OF_A_NAME}
    return keys if address is None else keys | {f"address {address}": TRIES_OF_AN_ADDRESS}
