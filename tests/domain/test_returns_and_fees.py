"""Goods that must come back first, and what the policy keeps of them."""

from decimal import Decimal

import pytest
from msgspec import structs

from app.domain.policy_terms import Fees, Restocking, ReturnRequired, ReturnShipping
from tests.domain.events import (
    amended,
    asked,
    came_back,
    captured,
    delivered,
    line,
    lines,
    placed,
    refund,
    sent_back,
    taxes,
    verdict,
)
from tests.domain.expecting import approved, denied, held, told
from tests.domain.stories import Story, policy

RULE = ReturnRequired(kinds=("physical",), unless_below={"default": 1500}, reasons_exempt=("not_received", "damaged"))
BACK = policy(return_required=RULE)
DAMAGE = {"opened": Decimal(0), "damaged": Decimal("0.5"), "missing": Decimal(1)}
RESTOCKING = Restocking(
    rate=Decimal("0.15"), categories=("electronics",), conditions=("opened",), reasons=("changed_mind",)
)
WAY_BACK = ReturnShipping(amounts={"EUR": 499}, reasons=("changed_mind",))
FEES = policy(return_required=RULE, fees=Fees(damage=DAMAGE, restocking=RESTOCKING, return_shipping=WAY_BACK))


def bought(terms=BACK, amount="100.00", quantity=1, **more) -> Story:
    return Story(terms).given(placed(line("l1", amount, quantity, **more)), captured(amount), delivered())


def changed_mind(request_id="r1", **units: int):
    return asked(request_id, lines(**units or {"l1": 1}), reason="changed_mind")


def test_goods_come_back_before_the_money_goes():
    story = (
        bought()
        .when(changed_mind())
        .then(
            held("awaiting_return", "100.00", waiting_for="return"),
            told("refund_acknowledged"),
            told("refund_return_needed"),
        )
    )
    story.when(sent_back()).never(approved("100.00"))
    story.when(came_back()).then(approved("100.00", "within_policy"))


def test_goods_that_are_here_already_are_not_waited_for():
    bought().given(came_back()).when(changed_mind()).then(approved("100.00"))


def test_some_of_the_units_are_not_all_of_them():
    story = bought(quantity=4).when(changed_mind(l1=2)).then(held("awaiting_return", "50.00"))
    story.when(came_back("b1", l1=1)).never(approved("50.00"))
    story.when(came_back("b2", l1=1)).then(approved("50.00"))


def test_units_that_came_back_count_for_one_request_only():
    story = bought(quantity=2).given(came_back(l1=1)).when(changed_mind("r1", l1=1)).then(approved("50.00"))
    story.when(changed_mind("r2", l1=1)).then(held("awaiting_return"))


def test_an_amendment_does_not_bring_counted_units_back():
    story = bought(quantity=2).given(came_back(l1=1), changed_mind("r1", l1=1))
    story.given(amended(line("l1", "100.00", 2)))
    story.when(changed_mind("r2", l1=1)).then(held("awaiting_return"))


def test_goods_that_came_back_still_count_when_their_refund_failed_for_good():
    story = bought().given(came_back(), changed_mind())
    for _ in range(2):
        last = [o.body["instruction_id"] for o in story.told if o.body["type"] == "refund.execute"][-1]
        story.given(refund("failed", "100.00", instruction_id=last))
    story.when(changed_mind("r2")).then(approved("100.00"))


@pytest.mark.parametrize(
    ("kind", "amount", "reason", "code"),
    [
        ("physical", "15.00", "changed_mind", "awaiting_return"),
        ("physical", "14.99", "changed_mind", "within_policy"),
        ("digital", "100.00", "changed_mind", "within_policy"),
        ("service", "100.00", "changed_mind", "within_policy"),
        ("physical", "100.00", "not_received", "within_policy"),
        ("physical", "100.00", "damaged", "within_policy"),
        ("physical", "100.00", "not_as_described", "awaiting_return"),
        ("physical", "100.00", "duplicate_charge", "within_policy"),  # charged too much: never a return
    ],
)
def test_kinds_reasons_and_amounts_decide_whether_goods_must_come_back(kind, amount, reason, code):
    story = bought(amount=amount, kind=kind).when(asked(scope=lines(l1=1), reason=reason))
    assert story.case.requests["r1"].reasons[0] == code


