"""Which payment a dispute is about, where it names only the order."""

from typing import Any

from app.domain.case import Case, Dispute

GUESSED = "payment_guessed"
"""The flag of a dispute whose payment was found among several."""


def payment_id_of(case: Case, event: Any) -> tuple[str, bool]:
    """The payment's id, and whether it was guessed.

    Without a name: the payment of the same dispute, else the only captured one, else the newest that is large enough.
    Empty where the case has no payment at all yet.
    """
    if event.payment_id is not None:
        return event.payment_id, False
    known = case.disputes.get(getattr(event, "dispute_id", "") or "")
    if known is not None and known.payment_id:
        return known.payment_id, False
    amount = getattr(event, "amount", None)
    return likely_payment(case, amount.amount_minor if amount is not None else 0)


def names_the_payment(dispute: Dispute, event: Any) -> bool:
    """Whether an event is the first to say which payment a dispute is about: none was found for it, or by a guess."""
    return event.payment_id is not None and (not dispute.payment_id or GUESSED in dispute.flags)


def likely_payment(case: Case, amount_minor: int) -> tuple[str, bool]:
    """The only captured payment, else the newest that is large enough, and whether that is a guess."""
    captured = [payment for payment in case.payments.values() if payment.captured_minor]
    if len(captured) == 1:
        return captured[0].payment_id, False
    large_enough = [payment for payment in captured if payment.captured_minor >= amount_minor]
    if not large_enough:
        return "", False
    newest = max(large_enough, key=lambda p: (max(c.captured_at for c in p.captures.values()), p.payment_id))
    return newest.payment_id, True
