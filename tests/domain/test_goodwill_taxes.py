"""Goodwill takes its taxes in the order's mix, and still no more tax goes back than was charged.

All of it goes back in the end where what goes back last holds the tax: goodwill may have taken the tax of one line for
money that another line, without it, then has too little of.
"""

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as forall
from hypothesis import strategies as st

from app.domain.balances import refundable
from app.domain.records import Decided
from tests.domain import soup
from tests.domain.events import alert, amount, asked, captured, delivery, line, lines, placed, refund, taxes
from tests.domain.expecting import approved
from tests.domain.stories import BriskStory, Story, given, policy

TAXED = placed(line("l1", "10.00", taxes=taxes("2.00")))


def goodwill(text: str, request_id: str = "g"):
    return asked(request_id, amount(text), reason="goodwill", by="support")


def test_a_tax_that_goodwill_was_rounded_up_is_not_given_back_twice():
    """Of 0.03 the tax is 0.005, so 0.01; of the other 11.97 it would be 1.995, so 2.00: a cent more than was charged."""
    story = given(TAXED, captured("12.00")).when(goodwill("0.03")).then(approved("0.03", net=2, taxes=[1]))
    story.when(asked("r1", reason="damaged")).then(approved("11.97", net=998, taxes=[199], reduced=True))


def test_taxes_that_goodwill_was_rounded_down_go_back_with_the_rest():
    """Twelve times a cent holds no tax; of the other 11.88 it would be 1.98."""
    story = given(TAXED, captured("12.00"), *(goodwill("0.01", f"g{number}") for number in range(12)))
    story.when(asked("r1", reason="damaged")).then(approved("11.88", net=988, taxes=[200]))


def test_goodwill_beyond_what_was_charged_holds_no_more_tax_than_was():
    given(TAXED, captured("15.00")).when(goodwill("15.00")).then(approved("15.00", net=1300, taxes=[200]))


def test_each_tax_is_held_against_what_is_left_of_it():
    """Of 24.00 with 2.00 and 1.00: in 0.27 are 0.0225 and 0.01125, so 0.02 and 0.01. Both lines go back after it."""
    bought = placed(
        line("l1", "10.00", taxes=taxes("2.00")), line("l2", "11.00", taxes=[{"code": "t2", "amount_minor": 100}])
    )
    story = given(bought, captured("24.00")).when(goodwill("0.27")).then(approved("0.27", net=24, taxes=[2, 1]))
    story.when(asked("r1", lines(l1=1), reason="damaged")).then(approved("12.00", net=1002, taxes=[198]))
    story.when(asked("r2", lines(l2=1), reason="damaged")).then(approved("11.73", net=1074, taxes=[99]))


def test_a_delivery_has_taxes_to_give_too():
    bought = placed(line("l1", "10.00"), shipping=[delivery("10.00", taxes=taxes("2.00"))])
    story = given(bought, captured("22.00")).when(goodwill("0.06")).then(approved("0.06", net=5, taxes=[1]))
    story.when(asked("r1", reason="damaged")).then(approved("21.94", net=1995, taxes=[199]))


def test_a_refund_that_prevents_a_chargeback_counts_like_goodwill():
    story = given(TAXED, captured("12.00"), alert("0.03", source="ethoca"))
    story.when(asked("r1", reason="damaged")).then(approved("11.97", net=998, taxes=[199]))


def test_goodwill_that_came_to_nothing_holds_no_tax():
    story = given(TAXED, captured("12.00"), goodwill("0.03"))
    for _ in ("the first", "its retry"):
        story.given(refund("failed", "0.03", instruction_id=list(story.case.refunds)[-1]))
    story.when(asked("r1", reason="damaged")).then(approved("12.00", net=1000, taxes=[200]))


@pytest.mark.parametrize("first", [lines(l1=1), amount("12.00", "l1")], ids=["units", "amount"])
def test_where_there_is_no_goodwill_nothing_is_moved(first):
    story = given(TAXED, captured("12.00")).when(asked("r1", first, reason="damaged"))
    story.then(approved("12.00", net=1000, taxes=[200]))


def taxes_given_back(story: Story) -> Counter[str]:
    back = Counter[str]()
    for record in story.all:
        if isinstance(record, Decided) and record.outcome == "approved":
            for row in record.rows:
                back.update({tax.code: tax.amount_minor for tax in row.taxes})
                assert row.gross_minor == row.net_minor + sum(tax.amount_minor for tax in row.taxes)
    return back


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@forall(soup.purchases(), st.data())
def test_with_goodwill_in_between_no_tax_goes_back_beyond_what_was_charged(purchase, data):
    story = BriskStory(policy()).given(purchase.order, *purchase.captures)
    charged = Counter({code: minor for code, minor in purchase.charged.items() if code.startswith("t")})
    for number in range(data.draw(st.integers(1, 6))):
        if data.draw(st.booleans()):
            story.given(goodwill("0.01", f"g{number}").but(scope=data.draw(given_away(purchase))))
        else:
            story.given(asked(f"r{number}", data.draw(soup.scopes(purchase)), reason="damaged"))
        assert taxes_given_back(story) <= charged
    story.when(asked("the rest", reason="damaged"))
    assert all(refundable(story.case, payment) == 0 for payment in story.case.payments.values())
    (last,) = [record for record in story.said if isinstance(record, Decided)]
    given_last = {tax.code for row in last.rows for tax in row.taxes}
    back = taxes_given_back(story)
    assert {code: back[code] for code in given_last} == {code: charged[code] for code in given_last}


def given_away(purchase: soup.Purchase) -> st.SearchStrategy[dict]:
    """An amount of the whole order, small or large."""
    minor = st.integers(1, 9) | st.integers(1, max(1, purchase.charged["gross"]))
    return minor.map(lambda one: {"kind": "amount", "amount": {"amount_minor": one, "currency": "EUR"}})
