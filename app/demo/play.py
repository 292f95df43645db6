"""The turns of a run: publish, listen, look at what is not finished, strike, show; until nothing is left to do.

    shop, provider, staff ─► Publisher ─► broker ─► worker ─► broker ─► Listener ─► judge, screen, provider, staff

One thread takes all turns. The publisher is held back by what the worker has not finished, so the embedded broker never
drops what nobody has read.
"""

import time
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from app.demo import venue
from app.demo.backlog import Backlog
from app.demo.chaos import Chaos
from app.demo.failing import DemoFailedError
from app.demo.keeping import Keeper
from app.demo.listener import Listener
from app.demo.oracle import Judge, Position, Verdict, kafka_record
from app.demo.own_worker import OwnWorker
from app.demo.pace import Pace
from app.demo.provider import Provider
from app.demo.publisher import Publisher
from app.demo.read_side import Found, ReadSide
from app.demo.reviewer import verdict_on
from app.demo.scene import Scene
from app.demo.screen import Screen, in_words
from app.demo.shop import Message, day
from app.runtime.config import Mode, RuntimeConfig
from app.runtime.topology import Message as Said
from topics.catalogue import DEAD_LETTERS, DECISIONS, INBOUND, OUTBOUND, REFUND_INSTRUCTIONS, SNAPSHOTS
from topics.dead_letters import CODE

WINDOW_MAX, WINDOW_SHARE = 1000, 10
"""How many messages may wait for the worker: at most so many, and at most this part of the day."""
LISTEN_S, LOOK_EVERY_S = 0.03, 0.1
STALL_S = 90.0
"""So long nothing may move; a worker that starts, or restores its state after a kill, is back much sooner."""

_decode = msgspec.json.Decoder().decode


class Played(NamedTuple):
    """A run that is over. `in_flight`: for each kill of the worker, how many messages it had not finished."""

    verdict: Verdict
    scene: Scene
    in_flight: list[int]
    messages_per_second: float
    read_side: Found


