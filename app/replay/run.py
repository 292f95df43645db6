"""The composition root of a replay: a worker's agents over the log in memory, with the time of the input.

Laws
 1. There is one clock: the highest `timestamp`, else `occurred_at`, of the lines so far. A line that gives no timestamp
    and cannot be read does not move it. Timers that are due fire before the line that passes them.
 2. Everything said to the outside is handed out in the order in which it was said; of `case-snapshots` only the last
    per key, at the end, in the order of the keys.
"""

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from types import MappingProxyType
from typing import Any

from agents import Desk, assemble
from agents.casework import TABLE, snapshot_of
from agents.desk import milliseconds
from agents.shadowing import Shadow
from app.domain.policy import Policies
from app.domain.rates import Rates
from app.domain.records import Record
from app.policies import load
from app.replay.files import read_texts
from app.replay.lines import Line, NoLine, read_lines
from app.replay.rates import read_rates
from app.replay.spilling import SpillingStore
from app.replay.summary import Summary
from app.runtime.log import MemoryLog
from app.runtime.topology import Message, Output
from app.settings import Settings
from topics.catalogue import OUTBOUND, SNAPSHOTS
from topics.codec import Received, read

HASH_KEY = "refundry-replay-hash-key"
"""The key of a replay that is given none: two replays of the same lines say the same bytes."""

Rows = Mapping[str, Mapping[bytes, bytes]]
"""By table and key what is stored there, as stores and changelogs have it."""

_COLLECT_AFTER = (50_000, 20, 50)
_PASSED_MAX = 1_024
"""Lines that are passed over before the clock is brought up to them; they wait in memory."""


def desk_of_a_replay(
    settings: Settings, *, policies: Path | None = None, fx: str | None = None, shadow: Path | None = None
) -> Desk:
    """What the agents share in a replay. `policies` is a directory, else the settings name one; `fx` a file of rates;
    `shadow` a directory of policies to be tried beside.

    Raises PoliciesRefusedError, RatesRefusedError and UnreadableFileError.
    """
    folder = policies or settings.policy_dir
    return Desk(
        secret=(settings.hash_key.get_secret_value() if settings.hash_key else HASH_KEY).encode(),
        policies=load(folder) if folder else Policies(),
        rates=read_rates(fx) if fx else Rates(),
        act_from=settings.act_from,
        retention_days=settings.case_retention_days,
        shadow=Shadow(load(shadow)) if shadow else None,
    )


def replay_files(
    files: Sequence[str],
    desk: Desk,
    said: Callable[[Output], None],
    *,
    until: datetime | None,
    summary: Summary,
    on_no_line: Callable[[NoLine], None],
    progress: Callable[[int], None],
    ended: "Callable[[Replay], None]" = lambda _: None,
) -> None:
    """Replays files (`-` is standard input). `said` gets all that is published, `summary` is counted up.

    `on_no_line` is told of lines that are no messages, `progress` how many bytes more were read. `ended` may look at
    the state at the end, before it goes.
    """

    def count(line: NoLine) -> None:
        summary.no_lines += 1
        on_no_line(line)

    def said_and_counted(output: Output) -> None:
        summary.count(output)
        said(output)

    began, cpu_began = perf_counter(), process_time()
    with TemporaryDirectory(prefix="refundry-replay-") as scratch, rarely_collected():
        replay = Replay(desk, sink=said_and_counted, scratch=Path(scratch))
        try:
            summary.lines += replay.feed(read_lines(read_texts(files, progress)), count)
            replay.finish(until)
            ended(replay)
        finally:
            replay.close()
    summary.seconds += perf_counter() - began
    summary.cpu_seconds += process_time() - cpu_began


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Cycles are looked for less often: rows hold none, and looking at all of them took a quarter of the time."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


