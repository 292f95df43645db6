"""Every dead-letter code in its smallest message, with the original bytes, key and headers."""

import json

import pytest

from agents import Desk, assemble, casework
from app.runtime import rows
from app.runtime.round import Staging
from app.runtime.store.memory import MemoryStore
from app.runtime.topology import Batch, Message
from tests.agents.shop import TRACE, Shop
from tests.domain.events import (
    Said,
    alert,
    amended,
    asked,
    came_back,
    captured,
    charged_on,
    delivered,
    dispute,
    fraud_reported,
    line,
    lines,
    of_payments,
    placed,
    refund,
    verdict,
    withdrawn,
)
from tests.domain.wire import SECRET
from topics.dead_letters import DeadLetterCode
from topics.partitioning import partition_of

NEVER_GIVEN = ("unknown_payment", "unknown_order")
"""The contract has them; what waits for a payment or an order is held here instead, and ends by its wait."""

GOOD = {
    "event_id": "e1",
    "type": "order.placed",
    "occurred_at": "2026-01-05T12:00:00Z",
    "merchant_id": "m1",
    "order_id": "o1",
    "currency": "EUR",
    "lines": [{"line_id": "l1", "sku": "s", "quantity": 1, "amount_minor": 100}],
}


def but(**changes: object) -> bytes:
    return json.dumps({name: value for name, value in (GOOD | changes).items() if value is not None}).encode()


AT_THE_DOOR = [
    ("not_json", b"o1", b"{"),
    ("not_json", b"o1", b""),
    ("not_json", b"o1", None),
    ("not_json", b"o1", b"\xef\xbb\xbf" + but()),
    ("not_json", b"o1", b'{"a":"\xff"}'),
    ("not_json", b"o1", b'{"a":NaN}'),
    ("not_json", b"o1", b'{"a":"\\ud800"}'),
    ("too_large", b"o1", b'"' + b"x" * (512 * 1024) + b'"'),
    ("too_deep", b"o1", b'{"a":' * 70 + b"1" + b"}" * 70),
    ("unknown_type", b"o1", but(type="order.dreamt")),
    ("invalid_field", b"o1", b"[1]"),
    ("invalid_field", b"o1", but(type=None)),
    ("invalid_field", b"o1", but(order_discount_minor="12")),
    ("invalid_field", b"o1", but(order_discount_minor=12.0)),
    ("invalid_field", b"o1", but(order_discount_minor=True)),
    ("invalid_field", b"o1", but(order_discount_minor=2**53)),
    ("invalid_field", b"o1", but(order_discount_minor=101)),
    ("invalid_field", b"o1", but(channel="pigeon")),
    ("unknown_currency", b"o1", but(currency="XAU")),
    ("key_mismatch", b"o2", but()),
    ("key_mismatch", None, but()),
    ("time_in_future", b"o1", but(occurred_at="2026-01-06T12:00:01Z")),
]


@pytest.mark.parametrize(
    ("code", "key", "value"), AT_THE_DOOR, ids=[f"{row[0]}-{n}" for n, row in enumerate(AT_THE_DOOR)]
)
def test_what_cannot_be_read_is_a_letter_with_its_bytes_key_and_headers(code, key, value):
    shop = Shop()
    shop.append("orders", key, value, headers=[("traceparent", TRACE), ("mine", b"kept")])
    (letter,) = shop.letters()
    assert (letter.code, letter.key) == (code, key)
    assert letter.value == value
    assert letter.headers["mine"] == b"kept"
    assert letter.headers["traceparent"] == TRACE
    assert letter.headers["refundry-topic"] == b"orders"
    assert letter.headers["refundry-offset"] == b"0"
    assert letter.headers["refundry-attempt"] == b"1"
    assert letter.headers["refundry-version"] == b"1.2.3"
    assert "refundry-redacted" not in letter.headers
    assert not shop.rows("cases")


def test_a_time_a_day_ahead_is_taken():
    shop = Shop()
    shop.append("orders", b"o1", but(occurred_at="2026-01-06T12:00:00Z"))
    assert not shop.letters()


