"""What is known of a dispute in whatever order it is told, its movements, deadlines, categories, alerts and ends."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.balances import claimed
from tests.domain.claiming import OPENED_AT, PAID, alerts, claims
from tests.domain.events import (
    asked,
    capture_failed,
    captured,
    dispute,
    line,
    money,
    of_payments,
    placed,
    refund,
)
from tests.domain.expecting import alerted, approved, booked, held, refused
from tests.domain.stories import Story, given


@pytest.mark.parametrize(
    "events",
    [
        (dispute("opened", "100.00"), captured("100.00", network="visa")),
        (captured("100.00", network="visa"), dispute("opened", "100.00")),
        (dispute("opened", "100.00", payment_id=None, order_id="o1"), captured("100.00", network="visa")),
        (captured("100.00", network="visa"), dispute("opened", "100.00", payment_id=None, order_id="o1")),
    ],
    ids=["by payment, before", "by payment, after", "by order, before", "by order, after"],
)
def test_before_or_after_its_capture_a_dispute_claims_it_and_takes_its_network_s_deadline(events):
    at = datetime.fromisoformat(OPENED_AT)
    story = given(placed(), *(e.but(opened_at=OPENED_AT) if e.topic == "disputes" else e for e in events))
    assert story.case.disputes["d1"].respond_by == at + timedelta(days=18, hours=-48)
    story.when(asked()).then(held("dispute_open"))


def test_an_end_that_came_before_its_opening_holds():
    story = given(*PAID, dispute("funds_withdrawn", "100.00"), dispute("lost").at("2026-01-05T13:00:00Z"))
    story.given(dispute("opened", "100.00").at(OPENED_AT))
    assert (story.case.disputes["d1"].state, claims(story)) == ("lost", 10000)


def test_a_second_chargeback_after_a_win_is_open_again():
    story = given(*PAID, dispute("opened", "100.00"), dispute("won"))
    story.when(dispute("opened", "100.00", stage="pre_arbitration")).then(
        alerted("dispute.action_required", stage="pre_arbitration")
    )
    assert (story.case.disputes["d1"].state, claims(story)) == ("open", 10000)


@pytest.mark.parametrize(
    ("captures", "amount_disputed", "payment_id", "guessed"),
    [
        ([("100.00", "p1")], "150.00", "p1", False),
        ([("40.00", "p1"), ("60.00", "p2")], "50.00", "p2", True),
        ([("60.00", "p1"), ("60.00", "p2")], "50.00", "p2", True),  # the newest
        ([("60.00", "p1"), ("40.00", "p2")], "50.00", "p1", True),
    ],
)
def test_a_dispute_of_an_order_finds_its_payment(captures, amount_disputed, payment_id, guessed):
    story = given(placed(), *(captured(a, p) for a, p in captures))
    story.given(dispute("opened", amount_disputed, payment_id=None, order_id="o1"))
    found = story.case.disputes["d1"]
    assert (found.payment_id, "payment_guessed" in found.flags) == (payment_id, guessed)
    story.given(dispute("funds_withdrawn", amount_disputed, payment_id=None, order_id="o1"))
    assert story.case.disputes["d1"].payment_id == payment_id


NAMELESS = {"payment_id": None, "order_id": "o1"}
NAMES = {"payment_id": "p2", "order_id": "o1"}


@pytest.mark.parametrize(
    "naming",
    [
        dispute("opened", "20.00", **NAMES),
        dispute("opened", "20.00", stage="pre_arbitration", **NAMES),
        dispute("escalated", stage="chargeback", **NAMES),
        dispute("funds_withdrawn", "20.00", **NAMES),
    ],
    ids=["again", "next stage", "same stage", "withdrawn"],
)
def test_a_payment_that_is_named_later_is_the_one_whatever_is_captured_first(naming):
    """40.00 and 20.00 are paid; the 20.00 are disputed, and nothing of the 40.00 is held back."""
    story = given(placed(), dispute("opened", "20.00", **NAMELESS))
    story.when(naming).then(alerted("dispute.action_required", payment_id="p2"))
    story.given(captured("40.00", "p1"), captured("20.00", "p2"))
    case = story.case
    assert (case.disputes["d1"].payment_id, "payment_guessed" in case.flags) == ("p2", False)
    assert {name: claimed(case, payment) for name, payment in case.payments.items()} == {"p1": 0, "p2": 2000}


@pytest.mark.parametrize(
    "naming",
    [
        dispute("opened", "20.00", payment_id="p1", order_id="o1"),
        dispute("opened", "20.00", stage="pre_arbitration", payment_id="p1", order_id="o1"),
        dispute("funds_withdrawn", "20.00", payment_id="p1", order_id="o1"),
    ],
    ids=["again", "next stage", "withdrawn"],
)
def test_a_guess_gives_way_to_a_name(naming):
    """Of 40.00 and 20.00 the newer one is guessed, and its 20.00 are held; named is the older one."""
    paid = [captured("40.00", "p1"), captured("20.00", "p2")]
    story = given(placed(), *paid, dispute("opened", "20.00", **NAMELESS))
    assert (story.case.disputes["d1"].payment_id, story.case.disputes["d1"].revision) == ("p2", 1)
    story.when(naming).then(alerted("dispute.action_required", payment_id="p1", revision=2))
    case = story.case
    assert (case.disputes["d1"].payment_id, case.disputes["d1"].flags) == ("p1", [])
    assert {name: claimed(case, payment) for name, payment in case.payments.items()} == {"p1": 2000, "p2": 0}
    story.when(dispute("opened", "20.00", payment_id="p2", order_id="o1")).then(refused("id_conflict"))


def test_a_name_that_confirms_a_guess_is_held_to():
    story = given(placed(), captured("40.00", "p1"), captured("20.00", "p2"), dispute("opened", "20.00", **NAMELESS))
    story.when(dispute("opened", "20.00", **NAMES)).never(alerted("dispute.action_required"))
    assert (story.case.disputes["d1"].payment_id, story.case.disputes["d1"].flags) == ("p2", [])
    story.when(dispute("opened", "20.00", payment_id="p1", order_id="o1")).then(refused("id_conflict"))


def test_a_debit_that_is_named_after_it_was_captured_is_lost_by_that():
    small = [captured("10.00", "p1"), captured("5.00", "p2", kind="bank_debit")]  # neither is large enough to be found
    story = given(placed(), *small, dispute("opened", "20.00", **NAMELESS))
    story.given(dispute("opened", "20.00", **NAMES))
    found = story.case.disputes["d1"]
    assert (found.payment_id, found.state) == ("p2", "lost")


def test_a_second_withdrawal_without_a_reinstatement_in_between_is_the_same_movement():
    story = (
        given(*PAID, dispute("opened", "60.00"))
        .when(dispute("funds_withdrawn", "60.00"))
        .then(booked("dispute_withdrawn", "-60.00"))
    )
    story.when(dispute("funds_withdrawn", "60.00")).absorbed()
    story.when(dispute("funds_withdrawn", "61.00")).then(refused("id_conflict"))
    story.when(dispute("funds_reinstated", "60.00")).then(booked("dispute_reinstated", "60.00"))
    story.when(dispute("funds_withdrawn", "60.00")).then(booked("dispute_withdrawn", "-60.00"))
    assert story.case.disputes["d1"].withdrawn_minor == 12000


def test_movements_are_told_apart_by_their_ids():
    story = given(*PAID, dispute("opened", "60.00"), dispute("funds_withdrawn", "30.00", movement_id="w1"))
    story.when(dispute("funds_withdrawn", "30.00", movement_id="w2")).then(booked("dispute_withdrawn", "-30.00"))
    story.when(dispute("funds_withdrawn", "30.00", movement_id="w1")).absorbed()
    story.when(dispute("funds_withdrawn", "31.00", movement_id="w1")).then(refused("id_conflict"))
    assert story.case.disputes["d1"].withdrawn_minor == 6000


def test_fees_are_booked_in_their_own_currency_once_for_each_fact():
    story = (
        given(*PAID)
        .when(dispute("opened", "60.00", fee=money("15.00 USD")))
        .then(booked("fee", "-15.00", currency="USD", payment_id="p1"))
    )
    story.when(dispute("opened", "60.00", fee=money("15.00 USD"))).never(booked("fee"))


@pytest.mark.parametrize(
    ("network", "days"),
    [
        ("visa", 18),
        ("mastercard", 40),
        ("amex", 14),
        ("diners", 25),
        ("discover", 25),
        ("unionpay", 30),
        ("jcb", 40),
        ("other", 14),
        ("new", 14),
        (None, 14),
    ],
)
def test_a_chargeback_is_answered_by_the_table_less_the_margin(network, days):
    event = dispute("opened", "100.00", opened_at=OPENED_AT, network=network)
    due = datetime.fromisoformat(OPENED_AT) + timedelta(days=days) - timedelta(hours=48)
    given(*PAID).when(event).then(
        alerted("dispute.action_required", respond_by=due, deadline_source="table", stage="chargeback")
    )


@pytest.mark.parametrize(
    ("network", "days"),
    [
        ("visa", 18),
        ("mastercard", 40),
        ("amex", 14),
        ("diners", 18),
        ("discover", 18),
        ("unionpay", 30),
        ("jcb", 18),
        (None, 14),
    ],
)
def test_an_inquiry_is_answered_by_the_table_less_the_margin(network, days):
    event = dispute("inquired", "100.00", network=network).at(OPENED_AT)
    due = datetime.fromisoformat(OPENED_AT) + timedelta(days=days) - timedelta(hours=48)
    given(*PAID).when(event).then(
        alerted("dispute.action_required", respond_by=due, deadline_source="table", stage="inquiry")
    )


@pytest.mark.parametrize(("stage", "days"), [("pre_arbitration", 30), ("arbitration", 10)])
def test_later_stages_have_deadlines_of_their_own(stage, days):
    event = dispute("opened", "100.00", opened_at=OPENED_AT, stage=stage, network="visa")
    due = datetime.fromisoformat(OPENED_AT) + timedelta(days=days) - timedelta(hours=48)
    given(*PAID).when(event).then(alerted("dispute.action_required", respond_by=due, stage=stage))


def test_what_the_provider_says_goes_before_the_table():
    event = dispute("opened", "100.00", network="visa", respond_by="2026-01-20T00:00:00Z")
    due = datetime(2026, 1, 20, tzinfo=UTC)
    given(*PAID).when(event).then(alerted("dispute.action_required", respond_by=due, deadline_source="provider"))


@pytest.mark.parametrize(
    ("network", "code", "category"),
    [
        ("visa", "10.4", "fraudulent"),
        ("visa", " 10.4 ", "fraudulent"),
        ("visa", "11.3", "authorization"),
        ("visa", "13.1", "product_not_received"),
        ("visa", "13.3", "product_unacceptable"),
        ("visa", "77.7", "general"),
        ("mastercard", "4837", "fraudulent"),
        ("mastercard", "4863", "unrecognized"),
        ("other", "4837", "fraudulent"),
    ],
)
def test_a_reason_code_gives_the_category_and_an_unknown_one_is_general(network, code, category):
    event = dispute("opened", "100.00", network=network, reason_code=code).but(category=None)
    story = given(*PAID).when(event)
    (body,) = alerts(story, "dispute.action_required")
    assert body["category"] == category
    assert (category == "general") == ("reason_code_unknown" in story.case.flags)


@pytest.mark.parametrize(
    ("inquired", "opened", "category"),
    [
        ({"reason_code": "33"}, {"reason_code": "13.1"}, "product_not_received"),
        ({"reason_code": "13.1"}, {"reason_code": "10.4"}, "fraudulent"),
        ({"reason_code": "10.4"}, {"reason_code": "77.7"}, "general"),
        ({"reason_code": "10.4"}, {"category": "duplicate"}, "duplicate"),
        ({"reason_code": "10.4", "category": "duplicate"}, {"reason_code": "13.1"}, "duplicate"),  # as was stated
        ({"category": "duplicate"}, {"reason_code": "13.1"}, "duplicate"),
    ],
)
def test_a_chargeback_has_the_category_of_its_own_code_and_not_of_its_inquiry_s(inquired, opened, category):
    told = {"network": "visa", "category": None}
    story = given(*PAID, dispute("inquired", "100.00", **told | inquired))
    (body,) = alerts(story.when(dispute("opened", "100.00", **told | opened)), "dispute.action_required")
    assert (body["category"], story.case.disputes["d1"].category) == (category, category)
    codes = {inquired.get("reason_code"), opened.get("reason_code")}
    assert bool(codes & {"33", "77.7"}) == ("reason_code_unknown" in story.case.flags)


def test_each_alert_is_a_new_revision():
    story = given(*PAID).when(dispute("opened", "100.00")).then(alerted("dispute.action_required", revision=1))
    story.when(dispute("escalated", stage="arbitration")).then(
        alerted("dispute.action_required", revision=2, stage="arbitration")
    )


@pytest.mark.parametrize(
    ("end", "recovered"),
    [("won", "100.00"), ("withdrawn", "100.00"), ("lost", "0"), ("accepted", "0"), ("expired", "0")],
)
def test_an_end_is_alerted_once_with_what_was_recovered(end, recovered):
    story = given(*PAID, dispute("opened", "100.00", fee=money("15.00")), dispute("funds_withdrawn", "100.00"))
    if recovered != "0":
        story.given(dispute("funds_reinstated", "100.00"))
    story.when(dispute(end)).then(
        alerted(
            "dispute.closed", outcome=end, disputed=money("100.00"), recovered=money(recovered), fees=[money("15.00")]
        )
    )
    story.when(dispute(end)).never(alerted("dispute.closed"))


def test_a_flip_is_alerted_again():
    story = given(*PAID, dispute("opened", "100.00"), dispute("lost"))
    story.when(dispute("won")).then(alerted("dispute.closed", outcome="won"))


def test_a_dispute_of_a_payment_that_nobody_knows_is_said_once_and_asks_for_an_answer_when_the_payment_comes():
    story = Story(case_id="m1/~p1").when(dispute("opened", "100.00"), dispute("funds_withdrawn", "100.00"))
    assert alerts(story, "dispute.unmatched") == [{"dispute_id": "d1", "payment_id": "p1", "respond_by": None}]
    assert not alerts(story, "dispute.action_required")
    story.when(captured("100.00")).then(alerted("dispute.action_required"), alerted("payment.unlinked", order_id=None))


def test_a_payment_without_an_order_is_said_for_each_capture_and_for_its_first_link():
    story = Story(case_id="m1/~p1").given(
        captured("100.00", capture_id="c1"), capture_failed("100.00", capture_id="c1")
    )
    story.given(captured("100.00", capture_id="c2"))
    for event_id in ("first", "again"):
        story.given(of_payments("payment.linked", "p1", order_id="o1", event_id=event_id))
    said = [out.body for out in story.told if out.body["type"] == "payment.unlinked"]
    assert [(body["order_id"], body["amount"]) for body in said] == [
        (id_, money("100.00")) for id_ in (None, None, "o1")
    ]
    assert len({body["id"] for body in said}) == 3


def test_a_payment_without_an_order_counts_its_money_and_its_disputes():
    story = (
        Story(case_id="m1/~p1")
        .when(captured("100.00"))
        .then(booked("captured", "100.00"), alerted("payment.unlinked", amount=money("100.00")))
    )
    story.when(refund("succeeded", "30.00", refund_id="x1")).then(booked("refund_settled", "-30.00"))
    story.when(dispute("opened", "100.00"), dispute("funds_withdrawn", "100.00")).then(
        alerted("dispute.action_required"), alerted("exposure.detected", over=money("30.00"))
    )


def test_two_lines_of_which_one_is_disputed_by_capture_still_pay_the_rest():
    story = given(
        placed(line("l1", "60.00"), line("l2", "40.00")),
        captured("60.00", capture_id="c1"),
        captured("40.00", capture_id="c2"),
    )
    story.given(dispute("opened", "40.00", capture_id="c2"))
    story.when(asked()).then(approved("60.00", reduced=True))
