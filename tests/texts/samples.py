"""Raw fields for every key of the catalogue, as the domain hands them over."""

from itertools import chain, combinations

from app.domain.reasons import OUTCOMES
from app.texts.catalogue import NOTIFICATIONS

SAMPLE = {
    "order_id": "A-1001",
    "request_id": "R-77",
    "amount": {"amount_minor": 123456, "currency": "EUR"},
    "requested": {"amount_minor": 200000, "currency": "EUR"},
    "refundable": {"amount_minor": 7500, "currency": "EUR"},
    "credit": {"amount_minor": 1000, "currency": "EUR"},
    "fees": {"amount_minor": 499, "currency": "EUR"},
    "method": "original",
    "scope": "lines",
    "statutory": True,
    "lines": [
        {"line_id": "l1", "title": "Kimono", "quantity": 2},
        {"line_id": "l2", "title": None, "quantity": 1},
    ],
    "question": "Kimono?",
    "title": "Kimono Club",
    "asked_at": "2026-03-02T14:05:09Z",
    "wait_until": "2026-03-16T14:05:09Z",
    "answer_by": "2026-03-20",
    "return_by": "2026-04-01T12:00:00Z",
    "pay_by": "2026-03-16",
    "since": "2026-03-02T00:00:00Z",
    "effective_at": "2026-03-31T22:30:00Z",
    "expected_days": 5,
    "acquirer_reference_number": "74102938",
    "credit_id": "C-9",
    "timezone": "Europe/Berlin",
}


def filled(template: str, *keys: str) -> dict[str, object]:
    """Sample fields under these keys; the reasons are all codes that the notification may speak of."""
    speaks_of = NOTIFICATIONS[template].speaks_of
    codes = [reason.value for reason, outcome in OUTCOMES.items() if outcome is speaks_of]
    return {key: codes if key == "reasons" else SAMPLE[key] for key in keys}


def required_only(template: str) -> dict[str, object]:
    return filled(template, *NOTIFICATIONS[template].required)


def everything(template: str) -> dict[str, object]:
    return filled(template, *NOTIFICATIONS[template].keys)


def subsets(template: str) -> list[dict[str, object]]:
    """The required fields with every choice of optional ones."""
    kind = NOTIFICATIONS[template]
    choices = chain.from_iterable(combinations(kind.optional, size) for size in range(len(kind.optional) + 1))
    return [filled(template, *kind.required, *choice) for choice in choices]
