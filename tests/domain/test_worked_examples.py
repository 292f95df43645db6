"""The worked examples of the domain, as they stand."""

import pytest

from tests.domain.events import (
    amount,
    asked,
    captured,
    delivery,
    dispute,
    full,
    line,
    lines,
    placed,
    refund,
    shipping,
    taxes,
)
from tests.domain.expecting import approved, denied, held
from tests.domain.stories import Story, given


def instruction_of(story: Story) -> str:
    """The last instruction that was given."""
    return next(o.body["instruction_id"] for o in reversed(story.told) if o.body["type"] == "refund.execute")


def settled(story: Story, text: str) -> Story:
    return story.given(refund("succeeded", text, instruction_id=instruction_of(story)))


def test_one_of_two_units_carries_half_the_discount():
    bought = placed(line("l1", "20.00", 2, discount_minor=200))
    given(bought, captured("18.00")).when(asked(scope=lines(l1=1))).then(approved("9.00", taxes=[]))


def test_one_of_two_units_carries_half_the_tax():
    bought = placed(line("l1", "20.00", 2, taxes=taxes("2.00")))
    given(bought, captured("22.00")).when(asked(scope=lines(l1=1))).then(approved("11.00", net=1000, taxes=[100]))


def two_lines_and_a_delivery():
    bought = [line("l1", "10.00", taxes=taxes("1.00")), line("l2", "20.00", taxes=taxes("4.00"))]
    return placed(*bought, shipping=[delivery("10.00", taxes=taxes("1.50"))]), captured("46.50")


def test_all_of_two_lines_and_a_delivery():
    given(*two_lines_and_a_delivery()).when(asked()).then(
        approved("46.50", net=4000, taxes=[650], shipping=1150, reduced=False)
    )


def test_an_amount_of_a_line_carries_its_tax_in_proportion():
    given(*two_lines_and_a_delivery()).when(asked(scope=amount("5.50", "l1"))).then(
        approved("5.50", net=500, taxes=[50], lines={"l1": 550})
    )


def test_a_part_of_a_delivery_is_what_was_asked_for_and_carries_its_tax_in_proportion():
    story = given(*two_lines_and_a_delivery())
    story.when(asked(scope=shipping("4.60")))
    story.then(approved("4.60", shipping=460, net=400, taxes=[60], requested_minor=460, requested_currency="EUR"))


def test_a_tax_inside_the_price_is_taken_out_of_the_amount():
    bought = placed(line("l1", "15.00", taxes=taxes("3.00")), prices_include_tax=True)
    given(bought, captured("15.00")).when(asked(scope=amount("5.00"))).then(approved("5.00", net=400, taxes=[100]))


def test_two_amounts_close_a_line_to_the_cent():
    story = given(placed(line("l1", "769.00", taxes=taxes("153.80"))), captured("922.80"))
    story.when(asked("r1", amount("872.23"))).then(approved("872.23", taxes=[14537]))
    story.when(asked("r2", amount("50.57"))).then(approved("50.57", taxes=[843]))
    story.when(asked("r3")).then(denied("nothing_left", "0"))


def test_in_steps_of_a_cent_each_tax_is_its_exact_share_and_the_net_may_be_below_zero():
    """0.02 with two taxes of 0.04: of a cent each tax is 0.4, of two 0.8, so the second cent holds one of each."""
    two = [{"code": code, "amount_minor": 4} for code in ("a", "b")]
    story = given(placed(line("l1", "0.02", taxes=two)), captured("0.10"))
    story.when(asked("r1", amount("0.01"))).then(approved("0.01", net=1, taxes=[]))
    story.when(asked("r2", amount("0.01"))).then(approved("0.01", net=-1, taxes=[1, 1]))
    story.when(asked("r3")).then(approved("0.08", net=2, taxes=[3, 3]))


def test_more_than_is_left_is_denied_and_told_what_is_possible():
    story = given(placed(line("l1", "1.00")), captured("1.00"), asked("r0", amount("0.25")))
    settled(story, "0.25").when(asked("r1", amount("10.00"))).then(denied("exceeds_refundable", "0.75"))


def test_ten_cents_that_a_chargeback_took_are_held_and_eleven_are_denied():
    story = given(placed(line("l1", "10.00")), captured("10.00"), asked("r0", amount("9.90")))
    settled(story, "9.90").given(dispute("opened", "0.10"), dispute("funds_withdrawn", "0.10"))
    story.when(asked("r1", amount("0.10"))).then(held("dispute_open", "0.10"))
    story.when(asked("r2", amount("0.11"))).then(denied("exceeds_refundable"))


def test_a_delivery_gives_no_more_than_is_left_of_it():
    story = given(placed(line("l1", "10.00"), shipping=[delivery("20.00")]), captured("30.00"))
    story.when(asked("r0", shipping("5.00"))).then(approved("5.00", shipping=500))
    story.when(asked("r1", shipping("18.00"))).then(denied("exceeds_refundable", "15.00"))
    story.when(asked("r2", shipping("15.00"))).then(approved("15.00"))


