"""Whatever is asked of a subscription, in whatever order, no more goes back than was paid."""

from decimal import ROUND_HALF_UP, Decimal

from hypothesis import HealthCheck, settings
from hypothesis import given as forall
from hypothesis import strategies as st

from tests.domain.events import amount, asked, full, lines
from tests.domain.expecting import approved
from tests.domain.subscribed import ends, euros, subscribed, terms


@st.composite
def wishes(draw):
    """Amounts of the line, all of it, and ends on the days of the period."""
    by_amount = st.integers(1, 4000).map(lambda minor: amount(euros(minor), "l1"))
    by_line = st.sampled_from([full(), lines(l1=1)])
    ended = st.integers(1, 31).map(lambda day: f"2026-10-{day:02}")
    return draw(st.lists(st.one_of(by_amount, by_amount, by_line, ended, ended), min_size=1, max_size=6))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@forall(
    asked_for=wishes(),
    price=st.integers(1, 5000),
    tax=st.integers(0, 900),
    less=st.integers(0, 600),
    on=st.sampled_from(["refund", "refund_then_credit", "store_credit"]),
    unit=st.sampled_from(["day", "fixed_30", "second"]),
)
def test_whatever_is_asked_in_any_order_no_more_goes_back_than_was_paid(asked_for, price, tax, less, on, unit):
    paid = max(1, price + tax - less)
    story = subscribed(euros(price), euros(paid), tax=(euros(tax),), rules=terms(unit=unit, on=on))
    for number, wish in enumerate(asked_for):
        request_id = f"r{number}"
        story.when(ends(wish, request_id) if isinstance(wish, str) else asked(request_id, wish))
    given_back = sum(one.amount_minor for one in story.case.refunds.values())
    portion = story.case.order.lines["l1"].portion
    assert given_back == portion.used_minor <= min(paid, price + tax)
    assert sum(portion.used_taxes) <= tax
    rest = min(portion.left_minor, paid - given_back)
    if rest:
        story.when(asked("the rest", amount(euros(rest), "l1"))).then(approved(euros(rest)))


def half_up(minor: int, days: int) -> int:
    """Of 31 days, what so many are worth."""
    return int((Decimal(minor) * days / 31).quantize(Decimal(1), ROUND_HALF_UP))


@settings(max_examples=60, deadline=None)
@forall(
    days=st.lists(st.integers(1, 31), min_size=1, max_size=5),
    price=st.integers(31, 5000),
    tax=st.integers(0, 900),
    less=st.integers(0, 3000),
)
def test_whatever_ends_are_told_in_whatever_order_the_earliest_counts(days, price, tax, less):
    gross, paid = price + tax, max(1, price + tax - less)
    story = subscribed(euros(price), euros(paid), tax=(euros(tax),))
    for number, day in enumerate(days):
        story.when(ends(f"2026-10-{day:02}", f"r{number}"))
    left = 31 - min(days)
    unused = half_up(price, left) + half_up(tax, left)
    expected = min(max(paid - (gross - unused), 0), unused)
    assert sum(one.amount_minor for one in story.case.refunds.values()) == expected