class Replay:
    """Decides messages one after the other.

    `scratch` is an empty directory for state that does not fit into memory; `sink` gets everything that is said to the
    outside, in order. The desk's policies and rates must be complete. `unsaid`: what of it is not wanted. `rows`: what
    the tables hold at the beginning.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        sink: Callable[[Output], None],
        scratch: Path,
        unsaid: tuple[type[Record], ...] = (),
        rows: Rows = MappingProxyType({}),
    ) -> None:
        self._desk = desk
        self._sink = sink
        self._passed: list[tuple[int, Line]] = []
        said = frozenset(OUTBOUND) - {SNAPSHOTS}

        def pass_on(output: Output) -> None:
            if output.topic in said:
                sink(output)

        def store_of(table: str) -> SpillingStore:
            store, stored = SpillingStore(scratch / table), rows.get(table, {})
            store.apply(stored.items(), len(stored))
            return store

        self._log = MemoryLog(
            assemble(desk, snapshots=False, unsaid=unsaid),
            stores=store_of,
            sink=pass_on,
            version=version("refundry"),
        )

    def feed(self, lines: Iterable[Line | NoLine], on_no_line: Callable[[NoLine], None]) -> int:
        """Handles lines in order and returns how many there were; `on_no_line` is told of those that are none."""
        count = 0
        for line in lines:
            count += 1
            if isinstance(line, NoLine):
                on_no_line(line)
            else:
                self._handle(line)
        return count

    def pass_over(self, line: Line) -> None:
        """Moves the clock on as the line would, and hears nothing of it."""
        moment = (line.occurred_at or 0) if line.timestamp is None else line.timestamp
        if moment > self._log.clock:
            self._passed.append((moment, line))
            if len(self._passed) == _PASSED_MAX:
                self._catch_up()

    def move_on(self, clock: int) -> None:
        """Moves the clock on to a time that another replay of the same lines has reached."""
        self._log.advance(clock)

    @property
    def clock(self) -> int:
        """The time of the replay, in ms since the epoch."""
        self._catch_up()
        return self._log.clock

    @property
    def unsaid(self) -> list[Output]:
        """What was said since the last round was complete, internal messages too; another list in every round."""
        self._catch_up()
        return self._log.unsaid

    def settle(self, until: datetime | None = None) -> None:
        """Moves the clock on to `until`, and hands out whatever was said so far."""
        self._catch_up()
        if until is not None:
            self._log.advance(milliseconds(until))
        self._log.commit()

    def finish(self, until: datetime | None = None) -> None:
        """Moves the clock on to `until` and says the last snapshot of every case."""
        self.settle(until)
        for _, case in self._log.rows(TABLE):
            if case.version:
                self._sink(snapshot_of(case))

    def rows(self, table: str) -> Iterator[tuple[str, Any]]:
        """The rows of a table as they are now, by key."""
        self._catch_up()
        return self._log.rows(table)

    def close(self) -> None:
        """Lets go of the state."""
        self._log.close()

    def _catch_up(self) -> None:
        """Moves the clock to the latest moment of the lines that were passed over and can be read.

        A line that cannot be read moves no clock. Whether one can costs more than all else about it, and the latest
        that can answers for those before it: timers on the way fire when they are due, however far the clock moves.
        """
        if not self._passed:
            return
        passed, self._passed = self._passed, []
        for moment, line in sorted(passed, key=itemgetter(0), reverse=True):
            if line.timestamp is not None or self._received(line, moment):
                self._log.advance(moment)
                break

    def _handle(self, line: Line) -> None:
        self._catch_up()
        log = self._log
        if line.timestamp is not None:
            log.advance(line.timestamp)
            log.append(_message(line, line.timestamp))
        else:
            moment = line.occurred_at or 0
            if moment > log.clock and log.due_by(moment) and self._received(line, moment):
                log.advance(moment)
            # Nothing is due on the way, so the clock may as well move after the line has proved to be readable.
            taken = log.append(_message(line, max(moment, log.clock)))
            if moment > log.clock and (taken or self._received(line, moment)):
                log.advance(moment)

    def _received(self, line: Line, timestamp: int) -> Received | None:
        """The event of a line, None where it cannot be read."""
        received = read(
            line.topic, line.key, line.value, timestamp=timestamp, secret=self._desk.secret, headers=line.headers
        )
        return received if isinstance(received, Received) else None


def _message(line: Line, timestamp: int) -> Message:
    return Message(line.topic, 0, 0, timestamp, line.key, line.value, line.headers)
