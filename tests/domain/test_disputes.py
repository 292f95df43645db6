"""Refunds and disputes at the same time, row by row, and what disputes claim."""

import pytest

from app.domain.records import Executed
from tests.domain.claiming import PAID, alerts, claims, left
from tests.domain.events import (
    alert,
    amount,
    asked,
    captured,
    delivered,
    dispute,
    fraud_reported,
    full,
    money,
    placed,
    refund,
)
from tests.domain.expecting import alerted, approved, booked, called_off, denied, held, instructed, told
from tests.domain.stories import given, policy


@pytest.mark.parametrize(
    ("events", "claimed_minor"),
    [
        ((dispute("inquired", "100.00"),), 0),
        ((fraud_reported(),), 0),
        ((alert("100.00", source="ethoca"),), 0),
        ((alert("30.00", source="rdr"),), 3000),
        ((dispute("opened", "30.00"),), 3000),
        ((dispute("funds_withdrawn", "30.00"),), 3000),  # debited before its opening arrived
        ((dispute("opened", "30.00"), dispute("funds_withdrawn", "40.00")), 4000),
        ((dispute("opened", "30.00"), dispute("funds_withdrawn", "30.00"), dispute("funds_reinstated", "30.00")), 3000),
        ((dispute("opened", "30.00"), dispute("funds_withdrawn", "30.00"), dispute("won")), 3000),
        (
            (
                dispute("opened", "30.00"),
                dispute("funds_withdrawn", "30.00"),
                dispute("won"),
                dispute("funds_reinstated", "30.00"),
            ),
            0,
        ),
        ((dispute("opened", "30.00"), dispute("won")), 0),
        ((dispute("opened", "30.00"), dispute("withdrawn")), 0),
        ((dispute("opened", "30.00"), dispute("lost")), 3000),
        ((dispute("opened", "30.00"), dispute("accepted")), 3000),
        ((dispute("opened", "30.00"), dispute("expired")), 3000),
        ((dispute("opened", "30.00"), dispute("lost"), dispute("won")), 0),  # a late flip is applied
        ((dispute("opened", "30.00"), dispute("opened", "20.00", dispute_id="d2")), 5000),
        ((dispute("inquired", "30.00"), dispute("opened", "30.00")), 3000),
        ((dispute("opened", "120.00"),), 12000),  # above the charge
        ((dispute("opened", "90.00 USD"),), 10000),  # another currency: the whole payment
        ((dispute("opened", "150.00 USD"), dispute("funds_withdrawn", "150.00 USD")), 10000),
        # the same dispute by alert and chargeback, or by two sources of alerts, is counted once
        ((alert("30.00"), dispute("opened", "30.00")), 3000),
        ((alert("30.00", "a1"), alert("30.00", "a2")), 3000),
        ((alert("30.00", "a1"), alert("31.00", "a2")), 6100),
    ],
    ids=str,
)
def test_a_payment_is_claimed_by(events, claimed_minor):
    story = given(*PAID, *events)
    assert claims(story) == claimed_minor
    assert left(story) == 10000 - claimed_minor


def test_another_currency_is_flagged_on_the_case():
    assert "currency_differs" in given(*PAID, dispute("opened", "90.00 USD")).case.flags


def test_what_a_dispute_above_its_charge_debited_is_booked_and_never_clamped():
    story = given(*PAID, dispute("opened", "120.00")).when(dispute("funds_withdrawn", "120.00"))
    story.then(
        booked("dispute_withdrawn", "-120.00"),
        alerted("exposure.detected", over={"amount_minor": 2000, "currency": "EUR"}),
    )
    assert left(story) == -2000


def test_a_fraud_report_is_a_flag_on_the_decision_and_moves_nothing():
    given(*PAID, fraud_reported()).when(asked()).then(approved("100.00", flags=("fraud_reported",)))


@pytest.mark.parametrize("event", [dispute("inquired", "100.00"), alert("100.00", source="ethoca")])
def test_an_inquiry_or_an_alert_moves_no_money_so_the_request_goes_on(event):
    given(*PAID, event).when(asked(scope=amount("10.00"))).then(approved("10.00"))


