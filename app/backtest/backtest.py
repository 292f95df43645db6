"""The same events under the old and the new policies: two worlds that hear the same, line by line.

A merchant for whom the same versions speak at every time in both books cannot come out otherwise, so its events are
passed over: a change for one merchant of many is tried at the speed of reading. Where the events can be read twice, so
are orders that no policy is asked about.
"""

from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time

import msgspec

from agents import Desk
from app.backtest.comparison import Comparison, compare
from app.backtest.disputes import Trial, try_disputes
from app.backtest.relevance import Relevant, named_in
from app.backtest.world import World
from app.domain.policy import Policies
from app.replay.lines import Line, NoLine
from app.replay.run import rarely_collected


class Report(msgspec.Struct):
    """What was compared, and what it cost.

    `disputes`: those that ended. `unaffected`: events of merchants for whom nothing changes; `undecided`: of orders
    that no policy was asked about; `passed_over`: answers of the provider to instructions that a world did not give.
    """

    comparison: Comparison
    disputes: list[Trial]
    events: int
    unaffected: int
    undecided: int
    no_lines: int
    passed_over: int
    cpu_seconds: float

    @property
    def events_per_cpu_second(self) -> int:
        """How fast it was: events of the input, each heard by both worlds."""
        return round(self.events / self.cpu_seconds) if self.cpu_seconds else 0


def backtest(
    lines: Iterable[Line | NoLine],
    *,
    old: Desk,
    new: Desk,
    relevant: Relevant | None = None,
    until: datetime | None = None,
    on_no_line: Callable[[NoLine], None],
) -> Report:
    """Decides the lines twice, and compares what came of every request and what was advised on every ended dispute.

    The desks differ in nothing but policies. `relevant` knows the same lines; None: all of them are decided.
    """
    events = no_lines = unaffected = undecided = 0
    affected = _Affected(old.policies, new.policies)
    began = process_time() - (relevant.cpu_seconds if relevant else 0)
    with TemporaryDirectory(prefix="refundry-backtest-") as scratch, rarely_collected():
        folders = [Path(scratch) / name for name in ("old", "new")]
        for folder in folders:
            folder.mkdir()
        with closing(World(old, scratch=folders[0])) as before, closing(World(new, scratch=folders[1])) as after:
            for line in lines:
                if isinstance(line, NoLine):
                    no_lines += 1
                    on_no_line(line)
                    continue
                events += 1
                named = named_in(line)
                if not affected(named.merchant_id):
                    unaffected += 1
                elif relevant is not None and not relevant(line, named):
                    undecided += 1
                    before.pass_over(line)
                else:
                    after.move_on(before.clock)
                    before.hear(line)
                    after.hear(line)
            after.move_on(before.clock)
            found = compare(before.finish(until), after.finish(until))
            disputes = try_disputes(before.disputed_cases(), after.disputed_cases())
            passed_over = before.passed_over + after.passed_over
    return Report(found, disputes, events, unaffected, undecided, no_lines, passed_over, process_time() - began)


class _Affected:
    """Whether messages of a merchant may come out otherwise: other versions speak for it, or it is not known."""

    def __init__(self, old: Policies, new: Policies) -> None:
        starts = {policy.effective_from for book in (old, new) for policy in book}
        self._times = [datetime.min.replace(tzinfo=UTC), *sorted(starts)]
        self._books = (old, new)
        self._known: dict[str, bool] = {}

    def __call__(self, merchant_id: str | None) -> bool:
        if merchant_id is None:
            return True
        if merchant_id not in self._known:
            old, new = ([book.speaking(merchant_id, at).digest for at in self._times] for book in self._books)
            self._known[merchant_id] = old != new
        return self._known[merchant_id]
