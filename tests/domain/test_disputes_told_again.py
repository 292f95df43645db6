"""What is told of a dispute twice, or late: it takes back no answer, moves no deadline, and costs no second fee."""

from itertools import combinations

import pytest

from app.domain.balances import claimed
from tests.domain.dated import moment
from tests.domain.disputed import OPENED, alerts, answers, case_of, judged, opened, terms
from tests.domain.events import dispute
from tests.domain.expecting import alerted
from topics.snapshots import TIMELINE_MAX

DUE, LATER = "2026-02-12T12:00:00Z", "2026-02-20T12:00:00Z"
FEE = {"amount_minor": 1500, "currency": "EUR"}
ESCALATED = dispute("escalated", stage="pre_arbitration")


def state(story):
    return story.case.disputes["d1"].state


def fees(story):
    booked = [said.body["amount"]["amount_minor"] for said in story.told if said.body.get("kind") == "fee"]
    assert booked == [-fee.amount_minor for fee in story.case.disputes["d1"].fees]
    return booked


@pytest.mark.parametrize("again", [{"respond_by": LATER}, {"text": "150.00"}, {"fee": FEE}])
def test_an_opening_told_again_without_its_time_takes_back_no_evidence_and_moves_no_deadline(again):
    story = case_of().on(OPENED, opened()).on("2026-02-10", opened(**again))
    due = moment(LATER) if "respond_by" in again else moment(OPENED).replace(day=18)  # Visa's 18 days less 48 hours
    assert alerts(story)[-1]["respond_by"] == due
    assert story.case.disputes["d1"].opened_at == moment(OPENED)
    story = case_of().on(OPENED, opened()).on("2026-02-05", dispute("evidence_submitted"))
    story.on("2026-02-10", opened(**again)).until("2026-04-01")
    assert state(story) == "evidence_submitted"


def test_the_time_of_an_opening_is_that_of_its_first_telling_in_whatever_order_they_come():
    story = case_of().on("2026-02-10T12:00Z", opened()).on("2026-02-11", opened().at(OPENED))
    assert alerts(story)[-1]["respond_by"] == moment(OPENED).replace(day=18)
    assert story.case.disputes["d1"].opened_at == moment(OPENED)


def test_an_opening_that_states_its_time_anew_is_another_one():
    story = case_of().on(OPENED, opened()).on("2026-02-05", dispute("evidence_submitted"))
    story.on("2026-02-10", opened(text="150.00", opened_at="2026-02-09T12:00:00Z"))
    assert state(story) == "open"


def test_an_opening_told_again_without_its_time_is_no_second_chargeback_where_only_we_presume_that_it_expired():
    story = case_of().on(OPENED, opened(respond_by=DUE)).until("2026-02-13")
    story.on("2026-02-14", opened())
    assert (state(story), len(alerts(story))) == ("expired", 1)


@pytest.mark.parametrize("respond_by", [None, "2026-03-30T12:00:00Z"])
@pytest.mark.parametrize("text", ["200.00", "150.00"])
def test_a_chargeback_that_states_a_time_after_the_presumed_end_is_another_one_with_its_own_fee(text, respond_by):
    story = case_of().on(OPENED, opened(respond_by=DUE, fee=FEE)).until("2026-02-13")
    again = opened(text=text, opened_at="2026-03-14T12:00:00Z", respond_by=respond_by, fee=FEE)
    story.on("2026-03-14T12:00Z", again)
    assert (state(story), fees(story)) == ("open", [-1500] * 2)
    assert alerts(story)[-1]["respond_by"] == moment("2026-03-30T12:00:00Z")  # Visa's 18 days less 48 hours


@pytest.mark.parametrize(
    ("before", "stage"),
    [(dispute("inquired", "200.00", category="general"), "chargeback"), (opened(), "pre_arbitration")],
)
def test_a_next_stage_that_began_before_our_deadline_passed_and_is_told_after_it_is_asked_about(before, stage):
    before = before.but(respond_by=DUE)
    story = case_of().on(OPENED, before).until("2026-02-13")
    assert state(story) == "expired"
    story.on("2026-02-14", opened(stage=stage, opened_at="2026-02-11T12:00:00Z", respond_by=LATER))
    assert (state(story), alerts(story)[-1]["stage"], alerts(story)[-1]["respond_by"]) == ("open", stage, moment(LATER))


