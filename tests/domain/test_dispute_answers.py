"""What a person, or the policy, decides about a dispute becomes one instruction, in time and at each stage anew."""

import pytest

from app.domain.records import Asked
from tests.domain.dated import Dated, moment
from tests.domain.disputed import OPENED, alerts, answers, case_of, judged, opened, terms
from tests.domain.events import captured, delivered, dispute, fulfilled, line, placed, verdict
from tests.domain.expecting import refused
from tests.domain.stories import given

DUE = "2026-02-12T12:00:00Z"


def at_work(category="general", rules=None, before=(), **more):
    """A dispute that waits for an answer until the 12th."""
    return case_of(*before, rules=rules).on(OPENED, opened(category, **({"respond_by": DUE} | more)))


def said(story):
    return [answer["type"] for answer in answers(story)]


@pytest.mark.parametrize(
    ("word", "instruction"), [("contest", "dispute.submit_evidence"), ("accept", "dispute.accept")]
)
def test_a_verdict_becomes_one_instruction(word, instruction):
    story = at_work().when(judged(word))
    (answer,) = answers(story)
    assert (answer["type"], answer["dispute_id"], answer["payment_id"]) == (instruction, "d1", "p1")
    story.when(judged(word, "bob"), judged(word).but(event_id="again", review_id="another"))
    assert len(answers(story)) == 1


def test_nobody_decides_for_the_person():
    story = at_work().until("2026-02-12T11:59:59Z")
    assert not answers(story)


def test_the_evidence_is_what_there_is_when_it_is_contested():
    story = at_work("product_not_received", before=[fulfilled()])
    story.when(delivered("sh1").but(event_id="arrived"), judged("contest"))
    (answer,) = answers(story)
    assert [(item["item"], item["event_id"]) for item in answer["evidence"]] == [("proof_of_delivery", "arrived")]
    assert answer["respond_by"] == moment(DUE)


@pytest.mark.parametrize("second", ["contest", "accept"])
@pytest.mark.parametrize("first", ["contest", "accept"])
def test_the_first_verdict_stands(first, second):
    story = at_work().when(judged(first), judged(second, "bob"))
    assert len(answers(story)) == 1
    if first != second:
        story.then(refused("illegal_transition"))


@pytest.mark.parametrize(
    ("at", "answered"), [("2026-02-12T11:59:00Z", 1), ("2026-02-12T12:01:00Z", 0), ("2026-03-01", 0)]
)
def test_after_the_deadline_nothing_is_instructed(at, answered):
    story = at_work().on(at, judged("contest"))
    assert len(answers(story)) == answered
    if not answered:
        story.then(refused("illegal_transition"))


def test_a_verdict_that_was_given_in_time_and_came_late_is_not_carried_out():
    story = at_work().on("2026-02-12T12:05:00Z", judged("contest").at("2026-02-12T11:00:00Z"))
    assert not answers(story)  # whoever submits it would be too late


@pytest.mark.parametrize("word", ["contest", "accept"])
def test_a_verdict_may_come_before_its_dispute_and_is_used_once(word):
    story = case_of(judged(word)).on(OPENED, opened(respond_by=DUE))
    assert len(answers(story)) == 1
    story.when(dispute("evidence_submitted"), dispute("escalated", stage="pre_arbitration"))
    assert len(answers(story)) == 1  # the next stage asks again


def test_a_verdict_before_its_dispute_s_payment_is_kept():
    story = given(placed(), dispute("opened", "50.00"), judged("contest")).when(captured("100.00"))
    assert said(story) == ["dispute.submit_evidence"]


def test_a_next_stage_asks_again_and_is_answered_anew():
    story = at_work().when(judged("contest"), dispute("evidence_submitted"))
    story.on("2026-02-20", dispute("escalated", stage="pre_arbitration", respond_by="2026-03-01T00:00:00Z"))
    assert [(alert["revision"], alert["stage"]) for alert in alerts(story)] == [
        (1, "chargeback"),
        (2, "pre_arbitration"),
    ]
    assert len(answers(story)) == 1
    story.when(judged("accept", "bob"))
    assert said(story) == ["dispute.submit_evidence", "dispute.accept"]
    assert len({answer["instruction_id"] for answer in answers(story)}) == 2


def test_the_same_escalation_told_again_asks_and_opens_nothing():
    again = dispute("escalated", stage="pre_arbitration", respond_by="2026-03-01T00:00:00Z")
    story = at_work().on("2026-02-10", again, judged("contest"), dispute("evidence_submitted"))
    story.when(again, judged("contest", "bob"))
    assert story.case.disputes["d1"].state == "evidence_submitted"
    assert (len(alerts(story)), len(answers(story))) == (2, 1)


@pytest.mark.parametrize("respond_by", ["2026-02-20T00:00:00Z", "2026-03-10T00:00:00Z"])
def test_another_deadline_at_the_same_stage_is_told(respond_by):
    escalated = dispute("escalated", stage="pre_arbitration", respond_by="2026-03-01T00:00:00Z")
    story = at_work().on("2026-02-10", escalated, escalated.but(respond_by=respond_by))
    assert [alert["respond_by"] for alert in alerts(story)][1:] == [moment("2026-03-01"), moment(respond_by)]


@pytest.mark.parametrize("stage", ["chargeback", "pre_arbitration"])
def test_a_second_opening_after_a_win_asks_again(stage):
    story = at_work().when(judged("contest"), dispute("won"))
    story.on("2026-03-20", opened(stage=stage)).when(judged("contest", "bob"))
    assert said(story) == ["dispute.submit_evidence"] * 2
    assert len({answer["instruction_id"] for answer in answers(story)}) == 2


