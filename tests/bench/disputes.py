"""What an event of a dispute costs beside one of an order, and what open timers cost: in this process, without Kafka.

Each wave is one event of each of so many cases, in rounds like a worker's over stores in memory; its CPU time is this
process's. The cases are alike: an order of three lines, paid by a customer with earlier payments of the same card,
delivered with proof; a refund is asked for another order of the customer.
"""

import gc
import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests.bench.mix import Sent
from tests.bench.rounds import Rounds, inbound
from topics.keys import key_of

CASES = 1500
BEGAN = datetime(2026, 3, 1, 9, tzinfo=UTC)
SHOPPER = {"account_id": "acc", "ip": "203.0.113.7", "device_id": "dev", "delivery_address_hash": "home"}

Event = tuple[str, dict[str, Any]]


class Wave(NamedTuple):
    """One event of each case: what it is, how often it comes beside the others, how many were played, and their CPU
    time.
    """

    name: str
    weight: float
    events: int
    cpu_seconds: float

    @property
    def microseconds(self) -> float:
        """CPU time per event."""
        return 1e6 * self.cpu_seconds / self.events


class Lives(NamedTuple):
    """The life of orders, and that of disputes, event by event."""

    orders: list[Wave]
    disputes: list[Wave]

    @property
    def ratio(self) -> float:
        """How many times the mean event of an order the mean event of a dispute costs."""
        return mean(self.disputes) / mean(self.orders)


def mean(waves: Sequence[Wave]) -> float:
    """CPU µs of an event of a life, each kind as often as it comes."""
    return sum(wave.weight * wave.microseconds for wave in waves) / sum(wave.weight for wave in waves)


def measure(cases: int = CASES) -> Lives:
    """Plays the orders, then a dispute of each: half of them for fraud, half because nothing arrived."""
    rounds = Rounds()
    for number, event in enumerate(_earlier()):
        _wave(rounds, number, range(cases), event, "earlier")
    orders = [_wave(rounds, 10 + n, range(cases), *event) for n, event in enumerate(ORDER)]
    _wave(rounds, 20, range(cases), _captured("", BEGAN), "captured")
    opened = [_wave(rounds, 30 + n, range(n, cases, len(OPENED)), *event) for n, event in enumerate(OPENED)]
    return Lives(orders, [*opened, *(_wave(rounds, 40 + n, range(cases), *event) for n, event in enumerate(DISPUTE))])


def _wave(
    rounds: Rounds, number: int, cases: Sequence[int], event: Callable[[int], Event], name: str, weight: float = 1
) -> Wave:
    messages = [inbound(_sent(*event(case), f"w{number}-{case}", number)) for case in cases]
    gc.collect()
    gc.freeze()
    gc.disable()  # as a worker does within its rounds
    began = time.process_time()
    rounds.feed(messages)
    spent = time.process_time() - began
    gc.enable()
    return Wave(name, weight, len(cases), spent)


def _sent(topic: str, body: dict[str, Any], event_id: str, number: int) -> Sent:
    at = datetime.fromisoformat(body["occurred_at"]) if "occurred_at" in body else BEGAN + timedelta(hours=number)
    told = {"event_id": event_id, "merchant_id": "m1", "occurred_at": at.isoformat(), **body}
    key = key_of(topic, told)
    assert key is not None
    return Sent(topic, key.encode(), json.dumps(told).encode(), (), int(at.timestamp() * 1000))


def _earlier() -> Iterator[Callable[[int], Event]]:
    """Earlier orders of each customer, paid with the same card from the same device, and a recent one."""
    for name, days in (("a", 300), ("b", 200), ("c", 2)):
        at = BEGAN - timedelta(days=days)
        yield _placed(name, at)
        yield _captured(name, at)


def _placed(name: str, at: datetime) -> Callable[[int], Event]:
    lines = [
        {
            "line_id": str(line),
            "sku": f"sku-{line}",
            "title": f"thing {line}",
            "kind": "physical",
            "quantity": 1,
            "amount_minor": 4000,
            "taxes": [{"code": "vat", "amount_minor": 400}],
        }
        for line in range(3)
    ]

    def event(case: int) -> Event:
        body = {"type": "order.placed", "order_id": f"o{name}{case}", "customer_id": f"c{case}", "currency": "EUR"}
        return "orders", body | {"country": "DE", "lines": lines, "occurred_at": at.isoformat()}

    return event


def _captured(name: str, at: datetime) -> Callable[[int], Event]:
    def event(case: int) -> Event:
        body = {
            "type": "payment.captured",
            "payment_id": f"p{name}{case}",
            "order_id": f"o{name}{case}",
            "amount": {"amount_minor": 13200, "currency": "EUR"},
            "method": {"kind": "card", "network": "visa", "last4": "4242", "fingerprint": f"f{case}"},
            "shopper": SHOPPER,
            "authentication": {"three_d_secure": "none"},
            "checks": {"cvc": "match"},
            "occurred_at": (at + timedelta(minutes=5)).isoformat(),
        }
        return "payments", body

    return event


def _of_order(type_: str, **body: Any) -> Callable[[int], Event]:
    return lambda case: ("orders", {"type": type_, "order_id": f"o{case}", "shipment_id": f"s{case}", **body})


def _asked(case: int) -> Event:
    body = {"type": "refund.requested", "order_id": f"oc{case}", "request_id": f"r{case}", "scope": ASKED}
    return "orders", body | {"requested_by": "customer", "reason": "not_received", "method": "original"}


def _of_dispute(what: str, **body: Any) -> Callable[[int], Event]:
    def event(case: int) -> Event:
        named = {"type": f"dispute.{what}", "dispute_id": f"d{case}", "payment_id": f"p{case}"}
        return "disputes", named | body

    return event


AMOUNT = {"amount_minor": 13200, "currency": "EUR"}
ASKED = {"kind": "lines", "lines": [{"line_id": "1", "quantity": 1}], "include_shipping": False}
UNITS = [{"line_id": str(line), "quantity": 1} for line in range(3)]
PROOF = {"signed": True, "photo": False, "address_match": "full"}
# how often each comes in the demo's day, for one order
ORDER = (
    (_placed("", BEGAN), "`order.placed`", 1.0),
    (_of_order("order.fulfilled", lines=UNITS, carrier="dhl", tracking_number="t1"), "`order.fulfilled`", 0.92),
    (_of_order("order.delivered", proof=PROOF), "`order.delivered`", 0.90),
    (_asked, "`refund.requested`", 0.63),
)
OPENED = tuple(
    (_of_dispute("opened", stage="chargeback", amount=AMOUNT, network="visa", reason_code=code), name, 0.5)
    for code, name in (
        ("10.4", "`dispute.opened`, Visa 10.4: compelling evidence is asked for"),
        ("13.1", "`dispute.opened`, Visa 13.1"),
    )
)
DISPUTE = (
    (_of_dispute("funds_withdrawn", amount=AMOUNT), "`dispute.funds_withdrawn`"),
    (_of_dispute("evidence_submitted"), "`dispute.evidence_submitted`"),
    (_of_dispute("funds_reinstated", amount=AMOUNT), "`dispute.funds_reinstated`"),
    (_of_dispute("won"), "`dispute.won`"),
)
