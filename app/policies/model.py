"""The policy document as it is written, closed and strict: every key, what it may hold, in one description each.

The descriptions are what the author of a policy reads where a value is refused ("expected …"). A key that is given
replaces the whole default of that key, so inside of it only that may be left out whose absence means "none".
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from app.domain.words import DisputeCategory
from app.policies.values import (
    Currency,
    Once,
    as_decimal,
    as_duration,
    as_merchant,
    as_moment,
    as_policy_id,
    as_tenders,
    with_default,
)
from topics.orders import LineKind, RequestReason

GoodsCondition = Literal["new", "opened", "damaged", "missing"]
WinAdjustment = Literal["liability_shifted", "compelling_evidence", "refund_paid", "proof_missing"]
Overridable = Literal["window_expired", "final_sale", "withdrawal_period_over", "exempt_from_withdrawal"]

Minor = Annotated[int, Field(ge=0, le=2**53 - 1)]
LimitMap = dict[Currency, Minor]
Category = Annotated[str, Field(min_length=1, max_length=128)]
Days = Annotated[int, Field(ge=0, le=36_500)]
Share = Annotated[Decimal, BeforeValidator(as_decimal), Field(ge=0, le=1)]
Shift = Annotated[Decimal, BeforeValidator(as_decimal), Field(ge=-1, le=1)]
Wait = Annotated[timedelta, BeforeValidator(as_duration)]
Reasons = Annotated[list[RequestReason], Once]

_LIMITS = "minor units by currency, like {default: 20000, JPY: 30000}"
_REASONS = "a list of refund reasons, like [damaged, not_received]"
_RATE = 'a share as a decimal string, "0" to "1"'
_WAIT = "a whole number with s, m, h or d, at most 730d, like 72h"


class Term(BaseModel):
    """What all parts of the document share: no unknown keys, no conversions."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class WindowTerm(Term):
    """`window`: how long a line can be given back, and from when that counts."""

    days: Days = Field(description="whole days, 0 to 36500")
    from_: Literal["delivered", "fulfilled", "placed", "captured"] = Field(
        alias="from", description="one of delivered, fulfilled, placed, captured"
    )
    by_category: dict[Category, Days] = Field(default={}, description="whole days by category, like {electronics: 14}")


class ReturnRequiredTerm(Term):
    """`return_required`: which goods must be back before money goes out."""

    kinds: Annotated[list[LineKind], Once] = Field(
        description="a list of line kinds (physical, digital, service, subscription, gift_card); [] for none"
    )
    unless_below: LimitMap | None = Field(default=None, description=f"{_LIMITS}, or null: always")
    reasons_exempt: Reasons = Field(default=[], description=_REASONS)


class RestockingTerm(Term):
    """`fees.restocking`: a share of what comes back. All of its lists must name what is meant."""

    rate: Share = Field(description=_RATE)
    categories: Annotated[list[Category], Once] = Field(description="a list of categories; [] for none")
    conditions: Annotated[list[GoodsCondition], Once] = Field(
        description="a list of conditions (new, opened, damaged, missing); [] for none"
    )
    reasons: Reasons = Field(description=_REASONS)


class ReturnShippingTerm(Term):
    """`fees.return_shipping`: a fixed amount for the way back."""

    amounts: LimitMap = Field(description="minor units by currency, like {EUR: 499}")
    reasons: Reasons = Field(description=_REASONS)


class FeesTerm(Term):
    """`fees`: what reduces a refund; a fee that is left out is not taken."""

    restocking: RestockingTerm | None = Field(default=None, description="rate, categories, conditions, reasons")
    return_shipping: ReturnShippingTerm | None = Field(default=None, description="amounts, reasons")
    damage: dict[GoodsCondition, Share] = Field(
        default={}, description='what is kept by condition, like {opened: "0.00", damaged: "0.50", missing: "1.00"}'
    )


class ShippingRefundTerm(Term):
    """`shipping_refund`: when delivery is paid back too."""

    reasons: Reasons = Field(description=_REASONS)
    with_full_return: bool = Field(description="true or false")


class ProrationTerm(Term):
    """`proration`: how a subscription that ends early is paid back."""

    unit: Literal["day", "fixed_30", "second"] = Field(description="one of day, fixed_30, second")
    cancellation_day: Literal["used", "unused"] = Field(description="one of used, unused")
    on_cancellation: Literal["refund", "refund_then_credit", "store_credit", "none"] = Field(
        description="one of refund, refund_then_credit, store_credit, none"
    )
    setup_fee: Literal["keep", "refund"] = Field(description="one of keep, refund")


class VelocityTerm(Term):
    """`velocity`: how often one customer may ask before a person looks."""

    requests: int = Field(ge=1, le=1000, description="how many requests are usual, 1 to 1000")
    days: int = Field(ge=1, le=400, description="whole days, 1 to 400")


class StatutoryTerm(Term):
    """`statutory`: the consumer's legal right of withdrawal."""

    enabled: bool = Field(description="true or false")


