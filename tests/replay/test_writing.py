"""The lines that a replay writes."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.replay.writing import line_of
from app.runtime.topology import Output


def record(output: Output) -> dict[str, Any]:
    line = line_of(output)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_record_stands_in_its_line_as_it_was_said():
    output = Output("refund-decisions", "m/ö".encode(), b'{"id":"d1","amount":null}', [("ce_id", b"d1")])
    assert record(output) == {
        "topic": "refund-decisions",
        "key": "m/ö",
        "headers": {"ce_id": "d1"},
        "value": {"id": "d1", "amount": None},
    }
    assert b'{"id":"d1","amount":null}' in line_of(output)


@pytest.mark.parametrize(
    ("value", "text", "exactly"),
    [
        (b'{"a": 1', '{"a": 1', None),
        (b"", "", None),
        (None, None, None),
        ("é\n".encode(), "é\n", None),
        (b"\xff{", "\ufffd{", b"\xff{"),
        (b"\xed\xa0\x80", "\ufffd\ufffd\ufffd", b"\xed\xa0\x80"),
    ],
)
def test_a_dead_letter_is_text_and_what_is_none_stands_beside_it(
    value: bytes | None, text: str | None, exactly: bytes | None
):
    found = record(Output("dead-letters", None, value, [("refundry-code", b"not_json")]))
    assert found["key"] is None
    assert found["value"] == text
    assert found.get("value_base64") == (base64.b64encode(exactly).decode() if exactly else None)


@given(key=st.binary(max_size=20), value=st.binary(max_size=50), header=st.binary(max_size=20))
def test_any_bytes_can_be_written(key: bytes, value: bytes, header: bytes):
    found = record(Output("dead-letters", key, value, [("refundry-path", header)]))
    exactly = found.get("value_base64")
    assert (base64.b64decode(exactly) if exactly is not None else found["value"].encode()) == value
