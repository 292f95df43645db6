"""Less than was asked goes back, with fees in it: in parts it comes to what it would have come to at once."""

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as forall
from hypothesis import strategies as st

from app.domain.case import Row
from app.domain.policy_terms import Fees, Restocking, ReturnShipping
from app.domain.portions import give_back, use_up
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
    placed,
    refund,
    taxes,
    verdict,
)
from tests.domain.expecting import approved, denied
from tests.domain.stories import BriskStory, Story, policy

RESTOCKING = Restocking(rate=Decimal("0.15"), categories=("e",), conditions=("opened",), reasons=("changed_mind",))
DAMAGE = {"damaged": Decimal("0.5"), "missing": Decimal(1)}
FEES = policy(fees=Fees(damage=DAMAGE, restocking=RESTOCKING))
WAY_BACK = policy(fees=Fees(return_shipping=ReturnShipping(amounts={"EUR": 499}, reasons=("changed_mind",))))
TWO_RATES = placed(
    line("l1", "100.00", category="e", taxes=taxes("20.00")),
    line("l2", "50.00", category="books", taxes=[{"code": "t2", "amount_minor": 500}]),
)


def changed_mind(request_id="r1", scope=None):
    return asked(request_id, scope or lines(l1=1, l2=1), reason="changed_mind")


def taken(story, request_id="r1"):
    """Rows of an approval as `(line or fee, gross, tax)`."""
    rows = story.case.requests[request_id].rows
    return [(r.fee or r.line_id, r.gross_minor, sum(t.amount_minor for t in r.taxes)) for r in rows]


def two_rates():
    return Story(FEES).given(TWO_RATES, captured("175.00"), came_back("b1", "opened", l1=1, l2=1))


def test_all_at_once():
    """15 % of 120.00 are 18.00, with 3.00 tax."""
    story = two_rates().when(changed_mind()).then(approved("157.00", fees={"restocking": 1800}, taxes=[1700, 500]))
    assert taken(story) == [("l1", 12000, 2000), ("l2", 5500, 500), ("restocking", -1800, -300)]


@pytest.mark.parametrize("scope", [lines(l1=1, l2=1), full()], ids=["lines", "full"])
def test_what_a_dispute_leaves_bears_its_part_of_the_fees_and_the_rest_bears_the_rest(scope):
    """115.00 of 157.00: 74.71 and 40.29 after fees. On 74.71 of 102.00 the fee is 13.18, so 87.89 of the line go."""
    story = two_rates().given(dispute("opened", "60.00")).when(changed_mind("r1", scope))
    story.then(approved("115.00", reduced=True, fees={"restocking": 1318}, taxes=[1245, 366]))
    assert taken(story) == [("l1", 8789, 1465), ("l2", 4029, 366), ("restocking", -1318, -220)]
    story.given(dispute("won")).when(changed_mind("r2", scope))
    story.then(approved("42.00", fees={"restocking": 482}, taxes=[455, 134]))  # 15 % of 32.11
    assert taken(story, "r2") == [("l1", 3211, 535), ("l2", 1471, 134), ("restocking", -482, -80)]
    story.when(changed_mind("r3", full())).then(denied("nothing_left"))


def test_a_fee_is_never_more_than_what_is_paid_of_its_line():
    """The first line is missing and kept whole. Of the other 55.00 a reviewer gives 20.00."""
    terms = policy(fees=Fees(damage=DAMAGE), auto_approve_limit={"default": 0})
    story = Story(terms).given(TWO_RATES, captured("175.00"), came_back("b1", "missing", l1=1), changed_mind())
    story.when(verdict("approve", amount=money("20.00")))
    story.then(approved("20.00", fees={"damage": 4364}, taxes=[182], lines={"l1": 4364, "l2": 2000}))
    assert taken(story) == [("l1", 4364, 727), ("l2", 2000, 182), ("damage", -4364, -727)]  # 20 of 55 of either


def test_what_one_of_two_payments_refused_can_be_asked_for_again_with_its_part_of_the_fee():
    """100.00 of 157.00 went: 64.97 and 35.03 after fees, so 11.47 of the fee."""
    story = Story(FEES).given(TWO_RATES, captured("100.00"), captured("75.00", "p2"))
    story.given(came_back("b1", "opened", l1=1, l2=1)).when(changed_mind()).then(approved("157.00"))
    for _ in ("the first", "its retry"):
        story.given(refund("failed", "57.00", "p2", instruction_id=list(story.case.refunds)[-1]))
    story.when(changed_mind("r2")).then(approved("57.00", fees={"restocking": 653}, taxes=[617, 182]))
    assert taken(story, "r2") == [("l1", 4356, 726), ("l2", 1997, 182), ("restocking", -653, -109)]


