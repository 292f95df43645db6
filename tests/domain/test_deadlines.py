"""Until when a dispute is answered, who is reminded of it, and what happens when nobody answers."""

from copy import deepcopy
from datetime import timedelta

import pytest

from app.domain.balances import claimed
from app.domain.policy_terms import Window
from tests.domain.dated import moment
from tests.domain.disputed import OPENED, alerts, case_of, judged, opened, terms
from tests.domain.events import asked, dispute
from tests.domain.expecting import alerted, approved, denied, refused
from tests.domain.stories import policy

NEAR = "dispute.deadline_near"
DUE = "2026-02-12T12:00:00Z"

TABLE = {
    # network: (chargeback, inquiry)
    "visa": (18, 18),
    "mastercard": (40, 40),
    "amex": (14, 14),
    "diners": (25, 18),
    "discover": (25, 18),
    "unionpay": (30, 30),
    "jcb": (40, 18),
    "other": (14, 14),
    "never heard of": (14, 14),
}


def deadlines(story):
    return [(alert["deadline_source"], alert["respond_by"]) for alert in alerts(story)]


def reminders(story):
    return [out.body["hours_left"] for out in story.told if out.body["type"] == NEAR]


def outcomes(story):
    return [out.body["outcome"] for out in story.told if out.body["type"] == "dispute.closed"]


def by_table(days, margin=48, start=OPENED):
    return "table", moment(start) + timedelta(days=days, hours=-margin)


@pytest.mark.parametrize("network", TABLE)
@pytest.mark.parametrize("margin", [48, 0, 24])
def test_the_table_counts_from_the_opening_less_the_policy_s_margin(network, margin):
    chargeback, inquiry = TABLE[network]
    rules = terms(deadline_margin_hours=margin)
    later = {"opened_at": OPENED, "network": network}  # told a day after
    assert deadlines(case_of(rules=rules).on("2026-02-03T12:00Z", opened(**later))) == [by_table(chargeback, margin)]
    asked_first = dispute("inquired", "200.00", network=network)
    assert deadlines(case_of(rules=rules).on(OPENED, asked_first)) == [by_table(inquiry, margin)]


@pytest.mark.parametrize(("stage", "days"), [("pre_arbitration", 30), ("arbitration", 10)])
@pytest.mark.parametrize("network", ["visa", "jcb", "other"])
def test_later_stages_have_one_deadline_for_all_networks(stage, days, network):
    assert deadlines(case_of().on(OPENED, opened(stage=stage, network=network))) == [by_table(days)]


def test_the_network_is_the_payment_s_where_the_dispute_names_none():
    assert deadlines(case_of().on(OPENED, opened())) == [by_table(18)]


@pytest.mark.parametrize("respond_by", ["2026-02-03T00:00:00Z", DUE, "2026-12-24T00:00:00+01:00"])
def test_what_the_provider_says_goes_before_the_table_and_has_no_margin(respond_by):
    assert deadlines(case_of().on(OPENED, opened(respond_by=respond_by))) == [("provider", moment(respond_by))]


def test_a_chargeback_after_an_inquiry_has_a_deadline_of_its_own():
    story = case_of().on(OPENED, dispute("inquired", "200.00", respond_by=DUE))
    story.on("2026-02-10T12:00Z", opened(network="visa"))
    assert deadlines(story) == [("provider", moment(DUE)), by_table(18, start="2026-02-10T12:00Z")]
    assert [alert["stage"] for alert in alerts(story)] == ["inquiry", "chargeback"]


def test_an_inquiry_that_nobody_answered_becomes_a_chargeback_that_is_open():
    story = case_of().on(OPENED, dispute("inquired", "200.00", respond_by=DUE)).until("2026-02-20")
    assert (story.case.disputes["d1"].state, outcomes(story)) == ("expired", ["expired"])
    assert claimed(story.case, story.case.payments["p1"]) == 0  # an inquiry moves no money
    story.on("2026-02-21T12:00Z", opened()).then(alerted("dispute.action_required", stage="chargeback"))
    assert story.case.disputes["d1"].state == "open"
    assert deadlines(story)[-1] == by_table(18, start="2026-02-21T12:00Z")


def test_an_escalation_has_a_deadline_of_its_own():
    story = case_of().on(OPENED, opened(respond_by=DUE), dispute("evidence_submitted"))
    story.on("2026-03-01T12:00Z", dispute("escalated", stage="pre_arbitration"))
    assert deadlines(story)[-1] == by_table(30, start="2026-03-01T12:00Z")
    story.on("2026-03-05T12:00Z", dispute("escalated", stage="arbitration", respond_by="2026-03-12T00:00:00Z"))
    assert deadlines(story)[-1] == ("provider", moment("2026-03-12T00:00:00Z"))


# --- reminders


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        ((72, 24), OPENED, [72, 24]),
        ((72, 24), "2026-02-09T11:59Z", [72, 24]),
        ((72, 24), "2026-02-09T12:01Z", [24]),  # less than 72 hours are left
        ((72, 24), "2026-02-11T12:01Z", []),
        ((72, 24), "2026-02-12T11:59Z", []),
        ((48,), OPENED, [48]),
        ((24, 120, 72), OPENED, [120, 72, 24]),
        ((), OPENED, []),
    ],
    ids=str,
)
def test_reminders_come_as_many_hours_before_as_the_policy_says(hours, at, expected):
    story = case_of(rules=terms(reminders_hours=hours)).on(at, opened(respond_by=DUE)).until("2026-02-20")
    assert reminders(story) == expected
    assert outcomes(story) == ["expired"]


