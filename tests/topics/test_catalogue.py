"""The catalogue is the contract's table, and the tables beside it are whole."""

import pytest
from pydantic import ValidationError

from topics.catalogue import CATALOGUE, INBOUND, INTERNAL, OUTBOUND, TOPICS
from topics.currencies import EXPONENTS
from topics.dead_letters import PREFIX, REQUIRED_HEADERS, DeadLetterCode, letter_headers
from topics.envelope import FORMS, Money
from topics.shapes import shape_of
from topics.twins import twin

ROWS = {
    "orders": ("order_id", "in", "delete"),
    "payments": ("payment_id", "in", "delete"),
    "disputes": ("payment_id", "in", "delete"),
    "reviews": ("order_id", "in", "delete"),
    "customers": ("customer_id", "in", "delete"),
    "fx-rates": ("base/quote@as_of", "in", "compact"),
    "policies": ("policy@version", "in", "compact"),
    "case-events": ("merchant_id/order_id", "internal", "delete"),
    "customer-activity": ("merchant_id/customer_id", "internal", "delete"),
    "merchant-activity": ("merchant_id/network", "internal", "delete"),
    "refund-decisions": ("merchant_id/order_id", "out", "delete"),
    "refund-instructions": ("merchant_id/payment_id", "out", "delete"),
    "dispute-instructions": ("merchant_id/payment_id", "out", "delete"),
    "chargeback-alerts": ("merchant_id", "out", "delete"),
    "customer-notifications": ("merchant_id/order_id", "out", "delete"),
    "ledger-entries": ("merchant_id/order_id", "out", "delete"),
    "case-snapshots": ("merchant_id/order_id", "out", "compact"),
    "dead-letters": ("key of the original", "out", "delete"),
}

OWN_ROWS = {"heartbeats": ("`in` or `out`", "internal", "delete")}


def test_the_topics_are_those_of_the_contract_and_one_that_is_our_own():
    assert {topic.name: (topic.key, topic.direction, topic.cleanup) for topic in TOPICS} == ROWS | OWN_ROWS
    assert set(INBOUND) | set(INTERNAL) | set(OUTBOUND) == set(ROWS | OWN_ROWS) == set(CATALOGUE)


def test_what_every_worker_reads_whole_has_one_partition_and_is_compacted():
    assert {topic.name for topic in TOPICS if topic.single} == {"fx-rates", "policies"}
    assert all(topic.cleanup == "compact" for topic in TOPICS if topic.single)


def test_a_type_is_said_on_one_topic_of_a_direction():
    for direction in (INBOUND, OUTBOUND):
        names = [name for topic in direction for name in CATALOGUE[topic].type_names]
        assert len(names) == len(set(names))


def test_every_type_has_a_twin_and_a_shape_with_its_fields():
    for topic in TOPICS:
        for model in topic.types:
            if topic.direction == "out":
                continue
            assert set(twin(model, closed=True).__struct_fields__) | {"type"} >= model.model_fields.keys()
            assert shape_of(model).fields.keys() == model.model_fields.keys()


EXPONENT_ROWS = [
    ("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF", 0),
    ("BHD IQD JOD KWD LYD OMR TND", 3),
    ("CLF UYW", 4),
    ("EUR USD GBP HUF TWD MGA BGN HRK", 2),
]


@pytest.mark.parametrize(("codes", "exponent"), EXPONENT_ROWS)
def test_exponents_are_those_of_the_standard(codes, exponent):
    assert {EXPONENTS[code] for code in codes.split()} == {exponent}


@pytest.mark.parametrize(
    "code", ["XAU", "XAG", "XPT", "XPD", "XDR", "XUA", "XSU", "XTS", "XXX", "XBA", "XBB", "XBC", "XBD", "ZZZ"]
)
def test_what_has_no_minor_unit_is_no_currency(code):
    assert code not in EXPONENTS
    with pytest.raises(ValidationError, match="minor unit"):
        Money(amount_minor=1, currency=code)


def test_the_table_of_currencies_holds_each_once():
    assert len(EXPONENTS) == 172
    assert all(len(code) == 3 and code.isupper() and code.isascii() for code in EXPONENTS)


def test_every_pattern_has_words_for_people():
    assert all(pattern.startswith("^") and meaning for pattern, meaning in FORMS.items())


def test_a_dead_letter_says_why_and_whence_in_text():
    facts = {"topic": "orders", "partition": 3, "offset": 12, "timestamp": 5, "attempt": 1, "version": "1.0"}
    headers = letter_headers(
        code="not_json",
        message="no",
        path="a",
        redriven_from="orders/3/7",
        redacted=True,
        original=[("x", b"1"), ("refundry-attempt", b"7")],
        **facts,
    )
    named = dict(headers)
    assert len(named) == len(headers)
    assert named.keys() == {PREFIX + name for name in (*REQUIRED_HEADERS, "path", "redriven-from", "redacted")} | {"x"}
    assert (named["refundry-partition"], named["refundry-redacted"], named["refundry-attempt"]) == (b"3", b"true", b"1")
    plain = dict(letter_headers(code=DeadLetterCode.TOO_DEEP, message="no", path=None, redacted=False, **facts))
    assert plain.keys() == {PREFIX + name for name in REQUIRED_HEADERS}


def test_a_code_that_is_none_of_the_contract_cannot_be_said():
    with pytest.raises(ValueError, match="because"):
        letter_headers(
            code="because",
            message="",
            path=None,
            topic="",
            partition=0,
            offset=0,
            timestamp=0,
            attempt=1,
            version="",
            redacted=False,
        )
