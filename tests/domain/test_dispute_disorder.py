"""Events of a dispute that come before the one that they follow, and claims that are told again with something new."""

import pytest

from app.domain.records import Counted
from tests.domain.claiming import claims
from tests.domain.dated import moment
from tests.domain.disputed import OPENED, alerts, answers, case_of, judged, opened
from tests.domain.events import alert, captured, dispute, placed
from tests.domain.expecting import alerted
from tests.domain.stories import given

DUE = "2026-02-12T12:00:00Z"


def state(story):
    return story.case.disputes["d1"].state


def deadlines(story):
    return [(alert["deadline_source"], alert["respond_by"]) for alert in alerts(story)]


@pytest.mark.parametrize("respond_by", [None, "2026-03-01T00:00:00Z"])
def test_an_escalation_before_its_opening_claims_the_whole_payment_until_that_tells_what_it_is_about(respond_by):
    escalated = dispute("escalated", stage="pre_arbitration", respond_by=respond_by).at("2026-02-03T12:00:00Z")
    story = case_of().on("2026-02-03T13:00Z", escalated)
    (first,) = alerts(story)
    assert (first["amount"], first["flags"]) == ({"amount_minor": 40000, "currency": "EUR"}, ["amount_unknown"])
    # by the table 30 days from the stage's beginning, less 48 hours
    due = ("provider", moment(respond_by)) if respond_by else ("table", moment("2026-03-03T12:00"))
    assert (deadlines(story), claims(story)) == ([due], 40000)
    story.when(opened(respond_by=DUE).at(OPENED))
    assert alerts(story)[-1]["stage"] == "pre_arbitration"
    assert (alerts(story)[-1]["amount"], alerts(story)[-1]["flags"]) == ({"amount_minor": 20000, "currency": "EUR"}, [])
    assert (deadlines(story)[-1], claims(story)) == (due, 20000)  # of the stage that it is at


def test_an_escalation_before_its_payment_is_asked_about_when_that_is_captured():
    escalated = dispute("escalated", stage="arbitration")
    story = given(placed(), escalated)
    assert not alerts(story)
    story.when(captured("100.00", network="visa"))
    assert [alert["amount"]["amount_minor"] for alert in alerts(story)] == [10000]
    story.when(captured("50.00", capture_id="c2"))
    assert [alert["amount"]["amount_minor"] for alert in alerts(story)] == [10000, 15000]
    assert claims(story) == 15000


def test_the_opening_of_an_escalation_that_claims_the_whole_payment_still_tells_why():
    story = case_of().on("2026-02-03T13:00Z", dispute("escalated", stage="chargeback"))
    story.when(opened("duplicate", text="400.00"))
    assert [alert["category"] for alert in alerts(story)] == ["general", "duplicate"]
    assert [alert["flags"] for alert in alerts(story)] == [["amount_unknown"], []]


def test_what_came_back_does_not_tell_what_is_claimed_in_either_order():
    escalated, back = dispute("escalated", stage="pre_arbitration"), dispute("funds_reinstated", "50.00")
    for told in ((escalated, back), (back, escalated)):
        story = case_of().on("2026-02-03T13:00Z", *told)
        assert (claims(story), story.case.disputes["d1"].flags) == (40000, ["amount_unknown"])
        story.when(dispute("funds_withdrawn", "200.00"))
        assert (claims(story), story.case.disputes["d1"].flags) == (20000, [])


def test_what_is_claimed_counts_for_the_programmes_when_it_is_told():
    story = case_of().on("2026-02-03T13:00Z", dispute("escalated", stage="arbitration"))
    assert not [r for r in story.all if isinstance(r, Counted) and r.kind == "dispute"]
    story.when(dispute("funds_withdrawn", "200.00"))
    (counted,) = (r for r in story.all if isinstance(r, Counted) and r.kind == "dispute")
    assert counted.body["amount"] == {"amount_minor": 20000, "currency": "EUR"}


EARLY = [
    dispute("won"),
    dispute("lost"),
    dispute("funds_reinstated", "200.00"),
    dispute("funds_withdrawn", "200.00"),
    dispute("evidence_submitted"),
]