BY_THE_CASE = [
    ("id_conflict", [placed().but(event_id="x")], placed(line("l1", "1.00")).but(event_id="x")),
    ("id_conflict", [captured("100.00", order_id="o1")], captured("99.00", order_id="o1")),
    ("id_conflict", [placed(), asked()], asked(scope=lines(l1=1))),
    (
        "id_conflict",
        [captured("9.00", order_id="o1"), refund("succeeded", "1.00", refund_id="x")],
        refund("succeeded", "2.00", refund_id="x"),
    ),
    (
        "illegal_transition",
        [placed(line("l1", "100.00", 2)), captured("100.00", order_id="o1"), asked()],
        amended(line("l1", "10.00")),
    ),
    ("illegal_transition", [placed(), captured("100.00", order_id="o1"), asked()], verdict("deny")),
    ("illegal_transition", [placed()], withdrawn("nobody's")),
    ("link_conflict", [captured("100.00", order_id="o1")], of_payments("payment.linked", "p1", order_id="o2")),
]


@pytest.mark.parametrize(
    ("code", "before", "last"), BY_THE_CASE, ids=[f"{row[0]}-{n}" for n, row in enumerate(BY_THE_CASE)]
)
def test_what_contradicts_what_was_accepted_is_a_letter_with_its_bytes_and_the_state_stays(code, before, last):
    shop = Shop()
    shop.publish(*before)
    frozen = shop.rows("cases")
    shop.publish(last)
    (letter,) = shop.letters()
    assert letter.code == code
    body = json.loads(letter.value or b"")
    assert body["event_id"] == last.body.get("event_id", f"e{shop.count}")
    assert {name: body[name] for name in last.body} == last.body
    assert letter.key == (last.body.get("payment_id") or "o1").encode()
    assert letter.headers["refundry-topic"] == last.topic.encode()
    assert letter.headers["traceparent"] == TRACE
    assert shop.rows("cases") == frozen


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        (captured("100.00"), "m1/~p1"),
        (refund("succeeded", "10.00", refund_id="x1"), "m1/~p1"),
        (refund("failed", "10.00", instruction_id="nobody's"), "m1/~p1"),
        (dispute("opened", "10.00"), "m1/~p1"),
        (dispute("won"), "m1/~p1"),
        (alert("10.00"), "m1/~p1"),
        (fraud_reported(), "m1/~p1"),
        (dispute("opened", "10.00", payment_id=None, order_id="o1"), "m1/o1"),
        (asked(), "m1/o1"),
        (asked(scope=charged_on("p9")), "m1/o1"),
        (delivered(), "m1/o1"),
        (came_back(), "m1/o1"),
        (verdict("approve"), "m1/o1"),
    ],
    ids=lambda value: value.body["type"] if isinstance(value, Said) else value,
)
def test_what_names_a_payment_or_an_order_that_nobody_knows_is_waited_for_and_no_letter(said, becomes):
    shop = Shop()
    shop.publish(said)
    shop.later(days=40)
    assert not shop.letters()
    assert set(shop.rows("cases")) == {becomes}


def test_another_partition_than_the_partitioner_s_is_a_letter():
    shop = Shop(partitions=8)
    right = partition_of(b"p1", 8)
    assert right != 0, "the log has one partition, so the key must belong elsewhere"
    shop.publish(captured("100.00"))
    assert [letter.code for letter in shop.letters()] == ["wrong_partition"]


def test_a_handler_that_fails_gives_a_letter_and_the_good_events_around_it_are_decided(monkeypatch):
    shop, real = Shop(), casework.step

    def fragile(case, entry, context):
        if getattr(entry.event, "request_id", "") == "poison":
            raise RuntimeError("a bug")
        return real(case, entry, context)

    monkeypatch.setattr(casework, "step", fragile)
    shop.publish(placed(), captured("100.00", order_id="o1"), asked("poison"), asked("r1"))
    (letter,) = shop.letters()
    assert (letter.code, letter.key, letter.headers["refundry-topic"]) == ("handler_failed", b"o1", b"orders")
    assert json.loads(letter.value or b"")["request_id"] == "poison"
    assert [decided["request_id"] for decided in shop.bodies("refund-decisions", "refund.approved")] == ["r1"]


def as_one_batch(outputs):
    """What was journalled, handed to the agents in one batch, as a busy partition does; the round that came of it."""
    topology = assemble(Desk(SECRET))
    staging = Staging(topology, version="1.2.3")
    for table in topology.tables:
        staging.open(table.name, 0, MemoryStore())
    said = [out for out in outputs if out.topic == "case-events"]
    heard = [Message("case-events", 0, n, 10**12 + n, out.key, out.value, out.headers) for n, out in enumerate(said)]
    staging.run([Batch("case-events", 0, heard)])
    return staging


