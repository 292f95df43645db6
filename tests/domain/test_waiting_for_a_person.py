"""What a snapshot says of the things that wait for a person: requests, disputes and alerts before a chargeback."""

from typing import Any

import pytest

from app.domain.case import SCOPE_NOTES
from app.domain.fitting import BYTES_MAX, MOST_PARTS
from app.domain.snapshot import snapshot
from tests.domain.disputed import case_of, opened
from tests.domain.disputed import judged as judged_dispute
from tests.domain.events import asked, cancelled, captured, delivered, fulfilled, line, lines, placed, refund, verdict
from tests.domain.stories import Story, policy
from tests.domain.warned import ABOVE, PAID, WITHIN, judged, warned

TWO = policy(auto_approve_limit={"default": 1000}, second_reviewer_above={"default": 5000})
HUNDRED = (placed(line("l1", "100.00", 2)), captured("100.00"), delivered())


def of(story: Story, part: str) -> dict[str, Any]:
    """The only row of a part of the newest snapshot, read as consumers read it."""
    (row,) = snapshot(story.case).body[part]
    return row


def test_a_held_request_says_what_was_asked_by_whom_and_until_when_it_is_to_be_reviewed():
    story = Story(TWO).given(*HUNDRED, asked(scope=lines(l1=1), by="support", requester_id="eve", reason="damaged"))
    row = of(story, "requests")
    assert (row["waiting_for"], row["reason"], row["requested_by"], row["requester_id"]) == (
        "review",
        "damaged",
        "support",
        "eve",
    )
    assert row["scope"]["lines"] == [{"line_id": "l1", "quantity": 1}]
    assert row["refundable"] == {"amount_minor": 5000, "currency": "EUR"}
    assert (row["review_due_at"] - row["asked_at"]).days == 14  # the built-in wait of a review
    assert row["wait_until"] is None


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ((), {"kind": "full"}),
        ((*HUNDRED[:1], fulfilled("s1", l1=1)), {"kind": "lines", "lines": [{"line_id": "l1", "quantity": 1}]}),
    ],
    ids=["the rest, before the order", "what was not sent"],
)
def test_a_scope_is_told_as_it_was_asked_without_the_notes_of_the_case(before, told):
    """The case notes of both that no units were named, so that what has gone back is not asked for again."""
    story = Story(TWO).given(*before, cancelled("r1"))
    assert SCOPE_NOTES & story.case.requests["r1"].scope.keys()
    scope = of(story, "requests")["scope"]
    assert {name: part for name, part in scope.items() if name != "include_shipping"} == told


def test_after_the_first_approval_it_says_who_gave_it_and_that_another_person_is_needed():
    story = Story(TWO).given(*HUNDRED, asked()).when(verdict("approve", "ann"))
    row = of(story, "requests")
    assert row["waiting_for"] == "second_review"
    assert [(one["reviewer_id"], one["verdict"], one["amount"]) for one in row["verdicts"]] == [
        ("ann", "approve", None)
    ]


def test_a_review_that_is_overdue_still_says_since_when():
    story = Story(TWO).given(*HUNDRED, asked())
    before = of(story, "requests")["review_due_at"]
    story.later(days=30)
    assert snapshot(story.case).body["deadlines"] == []
    assert of(story, "requests")["review_due_at"] == before


def test_what_waits_for_nobody_names_no_review():
    row = of(Story(policy()).given(*HUNDRED, asked()), "requests")
    assert (row["status"], row["waiting_for"], row["review_due_at"]) == ("approved", None, None)


def test_a_customer_s_own_id_is_not_told_where_an_erasure_would_miss_it():
    story = Story(TWO).given(*HUNDRED, asked(by="customer", requester_id="cus-1"))
    assert of(story, "requests")["requester_id"] is None


def test_a_dispute_says_the_revision_that_a_verdict_names_and_what_was_answered():
    story = case_of(opened())
    assert (of(story, "disputes")["revision"], of(story, "disputes")["answer"]) == (1, None)
    story.when(judged_dispute("contest"))
    assert of(story, "disputes")["answer"] == "contest"


@pytest.mark.parametrize(
    ("text", "then", "waiting"),
    [
        (ABOVE, (), True),
        (ABOVE, (judged("ignore"),), False),
        (ABOVE, (judged("refund"),), False),
        (ABOVE, (refund("succeeded", ABOVE, refund_id="rf1"),), False),
        (WITHIN, (), False),
    ],
    ids=["a person was asked", "ignored", "refunded", "paid by other means", "the policy refunds it"],
)
def test_an_alert_waits_until_a_person_or_somebody_s_money_has_answered(text, then, waiting):
    story = Story(policy()).given(*PAID, warned(text), *then)
    assert of(story, "alerts")["waiting"] is waiting


def test_an_alert_that_the_network_credited_waits_for_nobody():
    row = of(Story(policy()).given(*PAID, warned(ABOVE, already_credited=True)), "alerts")
    assert (row["waiting"], row["already_credited"]) == (False, True)


def test_of_many_lines_and_verdicts_a_snapshot_keeps_the_first_and_the_newest():
    many = [line(f"l{number}", "10.00") for number in range(30)]
    scope = lines(**{f"l{number}": 1 for number in range(30)})
    story = Story(TWO).given(placed(*many), captured("300.00"), delivered(), asked(scope=scope))
    for number in range(25):
        story.when(verdict("ask", "ann", review_id=f"v{number}"))
    row = of(story, "requests")
    assert [one["line_id"] for one in row["scope"]["lines"]] == [f"l{number}" for number in range(MOST_PARTS)]
    assert [one["review_id"] for one in row["verdicts"]] == [f"v{number}" for number in range(5, 25)]


def test_alerts_that_wait_stay_where_a_snapshot_is_too_large(monkeypatch):
    story = Story(policy()).given(*PAID, warned(ABOVE), warned(WITHIN, "a2").but(payment_id="p1"))
    monkeypatch.setattr("app.domain.fitting.BYTES_MAX", 1)
    assert BYTES_MAX == 900 * 1024
    assert [row["alert_id"] for row in snapshot(story.case).body["alerts"]] == ["a1"]
