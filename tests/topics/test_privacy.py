"""What must not be kept is not kept: in accepted events field by field, in refused messages wherever it stands."""

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.topics.samples import (
    CODE,
    E_MAIL,
    PAN,
    at,
    at_the_door,
    example,
    inbound_examples,
    model_of,
    objects,
    put,
    strings,
)
from topics.codec import Received, mask
from topics.envelope import Hashed, Opaque
from topics.privacy import is_card_number, keyed_hash, mask_headers, mask_text, may_hold_card
from topics.shapes import Choice, Fields, FreeText, Identifier, Items, Trait, shape_of

CARDS = [
    ("4539578763621486", True), ("4222222222222", True), ("4539578763621486000", False), ("5555555555554444", True), ("2223003122003222", True),
    ("378282246310005", True), ("371449635398431", True), ("6011111111111117", True), ("3530111333300000", True), ("30569309025904", True),
    ("38520000023237", True), ("3600000000000008", True), ("3600000000000000004", True), ("6200000000000005", True), ("6304000000000000", True), ("2200000000000004", True), ("6759649826438453", True),
    ("4539578763621487", False), ("9999999999999995", False), ("1234567812345670", False), ("4111111111111", False), ("0000000000000000", False),
    ("411111111111", False), ("5678901234563", False), ("42", False), ("", False),
]  # fmt: skip


@pytest.mark.parametrize(("digits", "card"), CARDS, ids=[row[0] or "none" for row in CARDS])
def test_a_card_number_has_a_known_prefix_and_length_and_a_right_check_digit(digits, card):
    assert is_card_number(digits) is card


TEXTS = [
    ("no secret in 2026-03-02 for 1000.00", "no secret in 2026-03-02 for 1000.00"),
    (f"card {PAN} please", "card [card number] please"),
    ("4539 5787 6362 1486", "[card number]"),
    ("4539-5787-6362-1486", "[card number]"),
    ("4539  5787  6362  1486", "[card number]"),
    ("12 4539 5787 6362 1486 99", "12 [card number] 99"),
    ("1234 4539578763621486", "1234 [card number]"),
    ("a4539578763621486b", "a[card number]b"),
    (f"{PAN} and 378282246310005", "[card number] and [card number]"),
    ("04539578763621486", "04539578763621486"),
    ("45395787636214861234567", "45395787636214861234567"),
    (
        "\uff14\uff15\uff13\uff19\uff15\uff17\uff18\uff17\uff16\uff13\uff16\uff12\uff11\uff14\uff18\uff16",
        "[card number]",
    ),
    (f"write to {E_MAIL}, please", "write to [e-mail], please"),
    ("<a.b+c@d-e.co.uk>;x@y", "<[e-mail]>;x@y"),
    ("jörg@büro.example", "[e-mail]"),
    ("jo\u0308rg@bu\u0308ro.example \u2014 jo\u0308rg", "[e-mail] \u2014 jo\u0308rg"),
    ("\uff4a\uff41\uff4e\uff45\uff20\uff4d\uff41\uff49\uff4c\uff0e\uff45\uff58", "[e-mail]"),
    ("jane\uff20mail.example", "[e-mail]"),
    ("a\ufe6bb.co", "[e-mail]"),
    (
        "\u30e9\u30a4\u30d6\uff20\u6b66\u9053\u9928\u3002\u660e\u65e5",
        "\u30e9\u30a4\u30d6\uff20\u6b66\u9053\u9928\u3002\u660e\u65e5",
    ),
    ("4539\u202f5787\u202f6362\u202f1486", "[card number]"),
    ("4539\u20095787\u20076362\u30001486", "[card number]"),
    ("4539\u22125787\uff0d6362\ufe631486", "[card number]"),
    ("4539\u200b5787\u00ad6362\u2060\ufeff1486", "[card number]"),
    ("4539\n5787\n6362\n1486", "4539\n5787\n6362\n1486"),
    ("@handle at noon @ home", "@handle at noon @ home"),
]


@pytest.mark.parametrize(("text", "masked"), TEXTS)
def test_free_text_loses_card_numbers_and_addresses_and_nothing_else(text, masked):
    assert mask_text(text) == masked
    assert mask_text(masked) == masked


@given(
    st.lists(st.sampled_from([PAN, "4539 5787", "6362-1486", "12", "-", " ", "x", E_MAIL, "@", "\u2010"]), max_size=12)
)
def test_masking_twice_is_masking_once(parts):
    once = mask_text("".join(parts))
    assert mask_text(once) == once
    assert not re.search(rf"(?<!\d){PAN}(?!\d)", once)
    assert E_MAIL not in once


