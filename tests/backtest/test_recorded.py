"""What Kafka tells of the past, put in order: each message once, and no order without its beginning."""

import json
from typing import Any

import pytest

from app.backtest.recorded import Incomplete, Recorded
from app.runtime.topology import Message
from topics.journal import Origin, pack

FINGERPRINT = b"12345678"


@pytest.fixture
def recorded(tmp_path):
    with Recorded(tmp_path) as made:
        yield made


def body(type_: str, order_id: str | None = "a", **more: Any) -> bytes:
    return json.dumps({"type": type_, "merchant_id": "m", "order_id": order_id, **more}).encode()


def came_in(value: bytes, offset: int, timestamp: int, topic: str = "orders") -> Message:
    return Message(topic, 0, offset, timestamp, b"key", value, [("h", b"1")])


def journalled(message: Message, case_id: str, *, fingerprint: bytes = FINGERPRINT) -> Message:
    """The message as the journal keeps it, written long after it came in."""
    origin = Origin(
        message.topic,
        message.partition,
        message.offset,
        message.timestamp,
        fingerprint,
        key=message.key,
        headers=tuple(message.headers),
    )
    return Message("case-events", 3, 77, 999_999, case_id.encode(), message.value, pack(origin, None))


def types(recorded: Recorded, *, whole_orders: bool = True) -> list[str]:
    return [json.loads(line.value or b"{}").get("type", "") for line in recorded.lines(whole_orders=whole_orders)]


def test_a_record_of_the_journal_becomes_the_message_that_came_in(recorded):
    message = came_in(body("order.placed"), 5, 100)
    recorded.add_journal([journalled(message, "m/a")])
    (line,) = recorded.lines(whole_orders=True)
    assert (line.topic, line.key, line.value, list(line.headers), line.timestamp) == (
        "orders",
        b"key",
        message.value,
        [("h", b"1")],
        100,
    )


def test_a_message_that_both_tell_of_is_there_once(recorded):
    message = came_in(body("order.placed"), 5, 100)
    recorded.add_journal([journalled(message, "m/a")])
    recorded.add_inbound([message, came_in(body("refund.requested"), 6, 101)])
    assert types(recorded) == ["order.placed", "refund.requested"]
    assert recorded.count() == 2


def test_messages_come_in_the_order_of_their_times_whatever_was_read_first(recorded):
    recorded.add_inbound([came_in(body("order.delivered"), 2, 300), came_in(body("order.placed"), 1, 100)])
    recorded.add_inbound([came_in(body("payment.captured"), 0, 200, topic="payments")])
    assert types(recorded) == ["order.placed", "payment.captured", "order.delivered"]


def test_what_the_journal_says_itself_is_no_message(recorded):
    asked = came_in(body("refund.requested"), 1, 100)
    recorded.add_journal([journalled(asked, "m/a", fingerprint=b"")])
    assert recorded.count() == 0


@pytest.mark.parametrize(
    ("message", "case_id"),
    [
        (came_in(body("refund.requested"), 9, 100), "m/a"),
        (came_in(body("payment.captured", None, payment_id="p"), 9, 100, topic="payments"), "m/a"),
    ],
)
def test_an_order_without_its_beginning_is_left_out_with_all_that_the_journal_knows_to_be_its(
    recorded, message, case_id
):
    recorded.add_journal([journalled(message, case_id)])
    recorded.add_inbound([came_in(body("order.placed", "b"), 1, 50)])
    assert recorded.incomplete() == Incomplete(orders=1, messages=1)
    assert types(recorded) == ["order.placed"]
    assert len(types(recorded, whole_orders=False)) == 2


@pytest.mark.parametrize(
    ("message", "case_id"),
    [
        (came_in(body("payment.captured", None, payment_id="p"), 1, 100, topic="payments"), "m/~p"),
        (came_in(body("customer.erased", None), 1, 100, topic="customers"), "m/a"),
    ],
)
def test_what_is_no_order_s_is_never_left_out(recorded, message, case_id):
    recorded.add_journal([journalled(message, case_id)])
    assert recorded.incomplete() == Incomplete(orders=0, messages=0)
    assert len(types(recorded)) == 1


@pytest.mark.parametrize("value", [None, b"", b"{", b"[" * 5000, b"\xff", b'{"type": 5}'])
def test_a_message_that_nobody_can_read_is_kept_as_it_is(recorded, value):
    recorded.add_inbound([came_in(value, 1, 100)])
    (line,) = recorded.lines(whole_orders=True)
    assert line.value == value
