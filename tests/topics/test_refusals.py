"""What the door refuses: which code, which field, and never the value."""

import json
from typing import Any

import pytest

from tests.topics.samples import at_the_door, example, put
from topics.codec import BYTES_MAX, Received, Unreadable
from topics.dead_letters import DeadLetterCode
from topics.keys import key_of

DAY_MS = 24 * 3600 * 1000
DROPPED = object()
DECIDED_ELSEWHERE = {
    "wrong_partition",
    "id_conflict",
    "link_conflict",
    "unknown_payment",
    "unknown_order",
    "illegal_transition",
    "handler_failed",
}


def changed(name: str, path: str, new: Any) -> tuple[str, dict[str, Any]]:
    """An example with one field changed; a path is written with dots."""
    topic, body = example(name)
    steps = tuple(int(step) if step.isdigit() else step for step in path.split("."))
    if new is not DROPPED:
        return topic, put(body, steps, new)
    *parents, last = steps
    parent = dict(body) if not parents else None
    if parent is None:
        holder = body
        for step in parents:
            holder = holder[step]
        copy = dict(holder)
        del copy[last]
        return topic, put(body, tuple(parents), copy)
    del parent[last]
    return topic, parent


BYTES = [
    ("no body", None, "not_json"),
    ("an empty body", b"", "not_json"),
    ("words", b"hello, world", "not_json"),
    ("half an object", b'{"event_id": "e', "not_json"),
    ("a byte order mark", b"\xef\xbb\xbf{}", "not_json"),
    ("bytes that are no UTF-8", b'{"event_id": "\xff\xfe"}', "not_json"),
    ("a lone surrogate", b'{"event_id": "\\ud800"}', "not_json"),
    ("NaN", b'{"amount": NaN}', "not_json"),
    ("Infinity", b'{"amount": Infinity}', "not_json"),
    ("more after the object", b"{} {}", "not_json"),
    ("a list", b"[]", "invalid_field"),
    ("a number", b"42", "invalid_field"),
    ("null", b"null", "invalid_field"),
    ("a number without end", b'{"x": 1e999999}', "invalid_field"),
    ("an integer of 5000 digits", b'{"x": ' + b"9" * 5000 + b"}", "invalid_field"),
    ("no type", b"{}", "invalid_field"),
    ("a type that is no text", b'{"type": 1}', "invalid_field"),
    ("a type of another topic", b'{"type": "payment.captured"}', "unknown_type"),
    ("too many bytes", b" " * (BYTES_MAX + 1), "too_large"),
    ("100,000 open lists", b"[" * 100_000, "too_deep"),
    ("100,000 levels of lists", b"[" * 100_000 + b"]" * 100_000, "too_deep"),
    ("65 levels of lists", b"[" * 65 + b"]" * 65, "too_deep"),
    ("64 levels of lists", b"[" * 64 + b"]" * 64, "invalid_field"),
    ("64 levels of lists, two of them side by side", b"[" * 63 + b"[],[]" + b"]" * 63, "invalid_field"),
    ("65 levels in a field that nobody described", b'{"x":' * 65 + b"1" + b"}" * 65, "too_deep"),
]