def test_an_approval_of_an_earlier_version_that_keeps_more_of_a_line_than_it_pays_is_reduced_when_a_part_fails():
    """100.00 for a missing line were kept of 75.00, and 50.00 paid for both. Of the 30.00 that went 65.00 are of each."""
    story = Story(FEES).given(placed(line("l1", "100.00"), line("l2", "100.00")), captured("30.00"))
    story.given(
        captured("170.00", "p2"), came_back("b1", "missing", l1=1), dispute("opened", "150.00", payment_id="p2")
    )
    story.when(asked()).then(approved("50.00", reduced=True))
    request = story.case.requests["r1"]
    before = [("line", "l1", None, 7500), ("line", "l2", None, 7500), ("fee", "l1", "damage", -10000)]
    give_back(story.case, request.rows)
    request.rows = [Row(part, gross, gross, line_id=line_id, fee=fee) for part, line_id, fee, gross in before]
    use_up(story.case, request.rows)
    for _ in ("the first", "its retry"):
        story.given(refund("failed", "20.00", "p2", instruction_id=list(story.case.refunds)[-1]))
    assert taken(story) == [("l1", 7500, 0), ("l2", 7500, 0), ("damage", -10000, 0)]
    assert [(row.fee or row.line_id, row.gross_minor) for row in request.used_rows] == [
        ("l1", 6500),
        ("l2", 6500),
        ("damage", -10000),
    ]


def one_sent_back():
    return Story(WAY_BACK).given(placed(), captured("100.00"), came_back(), dispute("opened", "40.00"))


def test_the_way_back_is_kept_once_of_what_goes_back_in_parts():
    """60.00 of 95.01 bear 3.15 of 4.99, and the rest 1.84: 36.85 less that are the other 35.01."""
    story = one_sent_back().when(changed_mind("r1", lines(l1=1)))
    story.then(approved("60.00", reduced=True, fees={"return_shipping": 315}, lines={"l1": 6315}))
    story.given(dispute("won")).when(changed_mind("r2", lines(l1=1)))
    story.then(approved("35.01", fees={"return_shipping": 184}, lines={"l1": 3685}))


def test_what_was_kept_for_goods_that_are_paid_in_parts_is_not_counted_for_others_of_the_line():
    """Each of three units comes by itself. 60.00 of 95.01 for the first bear 3.15, its rest 1.84; the second 4.99."""
    story = Story(WAY_BACK).given(placed(line("l1", "300.00", 3)), captured("300.00"), came_back())
    story.given(dispute("opened", "240.00")).when(changed_mind("r1", lines(l1=1)))
    story.then(approved("60.00", reduced=True, fees={"return_shipping": 315}))
    story.given(dispute("won")).when(changed_mind("r2", lines(l1=1)))
    story.then(approved("35.01", fees={"return_shipping": 184}))
    for number in (3, 4):
        story.given(came_back(f"b{number}")).when(changed_mind(f"r{number}", lines(l1=1)))
        story.then(approved("95.01", fees={"return_shipping": 499}))


def test_the_way_back_of_two_lines_that_were_paid_in_part_is_kept_once_when_the_rest_is_asked_for_by_line():
    """60.00 of 195.01 bear 1.54 of 4.99. The rest of the first line bears the other 3.45, and the second none."""
    story = Story(WAY_BACK).given(placed(line("l1", "100.00"), line("l2", "100.00")), captured("200.00"))
    story.given(came_back(l1=1, l2=1), dispute("opened", "140.00")).when(changed_mind("r1"))
    story.then(approved("60.00", reduced=True, fees={"return_shipping": 154}, lines={"l1": 3077, "l2": 3077}))
    story.given(dispute("won")).when(changed_mind("r2", lines(l1=1)))
    story.then(approved("65.78", fees={"return_shipping": 345}, lines={"l1": 6923}))
    story.when(changed_mind("r3", lines(l2=1))).then(approved("69.23", lines={"l2": 6923}))  # 195.01 in all


def test_the_way_back_is_kept_again_of_goods_that_come_by_themselves():
    story = Story(WAY_BACK).given(placed(line("l1", "100.00", 2)), captured("100.00"), came_back(l1=1))
    story.when(changed_mind("r1", lines(l1=1))).then(approved("45.01", fees={"return_shipping": 499}))
    story.given(came_back("b2", l1=1)).when(changed_mind("r2", lines(l1=1)))
    story.then(approved("45.01", fees={"return_shipping": 499}))


