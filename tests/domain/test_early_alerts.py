"""Alerts that come before their order, or before its money: they are answered when both are there."""

import pytest

from app.domain.balances import claimed
from tests.domain.dated import Dated
from tests.domain.events import alert, captured, delivered, dispute, line, placed, refund
from tests.domain.expecting import alerted, decided, instructed
from tests.domain.stories import Story, given
from tests.domain.warned import ABOVE, PAID, WITHIN, judged, paid_out, refunded, warned

TO_A_PERSON = alerted("pre_dispute.action_required", alert_id="a1")


@pytest.mark.parametrize("order_first", [True, False])
@pytest.mark.parametrize("names", [{"payment_id": "p1"}, {"payment_id": None, "order_id": "o1"}])
def test_an_alert_that_came_before_its_order_and_payment_is_refunded_when_both_are_there(names, order_first):
    first, second = PAID[:2] if order_first else PAID[1::-1]
    story = given(warned().but(**names)).when(first).never(instructed())
    story.when(second).then(refunded(), instructed(WITHIN, payment_id="p1"))
    story.when(captured("1.00", capture_id="c2")).never(instructed())


@pytest.mark.parametrize(
    ("meanwhile", "then"),
    [
        (judged("ignore"), ()),
        (warned(alert_id="a2", source="cdrn"), (refunded(),)),  # the same claim, told by another vendor
        (dispute("opened", WITHIN), ()),  # a chargeback by now
    ],
)
def test_an_early_alert_is_refunded_once_and_not_against_what_was_said_meanwhile(meanwhile, then):
    story = given(placed(line("l1", "200.00")), warned(), meanwhile).when(captured("200.00"))
    story.then(*then).never(*([] if then else [decided()]))
    assert paid_out(story) == (5000 if then else 0)


def test_an_early_alert_whose_window_is_over_when_the_money_is_heard_of_is_not_refunded():
    story = Dated(start="2026-01-05").on("2026-01-06", PAID[0], warned(expires_at="2026-01-08T12:00:00Z"))
    story.on("2026-01-08T12:01Z", captured("200.00").at("2026-01-05T12:00:00Z")).never(instructed())


def test_a_person_is_asked_about_an_early_alert_once_its_payment_is_known():
    early = warned(ABOVE).but(payment_id=None, order_id="o1")
    story = given(placed(line("l1", "200.00"))).when(early).never(alerted("pre_dispute.action_required"))
    story.when(captured("200.00")).then(alerted("pre_dispute.action_required", payment_id="p1"))
    story.when(captured("1.00", capture_id="c2")).never(alerted("pre_dispute.action_required"))


def test_an_early_credit_of_the_network_that_names_its_order_alone_is_claimed_of_the_payment():
    early = alert("30.00").but(payment_id=None, order_id="o1")
    story = given(placed(line("l1", "200.00")), early, captured("200.00"))
    assert claimed(story.case, story.case.payments["p1"]) == 3000


# --- nobody is asked too soon, and what somebody was asked is theirs


@pytest.mark.parametrize("order_first", [True, False])
@pytest.mark.parametrize("text", [WITHIN, ABOVE])
def test_nobody_is_asked_while_the_order_or_its_money_is_still_to_come(text, order_first):
    first, second = PAID[:2] if order_first else PAID[1::-1]
    story = given(warned(text)).never(TO_A_PERSON).when(first).never(TO_A_PERSON)
    story.when(second).then(refunded() if text == WITHIN else TO_A_PERSON)
    assert "alert:a1" not in story.case.timers


def test_an_early_alert_that_a_person_has_judged_waits_for_nothing():
    story = given(PAID[1], warned())
    assert "alert:a1" in story.case.timers
    assert "alert:a1" not in story.when(judged("ignore")).case.timers


