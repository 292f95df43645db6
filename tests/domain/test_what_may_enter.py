"""What a case takes in without a complaint although it is late or said in two ways, and what it does not."""

from tests.domain.events import amount, asked, captured, dispute, placed, verdict, withdrawn
from tests.domain.expecting import approved, called_off, refused
from tests.domain.stories import ORDER, given, policy

PAID = (placed(), captured("100.00"))


def test_a_request_whose_money_is_under_way_is_taken_back_once():
    story = given(*PAID, asked("r1", amount("10.00"))).when(withdrawn()).then(called_off(reason="request_withdrawn"))
    assert story.case.requests["r1"].status == "approved"
    story.when(withdrawn()).absorbed()


def test_a_second_reviewer_who_approves_what_was_approved_meanwhile_makes_no_mistake():
    story = given(*PAID, asked("r1", amount("10.00")), terms=policy(auto_approve_limit={"default": 500}))
    story.when(verdict("approve", "ann")).then(approved("10.00"))
    story.when(verdict("approve", "bob")).never(approved("10.00"), refused("illegal_transition"))
    story.when(verdict("deny", "eve")).then(refused("illegal_transition", path="subject.id"))


def test_a_dispute_that_named_only_the_order_before_its_payment_came_may_name_it_later():
    story = given(placed(), dispute("opened", "10.00", payment_id=None, order_id=ORDER))
    story.when(dispute("opened", "10.00", payment_id="p1")).never(refused("id_conflict"))
    story.given(captured("60.00"))
    assert story.case.disputes["d1"].payment_id == "p1"
    story.when(dispute("opened", "10.00", payment_id="p2")).then(refused("id_conflict", path="payment_id"))
