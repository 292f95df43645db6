"""Orders that change after money of them has gone back: amended in currency or taxes, or cancelled for the rest."""

import pytest

from tests.domain.events import (
    amended,
    amount,
    asked,
    cancelled,
    captured,
    fulfilled,
    line,
    lines,
    placed,
    refund,
    taxes,
    verdict,
)
from tests.domain.expecting import approved, denied, held, refused
from tests.domain.stories import Story, given, policy

FOUR_AND_THREE = (placed(line("l1", "12.00", 4), line("l2", "3.00", 3)), captured("15.00"))

IN_DOLLARS = amended(line("l1", "100.00", 2), currency="USD")


def in_euro(*then):
    return given(placed(line("l1", "100.00", 2)), captured("100.00"), *then)


@pytest.mark.parametrize(
    "paid_back",
    [
        asked("r1", lines(l1=1)),
        asked("r1", amount("12.00"), reason="goodwill", by="support"),
        refund("succeeded", "50.00", refund_id="x1", lines=[{"line_id": "l1", "quantity": 1}]),
    ],
    ids=["a unit", "goodwill", "outside"],
)
def test_what_was_approved_stays_in_its_currency(paid_back):
    story = in_euro(paid_back).when(IN_DOLLARS).then(refused("illegal_transition", path="currency"))
    assert story.case.order.currency == "EUR"


def test_what_was_approved_and_failed_may_succeed_late_and_stays_in_its_currency_too():
    story = in_euro(asked("r1", lines(l1=1)))
    for _ in ("the first", "its retry"):
        story.given(refund("failed", "50.00", instruction_id=list(story.case.refunds)[-1]))
    first = next(iter(story.case.refunds))
    story.when(IN_DOLLARS).then(refused("illegal_transition", path="currency"))
    story.given(refund("succeeded", "50.00", instruction_id=first)).when(asked("r2")).then(approved("50.00"))


@pytest.mark.parametrize("told", [asked("r1", lines(l1=3)), refund("succeeded", "9.00", refund_id="x1")], ids=str)
def test_an_order_of_which_nothing_went_back_may_be_amended_into_another_currency(told):
    """A request that was denied took nothing, and of a refund made outside nobody said that it was for the order."""
    story = in_euro(captured("100.00 USD", "p2"), told).when(IN_DOLLARS).never(refused("illegal_transition"))
    assert story.case.order.currency == "USD"


def test_an_order_may_be_amended_into_the_currency_in_which_it_was_paid():
    story = given(placed(line("l1", "100.00", 2)), captured("100.00 USD"), IN_DOLLARS)
    story.when(asked("r1")).then(approved("100.00", currency="USD"))


def test_what_is_cancelled_for_the_rest_comes_back_as_far_as_it_has_not():
    story = given(*FOUR_AND_THREE, fulfilled("s1", l1=1), asked("r1", lines(l1=2)))
    story.when(cancelled("c1"))  # three of l1 were not sent, two units are left: 6.00, and all of l2
    story.then(approved("9.00", "order_cancelled", reduced=True, lines={"l1": 600, "l2": 300}))
    story.when(asked("r2")).then(denied("nothing_left"))


def test_a_cancellation_for_the_rest_leaves_out_a_line_that_was_paid_back():
    story = given(*FOUR_AND_THREE, cancelled("c1", l1=2), asked("r1", lines(l1=2)))
    story.when(cancelled("c2")).then(approved("3.00", "order_cancelled", reduced=True, lines={"l2": 300}))


def test_a_cancellation_for_the_rest_of_which_all_was_paid_back_finds_nothing_left():
    story = given(*FOUR_AND_THREE, fulfilled("s1", l1=1), asked("r1", lines(l1=4, l2=3)))
    story.when(cancelled("c1")).then(denied("nothing_left"))


def test_what_is_left_of_the_rest_is_looked_at_when_the_money_goes():
    """A person looks on while two units go back otherwise: the three that were not sent are two by then."""
    story = Story(policy(auto_approve_limit={"default": 1000})).given(*FOUR_AND_THREE, fulfilled("s1", l1=1))
    story.when(cancelled("c1")).then(held("over_auto_limit", "12.00"))
    story.when(asked("r1", lines(l1=2))).then(approved("6.00"))
    story.when(verdict("approve", request_id="c1")).then(approved("9.00", reduced=True, lines={"l1": 600, "l2": 300}))


def test_where_nothing_of_the_rest_was_paid_back_nothing_is_reduced():
    story = given(*FOUR_AND_THREE, fulfilled("s1", l1=1))
    story.when(cancelled("c1")).then(approved("12.00", reduced=False, lines={"l1": 900, "l2": 300}))


