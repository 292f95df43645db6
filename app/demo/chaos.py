"""`kill -9` for the worker in the middle of its work, some times in a day."""

from typing import Final

from app.demo.own_worker import OwnWorker

STRIKES_AT: Final = (0.2, 0.45, 0.7)
"""At these shares of the day's messages."""
SLACK: Final = 0.1
"""A strike comes at most this share of the day later, so that it finds more work in flight."""


class Chaos:
    """Strikes only while work is in flight and after the worker has got something done since it was started.

    `in_flight` is, for each strike, how many messages the worker had not finished when it died.
    """

    def __init__(self, worker: OwnWorker, events: int) -> None:
        """`events`: how many messages the day has."""
        self._worker = worker
        self._due = [max(1, int(events * share)) for share in STRIKES_AT]
        self._slack = max(1, int(events * SLACK))
        self.in_flight: list[int] = []

    @property
    def left(self) -> int:
        """Strikes that are still to come."""
        return len(self._due)

    def limit(self, sent: int, waiting: int) -> int | None:
        """How many messages more may be sent, so that a small day is not over before it is struck; None: any number.

        Where the worker has nothing left to do there must be more: it is struck at work.
        """
        if not self._due:
            return None
        return max(0, self._due[0] + self._slack - sent) if waiting else self._slack

    def strike(self, sent: int, waiting: int, *, at_work: bool) -> bool:
        """Kills the worker if the time has come. `waiting`: messages that it has not finished."""
        if not self._due or sent < self._due[0] or not waiting or not at_work:
            return False
        if 2 * waiting < self._slack and sent < self._due[0] + self._slack:
            return False
        self._due.pop(0)
        self._worker.kill()
        self.in_flight.append(waiting)
        return True
