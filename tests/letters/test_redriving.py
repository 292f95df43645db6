"""May a dead letter be sent again, and what goes: each answer of `judge`, and what the marks say."""

import json
from typing import Any

import pytest
from msgspec.structs import replace

from app.letters.letter import CURES, Letter, NoLetterError, chain_of
from app.letters.redriving import Surroundings, Verdict, judge, plan
from app.runtime.dead_letters import dead_letter
from app.runtime.topology import Message, Refusal
from topics.dead_letters import DeadLetterCode
from topics.partitioning import partition_of

AT = 1_767_614_400_000  # 2026-01-05T12:00:00Z
PLACED: dict[str, Any] = {
    "event_id": "e1",
    "type": "order.placed",
    "occurred_at": "2026-01-05T12:00:00Z",
    "merchant_id": "m1",
    "order_id": "o1",
    "currency": "EUR",
    "lines": [{"line_id": "l1", "sku": "s", "quantity": 1, "amount_minor": 100}],
}


def message(value: bytes | None, *, offset: int = 7, key: bytes | None = b"o1", headers=()) -> Message:
    return Message("orders", 3, offset, AT, key, value, headers)


def placed(**changes: Any) -> bytes:
    return json.dumps(PLACED | changes).encode()


def letter_of(refused: Message, code: str = "wrong_partition", *, at: int = 0) -> Letter:
    """The letter that the runtime makes of a message, read back."""
    made = dead_letter(refused, Refusal(code, "expected better", "a.path"), "1.2.3")
    return Letter.read(Message("dead-letters", 1, at, AT + 1, made.key, made.value, made.headers))


def known(**changes: Any) -> Surroundings:
    plain: dict[str, Any] = {"originals": {}, "repeats": {}, "partitions": {"orders": 8}, "by_murmur2": True, "now": AT}
    return Surroundings(**(plain | changes))


def test_a_letter_says_what_its_headers_say():
    letter = letter_of(message(placed(), headers=[("mine", b"kept"), ("refundry-attempt", b"1")]))
    assert (letter.id, letter.position, letter.code, letter.path) == ("orders/3/7", "1/0", "wrong_partition", "a.path")
    assert (letter.attempt, letter.timestamp, letter.version, letter.redacted) == (2, AT, "1.2.3", False)
    assert letter.refused_at == AT + 1
    assert letter.headers == (("mine", b"kept"),)
    facts = letter.facts()
    assert (facts["merchant_id"], facts["type"], facts["event_id"]) == ("m1", "order.placed", "e1")


@pytest.mark.parametrize("value", [None, b"", b"[1]", b"\xff", b"[" * 100_000, b'{"merchant_id": 4}'])
def test_of_what_is_no_event_nothing_is_seen(value):
    facts = letter_of(message(value)).facts()
    assert (facts["merchant_id"], facts["type"]) == (None, None)


@pytest.mark.parametrize("spoilt", ["refundry-code", "refundry-topic", "refundry-offset"])
def test_what_is_no_letter_of_ours_is_none(spoilt):
    made = dead_letter(message(b"{"), Refusal("not_json", "no"), "1.2.3")
    headers = [(name, b"other" if name == spoilt else content) for name, content in made.headers]
    if spoilt == "refundry-topic":
        headers = [header for header in headers if header[0] != spoilt]
    with pytest.raises(NoLetterError):
        Letter.read(Message("dead-letters", 0, 0, AT, None, b"{", headers))


def test_every_code_has_something_that_helps():
    assert CURES.keys() == {code.value for code in DeadLetterCode}


def test_the_original_goes_byte_for_byte_to_where_its_key_belongs_with_its_marks():
    value = placed(lines=[PLACED["lines"][0] | {"title": "4111 1111 1111 1111"}]) + b"  "
    original = message(value, headers=[("mine", b"kept"), ("refundry-attempt", b"9")])
    letter = letter_of(replace(original, headers=[("mine", b"kept")]))
    assert letter.redacted
    judged = judge(letter, known(originals={letter.id: original}))
    assert (judged.verdict, judged.source) == (Verdict.READY, "original")
    assert judged.output is not None
    assert (judged.output.topic, judged.output.key, judged.output.value) == ("orders", b"o1", value)
    assert judged.output.partition == partition_of(b"o1", 8)
    assert dict(judged.output.headers) == {
        "mine": b"kept",
        "refundry-attempt": b"1",
        "refundry-redriven-from": b"orders/3/7",
    }


