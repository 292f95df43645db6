"""A subscription that is cancelled gives back what is not used, by whatever scope its line is asked for."""

from decimal import Decimal
from typing import Any

import pytest

from app.domain.policy_terms import Fees, Window
from tests.domain.dated import Dated
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
    placed,
    taxes,
    verdict,
)
from tests.domain.expecting import approved, denied, held, told
from tests.domain.subscribed import cancels, ends, october, period, subscribed, terms

MIDDLE, NEXT_DAY = "2026-10-15", "2026-10-16"
WHOLE = pytest.mark.parametrize("scope", [full(), lines(l1=1)], ids=["full", "lines"])
HALF_PRICE = Fees(damage={"damaged": Decimal("0.50")})


def stops(request_id: str = "r1", scope: Any = None, **more: Any) -> Any:
    """The request that names lines, or all, and says that a subscription is cancelled."""
    return asked(request_id, scope, **({"reason": "subscription_cancelled"} | more))


def with_goods(paid: str = "57.20", **rules: Any) -> Dated:
    """October for 31.00 and 20 % tax, and goods for 20.00."""
    plan = line("l1", "31.00", kind="subscription", subscription=period(), taxes=taxes("6.20"))
    story = Dated(terms(**rules), start="2026-01-01")
    shipping = [delivery("5.00")] if paid == "62.20" else []
    return story.given(placed(plan, line("l2", "20.00"), shipping=shipping), captured(paid))


@WHOLE
def test_the_whole_line_gives_what_the_scope_of_the_subscription_gives(scope):
    october().on(MIDDLE, stops(scope=scope)).then(approved("19.20", net=1600, taxes=[320], reduced=False))
    october("27.90").on(MIDDLE, stops(scope=scope)).then(approved("9.90", reduced=True))
    october().on("2026-11-01", stops(scope=scope)).then(denied("period_fully_used"))
    october().on("2026-01-02", stops(scope=scope)).then(approved("37.20"))  # not begun


@WHOLE
@pytest.mark.parametrize("first", [cancels("r0"), ends(MIDDLE, "r0")], ids=["cancelled", "asked"])
def test_with_a_cancellation_it_is_one_refund_in_either_order(scope, first):
    october().on(MIDDLE, first).on(NEXT_DAY, stops(scope=scope)).then(denied("nothing_left"))
    story = october().on(MIDDLE, stops(scope=scope)).then(approved("19.20"))
    story.on(NEXT_DAY, cancels("r2")).then(denied("nothing_left"), told("subscription_cancelled"))
    story.on("2026-10-17", stops("r3", scope)).then(denied("nothing_left"))


@WHOLE
def test_no_window_asks_about_a_period_that_ends_and_final_sale_does(scope):
    late = {"window": Window(days=1, from_="placed", by_category={})}
    october(**late).on(MIDDLE, stops(scope=scope)).then(approved("19.20"))
    story = subscribed("31.00", "37.20", tax=("6.20",), rules=terms(), final_sale=True)
    story.on(MIDDLE, stops(scope=scope)).then(denied("final_sale"))


def test_another_reason_and_an_amount_ask_for_what_is_left_as_always():
    october().on(MIDDLE, asked("r1", full())).then(approved("37.20"))
    story = october().on(MIDDLE, cancels("r0"))
    story.on(NEXT_DAY, stops("r1", amount("18.00", "l1"))).then(approved("18.00"))


def test_a_change_of_mind_takes_back_what_a_cancelled_subscription_has_left():
    story = october().on(MIDDLE, cancels("r0")).then(approved("19.20"))
    story.on(NEXT_DAY, asked("r1", full(), reason="changed_mind")).then(approved("18.00", reduced=True))
    late = october(window=Window(days=1, from_="placed", by_category={})).on(MIDDLE, cancels("r0"))
    late.on(NEXT_DAY, asked("r1", full(), reason="changed_mind")).then(denied("window_expired"))


def test_of_several_units_each_gives_its_part_of_what_is_not_used():
    story = subscribed("31.00", "37.20", tax=("6.20",), rules=terms(), quantity=2).on(MIDDLE, stops(scope=lines(l1=1)))
    story.then(approved("9.60", net=800, taxes=[160])).when(stops("r2", lines(l1=1))).then(approved("9.60"))
    story.when(stops("r3", lines(l1=1))).then(denied("nothing_left"))
    story = subscribed("31.00", "37.20", tax=("6.20",), rules=terms(), quantity=2).on(MIDDLE, cancels("r0"))
    story.when(stops("r1", lines(l1=1))).then(denied("nothing_left"))


