"""In which order a request is asked about: the first denial is decisive, holds are collected."""

import pytest

from app.domain.policy_terms import ReturnRequired
from tests.domain.events import (
    amount,
    asked,
    authorized,
    cancelled,
    captured,
    delivered,
    dispute,
    fulfilled,
    line,
    lines,
    money,
    payment_failed,
    placed,
    refund,
    shipping,
    taxes,
    verdict,
    voided,
    withdrawn,
)
from tests.domain.expecting import approved, decided, denied, held, instructed, refused, taken_back, told
from tests.domain.stories import Story, given, policy

PAID = (placed(), captured("100.00"), delivered())
REVIEWED = policy(auto_approve_limit={"default": 5000})
GOODS_BACK = ReturnRequired(kinds=("physical",), unless_below=None, reasons_exempt=())
FINAL = line("l2", "40.00", final_sale=True)
TWO_LINES = (placed(line("l1", "60.00"), FINAL), captured("100.00"), delivered())


@pytest.mark.parametrize(
    ("before", "last", "days", "code"),
    [
        # well formed, before the order is known
        ((), asked(scope=amount("0")), 0, "amount_not_positive"),
        # a duplicate of a held one, before its currency
        ((*PAID, asked("r0")), asked(expected_amount=money("1.00 USD")), 0, "duplicate_request"),
        # currency, before whether anything is paid
        ((placed(),), asked(scope=amount("1.00 USD")), 0, "currency_mismatch"),
        ((placed(),), asked(expected_amount=money("1.00 USD")), 0, "currency_mismatch"),
        # paid, before lines and quantities
        ((placed(),), asked(scope=lines(l9=1)), 0, "awaiting_payment"),
        ((placed(), voided()), asked(scope=lines(l9=1)), 0, "not_paid"),
        # lines, before quantities, before dispute, window and final sale
        (TWO_LINES, asked(scope=lines(l9=1, l1=5)), 31, "unknown_line"),
        (TWO_LINES, asked(scope=lines(l1=5)), 31, "quantity_exceeded"),
        ((*TWO_LINES, dispute("opened", "100.00"), dispute("lost")), asked(scope=lines(l2=1)), 31, "dispute_lost"),
        # window, before final sale
        (TWO_LINES, asked(scope=lines(l2=1)), 31, "window_expired"),
        # final sale, before the amount
        (TWO_LINES, asked(scope=amount("100.01", "l2")), 0, "final_sale"),
        # window, before the amount
        (PAID, asked(scope=amount("100.01", "l1")), 31, "window_expired"),
        # the amount, before the one that is expected
        (PAID, asked(scope=amount("100.01"), expected_amount=money("1.00")), 0, "exceeds_refundable"),
        # the one that is expected, before risk and limits
        (PAID, asked(expected_amount=money("1.00")), 0, "expected_amount_differs"),
        # a hold does not outweigh a later denial
        ((*PAID, dispute("opened", "100.00"), dispute("evidence_submitted")), asked(), 31, "window_expired"),
    ],
)
def test_of_two_answers_the_question_that_comes_first_gives_the_code(before, last, days, code):
    story = Story(REVIEWED).given(*before)
    if days:
        story.later(days=days)
    story.when(last).then(decided(code=code, request_id="r1"))


def test_holds_are_collected_in_the_order_of_the_questions_and_the_first_says_what_is_waited_for():
    terms = policy(
        auto_approve_limit={"default": 5000}, second_reviewer_above={"default": 6000}, return_required=GOODS_BACK
    )
    risky = (placed(total_minor=9000), captured("100.00", risk={"level": "high"}), delivered())
    codes = ["total_differs", "high_risk", "over_auto_limit", "needs_second_reviewer", "awaiting_return"]
    given(*risky, terms=terms).when(asked()).then(held("total_differs", "100.00", codes=codes, waiting_for="review"))


def test_an_unknown_order_or_an_unpaid_one_asks_nothing_further():
    Story(REVIEWED).when(asked(scope=amount("90.00"))).then(
        held("awaiting_order", codes=["awaiting_order"], amount_minor=None, refundable_minor=None, requested_minor=9000)
    )
    given(placed(), terms=REVIEWED).when(asked()).then(held("awaiting_payment", codes=["awaiting_payment"]))


