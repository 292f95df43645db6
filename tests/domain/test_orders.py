"""What an order gives besides its lines: overpayment, goodwill, tips, duties, delivery; and orders that are amended."""

import pytest

from app.domain.policy_terms import ShippingRefund
from tests.domain.events import (
    amended,
    amount,
    asked,
    cancelled,
    capture_failed,
    captured,
    charged_on,
    delivered,
    delivery,
    dispute,
    full,
    line,
    lines,
    minor,
    placed,
    refund,
    shipping,
    taxes,
    verdict,
)
from tests.domain.expecting import approved, booked, decided, denied, held, instructed, refused
from tests.domain.stories import Story, given, policy

FAULTS = ("damaged", "not_as_described", "not_received")
STRICT = policy(shipping_refund=ShippingRefund(reasons=FAULTS, with_full_return=False))


def test_what_was_charged_too_much_goes_back_first_and_uses_no_line_up():
    story = given(placed(), captured("112.50"))
    story.when(asked("r1", charged_on("p1", "12.50"), reason="overcharged")).then(
        approved("12.50", "overpayment", overpayment=1250)
    )
    story.when(asked("r2")).then(approved("100.00", reduced=False))


@pytest.mark.parametrize("reason", ["duplicate_charge", "overcharged"])
def test_beyond_what_was_charged_too_much_the_rules_of_lines_hold(reason):
    story = given(placed(), captured("112.50"))
    story.when(asked("r1", amount("20.00"), reason=reason)).then(approved("20.00", overpayment=1250, lines={"l1": 750}))
    story.when(asked("r2", amount("1.00"), reason=reason)).then(approved("1.00", overpayment=0, lines={"l1": 100}))


def test_an_overpayment_knows_no_window_and_what_goes_beyond_it_does():
    story = given(placed(), captured("112.50"), delivered())
    story.later(days=40)
    story.when(asked("r1", charged_on("p1", "20.00"), reason="overcharged")).then(denied("window_expired"))
    story.when(asked("r2", charged_on("p1"), reason="overcharged")).then(approved("12.50", "overpayment"))


def test_a_payment_that_was_not_charged_too_much_gives_nothing_as_such():
    given(placed(), captured("100.00")).when(asked(scope=charged_on("p1"), reason="overcharged")).then(
        denied("nothing_left")
    )
    given(placed(), captured("100.00")).when(asked(scope=charged_on("p9"), reason="overcharged")).then(
        denied("not_paid")
    )


def test_a_payment_charged_twice_gives_the_second_charge_back_to_itself():
    story = given(placed(), captured("100.00"), captured("100.00", "p2"))
    story.when(asked(scope=charged_on("p2"), reason="duplicate_charge")).then(
        approved("100.00", "overpayment", paid={("p2", "original"): 10000})
    )
    story.when(asked("r2", charged_on("p1"), reason="duplicate_charge")).then(denied("nothing_left"))


def test_an_overpayment_that_came_back_can_be_asked_again():
    story = given(placed(), captured("112.50"), asked("r1", charged_on("p1"), reason="overcharged"))
    last = story.told[-1].body if story.told[-1].body["type"] == "refund.execute" else None
    instruction = last or next(o.body for o in story.told if o.body["type"] == "refund.execute")
    story.given(refund("succeeded", "12.50", instruction_id=instruction["instruction_id"]))
    story.given(refund("reversed", "12.50", instruction_id=instruction["instruction_id"]))
    story.when(asked("r2", charged_on("p1"), reason="overcharged")).then(approved("12.50", "overpayment"))


@pytest.mark.parametrize("by", ["merchant", "support"])
def test_goodwill_of_the_staff_goes_beyond_the_rules_and_stays_within_the_payment(by):
    story = given(placed(line("l1", "100.00", final_sale=True, taxes=taxes("20.00"))), captured("120.00"), delivered())
    story.later(days=90)
    story.when(asked("r1", amount("12.00"), reason="goodwill", by=by)).then(
        approved("12.00", "merchant_goodwill", goodwill=1200, net=1000, taxes=[200], lines={})
    )
    story.when(asked("r2", amount("108.01"), reason="goodwill", by=by)).then(denied("exceeds_refundable", "108.00"))
    story.when(asked("r3", amount("108.00"), reason="goodwill", by=by)).then(approved("108.00"))


@pytest.mark.parametrize(
    ("bought", "paid", "possible"),
    [
        (placed(), "150.00", 15000),  # more was captured than the order cost
        (placed(tip_minor=500), "105.00", 10500),
        (placed(), "40.00", 4000),
    ],
    ids=["paid too much", "with a tip", "paid in part"],
)
def test_what_goodwill_could_have_been_is_what_the_payments_hold(bought, paid, possible):
    story = given(bought, captured(paid)).when(asked("r1", amount("12.00"), reason="goodwill", by="support"))
    story.then(approved("12.00", refundable_minor=possible))


