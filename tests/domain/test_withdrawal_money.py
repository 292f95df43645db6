"""What goes back with a withdrawal by law, when it must, and how the consumer and the merchant hear of it."""

from datetime import date
from decimal import Decimal

import pytest

from app.domain.policy_terms import Fees, Restocking, ReturnShipping
from tests.domain.dated import Dated, moment
from tests.domain.events import (
    amount,
    asked,
    came_back,
    captured,
    delivery,
    dispute,
    full,
    line,
    lines,
    money,
    of_orders,
    refund,
    sent_back,
    shipping,
    taxes,
    verdict,
    withdrawn,
)
from tests.domain.expecting import alerted, approved, decided, denied, held, instructed, told
from tests.domain.withdrawals import BOUGHT, GOODS_FIRST, IN_TIME, LATE, consumer, law, owner, withdraws

DEAR = delivery("12.00", standard_amount_minor=700)
FEES = Fees(
    restocking=Restocking(
        rate=Decimal("0.15"), categories=("tools",), conditions=("new", "opened", "damaged"), reasons=("changed_mind",)
    ),
    return_shipping=ReturnShipping(amounts={"EUR": 499}, reasons=("changed_mind",)),
    damage={"opened": Decimal("0.10"), "damaged": Decimal("0.50"), "missing": Decimal(1)},
)
TOOL = line("l1", "80.00", category="tools")


# --- the delivery that was charged


@pytest.mark.parametrize(
    ("charged", "expected", "of_it"),
    [
        (delivery("12.00", standard_amount_minor=700), "87.00", 700),
        (delivery("12.00"), "92.00", 1200),  # the standard one, where nothing else is said
        (delivery("5.00", standard_amount_minor=700), "85.00", 500),  # never more than was charged
        (delivery("12.00", standard_amount_minor=0), "80.00", 0),
        (delivery("12.00", standard_amount_minor=700, taxes=taxes("2.40")), "88.40", 840),  # its tax in proportion
    ],
    ids=str,
)
def test_what_the_standard_delivery_would_have_cost_goes_back_and_not_the_surplus(charged, expected, of_it):
    owner(shipping=[charged]).on(IN_TIME, withdraws()).then(approved(expected, "statutory_right", shipping=of_it))


def test_the_delivery_comes_back_with_the_last_line():
    story = owner("NL", None, line("l1", "50.00"), line("l2", "30.00"), shipping=[DEAR])
    story.on(IN_TIME, withdraws("r1", lines(l1=1))).then(approved("50.00", shipping=0))
    story.when(withdraws("r2", lines(l2=1))).then(approved("37.00", shipping=700))


def test_the_last_of_several_units_brings_the_delivery_back():
    story = owner("NL", None, line("l1", "80.00", 2), shipping=[DEAR])
    story.on(IN_TIME, withdraws("r1", lines(l1=1))).then(approved("40.00", shipping=0))
    story.when(withdraws("r2", lines(l1=1))).then(approved("47.00", shipping=700))


def test_duties_come_back_with_the_goods():
    bought = line("l1", "80.00", duties_minor=800)
    story = owner("NL", None, bought).given(captured("8.00", "p2"))
    story.on(IN_TIME, withdraws()).then(approved("88.00", "statutory_right", duties=800))


def test_it_comes_back_whether_the_request_names_it_or_not():
    for scope in (full(), lines(l1=1), lines(True, l1=1)):
        owner(shipping=[DEAR]).on(IN_TIME, withdraws(scope=scope)).then(approved("87.00", shipping=700))


def test_the_delivery_alone_is_nothing_that_one_withdraws_from():
    story = owner(shipping=[DEAR]).on(IN_TIME, withdraws(scope=shipping())).never(instructed())
    assert story.case.requests["r1"].status == "denied"


# --- fees


@pytest.mark.parametrize(
    ("condition", "expected", "fees"),
    [("new", "80.00", {}), ("opened", "80.00", {}), ("damaged", "40.00", {"damage": 4000})],
)
def test_only_loss_of_value_beyond_checking_is_kept(condition, expected, fees):
    terms = law(fees=FEES, return_required=GOODS_FIRST)
    for reason in ("statutory_withdrawal", "changed_mind"):
        story = owner("NL", terms, TOOL).on(IN_TIME, withdraws(reason=reason)).then(held("awaiting_return"))
        story.when(came_back(condition=condition)).then(approved(expected, "statutory_right", fees=fees))