def test_goods_that_never_come_end_the_wait():
    story = bought().when(changed_mind())
    story.later(days=29).never(denied("return_not_received"))
    story.later(days=2).then(denied("return_not_received"), told("refund_denied"))


def test_the_wait_for_goods_begins_when_the_review_is_done():
    story = bought(policy(return_required=RULE, auto_approve_limit={"default": 1000})).given(changed_mind())
    story.later(days=10)
    story.when(verdict("approve")).then(held("awaiting_return"))
    story.later(days=29).never(denied("return_not_received"))
    story.later(days=2).then(denied("return_not_received"))


@pytest.mark.parametrize(
    ("category", "condition", "reason", "amount", "fees"),
    [
        ("electronics", "opened", "changed_mind", "80.01", {"restocking": 1500, "return_shipping": 499}),
        ("electronics", "new", "changed_mind", "95.01", {"return_shipping": 499}),
        ("electronics", "damaged", "changed_mind", "45.01", {"damage": 5000, "return_shipping": 499}),
        ("books", "opened", "changed_mind", "95.01", {"return_shipping": 499}),
        ("electronics", "opened", "other", "100.00", {}),
        ("electronics", "damaged", "other", "50.00", {"damage": 5000}),
        # never for a fault of the merchant
        ("electronics", "damaged", "damaged", "100.00", {}),
        ("electronics", "opened", "not_as_described", "100.00", {}),
    ],
)
def test_fees_are_kept_by_condition_category_and_reason(category, condition, reason, amount, fees):
    story = bought(FEES, category=category).given(came_back(condition=condition))
    story.when(asked(scope=lines(l1=1), reason=reason)).then(approved(amount, fees=fees, lines={"l1": 10000}))


def test_what_is_missing_is_kept_whole():
    bought(FEES).given(came_back(condition="missing")).when(changed_mind()).then(denied("nothing_left"))


def test_fees_are_at_most_what_they_reduce():
    story = bought(FEES, amount="16.00", quantity=1).given(came_back(condition="damaged"))
    story.when(changed_mind()).then(approved("3.01", fees={"damage": 800, "return_shipping": 499}))
    small = bought(FEES, amount="4.00").given(came_back())
    small.when(changed_mind()).then(denied("nothing_left"))


def test_the_fees_of_a_line_are_together_at_most_the_line_and_take_nothing_from_another():
    """Of 100.00 90.00 are kept for the damage, so of the 15.00 for restocking 10.00; the other line comes back whole."""
    worn = structs.replace(RESTOCKING, conditions=("damaged",))
    terms = policy(return_required=RULE, fees=Fees(damage={"damaged": Decimal("0.9")}, restocking=worn))
    order = placed(line("l1", "100.00", category="electronics"), line("l2", "20.00"))
    story = Story(terms).given(
        order, captured("120.00"), delivered(), came_back("b1", "damaged"), came_back("b2", l2=1)
    )
    story.when(changed_mind(l1=1, l2=1)).then(approved("20.00", fees={"damage": 9000, "restocking": 1000}))


def test_fees_carry_taxes_in_proportion():
    story = Story(FEES).given(placed(line("l1", "100.00", taxes=taxes("20.00"))), captured("120.00"), delivered())
    story.given(came_back(condition="damaged")).when(asked(scope=lines(l1=1))).then(
        approved("60.00", fees={"damage": 6000}, net=5000, taxes=[1000])
    )


ON_EACH_OTHER = policy(
    fees=Fees(
        damage={"damaged": Decimal("0.5"), "missing": Decimal(1)},
        restocking=Restocking(
            rate=Decimal("0.17"), categories=("e",), conditions=("damaged",), reasons=("changed_mind",)
        ),
        return_shipping=ReturnShipping(amounts={"EUR": 17}, reasons=("changed_mind",)),
    )
)