def test_goodwill_that_waits_for_the_payment_may_be_asked_twice_where_the_order_gives_both():
    story = given(placed(), asked("r1", amount("50.00"), reason="goodwill", by="support"))
    story.when(asked("r2", amount("50.00"), reason="goodwill", by="support")).then(held("awaiting_payment"))
    story.when(asked("r3", amount("50.01"), reason="goodwill", by="support")).then(held("awaiting_payment"))
    story.when(asked("r4", amount("50.01"), reason="goodwill", by="support")).then(denied("duplicate_request"))


def test_goodwill_asked_by_a_customer_is_bound_by_the_rules():
    story = given(placed(line("l1", "100.00", final_sale=True)), captured("100.00"))
    story.when(asked("r1", amount("5.00"), reason="goodwill")).then(denied("final_sale"))
    plain = given(placed(), captured("100.00"), delivered())
    plain.when(asked("r1", amount("5.00"), reason="goodwill")).then(approved("5.00", "within_policy", goodwill=500))
    plain.later(days=31)
    plain.when(asked("r2", amount("5.00"), reason="goodwill")).then(denied("window_expired"))


def test_goodwill_leaves_the_lines_and_the_payment_has_less():
    story = given(placed(), captured("100.00"), asked("r1", amount("10.00"), reason="goodwill", by="support"))
    story.when(asked("r2")).then(approved("90.00", reduced=True))


@pytest.mark.parametrize("reason", FAULTS)
def test_a_tip_comes_back_with_all_of_the_order_for_a_fault_of_the_merchant(reason):
    given(placed(tip_minor=500), captured("105.00")).when(asked(reason=reason)).then(approved("105.00", tip=500))


@pytest.mark.parametrize("reason", ["changed_mind", "other"])
def test_a_tip_stays_where_the_merchant_is_not_at_fault(reason):
    given(placed(tip_minor=500), captured("105.00")).when(asked(reason=reason)).then(approved("100.00", tip=0))


def test_a_tip_does_not_come_back_with_a_part_of_the_order():
    bought = placed(line("l1", "60.00"), line("l2", "40.00"), tip_minor=500)
    given(bought, captured("105.00")).when(asked(scope=lines(l1=1), reason="damaged")).then(approved("60.00", tip=0))


def test_duties_come_back_with_their_lines_by_quantity():
    story = given(
        placed(line("l1", "30.00", 3, duties_minor=1000), line("l2", "10.00", duties_minor=100)), captured("51.00")
    )
    story.when(asked("r1", lines(l1=1))).then(approved("13.33", lines={"l1": 1000}, duties=333))
    story.when(asked("r2", lines(l1=1))).then(approved("13.34", lines={"l1": 1000}, duties=334))
    story.when(asked("r3")).then(approved("24.33", lines={"l1": 1000, "l2": 1000}, duties=433))


@pytest.mark.parametrize(
    ("scope", "reason", "amount_back", "delivery_back"),
    [
        (full(), "damaged", "105.00", 500),
        (full(), "other", "100.00", 0),
        (lines(True, l1=1), "damaged", "65.00", 500),
        (lines(True, l1=1), "other", "60.00", 0),
        (lines(False, l1=1), "damaged", "60.00", 0),
        (lines(True, l1=1, l2=1), "other", "100.00", 0),
    ],
)
def test_delivery_comes_back_for_the_reasons_of_the_policy(scope, reason, amount_back, delivery_back):
    bought = placed(line("l1", "60.00"), line("l2", "40.00"), shipping=[delivery("5.00")])
    given(bought, captured("105.00"), terms=STRICT).when(asked(scope=scope, reason=reason)).then(
        approved(amount_back, shipping=delivery_back)
    )


def test_delivery_comes_back_with_a_full_return_where_the_policy_says_so():
    bought = (placed(line("l1", "60.00"), line("l2", "40.00"), shipping=[delivery("5.00")]), captured("105.00"))
    given(*bought).when(asked()).then(approved("105.00", shipping=500))
    given(*bought).when(asked(scope=lines(True, l1=1))).then(approved("60.00", shipping=0))
    given(*bought).when(asked(scope=lines(True, l1=1, l2=1))).then(approved("105.00", shipping=500))
    story = given(*bought, asked("r1", lines(l1=1)))
    story.when(asked("r2", lines(True, l2=1))).then(approved("45.00", shipping=500))


def test_a_delivery_can_be_asked_back_alone_whole_or_in_part():
    story = given(placed(shipping=[delivery("10.00", taxes=taxes("1.50"))]), captured("111.50"))
    story.when(asked("r1", shipping("5.75"))).then(approved("5.75", net=500, taxes=[75]))
    story.when(asked("r2", shipping())).then(approved("5.75", reduced=True))
    story.when(asked("r3", shipping())).then(denied("nothing_left"))
    story.when(asked("r4", shipping(shipping_id="s9"))).then(denied("unknown_line"))