@pytest.mark.parametrize("reason", ["statutory_withdrawal", "changed_mind"])
def test_without_a_right_a_withdrawal_is_a_change_of_mind_with_its_fees(reason):
    story = owner("NL", law(30, fees=FEES, return_required=GOODS_FIRST), TOOL).on(LATE, withdraws(reason=reason))
    story.when(came_back()).then(approved("63.01", "within_policy", fees={"restocking": 1200, "return_shipping": 499}))


@pytest.mark.parametrize("reason", ["statutory_withdrawal", "changed_mind"])
def test_without_a_right_a_withdrawal_is_a_change_of_mind_with_its_delivery(reason):
    bought = line("l1", "50.00"), line("l2", "30.00")  # a part of the order: the policy gives delivery for faults alone
    story = owner("US", law(30), *bought, shipping=[DEAR]).on(
        IN_TIME, withdraws(scope=lines(True, l1=1), reason=reason)
    )
    story.then(approved("50.00", "within_policy", shipping=0))


# --- what of a service was used

OCTOBER = {
    "plan_id": "plan",
    "period_start": "2026-10-01T00:00:00Z",
    "period_end": "2026-11-01T00:00:00Z",
    "timezone": "UTC",
}


def subscriber() -> Dated:
    return consumer(
        "NL", None, line("l1", "31.00", kind="subscription", subscription=OCTOBER), start="2026-10-01T00:00Z"
    )


def test_who_has_not_begun_to_use_a_service_gets_all_of_it_back():
    subscriber().on("2026-10-05T12:00Z", withdraws()).then(approved("31.00", "statutory_right"))


@pytest.mark.parametrize("scope", [full(), lines(l1=1)], ids=["full", "lines"])
def test_who_has_begun_pays_the_proportionate_share(scope):
    story = subscriber().on("2026-10-02T12:00Z", of_orders("service.used", line_id="l1"))
    story.on("2026-10-05T12:00Z", withdraws(scope=scope)).then(approved("26.00", "statutory_right"))  # five days used


FROM_THE_FIFTH_ON = {"kind": "subscription", "line_id": "l1", "effective_at": "2026-10-05T12:00:00Z"}


@pytest.mark.parametrize("scope", [full(), FROM_THE_FIFTH_ON], ids=["full", "subscription"])
def test_what_was_given_back_before_counts_against_the_share(scope):
    story = subscriber().on("2026-10-02T12:00Z", of_orders("service.used", line_id="l1"))
    story.on("2026-10-03T12:00Z", asked("r0", amount("10.00", "l1"), by="support"))
    story.on("2026-10-05T12:00Z", withdraws(scope=scope))
    story.then(approved("16.00", "statutory_right"))  # and 5.00 are paid


def test_a_withdrawal_by_the_scope_of_the_subscription_is_one_too():
    story = subscriber().on("2026-10-02T12:00Z", of_orders("service.used", line_id="l1"))
    story.on("2026-10-05T12:00Z", withdraws(scope=FROM_THE_FIFTH_ON))
    story.then(approved("26.00", "statutory_right", pay_by=date(2026, 10, 19)))


# --- goods first, or the proof that they were sent


def sent_late(country: str = "NL") -> Dated:
    terms = law(return_required=GOODS_FIRST)
    return owner(country, terms).on(IN_TIME, withdraws()).then(held("awaiting_return", waiting_for="return"))


@pytest.mark.parametrize("proof", [sent_back(), came_back()], ids=["sent", "here"])
def test_the_money_may_wait_for_the_goods_or_for_the_proof_that_they_were_sent(proof):
    sent_late().when(proof).then(approved("80.00", "statutory_right"))


def test_a_proof_for_some_of_the_goods_is_none_for_all():
    story = owner("NL", law(return_required=GOODS_FIRST), line("l1", "50.00"), line("l2", "30.00"))
    story.on(IN_TIME, withdraws()).when(sent_back(l1=1)).never(decided(outcome="approved"))
    story.when(sent_back("b2", l2=1)).then(approved("80.00", "statutory_right"))


def pair(**terms: object) -> Dated:
    return owner("NL", law(return_required=GOODS_FIRST, **terms), line("l1", "80.00", 2))


@pytest.mark.parametrize("proof", [sent_back, came_back], ids=["sent", "here"])
def test_a_proof_for_one_unit_is_none_for_two(proof):
    story = pair().on(IN_TIME, withdraws()).when(proof("b1", l1=1)).never(decided(outcome="approved"))
    story.when(proof("b2", l1=1)).then(approved("80.00", "statutory_right"))


