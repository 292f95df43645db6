"""What cases are made of: orders of three lines, each paid with a card, and later one more event for some of them.

A case is known by its number alone, so that a million of them need no memory here. Two orders in a row are of the same
customer; a number's merchant, amounts and ids follow from it.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tests.bench.mix import Sent

EVENTS_TO_OPEN = 2
"""Events that open a case: the order is placed, the payment is captured."""

MERCHANTS = 20
_ORDERS_PER_CUSTOMER = 2
_ARTICLES = 5000
_BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
_PLACED, _CAPTURED, _LATER = (f"{_BEGAN + timedelta(minutes=m):%Y-%m-%dT%H:%M:%SZ}" for m in (0, 1, 30))
_encode = msgspec.json.Encoder().encode


def opening(numbers: Iterable[int]) -> Iterator[Sent]:
    """The events that open these cases."""
    for number in numbers:
        yield _placed(number)
        yield _captured(number)


def later(numbers: Iterable[int]) -> Iterator[Sent]:
    """One event for each of these cases, in turns: a shipment, a request for a refund, what the payment came to."""
    for turn, number in enumerate(numbers):
        yield _LATER_EVENTS[turn % len(_LATER_EVENTS)](number)


class Draw:
    """Draws cases at random, each of those that are open with the same chance, and none twice."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._drawn: set[int] = set()

    def some(self, count: int, of: int) -> list[int]:
        """So many of the cases 0 to `of`. ValueError where fewer are left."""
        if of - len(self._drawn) < count:
            raise ValueError(f"{of:,} cases do not have {count:,} that were not drawn before")
        found: list[int] = []
        while len(found) < count:
            number = self._random.randrange(of)
            if number not in self._drawn:
                self._drawn.add(number)
                found.append(number)
        return found


def _placed(number: int) -> Sent:
    lines = [
        {
            "line_id": f"l{line}",
            "sku": f"sku-{(7 * number + 31 * line) % _ARTICLES}",
            "title": "An article of the shop",
            "category": "household",
            "quantity": 1 + (number + line) % 3,
            "amount_minor": _line_minor(number, line),
            "taxes": [{"code": "vat_19", "amount_minor": _line_minor(number, line) * 19 // 119}],
        }
        for line in range(3)
    ]
    return _order(
        number,
        "order.placed",
        "p",
        _PLACED,
        customer_id=_customer(number),
        country="DE",
        locale="de-DE",
        currency="EUR",
        prices_include_tax=True,
        lines=lines,
        total_minor=_total_minor(number),
    )


def _captured(number: int) -> Sent:
    return _payment(
        number,
        "payment.captured",
        "c",
        _CAPTURED,
        order_id=f"order-{number}",
        amount={"amount_minor": _total_minor(number), "currency": "EUR"},
        method={"kind": "card", "network": "visa", "last4": "4242", "fingerprint": f"card-{_customer(number)}"},
    )


def _shipped(number: int) -> Sent:
    units = [{"line_id": f"l{line}", "quantity": 1 + (number + line) % 3} for line in range(3)]
    return _order(number, "order.fulfilled", "s", _LATER, shipment_id=f"parcel-{number}", lines=units, carrier="dhl")


def _requested(number: int) -> Sent:
    return _order(
        number,
        "refund.requested",
        "r",
        _LATER,
        request_id=f"request-{number}",
        requested_by="customer",
        customer_id=_customer(number),
        reason="damaged",
        scope={"kind": "lines", "lines": [{"line_id": "l1", "quantity": 1}], "include_shipping": False},
    )


def _settled(number: int) -> Sent:
    settlement = {"amount": {"amount_minor": _total_minor(number), "currency": "EUR"}, "rate": "1"}
    fee = {"amount_minor": 35, "currency": "EUR"}
    return _payment(number, "payment.settled", "t", _LATER, settlement=settlement, fee=fee)


_LATER_EVENTS: tuple[Callable[[int], Sent], ...] = (_shipped, _requested, _settled)


def _order(number: int, kind: str, letter: str, at: str, **fields: Any) -> Sent:
    return _sent("orders", f"order-{number}", number, kind, letter, at, order_id=f"order-{number}", **fields)


def _payment(number: int, kind: str, letter: str, at: str, **fields: Any) -> Sent:
    return _sent("payments", f"pay-{number}", number, kind, letter, at, payment_id=f"pay-{number}", **fields)


def _sent(topic: str, key: str, number: int, kind: str, letter: str, at: str, **fields: Any) -> Sent:
    envelope = {
        "event_id": f"evt-{letter}{number}",
        "type": kind,
        "occurred_at": at,
        "merchant_id": f"shop-{number // _ORDERS_PER_CUSTOMER % MERCHANTS}",
    }
    return Sent(topic, key.encode(), _encode({**envelope, **fields}), (), 0)


def _customer(number: int) -> str:
    return f"customer-{number // _ORDERS_PER_CUSTOMER}"


def _line_minor(number: int, line: int) -> int:
    return 500 + (37 * number + 1013 * line) % 20_000


def _total_minor(number: int) -> int:
    return sum(_line_minor(number, line) for line in range(3))
