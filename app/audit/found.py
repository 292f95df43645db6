"""Everything that was published, kept where it can be looked up: which record lies where, and which were accounted for.

In a database below a directory of its own, so that memory does not grow with the record. A record is known by its topic
and its name: its id; of a snapshot the case, of which the last counts; of a dead letter the message that was refused.
"""

import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Self

import msgspec

from app.replay.writing import line_of
from app.runtime.topology import Output
from topics.case_ids import case_id_of
from topics.catalogue import ALERTS, DEAD_LETTERS, DISPUTE_INSTRUCTIONS, REFUND_INSTRUCTIONS, SNAPSHOTS
from topics.dead_letters import ATTEMPT, PREFIX, place_of

CACHE_KIB = 65_536
_LAYOUT = """
CREATE TABLE found (
    number INTEGER PRIMARY KEY, topic TEXT, name TEXT, case_id TEXT, place TEXT, position INTEGER, line BLOB,
    cause TEXT, seen_in TEXT, turn INTEGER, UNIQUE (topic, name)
);
CREATE TABLE heard (case_id TEXT, cause TEXT, PRIMARY KEY (case_id, cause)) WITHOUT ROWID;
"""


class Record(NamedTuple):
    """A published record. `place` is where it lies, for people; `line` is all of it, as a replay writes it."""

    number: int
    topic: str
    name: str
    case_id: str
    place: str
    line: bytes


class Found:
    """Published records below `directory`, which is empty. To be used as a context."""

    def __init__(self, directory: Path) -> None:
        self._store = sqlite3.connect(directory / "found.sqlite", isolation_level=None)
        # nobody reads it after this process, so nothing is made durable
        self._store.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{CACHE_KIB};{_LAYOUT}BEGIN;"
        )
        self._turn = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._store.close()

    def add(self, output: Output, place: str, position: int) -> Record | None:
        """Keeps a record; the one that had its name before, if there was one and it is no snapshot."""
        name, body = name_of(output), body_of(output)
        before = None if output.topic == SNAPSHOTS else self.get(output.topic, name)
        if before is not None:
            return before
        self._store.execute(
            "INSERT OR REPLACE INTO found (topic, name, case_id, place, position, line, cause) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                output.topic,
                name,
                case_of(output, body),
                place,
                position,
                zlib.compress(line_of(output), 1),
                cause_text(body.get("cause")),
            ),
        )
        return None

    def get(self, topic: str, name: str) -> Record | None:
        """The record of this name."""
        row = self._store.execute(
            "SELECT number, topic, name, case_id, place, line FROM found WHERE topic = ? AND name = ?", (topic, name)
        ).fetchone()
        return None if row is None else _record(row)

    def account(self, record: Record, sequence: str) -> bool:
        """Notes that the journal leads to it, next in a sequence; False where it was noted before."""
        self._turn += 1
        changed = self._store.execute(
            "UPDATE found SET seen_in = ?, turn = ? WHERE number = ? AND turn IS NULL",
            (sequence, self._turn, record.number),
        )
        return bool(changed.rowcount)

    def hear(self, case_id: str, cause: str) -> None:
        """Notes what the journal of a case says."""
        self._store.execute("INSERT OR IGNORE INTO heard VALUES (?, ?)", (case_id, cause))

    def unaccounted(self) -> Iterator[tuple[Record, bool]]:
        """What the journal does not lead to, and whether the cause that it names is in its journal."""
        rows = self._store.execute(
            "SELECT number, topic, name, found.case_id, place, line, heard.cause IS NOT NULL FROM found "
            "LEFT JOIN heard ON heard.case_id = found.case_id AND heard.cause = found.cause "
            "WHERE turn IS NULL ORDER BY number"
        )
        for *row, known in rows:
            yield _record(row), bool(known)

    def disordered(self) -> Iterator[Record]:
        """What lies before something that the journal led to earlier."""
        rows = self._store.execute(
            "SELECT number, topic, name, case_id, place, line FROM (SELECT *, "
            "lag(position) OVER (PARTITION BY seen_in ORDER BY turn) AS earlier FROM found WHERE turn IS NOT NULL) "
            "WHERE position < earlier ORDER BY number"
        )
        yield from map(_record, rows)

    def without_cause(self, topic: str) -> Iterator[Record]:
        """Records of a topic that are accounted for, and whose cause is not in the journal of their case."""
        rows = self._store.execute(
            "SELECT number, topic, name, case_id, place, line FROM found WHERE topic = ? AND turn IS NOT NULL "
            "AND NOT EXISTS (SELECT 1 FROM heard WHERE heard.case_id = found.case_id AND heard.cause = found.cause) "
            "ORDER BY number",
            (topic,),
        )
        yield from map(_record, rows)

    def names(self, topic: str) -> list[str]:
        """The names of all records of a topic."""
        rows = self._store.execute("SELECT name FROM found WHERE topic = ? ORDER BY name", (topic,))
        return [name for (name,) in rows]

    def counts(self) -> dict[str, int]:
        """How many records there are, by topic."""
        return dict(self._store.execute("SELECT topic, count(*) FROM found GROUP BY topic ORDER BY topic").fetchall())


def _record(row: Any) -> Record:
    number, topic, name, case_id, place, line = row
    return Record(number, topic, name, case_id, place, zlib.decompress(line))


_decode = msgspec.json.Decoder().decode


def body_of(output: Output) -> dict[str, Any]:
    """The body of a record, empty where it is no JSON object."""
    if output.topic == DEAD_LETTERS:
        return {}
    try:
        body = _decode(output.value or b"")
    except (msgspec.DecodeError, ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def name_of(output: Output) -> str:
    """What a record is known by on its topic."""
    if output.topic == SNAPSHOTS:
        return (output.key or b"").decode(errors="replace")
    if output.topic == DEAD_LETTERS:
        said = {name: content.decode(errors="replace") for name, content in output.headers}
        topic, partition, offset = (said.get(PREFIX + name, "") for name in ("topic", "partition", "offset"))
        place = place_of(topic, int(partition), int(offset)) if partition.isdigit() and offset.isdigit() else topic
        return f"{place} attempt {said.get(ATTEMPT, '')}"
    named = body_of(output).get("id")
    return named if isinstance(named, str) else ""


def case_of(output: Output, body: dict[str, Any]) -> str:
    """The case that a record is about."""
    if output.topic in (ALERTS, REFUND_INSTRUCTIONS, DISPUTE_INSTRUCTIONS):
        return case_id_of(str(body.get("merchant_id")), body.get("order_id") or None, body.get("payment_id"))
    return (output.key or b"").decode(errors="replace")


def cause_text(cause: Any) -> str:
    """A cause in one word, empty where there is none."""
    if not isinstance(cause, dict):
        return ""
    return f"timer {cause['timer']}" if cause.get("timer") else f"{cause.get('topic')} {cause.get('event_id')}"