@pytest.mark.parametrize("proof", [sent_back, came_back], ids=["sent", "here"])
def test_a_unit_that_was_paid_back_already_proves_nothing_for_the_next_one(proof):
    story = pair().on(IN_TIME, withdraws("r1", scope=lines(l1=1))).when(proof("b1", l1=1)).then(approved("40.00"))
    story.when(withdraws("r2", scope=lines(l1=1))).then(held("awaiting_return"))
    story.when(came_back("b1", l1=1)).never(decided(outcome="approved"))
    story.when(proof("b2", l1=1)).then(approved("40.00", "statutory_right"))


def test_the_second_of_two_parcels_is_kept_for_what_is_lost_of_it():
    story = pair(fees=FEES).on(IN_TIME, withdraws()).when(came_back("b1", l1=1))
    story.when(came_back("b2", "damaged", l1=1)).then(approved("60.00", "statutory_right", fees={"damage": 2000}))


def test_by_when_counts_from_the_last_parcel():
    story = pair().on(IN_TIME, withdraws()).on("2026-02-12T12:00Z", sent_back("b1", l1=1))
    story.on("2026-02-27T12:00Z", sent_back("b2", l1=1)).then(approved("80.00", pay_by=date(2026, 2, 27)))


def test_by_the_policy_alone_sending_is_not_enough():
    story = owner("US", law(30, return_required=GOODS_FIRST)).on(IN_TIME, withdraws()).then(held("awaiting_return"))
    story.when(sent_back()).never(decided(outcome="approved"))


# --- by when

GONE_ON_12, GONE_ON_27 = ("2026-02-12T12:00Z", sent_back()), ("2026-02-27T12:00Z", sent_back())
HERE_ON_12, HERE_ON_27 = ("2026-02-12T12:00Z", came_back()), ("2026-02-27T12:00Z", came_back())


@pytest.mark.parametrize(
    ("country", "after", "by"),
    [
        ("NL", [], "2026-02-24"),
        ("NL", [GONE_ON_12], "2026-02-24"),
        ("NL", [HERE_ON_12], "2026-02-24"),
        ("NL", [GONE_ON_27], "2026-02-27"),
        ("NL", [HERE_ON_27], "2026-02-27"),
        ("GB", [], "2026-02-24"),
        ("GB", [GONE_ON_12], "2026-02-26"),
        ("GB", [HERE_ON_12], "2026-02-26"),
        ("GB", [GONE_ON_27], "2026-03-13"),
        ("GB", [HERE_ON_27], "2026-03-13"),
    ],
    ids=str,
)
def test_the_decision_says_by_when_the_law_wants_it_paid(country, after, by):
    story = owner(country).on(IN_TIME, withdraws()) if not after else sent_late(country)
    for at, proof in after:
        story.on(at, proof)
    story.then(approved("80.00", "statutory_right", pay_by=date.fromisoformat(by)))


def test_in_the_kingdom_the_first_of_sending_and_return_counts():
    story = owner("GB", law(return_required=GOODS_FIRST, auto_approve_limit={"default": 0})).on(IN_TIME, withdraws())
    story.on("2026-02-12T12:00Z", sent_back()).on("2026-02-15T12:00Z", came_back())
    story.on("2026-02-16T12:00Z", verdict("approve")).then(approved("80.00", pay_by=date(2026, 2, 26)))


@pytest.mark.parametrize(
    ("country", "at", "by"),
    [
        ("NL", "2026-02-10T22:59Z", "2026-02-24"),
        ("NL", "2026-02-10T23:00Z", "2026-02-25"),  # the 11th there
        ("NL", "2026-02-07T12:00Z", "2026-02-21"),  # a Saturday stays one
        ("GB", "2026-02-10T23:30Z", "2026-02-24"),
    ],
)
def test_it_counts_the_consumer_s_days_and_no_weekends(country, at, by):
    owner(country).on(at, withdraws()).then(approved("80.00", pay_by=date.fromisoformat(by)))


@pytest.mark.parametrize("country", ["NL", "GB"])
def test_services_are_paid_back_fourteen_days_after_the_withdrawal(country):
    story = consumer(country, law(return_required=GOODS_FIRST), line("l1", "80.00", kind="service"))
    story.on(IN_TIME, withdraws()).then(approved("80.00", pay_by=date(2026, 2, 24)))


# --- who hears of it


def test_a_withdrawal_is_acknowledged_at_once_and_once_whatever_becomes_of_it():
    acknowledged = told("refund_acknowledged", request_id="r1")
    story = owner().on(IN_TIME, withdraws()).then(acknowledged, told("refund_approved"))
    owner().on(IN_TIME, withdraws(reason="changed_mind")).then(acknowledged)  # a withdrawal too
    owner().on(LATE, withdraws()).then(denied("withdrawal_period_over"), acknowledged, told("refund_denied"))
    owner("US").on(IN_TIME, withdraws()).then(acknowledged)
    Dated(law(), start=BOUGHT).on(IN_TIME, withdraws()).then(held("awaiting_order"), acknowledged)
    story = sent_late().then(acknowledged).when(sent_back()).never(acknowledged).then(told("refund_approved"))
    assert [t for t in story.case.requests["r1"].told if t == "refund_acknowledged"] == ["refund_acknowledged"]


