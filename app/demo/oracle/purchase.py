"""What an order comes to, line by line: reckoned here from the order's own words, to judge what is paid back of it."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any


@dataclass(slots=True)
class Item:
    """A line or a shipping item: what was charged for it, its own taxes counted, duties not. Minor units."""

    gross_minor: int
    taxes: dict[str, int]


@dataclass(slots=True)
class Purchase:
    """An order as it was placed. `exact` is False where the order states a total that its parts do not give."""

    currency: str
    lines: dict[str, Item] = field(default_factory=dict)
    shipping: dict[str, Item] = field(default_factory=dict)
    exact: bool = True


def shares(total: int, weights: list[int]) -> list[int]:
    """`total` split by weights: largest remainder, ties to the first, equal where all weights are zero."""
    if total < 0:
        return [-share for share in shares(-total, weights)]
    if not any(weights):
        weights = [1] * len(weights)
    ideal = [Fraction(total * weight, sum(weights)) for weight in weights]
    floors = [part.numerator // part.denominator for part in ideal]
    rest = total - sum(floors)
    by_remainder = sorted(range(len(weights)), key=lambda n: (floors[n] - ideal[n], n))
    for n in by_remainder[:rest]:
        floors[n] += 1
    return floors


def half_up(numerator: int, denominator: int) -> int:
    """The quotient, rounded; ties go away from zero."""
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def purchase_of(body: dict[str, Any]) -> Purchase:
    """The order in the body of `order.placed`. Raises KeyError, TypeError or ValueError where it cannot be read."""
    rows, included = body["lines"], body.get("prices_include_tax", False)
    after_discount = [row["amount_minor"] - row.get("discount_minor", 0) for row in rows]
    discounts = shares(body.get("order_discount_minor", 0), after_discount)
    spread = [(tax["code"], shares(tax["amount_minor"], after_discount)) for tax in body.get("order_taxes", [])]
    bought = Purchase(body["currency"])
    for n, row in enumerate(rows):
        taxes = _taxes(row)
        for code, parts in spread:
            taxes[code] = taxes.get(code, 0) + parts[n]
        price = after_discount[n] - discounts[n]
        bought.lines[row["line_id"]] = Item(price if included else price + sum(taxes.values()), taxes)
    for row in body.get("shipping", []):
        taxes, price = _taxes(row), row["amount_minor"] - row.get("discount_minor", 0)
        bought.shipping[row["shipping_id"]] = Item(price if included else price + sum(taxes.values()), taxes)
    stated = body.get("total_minor")
    duties = sum(row.get("duties_minor", 0) for row in rows)
    items = [*bought.lines.values(), *bought.shipping.values()]
    total = sum(item.gross_minor for item in items) + duties + body.get("tip_minor", 0)
    bought.exact = stated is None or stated == total
    return bought


def _taxes(row: dict[str, Any]) -> dict[str, int]:
    found: dict[str, int] = {}
    for tax in row.get("taxes", []):
        found[tax["code"]] = found.get(tax["code"], 0) + tax["amount_minor"]
    return found
