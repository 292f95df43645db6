"""What an `order.placed` or `order.amended` says, as the portions that can be paid back.

The order's discount and the taxes that are on no line are spread once, here, over the lines by their amount after line
discounts, and stay where they fell.
"""

from datetime import UTC, datetime

from app.domain.case import Formerly, Line, Order, Portion, Shipping, Tax
from app.domain.money import split
from app.domain.plain import plain
from topics.orders import OrderBody, OrderLine, OrderShipping


class Nonsense(Exception):  # noqa: N818 - it says what the order is
    """The amounts of an order contradict each other. `path` names the field, `expected` what would make sense."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(path, expected)
        self.path = path
        self.expected = expected


def order_of(event: OrderBody) -> Order:
    """The order as a fresh state: nothing of it is used up. Raises `Nonsense` where a part would be negative."""
    bases = [line.amount_minor - line.discount_minor for line in event.lines]
    _refuse_negative(bases, "lines[{}].discount_minor", "a discount of at most the line's amount")
    if event.order_discount_minor > sum(bases):
        raise Nonsense("order_discount_minor", "at most what the lines cost after their own discounts")
    discounts = split(event.order_discount_minor, bases)
    spread = [(tax.code, split(tax.amount_minor, bases)) for tax in event.order_taxes]
    lines = {}
    for index, line in enumerate(event.lines):
        taxes = [(tax.code, tax.amount_minor) for tax in line.taxes] + [(c, shares[index]) for c, shares in spread]
        portion = _portion(bases[index] - discounts[index], taxes, event.prices_include_tax, line.quantity)
        lines[line.line_id] = _line(line, portion, event.prices_include_tax)
    shipping = {item.shipping_id: _shipping(item, event.prices_include_tax) for item in event.shipping}
    order = Order(
        placed_at=event.occurred_at.astimezone(UTC),
        currency=event.currency,
        locale=event.locale,
        lines=lines,
        shipping=shipping,
        tip=Portion(gross_minor=event.tip_minor) if event.tip_minor else None,
        country=event.country,
        timezone=event.timezone,
        channel=event.channel,
        business_buyer=event.business_buyer,
        prices_include_tax=event.prices_include_tax,
        informed_of_withdrawal=event.informed_of_withdrawal,
        event_id=event.event_id,
    )
    _reconcile_total(order, event.total_minor)
    return order


def _portion(amount: int, taxes: list[tuple[str, int]], included: bool, quantity: int = 1) -> Portion:
    merged: dict[str, int] = {}
    for code, minor in taxes:
        merged[code] = merged.get(code, 0) + minor
    gross = amount if included else amount + sum(merged.values())
    if included and sum(merged.values()) > amount:
        raise Nonsense("lines.taxes", "taxes inside a price are at most the price")
    return Portion(gross_minor=gross, taxes=[Tax(code, minor) for code, minor in merged.items()], quantity=quantity)


def _line(line: OrderLine, portion: Portion, included: bool) -> Line:
    return Line(
        line_id=line.line_id,
        sku=line.sku,
        kind=line.kind,
        portion=portion,
        duties=Portion(gross_minor=line.duties_minor, quantity=line.quantity) if line.duties_minor else None,
        title=line.title,
        category=line.category,
        final_sale=line.final_sale,
        withdrawal_exemption=line.withdrawal_exemption,
        subscription=plain(line.subscription),
        taxes_included=included,
    )


def _shipping(item: OrderShipping, included: bool) -> Shipping:
    amount = item.amount_minor - item.discount_minor
    if amount < 0:
        raise Nonsense("shipping.discount_minor", "a discount of at most the amount")
    portion = _portion(amount, [(tax.code, tax.amount_minor) for tax in item.taxes], included)
    return Shipping(
        shipping_id=item.shipping_id,
        portion=portion,
        price_minor=amount,
        standard_minor=item.standard_amount_minor,
    )


def _refuse_negative(amounts: list[int], path: str, expected: str) -> None:
    for index, amount in enumerate(amounts):
        if amount < 0:
            raise Nonsense(path.format(index), expected)


def _reconcile_total(order: Order, stated: int | None) -> None:
    """A stated total that is off by rounding goes onto the last line; one that is off by more needs a person.

    So does one that would leave the last line less than the taxes in it.
    """
    lines = list(order.lines.values())
    total = sum(line.portion.gross_minor + (line.duties.gross_minor if line.duties else 0) for line in lines)
    total += sum(item.portion.gross_minor for item in order.shipping.values())
    total += order.tip.gross_minor if order.tip else 0
    order.total_minor = total
    if stated is None or stated == total:
        return
    last = lines[-1].portion
    difference = stated - total
    if abs(difference) <= len(lines) and last.gross_minor + difference >= sum(tax.amount_minor for tax in last.taxes):
        last.gross_minor += difference
        order.total_minor = stated
    else:
        order.total_differs = True


def carry_over(old: Order, new: Order) -> str | None:
    """Moves what was approved from the old order to the new one, or says which part the new one shrinks below it."""
    for line_id, line in old.lines.items():
        after = new.lines.get(line_id)
        if not _moved(line.portion, after.portion if after else None):
            return "lines"
        if after is not None:
            after.returned_counted = line.returned_counted
        if line.duties and not _moved(line.duties, after.duties if after else None):
            return "duties_minor"
    for shipping_id, item in old.shipping.items():
        kept = new.shipping.get(shipping_id)
        if not _moved(item.portion, kept.portion if kept else None):
            return "shipping"
    if old.tip and not _moved(old.tip, new.tip):
        return "tip_minor"
    _remember_quantities(old, new, until=new.placed_at)
    new.placed_at = old.placed_at
    return None


def _remember_quantities(old: Order, new: Order, *, until: datetime) -> None:
    """Keeps how many units of a line the order had before, where the new one has another number of them."""
    new.formerly = {line_id: list(before) for line_id, before in old.formerly.items()}
    for line_id in {**old.lines, **new.lines}:
        if old.quantity_of(line_id) != new.quantity_of(line_id):
            new.formerly.setdefault(line_id, []).append(Formerly(until, old.quantity_of(line_id)))


def _moved(old: Portion, new: Portion | None) -> bool:
    if not old.used_minor and not old.used_quantity:
        return True
    if new is None or new.gross_minor < old.used_minor or new.quantity < old.used_quantity:
        return False
    used = {tax.code: minor for tax, minor in zip(old.taxes, old.used_taxes, strict=False)}
    if _shrinks_below(used, old, new):
        return False
    new.used_minor, new.used_quantity, new.counted_minor = old.used_minor, old.used_quantity, old.counted_minor
    new.used_taxes = [used.get(tax.code, 0) for tax in new.taxes]
    return True


def _shrinks_below(used: dict[str, int], old: Portion, new: Portion) -> bool:
    """Whether the net or a tax becomes less than it was, and less than what of it went back by `used` taxes."""
    before = {tax.code: tax.amount_minor for tax in old.taxes}
    after = {tax.code: tax.amount_minor for tax in new.taxes}
    for code, minor in used.items():
        if minor and (code not in after or after[code] < min(minor, before[code])):
            return True
    net_before = old.gross_minor - sum(before.values())
    net_used = old.used_minor - sum(used.values())
    return new.gross_minor - sum(after.values()) < min(net_used, net_before)