@pytest.mark.parametrize("early", EARLY, ids=lambda event: event.body["type"])
def test_what_is_told_of_a_dispute_that_is_never_opened_is_flagged_after_72_hours(early):
    story = case_of().on("2026-02-02T12:00Z", early).until("2026-02-05T11:59Z")
    assert "dispute_not_opened" not in story.case.flags
    story.until("2026-02-05T12:00Z")
    assert story.case.flags == ["dispute_not_opened"]
    assert story.case.timeline[-1].subject == "opening:d1"
    story.on("2026-02-06", early.but(event_id="again", amount=None, type="dispute.withdrawn")).until("2026-03-01")
    assert story.case.flags == ["dispute_not_opened"]


@pytest.mark.parametrize("early", EARLY, ids=lambda event: event.body["type"])
@pytest.mark.parametrize("opening", [opened(), dispute("inquired", "200.00")], ids=["opened", "inquired"])
def test_an_opening_within_72_hours_is_what_was_waited_for(early, opening):
    story = case_of().on("2026-02-02T12:00Z", early).on("2026-02-05T11:59Z", opening.at("2026-02-02T11:00:00Z"))
    story.until("2026-02-06")
    assert "dispute_not_opened" not in story.case.flags


@pytest.mark.parametrize("category", ["general", "fraudulent"])
def test_evidence_before_its_opening_stands_where_it_was_given_after_it(category):
    given_later = dispute("evidence_submitted").at("2026-02-02T12:30:00Z")
    story = case_of().on("2026-02-02T13:00Z", given_later, opened(category, respond_by=DUE).at(OPENED))
    assert state(story) == "evidence_submitted"
    story.until("2026-03-20").never(alerted("dispute.deadline_near"), alerted("dispute.closed"))
    assert claims(story) == 20000


def test_an_inquiry_that_escalates_to_a_chargeback_claims_its_amount():
    story = case_of().on(OPENED, dispute("inquired", "200.00", respond_by=DUE))
    assert claims(story) == 0
    story.on("2026-02-10", dispute("escalated", stage="chargeback"))
    assert alerts(story)[-1]["stage"] == "chargeback"
    assert claims(story) == 20000


@pytest.mark.parametrize("first", [None, "2026-02-20T00:00:00Z"])
def test_a_deadline_that_the_provider_tells_later_counts(first):
    story = case_of().on(OPENED, opened(respond_by=first)).on("2026-02-03", opened(respond_by=DUE))
    assert deadlines(story)[-1] == ("provider", moment(DUE))
    assert [alert["revision"] for alert in alerts(story)] == [1, 2]
    story.until(DUE)
    assert state(story) == "expired"


def test_a_claim_of_another_amount_keeps_the_deadline_that_the_provider_told():
    story = case_of().on(OPENED, opened(respond_by=DUE)).on("2026-02-03", opened(text="150.00"))
    assert deadlines(story)[-1] == ("provider", moment(DUE))
    assert claims(story) == 15000


def test_the_same_opening_told_again_asks_nothing_again():
    story = case_of().on(OPENED, opened(respond_by=DUE)).when(opened(respond_by=DUE), opened())
    assert deadlines(story) == [("provider", moment(DUE))]
    story.when(judged("contest"), opened(respond_by=DUE), judged("contest", "bob"))
    assert len(answers(story)) == 1


def test_a_late_inquiry_takes_no_chargeback_back():
    inquiry = dispute("inquired", "200.00", respond_by="2026-02-05T00:00:00Z").at("2026-02-01T12:00:00Z")
    story = case_of().on(OPENED, opened(respond_by=DUE)).when(inquiry)
    assert (story.case.disputes["d1"].stage, claims(story)) == ("chargeback", 20000)
    assert deadlines(story) == [("provider", moment(DUE))]


PRE_ARBITRATION = dispute("escalated", stage="pre_arbitration").at("2026-02-20T12:00:00Z")
WON_LATER = dispute("won").at("2026-03-10T12:00:00Z")


def test_an_end_that_happened_before_the_one_that_is_known_changes_nothing_more():
    lost_before = dispute("lost").at("2026-02-20T12:00:00Z")
    story = case_of().on(OPENED, opened(respond_by="2026-05-01T00:00:00Z"))
    story.on("2026-03-10T12:00Z", WON_LATER).on("2026-03-11", lost_before)
    assert (state(story), claims(story)) == ("won", 0)
    assert [out.body["outcome"] for out in story.told if out.body["type"] == "dispute.closed"] == ["won"]
    story.on("2026-03-12", dispute("lost"))  # a real flip
    assert (state(story), claims(story)) == ("lost", 20000)