def test_an_escalation_that_is_told_late_does_not_undo_evidence_that_was_given_after_it():
    story = case_of().on(OPENED, opened()).on("2026-02-10T12:00Z", dispute("evidence_submitted"))
    story.on("2026-02-11", ESCALATED.at("2026-02-09T12:00:00Z")).until("2026-05-01")
    found = story.case.disputes["d1"]
    assert (found.stage, found.state, len(alerts(story))) == ("pre_arbitration", "evidence_submitted", 1)
    story = case_of().on(OPENED, opened()).on("2026-02-10T12:00Z", dispute("evidence_submitted"))
    story.on("2026-02-11", ESCALATED.at("2026-02-10T12:00:00Z"))
    assert state(story) == "open"


@pytest.mark.parametrize(
    "told",
    [
        [opened(fee=FEE), opened(fee=FEE, respond_by=LATER)],
        [opened(), opened(fee=FEE)],
        [opened(fee=FEE), opened(fee=FEE, text="150.00")],
        [dispute("inquired", "200.00"), dispute("escalated", stage="chargeback"), opened(fee=FEE), opened(fee=FEE)],
        [dispute("inquired", "200.00"), ESCALATED, opened(fee=FEE)],
        [opened(), dispute("evidence_submitted"), ESCALATED, opened(fee=FEE)],
        [opened().at(OPENED), dispute("lost"), opened(fee=FEE).at(OPENED), opened(fee=FEE).at(OPENED)],
        [opened(fee=FEE, respond_by=DUE), opened(fee=FEE, respond_by=LATER), dispute("won")],
    ],
)
def test_the_fee_of_an_opening_is_booked_once_whenever_it_is_told(told):
    assert fees(case_of().on(OPENED, *told)) == [-1500]


def test_an_opening_that_only_adds_its_fee_takes_back_no_evidence_whatever_time_it_states():
    story = case_of().on(OPENED, opened()).on("2026-02-05", dispute("evidence_submitted"))
    story.on("2026-02-10", opened(fee=FEE, opened_at="2026-02-09T12:00:00Z"))
    assert (state(story), fees(story)) == ("evidence_submitted", [-1500])


def of_an_earlier_version(story):
    """Without what that version did not write."""
    row = story.case.disputes["d1"]
    row.claimed_at = row.heard_from = None
    row.about, row.charged = [], {}
    return story


@pytest.mark.parametrize("meanwhile", [(), (ESCALATED,), (dispute("lost").at("2026-02-05T12:00:00Z"),)])
@pytest.mark.parametrize("again", [opened(fee=FEE).at(OPENED), opened(fee=FEE, respond_by=LATER).at(OPENED)])
def test_the_fee_of_an_opening_that_an_earlier_version_took_in_is_not_booked_again(meanwhile, again):
    story = of_an_earlier_version(case_of().on(OPENED, opened(fee=FEE)))
    story.on("2026-02-06", *meanwhile, again, again)
    assert fees(story) == [-1500]
    if meanwhile == (ESCALATED,):
        story.when(opened(stage="arbitration", fee=FEE))
        assert fees(story) == [-1500] * 2


@pytest.mark.parametrize(
    ("lost", "booked"),
    [
        (lambda case: None, [-700, -1500]),
        # what the timeline has not any more may have been an opening with its fee
        (lambda case: setattr(case, "expired", True), [-700]),
        (lambda case: case.timeline.extend([case.timeline[-1]] * TIMELINE_MAX), [-700]),
    ],
)
def test_an_opening_that_an_earlier_version_never_heard_of_costs_its_fee_when_it_is_told(lost, booked):
    of_the_movement = {**FEE, "amount_minor": 700}
    story = case_of().on(OPENED, ESCALATED, dispute("funds_withdrawn", "200.00", fee=of_the_movement))
    lost(of_an_earlier_version(story).case)
    story.on("2026-02-06", opened(fee=FEE).at(OPENED), opened(fee=FEE).at(OPENED))
    assert fees(story) == booked


def test_each_stage_and_each_new_chargeback_costs_its_own_fee():
    story = case_of().on(OPENED, opened(fee=FEE), dispute("evidence_submitted"))
    story.when(opened(stage="pre_arbitration", fee=FEE), dispute("funds_withdrawn", "200.00", fee=FEE))
    assert fees(story) == [-1500] * 3
    story.when(dispute("won"), opened(fee=FEE))
    assert fees(story) == [-1500] * 4


