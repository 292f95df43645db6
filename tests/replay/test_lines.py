"""The lines of a replay: every way to write a message, and every way to write none."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.replay.files import Text
from app.replay.lines import Line, NoLine, read_lines

BODY = {"event_id": "e1", "order_id": "o1", "occurred_at": "2026-03-02T12:00:00Z"}


def read_one(content: bytes | str | dict[str, Any]) -> Line | NoLine:
    if isinstance(content, dict):
        content = json.dumps(content)
    if isinstance(content, str):
        content = content.encode()
    (found,) = read_lines(iter([Text("in.jsonl", 3, content)]))
    return found


def message(**fields: Any) -> Line:
    found = read_one({"topic": "orders", "value": BODY, **fields})
    assert isinstance(found, Line), found
    return found


def test_the_bytes_of_a_message_are_the_text_of_its_value_as_it_was_written():
    found = read_one('{"topic":"orders", "value": {"b" : 1.50, "a":"\\u00e9"} }')
    assert isinstance(found, Line)
    assert found.value == b'{"b" : 1.50, "a":"\\u00e9"}'


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ('"no json, \\u00e9"', "no json, é".encode()),
        ('""', b""),
        ('"{\\"a\\": 1}"', b'{"a": 1}'),
        ("null", None),
        ("[1, 2]", b"[1, 2]"),
        ("42", b"42"),
        ("true", b"true"),
        ('"\\ud800"', b"\xed\xa0\x80"),
    ],
)
def test_a_value_becomes_the_bytes_that_it_stands_for(written: str, value: bytes | None):
    found = read_one(f'{{"topic": "orders", "value": {written}}}')
    assert isinstance(found, Line)
    assert found.value == value


@pytest.mark.parametrize(
    "value",
    [
        b'{"a": NaN}',
        b'{"a": [-Infinity, 1e999999]}',
        b'{"note": "\\ud800", "b" : 1}',
        b'{"note": "\xed\xa0\x80"}',
    ],
)
def test_a_value_that_a_strict_reader_refuses_is_a_message_all_the_same(value: bytes):
    found = read_one(b' { "topic" : "orders", "key": "\\ud800", "value": ' + value + b', "headers":{"a":"b"} } ')
    assert isinstance(found, Line)
    assert (found.topic, found.key, found.value) == ("orders", b"\xed\xa0\x80", value)
    assert found.headers == [("a", b"b")]


@given(value=st.binary(max_size=100))
def test_any_bytes_can_be_given_as_base64(value: bytes):
    found = read_one({"topic": "orders", "value_base64": base64.b64encode(value).decode()})
    assert isinstance(found, Line)
    assert found.value == value


@pytest.mark.parametrize(
    ("topic", "body", "key"),
    [
        ("orders", {"order_id": "o1"}, b"o1"),
        ("reviews", {"order_id": "o1"}, b"o1"),
        ("payments", {"payment_id": "p1", "order_id": "o1"}, b"p1"),
        ("disputes", {"payment_id": "p1", "order_id": "o1"}, b"p1"),
        ("disputes", {"order_id": "o1"}, b"o1"),
        ("customers", {"customer_id": "c1"}, b"c1"),
        ("fx-rates", {"base": "EUR", "quote": "USD", "as_of": "2026-03-01"}, b"EUR/USD@2026-03-01"),
        ("orders", {"order_id": 7}, None),
        ("orders", {}, None),
        ("orders", [1], None),
    ],
)
def test_a_key_that_is_absent_is_the_one_that_fits_the_body(topic: str, body: Any, key: bytes | None):
    found = read_one({"topic": topic, "value": body})
    assert isinstance(found, Line)
    assert found.key == key


def test_a_key_that_is_given_is_taken_as_it_is_and_null_is_none():
    assert message(key="another").key == b"another"
    assert message(key="").key == b""
    assert message(key=None).key is None


def test_headers_are_taken_in_order():
    assert message(headers={"traceparent": "00-é", "b": ""}).headers == [("traceparent", "00-é".encode()), ("b", b"")]
    assert message().headers == ()


@pytest.mark.parametrize(
    ("timestamp", "ms"),
    [
        (0, 0),
        (1_772_452_800_123, 1_772_452_800_123),
        ("2026-03-02T12:00:00Z", 1_772_452_800_000),
        ("2026-03-02T13:00:00.5+01:00", 1_772_452_800_500),
        (None, None),
    ],
)
def test_a_timestamp_is_rfc_3339_or_milliseconds(timestamp: Any, ms: int | None):
    assert message(timestamp=timestamp).timestamp == ms


def test_the_time_of_the_body_counts_only_where_the_line_gives_none():
    assert message().occurred_at == 1_772_452_800_000
    assert message(timestamp=5).occurred_at is None


@pytest.mark.parametrize(
    "body",
    [{}, {"occurred_at": 7}, {"occurred_at": "yesterday"}, {"occurred_at": "2026-03-02T12:00:00"}, [], "x", None],
)
def test_a_body_without_a_time_moves_no_clock(body: Any):
    assert message(value=body).occurred_at is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no json", "expected a JSON object with `topic` and `value`"),
        (b"[]", "expected a JSON object"),
        (b'{"topic": "orders", "value": {}', "expected a JSON object"),
        (b'{"topic": "orders", "value": {"a": NaN}, }', "expected a JSON object"),
        (b'{"topic": "orders", "value": {"a": NaN}} x', "expected a JSON object"),
        (b'{"topic": "orders", "value": {"a": NaN}, "key": 7}', "$.key"),
        (b'{"value": {}}', "topic"),
        (b'{"topic": 7, "value": {}}', "$.topic"),
        (b'{"topic": "orders"}', "expected `value`"),
        (b'{"topic": "orders", "value": 1, "value_base64": ""}', "not both"),
        (b'{"topic": "orders", "value_base64": "%%%"}', "expected Base64"),
        (b'{"topic": "order", "value": {}}', "not in the catalogue; expected one of orders"),
        (b'{"topic": "refund-decisions", "value": {}}', "written by Refundry itself"),
        (b'{"topic": "case-events", "value": {}}', "written by Refundry itself"),
        (b'{"topic": "policies", "value": {}}', "--policies"),
        (b'{"topic": "orders", "value": {}, "headers": {"a": 1}}', "$.headers"),
        (b'{"topic": "orders", "value": {}, "timestamp": -1}', "timestamp: expected RFC 3339"),
        (b'{"topic": "orders", "value": {}, "timestamp": 99999999999999999}', "timestamp: expected RFC 3339"),
        (b'{"topic": "orders", "value": {}, "timestamp": "2026-03-02"}', "timestamp: expected RFC 3339"),
        (b'{"topic": "orders", "value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"topic": "orders", "value": "\xff"}', "value: expected a text in UTF-8"),
    ],
)
def test_a_line_that_is_no_message_says_why_and_where(content: bytes, reason: str):
    found = read_one(content)
    assert isinstance(found, NoLine)
    assert found.place == "in.jsonl:3"
    assert reason in found.reason


def test_a_line_that_is_no_message_is_not_repeated():
    found = read_one(b'{"topic": "4111111111111111", "value": {}}')
    assert isinstance(found, NoLine)
    assert "4111" not in found.reason


def test_empty_lines_are_passed_over_and_too_long_ones_are_told():
    texts = [Text("f", 1, b"\n"), Text("f", 2, b"  \n"), Text("f", 3, None)]
    assert list(read_lines(iter(texts))) == [NoLine("f:3", "expected a line of at most 8 MiB")]


@given(content=st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_reason_why_not(content: bytes):
    found = list(read_lines(iter([Text("f", 1, content)])))
    assert found == [] if not content or content.isspace() else len(found) == 1