FIELDS = [
    ("order.placed", "event_id", DROPPED, "invalid_field"),
    ("order.placed", "event_id", "", "invalid_field"),
    ("order.placed", "event_id", "x" * 129, "invalid_field"),
    ("order.placed", "event_id", 12, "invalid_field"),
    ("order.placed", "event_id", "a\nb", "invalid_field"),
    ("order.placed", "event_id", "a\u202eb", "invalid_field"),
    ("order.placed", "order_id", "~pay-1", "invalid_field"),
    ("order.placed", "customer_id", "jane.roe@mail.example", "invalid_field"),
    ("order.placed", "merchant_id", "a/b", "invalid_field"),
    ("order.placed", "merchant_id", "acme\n", "invalid_field"),
    ("order.placed", "occurred_at", "2026-03-02", "invalid_field"),
    ("order.placed", "occurred_at", "2026-03-02T12:00:00", "invalid_field"),
    ("order.placed", "occurred_at", "2026-03-02T12:00Z", "invalid_field"),
    ("order.placed", "occurred_at", "0001-01-01T00:00:00+10:00", "invalid_field"),
    ("order.placed", "occurred_at", "3000-01-01T00:00:00Z", "invalid_field"),
    ("order.placed", "occurred_at", 1772452800, "invalid_field"),
    ("order.placed", "schema_version", 0, "invalid_field"),
    ("order.placed", "currency", "XAU", "unknown_currency"),
    ("order.placed", "currency", "eur", "unknown_currency"),
    ("order.placed", "currency", 978, "invalid_field"),
    ("order.placed", "channel", "fax", "invalid_field"),
    ("order.placed", "country", "Germany", "invalid_field"),
    ("order.placed", "timezone", "Mars/Olympus", "invalid_field"),
    ("order.placed", "timezone", "../../etc/passwd", "invalid_field"),
    ("order.placed", "timezone", "localtime", "invalid_field"),  # a file of the system, another one on every machine
    ("order.placed", "timezone", "posixrules", "invalid_field"),
    ("order.placed", "timezone", "right/Europe/Paris", "invalid_field"),  # with leap seconds
    ("order.placed", "timezone", "posix/Europe/Paris", "invalid_field"),
    ("order.placed", "timezone", "europe/paris", "invalid_field"),
    ("order.placed", "timezone", "Factory", "invalid_field"),  # a place that was not set
    ("order.placed", "lines", [], "invalid_field"),
    ("order.placed", "lines", None, "invalid_field"),
    ("order.placed", "lines.0", "line-1", "invalid_field"),
    ("order.placed", "lines.1.line_id", "line-1", "invalid_field"),
    ("order.placed", "lines.0.quantity", 0, "invalid_field"),
    ("order.placed", "lines.0.quantity", True, "invalid_field"),
    ("order.placed", "lines.0.quantity", 1.0, "invalid_field"),
    ("order.placed", "lines.0.amount_minor", -1, "invalid_field"),
    ("order.placed", "lines.0.amount_minor", 2**53, "invalid_field"),
    ("order.placed", "lines.0.discount_minor", 2381, "invalid_field"),
    ("order.placed", "lines.0.taxes", [{"code": "vat", "amount_minor": 2381}], "invalid_field"),
    ("order.placed", "lines.0.taxes.0.amount_minor", -1, "invalid_field"),
    ("order.placed", "lines.0.kind", "ghost", "invalid_field"),
    ("order.placed", "lines.0.title", "x" * 501, "invalid_field"),
    ("order.placed", "lines.2.subscription.period_end", "2026-03-01T00:00:00+01:00", "invalid_field"),
    ("order.placed", "lines.2.subscription.timezone", "Mars", "invalid_field"),
    ("order.placed", "lines.2.subscription.setup_fee_minor", 1201, "invalid_field"),
    ("order.placed", "shipping.0.discount_minor", 991, "invalid_field"),
    ("order.placed", "order_discount_minor", 4651, "invalid_field"),
    ("order.placed", "tip_minor", None, "invalid_field"),
    ("order.fulfilled", "lines", [], "invalid_field"),
    ("refund.requested", "reason", "because", "invalid_field"),
    ("refund.requested", "scope.kind", "most", "invalid_field"),
    ("refund.requested", "scope.kind", DROPPED, "invalid_field"),
    ("refund.requested", "note", "x" * 4001, "invalid_field"),
    ("refund.requested.lines", "scope.lines.0.quantity", 0, "invalid_field"),
    ("refund.requested.lines", "scope.include_shipping", "yes", "invalid_field"),
    ("refund.requested.amount", "scope.amount.currency", "XXX", "unknown_currency"),
    ("payment.captured", "amount.amount_minor", "5340", "invalid_field"),
    ("payment.captured", "amount.amount_minor", -1, "invalid_field"),
    ("payment.captured", "amount.currency", "ZZZ", "unknown_currency"),
    ("payment.captured", "settlement.rate", "0.0", "invalid_field"),
    ("payment.captured", "settlement.rate", "1e9", "invalid_field"),
    ("payment.captured", "method.last4", "42420", "invalid_field"),
    ("payment.captured", "risk.level", "dire", "invalid_field"),
    ("payment.linked", "order_id", None, "invalid_field"),
    ("refund.failed", "failure_code", DROPPED, "invalid_field"),
    ("dispute.opened", "stage", "inquiry", "invalid_field"),
    ("dispute.alerted", "source", "gossip", "invalid_field"),
    ("dispute.alerted", "already_credited", DROPPED, "invalid_field"),
    ("review.resolved", "verdict", "contest", "invalid_field"),
    ("review.resolved", "revision", 0, "invalid_field"),
    ("fx-rates", "rate", 1.0842, "invalid_field"),
    ("fx-rates", "rate", "-1", "invalid_field"),
    ("fx-rates", "quote", "EUR", "invalid_field"),
    ("fx-rates", "quote", "XDR", "unknown_currency"),
    ("fx-rates", "as_of", "2026-02-30", "invalid_field"),
    ("policies", "policy", DROPPED, "invalid_field"),
    ("policies", "version", "1", "invalid_field"),
]


