"""More units than were bought, and lines that the order never had: refused, or kept, flagged and not counted."""

from itertools import permutations

import pytest

from app.domain.policy import BUILT_IN
from app.domain.policy_terms import ReturnRequired
from tests.domain.events import (
    Said,
    amended,
    asked,
    came_back,
    cancelled,
    captured,
    delivered,
    fulfilled,
    line,
    lines,
    of_orders,
    placed,
    refund,
    sent_back,
    units,
)
from tests.domain.expecting import approved, denied, held, refused
from tests.domain.stories import Story, given, policy

TWO = (placed(line("l1", "100.00", 2)), captured("250.00"))
FIVE = amended(line("l1", "250.00", 5))
BACK = policy(return_required=ReturnRequired(kinds=("physical",), unless_below=None, reasons_exempt=()))
USED = of_orders("service.used", line_id="l9", units=4)
CANCELLED = of_orders("subscription.cancelled", line_id="l9", effective="immediate")
CONTRADICTIONS = [
    (fulfilled(l1=9), "lines[0].quantity", "quantity_exceeded"),
    (fulfilled(l9=1), "lines[0].line_id", "unknown_line"),
    (delivered(l1=9), "lines[0].quantity", "quantity_exceeded"),
    (delivered(l1=1, l9=1), "lines[1].line_id", "unknown_line"),
    (cancelled(l1=9), "lines[0].quantity", "quantity_exceeded"),
    (cancelled(l9=1), "lines[0].line_id", "unknown_line"),
    (cancelled().but(lines=units(l1=1) + units(l1=2)), "lines[1].quantity", "quantity_exceeded"),
    (USED, "line_id", "unknown_line"),
    (CANCELLED, "line_id", "unknown_line"),
]
NAMES = [f"{said.body['type']} {path} {flag}" for said, path, flag in CONTRADICTIONS]


def changed_mind(request_id: str, count: int) -> Said:
    return asked(request_id, lines(l1=count), reason="changed_mind")


@pytest.mark.parametrize(("said", "path", "flag"), CONTRADICTIONS, ids=NAMES)
def test_what_contradicts_its_order_is_refused_after_it_and_flagged_before_it(said, path, flag):
    after = given(*TWO).when(said).then(refused("illegal_transition", path=path))
    assert after.case.flags == []
    before = given(said)
    assert before.case.flags == []
    assert before.given(*TWO).case.flags == [flag]


@pytest.mark.parametrize(("said", "path", "flag"), CONTRADICTIONS, ids=NAMES)
def test_what_an_amendment_explains_is_heard_again_and_no_longer_flagged(said, path, flag):
    whole = amended(line("l1", "250.00", 9), line("l9", "10.00"))
    after = given(*TWO).when(said, whole, said.but(event_id="again"))
    assert [parts for parts in after.said if refused("illegal_transition", path=path).fits(parts)] == after.said[:1]
    assert given(said, *TWO, whole).case.flags == []


@pytest.mark.parametrize(
    "said", [fulfilled(l1=2), delivered(l1=2), cancelled(l1=2), cancelled(l1=1).but(lines=units(l1=1) + units(l1=1))]
)
def test_all_that_was_bought_can_be_named(said):
    assert given(*TWO).when(said).never(refused("illegal_transition")).case.flags == []


@pytest.mark.parametrize("gone", [amended(line("l1", "10.00")), amended(line("l2", "10.00"))], ids=["fewer", "none"])
@pytest.mark.parametrize("said", [fulfilled(l1=2), cancelled(l1=2), came_back(l1=2), sent_back(l1=2)])
def test_units_that_an_amendment_took_away_were_bought_all_the_same(gone, said):
    said = said.at("2026-01-05T12:00:30Z")
    assert given(*TWO, gone).when(said).never(refused("illegal_transition")).case.flags == []


def test_a_cancellation_of_more_cancels_nothing_and_its_request_is_denied():
    for events in ((*TWO, cancelled("r1", l1=9)), (cancelled("r1", l1=9), *TWO)):
        story = given(*events)
        assert [record.outcome for record in story.all if denied("quantity_exceeded").fits(record)] == ["denied"]
        assert (story.case.cancelled, story.case.flags) == ({}, ["quantity_exceeded"])
    assert given(cancelled(l1=1), *TWO).case.cancelled == given(*TWO, cancelled(l1=1)).case.cancelled == {"l1": 1}


