"""The console's read side: the answers of Redis, in the console's words."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from redis import RedisError

from app.console.ports import KINDS, Behind, Counts, Filter, Hit, NotAnsweringError, Snapshot, Task
from app.readside.answering import Answers, PlaceInLine, StaleError
from app.readside.document import read
from app.readside.numbers import number_in
from app.readside.waiting import kind_of

_decode = msgspec.json.Decoder().decode
T = TypeVar("T")


class AnsweredByRedis:
    """The console's read side. What Redis does not answer, or what may be old, is NotAnsweringError."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def counts(self, merchant_id: str | None) -> Counts:
        """How much waits now."""
        found = _asked(lambda: self._answers.counts(merchant_id, time.time()))
        return Counts(found.by_kind, found.merchants, datetime.fromtimestamp(found.as_of, UTC))

    def line(self, wanted: Filter, behind: Behind | None, count: int) -> Sequence[Task]:
        """The next tasks behind a place; from the beginning where the place is none."""
        try:
            after = PlaceInLine(behind.score, kind_of(behind.task_id), behind.task_id) if behind is not None else None
        except msgspec.DecodeError:
            after = None
        kinds = KINDS if wanted.kind is None else (wanted.kind,)
        return _asked(lambda: self._answers.tasks(kinds, wanted.merchant_id, time.time(), after=after, count=count))

    def case(self, case_id: str) -> Snapshot | None:
        """The newest snapshot of a case."""
        found = _asked(lambda: self._answers.case(case_id))
        return None if found is None else _snapshot(found.snapshot)

    def find(self, number: str) -> Sequence[Hit]:
        """The cases in which a number stands."""
        hits = []
        for case_id, snapshot in _asked(lambda: self._answers.number(number, None)):
            document = read(snapshot)
            if (stands := number_in(case_id, document, number)) is not None:
                hits.append(Hit(stands.kind, stands.status, case_id, document.merchant_id, document.order_id))
        return hits


def _snapshot(snapshot: bytes) -> dict[str, Any]:
    document: dict[str, Any] = _decode(snapshot)
    return document


def _asked(question: Callable[[], T]) -> T:
    try:
        return question()
    except StaleError as stale:
        raise NotAnsweringError(f"It may be old: {stale}") from stale
    except RedisError as error:
        raise NotAnsweringError(f"Redis does not answer ({type(error).__name__}).") from error