@pytest.mark.parametrize(("what", "value", "code"), BYTES, ids=[row[0] for row in BYTES])
def test_bytes_that_are_no_event_are_refused_with_their_code(what, value, code):
    refused = at_the_door("orders", value)
    assert isinstance(refused, Unreadable)
    assert refused.code == code


@pytest.mark.parametrize(
    ("name", "path", "new", "code"), FIELDS, ids=[f"{n}-{p}-{i}" for i, (n, p, _, _) in enumerate(FIELDS)]
)
def test_a_wrong_field_is_named_and_its_value_is_not(name, path, new, code):
    topic, body = changed(name, path, new)
    refused = at_the_door(topic, body)
    assert isinstance(refused, Unreadable), f"accepted: {refused}"
    assert refused.code == code
    assert refused.path is not None
    last = next(step for step in reversed(path.split(".")) if not step.isdigit())
    assert last in refused.path
    assert refused.message.startswith(f"{refused.path}: expected ")
    if isinstance(new, str) and new and new not in refused.path:
        assert json.dumps(new)[1:-1] not in refused.message.removeprefix(refused.path)


PATHS = [
    ("order.placed", "lines.1.taxes.0.amount_minor", "12", "lines[1].taxes[0].amount_minor"),
    ("order.placed", "lines.2.subscription.timezone", "Mars", "lines[2].subscription.timezone"),
    ("refund.requested.lines", "scope.lines.0.quantity", 0, "scope.lines[0].quantity"),
    ("refund.requested.amount", "scope.amount.amount_minor", None, "scope.amount.amount_minor"),
    ("refund.requested", "scope.kind", "most", "scope.kind"),
]


@pytest.mark.parametrize(("name", "path", "new", "written"), PATHS, ids=[row[3] for row in PATHS])
def test_a_path_is_written_as_people_write_it(name, path, new, written):
    topic, body = changed(name, path, new)
    refused = at_the_door(topic, body)
    assert isinstance(refused, Unreadable)
    assert refused.path == written


def test_an_enumeration_is_spelled_out_without_the_offending_word():
    refused = at_the_door(*changed("order.placed", "channel", "fax"))
    assert refused.message == "channel: expected one of: online, store, phone, marketplace; values are case-sensitive"


def test_of_several_faults_the_first_is_named_and_the_others_are_counted():
    topic, body = changed("order.placed", "channel", "fax")
    refused = at_the_door(topic, body | {"tip_minor": "1", "currency": "XXX"})
    assert refused.path == "currency"
    assert refused.message.endswith("(and 2 more)")


