"""Orders that a consumer withdraws from: what the law alone can give, since the policy's own window is over in a day."""

from typing import Any

from app.domain.policy import Policy
from app.domain.policy_terms import ReturnRequired, Statutory, Window
from tests.domain.dated import Dated
from tests.domain.events import asked, captured, delivered, line, placed
from tests.domain.stories import policy

BOUGHT, DELIVERED, IN_TIME, LATE = "2026-01-31T10:00Z", "2026-02-03T10:00Z", "2026-02-10T12:00Z", "2026-02-20T12:00Z"
GOODS_FIRST = ReturnRequired(kinds=("physical",), unless_below=None, reasons_exempt=())


def law(days: int = 1, **more: Any) -> Policy:
    """The law speaks; the policy's window is over after `days`."""
    window = Window(days=days, from_="delivered", by_category={})
    return policy(**({"statutory": Statutory(enabled=True), "window": window} | more))


def consumer(country: str | None = "NL", terms: Policy | None = None, *bought: Any, **more: Any) -> Dated:
    """A consumer at a distance has bought for 80.00 and paid, and nothing was delivered yet."""
    start = more.pop("start", BOUGHT)
    order = placed(*(bought or [line("l1", "80.00")]), **({"country": country} | more))
    paid = sum(one["amount_minor"] for one in order.body["lines"] + order.body.get("shipping", []))
    paid += sum(
        tax["amount_minor"]
        for one in order.body["lines"] + order.body.get("shipping", [])
        for tax in one.get("taxes", [])
    )
    story = Dated(terms or law(), start=start)
    return story.on(start, order, captured(f"{paid // 100}.{paid % 100:02}"))


def owner(
    country: str | None = "NL", terms: Policy | None = None, *bought: Any, at: str = DELIVERED, **more: Any
) -> Dated:
    """The same, and everything was delivered."""
    return consumer(country, terms, *bought, **more).on(at, delivered())


def withdraws(request_id: str = "r1", scope: Any = None, reason: str = "statutory_withdrawal", **more: Any) -> Any:
    """The consumer's statement."""
    return asked(request_id, scope, reason=reason, **more)
