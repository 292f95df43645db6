"""Which messages of a past a policy has anything to say about.

A policy decides requests, answers alerts and advises on disputes. An order of which nobody asks anything and of which
no dispute tells comes out the same under every policy, and so does what decisions read of a customer's history: it
counts requests, refunds and chargebacks. What is advised on a dispute rests on the customer's other payments too, so
the orders of a customer who disputes belong to it. Where it is known beforehand which orders these are, no others need
to be decided.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from time import process_time
from typing import NamedTuple

import msgspec

from app.replay.lines import Line, NoLine
from topics.catalogue import DISPUTES, ORDERS, PAYMENTS, REVIEWS

ASKS = "refund.requested"
MAY_ASK = frozenset({"order.cancelled", "subscription.cancelled"})
OF_CASES = frozenset({ORDERS, PAYMENTS, DISPUTES, REVIEWS})


class Named(msgspec.Struct, frozen=True):
    """What a message says it is about; what is not said, or not as text, is None."""

    type: str | None = None
    merchant_id: str | None = None
    order_id: str | None = None
    payment_id: str | None = None
    request_id: str | None = None
    customer_id: str | None = None


class _Subject(NamedTuple):
    """An order, a payment or a customer, of a merchant."""

    merchant_id: str | None
    kind: str
    id: str


_decode = msgspec.json.Decoder(Named).decode


def named_in(line: Line) -> Named:
    """What the line names. Where it cannot be read it names nothing: it becomes a dead letter in whichever world."""
    try:
        return _decode(line.value or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Named()


def _subjects(named: Named) -> list[_Subject]:
    told = (("order", named.order_id), ("payment", named.payment_id))
    return [_Subject(named.merchant_id, kind, id_) for kind, id_ in told if id_ is not None]


class Relevant:
    """The orders and payments that are asked about or disputed, and whatever hangs together with them by a message.

    `cpu_seconds`: what it took to find them.
    """

    def __init__(self, lines: Iterable[Line | NoLine]) -> None:
        began = process_time()
        beside: defaultdict[_Subject, set[_Subject]] = defaultdict(set)
        customers: defaultdict[_Subject, set[_Subject]] = defaultdict(set)
        orders: defaultdict[_Subject, set[_Subject]] = defaultdict(set)
        asked, disputed = set[_Subject](), set[_Subject]()
        for line in lines:
            if isinstance(line, NoLine) or line.topic not in OF_CASES:
                continue
            named = named_in(line)
            subjects = _subjects(named)
            if len(subjects) == 2:
                one, other = subjects
                beside[one].add(other)
                beside[other].add(one)
            if named.order_id is not None and named.customer_id is not None:
                customer = _Subject(named.merchant_id, "customer", named.customer_id)
                customers[subjects[0]].add(customer)
                orders[customer].add(subjects[0])
            if line.topic == DISPUTES:
                disputed.update(subjects)
            elif _asks(named):
                asked.update(subjects)
        disputed = _all_beside(beside, disputed)
        theirs = {order for one in disputed for customer in customers[one] for order in orders[customer]}
        found = _all_beside(beside, asked | disputed | theirs)
        self._found = found
        self.cpu_seconds = process_time() - began

    def __call__(self, line: Line, named: Named) -> bool:
        """Whether the line must be heard; one that names no order and no payment is."""
        if line.topic not in OF_CASES:
            return True
        subjects = _subjects(named)
        return not subjects or not self._found.isdisjoint(subjects)


def _asks(named: Named) -> bool:
    return named.type == ASKS or (named.type in MAY_ASK and named.request_id is not None)


def _all_beside(beside: Mapping[_Subject, set[_Subject]], some: set[_Subject]) -> set[_Subject]:
    """These, and whatever hangs together with them."""
    found, left = set(some), list(some)
    while left:
        more = beside.get(left.pop(), set()) - found
        found |= more
        left += more
    return found
