"""The life of a refund after its approval: every state meets every answer, one retry, stuck once, and late successes."""

import pytest

from app.domain.balances import balance, settled
from app.domain.records import Told
from app.domain.refunds.lifecycle import STATES, after
from tests.domain.events import (
    alert,
    amount,
    asked,
    captured,
    delivered,
    dispute,
    fraud_reported,
    placed,
    refund,
    withdrawn,
)
from tests.domain.expecting import alerted, approved, booked, called_off, denied, instructed, refused, told
from tests.domain.stories import Story, given

PAID = (placed(), captured("100.00"), delivered())
ANSWERS = ("submitted", "succeeded", "failed", "reversed")
CELLS = {
    # (state, answer): the state after it; "submitted" before "approved" is never heard of
    ("approved", "submitted"): "submitted",
    ("approved", "succeeded"): "succeeded",
    ("approved", "failed"): "failed",
    ("approved", "reversed"): "reversed",
    ("submitted", "submitted"): "submitted",
    ("submitted", "succeeded"): "succeeded",
    ("submitted", "failed"): "failed",
    ("submitted", "reversed"): "reversed",
    ("succeeded", "submitted"): "succeeded",
    ("succeeded", "succeeded"): "succeeded",
    ("succeeded", "failed"): "reversed",
    ("succeeded", "reversed"): "reversed",
    ("failed", "submitted"): "failed",
    ("failed", "succeeded"): "succeeded",
    ("failed", "failed"): "failed",
    ("failed", "reversed"): "failed",
    ("reversed", "submitted"): "reversed",
    ("reversed", "succeeded"): "succeeded",
    ("reversed", "failed"): "reversed",
    ("reversed", "reversed"): "reversed",
}
PATHS = {
    "approved": (),
    "submitted": ("submitted",),
    "succeeded": ("succeeded",),
    "failed": ("failed",),
    "reversed": ("succeeded", "reversed"),
}
COUNTS = {
    "approved": (0, 10000),
    "submitted": (0, 10000),
    "succeeded": (10000, 0),
    "failed": (0, 0),
    "reversed": (0, 0),
}


def instruction(story: Story) -> str:
    """The last refund that was instructed."""
    return [out.body["instruction_id"] for out in story.told if out.body["type"] == "refund.execute"][-1]


def in_state(state: str, *, retried: bool = True) -> tuple[Story, str]:
    """A refund of the whole order in that state; its retry, if there was one, is over."""
    story = given(*PAID, asked())
    first = instruction(story)
    for answer in PATHS[state]:
        story.given(refund(answer, "100.00", instruction_id=first))
    if state == "failed" and retried:
        story.given(refund("failed", "100.00", instruction_id=instruction(story)))
    return story, first


def test_the_table_has_every_cell():
    assert set(CELLS) == {(state, answer) for state in STATES for answer in ANSWERS}


@pytest.mark.parametrize(("cell", "expected"), CELLS.items(), ids=str)
def test_a_state_and_an_answer_give_one_state(cell, expected):
    state, answer = cell
    assert after(state, answer) == expected
    story, first = in_state(state)
    story.when(refund(answer, "100.00", instruction_id=first))
    assert story.case.refunds[first].status == expected
    if expected == state:
        story.absorbed()


@pytest.mark.parametrize("state", sorted(STATES))
def test_what_counts_is_what_is_out_or_on_its_way(state):
    story, _ = in_state(state)
    assert (settled(story.case, "p1"), balance(story.case, story.case.payments["p1"]).in_flight_minor) == COUNTS[state]
    left = 10000 - sum(COUNTS[state])
    story.when(asked("r2", amount("100.00"))).then(approved("100.00") if left else denied("exceeds_refundable", "0"))


def test_a_refund_that_goes_well_is_told_and_booked_once():
    story = (
        given(*PAID).when(asked()).then(told("refund_approved"), instructed("100.00")).never(booked("refund_settled"))
    )
    first = instruction(story)
    story.when(refund("submitted", "100.00", instruction_id=first, refund_id="R1")).then(told("refund_sent"))
    story.never(told("refund_completed"), booked("refund_settled"))
    story.when(refund("succeeded", "100.00", refund_id="R1", acquirer_reference_number="74537604221222132710572"))
    story.then(told("refund_completed"), booked("refund_settled", "-100.00", payment_id="p1"))
    completed = next(r for r in story.said if told("refund_completed").fits(r))
    assert completed.data["acquirer_reference_number"] == "74537604221222132710572"
    assert completed.data["expected_days"] > 0
    assert story.later(days=60).said == []


