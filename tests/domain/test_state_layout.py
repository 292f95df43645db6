"""Parts of rows are arrays, of cases above all, so the order of fields is a contract with every row already written.

`state_layout.json` says that order by hand, and how many of the fields a row must have. A field that is new goes to its
end there, with a default; one that is moved, removed, put in between or asked of old rows makes those unreadable, and
needs a new STATE_VERSION in both places.

While versions run side by side each reads what the other wrote: rows with less than it knows, and with more.
"""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
import pytest

from app.domain import case as cases
from app.domain import customers, links, programmes
from app.domain.case import STATE_VERSION
from app.domain.disputes import compelling_evidence
from app.domain.state import dispute, goods, order, payment, request

KEPT = json.loads(Path(__file__).with_name("state_layout.json").read_text())
STRUCTS = {
    name: struct
    for module in (cases, compelling_evidence, dispute, goods, links, order, payment, programmes, request)
    for name, struct in vars(module).items()
    if isinstance(struct, type) and issubclass(struct, msgspec.Struct) and struct.__struct_config__.array_like
}


def test_everything_that_is_stored_as_an_array_is_kept_in_order():
    assert KEPT["version"] == STATE_VERSION
    assert KEPT["fields"].keys() == STRUCTS.keys()


@pytest.mark.parametrize("name", STRUCTS)
def test_fields_stand_where_rows_have_them(name):
    assert list(STRUCTS[name].__struct_fields__) == KEPT["fields"][name]


@pytest.mark.parametrize("name", STRUCTS)
def test_no_more_is_asked_of_a_row_than_those_have_that_are_written(name):
    assert sum(field.required for field in msgspec.structs.fields(STRUCTS[name])) == KEPT["required"][name]


def filled(kind: Any) -> Any:
    """A value of a type that leaves nothing empty, parts of parts included."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind(**{field.name: filled(field.type) for field in msgspec.structs.fields(kind)})
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return filled(next(part for part in parts if part is not NoneType))
    if origin is list:
        return [filled(parts[0])]
    if origin is tuple:
        return tuple(filled(part) for part in parts if part is not Ellipsis)
    if origin is dict:
        return {filled(parts[0]): filled(parts[1])}
    if kind in (None, NoneType):
        return None
    simple = {
        str: "x",
        int: 1,
        bool: True,
        bytes: b"x",
        datetime: datetime(2026, 1, 5, tzinfo=UTC),
        date: date(2026, 1, 5),
    }
    return simple.get(kind, "any")


def written(value: Any, *more: Any) -> Any:
    """A value as it is stored; each part that is an array has `more` at its end, as a newer version may write it."""
    if isinstance(value, msgspec.Struct):
        parts = {name: written(getattr(value, name), *more) for name in value.__struct_fields__}
        return [*parts.values(), *more] if value.__struct_config__.array_like else parts
    if isinstance(value, dict):
        return {name: written(part, *more) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [written(part, *more) for part in value]
    return value


def parts_in(value: Any) -> Iterator[str]:
    """The names of all structs in a value."""
    if isinstance(value, msgspec.Struct):
        yield type(value).__name__
        value = [getattr(value, name) for name in value.__struct_fields__]
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        yield from parts_in(part)


@pytest.mark.parametrize("name", STRUCTS)
def test_a_part_that_an_older_version_wrote_is_read_whatever_it_did_not_know_yet(name):
    kind = STRUCTS[name]
    whole = filled(kind)
    for known in range(KEPT["required"][name], len(KEPT["fields"][name]) + 1):
        row = msgspec.msgpack.encode(written(whole)[:known])
        fields = {field: getattr(whole, field) for field in KEPT["fields"][name][:known]}
        assert msgspec.msgpack.decode(row, type=kind) == kind(**fields)


@pytest.mark.parametrize(
    ("kind", "decode"),
    [
        (cases.Case, cases.decode_case),
        (customers.History, customers.decode_history),
        (links.Link, links.decode_link),
        (programmes.Standing, programmes.decode_standing),
    ],
    ids=lambda one: one.__name__,
)
def test_a_row_in_which_a_newer_version_knows_more_of_every_part_is_read_as_what_is_known(kind, decode):
    row = filled(kind)
    if kind is cases.Case:
        row.state_version = STATE_VERSION
    newer = written(row, "since next year", {"a": [1]}) | {"since_next_year": 7}
    assert decode(msgspec.msgpack.encode(newer)) == decode(msgspec.msgpack.encode(written(row))) == row


def test_every_part_is_in_one_of_those_rows():
    rows = [filled(kind) for kind in (cases.Case, customers.History, links.Link, programmes.Standing)]
    assert set(STRUCTS) <= {name for row in rows for name in parts_in(row)}