@given(st.text(st.sampled_from("0123456789 -a"), max_size=40))
def test_the_quick_look_misses_no_card_number(text):
    assert mask_text(text) == text or may_hold_card(text.encode())


SOURCES = [
    (f'{{"note": "card {PAN}"}}', '{"note": "card [card number]"}'),
    (f'{{"card": {PAN}, "n": 1}}', '{"card": "[card number]", "n": 1}'),
    (f'{{"card": {PAN}.0}}', '{"card": "[card number]"}'),
    ('{"card": 4.539578763621486e15}', '{"card":"[card number]"}'),
    (f'{{"card": "{PAN}"', '{"card": "[card number]"'),
    (f'{{"card": {PAN}', '{"card": "[card number]"'),
    (f'{{"note": "\\u0034{PAN[1:]}"}}', '{"note": "[card number]"}'),
    ('{"note": "jane.roe\\u0040mail.example"}', '{"note": "[e-mail]"}'),
    (f'{{"note": "{PAN}", "note": "x"}}', '{"note": "[card number]", "note": "x"}'),
    (f'{{"{PAN}": 1, "{E_MAIL}": 2}}', '{"[card number]": 1, "[e-mail]": 2}'),
    ('{"cvv": "7391"}', '{"cvv": "***"}'),
    ('{"cvc": 739}', '{"cvc": "***"}'),
    ('{"CVV2" : "7391", "x": 1}', '{"CVV2" : "***", "x": 1}'),
    ('{"card_csc": "7391"}', '{"card_csc": "***"}'),
    ('{"c\\u0076v": "7391"}', '{"cvv": "***"}'),
    ('{"security_code": ["7391"]}', '{"security_code":"***"}'),
    ('{"cvv": {"value": "7391"}}', '{"cvv":"***"}'),
    ('{"raw": "{\\"cvv\\": \\"7391\\"}"}', '{"raw": "{\\"cvv\\": \\"***\\"}"}'),
    ('{"cvv": "7391', '{"cvv": "***'),
    ("cvv=7391&x=1", "cvv=***"),
    (f"pay with {PAN}, cvc: 7391, {E_MAIL}", "pay with [card number], cvc: ***, [e-mail]"),
]


@pytest.mark.parametrize(("source", "masked"), SOURCES)
def test_a_refused_message_is_masked_wherever_a_secret_stands(source, masked):
    assert mask(source.encode()) == (masked.encode(), True)
    assert mask(masked.encode()) == (masked.encode(), False)


UNTOUCHED = [
    b'{"checks": {"address": "match", "cvc": "match"}}',
    b'{"cvv": null, "cvc": true}',
    b'{"order_id": "4539578763621487", "at": "2026-03-02T12:00:00Z", "@": 1}',
    b'{"a": 0.4539578763621487, "b": 1e300, "note": "caf\xc3\xa9 \\u00e9 \\" \\\\u0034"}',
    b"\xff\xfe\x00@\x00",
    b"",
    b"[" * 100_000 + b"@",
    json.dumps(example("payment.captured")[1]).encode(),
]


@pytest.mark.parametrize("value", UNTOUCHED, ids=range(len(UNTOUCHED)))
def test_a_message_without_a_secret_comes_back_byte_for_byte(value):
    assert mask(value) == (value, False)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_masking_any_bytes_gives_bytes_and_masking_them_again_changes_nothing(value):
    once, found = mask(value)
    assert found is (once != value)
    assert mask(once) == (once, False)


SLOW = [
    b'\\"' * 250_000,
    b"cvv:" + b" " * 500_000,
    b"1 " * 250_000,
    b"a@" * 250_000,
    b"@" + b"a" * 500_000,
    b"a." * 250_000 + b"@",
    b'"' * 500_001,
    b"\\u0031" * 80_000,
    b"\\" * 500_001,
]


@pytest.mark.parametrize("value", SLOW, ids=[row[:6].decode() for row in SLOW])
def test_no_bytes_make_masking_slow(value):
    began = time.process_time()
    mask(value)
    assert time.process_time() - began < 3


def kind_at(shape, path):
    """The leaf of a shape at the path of a body."""
    for step in path:
        match shape:
            case Fields(fields=fields):
                shape = fields.get(step)
            case Items(item=item):
                shape = item
            case Choice(shapes=shapes):
                shape = next((one.fields[step] for one in shapes.values() if step in one.fields), None)
    return shape


TEXT_PLACES = [
    (name, topic, body, path)
    for name, topic, body in inbound_examples()
    if topic != "policies"
    for path, _ in strings(body)
]


