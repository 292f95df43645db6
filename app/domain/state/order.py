"""What was bought: the order as the portions of it that can be paid back."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec


class Tax(msgspec.Struct, array_like=True, gc=False):
    """A tax as charged, whole component."""

    code: str
    amount_minor: int


class Proof(msgspec.Struct, array_like=True, gc=False):
    """The event that shows something, and when that was."""

    event_id: str
    at: datetime


class Portion(msgspec.Struct, array_like=True, gc=False):
    """A part of the order that can be paid back: a line, its duties, a shipping item or the tip.

    `gross_minor` is what was charged for it, discounts and taxes counted. `used_*` is what approvals and refunds made
    outside have taken of it, `counted_minor` the share of `used_minor` that went by quantity.
    """

    gross_minor: int
    taxes: list[Tax] = []
    quantity: int = 1
    used_quantity: int = 0
    used_minor: int = 0
    counted_minor: int = 0
    used_taxes: list[int] = []

    @property
    def left_minor(self) -> int:
        """What of it can still be paid back; zero where the outside took more."""
        return max(0, self.gross_minor - self.used_minor)

    @property
    def left_quantity(self) -> int:
        """Units not yet paid back."""
        return max(0, self.quantity - self.used_quantity)


class Line(msgspec.Struct, array_like=True, gc=False):
    """A line of the order: what it is, what of it can be paid back, and where its goods are."""

    line_id: str
    sku: str
    kind: str
    portion: Portion
    duties: Portion | None = None
    title: str | None = None
    category: str | None = None
    final_sale: bool = False
    withdrawal_exemption: str | None = None
    subscription: dict[str, Any] | None = None
    taxes_included: bool = False
    returned_counted: int = 0


class Shipping(msgspec.Struct, array_like=True, gc=False):
    """A delivery that was charged, at `price_minor` without taxes that come on top.

    `standard_minor`: what the cheapest standard delivery would have cost, in the same way.
    """

    shipping_id: str
    portion: Portion
    price_minor: int = 0
    standard_minor: int | None = None


class Formerly(msgspec.Struct, array_like=True, gc=False):
    """How many units of a line the order had until an amendment changed that."""

    until: datetime
    quantity: int


class Order(msgspec.Struct, array_like=True, gc=False):
    """The order as placed or last amended. `formerly`: of the lines whose quantity an amendment changed."""

    placed_at: datetime
    currency: str
    locale: str
    lines: dict[str, Line]
    shipping: dict[str, Shipping] = {}
    tip: Portion | None = None
    total_minor: int = 0
    country: str | None = None
    timezone: str | None = None
    channel: str = "online"
    business_buyer: bool = False
    prices_include_tax: bool = False
    informed_of_withdrawal: bool = True
    total_differs: bool = False
    event_id: str = ""
    formerly: dict[str, list[Formerly]] = {}

    def quantity_of(self, line_id: str) -> int:
        """Units of a line; zero of one that it does not have."""
        line = self.lines.get(line_id)
        return line.portion.quantity if line else 0

    def most_bought(self, line_id: str) -> int:
        """The most units of a line that any version had; zero of one that it never had."""
        return max([self.quantity_of(line_id), *(before.quantity for before in self.formerly.get(line_id, ()))])

    def bought_by(self, line_id: str, moments: Sequence[datetime]) -> list[int]:
        """Units of a line as of each of these times; the first version counts for what was before it."""
        formerly = sorted(self.formerly.get(line_id, ()), key=lambda one: one.until)
        untils = [before.until for before in formerly]
        versions = [*(before.quantity for before in formerly), self.quantity_of(line_id)]
        return [versions[bisect_right(untils, moment)] for moment in moments]
