"""The follower: what Kafka says of each case is taken over into Redis, for as long as it runs.

Redis may be away at the start, go away, be slow, be full or be emptied: the follower says so once, waits, looks where
the data stands, and reads on from there. Nothing is kept in memory meanwhile. What Kafka does not forgive is raised.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Final, Protocol

import structlog
from redis import RedisError

from app.metrics import (
    READ_SIDE_BEGINNINGS,
    READ_SIDE_CASES,
    READ_SIDE_COMPLETE,
    READ_SIDE_FAILURES,
    READ_SIDE_UNREADABLE,
    Metrics,
)
from app.readside.answering import STALE_S
from app.readside.document import read
from app.readside.writing import Change, MovedError, Position, Writer

_log = structlog.get_logger(__name__)

RECORDS_MAX: Final = 200
"""Of one write. A snapshot has up to 900 KiB, and all of them are in memory at once."""
READ_S: Final = 0.2
CONFIRM_S: Final = 1.0
"""So often it is said that nothing new was there; it also shows whether Redis still has what it was given."""
STAND_BY_S: Final = 1.0
"""Where another follower writes, one looks so often whether it still does."""
BACKOFF_S: Final = (0.2, 0.5, 1.0, 2.0, 5.0)
NOT_READ_YET: Final = "snapshots are not read to their end yet"
STANDS_BY: Final = "another follower writes the read side; this one stands by, and takes over when that one ends"


class Said(Protocol):
    """One committed record; `value` None: the case is erased."""

    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...


class Log(Protocol):
    """The topic of snapshots; see `app.runtime.tail`."""

    def topic_id(self) -> str: ...
    def ranges(self) -> Mapping[int, tuple[int, int]]: ...
    def seek(self, position: Mapping[int, int]) -> None: ...
    def read(self, records_max: int, seconds: float, /) -> Sequence[Said]: ...
    @property
    def complete_at(self) -> float | None: ...


def _nothing(*_: object) -> None:
    pass


@dataclass
class Watchers:
    """Who is told. `blockers`: why the read side is not up to date, by what is to blame; empty when it is.

    `progress(done, all)`: after each write, how many offsets of those that were there at the start.
    """

    metrics: Metrics = field(default_factory=Metrics)
    blockers: dict[str, str] = field(default_factory=dict)
    progress: Callable[[int, int], None] = _nothing


class Follower:
    """One reader of snapshots, one writer of Redis. Several may run: one writes, the others stand by."""

    def __init__(self, log: Log, writer: Writer, watchers: Watchers | None = None) -> None:
        self._log, self._writer, self._told = log, writer, watchers or Watchers()
        self._at: Position = {}
        self._ranges: Mapping[int, tuple[int, int]] = {}
        self._failures = 0
        self._stands_by = self._stood_by = False
        self._waited_since_confirmed = CONFIRM_S

    def run(self, stop: Event, *, until_complete: bool = False) -> None:
        """Follows until `stop` is set or, with `until_complete`, until the read side is up to date.

        With `until_complete` a Redis that is away is raised as RedisError; otherwise it is waited for.
        """
        while not stop.is_set():
            try:
                self._take_up()
                while not stop.is_set():
                    self._turn()
                    if until_complete and "reading" not in self._told.blockers:
                        return
            except MovedError:
                self._stand_by(stop)
            except RedisError as error:
                if until_complete:
                    raise
                self._wait_for_redis(error, stop)

    def _take_up(self) -> None:
        """Finds out where the data stands; begins anew where there is none, or where it is that of another topic."""
        self._told.blockers["reading"] = STANDS_BY if self._stands_by else NOT_READ_YET
        self._ranges, topic_id = self._log.ranges(), self._log.topic_id()
        stands = self._writer.position()
        if stands is None or not _fits(stands, self._ranges) or self._writer.topic_id() != topic_id:
            _log.info("read_side_begins", reason="it is empty" if stands is None else "the topic is another one")
            if stands is not None:
                self._writer.forget()
            stands = {partition: first for partition, (first, _) in self._ranges.items()}
            self._writer.begin(stands, topic_id)
            self._told.metrics.add(READ_SIDE_BEGINNINGS)
        self._at = stands
        self._log.seek(stands)

    def _turn(self) -> None:
        said = self._log.read(RECORDS_MAX, READ_S)
        self._waited_since_confirmed += READ_S
        if not said and self._waited_since_confirmed < CONFIRM_S:
            return
        # where it was looked up and read again, what came before is here already
        news = [record for record in said if record.offset >= self._at[record.partition]]
        reached = self._at | {record.partition: record.offset + 1 for record in news}
        complete_at = self._log.complete_at
        written = self._writer.write(self._at, self._changes(news), reached, caught_up_at=complete_at)
        self._at, self._waited_since_confirmed = reached, 0.0
        self._tell(written, complete_at)

    def _changes(self, news: Sequence[Said]) -> dict[str, Change]:
        """The newest snapshot of each case among these; of two with the same version the later."""
        changes: dict[str, Change] = {}
        for record in news:
            try:
                case_id = (record.key or b"").decode()
                document = None if record.value is None else read(record.value)
            except ValueError:
                # no snapshot of ours: it has no case, and reading must not end for it
                self._told.metrics.add(READ_SIDE_UNREADABLE)
                continue
            before = changes.get(case_id)
            if before is None or not _older(document, before):
                changes[case_id] = Change(record.value, document)
        return changes

    def _tell(self, written: int, complete_at: float | None) -> None:
        told = self._told
        if self._failures:
            self._failures = 0
            told.blockers.pop("redis", None)
            _log.info("redis_is_back")
        if self._stands_by:  # what is written is written by us
            self._stands_by = False
            told.blockers["reading"] = NOT_READ_YET
        told.metrics.add(READ_SIDE_CASES, written)
        whole = sum(end - first for first, end in self._ranges.values())
        left = sum(max(0, end - self._at[partition]) for partition, (_, end) in self._ranges.items())
        if complete_at is not None:
            told.metrics.set(READ_SIDE_COMPLETE, complete_at)
            left = 0  # what is left are the markers of transactions
            age = time.time() - complete_at
            if age > STALE_S:
                told.blockers["reading"] = f"snapshots were read to their end {age:.0f} s ago; does Kafka answer?"
            else:
                told.blockers.pop("reading", None)
        told.progress(whole - left, whole)

    def _stand_by(self, stop: Event) -> None:
        """Emptied: at once. Moved on: another follower is at work, and gets the time to show that it still is."""
        try:
            stands = self._writer.position()
        except RedisError:
            return  # the next step meets the same, and tells it
        # one that stands behind was set back with its Redis; one of the same place was confirmed by another
        self._stands_by = stands is not None and all(stands.get(number, -1) >= at for number, at in self._at.items())
        if self._stands_by:
            self._told.blockers["reading"] = STANDS_BY
            if not self._stood_by:  # two that are equally fast change places with every other record
                self._stood_by = True
                _log.info("read_side_stands_by", reason=STANDS_BY)
        if stands is not None:
            stop.wait(STAND_BY_S)

    def _wait_for_redis(self, error: RedisError, stop: Event) -> None:
        self._told.metrics.add(READ_SIDE_FAILURES)
        if not self._failures:
            reason = f"{type(error).__name__}: {error}"
            self._told.blockers["redis"] = reason
            _log.warning("redis_is_away", reason=reason, meanwhile="the read side stands still; it goes on by itself")
        stop.wait(BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)])
        self._failures += 1


def _fits(position: Position, ranges: Mapping[int, tuple[int, int]]) -> bool:
    return position.keys() == ranges.keys() and all(
        first <= position[partition] <= end for partition, (first, end) in ranges.items()
    )


def _older(document: object, before: Change) -> bool:
    version, known = getattr(document, "version", None), before.document
    return version is not None and known is not None and version < known.version
