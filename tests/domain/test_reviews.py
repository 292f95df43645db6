"""What people decide: verdicts, second reviewers, amounts, revisions, and verdicts that come before their request."""

import pytest

from tests.domain.events import amount, asked, captured, delivered, line, lines, money, placed, verdict
from tests.domain.expecting import approved, decided, denied, held, instructed, refused, told
from tests.domain.stories import Story, policy

PAID = (placed(line("l1", "100.00", 2)), captured("100.00"), delivered())
ONE = policy(auto_approve_limit={"default": 1000})
TWO = policy(auto_approve_limit={"default": 1000}, second_reviewer_above={"default": 5000})


def held_one(terms=ONE, **request) -> Story:
    return Story(terms).given(*PAID, asked(**request))


def test_above_the_limit_a_person_decides_and_is_named_as_the_reason():
    story = held_one().then(
        held("over_auto_limit", "100.00", waiting_for="review", revision=1), told("refund_acknowledged")
    )
    story.when(verdict("approve")).then(
        approved("100.00", "review_approved", revision=2), instructed("100.00"), told("refund_approved")
    )


def test_a_denial_is_decisive_whatever_else_is_waited_for():
    held_one().when(verdict("deny")).then(denied("review_denied"), told("refund_denied"))
    Story(ONE).given(placed(), asked()).when(verdict("deny")).then(denied("review_denied"))


def test_above_the_second_limit_two_reviewers_agree():
    story = held_one(TWO).then(held("over_auto_limit", codes=["over_auto_limit", "needs_second_reviewer"]))
    story.when(verdict("approve", "ann")).then(
        held("needs_second_reviewer", codes=["needs_second_reviewer"], waiting_for="second_review", revision=2)
    )
    story.when(verdict("approve", "bob")).then(approved("100.00", "review_approved", revision=3))


def test_requester_first_and_second_reviewer_all_differ():
    story = held_one(TWO, by="support", requester_id="eve")
    story.when(verdict("approve", "eve")).then(refused("illegal_transition")).never(decided())
    story.when(verdict("approve", "ann")).then(held("needs_second_reviewer"))
    story.when(verdict("approve", "ann", review_id="v-again")).absorbed()
    story.when(verdict("approve", "eve")).then(refused("illegal_transition")).never(decided())
    story.when(verdict("approve", "bob")).then(approved("100.00"))


def test_a_requester_s_own_approval_before_the_request_does_not_count():
    story = Story(ONE).given(*PAID, verdict("approve", "eve")).when(asked(by="support", requester_id="eve"))
    story.then(held("over_auto_limit"))


def test_a_verdict_that_comes_before_its_request_is_kept_for_it():
    Story(ONE).given(*PAID, verdict("approve")).when(asked()).then(approved("100.00", "review_approved"))
    Story(ONE).given(*PAID, verdict("deny")).when(asked()).then(denied("review_denied"))
    Story(TWO).given(*PAID, verdict("approve", "ann"), verdict("approve", "bob")).when(asked()).then(approved("100.00"))
    Story(ONE).given(*PAID, verdict("approve", request_id="r9")).when(asked()).then(held("over_auto_limit"))


@pytest.mark.parametrize("revision", [1, 3])
def test_a_verdict_on_another_revision_than_the_newest_is_refused(revision):
    story = held_one(TWO).when(verdict("approve", "ann")).then(held("needs_second_reviewer", revision=2))
    story.when(verdict("approve", "bob", revision=revision)).then(refused("illegal_transition", path="revision"))
    story.when(verdict("approve", "bob", revision=2)).then(approved("100.00"))


def test_a_question_to_the_customer_holds_until_an_approval():
    story = held_one().when(verdict("ask", "ann")).then(told("refund_information_needed"))
    story.then(held("information_needed", codes=["information_needed", "over_auto_limit"], waiting_for="review"))
    story.when(verdict("approve", "ann")).then(approved("100.00", "review_approved"))


@pytest.mark.parametrize("status", ["denied", "approved"])
def test_after_the_final_decision_another_verdict_is_refused(status):
    first, second = ("deny", "approve") if status == "denied" else ("approve", "deny")
    story = held_one().given(verdict(first, "ann"))
    story.when(verdict(second, "bob")).then(refused("illegal_transition")).never(decided())
    assert story.case.requests["r1"].status == status


