"""A request whose policy looks at the customer's history: silent at first, held when no answer comes, released by it."""

import pytest

from app.domain.case import Cause
from app.domain.policy_terms import Velocity
from app.domain.records import Asked, Decided
from tests.domain.events import asked, captured, placed, verdict, withdrawn
from tests.domain.expecting import approved, decided, denied, held, taken_back, told
from tests.domain.stories import Story, journalled, policy

FIVE = Velocity(requests=5, days=30)
PAID = (placed(customer_id="c1"), captured("100.00"))


def waiting(**more) -> Story:
    """A request that nobody has answered a question about yet."""
    return Story(policy(**({"velocity": FIVE} | more))).given(*PAID).when(asked())


def question(story: Story, request_id: str = "r1") -> Asked:
    """What the history was asked for a request; once."""
    (one,) = [record for record in story.all if isinstance(record, Asked) and record.request_id == request_id]
    return one


def answered(story: Story, requests: int = 0, request_id: str = "r1", question_id: str | None = None) -> Story:
    """The history's answer to a question enters the journal."""
    one = question(story, request_id)
    at, named = one.as_of.isoformat(), question_id or one.question_id
    body = {
        "type": "history.answered",
        "occurred_at": at,
        "as_of": at,
        "question_id": named,
        "requests_in_window": requests,
    }
    story.said = story._step(journalled(body), story.now, Cause("orders", "e3"))
    return story


def test_nothing_is_said_while_an_answer_is_expected():
    story = waiting().never(decided(), told("refund_acknowledged"))
    asking = question(story)
    assert (asking.customer_id, asking.uses, (asking.as_of - asking.since).days) == ("c1", ("velocity",), 30)
    story.later(seconds=59).never(decided())


@pytest.mark.parametrize(
    ("requests", "expected"),
    [(0, approved("100.00", "within_policy")), (4, approved("100.00")), (5, held("velocity", waiting_for="review"))],
)
def test_the_answer_decides(requests, expected):
    answered(waiting(), requests).then(expected)


def test_without_an_answer_within_its_wait_it_is_held_for_a_person():
    story = waiting().later(seconds=61).then(held("awaiting_history", "100.00"), told("refund_acknowledged"))
    (hold,) = [record for record in story.said if isinstance(record, Decided)]
    assert hold.waiting_for == "review"
    assert hold.revision == 1


@pytest.mark.parametrize(
    ("requests", "expected"), [(0, approved("100.00", "within_policy", revision=2)), (5, held("velocity", revision=2))]
)
def test_an_answer_that_comes_after_the_wait_releases_it(requests, expected):
    answered(waiting().later(hours=2), requests).then(expected)


@pytest.mark.parametrize("requests", [0, 5], ids=["approved", "held for a person"])
def test_an_answer_ends_the_wait_so_that_nothing_happens_when_it_would_have_run_out(requests):
    story = answered(waiting(), requests)
    assert "history:r1" not in story.case.timers
    assert story.later(hours=1).said == []


def test_who_is_denied_while_the_answer_is_expected_waits_no_longer():
    story = waiting().when(withdrawn()).then(taken_back())
    assert "history:r1" not in story.case.timers


def test_a_person_may_decide_without_the_answer_and_it_changes_nothing_afterwards():
    story = waiting().later(seconds=61).when(verdict("approve")).then(approved("100.00", "review_approved"))
    answered(story, 5).never(decided())


def test_the_same_answer_twice_decides_once_and_another_question_s_decides_nothing():
    story = answered(waiting(), question_id="of another request").never(decided())
    answered(story).then(approved("100.00"))
    answered(story).never(decided())
    answered(story, 5).never(decided())


def test_a_question_is_asked_once_however_often_the_request_is_asked_about():
    story = waiting().later(seconds=61).when(verdict("ask")).later(days=1)
    assert question(story)


def test_a_request_that_is_taken_back_meanwhile_is_withdrawn_and_its_answer_comes_to_nothing():
    story = waiting().when(withdrawn()).then(taken_back())
    answered(story, 5).never(decided())


def test_a_denial_needs_no_history():
    story = Story(policy(velocity=FIVE)).given(*PAID)
    story.when(asked(scope={"kind": "lines", "lines": [{"line_id": "l9", "quantity": 1}], "include_shipping": False}))
    story.then(denied("unknown_line"))
    assert not [record for record in story.all if isinstance(record, Asked)]


@pytest.mark.parametrize(("customer", "velocity"), [(None, FIVE), ("c1", None)], ids=["a guest", "switched off"])
def test_a_guest_and_a_policy_without_velocity_ask_nothing(customer, velocity):
    story = Story(policy(velocity=velocity)).given(placed(customer_id=customer), captured("100.00"))
    story.when(asked()).then(approved("100.00"))
    assert not [record for record in story.all if isinstance(record, Asked)]


def test_what_was_approved_meanwhile_is_counted_when_the_answer_comes():
    story = waiting().given(
        asked("r2", {"kind": "amount", "amount": {"amount_minor": 4000, "currency": "EUR"}}, by="support")
    )
    answered(story, 1, "r2").then(approved("40.00"))
    answered(story, 1).then(approved("60.00", reduced=True))
