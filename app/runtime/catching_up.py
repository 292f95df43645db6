"""Has what was waiting been handled? Only then may a timer say that something did not come.

After a downtime a wait is due, and what ends it stands unread in a topic. So when partitions come to a worker, timers
are silent until it has handled all that they held. Handling writes into other topics that are read in turn (what comes
in becomes an entry of the journal, which may ask a history, which answers into the journal), so the ends are looked at
anew after each pass, as often as one fact may pass on.

Workers see their own partitions alone: what another worker still has to read and pass on is not waited for.
"""

from collections.abc import Callable, Mapping

from app.runtime.records import OnBroker

PASSES = 4


class CatchUp:
    """The passes that are still to do, for the partitions that are assigned."""

    def __init__(self) -> None:
        self._left = 0
        self._ends: Mapping[OnBroker, int] | None = None

    @property
    def done(self) -> bool:
        """Whether timers may fire."""
        return self._left == 0

    def begin(self) -> None:
        """Other partitions: all of it once more."""
        self._left, self._ends = PASSES, None

    def look(self, handled: Mapping[OnBroker, int], find_ends: Callable[[], Mapping[OnBroker, int] | None]) -> bool:
        """Looks whether a pass is over and, after each, where the partitions end now; returns whether all are.

        `handled`: the next offset of each partition, markers at its end included. `find_ends` asks the broker; None
        where it does not say, then the next look asks again.
        """
        while self._left:
            if self._ends is None:
                self._ends = find_ends()
            if self._ends is None or any(handled.get(place, 0) < end for place, end in self._ends.items()):
                return False
            self._left, self._ends = self._left - 1, None
        return True
