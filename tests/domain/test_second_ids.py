"""Two ids of the provider's for one instruction: two refunds while the first counts, a second attempt once it failed."""

from itertools import permutations

import pytest

from app.domain.records import Refused
from tests.domain.events import refund
from tests.domain.expecting import booked, refused
from tests.domain.soup import check_books
from tests.domain.stories import given
from tests.domain.test_two_names import BEFORE, FIRST, approved_one, money_left


def test_an_instruction_that_the_provider_executed_twice_is_two_refunds():
    story, first = approved_one(scope={"kind": "amount", "amount": {"amount_minor": 4000, "currency": "EUR"}})
    story.given(refund("succeeded", "40.00", refund_id="re0", instruction_id=first))
    story.given(refund("succeeded", "40.00", refund_id="re1"))
    story.when(refund("succeeded", "40.00", refund_id="re1", instruction_id=first)).then(
        refused("id_conflict", path="refund_id")
    )
    assert money_left(story) == (8000, 0, 2000)


TWICE = {
    "bound": {"refund_id": "re1", "instruction_id": FIRST},
    "alone": {"refund_id": "re2"},
    "other": {"refund_id": "re2", "instruction_id": FIRST},
}
"""An instruction that was executed twice, and what is told of it: the second refund also by its own id alone."""


@pytest.mark.parametrize("order", list(permutations(TWICE)), ids="-".join)
def test_of_two_ids_of_one_instruction_the_first_that_is_said_with_it_is_the_refund_s(order):
    story = given(*BEFORE)
    for name in order:
        story.when(refund("succeeded", "40.00", **TWICE[name]))
        loses = name != "alone" and name == max(("bound", "other"), key=order.index)
        assert [one.path for one in story.said if isinstance(one, Refused)] == ["refund_id"] * loses
    both_count = order.index("bound") < order.index("other")
    assert money_left(story) == ((8000, 0, 2000) if both_count else (4000, 0, 6000))
    check_books(story)


@pytest.mark.parametrize("known", ["submitted", "succeeded"])
@pytest.mark.parametrize("outside", [False, True])
def test_a_second_id_is_refused_while_the_first_counts_though_nobody_has_heard_of_it(known, outside):
    ours_or_theirs = "theirs" if outside else FIRST
    story = given(*BEFORE, refund(known, "40.00", refund_id="re1", instruction_id=ours_or_theirs))
    story.when(refund("succeeded", "40.00", refund_id="re2", instruction_id=ours_or_theirs))
    story.then(refused("id_conflict", path="refund_id")).never(booked("refund_settled"))
    story.when(refund("succeeded", "40.00", refund_id="re2")).then(booked("refund_settled", "-40.00"))


def test_after_a_refusal_the_provider_s_second_attempt_goes_on_under_its_own_id():
    story = given(*BEFORE)
    for what, name in (("failed", "re1"), ("submitted", "re2"), ("succeeded", "re2"), ("reversed", "re2")):
        story.when(refund(what, "40.00", refund_id=name, instruction_id=FIRST)).never(refused("id_conflict"))
    story.then(booked("refund_returned", "40.00"))
    story.when(refund("reversed", "40.00", refund_id="re2")).absorbed()


def test_the_provider_s_own_second_attempt_after_a_refusal_is_the_same_refund():
    story, first = approved_one(scope={"kind": "amount", "amount": {"amount_minor": 4000, "currency": "EUR"}})
    story.given(refund("failed", "40.00", refund_id="re0", instruction_id=first, failure_code="canceled"))
    story.given(refund("succeeded", "40.00", refund_id="re1"))
    story.given(refund("succeeded", "40.00", refund_id="re1", instruction_id=first))
    assert money_left(story) == (4000, 0, 6000)