def test_an_opening_that_only_adds_its_fee_asks_nothing_again():
    story = case_of().on(OPENED, dispute("inquired", "200.00", category="general"))
    story.when(dispute("escalated", stage="chargeback"), opened(fee=FEE))
    assert [alert["stage"] for alert in alerts(story)] == ["inquiry", "chargeback"]


@pytest.mark.parametrize("how", [{"auto_defended": True}, {"defendable": False}])
def test_what_was_not_ours_to_defend_at_one_stage_is_asked_at_the_next(how):
    story = case_of(rules=terms(auto_respond=False)).on(OPENED, opened(**how))
    assert alerts(story)[-1]["recommendation"]["action"] == "none"
    story.on("2026-02-10", ESCALATED)
    assert alerts(story)[-1]["recommendation"]["action"] != "none"
    story.when(judged("contest"))
    assert len(answers(story)) == 1
    # the opening of the chargeback told late, or again, says nothing of the stage that it has come to
    story.when(opened(fee=FEE, **how))
    assert alerts(story)[-1]["recommendation"]["action"] != "none"


def test_a_next_stage_that_is_not_ours_to_defend_asks_for_no_answer():
    story = case_of().on(OPENED, opened()).on("2026-02-10", opened(stage="pre_arbitration", defendable=False))
    assert alerts(story)[-1]["recommendation"]["action"] == "none"


@pytest.mark.parametrize("again", [opened(respond_by=LATER), opened(text="150.00")])
def test_nobody_is_reminded_of_a_dispute_that_was_given_in_to_whatever_is_told_again(again):
    story = case_of().on(OPENED, opened(respond_by=DUE)).when(judged("accept")).on("2026-02-03", again)
    assert [alert["revision"] for alert in alerts(story)] == [1, 2]
    story.until("2026-03-01").never(alerted("dispute.deadline_near"))
    assert state(story) == "expired"


ENDS = ("won", "lost", "accepted", "expired", "withdrawn")
AT = "2026-02-10T12:00:00Z"


@pytest.mark.parametrize(("one", "other"), tuple(combinations(ENDS, 2)))
def test_of_two_ends_of_one_time_the_worse_one_stands_in_either_order(one, other):
    found = []
    for order in ((one, other), (other, one)):
        story = case_of().on(OPENED, opened()).on(AT, *(dispute(end).at(AT) for end in order))
        found.append((state(story), claimed(story.case, story.case.payments["p1"])))
    worse = max(one, other, key=("won", "withdrawn", "expired", "accepted", "lost").index)
    assert found == [(worse, 0 if worse in ("won", "withdrawn") else 20000)] * 2


@pytest.mark.parametrize("how", [{"auto_defended": True}, {"defendable": False}])
def test_a_stage_that_is_not_ours_to_defend_leaves_no_reminder_of_the_one_before(how):
    story = case_of().on(OPENED, opened(respond_by=DUE))
    story.on("2026-02-03", opened(stage="pre_arbitration", respond_by=LATER, **how))
    story.until("2026-04-01").never(alerted("dispute.deadline_near"), alerted("dispute.closed"))
    assert state(story) == "open"


def test_an_opening_that_brings_an_answered_dispute_back_has_no_deadline_of_before():
    story = case_of().on(OPENED, opened(respond_by=DUE)).on("2026-02-05", dispute("evidence_submitted"))
    story.on("2026-02-14", opened(text="150.00", opened_at="2026-02-13T12:00:00Z"))
    assert (state(story), alerts(story)[-1]["deadline_source"]) == ("open", "table")
    assert alerts(story)[-1]["respond_by"] == moment("2026-03-01T12:00")  # 18 days from the 13th, less 48 hours


def test_of_two_claims_of_one_moment_the_one_that_is_told_last_stands_and_one_of_before_does_not():
    at = "2026-01-30T10:00:00Z"
    story = case_of().on(OPENED, opened(text="150.00", opened_at=at), opened(text="160.00", opened_at=at))
    assert story.case.disputes["d1"].amount_minor == 16000
    story.given(opened(text="170.00", opened_at="2026-01-30T09:59:59Z"))
    assert story.case.disputes["d1"].amount_minor == 16000