class Play:
    """One day, from its first message to its verdict. `scene` is what a screen shows of it."""

    def __init__(
        self,
        config: RuntimeConfig,
        worker: OwnWorker,
        keeper: Keeper,
        read_side: ReadSide,
        *,
        events: int,
        seed: int,
        chaos: bool,
    ) -> None:
        """Connects; nothing is published before the first turn."""
        transactional = config.mode is Mode.TRANSACTIONAL
        consumed = {agent.topic for agent in venue.topology().agents}
        self._worker, self._keeper, self._read_side = worker, keeper, read_side
        self._judge = Judge(total_order=False, exactly_once=transactional)
        self._provider, self._known = Provider(), set[str]()
        start = datetime.now(UTC).replace(microsecond=0)
        self._publisher = Publisher(config, day(events, seed, start), self._taken)
        self._listener = Listener(config, (*OUTBOUND, *sorted(consumed.difference(INBOUND))))
        self._consumed, self._backlog = consumed, Backlog(config)
        self._chaos = Chaos(worker, events) if chaos else None
        self._window = min(WINDOW_MAX, max(20, events // WINDOW_SHARE))
        self._started = self._looked_at = self._moved_at = time.monotonic()
        self._pace, self._at_work, self._spoke = Pace(), False, False
        where = f"Kafka at {config.bootstrap_servers}, exactly once" if transactional else "embedded broker"
        self.scene = Scene(events, seed, where, worker.port, strikes=self._chaos.left if self._chaos else 0)

    def to_the_end(self, screen: Screen) -> Played:
        """Plays until nothing is left to do, and asks the judge. DemoFailedError where nothing moves any more."""
        while not self._turn(screen):
            if time.monotonic() - self._moved_at > STALL_S:
                reason = f"{self.scene.waiting} messages wait, and nothing moved for {STALL_S:.0f} s"
                raise DemoFailedError(reason, code=6, details=self._worker.last_words())
        screen.say(self.scene, "everything is said and read: the oracle judges")
        in_flight = self._chaos.in_flight if self._chaos else []
        return Played(self._judge.verdict(), self.scene, in_flight, self._pace.overall, self._read_side.found())

    def close(self) -> None:
        """Lets go of the broker."""
        for part in (self._publisher, self._listener, self._backlog):
            part.close()

    def _turn(self, screen: Screen) -> bool:
        """Everyone's turn; whether nothing is left to do."""
        self._tend(screen)
        self._publisher.publish(self._room())
        heard = self._listener.listen(LISTEN_S)
        for said in heard:
            self._hear(said, screen)
        self._strike(screen)
        finished = self._look() and not heard and self._publisher.over
        self._stage(screen)
        return finished and self._all_is_read()

    def _room(self) -> int:
        room = self._window - self.scene.waiting - self._publisher.in_hand
        if self._chaos:
            limit = self._chaos.limit(self._publisher.sent, self.scene.waiting + self._publisher.in_hand)
            room = room if limit is None else min(room, limit)
        return max(0, room)

    def _tend(self, screen: Screen) -> None:
        self._read_side.tend()
        if self._worker.tend():
            self._at_work = self._spoke = False
            if self._worker.kills:
                screen.say(self.scene, "the worker is started again")

    def _strike(self, screen: Screen) -> None:
        waiting, at_work = self.scene.waiting + self._publisher.in_hand, self._at_work and self._spoke
        if self._chaos and self._chaos.strike(self._publisher.sent, waiting, at_work=at_work):
            self.scene.kills = self._worker.kills
            self._read_side.kill()
            screen.say(self.scene, f"kill -9 of the worker, with {waiting:,} messages in flight")

    def _look(self) -> bool:
        """Asks what the worker has not finished; whether that is nothing."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_EVERY_S:
            return False
        self._looked_at = now
        known = {**self._publisher.ends, **self._listener.ends}
        waiting = self._backlog.look({place: end for place, end in known.items() if place[0] in self._consumed})
        if waiting is None:
            return False
        self.scene.waiting = sum(waiting.values())
        inbound = sum(count for topic, count in waiting.items() if topic in INBOUND)
        if self._pace.look(now, self._publisher.delivered - inbound):
            self._moved_at, self._at_work = now, True
        return not self.scene.waiting

    def _all_is_read(self) -> bool:
        """Asked last: what the worker said before it had finished everything stands in the topics by now."""
        ends = self._backlog.ends(self._listener.places)
        return ends is not None and self._listener.has_read_up_to(ends)

    # What was said and heard

    def _taken(self, position: Position, message: Message, timestamp: int) -> None:
        """The broker has a message of ours."""
        self._judge.hear(kafka_record(position, message.key, message.value, message.headers))
        self._keeper.heard(message, timestamp)

    def _hear(self, said: Said, screen: Screen) -> None:
        """A record of the worker's: for the judge as it is; for everybody else once, as its id says."""
        self._moved_at = time.monotonic()
        if said.topic not in OUTBOUND:
            return
        position = Position(said.topic, said.partition, said.offset)
        self._judge.see(kafka_record(position, said.key, said.value, said.headers))
        self._keeper.said(said)
        self._spoke = True
        tally = self.scene.tally
        tally.said[said.topic] += 1
        if said.topic == SNAPSHOTS:
            self._read_side.hear(said.key, said.value)
        elif said.topic == DEAD_LETTERS:
            tally.dead_letters[dict(said.headers).get(CODE, b"").decode()] += 1
        elif said.topic in (DECISIONS, REFUND_INSTRUCTIONS):
            body = _decode(said.value or b"")
            if body["id"] in self._known:
                return
            self._known.add(body["id"])
            if said.topic == REFUND_INSTRUCTIONS:
                self.scene.payment_id = body.get("payment_id") or self.scene.payment_id
                self._publisher.expect(self._provider.react(body))
            else:
                self._decided(body, screen)

    def _decided(self, body: dict[str, object], screen: Screen) -> None:
        words = self.scene.tally.decided(body)
        if self.scene.first_decision_s is None:
            self.scene.first_decision_s = self.scene.seconds
            self._read_side.begin()
            screen.say(self.scene, f"the first decision: {in_words(words).plain}")
        verdict = verdict_on(body)
        if verdict is not None:
            self._publisher.expect([verdict])

    def _stage(self, screen: Screen) -> None:
        scene, publisher = self.scene, self._publisher
        scene.sent, scene.answered, scene.rate = publisher.sent, publisher.answered, self._pace.lately
        scene.seconds = time.monotonic() - self._started
        scene.shop_time = f"{publisher.now:%H:%M}" if publisher.now else ""
        scene.worker = f"{self._worker.pid} at work" if self._at_work else f"starting for {self._worker.age:.0f} s"
        screen.refresh(scene)
