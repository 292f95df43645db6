"""A thousand random orders: whatever parts are refunded in whatever order, all of it goes back in the end, to the cent.

Every decision on the way is compared, row by row and tax by tax, with a second reckoning (`reckoning.py`). Where fees
are kept, what went back and what was kept are together all that was charged.
"""

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from app.domain.balances import refundable
from app.domain.case import Row
from app.domain.policy_terms import Fees, Restocking, ReturnShipping
from app.domain.portions import portions
from app.domain.records import Decided
from tests.domain import reckoning
from tests.domain.events import asked, came_back, captured, of_orders, shipping
from tests.domain.reckoning import Answer, Till
from tests.domain.stories import BriskStory, policy

MONEY = st.integers(0, 9) | st.integers(0, 3000) | st.integers(0, 90_000)


@st.composite
def priced(draw: st.DrawFn, inside: bool, most: int) -> dict[str, Any]:
    """A price with a discount, and taxes; inside the price they are at most a half of what is left of it."""
    amount = draw(MONEY)
    discount = amount * draw(st.sampled_from([0, 0, 1, 3])) // 3
    highest = (amount - discount) // (2 * most) if inside else 400
    taxes = draw(st.lists(st.integers(0, highest), max_size=most))
    told = [{"code": f"t{number}", "amount_minor": minor} for number, minor in enumerate(taxes)]
    return {"amount_minor": amount, "discount_minor": discount, "taxes": told}


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    """One to four lines, some with duties; a delivery, a tip, a discount and a tax of the whole order, or none."""
    inside = draw(st.booleans())
    bought = [
        draw(priced(inside, 3)) | {"line_id": f"l{number}", "quantity": quantity, "duties_minor": duties}
        for number, (quantity, duties) in enumerate(
            draw(
                st.lists(
                    st.tuples(st.sampled_from([1, 1, 2, 3, 7]), st.sampled_from([0, 0, 501])), min_size=1, max_size=4
                )
            )
        )
    ]
    worth = sum(line["amount_minor"] - line["discount_minor"] for line in bought)
    delivery = draw(priced(inside, 1)) | {"shipping_id": "s1", "discount_minor": 0}
    return {
        "lines": [{"sku": "sku", **line} for line in bought],
        "shipping": [delivery] if draw(st.booleans()) else [],
        "order_discount_minor": 0 if inside else worth * draw(st.sampled_from([0, 1, 5])) // 10,
        "order_taxes": [] if inside or draw(st.booleans()) else [{"code": "order", "amount_minor": draw(MONEY)}],
        "tip_minor": draw(st.sampled_from([0, 250])),
        "prices_include_tax": inside,
    }


def euros(minor: int) -> dict[str, Any]:
    return {"amount_minor": minor, "currency": "EUR"}


WISHES = st.lists(
    st.tuples(
        st.sampled_from(["lines", "amount", "amount", "of a line", "of a line", "shipping", "delivery", "full"]),
        st.integers(0, 3),
        st.sampled_from([0, 0, 1, 2, 4, 7, 8, 9]),
    ),
    max_size=9,
)
"""What is asked for: of what, of which line, and how much of it: nearly nothing, eighths of what is left, a cent more."""


FAULTS = ["damaged", "not_as_described", "not_received"]
"""With a reason that is the merchant's fault, delivery and tip go back too."""
NO_FAULTS = ["changed_mind", "duplicate_charge", "overcharged", "order_cancelled", "subscription_cancelled", "other"]
REASONS = st.lists(st.tuples(st.sampled_from(FAULTS), st.sampled_from([*FAULTS, *NO_FAULTS])), min_size=12, max_size=12)
"""For each request a reason that gives all that is asked, and one of any kind where the scope alone says what that is."""


