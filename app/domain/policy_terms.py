"""The terms of a policy: what each key of the policy document says, as a frozen value.

The attributes carry the names of the document, so that a rule reads like the file. Amounts are integer minor units,
rates and probabilities exact decimals. Where the document may say `null`, the attribute is None: switched off.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal, Protocol, TypeAlias

import msgspec

Limits: TypeAlias = dict[str, int]
Anchor: TypeAlias = Literal["delivered", "fulfilled", "placed", "captured"]
ProrationUnit: TypeAlias = Literal["day", "fixed_30", "second"]
Outcome: TypeAlias = Literal["deny", "review", "approve"]
WaitKind: TypeAlias = Literal["link", "order", "payment", "return", "review", "history"]


def limit(amounts: Limits | None, currency: str) -> int | None:
    """The limit in minor units of the currency: its own, else the default's; None where there is no limit.

    A map that names neither the currency nor a default gives 0: money passes only a limit that somebody wrote down.
    """
    if amounts is None:
        return None
    own = amounts.get(currency)
    return amounts.get("default", 0) if own is None else own


class Condition(Protocol):
    """A compiled `when` of a rule. It names the facts that it may read, so that only these are gathered."""

    @property
    def reads(self) -> frozenset[str]:
        """The facts that the condition speaks of, such as `request.reason`."""
        ...

    def __call__(self, facts: Mapping[str, Any]) -> bool | None:
        """Whether the facts meet the condition; None where it cannot judge them. Raises nothing."""
        ...


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """How many days after the anchor a line can be given back."""

    days: int
    from_: Anchor = msgspec.field(name="from")
    by_category: dict[str, int]


class ReturnRequired(msgspec.Struct, frozen=True, kw_only=True):
    """Which goods must come back before money goes out."""

    kinds: tuple[str, ...]
    unless_below: Limits | None
    reasons_exempt: tuple[str, ...]


class Restocking(msgspec.Struct, frozen=True, kw_only=True):
    """A share of what comes back, for these categories, conditions and reasons alone; an empty list: for none."""

    rate: Decimal
    categories: tuple[str, ...]
    conditions: tuple[str, ...]
    reasons: tuple[str, ...]


class ReturnShipping(msgspec.Struct, frozen=True, kw_only=True):
    """A fixed fee per currency for the way back, for these reasons."""

    amounts: Limits
    reasons: tuple[str, ...]


class Fees(msgspec.Struct, frozen=True, kw_only=True):
    """What reduces a refund. `damage`: the share that is kept by the condition in which goods came back."""

    restocking: Restocking | None = None
    return_shipping: ReturnShipping | None = None
    damage: dict[str, Decimal] = {}

    def damage_rate(self, condition: str) -> Decimal:
        """The share of the gross that is kept for goods that came back in the condition, 0 to 1."""
        return self.damage.get(condition, Decimal(0))

    def restocking_rate(self, category: str | None, condition: str, reason: str) -> Decimal:
        """The share of the gross that is kept for taking a line back, 0 to 1."""
        fee = self.restocking
        meant = fee is not None and category in fee.categories and condition in fee.conditions and reason in fee.reasons
        return fee.rate if fee is not None and meant else Decimal(0)

    def return_shipping_minor(self, currency: str, reason: str) -> int:
        """What the way back costs the customer, in minor units of the currency."""
        fee = self.return_shipping
        return limit(fee.amounts, currency) or 0 if fee is not None and reason in fee.reasons else 0


class ShippingRefund(msgspec.Struct, frozen=True, kw_only=True):
    """When the delivery that was charged is paid back too."""

    reasons: tuple[str, ...]
    with_full_return: bool


class Proration(msgspec.Struct, frozen=True, kw_only=True):
    """How the unused share of a subscription's period is counted, and in what it is paid back."""

    unit: ProrationUnit
    cancellation_day: Literal["used", "unused"]
    on_cancellation: Literal["refund", "refund_then_credit", "store_credit", "none"]
    setup_fee: Literal["keep", "refund"]


class Velocity(msgspec.Struct, frozen=True, kw_only=True):
    """So many requests of one customer in so many days are usual; the next one goes to review."""

    requests: int
    days: int


class Statutory(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the consumer's legal right of withdrawal is applied."""

    enabled: bool


class Disputes(msgspec.Struct, frozen=True, kw_only=True):
    """What contesting costs and gives, and how early people hear of a deadline."""

    win_probability: dict[str, Decimal]
    win_adjust: dict[str, Decimal]
    handling_cost: Limits
    counter_fee: Limits
    deadline_margin_hours: int
    reminders_hours: tuple[int, ...]
    auto_respond: bool

    @property
    def deadline_margin(self) -> timedelta:
        """How much earlier than the table's deadline the answer is asked for."""
        return timedelta(hours=self.deadline_margin_hours)

    def probability(self, category: str) -> Decimal:
        """The chance of winning a dispute of the category before anything raises or lowers it, 0 to 1."""
        own = self.win_probability.get(category)
        return self.win_probability["default"] if own is None else own


class PreDispute(msgspec.Struct, frozen=True, kw_only=True):
    """Up to which amount an alert is answered by a refund without asking anybody."""

    refund_up_to: Limits | None


class Monitoring(msgspec.Struct, frozen=True, kw_only=True):
    """Where the merchant is counted in the networks' monitoring programmes."""

    region: str
    regulated: bool


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A condition of the merchant's own and what it leads to. `when` is its source text, `condition` what it means."""

    name: str
    when: str
    then: Outcome
    reason: str
    condition: Condition | None = None