def test_an_end_that_happened_before_the_dispute_went_on_does_not_end_what_goes_on():
    story = case_of().on(OPENED, opened()).on("2026-02-20T12:00Z", PRE_ARBITRATION)
    story.on("2026-02-25", dispute("won").at("2026-02-15T12:00:00Z"))
    assert (state(story), claims(story)) == ("open", 20000)
    assert alerts(story)[-1]["stage"] == "pre_arbitration"
    story.until("2026-03-20T12:00Z").on("2026-03-20T13:00Z")
    assert state(story) == "expired"


def test_an_end_of_the_inquiry_that_is_told_late_does_not_end_the_chargeback():
    story = case_of().on(OPENED, dispute("inquired", "200.00")).on("2026-02-10", opened().at("2026-02-10T00:00:00Z"))
    story.on("2026-02-11", dispute("won").at("2026-02-09T12:00:00Z"))
    assert (state(story), claims(story)) == ("open", 20000)


def test_an_end_that_happened_before_a_second_chargeback_does_not_end_that():
    again = opened().at("2026-03-01T12:00:00Z")
    story = case_of().on(OPENED, opened()).on("2026-02-20", dispute("won")).on("2026-03-01T12:00Z", again)
    story.on("2026-03-02", dispute("won").at("2026-02-19T12:00:00Z").but(event_id="told again"))
    assert (state(story), claims(story)) == ("open", 20000)


def test_an_escalation_that_is_told_after_the_end_does_not_open_the_dispute_again():
    story = case_of().on(OPENED, opened(respond_by=DUE)).on("2026-03-10T12:00Z", WON_LATER)
    asked = len(alerts(story))
    story.on("2026-03-11", PRE_ARBITRATION).until("2026-06-01")
    assert (state(story), claims(story), len(alerts(story))) == ("won", 0, asked)
    assert story.case.disputes["d1"].stage == "pre_arbitration"


def test_an_answer_to_the_chargeback_that_is_told_late_does_not_answer_the_pre_arbitration():
    story = case_of().on(OPENED, opened()).on("2026-02-20T12:00Z", PRE_ARBITRATION)
    story.on("2026-02-21", dispute("evidence_submitted").at("2026-02-10T12:00:00Z"))
    assert state(story) == "open"
    story.when(judged("contest"))
    assert len(answers(story)) == 1


def test_that_a_dispute_expired_is_presumed_and_what_the_network_said_of_it_before_stands():
    story = case_of().on(OPENED, opened(respond_by=DUE)).until("2026-02-13")
    assert state(story) == "expired"
    story.on("2026-02-14", dispute("won").at("2026-02-11T12:00:00Z"))
    assert (state(story), claims(story)) == ("won", 0)


def test_an_escalation_whose_opening_never_comes_is_asked_about_again_when_the_debit_tells_the_claim():
    escalated = dispute("escalated", stage="arbitration").at("2026-02-03T12:00:00Z")
    story = case_of().on("2026-02-03T13:00Z", escalated)
    story.when(dispute("funds_withdrawn", "200.00"))
    told = [(alert["stage"], alert["amount"]["amount_minor"]) for alert in alerts(story)]
    assert told == [("arbitration", 40000), ("arbitration", 20000)]


def test_nobody_is_asked_to_answer_a_dispute_that_was_lost_before_its_opening_is_told():
    lost = dispute("lost").at("2026-02-10T12:00:00Z")
    story = case_of().on("2026-02-10T12:00Z", lost).on("2026-02-11", opened().at(OPENED))
    assert (state(story), claims(story), alerts(story)) == ("lost", 20000, [])
    assert [out.body["outcome"] for out in story.told if out.body["type"] == "dispute.closed"] == ["lost"]


def test_an_acceptance_of_the_inquiry_that_was_never_confirmed_is_no_answer_to_the_chargeback():
    story = case_of().on(OPENED, dispute("inquired", "200.00")).when(judged("accept"))
    story.on("2026-02-05", opened()).when(judged("contest"))
    assert [answer["type"] for answer in answers(story)] == ["dispute.accept", "dispute.submit_evidence"]


def test_the_chargeback_told_once_more_does_not_take_back_the_answer_to_a_later_stage():
    story = case_of().on(OPENED, opened()).on("2026-02-20T12:00Z", PRE_ARBITRATION)
    story.when(dispute("evidence_submitted")).on("2026-02-25", opened()).until("2026-04-01")
    assert state(story) == "evidence_submitted"
    assert [alert["stage"] for alert in alerts(story)] == ["chargeback", "pre_arbitration"]


