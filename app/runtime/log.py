"""The log in memory: what replay and tests use instead of a broker. One partition per topic, one clock, no threads.

Laws
 1. A message is handled to its end before the next: what it causes on topics that have a listener is handled depth
    first, in the order in which it was said. Offsets are given in the order of handling.
 2. The clock never goes back. It moves when it is told to; timers that are due by then fire first, one after the
    other in the order of their due times (then of table and key), each at its own due time and with all that follows.
 3. Messages are worked off in rounds, so that a row is encoded once per round and not once per message. What a round
    says reaches the sink when it is complete. Where a handler fails, the whole round is done again with that message
    refused; clock, offsets and timers go back to the round's start for it, so the second time is like the first.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from app.runtime.due import DueTimes, WatchedRows
from app.runtime.round import Rerun, Staging
from app.runtime.store import Store, row_of
from app.runtime.topology import Batch, Message, Output, Topology

ROUND_MESSAGES_MAX = 2000
ROUND_BYTES_MAX = 32 << 20
CASCADE_MAX = 100_000
TIMERS_AT_ONCE_MAX = 10_000
_CAUSED = -1  # in place of an offset: said by a handler, not appended


class EndlessCascadeError(Exception):
    """One message, or one row's timers at one moment, caused more than anything real can: it never ends."""


class _Step(NamedTuple):
    """What the log was asked to do: move the clock to `until`, then take in a message if there is one."""

    until: int
    message: Message | None = None


class _Watching(Staging):
    """A staging whose tables tell the log when rows fall due."""

    _watched: dict[str, WatchedRows]

    def watch(self, due: DueTimes, tables: Iterable[str]) -> None:
        """Lets `due` know of what is put. The tables must be open, in the order of the stores of `due`."""
        rows = super().table
        self._watched = {name: due.watch(index, rows(name, 0)) for index, name in enumerate(tables)}

    def table(self, name: str, partition: int) -> Any:
        assert partition == 0, "the log has one partition per topic"
        return self._watched[name]