def test_what_was_sent_is_no_part_of_the_rest_whichever_was_heard_first():
    """The order is heard last. Three of four units of 3.00 and all of the other line were not sent."""
    story = given(fulfilled("s1", l1=1), cancelled("c1")).when(*FOUR_AND_THREE)
    story.then(held("awaiting_payment"), approved("12.00", "order_cancelled", lines={"l1": 900, "l2": 300}))
    assert story.case.cancelled == {"l1": 3, "l2": 3}
    story.when(cancelled("c2")).then(denied("nothing_left"))
    given(cancelled("c1"), FOUR_AND_THREE[1]).when(FOUR_AND_THREE[0]).then(approved("15.00", "order_cancelled"))


def test_what_was_cancelled_by_name_is_no_part_of_the_rest_whichever_was_heard_first():
    """Two of four units of 3.00 were cancelled, and nobody asked for money; the rest are two units and 3.00."""
    story = given(*FOUR_AND_THREE, cancelled(None, l1=2)).when(cancelled("c1"))
    story.then(approved("9.00", "order_cancelled", lines={"l1": 600, "l2": 300}))
    late = given(cancelled(None, l1=2), cancelled("c1")).when(*FOUR_AND_THREE)
    late.then(held("awaiting_payment"), approved("9.00", "order_cancelled", lines={"l1": 600, "l2": 300}))
    assert story.case.cancelled == late.case.cancelled == {"l1": 4, "l2": 3}


def test_what_is_cancelled_by_name_after_the_rest_takes_nothing_from_it():
    story = given(cancelled("c1"), cancelled(None, l1=2)).when(*FOUR_AND_THREE)
    story.then(held("awaiting_payment"), approved("15.00", "order_cancelled"))


def test_the_rest_is_cancelled_once_also_where_the_order_is_heard_last():
    story = given(cancelled("c1"), cancelled("c2"), FOUR_AND_THREE[1]).when(FOUR_AND_THREE[0])
    story.then(approved("15.00", "order_cancelled"), denied("nothing_left", request_id="c2"))
    assert story.case.cancelled == {"l1": 4, "l2": 3}


def test_units_that_a_cancellation_names_are_asked_for_as_they_are_named():
    story = given(*FOUR_AND_THREE, asked("r1", lines(l1=4)))
    story.when(cancelled("c1", l1=1, l2=3)).then(denied("quantity_exceeded"))


def half_back(price, tax):
    """Of 100.00 and 20.00 tax 60.00 went back, 50.00 and 10.00; then the order is amended."""
    story = given(placed(line("l1", "100.00", taxes=taxes("20.00"))), captured("120.00"))
    story.when(asked("r1", amount("60.00", "l1"))).then(approved("60.00", net=5000, taxes=[1000]))
    return story.given(amended(line("l1", price, taxes=taxes(tax))))


def test_a_tax_that_an_amendment_lowers_goes_back_as_far_as_it_is_left_and_never_below_zero():
    """2.00 of it are left in 52.00. Of 61.00 of 112.00 it would be 6.54, and so 3.46 less than went before."""
    story = half_back("100.00", "12.00")
    story.when(asked("r2", amount("1.00", "l1"))).then(approved("1.00", net=96, taxes=[4]))  # of 3.85
    story.when(asked("r3", amount("20.00", "l1"))).then(approved("20.00", net=1923, taxes=[77]))  # of 76.86
    story.when(asked("r4")).then(approved("31.00", net=2981, taxes=[119]))


def test_a_tax_that_an_amendment_raises_is_no_more_than_the_money_that_goes_back():
    """30.00 of it are left in 80.00. Of 61.00 of 140.00 it would be 17.43, and so 7.43 in 1.00."""
    story = half_back("100.00", "40.00").given(captured("20.00", "p2"))
    story.when(asked("r2", amount("1.00", "l1"))).then(approved("1.00", net=62, taxes=[38]))  # of 37.5
    story.when(asked("r3")).then(approved("79.00", net=4938, taxes=[2962]))


def test_an_amendment_that_leaves_the_rate_what_it_was_leaves_the_taxes_their_shares():
    story = half_back("150.00", "30.00").given(captured("60.00", "p2"))
    story.when(asked("r2", amount("1.00", "l1"))).then(approved("1.00", net=83, taxes=[17]))  # 1016.67 less 1000
    story.when(asked("r3")).then(approved("119.00", net=9917, taxes=[1983]))
