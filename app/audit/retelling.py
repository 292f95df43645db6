"""Tells the journal of one partition again: what each of its records leads to, by the agent that heard it before.

Nothing but the journal, the policies, the rates and the settings goes in, so the same must come out. A rate counts from
when it was published on, as it did for the workers.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from agents import Desk
from agents.casework import TABLE, agent, snapshot_of
from app.domain.case import Case, decode_case, encode_case
from app.domain.rates import Rates
from app.replay.spilling import SpillingStore
from app.runtime.store import pack, row_of
from app.runtime.topology import Batch, Message, Output, Refusal
from topics.catalogue import JOURNAL


class Rate(NamedTuple):
    """A published rate, and when that was (ms)."""

    published: int
    base: str
    quote: str
    as_of: Any
    rate: str


class Retelling:
    """The cases of one partition, from nothing. `directory` takes what does not fit into memory; rates are in order."""

    def __init__(self, desk: Desk, rates: Sequence[Rate], directory: Path) -> None:
        self._desk, self._rates, self._next_rate = desk, rates, 0
        desk.rates = Rates()
        self._agent = agent(desk, snapshots=False)
        self._rows = _Rows(SpillingStore(directory))
        self.failed = 0

    def tell(self, message: Message) -> Sequence[Output]:
        """What a record of the journal leads to. One that makes its handler fail leads to nothing but a dead letter."""
        while self._next_rate < len(self._rates) and self._rates[self._next_rate].published <= message.timestamp:
            _, *rate = self._rates[self._next_rate]
            self._desk.rates.add(*rate)
            self._next_rate += 1
        round_ = _Round(self._rows)
        try:
            self._agent.handle(Batch(JOURNAL, message.partition, [message]), round_)
        except Exception:  # noqa: BLE001 - as the runtime does: whatever a handler raises is the message's fault
            self.failed += 1
            return ()
        return round_.outputs

    def snapshot(self, case_id: str) -> tuple[int, Output] | None:
        """The version of a case as it is now, and its snapshot; None where it has none yet."""
        case = self._rows.get(case_id)
        return None if case is None or not case.version else (case.version, snapshot_of(case))

    def cases(self) -> Iterator[str]:
        """All cases."""
        return self._rows.keys()

    def close(self) -> None:
        """Lets go of the state."""
        self._rows.close()


class _Rows:
    """The table of cases."""

    def __init__(self, store: SpillingStore) -> None:
        self._store, self._changes = store, 0

    def get(self, key: str) -> Case | None:
        value = self._store.get(key.encode())
        return None if value is None else decode_case(row_of(value))

    def put(self, key: str, row: Case, *, due: int | None) -> None:
        self._changes += 1
        self._store.apply([(key.encode(), pack(due, encode_case(row)))], self._changes)

    def keys(self) -> Iterator[str]:
        return (key.decode() for key, _ in self._store.scan())

    def close(self) -> None:
        self._store.close()


class _Round:
    """A round of one message. Implements `Round`."""

    def __init__(self, rows: _Rows) -> None:
        self.outputs: list[Output] = []
        self._rows = rows

    def at(self, message: Message) -> None:
        """There is but one."""

    def table(self, name: str, partition: int) -> Any:
        del partition
        assert name == TABLE, "casework has one table"
        return self._rows

    def publish(self, output: Output) -> None:
        self.outputs.append(output)

    def refuse(self, message: Message, refusal: Refusal) -> None:
        """Dead letters are not looked at."""
