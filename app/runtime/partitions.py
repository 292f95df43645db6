"""The group's side of the pump: which partitions this worker has, how far each is, and what it reads of them.

Laws
 1. A partition is read only when the state beside it is restored; until then it is paused, and polling goes on.
 2. What was read across a rebalance is dropped, and read again from the next offset to be handled.
 3. Partitions that are lost, rather than revoked in order, may have another owner already: the process ends.
 4. Timers are silent until what the partitions held when they came has been handled (`caught_up`).

All of it runs in one thread, the callbacks too (inside `take`), and never while a round is being handled.
"""

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from confluent_kafka import Consumer, KafkaException, TopicPartition

from app.metrics import LAG, OLDEST_HELD, OPEN_TIMERS, PARTITIONS, RESTORE_SECONDS, STATE_BYTES, Metrics
from app.runtime import faults
from app.runtime.catching_up import CatchUp
from app.runtime.changelog import CancelledError, Restore
from app.runtime.config import RuntimeConfig
from app.runtime.exits import UnsureError
from app.runtime.extents import LATEST, extents_of
from app.runtime.pace import Pace
from app.runtime.partition_counts import PartitionCounts
from app.runtime.positions import Positions, Taken, begin_at
from app.runtime.progress import Progress
from app.runtime.records import OnBroker, named
from app.runtime.round import Staging
from app.runtime.seals import missing_seals
from app.runtime.stores import Stores
from app.runtime.topology import Topology

_log = logging.getLogger(__name__)
_LOOK_AT_LAG_SECONDS = _LOOK_AT_ENDS_SECONDS = 1.0


