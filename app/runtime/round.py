"""The round: what handlers do in one atomic step, staged until it commits.

Laws
 1. Outputs, rows and positions of a round become visible together, or the round is dropped and has done nothing.
 2. A row is encoded once per round, however often it is put.
 3. A handler that raises is blamed on the message at hand: the round is dropped and done again from its start, with
    that message refused as `handler_failed` instead of handled. A message is never blamed twice.
 4. A timer fires once per due time and process. After a restart it may fire again: what it causes must bear a repeat.

How it is driven, by whoever owns the input (the pump on Kafka, the log in memory):

    staging.run(batches, now=now)     # or step by step: fire, handle batch by batch, encode; all of it again on Rerun
    ...                               # make staging.outputs and staging.changes durable
    staging.commit(positions)         # or staging.drop()
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.runtime.dead_letters import dead_letter
from app.runtime.exits import UnsafeError, WorkerStopError
from app.runtime.rows import Cursor, Rows
from app.runtime.store import Change, Store, StoreBrokenError
from app.runtime.topology import Agent, Batch, Message, Output, Refusal, Topology
from topics.journal import UnknownTypeError

HANDLER_FAILED = Refusal(
    "handler_failed",
    "an error of ours while this message was handled; expected: none. It was not applied. Redrive it after the fix.",
)
OUTPUT_BYTES_MAX = 900 << 10
FAILURES_MAX = 100

_log = logging.getLogger(__name__)

TablePartition = tuple[str, int]
"""A table of the topology by its name, and the number of one of its partitions."""
_Position = tuple[str, int, int]


class Rerun(Exception):  # noqa: N818  not an error of the caller's: the round is to be done again
    """A handler failed; the round was dropped and its message marked. Do the same round again."""


class TooManyFailuresError(Exception):
    """One round met more failing messages than a round may: the code is broken, not the messages."""


class OutputTooLargeError(Exception):
    """A handler said something larger than consumers were promised."""


class Staging:
    """Implements `Round`, one after the other, for the partitions that are open.

    `version` is the product's, named in dead letters; `cache_rows` bounds the live rows kept per table and partition.
    """

    def __init__(self, topology: Topology, *, version: str, cache_rows: int = 20_000) -> None:
        self.outputs: list[Output] = []
        self.changes: dict[TablePartition, list[Change]] = {}
        self.refused: list[_Position] = []
        self._agents: dict[str, Agent] = {agent.topic: agent for agent in topology.agents}
        assert len(self._agents) == len(topology.agents), "one agent listens to one topic"
        self._specs = {spec.name: spec for spec in topology.tables}
        self._version = version
        self._cache_rows = cache_rows
        self._cursor = Cursor()
        self._rows: dict[TablePartition, Rows[Any]] = {}
        self._failed: set[_Position] = set()
        self._founding: dict[TablePartition, Change] = {}

    # What handlers call

    def at(self, message: Message) -> None:
        """Says which message is being handled."""
        self._cursor.message = message

    def table(self, name: str, partition: int) -> Rows[Any]:
        """A table in a partition that is open here; KeyError for any other, which is a mistake of the topology."""
        return self._rows[name, partition]

    def publish(self, output: Output) -> None:
        """Says something. OutputTooLargeError above what consumers were promised."""
        if output.value is not None and len(output.value) > OUTPUT_BYTES_MAX:
            raise OutputTooLargeError(f"{output.topic}: {len(output.value)} bytes, at most {OUTPUT_BYTES_MAX}")
        self.outputs.append(output)

    def refuse(self, message: Message, refusal: Refusal) -> None:
        """Makes `message` a dead letter of this round."""
        self.outputs.append(dead_letter(message, refusal, self._version))
        self.refused.append(_position(self._cursor.message or message))

    # What the owner of the input calls

    def open(self, table: str, partition: int, store: Store, *, founding: Change | None = None) -> None:
        """Makes a table's partition known, with what was restored of it.

        `founding`: a change of the runtime's own, written with the next round whatever that round is about.
        """
        if founding is not None:
            self._founding[table, partition] = founding
        self._rows[table, partition] = Rows(
            self._specs[table], partition, store, self._cursor, cache_rows=self._cache_rows
        )

    def close(self, table: str, partition: int) -> None:
        """Forgets a table's partition and closes its store. Between rounds only."""
        self._rows.pop((table, partition)).store.close()

    def forget_all(self) -> None:
        """Forgets every table's partition; the stores stay open, for whoever owns them. Between rounds only."""
        self._rows.clear()
        self._founding.clear()

    def run(self, batches: Sequence[Batch], *, now: int | None = None) -> None:
        """Fires what is due at `now` (None: nothing), handles the batches in order and encodes what was changed."""
        while True:
            try:
                if now is not None:
                    self.fire(now)
                for batch in batches:
                    self.handle(batch)
                self.encode()
            except Rerun:
                continue
            return

    def handle(self, batch: Batch) -> None:
        """Hands a batch to its agent. Raises Rerun where the handler failed, TooManyFailuresError past all patience.

        What is no message's fault is raised as it is: a store that is broken, a row that cannot be read. UnsafeError
        where a newer version of the product said it: as a dead letter it would be lost, which that version does handle.
        """
        agent = self._agents[batch.topic]
        for part in self._without_failed(batch):
            self._cursor.message = part.messages[0]
            try:
                agent.handle(part, self)
            except (StoreBrokenError, WorkerStopError):
                raise
            except UnknownTypeError as error:
                raise self._newer(batch) from error
            except Exception as error:
                raise self._blame(error, agent.name) from error
        self._cursor.message = None

    def encode(self) -> None:
        """Encodes what the round changed into `changes`. Raises as `handle` does."""
        for place, change in self._founding.items():
            self.changes[place] = [change]
        try:
            for place, rows in self._rows.items():
                if changes := rows.changes():
                    self.changes.setdefault(place, []).extend(changes)
        except Exception as error:
            raise self._blame(error, "encode") from error

    def next_due(self) -> int | None:
        """When the next timer fires, in ms since the epoch."""
        dues = [due for rows in self._rows.values() if (due := rows.next_due()) is not None]
        return min(dues, default=None)

    def held_since(self, table: str) -> int | None:
        """When the oldest event came in that a table keeps waiting, in ms; None where it keeps none. Between rounds."""
        held = [rows.held_since() for (name, _), rows in self._rows.items() if name == table]
        return min((since for since in held if since is not None), default=None)

    def fire(self, now: int, *, limit: int = 500) -> int:
        """Fires what is due at `now`, at most `limit` timers of each table and partition; returns how many."""
        return sum(rows.fire(self, now, limit) for rows in self._rows.values())

    def commit(self, positions: Mapping[TablePartition, int] | None = None) -> None:
        """What the round did is durable: brings it into the stores, with the changelog position of each changed place.

        Without a changelog (None) positions stay what they are.
        """
        positions = positions or {}
        for place, changes in self.changes.items():
            store = self._rows[place].store
            store.apply(changes, positions.get(place, store.position))
        for rows in self._rows.values():
            rows.committed()
        self._founding.clear()
        self._failed.clear()
        self._forget()

    def drop(self) -> None:
        """The round did not happen."""
        self._failed.clear()
        self._drop()

    # Below: how

    def _drop(self) -> None:
        for rows in self._rows.values():
            rows.dropped()
        self._forget()

    def _forget(self) -> None:
        self.outputs = []
        self.changes = {}
        self.refused = []
        self._cursor.message = None

    def _without_failed(self, batch: Batch) -> Iterable[Batch]:
        """The batch, cut at the messages that made a handler fail; those are refused in their turn."""
        if not self._failed:
            yield batch
            return
        part: list[Message] = []
        for message in batch.messages:
            if _position(message) not in self._failed:
                part.append(message)
                continue
            if part:
                yield batch._replace(messages=part)
            part = []
            self._cursor.message = message
            self.refuse(message, HANDLER_FAILED)
        if part:
            yield batch._replace(messages=part)

    def _newer(self, batch: Batch) -> UnsafeError:
        offset = self._cursor.message.offset if self._cursor.message else -1
        said = f"{batch.topic}/{batch.partition} has at {offset} what a newer version wrote and this one does not know"
        return UnsafeError(said, "Deploy the version that wrote it; nothing was acknowledged")

    def _blame(self, error: Exception, where: str) -> Exception:
        """Drops the round and marks the message at hand. The log has the error's type and place: its text may quote."""
        message = self._cursor.message
        self._drop()
        if message is None:
            return error
        position = _position(message)
        if position in self._failed or len(self._failed) == FAILURES_MAX:
            failed = f"{len(self._failed)} messages of this round failed already"
            return TooManyFailuresError(f"{where}: {type(error).__name__}; {failed}")
        self._failed.add(position)
        frame = error.__traceback__
        while frame and frame.tb_next:
            frame = frame.tb_next
        place = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame else "unknown"
        _log.error("handler_failed in %s: %s at %s; message %s/%d/%d", where, type(error).__name__, place, *position)
        return Rerun()


def _position(message: Message) -> _Position:
    return message.topic, message.partition, message.offset
