"""Refunds made outside: in the provider's dashboard, or by another system. They count, whatever we would have said."""

import pytest

from app.domain.balances import refundable
from tests.domain.events import (
    amount,
    asked,
    capture_failed,
    captured,
    delivered,
    delivery,
    line,
    lines,
    placed,
    refund,
    units,
    verdict,
)
from tests.domain.expecting import alerted, approved, booked, denied, held, instructed, refused, told
from tests.domain.stories import given

FOUR = (placed(line("l1", "12.00", 4)), captured("12.00"), delivered())


def left(story) -> int:
    return refundable(story.case, story.case.payments["p1"])


@pytest.mark.parametrize(("what", "is_left"), [("submitted", 900), ("succeeded", 900), ("failed", 1200)])
def test_it_counts_unless_it_failed(what, is_left):
    story = given(*FOUR).when(refund(what, "3.00", refund_id="x1", lines=units(l1=1)))
    assert left(story) == is_left
    story.never(told("refund_sent"), told("refund_completed"), told("refund_failed"), instructed())


def test_its_lines_use_up_units():
    story = given(*FOUR, refund("succeeded", "3.00", refund_id="x1", lines=units(l1=1)))
    story.when(asked("r1", lines(l1=4))).then(denied("quantity_exceeded"))
    story.when(asked("r2", lines(l1=3))).then(approved("9.00", "within_policy"))


def test_its_amount_is_spread_over_its_lines_by_what_is_left_of_them():
    bought = placed(line("l1", "30.00"), line("l2", "10.00"), line("l3", "60.00"))
    story = given(bought, captured("100.00"), refund("succeeded", "20.00", refund_id="x1", lines=units(l1=1, l2=1)))
    used = {line_id: one.portion.used_minor for line_id, one in story.case.order.lines.items()}
    assert used == {"l1": 1500, "l2": 500, "l3": 0}
    story.when(asked("r1")).then(approved("80.00", reduced=True))


def test_its_delivery_part_is_taken_from_the_delivery():
    story = given(placed(line("l1", "10.00"), shipping=[delivery("5.00")]), captured("15.00"))
    story.given(refund("succeeded", "7.00", refund_id="x1", lines=units(l1=1), shipping_minor=200))
    story.when(asked()).then(approved("8.00", lines={"l1": 500}, shipping=300))


def test_what_is_more_than_its_lines_went_for_their_duties():
    bought = placed(line("l1", "10.00", 2, duties_minor=300), line("l2", "10.00"), shipping=[delivery("5.00")])
    story = given(bought, captured("28.00"), refund("succeeded", "11.50", refund_id="x1", lines=units(l1=2)))
    story.when(asked("r1", reason="damaged"))
    story.then(approved("16.50", lines={"l2": 1000}, duties=150, shipping=500, reduced=True))


def test_what_its_lines_cannot_have_cost_stays_with_them():
    story = given(placed(line("l1", "10.00"), line("l2", "10.00")), captured("20.00"))
    story.given(refund("succeeded", "12.00", refund_id="x1", lines=units(l1=1)))
    story.when(asked()).then(approved("8.00", lines={"l2": 800}, reduced=True))


@pytest.mark.parametrize("lines_told", [None, units(l9=1)])
def test_one_that_does_not_say_for_what_sends_later_requests_to_review(lines_told):
    story = given(*FOUR, refund("succeeded", "3.00", refund_id="x1", lines=lines_told))
    story.when(asked()).then(held("outside_refund_unallocated", "9.00", waiting_for="review"))
    story.when(verdict("approve")).then(approved("9.00", "review_approved"))


def test_it_is_for_what_the_first_of_its_events_says_that_says_it():
    story = given(*FOUR, refund("submitted", "3.00", refund_id="x1"))
    story.given(refund("succeeded", "3.00", refund_id="x1", lines=units(l1=1)))
    story.when(asked("r1", lines(l1=4))).then(denied("quantity_exceeded"))
    story.when(asked("r2", lines(l1=3))).then(approved("9.00", "within_policy"))