@pytest.mark.parametrize(
    ("name", "topic", "body", "path"), TEXT_PLACES, ids=[f"{n}-{'.'.join(map(str, p))}" for n, _, _, p in TEXT_PLACES]
)
@pytest.mark.parametrize("canary", [PAN, E_MAIL])
def test_a_canary_in_any_text_is_refused_or_gone(name, topic, body, path, canary):
    """But for card numbers in ids: an id is opaque, and many an id of 16 digits looks like a card."""
    planted = put(body, path, canary)
    received = at_the_door(topic, planted)
    leaf = kind_at(shape_of(model_of(topic, body)), path)
    if isinstance(received, Received):
        assert isinstance(leaf, FreeText | Trait | Identifier)
        kept = canary.encode() in received.body
        assert kept is (isinstance(leaf, Identifier) and canary == PAN)
        assert kept or canary not in repr(received.event)
    else:
        assert canary not in received.message
    assert canary.encode() not in mask(json.dumps(planted).encode())[0]


OBJECT_PLACES = [
    (name, topic, body, path)
    for name, topic, body in inbound_examples()
    if topic != "policies"
    for path in objects(body)
]


@pytest.mark.parametrize(
    ("name", "topic", "body", "path"),
    OBJECT_PLACES,
    ids=[f"{n}-{'.'.join(map(str, p))}" for n, _, _, p in OBJECT_PLACES],
)
def test_secrets_in_fields_that_nobody_described_are_gone(name, topic, body, path):
    secrets = {"card_number": PAN, "cvv": CODE, "email": E_MAIL, "holder": {"name": "Jane Roe"}}
    planted = put(body, path, at(body, path) | secrets) if path else body | secrets
    received = at_the_door(topic, planted)
    assert isinstance(received, Received)
    assert received.redacted
    assert not re.search(rf'{PAN}|"{CODE}"|{E_MAIL}|Jane', received.body.decode())
    masked, found = mask(json.dumps(planted).encode())
    assert found
    assert not re.search(rf'{PAN}|"{CODE}"|{E_MAIL}', masked.decode())


def test_shopper_values_become_hashes_that_compare():
    topic, body = example("payment.captured")
    received = at_the_door(topic, body)
    used = at_the_door(*example("service.used"))
    assert received.redacted
    assert used.redacted
    shopper = received.event.shopper
    assert shopper.ip == used.event.ip
    assert shopper.device_id == used.event.device_id
    assert len({shopper.account_id, shopper.ip, shopper.device_id, shopper.device_fingerprint, shopper.email_hash}) == 5
    assert re.fullmatch("[0-9a-f]{32}", received.event.method.fingerprint)
    for value in body["shopper"].values():
        assert f'"{value}"'.encode() not in received.body


def test_a_hash_depends_on_key_domain_and_value():
    hashes = {
        keyed_hash(key, domain, value)
        for key in (b"a", b"b")
        for domain in ("ip", "account_id")
        for value in ("1.2.3.4", "1.2.3.5")
    }
    assert len(hashes) == 8
    assert keyed_hash(b"a", "ip", "2001:DB8:0:0::1") == keyed_hash(b"a", "ip", "2001:db8::1")
    assert keyed_hash(b"a", "ip", "::what::") != keyed_hash(b"a", "ip", "2001:db8::1")


def test_a_masked_text_still_fits_its_field():
    topic, body = example("payment.failed")
    received = at_the_door(topic, body | {"failure_code": "a@b.co " * 9})
    assert isinstance(received, Received)
    assert len(received.event.failure_code) <= 64
    assert "a@b.co" not in received.event.failure_code


def test_markers_are_what_the_shapes_are_made_of():
    assert Opaque() == Opaque()
    assert Hashed("ip") != Hashed("device_id")


def test_headers_of_publishers_are_masked_and_our_own_stay():
    theirs = (("x-user", b"jane.doe@example.com"), ("x-card", b"4111111111111111"), ("x-tenant", b"shop-7"))
    ours = (("traceparent", b"00-4111111111111111-01"), ("refundry-timestamp", b"4111111111111111"))
    assert mask_headers((*theirs, *ours)) == (
        ("x-user", b"[e-mail]"),
        ("x-card", b"[card number]"),
        ("x-tenant", b"shop-7"),
        *ours,
    )


def test_an_address_in_full_width_is_no_id_and_stays_in_no_text_however_short():
    erased, failed = example("customer.erased"), example("payment.failed")
    refused = at_the_door(erased[0], erased[1] | {"customer_id": "jane\uff20mail.example"})
    assert (refused.code, refused.path) == ("invalid_field", "customer_id")
    assert at_the_door(failed[0], failed[1] | {"failure_code": "a\ufe6bb.co"}).event.failure_code == "[e-mail]"
