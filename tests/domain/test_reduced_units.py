"""Units of which a part was paid: what comes later is the rest of them, and not the price of others."""

import pytest

from tests.domain.events import asked, captured, dispute, line, lines, money, placed, refund, verdict
from tests.domain.expecting import approved, denied
from tests.domain.stories import Story, given, policy


def three_at_hundred(claim):
    return given(placed(line("l1", "300.00", 3)), captured("300.00"), dispute("opened", claim))


def test_a_unit_that_was_paid_in_part_is_paid_for_the_rest_and_then_the_others_in_full():
    story = three_at_hundred("240.00").when(asked("r1", lines(l1=1))).then(approved("60.00", reduced=True))
    story.given(dispute("won")).when(asked("r2", lines(l1=1))).then(approved("40.00", reduced=True))
    story.when(asked("r3", lines(l1=1))).then(approved("100.00", reduced=False))
    story.when(asked("r4", lines(l1=1))).then(approved("100.00", reduced=False))
    story.when(asked("r5", lines(l1=1))).then(denied("quantity_exceeded"))


def test_units_that_were_paid_in_part_are_paid_for_the_rest_with_another():
    story = three_at_hundred("180.00").when(asked("r1", lines(l1=2))).then(approved("120.00", reduced=True))
    story.given(dispute("won")).when(asked("r2", lines(l1=1))).then(denied("nothing_left"))
    story.when(asked("r3", lines(l1=2))).then(approved("80.00", reduced=True))
    story.when(asked("r4", lines(l1=1))).then(approved("100.00", reduced=False))


def test_a_unit_of_which_a_reviewer_gave_less_is_not_worth_its_price_again():
    story = Story(policy(auto_approve_limit={"default": 5000})).given(
        placed(line("l1", "200.00", 2)), captured("200.00")
    )
    story.given(asked("r1", lines(l1=1))).when(verdict("approve", amount=money("60.00"))).then(approved("60.00"))
    story.when(asked("r2", lines(l1=1))).then(approved("40.00", reduced=True))


@pytest.mark.parametrize("first", ["p1", "p2"])
def test_a_unit_of_which_one_of_two_payments_refused_its_part_is_paid_for_that_part(first):
    story = given(placed(line("l1", "200.00", 2)), captured("60.00"), captured("140.00", "p2"))
    story.when(asked("r1", lines(l1=1))).then(
        approved("100.00", paid={("p1", "original"): 6000, ("p2", "original"): 4000})
    )
    for _ in ("the first", "its retry"):
        last = [r for r in story.case.refunds.values() if r.payment_id == first][-1]
        share = {"p1": "60.00", "p2": "40.00"}[first]
        story.given(refund("failed", share, first, instruction_id=last.key))
    story.when(asked("r2", lines(l1=1))).then(approved({"p1": "60.00", "p2": "40.00"}[first], reduced=True))
    story.when(asked("r3", lines(l1=1))).then(approved("100.00", reduced=False))