def test_what_it_is_for_stays_where_a_later_event_does_not_say_it():
    story = given(*FOUR, refund("submitted", "3.00", refund_id="x1", lines=units(l1=1)))
    story.given(refund("succeeded", "3.00", refund_id="x1"))
    story.when(asked("r2", lines(l1=3))).then(approved("9.00", "within_policy"))


def test_one_that_failed_after_all_gives_back_its_lines_and_the_review():
    story = given(
        *FOUR,
        refund("submitted", "3.00", refund_id="x1", lines=units(l1=1)),
        refund("submitted", "1.00", refund_id="x2"),
    )
    story.given(refund("failed", "3.00", refund_id="x1"), refund("failed", "1.00", refund_id="x2"))
    story.when(asked("r1", lines(l1=4))).then(approved("12.00", "within_policy"))


def test_one_that_came_back_is_booked_and_alerted():
    story = (
        given(*FOUR)
        .when(refund("succeeded", "3.00", refund_id="x1", lines=units(l1=1)))
        .then(booked("refund_settled", "-3.00"))
    )
    story.when(refund("reversed", "3.00", refund_id="x1")).then(
        booked("refund_returned", "3.00"), alerted("refund.returned", refund_id="x1")
    )
    assert left(story) == 1200


def test_one_that_failed_and_then_succeeded_is_out_and_flagged():
    story = given(*FOUR, refund("failed", "3.00", refund_id="x1"), refund("succeeded", "3.00", refund_id="x1"))
    assert "late_success" in story.case.flags
    assert left(story) == 900


def test_it_may_be_said_again_and_not_with_another_amount():
    story = given(*FOUR, refund("succeeded", "3.00", refund_id="x1"))
    story.when(refund("succeeded", "3.00", refund_id="x1")).absorbed()
    story.when(refund("succeeded", "4.00", refund_id="x1")).then(refused("id_conflict"))
    assert left(story) == 900


def test_an_instruction_that_is_not_ours_is_made_outside():
    story = given(*FOUR).when(refund("succeeded", "3.00", instruction_id="somebody's"))
    assert left(story) == 900


def test_before_the_order_is_known_it_counts_and_its_lines_are_used_up_when_it_is():
    story = given(captured("12.00"), refund("succeeded", "3.00", refund_id="x1", lines=units(l1=1)))
    story.given(placed(line("l1", "12.00", 4)))
    story.when(asked("r1", lines(l1=4))).then(denied("quantity_exceeded"))
    story.when(asked("r2", lines(l1=3))).then(approved("9.00"))


def test_more_than_was_captured_is_recorded_alerted_once_and_blocks_what_follows():
    story = given(*FOUR, refund("succeeded", "10.00", refund_id="x1", lines=units(l1=1)))
    story.when(refund("succeeded", "5.00", refund_id="x2", lines=units(l1=1))).then(
        alerted("exposure.detected", payment_id="p1", over={"amount_minor": 300, "currency": "EUR"})
    )
    assert left(story) == -300
    story.when(refund("submitted", "1.00", refund_id="x3")).never(alerted("exposure.detected"))
    story.when(asked("r1", amount("0.01"))).then(denied("exceeds_refundable", "0"))
    story.when(refund("succeeded", "1.00", refund_id="x3")).then(
        alerted("exposure.detected", over={"amount_minor": 400, "currency": "EUR"})
    )


def test_an_outside_refund_takes_what_a_held_request_hoped_for():
    story = given(placed(), captured("100.00"), terms=None).given(asked("r0", amount("10.00")))
    story.given(refund("succeeded", "90.00", refund_id="x1", lines=units(l1=1)))
    story.when(asked("r1", amount("1.00"))).then(denied("exceeds_refundable"))


def test_money_in_another_currency_than_the_payment_is_refused():
    story = given(placed(), captured("100.00"))
    story.when(refund("succeeded", "10000 JPY", refund_id="x1")).then(refused("id_conflict"))
    story.when(capture_failed("10000 JPY")).then(refused("id_conflict"))
    assert left(story) == 10000
