"""Partial refunds worked out a second time, from the text of the rules, with fractions: it shares no code with them.

A `Till` is an order that was paid in full. It knows what a request of each kind gives while nothing else holds it: no
window, no fee, no limit, a fault of the merchant.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from typing import Any, NamedTuple


class Row(NamedTuple):
    """A row of a breakdown: which part of the order, units where it goes by quantity, gross, net, each tax."""

    component: str
    part_id: str | None
    units: int | None
    gross: int
    net: int
    taxes: tuple[int, ...]


class Answer(NamedTuple):
    """What must be decided. `code` is of a denial; `possible` what it says that could have been paid, None: not said."""

    rows: tuple[Row, ...] = ()
    reduced: bool = False
    code: str = ""
    possible: int | None = None


def half_up(exact: Fraction) -> int:
    return floor(abs(exact) + Fraction(1, 2)) * (1 if exact >= 0 else -1)


def by_largest_remainder(total: int, weights: list[int]) -> list[int]:
    weights = weights if sum(weights) else [1] * len(weights)
    exact = [Fraction(total * weight, sum(weights)) for weight in weights]
    shares = [floor(share) for share in exact]
    first = sorted(range(len(weights)), key=lambda index: (shares[index] - exact[index], index))
    for index in first[: total - sum(shares)]:
        shares[index] += 1
    return shares


@dataclass
class Part:
    """A line, its duties, a delivery or the tip: what it cost, and what of it went back."""

    component: str
    part_id: str | None
    gross: int
    taxes: list[int] = field(default_factory=list)
    units: int | None = None
    gone: int = 0
    gone_taxes: list[int] = field(default_factory=list)
    gone_units: int = 0
    gone_by_unit: int = 0

    @property
    def left(self) -> int:
        return self.gross - self.gone

    def worth(self, units: int) -> tuple[int, int]:
        """What the next units give, and what they would give had nothing been taken by amount."""
        assert self.units is not None
        so_far = self.gone_units + units
        whole = half_up(Fraction(so_far * self.gross, self.units)) - self.gone_by_unit
        return (self.left if so_far == self.units else max(0, min(whole, self.left))), whole

    def take(self, gross: int, units: int | None = None) -> Row:
        before = self.gone_taxes or [0] * len(self.taxes)
        self.gone += gross
        self.gone_taxes = [half_up(Fraction(tax * self.gone, self.gross)) for tax in self.taxes]
        taxes = tuple(now - then for now, then in zip(self.gone_taxes, before, strict=True))
        if units:
            self.gone_units += units
            self.gone_by_unit += gross
        return Row(self.component, self.part_id, units, gross, gross - sum(taxes), taxes)


class Till:
    """The parts of an `order.placed`, and what requests take from them."""

    def __init__(self, order: dict[str, Any]) -> None:
        inside = order["prices_include_tax"]
        prices = [line["amount_minor"] - line["discount_minor"] for line in order["lines"]]
        less = by_largest_remainder(order["order_discount_minor"], prices)
        more = [by_largest_remainder(tax["amount_minor"], prices) for tax in order["order_taxes"]]
        self.parts: list[Part] = []
        for index, line in enumerate(order["lines"]):
            taxes = [tax["amount_minor"] for tax in line["taxes"]] + [shares[index] for shares in more]
            gross = prices[index] - less[index] + (0 if inside else sum(taxes))
            self.parts.append(Part("line", line["line_id"], gross, taxes, line["quantity"]))
            if line["duties_minor"]:
                self.parts.append(Part("duties", line["line_id"], line["duties_minor"], [], line["quantity"]))
        for item in order["shipping"]:
            taxes = [tax["amount_minor"] for tax in item["taxes"]]
            gross = item["amount_minor"] + (0 if inside else sum(taxes))
            self.parts.append(Part("shipping", item["shipping_id"], gross, taxes))
        if order["tip_minor"]:
            self.parts.append(Part("tip", None, order["tip_minor"]))

    def part(self, component: str, part_id: str | None) -> Part | None:
        found = (part for part in self.parts if (part.component, part.part_id) == (component, part_id))
        return next(found, None)

    @property
    def charged(self) -> int:
        return sum(part.gross for part in self.parts)

    @property
    def spreadable(self) -> list[Part]:
        """What an amount of the whole order is spread over."""
        return [part for part in self.parts if part.component in ("line", "shipping") and part.left]

    def asked(self, scope: dict[str, Any]) -> Answer:
        """What a request must get; an approval takes it."""
        match scope["kind"]:
            case "full":
                return self._full()
            case "lines":
                units = {one["line_id"]: one["quantity"] for one in scope["lines"]}
                return self._units(units, with_delivery=scope["include_shipping"])
            case "shipping":
                part = self.part("shipping", scope["shipping_id"])
                assert part is not None
                wanted = scope.get("amount_minor")
                if wanted is None:
                    reduced = part.gone > 0
                    return Answer((part.take(part.left),), reduced) if part.left else Answer(code="nothing_left")
                return self._amount(wanted, [part])
            case "amount" if "line_id" in scope:
                part = self.part("line", scope["line_id"])
                return self._amount(scope["amount"]["amount_minor"], [part] if part else [])
        return self._amount(scope["amount"]["amount_minor"], self.spreadable)

    def _full(self) -> Answer:
        reduced = any(part.gone for part in self.parts)
        rows = [part.take(part.left, self._units_left(part)) for part in self.parts if part.left]
        return Answer(tuple(rows), reduced) if rows else Answer(code="nothing_left")

    def _units_left(self, part: Part) -> int | None:
        return (part.units - part.gone_units) or None if part.units else None

    def _units(self, wanted: dict[str, int], *, with_delivery: bool) -> Answer:
        lines = {line_id: self.part("line", line_id) for line_id in wanted}
        if any(line is None or wanted[i] > (self._units_left(line) or 0) for i, line in lines.items()):
            return Answer(code="quantity_exceeded")
        worth = [line.worth(wanted[line_id]) for line_id, line in lines.items() if line]
        rows = [
            part.take(part.worth(units)[0], units)
            for line_id, units in wanted.items()
            for part in (lines[line_id], self.part("duties", line_id))
            if part and part.worth(units)[0]
        ]
        if not rows:
            return Answer(code="nothing_left")
        if with_delivery:
            rows += [part.take(part.left) for part in self.parts if part.component == "shipping" and part.left]
        return Answer(tuple(rows), any(now < whole for now, whole in worth))

    def _amount(self, wanted: int, parts: Iterable[Part]) -> Answer:
        over = list(parts)
        left = sum(part.left for part in over)
        if wanted > left:
            return Answer(code="exceeds_refundable", possible=left)
        shares = by_largest_remainder(wanted, [part.left for part in over])
        return Answer(tuple(part.take(share) for part, share in zip(over, shares, strict=True) if share))
