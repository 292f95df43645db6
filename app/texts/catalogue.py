"""What customers are told: every notification, what sets it off, what it must and may know, and when it is stale.

This is the one table that the domain, the texts of all languages and the tests are held against. `data` of a
notification holds raw fields, as on the wire; a key means the same and has the same form in every notification.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import Enum, auto
from typing import Any

from app.domain.reasons import Outcome
from app.texts.formats import instant, zone


class Kind(Enum):
    """The raw form of a key, and what becomes of it in a text."""

    TEXT = auto()
    """A string; printed on one line, without control characters, at most 200 characters long."""
    PROSE = auto()
    """A string of several sentences; as TEXT, at most 1,000 characters long."""
    MONEY = auto()
    """`{"amount_minor": int, "currency": str}`; printed as the language writes money, decimals by ISO 4217."""
    DAY = auto()
    """A datetime, a date, or one of them as an ISO string; printed as a date in `timezone`."""
    DEADLINE = auto()
    """As DAY; a datetime is printed like a MOMENT, so that nobody is late on the day that was named."""
    MOMENT = auto()
    """A datetime, or one as an ISO string; printed with date, time and distance from UTC in `timezone`."""
    COUNT = auto()
    """A whole number; printed by the phrase of the same name in `words.yaml`, in the plural form of the number."""
    LINES = auto()
    """`[{"line_id", "title", "quantity"}]`; printed as a list, one row each. May be empty."""
    REASONS = auto()
    """Reason codes, decisive first; printed as sentences. Codes never appear."""
    CHOICE = auto()
    """A word or a truth value that a text asks with `{% if %}`; never printed."""


KEYS: Mapping[str, Kind] = {
    "order_id": Kind.TEXT,  # the number that the customer knows
    "request_id": Kind.TEXT,  # printed as the reference for questions
    "amount": Kind.MONEY,  # what is, would be, or was to be paid
    "requested": Kind.MONEY,  # what the customer asked for
    "refundable": Kind.MONEY,  # the most that the same request could get; said beside `exceeds_refundable` alone
    "credit": Kind.MONEY,  # the part of `amount` that is paid as store credit, where the rest is not
    "fees": Kind.MONEY,  # what was taken off, as a positive amount
    "method": Kind.CHOICE,  # original, store_credit
    "scope": Kind.CHOICE,  # the contract's kind of scope; `full` is said as "the whole order"
    "statutory": Kind.CHOICE,  # true: a withdrawal by law, acknowledged with content and time (Directive 2011/83/EU)
    "reasons": Kind.REASONS,
    "lines": Kind.LINES,
    "question": Kind.PROSE,  # written by a person for the customer; without it a general question is asked
    "title": Kind.TEXT,  # of the subscription, as it was sold
    "asked_at": Kind.MOMENT,  # when the request was made
    "wait_until": Kind.DAY,  # when news can be expected
    "answer_by": Kind.DEADLINE,
    "return_by": Kind.DEADLINE,
    "pay_by": Kind.DAY,  # the statutory date
    "since": Kind.DAY,
    "effective_at": Kind.DAY,
    "expected_days": Kind.COUNT,  # calendar days until a bank usually shows the money
    "acquirer_reference_number": Kind.TEXT,  # by which a bank finds the money
    "credit_id": Kind.TEXT,
    "timezone": Kind.CHOICE,  # IANA name in which dates are written; absent or unknown: UTC
}
"""Every key that a text may use. Other keys of `data` travel beside the text and are not printed."""

_ALWAYS = ("timezone",)


@dataclass(frozen=True)
class Notification:
    """One kind of notification.

    `required` keys are there and not None, or rendering raises; `optional` ones may be absent or None. `speaks_of`:
    the outcome whose reasons are told; of a denial the decisive one alone. It is stale `lives` after its cause, or at
    the time under the key `until`, where that is later known.
    """

    trigger: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    lives: timedelta
    until: str | None = None
    speaks_of: Outcome | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys that its texts may use."""
        return (*self.required, *self.optional, *_ALWAYS)


