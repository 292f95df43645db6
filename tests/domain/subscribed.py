"""Subscriptions that are bought, paid, and ended early."""

from typing import Any

from app.domain.policy import Policy
from app.domain.policy_terms import Proration, Window
from tests.domain.dated import Dated
from tests.domain.events import Body, Said, asked, captured, line, of_orders, placed, taxes
from tests.domain.stories import policy

OCTOBER = ("2026-10-01", "2026-11-01")


def terms(unit: Any = "day", day: Any = "used", on: Any = "refund", fee: Any = "keep", **more: Any) -> Policy:
    """A subscription's own terms; a window so wide that it asks nothing."""
    proration = Proration(unit=unit, cancellation_day=day, on_cancellation=on, setup_fee=fee)
    window = Window(days=4000, from_="placed", by_category={})
    return policy(**({"proration": proration, "window": window} | more))


def period(span: tuple[str, str] = OCTOBER, zone: str = "UTC", **more: Any) -> Body:
    """The period that is paid; a date alone is its midnight in UTC."""
    start, end = (day if "T" in day else f"{day}T00:00:00Z" for day in span)
    return {"plan_id": "plan", "period_start": start, "period_end": end, "timezone": zone} | more


def subscribed(
    price: str,
    paid: str | None = None,
    *,
    tax: tuple[str, ...] = (),
    span: tuple[str, str] = OCTOBER,
    zone: str = "UTC",
    fee: int | None = None,
    rules: Policy | None = None,
    prices_include_tax: bool = False,
    **of_line: Any,
) -> Dated:
    """A subscription that was bought and paid at the beginning of 2026, or of its period where that is earlier."""
    plan = period(span, zone, **({} if fee is None else {"setup_fee_minor": fee}))
    bought = line("l1", price, kind="subscription", subscription=plan, taxes=taxes(*tax), **of_line)
    story = Dated(rules or terms(), start=min("2026-01-01", span[0][:10]))
    return story.given(placed(bought, prices_include_tax=prices_include_tax), captured(paid or price))


def october(paid: str = "37.20", **rules: Any) -> Dated:
    """31.00 for October and 20 % tax: 1.20 a day."""
    return subscribed("31.00", paid, tax=("6.20",), rules=terms(**rules))


def ends(at: str, request_id: str = "r1", **more: Any) -> Said:
    """The request for what a subscription has left at a time."""
    when = at if "T" in at else f"{at}T00:00:00Z"
    scope = {"kind": "subscription", "line_id": "l1", "effective_at": when}
    return asked(request_id, scope, **({"reason": "subscription_cancelled"} | more))


def cancels(request_id: str | None = "r1", effective: str = "immediate") -> Said:
    """The subscription is cancelled; without an id nothing is asked."""
    return of_orders("subscription.cancelled", line_id="l1", effective=effective, request_id=request_id)


def euros(minor: int) -> str:
    """Cents as an amount with two decimals."""
    return f"{minor // 100}.{minor % 100:02}"
