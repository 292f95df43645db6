"""The pump: rounds from Kafka to the agents and back, each of them one transaction.

    take      what the partitions gave in one commit interval
    handle    due timers fire, the batches go to their agents, what was changed is encoded
    commit    outputs, changelog and offsets, all or nothing
    apply     only then the stores are told

Between rounds no transaction is open and nothing is half done, so rebalances and the order to stop are served there.
One thread owns the consumer and the producer. A round that aborts is dropped and read again; a pump that is unsure
raises, and the process ends.
"""

import asyncio
import gc
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event
from typing import NamedTuple, TypeVar

from mode import Service

from app import metrics as m
from app.metrics import Metrics
from app.runtime import clients, preflight
from app.runtime.account import account
from app.runtime.claim import Claim, hear
from app.runtime.commits import commits_for
from app.runtime.exits import UnsafeError
from app.runtime.faults import RoundAbortedError
from app.runtime.global_topics import GlobalTopics, Learn
from app.runtime.heartbeat import Heartbeat
from app.runtime.limits import DeadLetterCount
from app.runtime.partition_counts import PartitionCounts
from app.runtime.partitions import Partitions
from app.runtime.positions import Taken
from app.runtime.round import Rerun, Staging, TooManyFailuresError
from app.runtime.shell import SERVICES, App, hand, register
from app.runtime.stores import Stores
from app.runtime.topology import Topology
from topics.catalogue import Topic

R = TypeVar("R")
_COLLECT_SECONDS = 1.0
_log = logging.getLogger(__name__)


class Parts(NamedTuple):
    """What the composition root brings: see `run_worker`."""

    topology: Topology
    globals_: Mapping[str, Learn]
    catalogue: Sequence[Topic]
    on_ready: Callable[[], None]
    observe: Callable[[Metrics], None]