NEITHER = [
    ("refund.submitted", ("refund_id", "instruction_id"), "refund_id"),
    ("dispute.won", ("payment_id", "order_id"), "payment_id"),
    ("dispute.opened", ("reason_code", "category"), "reason_code"),
]


@pytest.mark.parametrize(("name", "fields", "path"), NEITHER, ids=[row[0] for row in NEITHER])
def test_one_of_two_fields_must_be_there(name, fields, path):
    topic, body = example(name)
    refused = at_the_door(topic, {field: value for field, value in body.items() if field not in fields})
    assert (refused.code, refused.path) == ("invalid_field", path)


def test_amounts_whose_sum_cannot_be_said_are_refused():
    topic, body = changed("order.placed.minimal", "lines.0.amount_minor", 2**53 - 1)
    assert isinstance(at_the_door(topic, body), Received)
    refused = at_the_door(topic, body | {"tip_minor": 1})
    assert (refused.code, refused.path) == ("invalid_field", "lines")


KEYS = [
    ("order.placed", b"order-1001", True),
    ("order.placed", b"order-1002", False),
    ("order.placed", b"acme-eu/order-1001", False),
    ("order.placed", b"\xff", False),
    ("order.placed", None, False),
    ("payment.captured", b"pay-1", True),
    ("dispute.opened", b"pay-1", True),
    ("dispute.opened", b"order-1001", False),
    ("dispute.lost", b"order-1001", True),
    ("review.resolved", b"order-1001", True),
    ("customer.erased", b"cust-7f3a", True),
    ("fx-rates", b"EUR/USD@2026-03-02", True),
    ("fx-rates", b"EUR/GBP@2026-03-02", False),
    ("policies", b"standard@1", True),
    ("policies", b"standard@2", False),
]


@pytest.mark.parametrize(("name", "key", "fits"), KEYS, ids=[f"{name}-{key}" for name, key, _ in KEYS])
def test_the_key_must_be_the_id_in_the_body(name, key, fits):
    topic, body = example(name)
    received = at_the_door(topic, body, key=key)
    assert isinstance(received, Received) is fits
    assert fits or received.code == "key_mismatch"


@pytest.mark.parametrize("name", [row[0] for row in KEYS if row[2]])
def test_the_right_key_is_found_in_the_body(name):
    topic, body = example(name)
    key = key_of(topic, body)
    assert key is not None
    assert isinstance(at_the_door(topic, body, key=key.encode()), Received)


@pytest.mark.parametrize(
    ("timestamp", "fits"),
    [(1_772_452_800_000 - DAY_MS, True), (1_772_452_800_000 - DAY_MS - 1, False), (0, False), (-1, True)],
)
def test_an_event_may_be_a_day_ahead_of_its_record_and_no_more(timestamp, fits):
    topic, body = example("order.fulfilled")  # of 2026-03-02T12:00:00Z
    received = at_the_door(topic, body, timestamp=timestamp)
    assert isinstance(received, Received) is fits
    assert fits or received.code == "time_in_future"


@pytest.mark.parametrize(
    ("headers", "fits"),
    [
        ([("traceparent", b"x")] * 64, True),
        ([("h", b"")] * 65, False),
        ([("h", b"x" * 40_000)], False),
        ([("h", None)], True),
    ],
    ids=["64", "65", "40 KB", "a header without a value"],
)
def test_headers_are_bounded(headers, fits):
    topic, body = example("order.fulfilled")
    received = at_the_door(topic, body, headers=headers)
    assert isinstance(received, Received) is fits
    assert fits or received.code == "too_large"


def test_every_code_that_the_door_can_give_has_a_row():
    shown = {row[2] for row in BYTES} | {row[3] for row in FIELDS} | {"key_mismatch", "time_in_future"}
    assert shown == {code.value for code in DeadLetterCode} - DECIDED_ELSEWHERE