@pytest.mark.parametrize("back", [came_back(l1=9), sent_back(l1=9)], ids=["came back", "sent back"])
def test_units_in_surplus_are_kept_and_flagged(back):
    for events in ((*TWO, back), (back, *TWO)):
        story = given(*events).never(refused("illegal_transition"))
        assert story.case.flags == ["quantity_exceeded"]
        assert [one.received or one.shipped for one in story.case.returns.values()] != [{}]


def test_a_line_that_came_back_and_was_never_bought_is_kept_and_flagged():
    for events in ((*TWO, came_back(l9=1)), (came_back(l9=1), *TWO)):
        assert given(*events).case.flags == ["unknown_line"]


def test_what_came_back_counts_at_most_as_many_units_as_had_been_bought():
    """9 of 2 came back: both count for the first request, and none for the 3 that were bought afterwards."""
    story = given(*TWO, came_back(l1=9), terms=BACK)
    story.when(changed_mind("r1", 2)).then(approved("100.00"))
    story.given(FIVE).when(changed_mind("r2", 3)).then(held("awaiting_return", "150.00"))
    story.when(came_back("b2", l1=3)).then(approved("150.00", request_id="r2"))


def test_what_was_sent_back_counts_by_law_at_most_as_many_units_as_had_been_bought():
    terms = policy(return_required=BACK.return_required, statutory=BUILT_IN.statutory)
    story = Story(terms).given(placed(line("l1", "100.00", 2), country="DE"), captured("250.00"), sent_back(l1=9))
    story.when(changed_mind("r1", 2)).then(approved("100.00", "statutory_right"))
    story.given(amended(line("l1", "250.00", 5), country="DE"))
    story.when(changed_mind("r2", 3)).then(held("awaiting_return", "150.00"))
    story.when(sent_back("b2", l1=3)).then(approved("150.00", "statutory_right", request_id="r2"))


def test_the_last_units_of_a_surplus_are_those_that_count_for_nothing():
    story = given(*TWO, came_back("b1", l1=1), came_back("b2", condition="damaged", l1=3), terms=BACK)
    assert story.case.flags == ["quantity_exceeded"]
    story.when(changed_mind("r1", 2)).then(approved("100.00"))
    story.given(FIVE).when(changed_mind("r2", 1)).then(held("awaiting_return", "50.00"))


RETURNED = (
    TWO[0].at("2026-01-01T12:00:00Z"),
    FIVE.at("2026-01-02T12:00:00Z"),
    came_back("b1", l1=4).at("2026-01-03T12:00:00Z"),
    refund("succeeded", "20.00", refund_id="x1", lines=units(l1=3)).at("2026-01-04T12:00:00Z"),
    cancelled(l1=1).at("2026-01-04T13:00:00Z"),
)


@pytest.mark.parametrize("order", [o for o in permutations(range(5)) if o.index(0) < o.index(1)])
def test_units_of_an_amended_order_count_the_same_in_whatever_order_they_are_told(order):
    """4 of 5 came back, also where they are told of before the amendment that says 5. 3 were paid back outside for
    20.00, so the last 2 are worth 230.00.
    """
    story = given(captured("250.00"), *(RETURNED[index] for index in order), terms=BACK)
    assert (story.case.flags, story.case.cancelled) == ([], {"l1": 1})
    story.when(changed_mind("r1", 2)).then(approved("230.00"))


def test_a_refund_outside_of_more_units_than_were_bought_is_for_a_person():
    """20.00 went for "9 of 2": nobody knows for what, so no line is used up, and what was paid counts."""
    outside = refund("succeeded", "20.00", refund_id="x1", lines=units(l1=9))
    two = (placed(line("l1", "100.00", 2)), captured("100.00"))
    for events in ((*two, outside), (outside, *two)):
        story = given(*events).when(asked("r1", lines(l1=1)))
        story.then(held("outside_refund_unallocated", "50.00"))
        assert story.case.flags == ["quantity_exceeded"]
    story.when(amended(line("l1", "450.00", 9))).then(denied("quantity_exceeded", request_id="r1"))
    assert story.case.flags == []