def test_a_request_is_decided_once_what_it_waits_for_is_there():
    story = Story(REVIEWED).when(asked(scope=amount("40.00"))).then(held("awaiting_order", revision=1))
    story.when(placed()).then(held("awaiting_payment", revision=2))
    story.when(captured("100.00")).then(approved("40.00", "within_policy", revision=3), instructed("40.00"))
    story.later(days=4).never(decided(request_id="r1"))


def test_a_denied_request_stays_denied_and_the_customer_may_ask_anew():
    story = given(placed(), voided()).when(asked()).then(denied("not_paid"))
    story.when(captured("100.00", "p2")).never(decided(request_id="r1"))
    story.when(asked("r2")).then(approved("100.00"))


@pytest.mark.parametrize(
    ("before", "code"),
    [
        ((placed(),), "awaiting_payment"),
        ((placed(), authorized("100.00")), "awaiting_payment"),
        ((placed(), authorized("100.00"), voided()), "not_paid"),
        ((placed(), payment_failed()), "not_paid"),
        ((placed(), payment_failed(), authorized("100.00", "p2")), "awaiting_payment"),
        ((placed(), payment_failed(), voided("p2")), "not_paid"),
        # tried again under the same id, and granted: an authorization is open
        ((placed(), payment_failed(), authorized("100.00")), "awaiting_payment"),
        ((placed(), authorized("100.00"), voided(), authorized("100.00")), "awaiting_payment"),
        ((placed(), payment_failed(), authorized("100.00"), voided()), "not_paid"),
        # one that was granted before it fell through arrives late
        ((placed(), voided(), authorized("100.00").at("2026-01-05T11:00:00Z")), "not_paid"),
        # one that fell through before it was granted is heard of late
        ((placed(), authorized("100.00"), voided().at("2026-01-05T11:00:00Z")), "awaiting_payment"),
        ((placed(), authorized("100.00"), payment_failed().at("2026-01-05T11:00:00Z")), "awaiting_payment"),
        ((placed(), captured("0")), "awaiting_payment"),
        ((placed(), captured("100.00 USD")), "awaiting_payment"),
        ((placed(), authorized("100.00"), captured("40.00")), "awaiting_payment"),
        ((placed(), authorized("60.00", "p2"), captured("40.00")), "awaiting_payment"),
        ((placed(), authorized("60.00", "p2"), captured("40.00"), voided("p2")), "within_policy"),
        ((placed(), captured("40.00")), "within_policy"),
    ],
)
def test_what_is_not_captured_is_awaited_while_it_may_still_come(before, code):
    given(*before).when(asked()).then(decided(code=code))


def test_only_the_whole_order_waits_for_the_rest_of_its_payment():
    before = (placed(line("l1", "60.00"), line("l2", "40.00")), authorized("100.00"), captured("60.00"))
    given(*before).when(asked(scope=lines(l2=1))).then(approved("40.00"))


@pytest.mark.parametrize("by", ["merchant", "support"])
@pytest.mark.parametrize(
    ("scope", "days", "code"), [(lines(l1=1), 31, "window_expired"), (lines(l2=1), 0, "final_sale")]
)
def test_what_would_deny_a_customer_is_advice_for_the_staff(by, scope, days, code):
    story = given(*TWO_LINES)
    if days:
        story.later(days=days)
    amount_of = "60.00" if "l1" in str(scope) else "40.00"
    story.when(asked("r1", scope)).then(denied(code))
    story.when(asked("r2", scope, by=by)).then(approved(amount_of, codes=["within_policy", code]))


@pytest.mark.parametrize("by", ["customer", "system"])
def test_only_merchant_and_support_are_staff(by):
    given(*TWO_LINES).when(asked(scope=lines(l2=1), by=by)).then(denied("final_sale"))


def test_the_policy_says_which_denials_are_advice():
    given(*TWO_LINES, terms=policy(staff_override=("window_expired",))).when(
        asked(scope=lines(l2=1), by="support")
    ).then(denied("final_sale"))


