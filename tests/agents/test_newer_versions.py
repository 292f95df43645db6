"""While versions run side by side: what only the newer one knows stops the older worker, and becomes no dead letter.

A dead letter is acknowledged. The newer worker, which gets the partition when the older one has ended, would never see
what it can handle.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agents import Desk, assemble
from app.demo.shop import day
from app.runtime.exits import UnsafeError
from app.runtime.log import MemoryLog
from app.runtime.round import Staging
from app.runtime.store.memory import MemoryStore
from app.runtime.topology import Batch, Message, Output
from tests.domain.test_state_layout import written
from tests.topics.samples import example_files
from topics.journal import Origin, pack


def example_file(topic: str, type_: str) -> Path:
    return next(file for file in example_files(topic) if json.loads(file.read_text())["type"] == type_)


INTERNAL = {
    "case-events": example_file("orders", "order.placed"),
    "customer-activity": example_file("customer-activity", "activity.recorded"),
    "merchant-activity": example_file("merchant-activity", "activity.counted"),
}
HEADERS = pack(Origin("orders", 0, 0, 0, b"12345678"), None)


def staging() -> Staging:
    topology = assemble(Desk(secret=b"x"))
    made = Staging(topology, version="1")
    for spec in topology.tables:
        made.open(spec.name, 0, MemoryStore())
    return made


def record(topic: str, offset: int, **changes: object) -> Message:
    body = json.loads(INTERNAL[topic].read_text()) | changes
    return Message(topic, 0, offset, 0, b"m1/o1", json.dumps(body).encode(), HEADERS)


@pytest.mark.parametrize("topic", INTERNAL)
def test_a_record_of_a_type_that_only_a_newer_version_knows_stops_the_worker(topic: str) -> None:
    round_ = staging()
    batch = Batch(topic, 0, [record(topic, 7), record(topic, 8, type="since.next_year")])
    with pytest.raises(UnsafeError) as stopped:
        round_.run([batch])
    assert stopped.value.code == 5
    assert f"{topic}/0 has at 8 what a newer version wrote" in stopped.value.reason
    assert "Deploy the version that wrote it" in stopped.value.hint
    assert round_.refused == []


@pytest.mark.parametrize("topic", INTERNAL)
def test_one_that_is_none_of_ours_is_a_dead_letter_and_the_others_go_on(topic: str) -> None:
    round_ = staging()
    round_.run([Batch(topic, 0, [record(topic, 7), record(topic, 8, merchant_id=7), record(topic, 9)])])
    assert round_.refused == [(topic, 0, 8)]


@pytest.mark.parametrize("topic", INTERNAL)
def test_fields_that_only_a_newer_version_knows_change_nothing(topic: str) -> None:
    older, newer = staging(), staging()
    older.run([Batch(topic, 0, [record(topic, 7)])])
    newer.run([Batch(topic, 0, [record(topic, 7, since_next_year={"a": [1]})])])
    assert (newer.outputs, newer.changes) == (older.outputs, older.changes)
    assert older.changes


def as_a_newer_version(row: Any) -> Any:
    return written(row, "since next year") | {"since_next_year": 7}


def as_an_older_version(row: Any) -> Any:
    """Without what says no more than the default does, at the end of each part that is an array."""
    if isinstance(row, dict):
        return {name: as_an_older_version(part) for name, part in row.items()}
    if isinstance(row, list | tuple):
        return [as_an_older_version(part) for part in row]
    if not isinstance(row, msgspec.Struct):
        return row
    fields = msgspec.structs.fields(row)
    parts = {field.name: as_an_older_version(getattr(row, field.name)) for field in fields}
    if not row.__struct_config__.array_like:
        return parts
    known = list(fields)
    while known and not known[-1].required and getattr(row, known[-1].name) == default_of(known[-1]):
        known.pop()
    return [parts[field.name] for field in known]


def default_of(field: Any) -> Any:
    return field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()


def said_in_a_day(stored_as: Callable[[Any], Any] | None) -> tuple[list[Output], int]:
    """What a shop's day comes to where each row is read as this writes it, and how many rows it wrote otherwise than
    this version does.
    """
    said, otherwise = list[Output](), 0
    topology = assemble(Desk(secret=b"a key of the tests, and no secret"))

    def encoder(encode: Callable[[Any], bytes]) -> Callable[[Any], bytes]:
        def encoded(row: Any) -> bytes:
            nonlocal otherwise
            ours = encode(row)
            if stored_as is None:
                return ours
            theirs = msgspec.msgpack.encode(stored_as(row))
            otherwise += theirs != msgspec.msgpack.encode(written(row))
            return theirs

        return encoded

    tables = tuple(replace(spec, encode=encoder(spec.encode)) for spec in topology.tables)
    log = MemoryLog(
        replace(topology, tables=tables), stores=lambda _: MemoryStore(), sink=said.append, version="1", cache_rows=0
    )
    for number, one in enumerate(day(600, 5, datetime(2026, 3, 2, tzinfo=UTC))):
        at = 1_772_409_600_000 + number * 60_000
        log.advance(at)
        log.append(Message(one.topic, 0, number, at, one.key, one.value, one.headers))
        log.commit()
    return said, otherwise


@pytest.mark.parametrize("other", [as_a_newer_version, as_an_older_version])
def test_a_day_on_rows_of_another_version_says_the_same_byte_for_byte(other: Callable[[Any], Any]) -> None:
    ours, _ = said_in_a_day(None)
    said, otherwise = said_in_a_day(other)
    assert otherwise > 500, "the rows were those of another version"
    assert len(said) > 600
    assert said == ours