class WaitsTerm(Term):
    """`waits`: how long the absence of a thing is waited for."""

    link: Wait = Field(description=_WAIT)
    order: Wait = Field(description=_WAIT)
    payment: Wait = Field(description=_WAIT)
    return_: Wait = Field(alias="return", description=_WAIT)
    review: Wait = Field(description=_WAIT)
    history: Wait = Field(description=_WAIT)


class DisputesTerm(Term):
    """`disputes`: what contesting gives and costs, and when people are reminded."""

    win_probability: Annotated[dict[Literal[DisputeCategory, "default"], Share], AfterValidator(with_default)] = Field(
        description='the chance of winning by dispute category and default, like {default: "0.35"}'
    )
    win_adjust: dict[WinAdjustment, Shift] = Field(
        default={}, description='what raises or lowers the chance, "-1" to "1", like {refund_paid: "0.30"}'
    )
    handling_cost: LimitMap = Field(description=_LIMITS)
    counter_fee: LimitMap = Field(description=_LIMITS)
    deadline_margin_hours: int = Field(ge=0, le=240, description="whole hours, 0 to 240")
    reminders_hours: Annotated[list[Annotated[int, Field(ge=1, le=2160)]], Field(max_length=10), Once] = Field(
        default=[], description="a list of at most ten whole hours before the deadline, 1 to 2160, like [72, 24]"
    )
    auto_respond: bool = Field(default=False, description="true or false")


class PreDisputeTerm(Term):
    """`pre_dispute`: up to which amount an alert is answered by a refund."""

    refund_up_to: LimitMap | None = Field(description=f"{_LIMITS}, or null: without limit")


class MonitoringTerm(Term):
    """`monitoring`: where the networks' programmes count the merchant."""

    region: str = Field(pattern=r"^[a-z][a-z0-9_-]{1,31}$", description="a region in lower case, like eu")
    regulated: bool = Field(description="true or false")


class RuleTerm(Term):
    """One entry of `rules`: when it holds, what follows, and which code the decision names."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,63}$", description="a name in lower case, like gift_cards_are_reviewed"
    )
    when: str = Field(min_length=1, max_length=4000, description="a condition in CEL, at most 4000 characters")
    then: Literal["deny", "review", "approve"] = Field(description="one of deny, review, approve")
    reason: str = Field(pattern=r"^[a-z][a-z0-9_]{0,63}$", description="a reason code, like rule_review")


class PolicyDocument(Term):
    """The whole document, defaults filled in."""

    policy: Annotated[str, BeforeValidator(as_policy_id)] = Field(
        description="the policy's name: 1 to 64 letters, digits, dots, dashes, underscores; not `built-in`"
    )
    version: int = Field(ge=1, le=1_000_000, description="a whole number from 1")
    effective_from: Annotated[datetime, BeforeValidator(as_moment)] = Field(
        description="a time with offset, like 2026-01-01T00:00:00Z"
    )
    merchants: Annotated[list[Annotated[str, BeforeValidator(as_merchant)]], Field(max_length=10_000), Once] = Field(
        description='a list of merchant ids, or ["*"] for all that no other policy names'
    )
    window: WindowTerm = Field(description="days, from, by_category")
    auto_approve_limit: LimitMap | None = Field(description=f"{_LIMITS}, or null: no limit")
    second_reviewer_above: LimitMap | None = Field(description=f"{_LIMITS}, or null: never")
    return_required: ReturnRequiredTerm = Field(description="kinds, unless_below, reasons_exempt")
    fees: FeesTerm = Field(description="restocking, return_shipping, damage")
    shipping_refund: ShippingRefundTerm = Field(description="reasons, with_full_return")
    proration: ProrationTerm = Field(description="unit, cancellation_day, on_cancellation, setup_fee")
    tenders: Annotated[str | list[str], BeforeValidator(as_tenders)] = Field(
        description="as_captured, proportional, or a list of payment kinds, like [store_credit, gift_card, card]"
    )
    velocity: VelocityTerm | None = Field(description="requests and days, or null: off")
    staff_override: Annotated[list[Overridable], Once] = Field(
        description="a list of window_expired, final_sale, withdrawal_period_over, exempt_from_withdrawal"
    )
    statutory: StatutoryTerm | None = Field(description="enabled, or null: off")
    waits: WaitsTerm = Field(description="link, order, payment, return, review, history")
    refund_stuck_after_days: int = Field(ge=1, le=365, description="whole days, 1 to 365")
    disputes: DisputesTerm = Field(
        description="win_probability, win_adjust, handling_cost, counter_fee, deadline_margin_hours, reminders_hours, "
        "auto_respond"
    )
    pre_dispute: PreDisputeTerm | None = Field(description="refund_up_to, or null: off")
    monitoring: MonitoringTerm = Field(description="region, regulated")
    rules: Annotated[list[RuleTerm], Field(max_length=200)] = Field(description="a list of name, when, then, reason")