def test_an_acknowledgement_has_the_content_and_time_of_the_withdrawal():
    story = owner().on(IN_TIME, withdraws(scope=lines(l1=1)))
    (said,) = [one for one in story.said if told("refund_acknowledged").fits(one)]
    assert said.data["asked_at"] == moment(IN_TIME)
    assert said.data["lines"] == [{"line_id": "l1", "title": "sku-l1", "quantity": 1}]
    assert said.data["statutory"] is True


def near(days_left: int, by: str = "2026-02-24"):
    return alerted("refund.pay_by_near", request_id="r1", pay_by=date.fromisoformat(by), days_left=days_left)


def warnings(story: Dated) -> list[int]:
    return [out.body["days_left"] for out in story.told if out.body["type"] == "refund.pay_by_near"]


def test_the_merchant_is_warned_two_days_before_and_on_the_day_as_the_consumer_counts_days():
    story = owner().on(IN_TIME, withdraws())
    story.until("2026-02-21T22:59Z").never(near(2))
    story.until("2026-02-21T23:00Z").then(near(2))
    story.until("2026-02-23T22:59Z").never(near(1), near(0))
    story.until("2026-02-23T23:00Z").then(near(0))
    story.until("2026-03-30").never(near(0), near(2))
    assert warnings(story) == [2, 0]


def test_a_refund_that_was_paid_needs_no_warning():
    story = owner().on(IN_TIME, withdraws())
    instruction = next(iter(story.case.refunds))
    story.given(refund("submitted", "80.00", instruction_id=instruction))
    story.until("2026-02-22T12:00Z").then(near(2))  # submitted is not paid
    story.given(refund("succeeded", "80.00", instruction_id=instruction)).until("2026-03-30").never(near(0))


def test_a_withdrawal_that_waits_for_a_person_says_its_date_and_is_warned_of():
    waits = held("over_auto_limit", pay_by=date(2026, 2, 24))
    story = owner("NL", law(auto_approve_limit={"default": 0})).on(IN_TIME, withdraws()).then(waits)
    assert story.case.timers["pay_by:r1"] == moment("2026-02-21T23:00Z")  # two days before, as the Dutch count days
    story.on("2026-02-23T12:00Z", verdict("approve")).then(approved("80.00", pay_by=date(2026, 2, 24)))
    story.until("2026-03-30")
    assert warnings(story) == [2, 0]


def test_an_approval_between_the_warnings_is_warned_of_once():
    story = sent_late().on("2026-02-23T12:00Z", sent_back()).then(approved("80.00", pay_by=date(2026, 2, 24)))
    story.until("2026-03-30")
    assert warnings(story) == [0]


@pytest.mark.parametrize("end", [verdict("deny"), withdrawn()], ids=["denied", "taken back"])
def test_what_is_denied_or_taken_back_is_not_due(end):
    story = owner("NL", law(auto_approve_limit={"default": 0})).on(IN_TIME, withdraws()).when(end)
    assert "pay_by:r1" not in story.case.timers
    story.until("2026-03-30")
    assert warnings(story) == []


def test_while_the_goods_are_waited_for_or_the_bank_gives_the_money_back_nothing_is_due():
    nothing_due = held("awaiting_return", pay_by=None)
    story = owner("NL", law(return_required=GOODS_FIRST, auto_approve_limit={"default": 0}))
    story.on(IN_TIME, withdraws()).then(held("over_auto_limit", pay_by=None)).when(verdict("approve")).then(nothing_due)
    owner().on("2026-02-09T12:00Z", dispute("opened", "80.00")).on(IN_TIME, withdraws()).then(
        held("dispute_open", pay_by=None)
    )


def test_where_the_policy_gives_it_there_is_no_date_and_no_warning():
    story = owner("US", law(30)).on(IN_TIME, withdraws()).then(approved("80.00", pay_by=None))
    story.until("2026-03-30")
    assert warnings(story) == []


def test_a_part_that_is_reviewed_down_is_still_due_by_the_day():
    story = owner("NL", law(auto_approve_limit={"default": 0})).on(IN_TIME, withdraws())
    story.when(verdict("approve", amount=money("79.00"))).then(approved("79.00", pay_by=date(2026, 2, 24)))