def test_an_amendment_replaces_the_lines_and_keeps_what_was_approved():
    story = given(placed(line("l1", "100.00", 5)), captured("100.00"), asked("r1", lines(l1=2)))
    story.given(amended(line("l1", "60.00", 3), line("l2", "40.00")))
    story.when(asked("r2", lines(l1=2))).then(denied("quantity_exceeded"))
    story.when(asked("r3")).then(approved("60.00", lines={"l1": 2000, "l2": 4000}))


@pytest.mark.parametrize(
    "shrunk",
    [
        (line("l1", "60.00", 3),),  # below the units that were approved
        (line("l1", "79.99", 5),),  # below the amount
        (line("l2", "100.00", 5),),  # the line is gone
    ],
)
def test_an_amendment_below_what_was_approved_is_refused_and_changes_nothing(shrunk):
    story = given(placed(line("l1", "100.00", 5)), captured("100.00"), asked("r1", lines(l1=4)))
    story.when(amended(*shrunk)).then(refused("illegal_transition"))
    story.when(asked("r2")).then(approved("20.00"))


@pytest.mark.parametrize(
    ("price", "tax", "fits"),
    [
        ("11.01", "0.99", False),  # 1.00 of the tax went back
        ("12.00", "0.00", False),
        ("4.99", "7.01", False),  # 5.00 of the net went back
        ("11.00", "1.00", True),
        ("5.00", "7.00", True),
        ("5.00", "1.00", True),
    ],
)
def test_an_amendment_leaves_the_net_and_each_tax_what_went_back(price, tax, fits):
    """Of 10.00 and 2.00 tax 6.00 went back: 5.00 and 1.00."""
    story = given(placed(line("l1", "10.00", taxes=taxes("2.00"))), captured("12.00"))
    story.when(asked("r1", amount("6.00", "l1"))).then(approved("6.00", net=500, taxes=[100]))
    story.when(amended(line("l1", price, taxes=taxes(tax))))
    if not fits:
        story.then(refused("illegal_transition"))
        story.when(asked("r2")).then(approved("6.00", net=500, taxes=[100]))
    elif (price, tax) != ("5.00", "1.00"):
        story.when(asked("r2")).then(
            approved("6.00", net=minor(price) - 500, taxes=[t for t in [minor(tax) - 100] if t])
        )


def test_an_amendment_that_says_the_same_again_is_no_shrinking():
    """Of 0.03 that are taxes alone a cent holds none of them, and so more net than there is in the end."""
    told = line("l1", "0.00", taxes=taxes("0.01", "0.01", "0.01"))
    story = given(placed(told), captured("0.03")).when(asked("r1", amount("0.01", "l1")))
    story.then(approved("0.01", net=1, taxes=[]))
    story.when(amended(told)).never(refused("illegal_transition"))
    story.when(asked("r2")).then(approved("0.02", net=-1, taxes=[1, 1, 1]))


def test_an_amendment_that_was_refused_may_come_again_when_it_fits():
    story = given(placed(line("l1", "100.00", 5)), captured("100.00"), asked("r1", lines(l1=4)))
    smaller = amended(line("l1", "60.00", 3)).but(event_id="amendment")
    story.when(smaller).then(refused("illegal_transition"))
    for _ in range(2):
        last = [o.body["instruction_id"] for o in story.told if o.body["type"] == "refund.execute"][-1]
        story.given(refund("failed", "80.00", instruction_id=last))
    story.when(smaller)
    assert story.case.order.total_minor == 6000


def test_a_second_order_placed_is_an_amendment():
    story = given(placed(line("l1", "100.00", 5)), captured("100.00"), asked("r1", lines(l1=4)))
    story.when(placed(line("l1", "60.00", 3))).then(refused("illegal_transition"))
    story.when(placed(line("l1", "80.00", 4), line("l2", "20.00"))).never(refused("illegal_transition"))
    story.when(asked("r2")).then(approved("20.00", lines={"l2": 2000}))


def test_an_amendment_releases_what_waits_for_review_of_a_total():
    story = given(placed(total_minor=9000), captured("100.00"), asked()).then(held("total_differs"))
    story.when(amended(line("l1", "100.00"))).then(approved("100.00"))


def test_an_order_that_is_amended_down_was_paid_too_much():
    story = given(placed(), captured("100.00"), amended(line("l1", "80.00")))
    story.when(asked(scope=charged_on("p1"), reason="overcharged")).then(approved("20.00", "overpayment"))


