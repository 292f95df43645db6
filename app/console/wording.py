"""How the console says things: times as a reader counts them, codes as words, and what each word of a case means."""

from datetime import datetime, timedelta
from typing import Final

KINDS: Final = {"refund_request": "Refund request", "dispute": "Dispute", "alert": "Pre-dispute alert"}

VERDICTS: Final = {
    "approve": "Approve",
    "deny": "Deny",
    "ask": "Ask the customer",
    "contest": "Contest",
    "accept": "Accept",
    "refund": "Refund",
    "ignore": "Ignore",
}

CONSEQUENCES: Final = {
    "approve": "The money goes back, unless a second person must agree first.",
    "deny": "The request ends, and the customer is told.",
    "ask": "The customer is asked for more; the request waits on.",
    "contest": "The evidence that there is goes to the bank now, once.",
    "accept": "The money stays with the cardholder.",
    "refund": "The whole amount goes back now, which prevents the chargeback.",
    "ignore": "Nothing is paid; the chargeback may come.",
}

WAITING_FOR: Final = {
    "review": "a review",
    "second_review": "a second person's approval",
    "return": "the goods",
    "payment": "the payment",
    "order": "the order",
    "dispute": "the end of a dispute",
    "history": "the customer's history",
}

CATEGORIES: Final = {
    "fraudulent": "The cardholder says it was fraud.",
    "authorization": "It was charged without a valid authorisation.",
    "duplicate": "It was charged twice.",
    "product_not_received": "The goods did not arrive.",
    "product_unacceptable": "The goods were not as described.",
    "subscription_canceled": "The subscription had been cancelled.",
    "credit_not_processed": "A promised refund did not come.",
    "unrecognized": "The cardholder does not recognise the charge.",
    "general": "For another reason.",
    "unmatched": "Its payment is not known yet.",
}

ADVICE: Final = {
    "contest": "Contest",
    "accept": "Accept",
    "refund": "Refund",
    "none": "Nothing to be done",
}

TERMS: Final = {
    "amount_if_won": "Amount, if won",
    "counter_fee_returned_if_won": "Fee for contesting, returned if won",
    "counter_fee": "Fee for contesting",
    "handling_cost": "Cost of handling",
    "refund": "Refund",
}

SCOPES: Final = {
    "full": "the whole order",
    "lines": "some lines",
    "shipping": "the delivery",
    "amount": "an amount",
    "subscription": "the rest of a subscription",
    "payment": "what was charged too much",
}

_STEPS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def in_words(code: str) -> str:
    """A code as words: `product_not_received` is `Product not received`, `refund.requested` is `Refund requested`."""
    return code.replace("_", " ").replace(".", " ").capitalize()


def span(seconds: float) -> str:
    """A length of time by its two largest units: `2 days 4 hours`, `12 minutes`, `less than a minute`."""
    left, said = int(abs(seconds)), list[str]()
    for size, name in _STEPS:
        count, left = divmod(left, size)
        if count:
            said.append(f"{count} {name}{'s' if count > 1 else ''}")
        elif said:
            break
        if len(said) == 2:
            break
    return " ".join(said) or "less than a minute"


def deadline(due: datetime, now: datetime) -> str:
    """A deadline as seen from now: `in 2 days 4 hours`, `3 hours overdue`."""
    left = (due - now).total_seconds()
    return f"in {span(left)}" if left >= 0 else f"{span(left)} overdue"


def ago(at: datetime, now: datetime) -> str:
    """A time in the past: `4 hours ago`; one that is not past yet is now, as clocks differ."""
    passed = (now - at).total_seconds()
    return f"{span(passed)} ago" if passed >= 60 else "just now"


def date_and_time(at: datetime) -> str:
    """`12 March 2026, 08:00 UTC`."""
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def urgency(due: datetime | None, now: datetime) -> str:
    """How a deadline is marked: `over`, `soon` within a day, `later`, or `none`."""
    if due is None:
        return "none"
    if due < now:
        return "over"
    return "soon" if due - now < timedelta(days=1) else "later"
