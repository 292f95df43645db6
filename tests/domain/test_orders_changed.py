"""Orders that change after money of them has gone back: cancelled for the rest."""

from tests.domain.events import (
    asked,
    cancelled,
    captured,
    fulfilled,
    line,
    lines,
    placed,
    verdict,
)
from tests.domain.expecting import approved, denied, held
from tests.domain.stories import Story, given, policy

FOUR_AND_THREE = (placed(line("l1", "12.00", 4), line("l2", "3.00", 3)), captured("15.00"))


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


def test_units_that_a_cancellation_names_are_asked_for_as_they_are_named():
    story = given(*FOUR_AND_THREE, asked("r1", lines(l1=4)))
    story.when(cancelled("c1", l1=1, l2=3)).then(denied("quantity_exceeded"))
