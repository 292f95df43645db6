"""What one customer did across orders: how often they asked, what was approved, and what is asked about it."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from app.domain.customers import Fact, History, decode_history, encode_history

NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)
MONTH = timedelta(days=30)
SECOND = timedelta(seconds=1)


def requested(order, request_id="r1", at=NOW - timedelta(days=1)):
    return f"{order}:{request_id}", Fact(kind="refund_requested", at=at, case_id=f"m1/{order}", request_id=request_id)


def taken_back(order, request_id="r1", at=NOW - timedelta(hours=1)):
    fact = Fact(kind="refund_request_withdrawn", at=at, case_id=f"m1/{order}", request_id=request_id)
    return f"{order}:{request_id}:withdrawn", fact


def approved(order, minor, currency="EUR", request_id="r1", at=NOW - timedelta(hours=2)):
    fact = Fact(
        kind="refund_approved",
        at=at,
        case_id=f"m1/{order}",
        request_id=request_id,
        amount_minor=minor,
        currency=currency,
    )
    return f"{order}:{request_id}:approved", fact


def disputed(order, at=NOW - timedelta(days=100), kind="dispute_opened"):
    return f"{order}:{kind}", Fact(kind=kind, at=at, case_id=f"m1/{order}", payment_id=f"p-{order}")


def history(*facts):
    told = History()
    for activity_id, fact in facts:
        told.remember(activity_id, fact)
    return told


def counted(told, question="q1", as_of=NOW, days=30):
    asking = ("m1/o1", "the asking one")
    return told.answer(question, since=as_of - timedelta(days=days), as_of=as_of, asking=asking)


@pytest.mark.parametrize(
    ("facts", "requests"),
    [
        ([], 0),
        ([requested("o1")], 1),
        ([requested("o1"), requested("o1")], 1),  # the same fact again
        ([requested("o1", "r1"), requested("o1", "r2")], 2),
        ([requested("o1", "r1"), requested("o2", "r2")], 2),
        ([requested("o1", "r1"), requested("o2", "r1")], 2),  # two orders number their requests alike
        ([requested("o1", "the asking one")], 0),
        ([requested("o2", "the asking one")], 1),  # of another order
        ([requested("o1", "r1"), taken_back("o1", "r1")], 0),
        ([taken_back("o1", "r1"), requested("o1", "r1")], 0),  # in whatever order they are told
        ([requested("o1", "r1"), requested("o2", "r2"), taken_back("o2", "r2")], 1),
        ([requested("o1", "r1"), requested("o2", "r1"), taken_back("o2", "r1")], 1),
        ([requested("o1", at=NOW)], 1),
        ([requested("o1", at=NOW + SECOND)], 0),  # after the time that is asked about
        ([requested("o1", at=NOW - MONTH + SECOND)], 1),
        ([requested("o1", at=NOW - MONTH)], 1),  # a window ends so many times 24 hours later, inclusive
        ([requested("o1", at=NOW - MONTH - SECOND)], 0),
        ([requested("o1"), taken_back("o1", at=NOW + SECOND)], 1),  # not taken back yet
        ([approved("o1", 100)], 0),
    ],
)
def test_requests_are_counted_within_the_window_but_the_asking_one_and_those_taken_back(facts, requests):
    assert counted(history(*facts))["requests_in_window"] == requests


def test_money_is_counted_by_currency_and_within_the_window():
    facts = [
        approved("o1", 500), approved("o2", 700), approved("o3", 900, "USD"),
        approved("o4", 10_000, at=NOW - MONTH - SECOND), approved("o5", 10_000, at=NOW + SECOND),
    ]  # fmt: skip
    assert counted(history(*facts))["refunded_in_window"] == [
        {"amount_minor": 1200, "currency": "EUR"},
        {"amount_minor": 900, "currency": "USD"},
    ]


def test_chargebacks_are_counted_as_far_as_they_are_kept_and_reports_of_fraud_are_none():
    told = history(
        disputed("o1"), disputed("o2", at=NOW), disputed("o3", at=NOW + SECOND), disputed("o4", kind="fraud_reported")
    )
    assert counted(told)["chargebacks"] == 2


def test_the_same_question_has_the_same_answer_whatever_is_known_by_then():
    told = history(requested("o1"))
    first = dict(counted(told))
    told.remember(*requested("o2", "r2"))
    assert counted(told) == first
    assert counted(told, "q2")["requests_in_window"] == 2


def test_a_question_without_a_beginning_is_about_all_that_is_kept():
    told = history(requested("o1", at=NOW - timedelta(days=390)), requested("o2", "r2"))
    answer = told.answer("q1", since=None, as_of=NOW, asking=("m1/o9", "r9"))
    assert answer["requests_in_window"] == 2


# --- bounds


@pytest.mark.parametrize(("age", "kept"), [(timedelta(days=400), True), (timedelta(days=400) + SECOND, False)])
def test_facts_are_kept_for_four_hundred_days_of_the_newest(age, kept):
    told = history(requested("o1", at=NOW - age), requested("o2", "r2", at=NOW))
    assert len(told.facts) == 1 + kept
    late = history(requested("o2", "r2", at=NOW), requested("o1", at=NOW - age))  # told late
    assert late.facts.keys() == told.facts.keys()


def test_at_most_a_thousand_facts_are_kept_and_they_are_the_newest():
    told = history(*(requested(f"o{n}", f"r{n}", at=NOW - timedelta(minutes=n)) for n in range(1005)))
    assert len(told.facts) == 1000
    assert "o999:r999" in told.facts
    assert "o1000:r1000" not in told.facts
    assert counted(told)["requests_in_window"] == 1000


def test_which_facts_are_kept_does_not_depend_on_the_order_in_which_they_are_told():
    facts = [requested(f"o{n}", f"r{n}", at=NOW - timedelta(minutes=n)) for n in range(1010)]
    assert history(*facts).facts == history(*facts[::-1]).facts


def test_answers_are_bounded_too():
    told = history(requested("o1"))
    for number in range(1001):
        counted(told, f"q{number}")
    assert len(told.answers) == 1000


# --- erasure, and the stored form


def test_an_erased_customer_leaves_no_facts_and_names_the_cases_that_must_hear_of_it():
    told = history(requested("o1"), requested("o1", "r2"), requested("o2"))
    counted(told)
    assert told.erase("gone-1", NOW) == ["m1/o1", "m1/o2"]
    assert (told.facts, told.answers, told.token) == ({}, {}, "gone-1")
    assert told.is_erased(NOW)
    assert told.is_erased(NOW - SECOND)
    assert not told.is_erased(NOW + SECOND)


@pytest.mark.parametrize("at", [NOW, NOW - SECOND], ids=["the same again", "an older one"])
def test_an_erasure_that_comes_again_leaves_what_came_since(at):
    told = history(requested("o1"))
    told.erase("gone-1", NOW)
    told.remember(*requested("o2", at=NOW + SECOND))
    assert told.erase("gone-1", at) == []
    assert (list(told.facts), told.token, told.erased_at) == (["o2:r1"], "gone-1", NOW)
    assert told.erase("gone-2", NOW + SECOND) == ["m1/o2"]


def test_the_stored_form_is_the_history():
    told = history(requested("o1"), approved("o1", 500), disputed("o2"), taken_back("o3"))
    counted(told)
    assert decode_history(encode_history(told)) == told
    assert encode_history(decode_history(encode_history(told))) == encode_history(told)
    assert msgspec.msgpack.decode(encode_history(History())) == {}


def test_an_erasure_reaches_cases_whose_facts_are_gone():
    told = history(requested("old", at=NOW - timedelta(days=401)), requested("new", at=NOW))
    assert [fact.case_id for fact in told.facts.values()] == ["m1/new"]
    assert told.erase("gone-1", NOW) == ["m1/old", "m1/new"]