@pytest.mark.parametrize("debited", [(), (dispute("funds_withdrawn", "100.00"),)])
def test_while_all_of_it_is_disputed_the_request_waits_and_the_customer_hears_of_the_bank(debited):
    given(*PAID, dispute("opened", "100.00"), *debited).when(asked()).then(
        held("dispute_open", waiting_for="dispute", wait_until=None), told("dispute_bank_is_handling")
    ).never(told("refund_acknowledged"), instructed())


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (full(), approved("70.00", reduced=True)),
        (amount("70.00"), approved("70.00", reduced=False)),
        (amount("70.01"), held("dispute_open")),
        (amount("100.00"), held("dispute_open")),
        (amount("100.01"), denied("exceeds_refundable")),
    ],
)
def test_what_a_chargeback_of_a_part_leaves_goes_on(scope, expected):
    given(*PAID, dispute("opened", "30.00")).when(asked(scope=scope)).then(expected)


@pytest.mark.parametrize("end", ["lost", "accepted", "expired"])
@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (full(), approved("70.00", reduced=True)),
        (amount("70.00"), approved("70.00")),
        (amount("70.01"), denied("dispute_lost", "70.00")),
        (amount("100.00"), denied("dispute_lost", "70.00")),
    ],
)
def test_what_a_dispute_took_for_good_is_denied_and_the_rest_goes_on(end, scope, expected):
    given(*PAID, dispute("opened", "30.00"), dispute(end)).when(asked(scope=scope)).then(expected)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (full(), approved("70.00", reduced=True)),
        (amount("70.01"), denied("already_credited_by_network", "70.00")),
        (amount("70.00"), approved("70.00")),
    ],
)
def test_what_the_network_has_credited_is_not_paid_again(scope, expected):
    given(*PAID, alert("30.00")).when(asked(scope=scope)).then(expected)


@pytest.mark.parametrize("end", ["won", "withdrawn"])
def test_a_request_goes_on_when_the_money_is_back(end):
    story = given(*PAID, dispute("opened", "100.00"), dispute("funds_withdrawn", "100.00"), asked())
    story.when(dispute(end)).never(approved("100.00"))
    story.when(dispute("funds_reinstated", "100.00")).then(approved("100.00"), told("refund_approved"))


def test_a_request_is_denied_when_the_dispute_it_waits_for_is_lost():
    story = given(*PAID, dispute("opened", "100.00"), asked())
    story.when(dispute("lost")).then(denied("dispute_lost"), alerted("dispute.closed", dispute_id="d1", outcome="lost"))


def test_a_request_is_denied_when_the_dispute_it_waits_for_expires_unanswered():
    due = "2026-01-12T12:00:00Z"
    story = given(*PAID, dispute("opened", "100.00", respond_by=due), asked())
    story.later(days=6, hours=23).never(denied("dispute_lost"))
    story.later(hours=2).then(denied("dispute_lost"), alerted("dispute.closed", outcome="expired"))


def test_a_request_that_waits_for_a_dispute_is_not_asked_about_because_of_another_request():
    story = given(*PAID, dispute("opened", "30.00"), asked("r1", amount("80.00")), asked("r2", amount("70.00")))
    story.when(asked("r3", amount("1.00"))).then(held("dispute_open", request_id="r3"))
    assert (story.case.requests["r1"].status, story.case.requests["r1"].revision) == ("held", 1)


def test_a_won_dispute_that_never_pays_back_holds_for_seven_days_at_most():
    story = given(*PAID, dispute("opened", "100.00"), dispute("funds_withdrawn", "100.00"), dispute("won"))
    story.when(asked()).then(held("dispute_open"))
    story.later(days=6, hours=23).never(denied("nothing_left"))
    story.later(hours=2)
    assert story.case.requests["r1"].status == "denied"


def test_won_above_the_auto_limit_is_for_review_since_a_case_can_flip_again():
    before = (*PAID, dispute("opened", "100.00"), dispute("won"))
    given(*before, terms=policy(auto_approve_limit={"default": 9999})).when(asked()).then(held("over_auto_limit"))