class Partitions:
    """Owns the consumer."""

    def __init__(
        self,
        config: RuntimeConfig,
        topology: Topology,
        *,
        consumer: Consumer,
        counts: PartitionCounts,
        staging: Staging,
        stores: Stores,
        progress: Progress,
        metrics: Metrics,
        on_restored: Callable[[], None],
    ) -> None:
        self._config = config
        self._topology = topology
        self._consumer = consumer
        self._counts = counts
        self._staging = staging
        self._stores = stores
        self._progress = progress
        self._metrics = metrics
        self._on_restored = on_restored
        self._names = {config.topic(agent.topic): agent.topic for agent in topology.agents}
        self._positions = Positions(self._names, round_bytes_max=config.limits.round_bytes_max)
        self._pace = Pace(interval=config.commit_interval_ms / 1000, most=config.limits.round_messages_max)
        self._begun: set[OnBroker] = set()
        self._catch_up = CatchUp()
        self._dropped = False
        self._generation = 0
        self._restore: Restore | None = None
        self._restoring: Future[float] | None = None
        self._restorer = ThreadPoolExecutor(1, "restore")
        self._failure: Exception | None = None
        self._lag_at = 0.0

    @property
    def caught_up(self) -> bool:
        """Whether timers may fire, by law 4."""
        return self._catch_up.done

    def numbers(self, topic: str | None) -> set[int]:
        """The partitions of a topic that this worker has."""
        return self._positions.numbers(topic)

    def subscribe(self) -> None:
        """Joins the group."""
        self._progress.blockers["assignment"] = "waiting for the group to assign partitions"
        self._consumer.subscribe(
            list(self._names),
            on_assign=self._caught(self._assigned),
            on_revoke=self._caught(self._revoked),
            on_lost=self._caught(self._lost),
        )

    def take(self) -> list[Taken]:
        """Reads until a commit interval after it last did. Several rounds where one would take too much memory."""
        if self._restoring is not None:
            return self._wait_for_restore(self._restoring)
        self._pace.over()
        generation = self._generation
        records = self._consumer.consume(self._pace.messages, self._pace.wait())
        self._pace.took(len(records))
        self._raise_failure()
        if generation != self._generation:
            if self._restoring is None:
                self.rewind()
            return []
        taken = self._positions.sort(records)
        self._look_at_lag()
        if not self.caught_up and self._catch_up.look(self._positions.passed(), self._find_ends):
            _log.info("what was waiting is handled: timers may fire")
        if not taken and (markers := self._positions.markers()):
            return [markers]
        return taken

    def handled(self, offsets: dict[OnBroker, int]) -> None:
        """A round with these offsets committed."""
        self._positions.handled(offsets)
        self._begun.update(offsets)

    def standing(self) -> Taken:
        """A round without messages, for what the clock asks for."""
        return self._positions.standing()

    def rewind(self) -> None:
        """Reads on from the next offset to be handled, in every partition."""
        for (topic, partition), offset in self._positions.next.items():
            place = TopicPartition(topic, partition, offset)
            faults.insist(partial(self._consumer.seek, place), what=f"going back in {topic}", patience=0)
        self._positions.rewind()

    def close(self) -> None:
        """Stops reading. A static member stays known until its session ends, so a quick restart disturbs nobody."""
        if self._restore is not None:
            self._restore.cancel.set()
        self._restorer.shutdown(wait=True)
        self._consumer.close()
        self._stores.close()

    def _look_at_lag(self) -> None:
        if time.monotonic() - self._lag_at < _LOOK_AT_LAG_SECONDS:
            return
        self._lag_at = time.monotonic()
        beats, lags = self._topology.heartbeats, self._positions.lags(self._end_of)
        for name, lag in lags.items():
            self._metrics.set(LAG, lag, name)
        behind = self._positions.behind(self._end_of, but=beats)
        self._progress.found_lag(sum(lag for name, lag in lags.items() if name != beats), behind)
        for spec in self._topology.tables:
            size, timers = self._stores.measured(spec.name)
            self._metrics.set(STATE_BYTES, size, spec.name)
            self._metrics.set(OPEN_TIMERS, timers, spec.name)
            if spec.held_since is not None:
                held = self._staging.held_since(spec.name)
                self._metrics.set_since(OLDEST_HELD, None if held is None else held / 1000, spec.name)

    def _end_of(self, place: OnBroker) -> int:
        return int(self._consumer.get_watermark_offsets(TopicPartition(*place), cached=True)[1])

    def _find_ends(self) -> dict[OnBroker, int] | None:
        """The ends in one request, since asking partition by partition would hold up the rounds."""
        latest = [TopicPartition(*place, LATEST) for place in self._positions.next]
        try:
            found = self._consumer.offsets_for_times(latest, _LOOK_AT_ENDS_SECONDS) if latest else []
        except KafkaException:
            return None
        known = all(not at.error and at.offset >= 0 for at in found)
        return {(at.topic, at.partition): at.offset for at in found} if known else None

    # What the group says

    def _caught(
        self, callback: Callable[[list[TopicPartition]], None]
    ) -> Callable[[object, list[TopicPartition]], None]:
        def call(_: object, partitions: list[TopicPartition]) -> None:
            self._generation += 1
            try:
                callback(partitions)
            except Exception as error:  # noqa: BLE001  raised again by `take`, which called us through the client
                self._failure = error

        return call

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _assigned(self, partitions: list[TopicPartition]) -> None:
        limits = self._config.limits
        # there may be partitions that were not there when this worker started
        self._counts.look(patience=limits.patience / 2)
        ask = partial(self._consumer.committed, partitions, limits.call_timeout)
        found = faults.insist(ask, what="where the group's offsets are", patience=limits.patience / 2)
        committed = {(at.topic, at.partition): at for at in found}
        reach = partial(extents_of, self._consumer, committed, timeout=limits.call_timeout)
        extents = faults.insist(reach, what="where the topics begin and end", patience=limits.patience / 2)
        offsets = {place: begin_at(at, extents[place]) for place, at in committed.items()}
        self._begun = {place for place, at in committed.items() if at.offset > 0}
        self._positions.assign(offsets)
        self._catch_up.begin()
        self._dropped = False
        positions = [TopicPartition(*place, offset) for place, offset in offsets.items()]
        self._consumer.assign(positions)
        for name in self._names.values():
            count = sum(1 for topic, _ in offsets if self._names[topic] == name)
            self._metrics.set(PARTITIONS, count, name)
        _log.info("assigned %d partitions: %s", len(positions), named(offsets))
        self._progress.blockers.pop("assignment", None)
        if positions:
            self._consumer.pause(positions)
            self._start_restore()

    def _revoked(self, partitions: list[TopicPartition]) -> None:
        _log.info("revoked %d partitions: %s", len(partitions), named((at.topic, at.partition) for at in partitions))
        if self._restore is not None:
            self._restore.cancel.set()
            self._await_cancelled()
        self._staging.forget_all()
        self._positions.assign({})
        self._consumer.unassign()
        self._progress.blockers["assignment"] = "waiting for the group to assign partitions"

    def _lost(self, partitions: list[TopicPartition]) -> None:
        raise UnsureError(f"{len(partitions)} partitions were lost: this worker was away too long")

    # State

    def _start_restore(self) -> None:
        places = {
            (spec.name, partition)
            for spec in self._topology.tables
            for topic, partition in self._positions.next
            if self._names[topic] in spec.beside
        }
        self._stores.keep_only(places)
        self._say("about to begin")
        self._restore = Restore(self._config, self._stores, sorted(places), self._metrics, self._say)
        self._restoring = self._restorer.submit(self._restore.run)

    def _wait_for_restore(self, restoring: Future[float]) -> list[Taken]:
        # all partitions are paused; the poll keeps the membership and serves rebalances
        for record in self._consumer.consume(1, 0.05):
            if (error := record.error()) is not None:
                self._positions.event(record, error)
            else:
                self._dropped = True
        self._raise_failure()
        if self._restoring is restoring and restoring.done():
            assert self._restore is not None, "a restore that runs is known"
            seconds = restoring.result()
            self._open(self._restore)
            self._metrics.observe(RESTORE_SECONDS, seconds)
            _log.info("restored %d partitions of tables in %.1f s", len(self._stores), seconds)
            self._consumer.resume([TopicPartition(*place) for place in self._positions.next])
            if self._dropped:
                self.rewind()
            self._restore_over()
            self._progress.moved()
            self._on_restored()
        return []

    def _open(self, restore: Restore) -> None:
        stores = restore.restored
        beside = {spec.name: {self._config.topic(name) for name in spec.beside} for spec in self._topology.tables}
        begun = {place for place in stores if any((topic, place[1]) in self._begun for topic in beside[place[0]])}
        seals = missing_seals(stores, secret_digest=self._config.secret_digest, tables=set(beside), begun=begun)
        for place, store in stores.items():
            self._staging.open(*place, store, founding=seals.get(place))

    def _await_cancelled(self) -> None:
        assert self._restoring is not None, "a restore that runs has a future"
        try:
            self._restoring.result()
        except CancelledError:
            _log.info("a restore was cancelled by a rebalance")
        self._restore_over()

    def _restore_over(self) -> None:
        self._restore = self._restoring = None
        self._progress.blockers.pop("restore", None)
        self._progress.rests()

    def _say(self, state: str) -> None:
        self._progress.blockers["restore"] = state
        self._progress.goes_on("restoring")
