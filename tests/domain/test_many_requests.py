"""Asking again after a denial costs the case next to nothing, however often: its row stays small, repeats stay repeats."""

from datetime import timedelta

import pytest

from app.domain.case import Cause, decode_case, encode_case
from app.domain.casework import step
from app.domain.context import Context, Entry
from app.domain.policy import BUILT_IN
from app.domain.records import Alerted, Decided, Entered, Record, Refused, Repeated
from app.domain.refunds.ended import KEPT
from app.domain.snapshot import snapshot
from tests.domain.events import Said, alert, amount, asked, captured, dispute, placed, verdict, withdrawn
from tests.domain.expecting import approved, denied, refused
from tests.domain.stories import MERCHANT, ORDER, Story, policy
from tests.domain.wire import entry_of

MANY = 10_000
TOO_MUCH = amount("100.01")


def hear(story: Story, said: Said, number: int) -> list[Record]:
    """One event, as fast as a case can take it."""
    now = story.now + timedelta(seconds=number)
    named = {"event_id": f"n{number}", "occurred_at": now.isoformat(), "merchant_id": MERCHANT, "order_id": ORDER}
    received = entry_of(Said(said.topic, named | said.body), int(now.timestamp() * 1000))
    context = Context(
        now=now,
        clock=now,
        cause=Cause(said.topic, f"n{number}"),
        policies=story.book,
        historical=False,
        retention_days=800,
    )
    return step(story.case, Entry(received.event, said.topic, received.fingerprint), context)


@pytest.fixture(scope="module")
def asked_often() -> Story:
    """A case with ten thousand denied requests behind it, the longest ids among them."""
    story = Story(policy()).given(placed(), captured("100.00"))
    for number in range(MANY):
        records = hear(story, asked(f"{number:0128}", TOO_MUCH), number)
        assert any(isinstance(one, Decided) and one.outcome == "denied" for one in records)
    return story


def test_ten_thousand_denied_requests_fit_into_a_row_many_times(asked_often):
    row = encode_case(asked_often.case)
    assert len(row) < 1 << 20
    assert decode_case(row) == asked_often.case
    assert len(asked_often.case.requests) <= KEPT + 1


@pytest.mark.parametrize("number", [0, MANY // 2, MANY - KEPT - 2, MANY - 1])
def test_a_request_that_ended_long_ago_is_known_by_its_id_and_its_content(asked_often, number):
    request_id, frozen = f"{number:0128}", encode_case(asked_often.case)
    again = hear(asked_often, asked(request_id, TOO_MUCH), number)
    assert again == []
    other = hear(asked_often, asked(request_id, amount("1.00")), MANY)
    assert [(type(one), one.code) for one in other] == [(Refused, "id_conflict")]
    late = hear(asked_often, verdict("approve", request_id=request_id), MANY)
    assert [(type(one), one.code) for one in late] == [(Refused, "illegal_transition")]
    assert encode_case(asked_often.case) == frozen


def test_the_snapshot_says_that_it_does_not_show_all(asked_often):
    body = snapshot(asked_often.case).body
    assert body["truncated"] is True
    assert body["requests"][-1]["request_id"] == f"{MANY - 1:0128}"
    few = Story(policy()).given(placed(), captured("100.00"), asked("r1", TOO_MUCH))
    assert snapshot(few.case).body["truncated"] is False


def many(story: Story, count: int = KEPT + 50) -> Story:
    for number in range(count):
        hear(story, asked(f"r{number}", TOO_MUCH), number)
    return story


def test_the_timeline_never_shows_more_than_it_may_not_even_right_after_a_decision():
    story = many(Story(policy()).given(placed(), captured("100.00")))
    assert len(story.case.timeline) == len(snapshot(story.case).body["timeline"]) == 200
    story.given(asked("r1000", TOO_MUCH))
    assert story.case.timeline[-1].type == "refund.denied"
    assert len(snapshot(story.case).body["timeline"]) == 200


def test_the_same_said_under_another_event_is_absorbed_and_a_withdrawal_too():
    story = many(Story(policy()).given(placed(), captured("100.00")))
    assert "r0" not in story.case.requests
    story.when(asked("r0", TOO_MUCH), withdrawn("r0")).absorbed()
    assert [type(one) for one in story.said] == [Repeated, Repeated]
    story.when(withdrawn("nobody's")).then(refused("illegal_transition"))


def test_what_is_held_or_paid_is_never_forgotten():
    terms = policy(auto_approve_limit={"default": 1000})
    story = Story(terms).given(placed(), captured("100.00"), asked("held", amount("50.00")))
    story.given(asked("paid", amount("1.00")))
    many(story)
    story.when(verdict("deny", request_id="held")).then(denied("review_denied", request_id="held"))
    many(story)
    assert story.case.requests["paid"].status == "approved"
    story.when(withdrawn("paid"))
    assert isinstance(story.said[0], Entered)


def test_an_alert_that_was_answered_once_is_not_answered_again():
    story = Story(BUILT_IN).given(
        placed(), captured("100.00"), dispute("opened", "90.00"), dispute("lost"), alert("40.00", "a1", "ethoca")
    )
    review = verdict("refund").but(subject={"kind": "alert", "id": "a1"})
    story.when(review).then(denied("dispute_lost", request_id="alert:a1"))
    many(story)
    story.when(review.but(review_id="again"))
    assert not [one for one in story.said if isinstance(one, Decided)]


def test_what_a_dispute_shows_of_many_denials_is_few_and_stays():
    claimed = dispute("opened", "100.00", network="visa", category="credit_not_processed")
    story = Story(policy()).given(placed(), captured("100.00"), asked("first", TOO_MUCH).but(event_id="e-first"))
    shown = []
    for number in range(KEPT + 20):
        records = hear(story, claimed if number == 3 else asked(f"r{number}", TOO_MUCH), number)
        shown += [one for one in records if isinstance(one, Alerted) and one.type == "dispute.action_required"]
    revisions = [[item["event_id"] for item in alert.body["evidence"]["have"]] for alert in shown]
    assert revisions == [["e-first", "n0", "n1", "n2"], ["e-first", "n0", "n1", "n2", "n4"]]
    (told,) = snapshot(story.case).body["disputes"]
    assert [item["event_id"] for item in told["evidence"]["have"]] == revisions[-1]
    assert len(story.case.requests) < KEPT + 10


def test_after_many_denials_a_good_request_is_approved():
    many(Story(policy()).given(placed(), captured("100.00"))).when(asked("good")).then(approved("100.00"))