def test_captures_of_one_payment_add_up_and_one_that_failed_is_taken_back():
    story = given(placed(), captured("40.00", capture_id="c1"), captured("60.00", capture_id="c2"))
    assert story.case.payments["p1"].captured_minor == 10000
    failed = {"type": "payment.capture_failed", "payment_id": "p1", "capture_id": "c2"}
    taken_back = captured("60.00").but(method=None, **failed)
    story.when(taken_back).then(booked("capture_failed", "-60.00"))
    story.when(asked()).then(approved("40.00", reduced=True))


def test_the_same_capture_under_another_event_is_absorbed_and_another_amount_is_a_conflict():
    story = given(placed(), captured("100.00"))
    story.when(captured("100.00")).absorbed()
    story.when(captured("110.00")).then(refused("id_conflict"))
    assert story.case.payments["p1"].captured_minor == 10000


@pytest.mark.parametrize("second", [{"capture_id": "c2"}, {"payment_id": "p2"}], ids=["of one payment", "of two"])
def test_captures_that_add_up_beyond_every_number_are_refused(second):
    """The largest amount is 2^53-1: 90,071,992,547,409.91."""
    most = captured("90071992547409.90", capture_id="c1")
    story = given(placed(), most).when(captured("0.02").but(**second)).then(refused("invalid_field", path="amount"))
    assert sum(payment.captured_minor for payment in story.case.payments.values()) == 2**53 - 2
    story.when(captured("0.01").but(**second)).never(refused("invalid_field"))
    story.when(captured("0.01 USD", "p3")).never(refused("invalid_field"))


def test_a_capture_that_failed_makes_room_for_another():
    story = given(placed(), captured("90071992547409.91", capture_id="c1"))
    story.given(capture_failed("90071992547409.91", capture_id="c1"))
    story.when(captured("0.01", capture_id="c2")).never(refused("invalid_field"))


def test_a_payment_in_another_currency_is_no_money_of_the_order():
    story = given(placed(), captured("60.00"), captured("40.00 USD", "p2"))
    story.when(asked("r1", amount("60.01"))).then(denied("exceeds_refundable", "60.00"))
    story.when(asked("r2")).then(approved("60.00", paid={("p1", "original"): 6000}))


@pytest.mark.parametrize("first", [placed(), placed().but(currency="GBP")])
def test_what_is_said_first_of_a_payment_does_not_set_its_currency(first):
    """A dispute or a failure that names the payment before its capture says nothing of what is captured."""
    story = given(first, dispute("opened", "50.00 JPY")).when(captured("100.00 USD"))
    story.never(refused("id_conflict"))
    assert story.case.payments["p1"].currency == "USD"


def test_a_held_request_is_decided_when_the_verdict_finds_the_amended_order():
    terms = policy(auto_approve_limit={"default": 5000})
    story = Story(terms).given(placed(), captured("100.00"), asked()).given(amended(line("l1", "80.00")))
    story.when(verdict("approve")).then(approved("80.00"), instructed("80.00"))


def test_a_cancellation_by_the_customer_keeps_the_tip():
    given(placed(tip_minor=500), captured("105.00")).when(cancelled("r1")).then(approved("100.00", "order_cancelled"))


def test_units_of_a_cancelled_line_cannot_be_asked_for_again():
    story = given(placed(line("l1", "100.00", 2)), captured("100.00"), cancelled("r1", l1=1))
    story.when(asked("r2", lines(l1=2))).then(denied("quantity_exceeded"))
    story.when(cancelled("r1", l1=1)).never(decided())


def test_a_capture_fails_once_by_the_same_amount_whatever_event_says_it():
    story = given(placed(), captured("100.00")).given(capture_failed("40.00"))
    story.when(capture_failed("40.00")).absorbed()
    assert story.case.payments["p1"].captured_minor == 6000


def test_a_request_that_waits_for_its_payment_says_what_would_be():
    given(placed()).when(asked(scope=amount("40.00"))).then(held("awaiting_payment", "40.00", refundable_minor=0))


def test_a_cancellation_before_its_order_gives_the_lines_that_it_names_and_no_more():
    story = given(cancelled("r1", l1=1), placed(line("l1", "90.00", 3)))
    story.when(captured("90.00")).then(approved("30.00"))


def test_a_cancellation_of_all_lines_before_their_order_gives_its_delivery_too():
    story = given(cancelled("r1", l1=1), placed(line("l1", "90.00"), shipping=[delivery("10.00")]))
    story.when(captured("100.00")).then(approved("100.00"))


def test_a_second_placing_that_repairs_the_total_releases_what_waited_for_it():
    story = given(placed(line("l1", "100.00"), total_minor=9000), captured("100.00"))
    story.when(asked()).then(held("total_differs"))
    story.when(placed(line("l1", "100.00"))).then(approved("100.00"))
