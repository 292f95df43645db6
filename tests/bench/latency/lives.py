"""What is published: the lives of orders, three events each, at one rate from the first to the last.

An order of three lines is placed, paid in full some seconds later, and 10.00 of it are asked back after as long again.
Its guest has no history that would be asked, so two hops lead to the decision: from the door into the journal, and from
there out. At every moment as many orders are placed as are paid and asked about.
"""

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

BETWEEN_S = 2.0
"""Between two events of an order: whatever came before is decided when the next one comes."""
_LINES = [("mug", 2, 2400), ("tea", 1, 1250), ("spoon", 4, 1100)]


class Sent(NamedTuple):
    """One message. `due`: seconds from the beginning; `request`: the number of the request that is timed, else None."""

    due: float
    topic: str
    key: str
    value: bytes
    request: int | None = None


def lives(name: str, rate: float, seconds: float) -> Iterator[Sent]:
    """Messages at `rate` per second. Timed are the requests of `seconds` in which all three kinds come."""
    apart = math.ceil(BETWEEN_S * rate / 3)
    orders = 2 * apart + round(rate * seconds / 3)
    for number in range(orders):
        due = 3 * number / rate
        yield Sent(due, "orders", f"{name}-{number}", _placed(f"{name}-{number}"))
        if (paid := number - apart) >= 0:
            order_id = f"{name}-{paid}"
            yield Sent(due + 1 / rate, "payments", f"p-{order_id}", _captured(order_id))
        if (asked := number - 2 * apart) >= 0:
            order_id = f"{name}-{asked}"
            yield Sent(due + 2 / rate, "orders", order_id, _requested(order_id), asked)


def request_of(name: str, decision: bytes) -> int | None:
    """The number of the request that a decision answers; None where it is of another run, or not final."""
    body = json.loads(decision)
    run, _, number = str(body["request_id"]).rpartition("-")
    return int(number) if run == f"r-{name}" and body["type"] == "refund.approved" else None


def _placed(order_id: str) -> bytes:
    lines = [
        {"line_id": str(place), "sku": sku, "kind": "physical", "quantity": quantity, "amount_minor": amount}
        for place, (sku, quantity, amount) in enumerate(_LINES, 1)
    ]
    terms = {"customer_id": None, "country": "DE", "currency": "EUR", "lines": lines}
    return _event("order.placed", f"o-{order_id}", order_id, terms)


def _captured(order_id: str) -> bytes:
    amount = {"amount_minor": sum(amount for *_, amount in _LINES), "currency": "EUR"}
    terms = {"payment_id": f"p-{order_id}", "amount": amount, "method": {"kind": "card", "network": "visa"}}
    return _event("payment.captured", f"c-{order_id}", order_id, terms)


def _requested(order_id: str) -> bytes:
    scope = {"kind": "amount", "amount": {"amount_minor": 1000, "currency": "EUR"}}
    asked = {"requested_by": "customer", "reason": "damaged", "method": "original", "scope": scope}
    return _event("refund.requested", f"r-{order_id}", order_id, {"request_id": f"r-{order_id}", **asked})


def _event(type_: str, event_id: str, order_id: str, terms: dict[str, Any]) -> bytes:
    envelope = {"event_id": event_id, "type": type_, "occurred_at": datetime.now(UTC).isoformat()}
    return json.dumps({**envelope, "merchant_id": "shop-1", "order_id": order_id, **terms}).encode()