def test_an_inquiry_is_answered_and_its_chargeback_again():
    story = case_of().on(OPENED, dispute("inquired", "200.00", respond_by=DUE)).when(judged("contest"))
    story.on("2026-02-20", opened()).when(judged("contest", "bob"))
    assert len({answer["instruction_id"] for answer in answers(story)}) == 2


def test_a_verdict_on_an_older_revision_is_refused():
    story = at_work().on("2026-02-05", dispute("escalated", stage="arbitration", respond_by=DUE))
    story.when(judged("accept", revision=1)).then(refused("illegal_transition"))
    assert not answers(story)
    story.when(judged("accept", "bob", revision=2))
    assert said(story) == ["dispute.accept"]


@pytest.mark.parametrize("end", ["won", "lost", "accepted", "expired", "withdrawn", "evidence_submitted"])
def test_what_is_answered_or_ended_is_not_answered_again(end):
    story = at_work().when(dispute(end)).when(judged("contest"))
    assert not answers(story)


def test_a_direct_debit_return_cannot_be_contested():
    story = given(placed(), captured("100.00", kind="bank_debit"), dispute("opened", "100.00"))
    story.when(judged("contest"))
    assert not answers(story)


def test_a_verdict_on_another_dispute_or_on_a_request_of_the_same_name_says_nothing():
    story = at_work().when(judged("contest", dispute_id="d2"), verdict("approve", request_id="d1"))
    assert not answers(story)


# --- by policy


@pytest.mark.parametrize(
    ("text", "more", "expected"),
    [
        ("120.00", {}, ["dispute.submit_evidence"]),  # 17.25 to win
        ("40.00", {}, ["dispute.accept"]),
        ("120.00", {"defendable": False}, []),
        ("120.00", {"auto_defended": True}, []),
    ],
)
def test_a_policy_may_answer_by_itself_as_it_would_advise(text, more, expected):
    story = case_of(rules=terms(auto_respond=True)).on(OPENED, opened(text=text, respond_by=DUE, **more))
    assert said(story) == expected
    story.when(judged("accept"), dispute("funds_withdrawn", text))
    assert len(answers(story)) <= 1


def test_a_policy_answers_each_stage():
    story = at_work(rules=terms(auto_respond=True)).when(dispute("evidence_submitted"))
    story.on("2026-02-20", dispute("escalated", stage="pre_arbitration"))
    assert said(story) == ["dispute.submit_evidence"] * 2


def test_a_policy_does_not_answer_after_the_deadline():
    story = case_of(rules=terms(auto_respond=True)).on("2026-02-15", opened(respond_by=DUE)).until("2026-02-16")
    assert not answers(story)


def test_a_verdict_that_came_before_goes_before_the_policy_s_own_answer():
    story = case_of(judged("accept"), rules=terms(auto_respond=True)).on(OPENED, opened(text="120.00", respond_by=DUE))
    assert said(story) == ["dispute.accept"]


# --- where the customer's history may turn the advice


def waiting_for_history(*before, due=DUE):
    """A dispute that the customer's earlier payments may answer; the policy answers disputes itself."""
    of_visa = {"kind": "card", "network": "visa", "last4": "4242"}
    paid = (placed(line("l1", "400.00"), customer_id="ann"), captured("400.00").but(method=of_visa))
    story = Dated(terms(auto_respond=True), start="2026-01-05T12:00Z").given(*paid, *before)
    return story.on(OPENED, opened("fraudulent", reason_code="10.4", respond_by=due))


def test_the_policy_waits_for_the_customer_s_history_as_long_as_requests_do_and_answers_without_it():
    story = waiting_for_history()
    assert not answers(story.until("2026-02-02T12:00:59Z"))
    assert said(story.until("2026-02-02T12:01:00Z")) == ["dispute.accept"]


def test_a_history_that_answers_late_changes_nothing_of_what_was_answered():
    story = waiting_for_history().until("2026-02-02T12:05:00Z").answered(requests_in_window=0)
    assert said(story) == ["dispute.accept"]
    assert [body["revision"] for body in alerts(story)] == [1]


def test_the_history_is_asked_once_for_a_dispute_and_for_the_days_that_the_network_counts():
    story = waiting_for_history().when(dispute("funds_withdrawn", "200.00"), delivered())
    (asked,) = [record for record in story.all if isinstance(record, Asked)]
    assert (asked.customer_id, asked.payment_id, asked.uses) == ("ann", "p1", ("compelling_evidence",))
    assert (asked.since, asked.until) == (moment("2025-02-02T12:00Z"), moment("2025-10-05T12:00Z"))


def test_a_person_s_verdict_waits_for_no_history():
    story = waiting_for_history().when(judged("contest"))
    assert said(story) == ["dispute.submit_evidence"]
    assert said(story.until("2026-02-03")) == ["dispute.submit_evidence"]


@pytest.mark.parametrize(
    "end",
    [judged("contest"), dispute("won"), dispute("withdrawn"), dispute("evidence_submitted")],
    ids=lambda event: event.body["type"],
)
def test_what_is_answered_or_over_waits_for_no_history(end):
    story = waiting_for_history()
    assert "evidence:d1" in story.case.timers
    assert "evidence:d1" not in story.when(end).case.timers


def test_what_is_answered_as_it_comes_or_expires_waits_for_no_history():
    assert "evidence:d1" not in waiting_for_history(judged("contest")).case.timers
    story = waiting_for_history(due="2026-02-02T12:00:30Z")
    assert "evidence:d1" in story.case.timers
    story.until("2026-02-02T12:00:30Z")
    assert (story.case.disputes["d1"].state, "evidence:d1" in story.case.timers) == ("expired", False)