class MemoryLog:
    """Runs a topology over messages that are appended one by one.

    `stores` makes an empty store per table. `sink` is handed every output of a completed round in the order in which
    it was said, also those on topics that have a listener; `tap`, where given, the messages that those became, in the
    order in which they were handled. `version` is the product's, for dead letters; `cache_rows` bounds the live rows
    per table.
    """

    def __init__(
        self,
        topology: Topology,
        *,
        stores: Callable[[str], Store],
        sink: Callable[[Output], None],
        version: str,
        tap: Callable[[Message], None] | None = None,
        cache_rows: int = 5_000,
        round_messages_max: int = ROUND_MESSAGES_MAX,
    ) -> None:
        self.clock = 0
        self._sink = sink
        self._tap = tap
        self._round_messages_max = round_messages_max
        self._specs = topology.tables
        self._stores = {spec.name: stores(spec.name) for spec in topology.tables}
        self._staging = _Watching(topology, version=version, cache_rows=cache_rows)
        for name, store in self._stores.items():
            self._staging.open(name, 0, store)
        self._due = DueTimes(list(self._stores.values()))
        self._staging.watch(self._due, self._stores)
        self._heard = {agent.topic for agent in topology.agents}
        self._steps: list[_Step] = []
        self._handled = 0
        self._bytes = 0
        self._now = 0
        self._offsets: dict[str, int] = {}
        self._followed: list[Message] = []
        self._start = (0, dict(self._offsets))

    def listens(self, topic: str) -> bool:
        """Whether any agent takes messages of the topic."""
        return topic in self._heard

    def append(self, message: Message) -> bool:
        """Handles a message to its end; False where its own agent refused it.

        Its partition and offset are given by the log. Its timestamp does not move the clock, but what it causes is
        stamped with it where it is ahead of the clock. Raises EndlessCascadeError, and TooManyFailuresError of the
        round.
        """
        topic = message.topic
        assert topic in self._heard, f"nobody listens to {topic}"
        offset = self._offsets.get(topic, 0)
        refused_before = len(self._staging.refused)
        self._do(_Step(self.clock, message))
        refused = self._staging.refused
        taken = len(refused) == refused_before or (topic, 0, offset) not in refused
        if self._due.by(self.clock):
            self._do(_Step(self.clock))
        if self._full():
            self.commit()
        return taken

    def advance(self, until: int) -> None:
        """Moves the clock to `until` (ms since the epoch) unless it is past that, firing what falls due on the way."""
        if self._due.by(until):
            self._do(_Step(until))
        elif until > self.clock:
            self.clock = until

    def due_by(self, until: int) -> bool:
        """Whether a timer may fire on the way to `until`; False is certain."""
        return self._due.by(until)

    @property
    def unsaid(self) -> list[Output]:
        """What the round has said so far, for the sink to hear when it is complete; another list in every round."""
        return self._staging.outputs

    def commit(self) -> None:
        """Completes the round: state is in the stores, what was said is with the sink."""
        while True:
            try:
                self._complete()
            except Rerun:
                self._do_again()
            else:
                return

    def rows(self, table: str) -> Iterator[tuple[str, Any]]:
        """All rows of a table in the order of their keys, as decoded from the store."""
        self.commit()
        decode = next(spec.decode for spec in self._specs if spec.name == table)
        return ((key.decode(), decode(row_of(value))) for key, value in self._stores[table].scan())

    def close(self) -> None:
        """Lets go of the stores; the log is not used again."""
        for name in self._stores:
            self._staging.close(name, 0)

    # Below: how

    def _do(self, step: _Step) -> None:
        self._steps.append(step)
        try:
            self._perform(step)
        except Rerun:
            self._do_again()

    def _do_again(self) -> None:
        """Does the round's steps again from its start, as often as another message turns out to fail."""
        left, reached = deque(self._steps), self.clock
        self._rewind()
        while left:
            self._steps.append(left[0])
            try:
                self._perform(left[0])
                left.popleft()
            except Rerun:
                left.popleft()
                left.extendleft(reversed(self._steps))
                self._rewind()
        self.advance(reached)

    def _rewind(self) -> None:
        self.clock, self._offsets = self._start[0], dict(self._start[1])
        self._due.rewind()
        self._clear()

    def _clear(self) -> None:
        self._steps = []
        self._followed = []
        self._handled = 0
        self._bytes = 0

    def _full(self) -> bool:
        return self._handled >= self._round_messages_max or self._bytes >= ROUND_BYTES_MAX

    def _perform(self, step: _Step) -> None:
        if step.message is None or step.until > self.clock:
            self._fire(step.until)
        if step.message is not None:
            self._now = max(self.clock, step.message.timestamp)
            self._settle([step.message])

    def _fire(self, until: int) -> None:
        """Fires what is due by `until`; completes the round on the way where it is full or due times must be read."""
        at_once, before = 0, None
        while True:
            if self._full() or self._due.exhausted(until):
                self._complete(unfinished=self._steps[-1])
                self._due.reread()
            entry = self._due.pop(until)
            if entry is None:
                break
            due, table, key = entry
            self.clock = self._now = max(self.clock, due)
            at_once = at_once + 1 if (self.clock, key) == before else 0
            before = self.clock, key
            if at_once > TIMERS_AT_ONCE_MAX:
                raise EndlessCascadeError(f"timers of the table {self._specs[table].name}")
            self._handled += 1
            mark = len(self._staging.outputs)
            self._specs[table].expire(self._staging, 0, key, due, self._now)
            self._settle(self._heard_since(mark))
        self.clock = max(self.clock, until)

    def _settle(self, stack: list[Message]) -> None:
        """Handles the messages, the last one first, each with what follows from it."""
        staging, offsets = self._staging, self._offsets
        handled_before = self._handled
        while stack:
            said = stack.pop()
            topic = said.topic
            offset = offsets.get(topic, 0)
            offsets[topic] = offset + 1
            message = Message(topic, 0, offset, said.timestamp, said.key, said.value, said.headers)
            self._bytes += len(said.value or b"")
            if self._tap and said.offset == _CAUSED:
                self._followed.append(message)
            mark = len(staging.outputs)
            staging.handle(Batch(topic, 0, (message,)))
            if len(staging.outputs) != mark:
                stack += self._heard_since(mark)
            self._handled += 1
            if self._handled - handled_before > CASCADE_MAX:
                raise EndlessCascadeError(f"messages of the topic {topic}")

    def _heard_since(self, mark: int) -> list[Message]:
        """What was said since `mark` on topics that have a listener, the first one last."""
        heard = []
        for output in self._staging.outputs[mark:]:
            if output.topic in self._heard:
                heard.append(Message(output.topic, 0, _CAUSED, self._now, output.key, output.value, output.headers))
            self._bytes += len(output.value or b"")
        heard.reverse()
        return heard

    def _complete(self, unfinished: _Step | None = None) -> None:
        """Ends the round and begins the next one, with the step that is not finished yet. Raises Rerun."""
        staging = self._staging
        staging.encode()
        said, followed = staging.outputs, self._followed
        positions = {place: self._stores[place[0]].position + len(rows) for place, rows in staging.changes.items()}
        staging.commit(positions)
        self._due.committed()
        self._start = (self.clock, dict(self._offsets))
        self._clear()
        if unfinished:
            self._steps.append(unfinished)
        for output in said:
            self._sink(output)
        if self._tap:
            for message in followed:
                self._tap(message)
