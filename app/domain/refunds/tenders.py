"""Which payment gets which part back: to where the money came from, none more than it gave."""

from datetime import UTC, datetime

from app.domain.balances import refundable
from app.domain.case import Case, Payment
from app.domain.money import split

_NEVER = datetime.max.replace(tzinfo=UTC)


def available(case: Case, currency: str) -> dict[str, int]:
    """What each captured payment of a currency can still give, in the order of their captures; never below zero."""
    payments = [p for p in case.payments.values() if p.currency == currency and p.captured_minor]
    if len(payments) > 1:
        payments.sort(key=lambda p: (_captured_at(p), p.payment_id))
    return {p.payment_id: max(0, refundable(case, p)) for p in payments}


def _captured_at(payment: Payment) -> datetime:
    return min((capture.captured_at for capture in payment.takings), default=_NEVER)


def allocate(
    case: Case, *, amount_minor: int, currency: str, order: str | tuple[str, ...], first: str | None
) -> dict[str, int]:
    """Shares of an approved amount by payment id, in the policy's order: as captured, proportional, or by kind.

    `first`: the payment that was charged too much, before all others. The amount is at most what is available.
    """
    left = available(case, currency)
    assert 0 < amount_minor <= sum(left.values())
    if order == "proportional" and first is None:
        shares = split(amount_minor, list(left.values()))
        return {key: share for key, share in zip(left, shares, strict=True) if share}
    keys = list(left)
    if isinstance(order, tuple):
        rank = {kind: index for index, kind in enumerate(order)}
        keys.sort(key=lambda key: rank.get(case.payments[key].kind, len(rank)))
    keys.sort(key=lambda key: key != first)
    taken: dict[str, int] = {}
    for key in keys:
        share = min(left[key], amount_minor - sum(taken.values()))
        if share:
            taken[key] = share
    return taken