def test_a_refund_that_came_back_and_went_again_is_told_again():
    story = given(*PAID, asked())
    named = {"instruction_id": instruction(story), "refund_id": "R1"}
    went, came = refund("succeeded", "100.00", **named), refund("reversed", "100.00", **named)
    for _ in range(2):
        story.when(went).then(told("refund_completed"), booked("refund_settled", "-100.00"))
        story.when(went).absorbed()
        story.when(came).then(told("refund_failed"), booked("refund_returned", "100.00"))
        story.when(came).absorbed()
    heard = [(one.template, one.fact) for one in story.all if isinstance(one, Told)]
    assert len(heard) == len(set(heard)) == 5  # with the approval


def test_a_refusal_is_tried_once_more_under_an_id_derived_from_the_first():
    story = given(*PAID, asked())
    first = instruction(story)
    story.when(refund("failed", "100.00", instruction_id=first)).then(instructed("100.00", retry_of=first))
    story.never(told("refund_failed"), alerted("refund.returned"))
    second = instruction(story)
    assert second != first
    again = given(*PAID, asked()).given(refund("failed", "100.00", instruction_id=first))
    assert instruction(again) == second
    story.when(refund("failed", "100.00", instruction_id=second)).then(told("refund_failed")).never(instructed())


def test_while_a_dispute_is_open_a_refusal_is_not_tried_again():
    story = given(*PAID, asked(), dispute("opened", "100.00"))
    story.when(refund("failed", "100.00", instruction_id=instruction(story))).never(instructed())


def test_an_inquiry_or_a_fraud_report_does_not_stop_the_retry():
    story = given(*PAID, asked(), dispute("inquired", "100.00"), fraud_reported())
    story.when(refund("failed", "100.00", instruction_id=instruction(story))).then(instructed("100.00"))


@pytest.mark.parametrize(
    "gone", [alert("100.00"), refund("succeeded", "100.00", refund_id="x1")], ids=["credited", "outside"]
)
def test_a_refusal_is_not_tried_again_where_the_money_is_gone_meanwhile(gone):
    story = given(*PAID, asked(scope=amount("50.00")), gone)
    story.when(refund("failed", "50.00", instruction_id=instruction(story))).never(instructed())


def test_a_retry_that_gets_no_answer_is_stuck_too():
    story = given(*PAID, asked())
    story.given(refund("failed", "100.00", instruction_id=instruction(story)))
    second = instruction(story)
    story.later(days=11).then(alerted("refund.stuck", instruction_id=second), told("refund_delayed"))


def test_a_customer_who_has_the_money_is_not_told_that_its_retry_takes_long():
    story = given(*PAID, asked())
    first = instruction(story)
    story.given(refund("failed", "100.00", instruction_id=first))
    second = instruction(story)
    story.when(refund("succeeded", "100.00", instruction_id=first)).then(told("refund_completed"))
    story.later(days=11).then(alerted("refund.stuck", instruction_id=second)).never(told("refund_delayed"))


def test_where_the_first_succeeds_late_its_retry_is_cancelled_and_both_count_until_it_ends():
    story = given(*PAID, asked(scope=amount("60.00")))
    first = instruction(story)
    story.given(refund("failed", "60.00", instruction_id=first))
    second = instruction(story)
    story.when(refund("succeeded", "60.00", instruction_id=first)).then(
        called_off(instruction_id=second), booked("refund_settled", "-60.00"), told("refund_completed")
    )
    assert "late_success" in story.case.flags
    assert (settled(story.case, "p1"), balance(story.case, story.case.payments["p1"]).in_flight_minor) == (6000, 6000)
    story.when(asked("r2", amount("1.00"))).then(denied("exceeds_refundable"))
    story.when(refund("failed", "60.00", instruction_id=second, failure_code="canceled")).never(
        instructed(), told("refund_failed"), alerted("refund.returned")
    )
    story.when(asked("r3", amount("40.00"))).then(approved("40.00"))


def test_money_that_came_back_is_booked_alerted_told_and_not_tried_again():
    for answer, code in (("failed", "account_closed"), ("reversed", None)):
        story, first = in_state("succeeded")
        more = {"failure_code": code} if code else {}
        story.when(refund(answer, "100.00", instruction_id=first, **more)).then(
            booked("refund_returned", "100.00"),
            told("refund_failed"),
            alerted(
                "refund.returned", payment_id="p1", amount={"amount_minor": 10000, "currency": "EUR"}, failure_code=code
            ),
        ).never(instructed())
        story.when(asked("r2")).then(approved("100.00", reduced=False))


