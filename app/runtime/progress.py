"""What the worker is doing right now, and the watch over it: who sees no progress where there should be some, ends it.

The watch is a thread, so that it also sees a handler that never returns. Readiness reads the same facts.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.runtime.exits import UnsureError, leave
from app.runtime.records import OnBroker

_log = logging.getLogger(__name__)
ANSWER_SECONDS = 3.0
"""What the broker is asked lasts for a moment. Where it lasts longer, the worker does not take part meanwhile."""


@dataclass
class Progress:
    """`blockers`: why the worker does not take part, by what is to blame; `reasons` adds what only the clock tells."""

    blockers: dict[str, str] = field(default_factory=dict)
    lag: int = 0
    step: str = "starting"
    step_since: float = field(default_factory=time.monotonic)
    step_seconds: float | None = None
    asks_broker: bool = False
    moved_at: float = field(default_factory=time.monotonic)
    stopping_since: float | None = None
    _standing: dict[OnBroker, int] = field(default_factory=dict)
    """Partitions in which messages wait, and up to where they were handled when the clock of waiting began."""

    @contextmanager
    def doing(self, step: str, *, within: float | None = None, asks_broker: bool = False) -> Iterator[None]:
        """Marks a step that must end, in `within` seconds or what the watch allows; steps do not nest.

        `asks_broker`: it waits for answers of the broker. No client tells of a broker that is away before it ends.
        """
        self.step, self.step_since, self.step_seconds, self.asks_broker = step, time.monotonic(), within, asks_broker
        try:
            yield
        finally:
            self.step, self.asks_broker = "", False

    def goes_on(self, step: str) -> None:
        """A step that may last, as long as this is said of it again and again; `rests` ends it."""
        self.step, self.step_since, self.step_seconds = step, time.monotonic(), None

    def rests(self) -> None:
        """Nothing is being done: the start, or what went on, is over."""
        self.step = ""

    def moved(self) -> None:
        """Something that waited was handled, restored or found to be read to its end."""
        self.moved_at = time.monotonic()

    def found_lag(self, messages: int, behind: Mapping[OnBroker, int]) -> None:
        """What waits now: how many messages, and up to where each partition that they are in is handled.

        The clock of waiting begins anew where all of that has moved since it began, however little: beats on their way
        wait too whenever one looks, but never the same ones.
        """
        self.lag = messages
        self._standing = {place: at for place, at in self._standing.items() if behind.get(place) == at}
        if not self._standing:
            self._standing = dict(behind)
            self.moved()

    def stop(self) -> None:
        """The worker was told to end."""
        self.stopping_since = self.stopping_since or time.monotonic()
        self.blockers["stopping"] = "told to stop"

    def reasons(self) -> dict[str, str]:
        """Why the worker does not take part now, by what is to blame; empty means ready. May be asked in any thread."""
        reasons, step, seconds = dict(self.blockers), self.step, time.monotonic() - self.step_since
        if self.asks_broker and step and seconds > ANSWER_SECONDS:
            reasons.setdefault("broker", f"it has not answered for {seconds:.0f} s ({step})")
        return reasons

    def seconds_without(self) -> float:
        """For how long a step lasts or work waits; 0 where nothing is to be done."""
        now = time.monotonic()
        if self.step:
            return now - self.step_since
        return now - self.moved_at if self.lag > 0 else 0.0

    def stuck(self, *, patience: float, stop_seconds: float) -> str | None:
        """Why this is no progress any more, or None."""
        now = time.monotonic()
        if self.stopping_since is not None and now - self.stopping_since > stop_seconds:
            return f"told to stop {stop_seconds:.0f} s ago and still busy with: {self.step or 'waiting'}"
        allowed = self.step_seconds or patience
        if self.step and now - self.step_since > allowed:
            return f"for {allowed:.0f} s busy with: {self.step}"
        if self.lag > 0 and not self.step and now - self.moved_at > patience:
            return f"{self.lag} messages wait and none was handled for {patience:.0f} s"
        return None


def watch(
    progress: Progress, *, patience: float, stop_seconds: float, end: Callable[[int], object] = leave
) -> threading.Event:
    """Starts the watch, which ends the process when there is no progress. Set the event to end the watch."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(1.0):
            reason = progress.stuck(patience=patience, stop_seconds=stop_seconds)
            if reason:
                _log.error("stuck: %s", reason)
                end(UnsureError.code)
                return

    threading.Thread(target=look, name="watch", daemon=True).start()
    return over
