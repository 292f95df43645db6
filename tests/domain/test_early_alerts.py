"""Alerts that come before their order, or before its money: they are answered when both are there."""

import pytest

from app.domain.balances import claimed
from tests.domain.dated import Dated
from tests.domain.events import alert, captured, dispute, line, placed
from tests.domain.expecting import alerted, decided, instructed
from tests.domain.stories import given
from tests.domain.warned import ABOVE, PAID, WITHIN, judged, paid_out, refunded, warned


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
