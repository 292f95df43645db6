"""A thousand random orders: whatever parts are refunded in whatever order, all of it goes back in the end, to the cent.

Every decision on the way is compared, row by row and tax by tax, with a second reckoning (`reckoning.py`).
"""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.balances import refundable
from app.domain.records import Decided
from tests.domain import reckoning
from tests.domain.events import asked, captured, of_orders, shipping
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
@given(order=orders(), wishes=WISHES, first=st.integers(1, 8))
def test_any_sequence_of_partial_refunds_of_any_kinds_closes_to_the_cent(order, wishes, first):
    till = Till(order)
    if not till.charged:
        return
    story = BriskStory(policy()).given(of_orders("order.placed", currency="EUR", **order))
    cut = till.charged * first // 8
    for payment_id, minor in (("p1", cut), ("p2", till.charged - cut)):
        if minor:
            story.given(captured("0", payment_id).but(amount=euros(minor)))
    for number, wish in enumerate([*wishes, ("amount", 0, 8), ("full", 0, 8), ("full", 0, 8)]):
        scope = scope_of(wish, order, till)
        story.when(
            asked(f"r{number}", scope, reason="damaged")
        )  # of the merchant's fault: delivery and tip go back too
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
