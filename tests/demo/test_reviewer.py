"""The staff of the demo look at what is held for review, and at nothing else."""

import json
from collections import Counter

import pytest

from app.demo.reviewer import verdict_on
from topics.codec import Unreadable, read


def held(number, waiting_for="review", revision=1, type_="refund.held"):
    return {
        "id": f"dec_{number}",
        "type": type_,
        "occurred_at": "2026-03-02T12:00:00Z",
        "merchant_id": "nordlicht",
        "order_id": f"o-{number}",
        "request_id": f"r-{number}",
        "revision": revision,
        "waiting_for": waiting_for,
    }


def verdicts(**more):
    found = [verdict_on(held(number, **more)) for number in range(2_000)]
    return Counter(None if one is None else json.loads(one.value)["verdict"] for one in found)


def test_most_are_approved_some_denied_and_a_few_questioned_or_left_lying():
    count = verdicts()
    assert count["approve"] > count["deny"] > count["ask"] > 20
    assert count[None] > 20


@pytest.mark.parametrize("waiting_for", ["return", "payment", "order", "dispute", "history"])
def test_what_waits_for_something_else_is_not_touched(waiting_for):
    assert set(verdicts(waiting_for=waiting_for)) == {None}


def test_what_is_decided_is_not_touched():
    assert set(verdicts(type_="refund.approved")) == {None}


def test_nobody_is_asked_twice():
    assert verdicts(revision=2)["ask"] == 0


def test_the_second_reviewer_is_another_person():
    people = {
        waiting_for: {
            json.loads(one.value)["reviewer_id"] for n in range(200) if (one := verdict_on(held(n, waiting_for)))
        }
        for waiting_for in ("review", "second_review")
    }
    assert people["review"]
    assert people["second_review"]
    assert not people["review"] & people["second_review"]


def test_a_verdict_is_valid_by_the_contract_and_always_the_same():
    message = verdict_on(held(1))
    assert message == verdict_on(held(1))
    found = read(message.topic, message.key, message.value, timestamp=10**15, secret=b"x" * 32)
    assert not isinstance(found, Unreadable), found
