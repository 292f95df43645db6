"""How fast messages are finished: lately, and over the whole run."""

from collections import deque
from typing import NamedTuple

LATELY_S = 3.0


class _Look(NamedTuple):
    at: float
    finished: int


class Pace:
    """Is told now and then how many messages are finished. Times are seconds on one clock."""

    def __init__(self) -> None:
        """Nothing is finished yet."""
        self._lately: deque[_Look] = deque()
        self._first: _Look | None = None
        self._last: _Look | None = None

    def look(self, at: float, finished: int) -> bool:
        """Takes a look; whether more is finished than at the last one."""
        look = _Look(at, finished)
        moved = finished > (self._last.finished if self._last else 0)
        if moved:
            self._first, self._last = self._first or look, look
        self._lately.append(look)
        while len(self._lately) > 2 and at - self._lately[1].at > LATELY_S:
            self._lately.popleft()
        return moved

    @property
    def lately(self) -> float:
        """Messages per second in the last seconds."""
        return _rate(self._lately[0], self._lately[-1]) if self._lately else 0.0

    @property
    def overall(self) -> float:
        """Messages per second from the first that was finished to the last; 0 where all were finished at once."""
        return _rate(self._first, self._last) if self._first and self._last else 0.0


def _rate(first: _Look, last: _Look) -> float:
    return max(0, last.finished - first.finished) / (last.at - first.at) if last.at > first.at else 0.0