def test_one_line_out_of_its_window_denies_all_of_them_and_is_named():
    terms = policy()
    story = given(
        placed(line("l1", "60.00"), line("l2", "40.00")),
        captured("100.00"),
        fulfilled("s1", l1=1),
        delivered("s1"),
        terms=terms,
    )
    story.later(days=20)
    story.given(fulfilled("s2", l2=1), delivered("s2")).later(days=15)
    story.when(asked("r1", lines(l1=1, l2=1))).then(denied("window_expired"))
    message = next(r for r in story.said if decided(outcome="denied").fits(r)).reasons[0].message
    assert "l1" in message
    assert "l2" not in message
    story.when(asked("r2", lines(l2=1))).then(approved("40.00"))


def test_two_held_requests_of_different_scopes_are_no_duplicates_and_the_second_gets_what_is_left():
    story = Story(REVIEWED).given(*PAID, asked("r1", amount("60.00")))
    story.when(asked("r2", amount("55.00"))).then(held("over_auto_limit"))
    story.when(verdict("approve", request_id="r2")).then(approved("55.00", request_id="r2"))
    story.when(verdict("approve", request_id="r1")).then(denied("exceeds_refundable", "45.00", request_id="r1"))


def test_two_requests_of_the_same_scope_stand_beside_each_other_where_there_is_enough_for_both():
    terms = policy(auto_approve_limit={"default": 1000})
    story = given(placed(line("l1", "100.00", 4)), captured("100.00"), asked("r1", lines(l1=2)), terms=terms)
    story.when(asked("r2", lines(l1=2))).then(held("over_auto_limit"))
    story.when(asked("r3", lines(l1=2))).then(held("over_auto_limit"))
    three = given(placed(line("l1", "100.00", 4)), captured("100.00"), asked("r1", lines(l1=3)), terms=terms)
    three.when(asked("r2", lines(l1=3))).then(denied("duplicate_request"))


@pytest.mark.parametrize("again", [lines(l2=1, l1=1), lines(True, l1=1, l2=1)], ids=["other order", "with delivery"])
def test_the_same_units_are_the_same_scope_however_they_are_named(again):
    bought = (placed(line("l1", "60.00"), line("l2", "40.00")), captured("100.00"))
    story = given(*bought, asked("r1", lines(l1=1, l2=1)), terms=policy(auto_approve_limit={"default": 1000}))
    story.when(asked("r2", again)).then(denied("duplicate_request"))


def test_a_request_may_be_repeated_under_another_event_and_not_changed():
    story = given(*PAID).when(asked("r1", amount("10.00"))).then(approved("10.00"))
    story.when(asked("r1", amount("10.00"))).absorbed()
    story.when(asked("r1", amount("11.00"))).then(refused("id_conflict"))


def test_a_request_taken_back_while_it_is_held_is_withdrawn_and_final():
    story = Story(REVIEWED).given(*PAID, asked()).when(withdrawn()).then(taken_back(), told("refund_withdrawn"))
    story.when(verdict("approve")).then(refused("illegal_transition"))
    story.when(asked("r2", amount("20.00"))).then(approved("20.00"))


def test_the_amount_that_is_expected_must_come_out():
    story = given(placed(line("l1", "12.00", 4)), captured("12.00"))
    story.when(asked("r1", lines(l1=1), expected_amount=money("3.01"))).then(denied("expected_amount_differs", "3.00"))
    story.when(asked("r2", lines(l1=1), expected_amount=money("3.00"))).then(approved("3.00"))


@pytest.mark.parametrize("scope", [amount("0"), amount("-1.00"), shipping("0") | {"amount_minor": 0}])
def test_an_amount_of_nothing_or_less_is_denied(scope):
    given(*PAID).when(asked(scope=scope)).then(denied("amount_not_positive"))


def test_what_rounds_to_zero_is_nothing():
    story = given(placed(line("l1", "0.01", 3)), captured("0.01"))
    story.when(asked("r1", lines(l1=1))).then(denied("nothing_left"))
    story.when(asked("r2", lines(l1=2))).then(approved("0.01"))


def test_a_line_discounted_to_zero_gives_nothing():
    bought = placed(line("l1", "5.00", discount_minor=500), line("l2", "7.00"))
    given(bought, captured("7.00")).when(asked(scope=lines(l1=1))).then(denied("nothing_left"))