@pytest.mark.parametrize(
    ("came", "expires_at", "before", "asked_at"),
    [
        (PAID[1], None, "2026-01-09T12:01Z", "2026-01-09T12:02Z"),  # 72 hours for the order
        (PAID[0], None, "2026-01-13T12:01Z", "2026-01-13T12:02Z"),  # 7 days for the money
        (PAID[1], "2026-01-08T12:02:00Z", "2026-01-07T12:01Z", "2026-01-07T12:02Z"),  # half of its window
    ],
    ids=["order", "payment", "window"],
)
def test_what_does_not_come_in_time_is_not_waited_for(came, expires_at, before, asked_at):
    story = Dated(start="2026-01-05").on("2026-01-06T12:01Z", came, warned(expires_at=expires_at))
    story.until(before).never(TO_A_PERSON)
    story.until(asked_at).then(TO_A_PERSON)
    story.when(PAID[1] if came is PAID[0] else PAID[0]).never(instructed(), TO_A_PERSON)


@pytest.mark.parametrize(
    "meanwhile",
    [judged("ignore"), dispute("opened", WITHIN), refund("succeeded", WITHIN, refund_id="x1")],
    ids=["judged", "a chargeback", "paid outside"],
)
def test_nobody_is_asked_about_an_early_alert_that_is_answered_when_its_wait_is_over(meanwhile):
    given(PAID[1], warned(), meanwhile).later(days=30).never(TO_A_PERSON)


def partly_captured() -> Story:
    """A person is asked: the payment does not hold as much yet."""
    story = given(placed(line("l1", "200.00")), captured("30.00", capture_id="c1"), delivered())
    return story.when(warned("40.00")).then(TO_A_PERSON).never(instructed())


def test_what_a_person_was_asked_is_not_refunded_when_the_payment_holds_it_by_now():
    story = partly_captured().when(captured("170.00", capture_id="c2")).never(instructed(), decided(), TO_A_PERSON)
    story.later(days=20)
    story.when(captured("1.00", capture_id="c3")).never(instructed(), decided(), TO_A_PERSON)


def test_a_person_who_was_asked_may_still_say_that_it_is_refunded():
    story = partly_captured().given(captured("170.00", capture_id="c2"))
    story.when(judged("refund")).then(refunded("40.00"), instructed("40.00"))
    assert paid_out(story) == 4000


def paid_by_hand(told: str, text: str = "40.00", at: str | None = None) -> Story:
    story = Dated(start="2026-01-05").on("2026-01-06T12:00Z", captured("200.00"), warned("40.00"))
    by_hand = refund(told, text, refund_id="x1")
    return story.on("2026-01-06T14:00Z", by_hand.at(at) if at else by_hand)


@pytest.mark.parametrize("told", ["submitted", "succeeded"])
@pytest.mark.parametrize("at", [None, "2026-01-06T12:01:00Z"], ids=["later", "at its moment"])
def test_a_refund_made_outside_since_the_alert_settles_its_claim(told, at):
    story = paid_by_hand(told, at=at).when(PAID[0]).never(instructed(), decided(), TO_A_PERSON)
    story.when(warned("40.00", "a2", "cdrn"), judged("refund", "a2"), judged("refund")).never(instructed(), decided())


@pytest.mark.parametrize(
    ("told", "text", "at"),
    [
        ("failed", "40.00", None),
        ("succeeded", "39.99", None),
        ("succeeded", "40.00", "2026-01-06T12:00:59Z"),  # before the alert
    ],
    ids=["it failed", "another amount", "before the alert"],
)
def test_another_refund_made_outside_leaves_the_alert_to_be_answered(told, text, at):
    paid_by_hand(told, text, at).when(PAID[0]).then(refunded("40.00"), instructed("40.00"))


@pytest.mark.parametrize(("at", "goes_out"), [("2026-03-07T12:00Z", True), ("2026-03-07T12:01Z", False)])
def test_an_alert_without_a_window_ends_after_sixty_days(at, goes_out):
    story = Dated(start="2026-01-05").on("2026-01-06T11:58Z", *PAID[:2], warned(ABOVE)).on(at, judged("refund"))
    assert bool(paid_out(story)) == goes_out