def test_three_cents_of_twelve_euro_hold_one_cent_of_tax():
    story = given(placed(line("l1", "10.00", taxes=taxes("2.00"))), captured("12.00"))
    story.when(asked(scope=amount("0.03", "l1"))).then(approved("0.03", net=2, taxes=[1]))


def test_in_one_cent_steps_the_net_may_be_minus_one_and_still_closes():
    """Line 0.01 net + 0.02 + 0.02: after the first cent each tax is round(0.4) = 0, after the second round(0.8) = 1."""
    story = given(placed(line("l1", "0.01", taxes=taxes("0.02", "0.02"))), captured("0.05"))
    nets = []
    for number in range(5):
        story.when(asked(f"r{number}", amount("0.01"))).then(approved("0.01"))
        nets.append(sum(row.net_minor for record in story.said if hasattr(record, "rows") for row in record.rows))
    assert nets == [1, -1, 1, -1, 1]


def test_three_taxes_are_each_rounded_on_their_own():
    story = given(placed(line("l1", "199.00", taxes=taxes("7.96", "8.96", "0.75"))), captured("216.67"))
    story.when(asked(scope=amount("10.00", "l1"))).then(approved("10.00", net=919, taxes=[37, 41, 3]))


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (100, (100, 100, 100), (34, 33, 33)),
        (5, (30, 70), (2, 3)),
        (5, (70, 30), (4, 1)),
        (5, (0, 70, 30), (0, 4, 1)),
        (1, (100, 100), (1, 0)),
        (300, (4000, 2000, 2000), (150, 75, 75)),
        (299, (4300, 1400, 2300), (161, 52, 86)),
    ],
)
def test_the_order_s_discount_and_its_taxes_fall_on_the_lines_by_largest_remainder(total, weights, shares):
    bought = [line(f"l{n}", "0", amount_minor=weight) for n, weight in enumerate(weights)]
    paid = captured("0").but(amount={"amount_minor": sum(weights), "currency": "EUR"})
    left = {f"l{n}": w - s for n, (w, s) in enumerate(zip(weights, shares, strict=True)) if w - s}
    given(placed(*bought, order_discount_minor=total), paid).when(asked(scope=full())).then(
        approved(f"{(sum(weights) - total) / 100:.2f}", lines=left)
    )
    more = {f"l{n}": w + s for n, (w, s) in enumerate(zip(weights, shares, strict=True)) if w + s}
    taxed = placed(*bought, order_taxes=[{"code": "t1", "amount_minor": total}])
    paid = paid.but(amount={"amount_minor": sum(weights) + total, "currency": "EUR"})
    given(taxed, paid).when(asked(scope=full())).then(
        approved(f"{(sum(weights) + total) / 100:.2f}", lines=more, taxes=[total])
    )


@pytest.mark.parametrize(
    ("amounts", "quantities", "shares"),
    [
        ("0.10", (1, 1, 1), ["0.03", "0.04", "0.03"]),  # round(3.33) = 3, round(6.67) - 3 = 4, the rest
        ("1.00", (2, 1), ["0.67", "0.33"]),
        ("0.05", (1, 2), ["0.02", "0.03"]),
    ],
)
def test_units_go_by_their_rounded_share_so_far_and_the_last_takes_the_rest(amounts, quantities, shares):
    story = given(placed(line("l1", amounts, 3)), captured(amounts))
    for number, (quantity, share) in enumerate(zip(quantities, shares, strict=True)):
        story.when(asked(f"r{number}", lines(l1=quantity))).then(approved(share, reduced=False))


def test_units_after_an_amount_get_at_most_what_is_left():
    story = given(placed(line("l1", "20.00", 2)), captured("20.00"))
    story.when(asked("r1", amount("4.00", "l1"))).then(approved("4.00"))
    story.when(asked("r2", lines(l1=1))).then(approved("10.00", reduced=False))
    story.when(asked("r3", lines(l1=1))).then(approved("6.00", reduced=True))


def test_an_amount_of_the_order_is_spread_over_lines_and_delivery_by_what_is_left_of_them():
    bought = [line("l1", "43.00"), line("l2", "14.00")]
    story = given(placed(*bought, shipping=[delivery("23.00")]), captured("80.00"))
    story.when(asked("r1", amount("2.99"))).then(approved("2.99", lines={"l1": 161, "l2": 52}, shipping=86))
    story.when(asked("r2", amount("77.01"))).then(approved("77.01", lines={"l1": 4139, "l2": 1348}, shipping=2214))


def test_the_exact_rest_is_refundable_and_a_cent_more_is_not():
    story = given(placed(line("l1", "10.00")), captured("10.00"), asked("r0", amount("4.00")))
    story.when(asked("r1", amount("6.01"))).then(denied("exceeds_refundable", "6.00"))
    story.when(asked("r2", amount("6.00"))).then(approved("6.00", reduced=False))