def test_fees_together_hold_at_most_the_tax_that_they_reduce():
    """Of 1.00 with 0.03 tax: up to 0.50 are 0.015, up to 0.67 are 0.0201, up to 0.84 are 0.0252 tax: 2, 2 and 3."""
    story = Story(ON_EACH_OTHER).given(placed(line("l1", "0.97", category="e", taxes=taxes("0.03"))), captured("1.00"))
    story.given(came_back(condition="damaged")).when(changed_mind()).then(
        approved("0.16", fees={"damage": 50, "restocking": 17, "return_shipping": 17}, net=16, taxes=[])
    )
    assert [row.taxes[0].amount_minor for row in story.case.requests["r1"].rows] == [3, -2, 0, -1]


def test_fees_of_many_requests_take_no_tax_that_was_not_charged():
    bought_many = placed(line("l1", "19.40", 20, category="e", taxes=taxes("0.60")))
    story = Story(ON_EACH_OTHER).given(bought_many, captured("20.00"), came_back(condition="damaged", l1=20))
    for number in range(20):
        story.when(changed_mind(f"r{number}")).then(approved("0.16", net=16, taxes=[]))


def test_the_way_back_is_kept_of_what_the_other_fees_leave():
    """The first line is kept whole, with its tax; the second has none, so what is kept of it for the way has none."""
    two = placed(line("l1", "0.80", taxes=taxes("0.20")), line("l2", "1.00"))
    story = Story(ON_EACH_OTHER).given(two, captured("2.00"), came_back(condition="missing", l1=1))
    story.when(changed_mind(l1=1, l2=1)).then(
        approved("0.83", fees={"damage": 100, "return_shipping": 17}, net=83, taxes=[])
    )


def test_fees_of_two_lines_that_were_rounded_up_leave_less_tax_for_the_way_back():
    """Of each 1.00 with 0.01 tax a half is kept with 0.005, so 0.01; of 1.17 of 2.00 with 0.02 it is 0.0117."""
    two = placed(line("l1", "0.99", taxes=taxes("0.01")), line("l2", "0.99", taxes=taxes("0.01")))
    story = Story(ON_EACH_OTHER).given(two, captured("2.00"), came_back(condition="damaged", l1=1, l2=1))
    story.when(changed_mind(l1=1, l2=1)).then(approved("0.83", net=83, taxes=[]))
    assert [row.taxes[0].amount_minor for row in story.case.requests["r1"].rows] == [1, 1, -1, -1, 0]


def test_units_of_different_conditions_are_kept_apart():
    story = bought(FEES, quantity=2).given(came_back("b1", "damaged", l1=1), came_back("b2", "new", l1=1))
    story.when(asked(scope=lines(l1=2))).then(approved("75.00", fees={"damage": 2500}))


def test_the_fee_is_known_once_the_goods_are_here():
    story = bought(FEES, category="electronics").when(changed_mind()).then(held("awaiting_return", "95.01"))
    story.when(came_back(condition="opened")).then(approved("80.01"))


def test_what_a_fee_kept_uses_its_line_up():
    story = bought(FEES).given(came_back(condition="damaged"), asked("r1", lines(l1=1)))
    story.when(asked("r2", lines(l1=1))).then(denied("quantity_exceeded"))


def test_the_same_return_may_be_said_again_and_not_changed():
    story = bought(quantity=2).given(came_back("b1", l1=1))
    story.when(came_back("b1", l1=1)).absorbed()
    story.when(came_back("b1", l1=2))
    assert [type(r).__name__ for r in story.said] == ["Refused"]


def test_the_units_that_an_earlier_refund_counted_are_passed_over_whatever_their_condition():
    """Four units of 25.00. A damaged one, of which half is kept, was among the two that went before."""
    story = bought(FEES, quantity=4).given(
        came_back("b1", l1=1), came_back("b2", "damaged", l1=1), came_back("b3", l1=2)
    )
    story.when(asked("r1", lines(l1=2))).then(approved("37.50", fees={"damage": 1250}))
    story.when(asked("r2", lines(l1=2))).then(approved("50.00", fees={}))
