"""The fingerprint tells contents apart and repetitions not."""

import json

import pytest

from tests.topics.samples import AT, SECRET, at_the_door, example, put
from topics.codec import read


def fingerprint(topic, body):
    return at_the_door(topic, body).fingerprint


SAME = [
    ("published again", {"occurred_at": "2026-03-02T12:31:00Z"}),
    ("by somebody else", {"source": "elsewhere"}),
    ("in another version of the schema", {"schema_version": 2}),
]


@pytest.mark.parametrize("change", [row[1] for row in SAME], ids=[row[0] for row in SAME])
def test_the_same_content_has_the_same_fingerprint(change):
    topic, body = example("payment.captured")
    assert fingerprint(topic, body | change) == fingerprint(topic, body)


def test_neither_order_nor_spelling_of_the_fields_matters():
    topic, body = example("order.placed")
    turned = json.dumps(dict(reversed(body.items())), indent=1).replace("Blue", "\\u0042lue").encode()
    assert at_the_door(topic, turned, key=b"order-1001").fingerprint == fingerprint(topic, body)


OTHER = [
    ("order.placed", ("lines", 0, "amount_minor"), 2381),
    ("order.placed", ("lines", 0, "title"), "Red mug"),
    ("order.placed", ("merchant_id",), "other"),
    ("order.placed", ("unheard_of",), 1),
    ("payment.captured", ("amount", "currency"), "USD"),
    ("payment.captured", ("shopper", "ip"), "203.0.113.10"),
    ("refund.requested", ("note",), "card 4539578763621486"),
    ("dispute.alerted", ("source",), "cdrn"),
]


@pytest.mark.parametrize(("name", "path", "new"), OTHER, ids=[".".join(map(str, row[1])) for row in OTHER])
def test_another_content_has_another_fingerprint(name, path, new):
    topic, body = example(name)
    assert fingerprint(topic, put(body, path, new)) != fingerprint(topic, body)


def test_contents_that_are_masked_alike_still_differ():
    topic, body = example("refund.requested")
    one, other = (body | {"note": f"card {card}"} for card in ("4000000000001000", "4000000010001000"))
    assert fingerprint(topic, one) != fingerprint(topic, other)


def test_the_fingerprint_is_keyed_so_that_nobody_can_guess_contents_from_it():
    topic, body = example("order.placed")
    value = json.dumps(body).encode()
    one, other = (read(topic, b"order-1001", value, timestamp=AT, secret=key) for key in (SECRET, b"another key"))
    assert one.body == other.body
    assert one.fingerprint != other.fingerprint
    assert len(one.fingerprint) == 8
