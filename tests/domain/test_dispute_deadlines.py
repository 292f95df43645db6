"""What ends a dispute that nobody answers: our presumption gives way to the provider's word, and that stands."""

import pytest

from app.domain.balances import claimed
from tests.domain.dated import moment
from tests.domain.disputed import OPENED, alerts, answers, case_of, judged, opened
from tests.domain.events import dispute
from tests.domain.expecting import alerted

DUE, LATER = "2026-02-12T12:00:00Z", "2026-02-20T12:00:00Z"
INQUIRED = dispute("inquired", "200.00", respond_by=DUE)
ESCALATED = dispute("escalated", stage="pre_arbitration", respond_by=DUE)
PLACES = {
    "inquiry": ([INQUIRED], INQUIRED),
    "chargeback": ([opened(respond_by=DUE)], opened(respond_by=DUE)),
    "pre-arbitration": ([opened(respond_by=DUE), dispute("evidence_submitted"), ESCALATED], ESCALATED),
}


def state(story):
    return story.case.disputes["d1"].state


def ends(story):
    return [said.body["outcome"] for said in story.told if said.body["type"] == "dispute.closed"]


def expired(before):
    """Nobody has answered, and we presume by the deadline that it has expired."""
    story = case_of().on(OPENED, *before).until("2026-02-13")
    assert (state(story), ends(story)) == ("expired", ["expired"])
    return story


@pytest.mark.parametrize(("before", "told"), PLACES.values(), ids=PLACES)
def test_a_later_deadline_asks_again_what_we_thought_had_expired(before, told):
    story = expired(before)
    revision = alerts(story)[-1]["revision"]
    story.on("2026-02-13T12:00Z", told.but(respond_by=LATER))
    assert (state(story), alerts(story)[-1]["revision"]) == ("open", revision + 1)
    assert (alerts(story)[-1]["respond_by"], alerts(story)[-1]["deadline_source"]) == (moment(LATER), "provider")
    assert "illegal_transition" not in story.case.flags
    story.until("2026-02-17T12:00Z").then(alerted("dispute.deadline_near", hours_left=72))
    story.when(judged("contest"))
    assert [answer["respond_by"] for answer in answers(story)] == [moment(LATER)]
    story.until("2026-02-21")
    assert (state(story), ends(story)) == ("expired", ["expired", "expired"])


def test_the_later_deadline_asks_anew_though_an_answer_was_instructed_that_nobody_confirmed():
    story = case_of().on(OPENED, opened(respond_by=DUE)).when(judged("contest")).until("2026-02-13")
    story.on("2026-02-13T12:00Z", opened(respond_by=LATER)).when(judged("contest", "bob"))
    assert len({answer["instruction_id"] for answer in answers(story)}) == 2


@pytest.mark.parametrize("respond_by", [None, DUE, "2026-02-11T12:00:00Z"])
def test_no_later_deadline_leaves_it_expired(respond_by):
    story = expired([opened(respond_by=DUE).at(OPENED)])
    story.on("2026-02-13T12:00Z", opened(respond_by=respond_by).at(OPENED))
    assert (state(story), len(alerts(story))) == ("expired", 1)


def test_the_deadline_of_an_earlier_stage_asks_nothing():
    story = expired([opened(respond_by=DUE).at(OPENED), ESCALATED])
    story.on("2026-02-13T12:00Z", opened(respond_by=LATER).at(OPENED))
    assert state(story) == "expired"
    story = case_of().on(OPENED, opened(), dispute("escalated", stage="arbitration", respond_by=DUE))
    story.on("2026-02-03", dispute("escalated", stage="pre_arbitration", respond_by=LATER))
    assert [alert["respond_by"] for alert in alerts(story)][1:] == [moment(DUE)]


@pytest.mark.parametrize("given_at", ["2026-02-12T11:00:00Z", "2026-02-13T11:00:00Z"])
def test_evidence_that_the_provider_took_after_our_deadline_is_an_answer(given_at):
    story = expired([opened(respond_by=DUE)])
    story.on("2026-02-13T12:00Z", dispute("evidence_submitted").at(given_at))
    assert state(story) == "evidence_submitted"
    assert "illegal_transition" not in story.case.flags


def test_another_deadline_of_an_inquiry_is_told():
    story = case_of().on(OPENED, INQUIRED, INQUIRED.but(respond_by=LATER), INQUIRED.but(respond_by=LATER))
    assert [alert["respond_by"] for alert in alerts(story)] == [moment(DUE), moment(LATER)]


BEFORE, AFTER = "2026-02-09T12:00:00Z", "2026-02-11T12:00:00Z"


@pytest.mark.parametrize("what", ["evidence_submitted", "won", "withdrawn"])
def test_what_happened_before_the_provider_said_that_it_expired_changes_nothing(what):
    told = dispute("expired").at("2026-02-10T12:00:00Z")
    story = case_of().on(OPENED, opened(respond_by=DUE)).on("2026-02-10T12:00Z", told)
    story.on("2026-02-13T12:00Z", dispute(what).at(BEFORE))
    assert (state(story), ends(story)) == ("expired", ["expired"])
    assert claimed(story.case, story.case.payments["p1"]) == 20000


def test_a_later_deadline_does_not_undo_what_the_provider_said_had_expired():
    told = dispute("expired").at("2026-02-10T12:00:00Z")
    story = case_of().on(OPENED, opened(respond_by=DUE).at(OPENED)).on("2026-02-10T12:00Z", told)
    story.when(opened(respond_by=LATER).at(OPENED), dispute("evidence_submitted"))
    assert (state(story), len(alerts(story))) == ("expired", 1)


def test_a_late_win_flips_what_the_provider_said_had_expired():
    story = case_of().on(OPENED, opened(respond_by=DUE)).on("2026-02-10T12:00Z", dispute("expired"))
    story.on("2026-02-13T12:00Z", dispute("won").at(AFTER))
    assert (state(story), ends(story)) == ("won", ["expired", "won"])


def test_the_provider_s_word_takes_the_place_of_our_presumption_and_is_not_closed_twice():
    story = expired([opened(respond_by=DUE)])
    story.on("2026-02-13T12:00Z", dispute("expired").at("2026-02-12T18:00:00Z"), opened(respond_by=LATER).at(OPENED))
    assert (state(story), ends(story)) == ("expired", ["expired"])


def test_an_opening_of_an_earlier_stage_is_no_new_round_of_what_we_only_presume_to_be_over():
    story = expired([opened(respond_by=DUE), dispute("evidence_submitted"), ESCALATED])
    story.on("2026-02-14T12:00Z", opened(text="150.00"))
    assert (state(story), claimed(story.case, story.case.payments["p1"])) == ("expired", 15000)
    story.on("2026-02-15T12:00Z", dispute("won").at("2026-02-13T12:00:00Z"))  # nothing has begun since
    assert state(story) == "won"
