"""Earlier payments of the customer as evidence: which of them count, which elements must be equal, and what is short."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.customers import Fact, History, decode_history, encode_history
from app.domain.disputes.compelling_evidence import Purchase, best_priors, judge, rule_of

DISPUTED_AT = datetime(2026, 7, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
VISA = rule_of("visa")
SAME = {"ip": "I", "device_id": "D", "device_fingerprint": "F", "account_id": "A", "delivery_address_hash": "H"}


def traits(names):
    """The traits of these names, equal to those of the disputed payment."""
    return {name: SAME[name] for name in names.split()}


def paid(payment_id, names="", *, days=200, **more):
    card = {"network": "visa", "last4": "4242", "fingerprint": "card"}
    return Purchase(
        payment_id, DISPUTED_AT - timedelta(days=days), f"e-{payment_id}", **card | more, traits=traits(names)
    )


DISPUTED = paid("p0", " ".join(SAME), days=5)


@pytest.mark.parametrize(
    ("first", "second", "status", "matches", "missing"),
    [
        # two elements in all three, one of them ip or device
        ("ip account_id", "ip account_id", "qualified", ["ip", "account_id"], []),
        ("ip device_id", "ip device_id", "qualified", ["ip", "device_id"], []),
        ("ip device_fingerprint", "ip device_fingerprint", "qualified", ["ip", "device_fingerprint"], []),
        ("device_id delivery_address_hash", "device_id delivery_address_hash", "qualified",
         ["device_id", "delivery_address_hash"], []),
        ("ip device_id account_id delivery_address_hash", "ip device_id account_id delivery_address_hash", "qualified",
         ["ip", "device_id", "account_id", "delivery_address_hash"], []),
        # both fields of a device are one element
        ("device_id device_fingerprint", "device_id device_fingerprint", "needs_more",
         ["device_id"], ["ip", "account_id", "delivery_address_hash"]),
        # one names the device one way, one the other: nothing is equal in all three
        ("device_id ip", "device_fingerprint ip", "needs_more",
         ["ip"], ["device_id", "account_id", "delivery_address_hash"]),
        # what only one of the two has does not count
        ("ip account_id", "ip delivery_address_hash", "needs_more",
         ["ip"], ["device_id", "account_id", "delivery_address_hash"]),
        # two without ip or device
        ("account_id delivery_address_hash", "account_id delivery_address_hash", "needs_more",
         ["account_id", "delivery_address_hash"], ["ip", "device_id"]),
        # one element short, and only ip or device would do
        ("account_id", "account_id", "needs_more", ["account_id"], ["ip", "device_id"]),
        ("ip", "account_id", "not_qualified", [], ["ip", "device_id", "account_id", "delivery_address_hash"]),
        ("", "", "not_qualified", [], ["ip", "device_id", "account_id", "delivery_address_hash"]),
    ],
)  # fmt: skip
def test_two_elements_must_be_equal_in_all_three_payments_and_one_of_them_is_the_address_or_the_device(
    first, second, status, matches, missing
):
    found = judge(VISA, DISPUTED, [paid("p1", first), paid("p2", second)])
    assert (found.status, found.matches, found.missing) == (status, matches, missing)
    assert set(found.priors) == {"p1", "p2"}


@pytest.mark.parametrize(
    ("priors", "ids", "matches"), [([], [], []), ([paid("p1", "ip account_id")], ["p1"], ["ip", "account_id"])]
)
def test_fewer_than_two_earlier_payments_need_more_whatever_they_match(priors, ids, matches):
    found = judge(VISA, DISPUTED, priors)
    assert (found.status, list(found.priors), found.matches) == ("needs_more", ids, matches)
    assert found.missing == ["prior_payment"]


@pytest.mark.parametrize(
    ("candidates", "chosen"),
    [
        # most matches before newest
        ([paid("a", "ip account_id", days=130), paid("b", "ip account_id device_id", days=300),
          paid("c", "ip account_id device_id", days=310)], ["b", "c"]),
        # then the newest
        ([paid("a", "ip account_id", days=300), paid("b", "ip account_id", days=200),
          paid("c", "ip account_id", days=250)], ["b", "c"]),
        # then the smallest id
        ([paid("c", "ip account_id"), paid("a", "ip account_id"), paid("b", "ip account_id")], ["a", "b"]),
        # a pair that is enough before one that matches as much and is not
        ([paid("a", "account_id delivery_address_hash", days=130), paid("b", "account_id delivery_address_hash", days=131),
          paid("c", "ip account_id", days=300), paid("d", "ip account_id", days=310)], ["c", "d"]),
        # each matches most with itself, and the pair of others more together
        ([paid("a", "ip device_id account_id", days=130), paid("b", "ip delivery_address_hash", days=140),
          paid("c", "ip delivery_address_hash", days=150)], ["b", "c"]),
    ],
)  # fmt: skip
def test_of_several_pairs_the_one_that_matches_most_then_the_newest_then_the_smallest_id(candidates, chosen):
    for order in (candidates, candidates[::-1]):
        assert [prior.payment_id for prior in best_priors(VISA, DISPUTED, order)] == chosen


@pytest.mark.parametrize(
    ("card", "same"),
    [
        ({"fingerprint": "card", "last4": "1111"}, True),
        ({"fingerprint": "other", "last4": "4242"}, False),
        ({"fingerprint": None}, True),  # one does not tell it: the network and the last digits decide
        ({"fingerprint": None, "last4": "1111"}, False),
        ({"fingerprint": None, "network": "mastercard"}, False),
        ({"fingerprint": None, "last4": None}, False),
    ],
)
def test_a_card_is_known_by_its_fingerprint_else_by_its_network_and_last_digits(card, same):
    assert paid("p1", **card).is_of_card(DISPUTED) is same


def test_networks_without_a_rule_have_none():
    assert rule_of("mastercard") is None
    assert rule_of(None) is None


# --- what the history of a customer finds


def fact(purchase, order="o1", minor=1000):
    at = purchase.captured_at
    told = Fact("payment_captured", at, f"m1/{order}", None, purchase.payment_id, minor, "EUR", purchase)
    return purchase.payment_id, told


def doubt(kind, payment_id, order="o1", at=DISPUTED_AT - timedelta(days=10)):
    return f"{kind}:{payment_id}:{order}", Fact(kind, at, f"m1/{order}", payment_id=payment_id)


def history(*facts):
    told = History()
    for activity_id, one in facts:
        told.remember(activity_id, one)
    return told


def found(told, question="q1"):
    """The earlier payments that a question about the disputed one brings."""
    answer = told.answer(
        question, since=DISPUTED_AT - VISA.age_max, until=DISPUTED_AT - VISA.age_min, as_of=DISPUTED_AT,
        asking=("m1/o0", None), disputed="p0",
    )  # fmt: skip
    return [payment["payment_id"] for payment in answer["payments"]]


THREE = (fact(DISPUTED, "o0"), fact(paid("p1", "ip"), "o1"), fact(paid("p2", "ip"), "o2"))


@pytest.mark.parametrize(
    ("age", "counts"),
    [
        (timedelta(days=120), True),
        (timedelta(days=120) - SECOND, False),
        (timedelta(days=365), True),
        (timedelta(days=365) + SECOND, False),
    ],
)
def test_an_earlier_payment_is_120_to_365_days_old_at_the_dispute_both_ends_in(age, counts):
    at_the_edge = Purchase("p2", DISPUTED_AT - age, "e", "visa", "4242", "card", traits("ip"))
    assert ("p2" in found(history(THREE[0], THREE[1], fact(at_the_edge, "o2")))) is counts


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ([], ["p1", "p2"]),
        ([doubt("dispute_opened", "p1", "o1")], ["p2"]),
        ([doubt("fraud_reported", "p1", "o1")], ["p2"]),
        ([doubt("payment_capture_failed", "p1", "o1")], ["p2"]),
        ([doubt("dispute_opened", None, "o1")], ["p2"]),  # of which payment was not known: all of its case
        ([doubt("dispute_opened", "p1", "o1", at=DISPUTED_AT + SECOND)], ["p1", "p2"]),  # not known yet
        ([doubt("dispute_opened", "p0", "o0")], ["p1", "p2"]),  # the disputed one itself
        ([doubt("order_placed", None, "o1")], ["p1", "p2"]),
    ],
)
def test_a_payment_that_was_disputed_or_reported_or_not_taken_in_the_end_does_not_count(told, left):
    assert found(history(*THREE, *told)) == left


def test_payments_of_another_card_do_not_count():
    assert found(history(*THREE[:2], fact(paid("p2", "ip", fingerprint="other"), "o2"))) == ["p1"]


def test_a_payment_that_the_history_does_not_know_has_no_earlier_ones():
    assert found(history(*THREE[1:])) == []


def test_the_answer_tells_each_payment_with_its_order_capture_and_traits():
    told = history(*THREE)
    found(told)
    first = told.answers["q1"]["payments"][0]
    assert first == {
        "payment_id": "p1",
        "order_id": "o1",
        "event_id": "e-p1",
        "captured_at": DISPUTED_AT - timedelta(days=200),
        "amount": {"amount_minor": 1000, "currency": "EUR"},
        "method": {"kind": "card", "network": "visa", "last4": "4242", "fingerprint": "card"},
        "shopper": {"ip": "I"},
    }


def test_of_a_thousand_payments_the_answer_brings_two():
    many = [fact(paid(f"p{n:04}", "ip account_id", days=121 + n / 10), f"o{n}") for n in range(1, 999)]
    assert found(history(THREE[0], *many)) == ["p0001", "p0002"]


def test_the_stored_form_holds_payments_and_answers():
    told = history(*THREE)
    found(told)
    assert decode_history(encode_history(told)) == told