def test_the_chargeback_told_once_more_asks_nothing_again_about_a_later_stage():
    story = case_of().on(OPENED, opened(respond_by=DUE)).on("2026-02-20T12:00Z", PRE_ARBITRATION)
    story.on("2026-02-21", opened(respond_by=DUE))
    assert [alert["stage"] for alert in alerts(story)] == ["chargeback", "pre_arbitration"]


def test_the_opening_that_comes_after_its_escalation_tells_why_though_the_amount_is_known():
    escalated = dispute("escalated", stage="arbitration").at("2026-02-03T12:00:00Z")
    story = case_of().on("2026-02-03T13:00Z", dispute("funds_withdrawn", "200.00"), escalated)
    story.when(opened("duplicate").at(OPENED))
    assert [alert["category"] for alert in alerts(story)] == ["general", "duplicate"]


def test_a_dispute_that_begins_with_an_escalation_is_of_its_payments_network():
    escalated = dispute("escalated", stage="arbitration").at("2026-02-03T12:00:00Z")
    story = case_of().on("2026-02-03T13:00Z", dispute("funds_withdrawn", "200.00"), escalated)
    assert alerts(story)[-1]["network"] == "visa"


def test_evidence_for_the_chargeback_that_is_told_after_the_pre_arbitration_expired_does_not_open_it_again():
    story = case_of().on(OPENED, opened(respond_by=DUE))
    story.on("2026-02-05", dispute("escalated", stage="pre_arbitration", respond_by=DUE)).until("2026-02-13")
    assert state(story) == "expired"
    story.on("2026-02-14", dispute("evidence_submitted").at("2026-02-04T12:00:00Z"))
    assert state(story) == "expired"


@pytest.mark.parametrize("stage", ["chargeback", "pre_arbitration"])
def test_an_opening_of_before_that_comes_late_takes_nothing_of_the_newer_claim(stage):
    story = case_of().on("2026-02-10T12:00Z", opened(text="180.00", stage=stage, defendable=False))
    story.on("2026-02-10T13:00Z", opened(text="60.00", defendable=True).at(OPENED))
    assert claims(story) == 18000
    assert not story.case.disputes["d1"].defendable
    assert {alert["amount"]["amount_minor"] for alert in alerts(story)} == {18000}


def test_an_opening_that_comes_late_still_tells_its_fee_and_its_code():
    story = case_of().on("2026-02-10T12:00Z", opened("duplicate", text="180.00", stage="pre_arbitration"))
    late = dispute("opened", "60.00", category=None, reason_code="13.1", fee={"amount_minor": 1500, "currency": "EUR"})
    story.on("2026-02-10T13:00Z", late.at(OPENED))
    found = story.case.disputes["d1"]
    assert (found.category, found.reason_code) == ("duplicate", "13.1")
    assert [fee.amount_minor for fee in found.fees] == [1500]


@pytest.mark.parametrize(("said", "then", "claimed_then"), [("won", "won", 0), ("lost", "lost", 20000)])
def test_an_end_counts_that_lies_between_the_telling_of_an_opening_and_its_stated_time(said, then, claimed_then):
    story = case_of().on(OPENED, opened(opened_at="2026-02-02T21:00:00Z"))
    story.on("2026-02-02T15:00Z", dispute(said).at("2026-02-02T14:00:00Z"))
    assert (state(story), claims(story)) == (then, claimed_then)
    story.on("2026-02-03", opened(opened_at="2026-02-02T21:00:00Z").at(OPENED))
    assert state(story) == then


def test_evidence_counts_that_was_given_before_the_stated_time_of_the_opening():
    story = case_of().on(OPENED, opened(opened_at="2026-02-02T21:00:00Z"))
    story.on("2026-02-02T15:00Z", dispute("evidence_submitted")).until("2026-04-01")
    assert state(story) == "evidence_submitted"


@pytest.mark.parametrize("credit", ["400.00", "150.00"])
def test_a_claim_on_the_whole_payment_covers_what_the_network_has_credited_of_it(credit):
    story = case_of().on("2026-02-03T12:00Z", alert(credit), dispute("escalated", stage="arbitration"))
    assert claims(story) == 40000
    story.when(dispute("funds_withdrawn", "150.00"))
    assert claims(story) == {"400.00": 55000, "150.00": 15000}[credit]  # told apart by the amount, once there is one