def test_a_reminder_comes_at_its_hour_and_tells_the_deadline():
    story = case_of().on(OPENED, opened(respond_by=DUE))
    story.until("2026-02-09T11:59:59Z").never(alerted(NEAR))
    story.until("2026-02-09T12:00:00Z").then(alerted(NEAR, dispute_id="d1", hours_left=72, respond_by=moment(DUE)))
    story.until("2026-02-11T11:59:59Z").never(alerted(NEAR))
    story.until("2026-02-11T12:00:00Z").then(alerted(NEAR, hours_left=24))
    story.until("2026-02-12T11:59:59Z").never(alerted(NEAR), alerted("dispute.closed"))
    story.until("2026-02-12T12:00:00Z").then(alerted("dispute.closed", outcome="expired"))


@pytest.mark.parametrize(
    "event", [dispute("evidence_submitted"), dispute("won"), dispute("lost"), dispute("accepted"), dispute("withdrawn")]
)
def test_an_answer_or_an_end_stops_the_reminders_and_nothing_expires(event):
    story = case_of().on(OPENED, opened(respond_by=DUE)).on("2026-02-10", event).until("2026-03-20")
    assert reminders(story) == [72]
    assert "expired" not in outcomes(story)


def test_a_new_deadline_has_reminders_of_its_own_and_the_old_one_has_none():
    story = case_of().on(OPENED, opened(respond_by=DUE))
    story.on("2026-02-08", dispute("escalated", stage="arbitration", respond_by="2026-02-28T12:00:00Z"))
    story.until("2026-02-24").never(alerted(NEAR), alerted("dispute.closed"))
    story.until("2026-02-25T12:00:00Z").then(alerted(NEAR, hours_left=72, respond_by=moment("2026-02-28T12:00:00Z")))


@pytest.mark.parametrize("more", [{"defendable": False}, {"auto_defended": True}])
def test_what_nobody_can_answer_is_not_reminded_of(more):
    story = case_of().on(OPENED, opened(respond_by=DUE, **more)).until("2026-03-20")
    assert reminders(story) == []


def test_a_dispute_that_is_told_after_its_deadline_has_expired():
    story = case_of().on("2026-02-15", opened(respond_by=DUE)).until("2026-02-15T00:05Z")
    assert (story.case.disputes["d1"].state, outcomes(story), reminders(story)) == ("expired", ["expired"], [])


# --- past the deadline


def test_what_expired_is_gone_for_requests_too():
    rules = policy(window=Window(days=365, from_="placed", by_category={}))
    story = case_of(rules=rules).on(OPENED, opened(respond_by=DUE)).until("2026-02-13")
    story.when(asked("r1", {"kind": "amount", "amount": {"amount_minor": 20001, "currency": "EUR"}})).then(
        denied("dispute_lost", "200.00")
    )
    story.when(asked("r2")).then(approved("200.00", reduced=True))


def test_evidence_that_was_given_in_time_counts_though_it_was_told_late():
    story = case_of().on(OPENED, opened(respond_by=DUE)).until("2026-02-12T12:00:00Z")
    story.on("2026-02-12T12:05Z", dispute("evidence_submitted").at("2026-02-12T11:55:00Z"))
    assert story.case.disputes["d1"].state == "evidence_submitted"


def test_evidence_that_is_told_after_the_deadline_beats_our_presumption_and_asks_nobody():
    story = case_of().on(OPENED, opened(respond_by=DUE)).on("2026-02-14", dispute("evidence_submitted"))
    story.never(refused("illegal_transition"), alerted("dispute.action_required")).until("2026-04-01")
    assert story.case.disputes["d1"].state == "evidence_submitted"


@pytest.mark.parametrize(("end", "state"), [("won", "won"), ("lost", "lost"), ("withdrawn", "withdrawn")])
def test_what_the_network_says_after_the_deadline_is_applied(end, state):
    story = case_of().on(OPENED, opened(respond_by=DUE)).on("2026-03-14", dispute(end))
    assert (story.case.disputes["d1"].state, outcomes(story)) == (state, ["expired", state])


def test_expiring_is_said_once_though_the_network_says_it_too():
    story = case_of().on(OPENED, opened(respond_by=DUE)).on("2026-02-14", dispute("expired"))
    assert outcomes(story) == ["expired"]


@pytest.mark.parametrize("end", [dispute("accepted"), dispute("lost")])
def test_who_has_given_in_is_not_reminded_and_it_ends_with_its_deadline_unless_the_provider_is_faster(end):
    story = case_of().on("2026-02-02T12:00Z", opened(respond_by="2026-03-02T12:00:00Z")).when(judged("accept"))
    story.until("2026-03-02T11:59Z").never(alerted("dispute.deadline_near"))
    faster = deepcopy(story).when(end)
    faster.until("2026-06-01").never(alerted("dispute.deadline_near"), alerted("dispute.closed"))
    story.until("2026-03-02T12:00Z").then(alerted("dispute.closed", outcome="expired"))
    story.when(end).then(alerted("dispute.closed", outcome=end.body["type"].removeprefix("dispute.")))
    assert "illegal_transition" not in story.case.flags  # told after our own deadline, which is before the network's


def test_who_has_contested_is_reminded_until_the_provider_confirms_it():
    story = case_of().on("2026-02-02T12:00Z", opened(respond_by="2026-03-02T12:00:00Z")).when(judged("contest"))
    story.until("2026-02-28").then(alerted("dispute.deadline_near", hours_left=72))
    story.when(dispute("evidence_submitted")).until("2026-06-01").never(alerted("dispute.deadline_near"))