def test_where_another_partitioner_rules_it_goes_back_to_its_partition():
    letter = letter_of(message(placed()))
    judged = judge(letter, known(by_murmur2=False))
    assert judged.output is not None
    assert judged.output.partition == 3


def test_without_the_original_what_the_letter_holds_whole_goes():
    judged = judge(letter_of(message(placed())), known())
    assert (judged.verdict, judged.source) == (Verdict.READY, "letter")
    assert judged.output is not None
    assert judged.output.value == placed()


def refused(letter: Letter, **changes: Any) -> str:
    judged = judge(letter, known(**changes))
    assert (judged.verdict, judged.output) == (Verdict.REFUSED, None)
    return judged.why


def test_what_is_masked_or_cut_in_the_letter_does_not_go_without_the_original():
    masked = letter_of(message(placed(lines=[PLACED["lines"][0] | {"title": "4111 1111 1111 1111"}])))
    assert "masked" in refused(masked)
    cut = letter_of(message(b'{"a": "' + b"x" * (1 << 20) + b'"}'), "too_large")
    assert cut.truncated
    assert "the beginning alone" in refused(cut)


@pytest.mark.parametrize(
    "other",
    [
        replace(message(placed()), timestamp=AT + 1),
        message(placed(), key=b"o2"),
        message(placed(event_id="e2", lines=[PLACED["lines"][0] | {"title": "4111 1111 1111 1111"}])),
        message(None),
        message(b"[]"),
    ],
)
def test_another_message_at_its_place_is_not_the_original(other):
    masked = letter_of(message(placed(lines=[PLACED["lines"][0] | {"title": "4111 1111 1111 1111"}])))
    assert "the original is gone" in refused(masked, originals={masked.id: other})


def test_what_the_journal_had_cleaned_has_its_original_by_its_identity():
    """A case refused it: the letter holds hashes where the original holds values."""
    letter = letter_of(message(placed(lines=[PLACED["lines"][0] | {"title": "4111 1111 1111 1111"}])), "id_conflict")
    hashed = Letter(**{name: getattr(letter, name) for name in letter.__struct_fields__} | {"value": placed()})
    original = message(placed(unheard_of=1))
    judged = judge(hashed, known(originals={letter.id: original}))
    assert (judged.verdict, judged.source) == (Verdict.READY, "original")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (b"{", "not_json"),
        (placed(type="order.dreamt"), "unknown_type"),
        (placed(order_discount_minor="12"), "invalid_field"),
        (placed(occurred_at="2026-01-06T12:00:01Z"), "time_in_future"),
    ],
)
def test_what_this_version_would_refuse_again_does_not_go(value, why):
    assert f"would refuse it again, {why}" in refused(letter_of(message(value), why))


def test_a_time_that_has_come_is_no_longer_ahead():
    letter = letter_of(message(placed(occurred_at="2026-01-06T12:00:01Z")), "time_in_future")
    assert judge(letter, known(now=AT + 1000)).verdict is Verdict.READY


def test_a_key_that_contradicts_the_body_does_so_again():
    assert "key_mismatch" in refused(letter_of(message(placed(), key=None), "key_mismatch"))


def test_what_was_refused_too_often_stays_until_somebody_says_so():
    letter = letter_of(message(placed(), headers=[("refundry-attempt", b"2")]))
    assert "refused 3 times" in refused(letter)
    assert judge(letter, known(attempts_max=4)).verdict is Verdict.READY


def test_what_is_repeated_already_does_not_go_again():
    letter = letter_of(message(b"{"), "not_json")
    judged = judge(letter, known(repeats={"orders/3/7": "orders/5/99"}))
    assert (judged.verdict, judged.why, judged.output) == (Verdict.KNOWN, "as orders/5/99", None)


@pytest.mark.parametrize(("topic", "why"), [("policies", "policy publish"), ("case-events", "our own")])
def test_what_nobody_publishes_there_does_not_go(topic, why):
    assert why in refused(letter_of(replace(message(placed()), topic=topic)))


