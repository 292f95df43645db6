"""What the console is given: a read side that answers questions, and a writer of verdicts. It knows no more of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol, get_args

from topics.reviews import SubjectKind

KINDS: Final[tuple[SubjectKind, ...]] = get_args(SubjectKind)
Snapshot = Mapping[str, Any]
"""The newest snapshot of a case, as consumers of `case-snapshots` read it."""


class NotAnsweringError(Exception):
    """The read side is away, or what it has may be old. Its text says why."""


class NotTakenError(Exception):
    """Kafka did not confirm a verdict; whether it arrived is not known. To send the same again is safe."""


class Money(Protocol):
    """An amount in the minor unit of its currency."""

    @property
    def amount_minor(self) -> int: ...
    @property
    def currency(self) -> str: ...


class Task(Protocol):
    """One thing that waits for a person; see `app.readside.waiting`."""

    @property
    def id(self) -> str: ...
    @property
    def score(self) -> float: ...
    @property
    def kind(self) -> SubjectKind: ...
    @property
    def case_id(self) -> str: ...
    @property
    def subject_id(self) -> str: ...
    @property
    def merchant_id(self) -> str: ...
    @property
    def order_id(self) -> str | None: ...
    @property
    def revision(self) -> int | None: ...
    @property
    def amount(self) -> Money | None: ...
    @property
    def due(self) -> datetime | None: ...
    @property
    def since(self) -> datetime | None: ...
    @property
    def why(self) -> list[str]: ...
    @property
    def advice(self) -> str: ...
    @property
    def second(self) -> bool: ...


class Filter(NamedTuple):
    """What of the line is asked for; None: all kinds, all merchants."""

    kind: SubjectKind | None = None
    merchant_id: str | None = None


class Behind(NamedTuple):
    """A place in the line, by score and id of the task that stands there."""

    score: float
    task_id: str


class Counts(NamedTuple):
    """How many tasks wait, by kind; the merchants that have any; and up to when that is complete."""

    by_kind: Mapping[SubjectKind, int]
    merchants: Sequence[str]
    as_of: datetime


class Hit(NamedTuple):
    """A case in which a number stands, and what it is the number of."""

    kind: str
    status: str
    case_id: str
    merchant_id: str
    order_id: str | None


class ReadSide(Protocol):
    """Every call may take a while, and raises NotAnsweringError rather than answer with what may be old."""

    def counts(self, merchant_id: str | None) -> Counts:
        """How much waits, of one merchant where that is given."""
        ...

    def line(self, wanted: Filter, behind: Behind | None, count: int) -> Sequence[Task]:
        """The next tasks behind a place, the first to be due first."""
        ...

    def case(self, case_id: str) -> Snapshot | None:
        """A case; None where there is none of that id."""
        ...

    def find(self, number: str) -> Sequence[Hit]:
        """The cases in which a number stands."""
        ...


class Reviews(Protocol):
    """The writer of `reviews`."""

    def send(self, event: Mapping[str, Any]) -> None:
        """Returns when the broker has it. NotTakenError where it does not say so in time."""
        ...