@pytest.mark.parametrize(
    ("scope", "reviewed", "expected"),
    [
        (amount("60.00"), "40.00", approved("40.00", codes=["review_approved", "reduced"], lines={"l1": 4000})),
        (amount("60.00"), "60.00", approved("60.00", codes=["review_approved"])),
        (lines(l1=1), "30.00", approved("30.00", codes=["review_approved", "reduced"])),
    ],
)
def test_a_reviewer_may_give_less(scope, reviewed, expected):
    held_one(scope=scope).when(verdict("approve", amount=money(reviewed))).then(expected)


@pytest.mark.parametrize(
    ("scope", "reviewed", "path"),
    [
        (amount("60.00"), "60.01", "amount"),
        (amount("60.00"), "0", "amount"),
        (amount("60.00"), "40.00 USD", "amount.currency"),
        (lines(l1=1), "50.01", "amount"),
    ],
)
def test_an_approval_of_what_cannot_be_paid_is_refused_and_the_reviewer_answers_again(scope, reviewed, path):
    story = held_one(scope=scope).when(verdict("approve", amount=money(reviewed)))
    story.then(refused("invalid_field", path=path)).never(decided())
    story.when(verdict("approve", amount=money("40.00"))).then(approved("40.00", "review_approved", reduced=True))


def test_an_approval_that_came_before_the_order_gives_at_most_what_is_asked():
    early = verdict("approve", amount=money("150.00"))
    Story(ONE).given(early, *PAID).when(asked(scope=amount("60.00"))).then(approved("60.00", "review_approved"))


@pytest.mark.parametrize("reviewed", ["0", "40.00 USD"])
def test_an_approval_that_came_before_the_order_and_cannot_be_followed_is_none(reviewed):
    story = Story(ONE).given(verdict("approve", amount=money(reviewed)), *PAID).when(asked(scope=amount("60.00")))
    story.then(held("over_auto_limit", "60.00", waiting_for="review"))
    story.when(verdict("approve", amount=money("40.00"))).then(approved("40.00", "review_approved"))


def test_an_approved_amount_of_which_less_is_left_meanwhile_is_paid_as_far_as_it_is_left():
    story = held_one().given(asked("r2", amount("10.00")))
    story.when(verdict("approve", amount=money("95.00"))).then(approved("90.00", "review_approved", reduced=True))


def test_the_reasons_name_the_reviews_behind_a_decision():
    story = held_one(TWO).given(verdict("approve", "ann", revision=1))
    story.when(verdict("approve", "bob")).then(approved("100.00"))
    (decision,) = [record for record in story.said if decided().fits(record)]
    assert decision.reasons[0].message == "A reviewer approved it. Review: v-ann of revision 1, v-bob."
    story = held_one().when(verdict("deny", "eve"))
    (decision,) = [record for record in story.said if decided().fits(record)]
    assert decision.reasons[0].message == "A reviewer denied it. Review: v-eve."


def test_what_a_reviewer_gave_less_can_still_be_asked_for():
    story = held_one(scope=lines(l1=1)).given(verdict("approve", amount=money("30.00")))
    story.when(asked("r2", lines(l1=2))).then(held("over_auto_limit", "70.00"))


def test_a_held_request_reserves_nothing_and_its_verdict_is_checked_against_what_is_left():
    story = held_one(scope=amount("60.00"))
    for number in range(5):
        story.when(asked(f"small{number}", amount("10.00"))).then(approved("10.00"))
    assert story.case.requests["r1"].status == "held"
    story.when(verdict("approve")).then(denied("exceeds_refundable", "50.00"))


def test_a_review_that_nobody_does_is_said_to_be_overdue_once_and_stays_held():
    story = held_one()
    asked_at = story.now
    story.later(days=13, hours=23)
    assert story.said == []
    story.later(hours=2)
    overdue = [r.body for r in story.said if hasattr(r, "body")]
    assert overdue == [{"subject": {"kind": "refund_request", "id": "r1"}, "since": asked_at}]
    assert story.later(days=300).said == []
    assert story.case.requests["r1"].status == "held"
    story.when(verdict("approve")).then(approved("100.00"))


def test_of_two_reviewers_who_give_less_the_second_says_how_much():
    story = (
        held_one(TWO)
        .when(verdict("approve", "ann", amount=money("90.00")))
        .then(held("needs_second_reviewer", "90.00"))
    )
    story.when(verdict("approve", "bob", amount=money("80.00"))).then(approved("80.00", reduced=True))