def test_messages_go_in_the_order_in_which_they_came_and_once_each():
    late, early = letter_of(message(placed(), offset=9)), letter_of(message(placed(), offset=8))
    assert [one.letter.offset for one in plan([late, early, late], known())] == [8, 9]


def test_the_attempts_of_a_message_are_one_chain():
    def again(of: Letter, offset: int) -> Letter:
        marks = [("refundry-attempt", str(of.attempt).encode()), ("refundry-redriven-from", of.id.encode())]
        return letter_of(message(placed(), offset=offset, headers=marks))

    first = letter_of(message(placed(), offset=7))
    second = again(first, 20)
    third = again(second, 30)
    other = letter_of(message(placed(), offset=8))
    letters = [other, third, second, first]
    for one in (first, second, third):
        assert [link.id for link in chain_of(letters, one)] == ["orders/3/7", "orders/3/20", "orders/3/30"]
    assert [link.attempt for link in chain_of(letters, third)] == [1, 2, 3]
    assert list(chain_of(letters, other)) == [other]
    assert [link.id for link in chain_of([third], third)] == ["orders/3/30"], "earlier letters may be gone"


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (b"jane.roe@mail.example", "key_mismatch"),
        ("jörg@büro.example".encode(), "key_mismatch"),
        (b"\xffjane@b.co", "not_json"),
    ],
)
def test_who_names_a_thing_by_an_address_finds_it_neither_in_key_nor_in_value(key, code):
    """It is refused for that very reason, so nothing is lost that could be sent again."""
    value = placed(order_id=key.decode(errors="replace"))
    made = dead_letter(message(value, key=key), Refusal(code, "no"), "1.2.3")
    assert b"[e-mail]" in (made.key or b"")
    assert not [part for part in (made.key, made.value) if part is None or b"@" in part]
    letter = letter_of(message(value, key=key), code)
    assert letter.redacted
    assert "would refuse it again" in refused(letter, originals={letter.id: message(value, key=key)})
    assert "is masked" in refused(letter)


def test_an_id_in_a_key_stays_whatever_its_digits():
    for key in (b"4539578763621486", b"@", b"a@b", b"\xff", None):
        assert dead_letter(message(b"{", key=key), Refusal("not_json", "no"), "1.2.3").key == key


LARGE = 2 << 20
ROOM = (1 << 20) + (128 << 10)


@pytest.mark.parametrize(
    ("key", "value", "headers"),
    [
        (b"k" * LARGE, b"{", []),
        (b"o1", b"x" * LARGE, []),
        (b"o1", b"{", [("mine", b"1"), ("theirs", b"x" * LARGE), ("last", b"2")]),
        (b"o1", b"{", [("", b"")] * 500_000),
        (b"o1", b"{", [("n" * LARGE, b"")]),
        (b"o1", b"{", [("x", b"a@b.co " * (LARGE // 7))]),
        (b"k" * LARGE, b"x" * LARGE, [("refundry-redriven-from", b"x" * LARGE)]),
    ],
    ids=["key", "value", "header", "many headers", "name", "addresses", "all, and a mark that is none"],
)
def test_whatever_comes_in_there_is_room_for_its_letter(key, value, headers):
    """A topic takes two megabytes; a letter that it did not take would be written again and again."""
    came = message(value, key=key, headers=headers)
    made = dead_letter(came, Refusal("too_large", "no"), "1.2.3")
    size = sum(len(name.encode()) + len(content) + 10 for name, content in made.headers)
    assert len(made.key or b"") + len(made.value or b"") + size < ROOM
    letter = letter_of(came, "too_large")
    assert letter.truncated
    assert (made.key, made.value) == (key[:1024], value[: 1 << 20])
    assert "the beginning alone" in refused(letter) or letter.redacted
    assert "would refuse it again" in refused(letter, originals={letter.id: came})


def test_what_has_room_stays_whole():
    headers = [(f"h{n}", b"x" * 400) for n in range(64)]
    letter = letter_of(message(placed(), key=b"k" * 512, headers=headers), "key_mismatch")
    assert (letter.truncated, letter.key, letter.headers) == (False, b"k" * 512, tuple(headers))