def test_the_part_of_one_unit_is_rounded_once():
    """16 of 31 days of 0.05 are 2.58 cents; half of that is 1.29, and not half of 3."""
    subscribed("0.05", rules=terms(), quantity=2).on(MIDDLE, stops(scope=lines(l1=1))).then(approved("0.01"))


@pytest.mark.parametrize("scope", [full(), lines(l1=1, l2=1)], ids=["full", "lines"])
def test_other_lines_go_back_by_their_own_rules(scope):
    with_goods().on(MIDDLE, stops(scope=scope)).then(approved("39.20", lines={"l1": 1920, "l2": 2000}, reduced=False))
    story = with_goods().on(MIDDLE, cancels("r0")).when(stops(scope=scope))
    story.then(approved("20.00", lines={"l2": 2000}, reduced=True))
    late = {"window": Window(days=1, from_="placed", by_category={})}
    with_goods(**late).on(MIDDLE, stops(scope=scope)).then(denied("window_expired"))


@pytest.mark.parametrize("scope", [full(), lines(True, l1=1, l2=1)], ids=["full", "lines"])
def test_the_delivery_comes_back_where_no_share_was_used(scope):
    with_goods("62.20").on(MIDDLE, stops(scope=scope)).then(approved("39.20", shipping=0))
    with_goods("62.20").on("2026-01-02", stops(scope=scope)).then(approved("62.20", shipping=500))


def test_of_several_units_each_gives_its_part_of_the_setup_fee():
    """Of 31.00 10.00 are for the setup. A half of 16/31 of 21.00 is 5.42, and a half of the fee 5.00."""
    story = subscribed("31.00", fee=1000, rules=terms(fee="refund"), quantity=2)
    story.on(MIDDLE, stops(scope=lines(l1=1))).then(approved("10.42"))
    story.on(MIDDLE, stops("r2", lines(l1=1))).then(approved("10.42"))


def test_over_two_payments_the_money_comes_first_once_and_the_rest_is_credit():
    """20.00 for goods are money: 15.00 of the first payment and 5.00 of the second, which gives 19.20 credit too."""
    story = with_goods("15.00", on="store_credit").given(captured("42.20", "p2")).on(MIDDLE, stops(scope=full()))
    paid = {("p1", "original"): 1500, ("p2", "original"): 500, ("p2", "store_credit"): 1920}
    story.then(approved("39.20", paid=paid))


def test_store_credit_is_for_what_the_period_has_left_alone():
    story = with_goods(on="store_credit").on(MIDDLE, stops(scope=full()))
    story.then(approved("39.20", paid={("p1", "original"): 2000, ("p1", "store_credit"): 1920}))
    story = with_goods(on="store_credit", fees=HALF_PRICE).on(NEXT_DAY, came_back("b1", "damaged", l2=1))
    story.when(stops(scope=full()).at(f"{MIDDLE}T12:00:00Z"))
    story.then(approved("29.20", paid={("p1", "original"): 1000, ("p1", "store_credit"): 1920}))


def test_of_less_than_that_the_money_comes_first_and_the_credit_is_what_is_left():
    """Of 20.00 for goods half is kept, so 10.00 are money and 19.20 credit; a dispute leaves 28.00 of them."""
    story = with_goods(on="store_credit", fees=HALF_PRICE).on(NEXT_DAY, came_back("b1", "damaged", l2=1))
    story.given(dispute("opened", "29.20")).when(stops(scope=full()).at(f"{MIDDLE}T12:00:00Z"))
    story.then(approved("28.00", paid={("p1", "original"): 1000, ("p1", "store_credit"): 1800}))


def test_while_the_first_is_held_the_same_is_a_duplicate():
    story = (
        october(auto_approve_limit={"default": 0}).on(MIDDLE, stops(scope=lines(l1=1))).then(held("over_auto_limit"))
    )
    story.when(stops("r2", lines(l1=1))).then(denied("duplicate_request"))
    story.when(ends(MIDDLE, "r3")).then(held("over_auto_limit"))  # another scope, and checked again when it is paid
    story.when(verdict("approve", request_id="r1"), verdict("approve", "bob", request_id="r3"))
    assert sum(one.amount_minor for one in story.case.refunds.values()) == 1920