def test_opened_while_our_refund_is_in_flight_it_is_called_off_and_exposure_is_said_once_if_it_settles_all_the_same():
    story = given(*PAID, asked())
    refund_key = next(iter(story.case.refunds))
    story.when(dispute("opened", "100.00")).then(called_off(instruction_id=refund_key)).never(
        alerted("exposure.detected")
    )
    story.when(dispute("funds_withdrawn", "100.00")).never(called_off(), alerted("exposure.detected"))
    story.when(refund("succeeded", "100.00", instruction_id=refund_key)).then(
        alerted("exposure.detected", captured=money("100.00"), paid_out=money("200.00"), over=money("100.00"))
    )
    story.when(dispute("lost"), dispute("evidence_submitted")).never(alerted("exposure.detected"))


@pytest.mark.parametrize(
    ("before", "event", "is_called_off"),
    [
        ((), dispute("funds_withdrawn", "100.00"), True),  # debited before its opening arrived
        ((dispute("inquired", "100.00"),), dispute("escalated", stage="chargeback"), True),
        ((dispute("inquired", "20.00"),), dispute("escalated", stage="chargeback"), False),  # both have their money
        ((dispute("won").at("2026-01-05T13:00:00Z"),), dispute("opened", "100.00"), False),  # it had ended by then
        ((dispute("lost").at("2026-01-05T13:00:00Z"),), dispute("opened", "100.00"), True),
    ],
)
def test_whatever_takes_the_money_of_our_refund_in_flight_calls_it_off(before, event, is_called_off):
    story = given(*PAID, asked(scope=amount("80.00"), reason="damaged"), *before).when(event)
    story.then(called_off()) if is_called_off else story.never(called_off())


def test_opened_after_our_refund_settled_exposure_is_said_when_it_is_debited():
    story = given(*PAID, asked())
    story.given(refund("succeeded", "100.00", instruction_id=next(iter(story.case.refunds))))
    story.when(dispute("opened", "100.00")).never(alerted("exposure.detected"))
    story.when(dispute("funds_withdrawn", "100.00")).then(alerted("exposure.detected", over=money("100.00")))
    assert left(story) == -10000


def test_exposure_is_said_again_only_when_it_grows_above_the_largest_one():
    story = given(*PAID, dispute("opened", "100.00"), dispute("funds_withdrawn", "100.00", movement_id="w1"))
    over = []
    for event in (
        refund("succeeded", "20.00", refund_id="x1"),  # 20 over
        dispute("funds_reinstated", "100.00", movement_id="b1"),  # 80 under
        dispute("funds_withdrawn", "100.00", movement_id="w2"),  # 20 over again
        refund("succeeded", "5.00", refund_id="x2"),  # 25 over
    ):
        story.when(event)
        over.append([body["over"]["amount_minor"] for body in alerts(story, "exposure.detected")])
    assert over == [[2000], [], [], [2500]]


def test_a_credit_of_the_network_after_our_refund_is_exposure_too_and_its_chargeback_no_second_one():
    story = given(*PAID, asked())
    story.given(refund("succeeded", "100.00", instruction_id=next(iter(story.case.refunds))))
    story.when(alert("100.00")).then(
        booked("network_credited", "-100.00"), alerted("exposure.detected", over=money("100.00"))
    )
    story.when(dispute("opened", "100.00"), dispute("funds_withdrawn", "100.00")).never(alerted("exposure.detected"))


def test_a_direct_debit_return_is_lost_and_cannot_be_contested():
    for events in (
        (placed(), captured("100.00", kind="bank_debit"), dispute("opened", "100.00")),
        (placed(), dispute("opened", "100.00"), captured("100.00", kind="bank_debit")),
    ):
        story = given(*events)
        assert story.case.disputes["d1"].state == "lost"
        story.when(asked()).then(denied("dispute_lost"))


def test_what_the_network_credits_while_our_refund_is_in_flight_calls_it_off():
    story = given(*PAID, asked())
    story.when(alert("100.00")).then(called_off(instruction_id=next(iter(story.case.refunds))))


def test_what_a_refund_that_was_called_off_leaves_goes_to_the_request_that_waits_for_the_dispute():
    story = given(placed(), captured("100.00"), delivered(), asked("r1", amount("60.00")))
    ours = next(record for record in story.all if isinstance(record, Executed)).instruction_id
    story.when(dispute("opened", "40.00"), asked("r2", amount("40.00"))).then(held("dispute_open"))
    story.when(refund("failed", "60.00", instruction_id=ours, failure_code="canceled")).then(approved("40.00"))