def test_the_books_follow_every_flip_with_an_entry_of_its_own():
    story, first = in_state("approved")
    for answer in ("succeeded", "reversed", "succeeded", "failed", "succeeded"):
        story.given(refund(answer, "100.00", instruction_id=first))
    entries = [out.body for out in story.told if out.topic == "ledger-entries"]
    assert len({entry["id"] for entry in entries}) == len(entries) == 6
    assert sum(entry["amount"]["amount_minor"] for entry in entries) == 0


def test_no_answer_is_stuck_once_counted_from_approval_and_then_from_submission():
    story = given(*PAID, asked())
    first, approved_at = instruction(story), story.now
    story.later(days=9, hours=23)
    assert story.said == []
    story.later(hours=2).then(alerted("refund.stuck", instruction_id=first, since=approved_at), told("refund_delayed"))
    assert story.later(days=60).said == []


def test_a_submission_counts_anew():
    story = given(*PAID, asked())
    story.later(days=9)
    story.given(refund("submitted", "100.00", instruction_id=instruction(story)))
    submitted_at = story.now
    story.later(days=9).never(alerted("refund.stuck"))
    story.later(days=2).then(alerted("refund.stuck", since=submitted_at))


def test_stuck_is_said_once_even_where_the_submission_comes_after_it():
    story = given(*PAID, asked())
    story.later(days=11).then(alerted("refund.stuck"))
    story.given(refund("submitted", "100.00", instruction_id=instruction(story)))
    story.later(days=30).never(alerted("refund.stuck"), told("refund_delayed"))


@pytest.mark.parametrize("answer", ["succeeded", "failed"])
def test_an_answer_ends_the_wait_for_it(answer):
    story, _ = in_state(answer)
    story.later(days=60).never(alerted("refund.stuck"))


def test_a_request_taken_back_after_its_approval_calls_off_what_is_not_submitted():
    story = given(*PAID, asked()).when(withdrawn())
    story.then(called_off(instruction_id=instruction(story)))
    assert story.case.requests["r1"].status == "approved"
    story.when(refund("failed", "100.00", instruction_id=instruction(story), failure_code="canceled"))
    story.never(instructed(), told("refund_failed"))
    submitted, _ = in_state("submitted")
    submitted.when(withdrawn()).never(called_off())


def test_another_amount_or_payment_for_the_same_refund_is_a_conflict():
    story, first = in_state("submitted")
    story.when(refund("succeeded", "99.99", instruction_id=first)).then(refused("id_conflict"))
    story.when(refund("succeeded", "100.00 USD", instruction_id=first)).then(refused("id_conflict"))
    story.given(captured("50.00", "p2")).when(refund("succeeded", "100.00", "p2", instruction_id=first)).then(
        refused("id_conflict")
    )


def test_nobody_is_told_the_same_twice():
    """Sent, refused, sent again by the retry, completed, reversed: each template once per request and fact."""
    story = given(*PAID, asked())
    first, ids = instruction(story), []
    script = [("submitted", 0), ("failed", 0), ("submitted", 1), ("succeeded", 1), ("reversed", 1), ("succeeded", 1)]
    for answer, which in script:
        last = first if not which else instruction(story)
        story.when(refund(answer, "100.00", instruction_id=last))
        ids += [(r.template, r.fact) for r in story.said if type(r).__name__ == "Told"]
    assert len(ids) == len(set(ids))
    assert [template for template, _ in ids].count("refund_sent") == 1


def test_of_two_tenders_the_one_that_failed_for_good_can_be_asked_for_again():
    story = given(placed(), captured("60.00"), captured("40.00", "p2"), asked(scope={"kind": "full"}))
    one, two = (out.body["instruction_id"] for out in story.told if out.body["type"] == "refund.execute")
    story.given(refund("succeeded", "60.00", instruction_id=one), refund("failed", "40.00", "p2", instruction_id=two))
    story.given(refund("failed", "40.00", "p2", instruction_id=instruction(story)))
    story.when(asked("r2")).then(approved("40.00", reduced=True))


def test_a_late_success_calls_off_what_was_approved_in_its_place():
    story = given(*PAID, asked())
    first = instruction(story)
    story.given(refund("failed", "100.00", instruction_id=first))
    story.given(refund("failed", "100.00", instruction_id=instruction(story)), asked("r2"))
    second = instruction(story)
    story.when(refund("succeeded", "100.00", instruction_id=first)).then(called_off(instruction_id=second))


def test_a_refund_from_the_dashboard_calls_off_ours_where_nothing_is_left_for_it():
    story = given(*PAID, asked(scope=amount("60.00")))
    ours = instruction(story)
    story.when(refund("succeeded", "40.00", refund_id="x1")).never(called_off(instruction_id=ours))
    story.when(refund("succeeded", "0.01", refund_id="x2")).then(called_off(instruction_id=ours))
