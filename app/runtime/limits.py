"""When a worker stops rather than turn a whole topic into dead letters."""

from collections import deque
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class DeadLetterLimit:
    """How many messages of one partition may be refused before that is no longer their fault.

    One bad message is its producer's mistake and must not stop the others. A flood of them is a broken deployment
    (a publisher's new format, a wrong key of ours): every message drained into `dead-letters` is one that somebody
    must redrive by hand, while a worker that stops keeps them all where they are. So both a long run and a high share
    stop it. `run`: refused one after the other. `ratio`: share of the last `window` messages, asked only when that
    many were seen, because the first message of a quiet topic may well be bad.
    """

    run: int = 1000
    ratio: float = 0.5
    window: int = 5000

    def __post_init__(self) -> None:
        assert self.run > 0
        assert 0 < self.ratio <= 1
        assert self.window > 0


@dataclass
class DeadLetterCount:
    """What one partition refused lately, held against a limit."""

    limit: DeadLetterLimit
    run: int = 0
    _seen: int = 0
    _refused: int = 0
    _batches: deque[tuple[int, int]] = field(default_factory=deque)

    def add(self, total: int, refused: list[int]) -> str | None:
        """Counts a batch of `total` messages of which those at the places `refused` (ascending) were refused.

        Returns why the worker must stop, or None.
        """
        longest = self._count_run(total, refused)
        self._batches.append((total, len(refused)))
        self._seen += total
        self._refused += len(refused)
        while self._batches and self._seen - self._batches[0][0] >= self.limit.window:
            old_total, old_refused = self._batches.popleft()
            self._seen -= old_total
            self._refused -= old_refused
        if longest >= self.limit.run:
            return f"{longest} messages one after the other became dead letters (limit {self.limit.run})"
        if self._seen >= self.limit.window and self._refused >= self.limit.ratio * self._seen:
            share = f"{self._refused} of the last {self._seen} messages"
            return f"{share} became dead letters (limit {self.limit.ratio:.0%})"
        return None

    def copy(self) -> "DeadLetterCount":
        """A count of its own that starts where this one stands: a round that is aborted counts for nothing."""
        return replace(self, _batches=self._batches.copy())

    def _count_run(self, total: int, refused: list[int]) -> int:
        longest, expected = self.run, 0
        for place in refused:
            self.run = self.run + 1 if place == expected else 1
            expected = place + 1
            longest = max(longest, self.run)
        if expected != total:
            self.run = 0
        return longest
