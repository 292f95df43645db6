"""What the door takes although it is not all known: new words, new fields, keys said twice; and what it passes on."""

import json
from datetime import UTC, datetime

import pytest

from tests.topics.samples import at_the_door, example, inbound_examples, put
from topics.codec import Received
from topics.journal import read_activity, read_journal

NEW_WORDS = [
    ("payment.captured", ("method", "kind"), "crypto"),
    ("payment.captured", ("method", "network"), "newnet"),
    ("order.placed", ("lines", 0, "category"), "moonstones"),
    ("order.placed", ("lines", 0, "taxes", 0, "code"), "moon_levy"),
    ("dispute.opened", ("reason_code",), "99.9"),
    ("dispute.opened", ("category",), "lunar"),
    ("refund.failed", ("failure_code",), "eclipse"),
    ("fraud.reported", ("fraud_type",), "lunar"),
]


@pytest.mark.parametrize(("name", "path", "word"), NEW_WORDS, ids=[".".join(map(str, row[1])) for row in NEW_WORDS])
def test_a_new_word_of_somebody_elses_vocabulary_is_taken(name, path, word):
    topic, body = example(name)
    received = at_the_door(topic, put(body, path, word))
    assert isinstance(received, Received), received
    value = received.event
    for step in path:
        value = value[step] if isinstance(step, int) else getattr(value, step)
    assert value == word


def test_fields_that_nobody_described_are_counted_and_dropped():
    topic, body = example("order.placed")
    body = put(body, ("lines", 0, "colour"), "blue") | {"unheard_of": {"a": [1, None]}}
    received = at_the_door(topic, body)
    assert (received.unknown_fields, received.redacted) == (2, True)
    assert b"unheard_of" not in received.body
    assert b"colour" not in received.body
    assert received.event.lines[0].title == "Blue mug"


def test_a_body_with_nothing_to_hide_is_passed_on_byte_for_byte():
    for spelling in (
        b'{ "event_id":"e1", "type":"refund.request_withdrawn","occurred_at":"2026-03-02T12:00:00Z","merchant_id":"m","order_id":"o","request_id":"r" }',
        b'{"event_id":"caf\\u00e9","type":"refund.request_withdrawn","occurred_at":"2026-03-02T12:00:00Z","merchant_id":"m","order_id":"o","request_id":"r"}',
        '{"event_id":"café","type":"refund.request_withdrawn","occurred_at":"2026-03-02T12:00:00Z","merchant_id":"m","order_id":"o","request_id":"注文"}'.encode(),
    ):
        received = at_the_door("orders", spelling, key=b"o")
        assert received.body == spelling
        assert not received.redacted


def test_of_a_key_that_is_said_twice_the_last_counts_also_where_the_first_is_wrong():
    text = json.dumps(example("payment.voided")[1]).replace('"payment_id": ', '"payment_id": 7, "payment_id": ')
    received = at_the_door("payments", text.encode(), key=b"pay-1")
    assert received.event.payment_id == "pay-1"
    assert read_journal(received.body).payment_id == "pay-1"


def test_a_key_that_is_said_twice_hides_nothing():
    text = json.dumps(example("service.used")[1])
    for hidden in ('"ip": "198.51.100.7", "ip": null, ', '"i\\u0070": "198.51.100.7", "ip": null, '):
        spelled = text.replace('"ip": "203.0.113.9", ', hidden)
        received = at_the_door("orders", spelled.encode(), key=b"order-1001")
        assert received.event.ip is None
        assert b"198.51" not in received.body
    request = json.dumps(example("refund.requested")[1])
    # an escaped colon makes as many colons of what was written anew as there were
    for hidden in ('"note": "4539578763621486", "note": "', '"note": "4539578763621486", "note": "\\u003a'):
        note = request.replace('"note": "', hidden)
        assert b"4539" not in at_the_door("orders", note.encode(), key=b"order-1001").body


@pytest.mark.parametrize("when", ["1970-01-01T00:00:00Z", "2999-12-31T23:59:59.999999Z"])
def test_times_are_taken_from_the_first_to_the_last_moment_of_the_years_that_have_any(when):
    topic, body = example("dispute.opened")
    received = at_the_door(topic, body | {"respond_by": when})
    assert received.event.respond_by == datetime.fromisoformat(when)


def test_null_is_as_good_as_absent_where_a_field_may_be_absent():
    topic, body = example("order.delivered")
    received = at_the_door(topic, body | {"proof": None, "shipment_id": None, "lines": None})
    assert (received.event.proof, received.event.shipment_id, received.event.lines) == (None, None, None)


def test_defaults_are_those_of_the_contract():
    topic, body = example("order.placed.minimal")
    event = at_the_door(topic, body).event
    line = event.lines[0]
    assert (event.locale, event.channel, event.source, event.schema_version) == ("en", "online", "platform", 1)
    assert (event.business_buyer, event.prices_include_tax, event.informed_of_withdrawal) == (False, False, True)
    assert (event.tip_minor, event.order_discount_minor, event.total_minor) == (0, 0, None)
    assert (event.shipping, event.order_taxes, line.taxes) == ([], [], [])
    assert (line.kind, line.discount_minor, line.duties_minor, line.final_sale) == ("physical", 0, 0, False)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-03-02T12:00:00Z", datetime(2026, 3, 2, 12, tzinfo=UTC)),
        ("2026-03-02T23:30:00+11:30", datetime(2026, 3, 2, 12, tzinfo=UTC)),
        ("2026-03-02T12:00:00.25-00:00", datetime(2026, 3, 2, 12, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-03-02T12:00:00.1234567Z", datetime(2026, 3, 2, 12, 0, 0, 123_457, tzinfo=UTC)),
    ],
)
def test_the_time_of_an_event_is_in_utc_however_it_was_written(written, instant):
    topic, body = example("order.fulfilled")
    received = at_the_door(topic, body | {"occurred_at": written})
    assert received.event.occurred_at == instant
    assert received.event.occurred_at.tzinfo is UTC
    assert read_journal(received.body).occurred_at.tzinfo is UTC


@pytest.mark.parametrize("amount", [0, -5])
def test_a_request_for_nothing_or_less_is_taken_because_the_rules_deny_it(amount):
    topic, body = example("refund.requested.amount")
    received = at_the_door(topic, put(body, ("scope", "amount", "amount_minor"), amount))
    assert received.event.scope.amount.amount_minor == amount


@pytest.mark.parametrize(("name", "topic", "body"), inbound_examples(), ids=[row[0] for row in inbound_examples()])
def test_what_is_passed_on_says_what_the_event_says(name, topic, body):
    received = at_the_door(topic, body)
    if topic in {"fx-rates", "policies"}:
        return  # these are read by every worker, not re-keyed
    for reader in (read_activity, read_journal) if topic == "customers" else (read_journal,):
        again = reader(received.body)
        assert again.type == received.event.type == body["type"]
        assert [getattr(again, name) for name in again.__struct_fields__] == [
            getattr(received.event, name) for name in received.event.__struct_fields__
        ] or repr(again) == repr(received.event)