class Pump(Service):
    """A service of the Faust application. `outcome` is done when the pump has ended: in order, or with the reason."""

    logger = SERVICES

    def __init__(
        self,
        faust_app: App,
        claimed: Claim,
        parts: Parts,
        metrics: Metrics,
    ) -> None:
        super().__init__()
        config = claimed.config
        self.outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._channels = {agent.topic: register(faust_app, agent) for agent in parts.topology.agents}
        self._parts = parts
        self._claimed = claimed
        self._config = config
        self._progress = claimed.progress
        self._metrics = metrics
        self._kafka = ThreadPoolExecutor(1, "kafka")
        self._stopping = Event()
        self._staging = Staging(parts.topology, version=config.version, cache_rows=config.limits.cache_rows)
        self._heartbeat = Heartbeat(parts.topology.heartbeats, config.heartbeat_s, metrics)
        self._globals = GlobalTopics(config, parts.globals_)
        self._refusals: dict[tuple[str, int], DeadLetterCount] = {}
        self._broker_asked_at = 0.0
        self._collected_at = 0.0

    def stop_soon(self) -> None:
        """The order to end: the round at hand is finished and committed first."""
        self._progress.stop()
        self._stopping.set()

    @Service.task
    async def _pump(self) -> None:
        try:
            await self._run()
        except Exception as error:  # noqa: BLE001  whoever waits for the outcome raises it
            self.outcome.set_exception(error)
        else:
            self.outcome.set_result(None)

    async def _run(self) -> None:
        await self._call(self._look_first)
        if self._stopping.is_set():
            return
        await self._call(self._connect)
        self._progress.blockers.pop("start", None)
        self._progress.rests()
        while not self._stopping.is_set():
            self._globals.follow()
            taken = await self._call(self._partitions.take)
            self._heartbeat.follow(self._partitions.numbers(self._heartbeat.topic))
            for round_ in taken or self._by_the_clock():
                if not await self._round(round_) or self._stopping.is_set():
                    break
            self._collect()
            await self._call(self._look_for_broker)
        await self._call(self._disconnect)

    # The round

    async def _round(self, taken: Taken) -> bool:
        """One round; False where it was aborted and is to be read again."""
        started = time.perf_counter()
        with self._progress.doing(_described(taken)):
            fired = await self._handle(taken)
            refusals = self._hold_to_limit(taken)
        handled = time.perf_counter()
        staging, metrics = self._staging, self._metrics
        if taken.offsets or staging.outputs or staging.changes:
            with self._progress.doing("committing a round", within=self._config.commit_seconds, asks_broker=True):
                try:
                    positions = await self._call(partial(self._commit, taken))
                except RoundAbortedError as reason:
                    _log.warning("a round was aborted and is read again: %s", reason)
                    metrics.add(m.ROUNDS, 1, "aborted")
                    staging.drop()
                    await self._call(self._partitions.rewind)
                    return False
            account(metrics, taken, staging, fired, handled - started, time.perf_counter() - handled)
            self._heartbeat.committed(taken.batches)
            self._parts.observe(metrics)
            staging.commit(positions)
            self._partitions.handled(taken.offsets)
        else:
            staging.commit()
        self._refusals.update(refusals)
        if self._heartbeat.beside(taken.batches):
            self._progress.moved()
        return True

    async def _handle(self, taken: Taken) -> int:
        while True:
            try:
                fired = self._fire()
                for batch in taken.batches:
                    await hand(self._channels[batch.topic], batch, self._staging)
                self._staging.encode()
            except Rerun:
                self._metrics.add(m.HANDLER_FAILURES)
            except TooManyFailuresError as error:
                hint = "This build is broken for what comes in: deploy one that works; nothing was acknowledged"
                raise UnsafeError(str(error), hint) from error
            else:
                return fired

    def _fire(self) -> int:
        if not self._partitions.caught_up:
            return 0
        self._heartbeat.beat(self._staging)
        return self._staging.fire(int(time.time() * 1000), limit=self._config.limits.timers_per_round)

    def _hold_to_limit(self, taken: Taken) -> dict[tuple[str, int], DeadLetterCount]:
        """Raises UnsafeError, before anything is committed, where too much becomes dead letters.

        Returns the counts as they are once the round is committed.
        """
        counts: dict[tuple[str, int], DeadLetterCount] = {}
        refused: dict[tuple[str, int], set[int]] = {}
        for topic, partition, offset in self._staging.refused:
            refused.setdefault((topic, partition), set()).add(offset)
        for batch in taken.batches:
            place = (batch.topic, batch.partition)
            offsets = refused.get(place, set())
            places = [at for at, message in enumerate(batch.messages) if message.offset in offsets] if offsets else []
            known = counts.get(place) or self._refusals.get(place) or DeadLetterCount(self._config.dead_letters)
            count = counts[place] = known.copy()
            if reason := count.add(len(batch.messages), places):
                hint = "Look at `dead-letters` for the codes; what was not acknowledged stays in the topic"
                raise UnsafeError(f"{batch.topic}/{batch.partition}: {reason}", hint)
        return counts

    def _commit(self, taken: Taken) -> Mapping[tuple[str, int], int]:
        self._commits.begin()
        return self._commits.commit(self._staging.outputs, self._staging.changes, self._counts.noted(taken.offsets))

    def _by_the_clock(self) -> list[Taken]:
        """A round without messages, where a timer or the heartbeat is due."""
        if not self._partitions.caught_up:
            return []
        due = self._staging.next_due()
        is_due = due is not None and due <= time.time() * 1000
        return [self._partitions.standing()] if is_due or self._heartbeat.is_due() else []

    # Around the rounds

    def _look_first(self) -> None:
        preflight.check(self._config, self._parts.topology, self._parts.catalogue, stop=self._stopping)
        self._globals.read_whole(self._stopping)

    def _connect(self) -> None:
        config, topology = self._config, self._parts.topology
        consumer = clients.group_consumer(config, partial(hear, progress=self._progress))
        self._commits = commits_for(config, self._claimed.producer, consumer)
        self._claimed.fenced.result()
        self._counts = PartitionCounts(config, [config.topic(agent.topic) for agent in topology.agents])
        self._counts.look(patience=config.limits.patience)
        preflight.refuse_old_topics(config, topology, self._parts.catalogue, consumer)
        self._partitions = Partitions(
            config,
            topology,
            consumer=consumer,
            counts=self._counts,
            staging=self._staging,
            stores=Stores(config),
            progress=self._progress,
            metrics=self._metrics,
            on_restored=self._ready,
        )
        self._partitions.subscribe()

    def _disconnect(self) -> None:
        with self._progress.doing("leaving"):
            self._partitions.close()
            self._globals.close()

    def _ready(self) -> None:
        """What is loaded by now stays, and is not looked at again."""
        gc.freeze()
        self._parts.on_ready()

    def _collect(self) -> None:
        """Collects between rounds rather than inside them."""
        gc.disable()
        if time.monotonic() - self._collected_at > _COLLECT_SECONDS:
            gc.collect(1)
            self._collected_at = time.monotonic()

    def _look_for_broker(self) -> None:
        """While the clients say that no broker answers: asks whether one does again."""
        if "broker" not in self._progress.blockers or time.monotonic() - self._broker_asked_at < 1:
            return
        self._broker_asked_at = time.monotonic()
        if preflight.answers(self._claimed.producer, seconds=0.5):
            _log.warning("a broker answers again")
            self._progress.blockers.pop("broker", None)

    async def _call(self, function: Callable[[], R]) -> R:
        """Runs in the thread that owns the clients."""
        return await asyncio.get_running_loop().run_in_executor(self._kafka, function)


def _described(taken: Taken) -> str:
    return "handling " + (", ".join(f"{batch.topic}/{batch.partition}" for batch in taken.batches) or "timers")
