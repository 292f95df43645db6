"""One definition, two decoders: the fast one and the one that explains take the same messages and read the same in them."""

import json
from datetime import datetime
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.topics.samples import AT, SECRET, at, inbound_examples, model_of, objects, put, strings
from topics.codec import Received, Unreadable, read
from topics.keys import key_of
from topics.twins import twin

EXAMPLES = [(topic, body) for _, topic, body in inbound_examples() if topic != "policies"]

SCALARS: list[Any] = [
    None, True, False, 0, 1, -1, 2, 2**53 - 1, 2**53, 2**64, -(2**53), 1.0, 0.5, -2.5e9, 10**9 + 1, 19.0,
    "", "a", "~a", "12", "x" * 64, "x" * 65, "x" * 129, "x" * 501, "a\nb", "a\u200bb", "naïve", "注文", "é\n", "en\n",
    "jane.roe@mail.example", "4539578763621486", "EUR", "eur", "XXX", "DE", "de-AT", "USA", "UTC", "Mars/Phobos", "0.5", "1e3", "00.5", "0.0",
    "2026-03-02", "2026-03-02T12:00:00Z", "2026-03-02t12:00:00z", "2026-03-02 12:00:00Z", "2026-03-02T12:00:00", "2026-02-30T12:00:00Z",
    "2026-03-02T12:00:00.123456789+02:00", "2026-03-02T24:00:00Z", "1969-12-31T23:59:59Z", "3000-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "2999-12-31T23:59:59-10:00",
    "full", "approve", "visa", "physical", [], {}, ["a"], {"a": 1}, [None], [[]],
]  # fmt: skip


def every_path(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything in a JSON value, itself aside."""
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        found += every_path(item, (*path, step))
    return found


@st.composite
def damaged_examples(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """(topic, body): an example after up to three changes: dropped, replaced, repeated, taken from elsewhere, added."""
    topic, body = draw(st.sampled_from(EXAMPLES))
    for _ in range(draw(st.integers(0, 3))):
        paths = every_path(body)
        path = draw(st.sampled_from(paths))
        parent = at(body, path[:-1])
        change = draw(st.sampled_from(["drop", "scalar", "repeat", "move", "add"]))
        if change == "drop" and path != ("type",):
            copy = parent.copy()
            del copy[path[-1]]
            body = put(body, path[:-1], copy)
        elif change == "scalar" and path != ("type",):
            body = put(body, path, draw(st.sampled_from(SCALARS)))
        elif change == "repeat" and isinstance(parent, list):
            body = put(body, path[:-1], [*parent, parent[path[-1]]])
        elif change == "move" and path != ("type",):
            body = put(body, path, at(body, draw(st.sampled_from(paths))))
        elif change == "add":
            where = draw(st.sampled_from(list(objects(body))))
            name = draw(st.sampled_from(["surprise", "kind", "lines", "amount", "source", "ip", "note", "order_id"]))
            if (*where, name) != ("type",) and name not in at(body, where):
                body = put(body, (*where, name), draw(st.sampled_from(SCALARS)))
    return topic, body


def same(fast: Any, explained: Any) -> bool:
    """Whether the attributes of a twin are those of its model, all the way down."""
    if isinstance(fast, list):
        return len(fast) == len(explained) and all(map(same, fast, explained))
    fields = getattr(fast, "__struct_fields__", None)
    if fields is None:
        return bool(fast == explained and (type(fast) is type(explained) or isinstance(fast, datetime)))
    return set(fields) | {"type", "kind"} >= type(explained).model_fields.keys() and all(
        same(getattr(fast, name), getattr(explained, name)) for name in type(explained).model_fields
    )


@given(damaged_examples())
def test_both_decoders_take_the_same_messages_and_read_the_same_in_them(sample):
    topic, body = sample
    value = json.dumps(body).encode()
    right = key_of(topic, body)
    received = read(topic, right.encode() if right else b"", value, timestamp=AT * 10, secret=SECRET)
    if isinstance(received, Unreadable) and received.code in {"key_mismatch", "unknown_type"}:
        return
    try:
        explained = model_of(topic, body).model_validate_json(value)
    except ValueError:
        assert isinstance(received, Unreadable)
        return
    assert isinstance(received, Received), received
    if received.redacted:
        explained = model_of(topic, body).model_validate_json(received.body)
    assert same(received.event, explained)


@given(st.sampled_from(EXAMPLES), st.data())
def test_a_twin_that_is_not_at_the_door_reads_past_fields_of_a_newer_version(sample, data):
    topic, body = sample
    where = data.draw(st.sampled_from(list(objects(body))))
    newer = put(body, (*where, "since_next_year"), {"a": [1]})
    kind = twin(model_of(topic, body), closed=False)
    assert msgspec.json.decode(json.dumps(newer), type=kind) == msgspec.json.decode(json.dumps(body), type=kind)


@given(st.binary(max_size=300))
def test_any_bytes_give_an_event_or_a_reason(value):
    for topic in ("orders", "payments", "fx-rates", "policies"):
        assert isinstance(read(topic, b"k", value, timestamp=0, secret=SECRET), Received | Unreadable)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@given(json_values, st.sampled_from(EXAMPLES))
def test_any_json_gives_an_event_or_a_reason(value, sample):
    topic, body = sample
    mixed = body | value if isinstance(value, dict) else value
    text = json.dumps(mixed).encode()
    assert isinstance(read(topic, b"k", text, timestamp=0, secret=SECRET), Received | Unreadable)


@given(st.sampled_from(EXAMPLES), st.data())
def test_any_cut_or_damaged_bytes_of_an_example_give_an_event_or_a_reason(sample, data):
    topic, body = sample
    value = bytearray(json.dumps(body).encode())
    for _ in range(data.draw(st.integers(0, 3))):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(value[: data.draw(st.integers(0, len(value)))])
    assert isinstance(read(topic, b"k", cut, timestamp=AT, secret=SECRET), Received | Unreadable)


def test_the_mutations_reach_both_verdicts_for_texts_everywhere():
    """Guards the test above: examples hold texts that a change can break, in every topic."""
    assert {topic for topic, body in EXAMPLES if len(list(strings(body))) > 3} == {topic for topic, _ in EXAMPLES}