NOTIFICATIONS: Mapping[str, Notification] = {
    "refund_acknowledged": Notification(
        trigger="a request is held, or a statutory withdrawal arrived, whatever becomes of it",
        required=("order_id", "request_id", "asked_at"),
        optional=("amount", "requested", "scope", "lines", "statutory", "reasons", "wait_until"),
        lives=timedelta(days=3),
        speaks_of=Outcome.HOLD,
    ),
    "refund_approved": Notification(
        trigger="a request is approved; nothing is paid yet",
        required=("order_id", "request_id", "amount"),
        optional=("reasons", "method", "credit", "fees", "pay_by"),
        lives=timedelta(days=3),
        speaks_of=Outcome.APPROVE,
    ),
    "refund_denied": Notification(
        trigger="a request is denied, unless a dispute is why",
        required=("order_id", "request_id", "reasons"),
        optional=("requested", "refundable", "lines"),
        lives=timedelta(days=14),
        speaks_of=Outcome.DENY,
    ),
    "refund_withdrawn": Notification(
        trigger="the customer took the request back",
        required=("order_id", "request_id"),
        optional=("requested",),
        lives=timedelta(days=7),
    ),
    "refund_information_needed": Notification(
        trigger="a reviewer's verdict is `ask`",
        required=("order_id", "request_id"),
        optional=("amount", "question", "answer_by"),
        lives=timedelta(days=14),
        until="answer_by",
    ),
    "refund_return_needed": Notification(
        trigger="a request is held until the goods are back",
        required=("order_id", "request_id", "lines", "return_by"),
        optional=("amount",),
        lives=timedelta(days=30),
        until="return_by",
    ),
    "refund_sent": Notification(
        trigger="the provider took the refund (submitted)",
        required=("order_id", "amount"),
        optional=(),
        lives=timedelta(days=3),
    ),
    "refund_completed": Notification(
        trigger="the provider confirmed the refund (succeeded)",
        required=("order_id", "amount", "expected_days"),
        optional=("acquirer_reference_number",),
        lives=timedelta(days=14),
    ),
    "refund_delayed": Notification(
        trigger="the provider has not answered for long (stuck)",
        required=("order_id", "amount"),
        optional=("since",),
        lives=timedelta(days=3),
    ),
    "refund_failed": Notification(
        trigger="the money came back, and there is no other way yet",
        required=("order_id", "amount"),
        optional=(),
        lives=timedelta(days=14),
    ),
    "store_credit_issued": Notification(
        trigger="the store credit exists",
        required=("order_id", "amount"),
        optional=("credit_id",),
        lives=timedelta(days=30),
    ),
    "dispute_bank_is_handling": Notification(
        trigger="a request is held or denied because of a dispute",
        required=("order_id",),
        optional=("request_id", "amount"),
        lives=timedelta(days=14),
    ),
    "subscription_cancelled": Notification(
        trigger="a subscription was cancelled, at once or at the end of its term",
        required=("order_id", "effective_at"),
        optional=("title",),
        lives=timedelta(days=14),
    ),
}
"""The templates of the contract. Their names are a contract with whoever consumes notifications."""


def expires_at(template: str, occurred_at: datetime, data: Mapping[str, Any]) -> datetime:
    """When the notification is no longer worth sending: aware, never before `occurred_at`.

    A day counts to its end in `timezone`. An unknown template raises KeyError.
    """
    kind = NOTIFICATIONS[template]
    until = data.get(kind.until) if kind.until else None
    if until is None:
        return occurred_at + kind.lives
    tz = zone(data.get("timezone"))
    return max(occurred_at, _end(instant(until), tz).astimezone(occurred_at.tzinfo))


def _end(until: date, tz: tzinfo) -> datetime:
    return until if isinstance(until, datetime) else datetime.combine(until + timedelta(days=1), time(), tz)
