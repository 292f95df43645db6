"""What a refund means in the currency in which the merchant was paid out.

`gain_loss = refunded share of the captured settlement - settlement of the refund`, rounded once. It is told beside the
decision as an estimate and on the ledger as it came; nothing is decided by it.
"""

from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from app.domain.case import Case, Payment, Refund
from app.domain.money import rounded
from app.domain.rates import Rates, convert, decimal_text

NO_RATE = "fx_rate_missing"


def estimate(case: Case, shares: Mapping[str, int], rates: Rates, day: date) -> tuple[dict[str, Any] | None, bool]:
    """The `fx` of a decision that gives `shares` back, and whether a rate was missing for it.

    There is one estimate where all of it was settled in one other currency. A decision that gives back a gift card too,
    or payments that were settled in several currencies, has none for its amount, and no rate is missing for it either.
    """
    currencies = {_settled_in(case.payments[key]) for key in shares}
    currency = currencies.pop() if len(currencies) == 1 else None
    if currency is None or case.currency in (None, currency):
        return None, False
    rate = rates.find(case.currency, currency, day)
    if rate is None:
        return None, True
    minor = convert(sum(shares.values()), case.currency, currency, rate.value)
    came_in = sum((_share_of_settlement(case.payments[key], share) for key, share in shares.items()), Fraction(0))
    return {
        "rate": decimal_text(rate.value),
        "as_of": rate.as_of,
        "settlement_estimate": {"amount_minor": minor, "currency": currency},
        "gain_loss_minor": rounded(came_in - minor),
        "currency": currency,
    }, False


def settled(case: Case, refund: Refund) -> dict[str, Any] | None:
    """The `fx` of a ledger entry, where capture and refund were settled in the same foreign currency."""
    payment, settlement = case.payments[refund.payment_id], refund.settlement
    if settlement is None or _settled_in(payment) != settlement["amount"]["currency"]:
        return None
    if settlement["amount"]["currency"] == payment.currency:
        return None
    came_in = _share_of_settlement(payment, refund.amount_minor)
    gain_loss = rounded(came_in - abs(settlement["amount"]["amount_minor"]))
    return {"gain_loss_minor": gain_loss, "currency": settlement["amount"]["currency"]}


def _settled_in(payment: Payment) -> str | None:
    """The currency in which all of a payment's captures were settled; None where it is not known or not one."""
    settlements = [c.settlement for c in payment.captures.values() if c.kept_minor]
    currencies = {s["amount"]["currency"] if s else None for s in settlements}
    return currencies.pop() if len(currencies) == 1 else None


def _share_of_settlement(payment: Payment, minor: int) -> Fraction:
    """Of what came in on the merchant's account for the payment, the part that belongs to `minor` of it."""
    came_in = sum(
        Fraction(c.settlement["amount"]["amount_minor"] * c.kept_minor, c.amount_minor)
        for c in payment.captures.values()
        if c.settlement and c.amount_minor
    )
    return came_in * Fraction(minor, payment.captured_minor)
