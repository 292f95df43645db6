"""What of an order can be paid back, and what of it is used up: cumulative shares that close to the cent.

Every share is the rounded total so far less what went before, so any sequence of partial refunds ends at exactly the
gross, the net and each tax that was charged.
"""

from collections.abc import Iterator, Sequence

from app.domain.case import Case, Order, Portion, Row, Tax
from app.domain.money import half_up


def share_of_quantity(portion: Portion, quantity: int) -> int:
    """Gross minor units for the next `quantity` units; the last unit takes all that is left."""
    units = portion.used_quantity + quantity
    if units >= portion.quantity:
        return portion.left_minor
    exact = half_up(units * portion.gross_minor, portion.quantity) - portion.counted_minor
    return min(max(0, exact), portion.left_minor)


def is_whole_share(portion: Portion, quantity: int) -> bool:
    """Whether the next `quantity` units are worth their full price still: nothing was taken of them by amount, and
    nothing when they were asked for before and paid in part.
    """
    units = portion.used_quantity + quantity
    used = half_up(portion.used_quantity * portion.gross_minor, portion.quantity)
    full = half_up(units * portion.gross_minor, portion.quantity) - min(portion.counted_minor, used)
    return share_of_quantity(portion, quantity) >= full


def tax_shares(portion: Portion, gross_minor: int) -> list[Tax]:
    """The taxes inside the next `gross_minor` of a portion: of what went back so far, less what went before.

    Where an amendment changed a tax after some of it had gone back, that can be less than nothing, or more than the
    gross. Then they are the share of what is left of them.
    """
    if not portion.gross_minor:
        return [Tax(tax.code, 0) for tax in portion.taxes]
    so_far, left = portion.used_minor + gross_minor, portion.gross_minor - portion.used_minor
    before = portion.used_taxes or [0] * len(portion.taxes)
    charged = [(tax, used) for tax, used in zip(portion.taxes, before, strict=True)]
    shares = [half_up(tax.amount_minor * so_far, portion.gross_minor) - used for tax, used in charged]
    # Each tax may be rounded up by a cent, so the net may come to a cent less than nothing for each of them.
    if left > 0 and (min(shares, default=0) < 0 or gross_minor - sum(shares) < -len(shares)):
        shares = [half_up((tax.amount_minor - used) * gross_minor, left) for tax, used in charged]
    return [Tax(tax.code, share) for tax, share in zip(portion.taxes, shares, strict=True)]


def row_of(
    portion: Portion,
    gross_minor: int,
    *,
    component: str,
    line_id: str | None = None,
    shipping_id: str | None = None,
    quantity: int | None = None,
) -> Row:
    """A row of a breakdown that takes `gross_minor` of a portion, `quantity` units of it where it goes by quantity."""
    taxes, net_minor = tax_shares(portion, gross_minor), gross_minor
    for tax in taxes:
        net_minor -= tax.amount_minor
    return Row(
        component=component,
        gross_minor=gross_minor,
        net_minor=net_minor,
        taxes=taxes,
        line_id=line_id,
        shipping_id=shipping_id,
        quantity=quantity,
    )


def portion_of(order: Order, row: Row) -> Portion | None:
    """The portion that a row takes from, None where it takes from none (fees, goodwill, what was charged too much)."""
    match row.component:
        case "line" if row.line_id in order.lines:
            return order.lines[row.line_id].portion
        case "duties" if row.line_id in order.lines:
            return order.lines[row.line_id].duties
        case "shipping" if row.shipping_id in order.shipping:
            return order.shipping[row.shipping_id].portion
        case "tip":
            return order.tip
    return None


def use_up(case: Case, rows: Sequence[Row]) -> None:
    """Takes what the rows say from the order."""
    _move(case, rows, sign=1)


def give_back(case: Case, rows: Sequence[Row]) -> None:
    """Undoes `use_up`: the money came back or never went."""
    _move(case, rows, sign=-1)


def _move(case: Case, rows: Sequence[Row], *, sign: int) -> None:
    for row in rows:
        if row.component == "overpayment":
            case.overpayment_used_minor += sign * row.gross_minor
        portion = portion_of(case.order, row) if case.order else None
        if portion is None:
            continue
        portion.used_minor += sign * row.gross_minor
        if row.quantity is not None:
            portion.used_quantity += sign * row.quantity
            portion.counted_minor += sign * row.gross_minor
        moved = {tax.code: tax.amount_minor for tax in row.taxes}
        before = portion.used_taxes or [0] * len(portion.taxes)
        portion.used_taxes = [
            used + sign * moved.get(tax.code, 0) for tax, used in zip(portion.taxes, before, strict=True)
        ]


def portions(order: Order) -> Iterator[tuple[str, str | None, Portion]]:
    """All portions of an order: (component, id, portion), lines with their duties first."""
    for line in order.lines.values():
        yield "line", line.line_id, line.portion
        if line.duties:
            yield "duties", line.line_id, line.duties
    for item in order.shipping.values():
        yield "shipping", item.shipping_id, item.portion
    if order.tip:
        yield "tip", None, order.tip