def scope_of(wish: tuple[str, int, int], order: dict[str, Any], till: Till) -> dict[str, Any]:
    kind, which, eighths = wish
    line = order["lines"][which % len(order["lines"])]
    left = {"amount": till.spreadable, "of a line": [till.part("line", line["line_id"])]}.get(kind, [])
    if kind == "delivery" or kind == "shipping":
        if not order["shipping"]:
            return {"kind": "full"}
        left = [till.part("shipping", "s1")]
    most = sum(part.left for part in left if part)
    minor = max(1, most * eighths // 8 if eighths < 9 else most + 1)
    match kind:
        case "lines":
            ids = [one["line_id"] for one in order["lines"]][: 1 + eighths % 3]
            units = dict.fromkeys([*ids, line["line_id"]], 1 + which % 3)
            told = [{"line_id": line_id, "quantity": quantity} for line_id, quantity in units.items()]
            return {"kind": "lines", "lines": told, "include_shipping": which == 3}
        case "amount":
            return {"kind": "amount", "amount": euros(minor)}
        case "of a line":
            return {"kind": "amount", "amount": euros(minor), "line_id": line["line_id"]}
        case "shipping":
            return shipping()
        case "delivery":
            return shipping() | {"amount_minor": minor}
    return {"kind": "full"}


def answered(story: BriskStory) -> Answer:
    """The decision of the last step, in the words of the reckoning."""
    (decided,) = [record for record in story.said if isinstance(record, Decided)]
    assert decided.outcome != "held"
    codes = [reason.code for reason in decided.reasons]
    if decided.outcome == "denied":
        possible = decided.refundable_minor if codes[0] == "exceeds_refundable" else None
        return Answer(code=codes[0], possible=possible)
    rows = [
        reckoning.Row(
            row.component,
            row.line_id or row.shipping_id,
            row.quantity,
            row.gross_minor,
            row.net_minor,
            tuple(tax.amount_minor for tax in row.taxes),
        )
        for row in decided.rows
    ]
    assert decided.amount_minor == sum(row.gross for row in rows) == sum(one.amount_minor for one in decided.tenders)
    return Answer(tuple(rows), "reduced" in codes)


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(order=orders(), wishes=WISHES, reasons=REASONS, first=st.integers(1, 8))
def test_any_sequence_of_partial_refunds_of_any_kinds_closes_to_the_cent(order, wishes, reasons, first):
    till = Till(order)
    assume(till.charged)
    story = BriskStory(policy()).given(of_orders("order.placed", currency="EUR", **order))
    cut = till.charged * first // 8
    for payment_id, minor in (("p1", cut), ("p2", till.charged - cut)):
        if minor:
            story.given(captured("0", payment_id).but(amount=euros(minor)))
    wanted = zip([*wishes, ("amount", 0, 8), ("full", 0, 8), ("full", 0, 8)], reasons, strict=False)
    for number, (wish, (fault, any_reason)) in enumerate(wanted):
        scope = scope_of(wish, order, till)
        with_more = scope["kind"] == "full" or scope.get("include_shipping")
        story.when(asked(f"r{number}", scope, reason=fault if with_more else any_reason))
        assert answered(story) == till.asked(scope), scope
        assert all(refundable(story.case, payment) >= 0 for payment in story.case.payments.values())
    assert all(part.gone == part.gross for part in till.parts)
    assert all(part.gone_taxes == part.taxes for part in till.parts if part.gross)
    back = Counter[str]()
    for record in story.all:
        if isinstance(record, Decided):
            for row in record.rows:
                back.update({tax.code: tax.amount_minor for tax in row.taxes})
    assert back.total() == sum(sum(part.taxes) for part in till.parts if part.gross)
    assert all(refundable(story.case, payment) == 0 for payment in story.case.payments.values())


KEEPING = policy(
    fees=Fees(
        damage={"opened": Decimal("0.1"), "damaged": Decimal("0.5"), "missing": Decimal(1)},
        restocking=Restocking(
            rate=Decimal("0.17"), categories=("e",), conditions=("opened", "damaged"), reasons=("changed_mind",)
        ),
        return_shipping=ReturnShipping(amounts={"EUR": 17}, reasons=("changed_mind",)),
    )
)
CONDITIONS = st.lists(st.sampled_from(["new", "opened", "damaged", "damaged", "missing"]), min_size=4, max_size=4)
KEPT_FOR = st.lists(st.sampled_from(["changed_mind", "changed_mind", "other", "damaged"]), min_size=9, max_size=9)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(order=orders(), wishes=WISHES, reasons=KEPT_FOR, conditions=CONDITIONS)
def test_what_goes_back_and_what_fees_keep_close_to_the_cent(order, wishes, reasons, conditions):
    till = Till(order)
    assume(till.charged)
    bought = [line | {"category": "e"} for line in order["lines"]]
    story = BriskStory(KEEPING).given(of_orders("order.placed", currency="EUR", **order | {"lines": bought}))
    story.given(captured("0").but(amount=euros(till.charged)))
    for line, condition in zip(bought, conditions, strict=False):
        story.given(came_back(f"b-{line['line_id']}", condition, **{line["line_id"]: line["quantity"]}))
    wanted = [(scope_of(wish, order, till), reason) for wish, reason in zip(wishes, reasons, strict=False)]
    for number, (scope, reason) in enumerate([*wanted, ({"kind": "full"}, "damaged")]):
        story.when(asked(f"r{number}", scope, reason=reason))
    approved = [one for one in story.all if isinstance(one, Decided) and one.outcome == "approved"]
    for decided in approved:
        fees_are_within_what_they_reduce(decided.rows)
    for _, _, portion in portions(story.case.order):
        assert portion.used_minor == portion.gross_minor
        assert not portion.gross_minor or portion.used_taxes == [tax.amount_minor for tax in portion.taxes]
    kept = -sum(row.gross_minor for decided in approved for row in decided.rows if row.component == "fee")
    assert kept == sum(refundable(story.case, payment) for payment in story.case.payments.values())


def fees_are_within_what_they_reduce(rows: tuple[Row, ...]) -> None:
    """All fees of a line hold the tax of their share of it, rounded once; with the way back no more than goes back."""
    fees = [row for row in rows if row.component == "fee"]
    assert all(tax.amount_minor <= 0 for row in fees for tax in row.taxes)
    for row in rows:
        on = [fee for fee in fees if fee.line_id == row.line_id is not None and row.component == "line"]
        share = Fraction(-sum(fee.gross_minor for fee in on), row.gross_minor)
        for tax in row.taxes if on else ():
            held = -sum(one.amount_minor for fee in on for one in fee.taxes if one.code == tax.code)
            assert held == reckoning.half_up(tax.amount_minor * share)
    goods = [row for row in rows if row.component == "line" and row.quantity]
    left = Counter[str]()
    for row in [*goods, *fees]:
        left.update({"gross": row.gross_minor} | {tax.code: tax.amount_minor for tax in row.taxes})
        assert row.gross_minor == row.net_minor + sum(tax.amount_minor for tax in row.taxes)
    assert all(minor >= 0 for minor in left.values())


@pytest.mark.parametrize("lines", [{"l1": 1}, {"l1": 2}])
def test_the_second_reckoning_takes_what_was_worked_out_by_hand(lines):
    """Two units of 10.00 with 2.00 tax on both: a unit is 11.00 = 10.00 + 1.00."""
    line = {"line_id": "l1", "quantity": 2, "amount_minor": 2000, "discount_minor": 0, "duties_minor": 0}
    taxed = line | {"taxes": [{"amount_minor": 200}]}
    order = {"lines": [taxed], "shipping": [], "order_taxes": [], "order_discount_minor": 0, "tip_minor": 0}
    told = [{"line_id": line_id, "quantity": quantity} for line_id, quantity in lines.items()]
    answer = Till(order | {"prices_include_tax": False}).asked(
        {"kind": "lines", "lines": told, "include_shipping": True}
    )
    units = lines["l1"]
    assert answer == Answer((reckoning.Row("line", "l1", units, 1100 * units, 1000 * units, (100 * units,)),))
