"""Waits, retention, history before this installation acts, policies that change, and who is forgotten."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from app.domain.case import encode_case
from app.domain.policy import Policies, sealed
from app.domain.records import Alerted, Cancelled, Executed, Reported, Told
from tests.domain.events import (
    amount,
    asked,
    cancelled,
    captured,
    delivered,
    dispute,
    erased,
    line,
    lines,
    money,
    of_orders,
    of_payments,
    placed,
    refund,
    verdict,
)
from tests.domain.expecting import alerted, approved, booked, decided, denied, held, instructed, told
from tests.domain.stories import START, Story, given, policy

PAID = (placed(), captured("100.00"), delivered())
ACTING = (Executed, Cancelled, Alerted, Told)


@pytest.mark.parametrize(
    ("before", "code", "waits_for", "span"),
    [
        ((), "awaiting_order", "order", timedelta(hours=72)),
        ((placed(),), "awaiting_payment", "payment", timedelta(days=7)),
    ],
)
def test_a_wait_counts_from_the_journal_and_ends_with_a_denial(before, code, waits_for, span):
    story = Story().given(*before).when(asked(scope=lines(l1=1)).at("2026-01-01T00:00:00Z"))
    story.then(held(code, waiting_for=waits_for, wait_until=story.now + span))
    story.later(seconds=span.total_seconds() - 1).never(decided(outcome="denied"))
    story.later(seconds=2).then(decided(outcome="denied"), told("refund_denied"))
    assert story.later(days=90).said == []


def test_a_wait_that_is_over_for_one_request_is_not_over_for_the_next():
    story = given(placed(), asked("r1"))
    story.later(days=8).then(denied("not_paid"))
    story.when(asked("r2")).then(held("awaiting_payment"))


def test_a_payment_that_stays_partial_is_refunded_as_far_as_it_goes_when_the_wait_is_over():
    story = given(
        placed(), captured("40.00").but(type="payment.authorized", amount={"amount_minor": 10000, "currency": "EUR"})
    )
    story.given(captured("40.00")).when(asked()).then(held("awaiting_payment"))
    story.later(days=8).then(approved("40.00", reduced=True), instructed("40.00"))


def test_ids_at_their_limit_have_timers_like_all_others():
    long = "r" * 128
    Story().given(asked(long)).later(days=4).then(denied("order_not_received_in_time", request_id=long))


def retired() -> Story:
    story = given(*PAID, asked("r0", amount("40.00")), dispute("opened", "10.00"))
    story.given(refund("succeeded", "40.00", instruction_id=next(iter(story.case.refunds))))
    story.later(days=802)
    assert story.case.expired
    return story


def test_after_its_retention_a_case_keeps_its_money_and_decides_nothing():
    story = retired()
    payment = story.case.payments["p1"]
    assert (payment.captured_minor, story.case.refunds[next(iter(story.case.refunds))].status) == (10000, "succeeded")
    story.when(asked("r1", amount("1.00"))).then(denied("case_expired"), told("refund_denied"))
    assert [entry.type for entry in story.case.timeline] == ["refund.requested", "refund.denied"]


def test_after_its_retention_disputes_still_alert():
    retired().when(dispute("opened", "60.00", dispute_id="d2")).then(
        alerted("dispute.action_required", dispute_id="d2")
    )
    story = retired().when(
        dispute("opened", "60.00", dispute_id="d2"), dispute("funds_withdrawn", "70.00", dispute_id="d2")
    )
    story.then(alerted("exposure.detected"))


@pytest.mark.parametrize(
    "event",
    [
        cancelled(l1=1),
        of_orders("service.used", line_id="l1"),
        of_payments("refund.settled", "p1", refund_id="x1", settlement={"amount": money("1.10 USD"), "rate": "1.1"}),
        of_orders("subscription.cancelled", line_id="l1", effective="immediate"),
        dispute("opened", "10.00", fee=money("15.00")),
        verdict("deny"),
    ],
    ids=lambda event: event.body["type"],
)
def test_what_a_case_has_heard_is_a_repetition_after_its_retention_too(event):
    said = event.but(event_id="the same")
    story = given(placed(line("l1", "100.00", 5)), captured("100.00"), refund("succeeded", "1.00", refund_id="x1"))
    story.given(said).later(days=802)
    assert story.case.expired
    frozen = encode_case(story.case)
    story.when(said.but(occurred_at="2026-01-05T12:04:00Z"))
    assert story.said == []
    assert encode_case(story.case) == frozen


def test_what_is_held_when_a_case_expires_is_denied():
    story = Story(policy(auto_approve_limit={"default": 1000})).given(*PAID, asked())
    story.later(days=802).then(denied("case_expired"))


def test_an_event_renews_the_retention():
    story = given(*PAID)
    story.later(days=799)
    story.given(delivered()).later(days=799)
    assert not story.case.expired
    story.later(days=3)
    assert story.case.expired


def test_before_the_day_from_which_we_act_everything_is_decided_and_nothing_done():
    story = Story(historical=True).given(*PAID).when(asked()).then(approved("100.00", historical=True))
    story.never(instructed(), told("refund_approved"))
    assert not story.case.refunds
    story.when(dispute("opened", "100.00"), dispute("funds_withdrawn", "100.00"))
    assert not [record for record in story.said if isinstance(record, ACTING)]
    story.then(booked("dispute_withdrawn", "-100.00"))


def test_a_refund_of_that_time_counts_as_made_outside():
    story = Story(historical=True).given(*PAID, asked("r1", lines(l1=1)))
    story.given(
        refund("succeeded", "100.00", instruction_id="of the old system", lines=[{"line_id": "l1", "quantity": 1}])
    )
    story.context["historical"] = False
    story.when(asked("r2", lines(l1=1))).then(denied("quantity_exceeded"))


def test_what_was_held_in_that_time_acts_when_it_is_released_now():
    story = Story(policy(auto_approve_limit={"default": 1000}), historical=True).given(*PAID, asked())
    story.context["historical"] = False
    story.when(verdict("approve")).then(
        approved("100.00", historical=False), instructed("100.00"), told("refund_approved")
    )


def test_the_policy_of_the_time_of_asking_speaks_and_is_named():
    old = sealed(msgspec.structs.replace(policy(), id="p", version=1, effective_from=datetime(2020, 1, 1, tzinfo=UTC)))
    strict = msgspec.structs.replace(
        old, version=2, effective_from=START + timedelta(days=1), auto_approve_limit={"default": 1}
    )
    story = given(placed())
    story.book = Policies([old, sealed(strict)])
    story.when(asked("r1")).then(held("awaiting_payment", policy=("p", 1, old.digest)))
    story.later(days=2)
    story.when(captured("100.00")).then(approved("100.00", policy=("p", 1, old.digest)))
    story.given(captured("50.00", "p2"))
    story.when(asked("r2", amount("50.00"), reason="overcharged")).then(
        held("over_auto_limit", policy=("p", 2, sealed(strict).digest))
    )


def test_an_erased_customer_is_a_token_in_the_case_and_in_what_is_said_of_it():
    story = given(placed(customer_id="c1"), captured("100.00"), asked("r1", amount("10.00")))
    story.given(erased("c1", "gone-1"))
    assert story.case.customer_id == "gone-1"
    story.when(asked("r2", amount("10.00"))).then(approved("10.00"))
    assert {out.body["customer_id"] for out in story.told[-2:]} == {"gone-1"}
    story.given(placed(line("l1", "100.00"), customer_id="c1"))
    assert story.case.customer_id == "gone-1"


def test_an_erasure_reaches_the_name_under_which_the_case_was_reported():
    story = given(placed(customer_id="ann-of-old"), captured("100.00"), erased("ann-of-old", "gone-1"))
    assert b"ann-of-old" not in encode_case(story.case)
    story.when(placed(line("l1", "100.00"), customer_id="ann-of-old"))
    assert not [record for record in story.said if isinstance(record, Reported)], "the token is known already"


def test_the_same_story_told_twice_gives_the_same_records_and_bodies():
    first, second = given(*PAID).when(asked()), given(*PAID).when(asked())
    assert first.said == second.said
    assert [out.body for out in first.told] == [out.body for out in second.told]