@pytest.mark.parametrize("first", ["large", "small"])
def test_a_row_that_grew_too_large_is_blamed_on_the_last_message_of_its_own_case(monkeypatch, first):
    """A neighbour in the same batch keeps what it was told, and the case itself what it was told before."""
    shop = Shop()
    orders = [placed(line("l1", "2.00")).but(order_id=order_id) for order_id in ("large", "small")]
    too_large = amended(*(line(f"l{number}", "1.00") for number in range(100))).but(order_id="large")
    opening = orders if first == "large" else orders[::-1]
    shop.publish(*opening, too_large, placed(line("l1", "3.00")).but(order_id="last"))
    monkeypatch.setattr(rows, "ROW_BYTES_MAX", 3000)
    round_ = as_one_batch(shop.outputs)
    (letter,) = [out for out in round_.outputs if out.topic == "dead-letters"]
    assert (letter.key, dict(letter.headers)["refundry-code"]) == (b"large", b"handler_failed")
    assert json.loads(letter.value or b"")["type"] == "order.amended"
    snapshots = [json.loads(out.value or b"") for out in round_.outputs if out.topic == "case-snapshots"]
    assert {one["case_id"]: len(one["order"]["lines"]) for one in snapshots} == {
        "m1/large": 1,
        "m1/small": 1,
        "m1/last": 1,
    }


def test_the_same_content_under_the_same_id_is_absorbed_whenever_it_comes():
    shop = Shop()
    event = captured("100.00", order_id="o1").but(event_id="x")
    shop.publish(placed(), event)
    again = event.but(occurred_at="2026-01-05T12:30:00Z", source="elsewhere", schema_version=1)
    for _ in range(3):
        assert {out.topic for out in shop.publish(again)} <= {"case-events", "case-snapshots"}
    assert not shop.letters()
    assert shop.snapshot()["payments"][0]["captured_minor"] == 10000


def test_a_conflict_does_not_change_what_is_a_duplicate():
    shop = Shop()
    event = captured("100.00", order_id="o1").but(event_id="x")
    shop.publish(event, event.but(order_id="o1", capture_id="c2"), event, event.but(order_id="o1", capture_id="c2"))
    assert [letter.code for letter in shop.letters()] == ["id_conflict", "id_conflict"]


def test_secrets_of_a_refused_message_are_masked_and_the_letter_says_so():
    shop = Shop()
    told = json.dumps({"type": "order.dreamt", "card": "4111 1111 1111 1111", "cvv": "123", "mail": "ann@example.org"})
    shop.append("orders", b"o1", told.encode())
    (letter,) = shop.letters()
    assert letter.headers["refundry-redacted"] == b"true"
    for secret in (b"4111 1111", b"41111111", b'"123"', b"ann@example.org"):
        assert secret not in (letter.value or b"")


def test_shopper_values_of_a_conflict_are_hashed_and_the_letter_says_so():
    shop = Shop()
    shopper = {"account_id": "account-of-ann", "ip": "192.0.2.7"}
    shop.publish(captured("100.00", order_id="o1", shopper=shopper), captured("99.00", order_id="o1", shopper=shopper))
    (letter,) = shop.letters()
    assert b"account-of-ann" not in (letter.value or b"")
    assert b"192.0.2.7" not in (letter.value or b"")
    assert letter.headers["refundry-redacted"] == b"true"
    journal = b"".join(out.value or b"" for out in shop.outputs if out.topic == "case-events")
    assert b"account-of-ann" not in journal


REDRIVEN = [
    ("refundry-attempt", b"2"),
    ("refundry-redriven-from", b"orders/3/7"),
    ("refundry-code", b"of before"),
    ("mine", b"kept"),
]


def test_a_redriven_message_that_is_refused_again_says_what_it_repeats_and_how_often_it_was_refused():
    """At the door, and by the case: the journal carries the headers on."""
    shop = Shop()
    shop.append("orders", b"o1", b"{", headers=REDRIVEN)
    shop.append("orders", b"o1", but())
    shop.append("orders", b"o1", but(currency="USD"), headers=REDRIVEN)
    at_the_door, by_the_case = shop.letters()
    assert (at_the_door.code, by_the_case.code) == ("not_json", "id_conflict")
    for letter in (at_the_door, by_the_case):
        assert letter.headers["refundry-attempt"] == b"3"
        assert letter.headers["refundry-redriven-from"] == b"orders/3/7"
        assert letter.headers["mine"] == b"kept"


def test_every_code_is_given_or_listed():
    given = {code for code, *_ in (*AT_THE_DOOR, *BY_THE_CASE)} | {"wrong_partition", "handler_failed"}
    assert given | set(NEVER_GIVEN) == {code.value for code in DeadLetterCode}
    assert not given & set(NEVER_GIVEN)