def test_the_tax_of_a_reduced_way_back_is_its_part():
    """4.99 of 120.00 hold 0.83. 57.51 of 115.01 are half of it: 2.50 with 0.42 (of 0.4158)."""
    terms = WAY_BACK
    story = Story(terms).given(placed(line("l1", "100.00", taxes=taxes("20.00"))), captured("120.00"), came_back())
    story.given(dispute("opened", "62.49")).when(changed_mind("r1", lines(l1=1)))
    story.then(approved("57.51", fees={"return_shipping": 250}, lines={"l1": 6001}, taxes=[958]))


SMALL = policy(fees=Fees(damage=DAMAGE, return_shipping=ReturnShipping(amounts={"EUR": 30}, reasons=("other",))))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@forall(st.data())
def test_in_two_parts_as_much_goes_back_as_at_once_and_no_tax_or_line_falls_below_zero(data):
    priced = st.tuples(st.integers(1, 90), st.integers(0, 20), st.sampled_from(["new", "damaged", "missing"]))
    bought = data.draw(st.lists(priced, min_size=1, max_size=4))
    order = placed(
        *(
            line(f"l{n}", "0", amount_minor=net, taxes=[{"code": f"t{n % 2}", "amount_minor": tax}])
            for n, (net, tax, _) in enumerate(bought)
        )
    )
    whole = sum(net + tax for net, tax, _ in bought)
    back = [came_back(f"b{n}", how, **{f"l{n}": 1}) for n, (_, _, how) in enumerate(bought)]
    claim = dispute("opened").but(amount=cents(data.draw(st.integers(0, whole))))
    before = (order, captured("0").but(amount=cents(whole)), *back, claim)
    at_once = approved_of(BriskStory(SMALL).given(*before, dispute("won"), asked("all")))
    in_parts = approved_of(BriskStory(SMALL).given(*before, asked("r1"), dispute("won"), asked("r2")))
    for request in (*at_once, *in_parts):
        assert_holds_its_fees(request)
    paid_at_once, paid_in_parts = (sum(one.amount_minor for one in all_of) for all_of in (at_once, in_parts))
    assert abs(paid_at_once - paid_in_parts) <= len(bought)  # a fee on either part may be rounded up


def cents(minor):
    return {"amount_minor": minor, "currency": "EUR"}


def approved_of(story):
    return [request for request in story.case.requests.values() if request.status == "approved"]


def assert_holds_its_fees(request):
    assert sum(row.gross_minor for row in request.rows) == request.amount_minor
    of_line, of_tax = Counter(), Counter()
    for row in request.rows:
        of_line[row.line_id] += row.gross_minor
        for tax in row.taxes:
            of_tax[tax.code] += tax.amount_minor
            of_tax[row.line_id, tax.code] += tax.amount_minor
    del of_line[None]
    assert min(of_line.values()) >= 0
    assert min(minor for name, minor in of_tax.items() if name not in [(None, "t0"), (None, "t1")]) >= 0


def test_goodwill_that_gives_a_fee_back_gives_its_tax_back():
    """Restocking kept 18.00 with 3.00 tax; all that was charged has gone back with the goodwill, so all of the tax."""
    story = two_rates().when(changed_mind()).then(approved("157.00"))
    story.when(asked("g", amount("18.00"), reason="goodwill", by="support"))
    story.then(approved("18.00", goodwill=1800, net=1500, taxes=[300]))


def test_goods_that_go_back_after_goodwill_hold_what_it_left_of_the_tax_fees_counted():
    """Of 175.00 with 20.00 and 5.00 the goodwill of 18.00 holds 2.06 and 0.51; the rest that goes all but the fee."""
    story = two_rates().when(asked("g", amount("18.00"), reason="goodwill", by="support"))
    story.then(approved("18.00", taxes=[206, 51]))
    story.when(changed_mind()).then(approved("157.00", fees={"restocking": 1800}, taxes=[1794, 449]))
    assert taken(story) == [("l1", 12000, 2000), ("l2", 5500, 449), ("restocking", -1800, -206)]


def test_a_line_of_which_a_fee_keeps_all_holds_the_tax_that_the_fee_does_also_where_goodwill_took_it():
    """Goodwill of 48.00 took all of the 8.00. Of what goes back after it the delivery has 2.00 too many, and no line."""
    bought = placed(line("l1", "30.00", taxes=taxes("6.00")), shipping=[delivery("10.00", taxes=taxes("2.00"))])
    story = Story(FEES).given(bought, captured("96.00"), asked("g", amount("48.00"), reason="goodwill", by="support"))
    story.given(came_back("b1", "missing", l1=1)).when(changed_mind("r1", full()))
    story.then(approved("12.00", fees={"damage": 3600}))
    assert taken(story) == [("l1", 3600, 600), (None, 1200, 0), ("damage", -3600, -600)]