def test_limits_are_read_by_currency_and_else_by_default():
    terms = policy(auto_approve_limit={"default": 1000, "USD": 9000})
    given(*PAID, terms=terms).when(asked(scope=amount("10.01"))).then(held("over_auto_limit"))
    given(*PAID, terms=terms).when(asked(scope=amount("10.00"))).then(approved("10.00"))
    dollars = (placed(currency="USD"), captured("100.00 USD"))
    given(*dollars, terms=terms).when(asked(scope=amount("90.00 USD"))).then(approved("90.00"))


def test_a_cancellation_asks_for_exactly_what_it_cancels():
    bought = (placed(line("l1", "60.00", 3), line("l2", "40.00")), captured("100.00"), fulfilled("s1", l1=2))
    given(*bought).when(cancelled("r1")).then(approved("60.00", "order_cancelled", lines={"l1": 2000, "l2": 4000}))
    given(*bought).when(cancelled("r1", l2=1)).then(approved("40.00", "order_cancelled"))
    given(*bought).when(cancelled()).never(decided())
    given(*bought, cancelled(l2=1)).when(cancelled("r1")).then(approved("20.00", "order_cancelled", lines={"l1": 2000}))


@pytest.mark.parametrize("early", [False, True], ids=["after its order", "before its order"])
def test_a_cancellation_of_more_than_was_bought_is_denied_like_any_other_request(early):
    bought, beyond = placed(line("l1", "60.00", 3)), cancelled("r1", l1=4)
    events = (captured("60.00"), beyond, bought) if early else (bought, captured("60.00"), beyond)
    given(*events[:-1]).when(events[-1]).then(denied("quantity_exceeded"))


def test_a_cancellation_that_finds_nothing_to_cancel_pays_nothing():
    sent = (placed(), captured("100.00"), fulfilled("s1", l1=1), delivered("s1"))
    given(*sent).when(cancelled("r1")).then(denied("nothing_left"))


def test_a_cancelled_order_comes_back_with_its_delivery_and_without_window_or_return():
    terms = policy(return_required=GOODS_BACK)
    bought = placed(shipping=[{"shipping_id": "s1", "amount_minor": 500}])
    story = given(bought, captured("105.00"), terms=terms)
    story.later(days=60)
    story.when(cancelled("r1")).then(approved("105.00", "order_cancelled", shipping=500))


def test_a_high_risk_is_for_a_person_and_an_elevated_one_is_not():
    risky = captured("100.00", risk={"level": "elevated"})
    given(placed(), risky).when(asked()).then(approved("100.00"))


def test_an_outside_refund_that_says_for_what_lets_later_requests_go_on():
    story = given(*PAID, refund("succeeded", "10.00", refund_id="x1", lines=[{"line_id": "l1", "quantity": 1}]))
    story.when(asked()).then(approved("90.00", "within_policy"))


def test_a_total_that_is_off_by_rounding_goes_onto_the_last_line():
    bought = placed(line("l1", "60.00"), line("l2", "40.00"), total_minor=10002)
    given(bought, captured("100.02")).when(asked()).then(approved("100.02", lines={"l1": 6000, "l2": 4002}))
    off = placed(line("l1", "60.00"), line("l2", "40.00"), total_minor=10003)
    given(off, captured("100.03")).when(asked()).then(held("total_differs", "100.00"))


@pytest.mark.parametrize(
    ("price", "tax", "inside", "total", "net"),
    [
        ("0.10", "0.09", True, 9, 0),
        ("0.10", "0.10", True, 9, None),
        ("0.00", "0.10", False, 9, None),
        ("0.01", "0.10", False, 10, 0),
    ],
)
def test_a_total_below_the_taxes_of_the_last_line_is_not_rounding(price, tax, inside, total, net):
    bought = placed(line("l1", price, taxes=taxes(tax)), prices_include_tax=inside, total_minor=total)
    story = given(bought, captured(f"0.{total:02}")).when(asked())
    if net is None:
        story.then(held("total_differs", f"0.{total:02}"))
    else:
        story.then(approved(f"0.{total:02}", net=net, taxes=[total]))
