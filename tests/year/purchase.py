"""One purchase and everything that is told of it: events with the time when they happened and the time when they arrive.

A purchase knows its ids, its money and its times; courses call its methods. All ids of a purchase carry its number, so
whatever is said of it, and whatever is answered, finds its way back.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from app.demo.oracle import Expectation

APPLIED, DUPLICATE = Expectation("applied"), Expectation("duplicate")
OVERTAKEN = Expectation("applied", ("illegal_transition",))
"""Applied, unless what it is about has ended by itself meanwhile."""
CONFLICT = Expectation("refused", ("id_conflict",))
KEYS = {"orders": "order_id", "payments": "payment_id", "disputes": "payment_id", "reviews": "order_id"}
_NUMBER = re.compile(r"-(\d{7})")


class Told(NamedTuple):
    """One message: when it arrives (ms since the epoch), where, and what its sender knows of its fate.

    `of`: the refund instruction that it answers; while it is not sent yet, that can be called off.
    """

    arrives: int
    topic: str
    key: str
    value: bytes
    expects: Expectation
    of: str = ""


class Means(NamedTuple):
    """What was paid with. `network` is None for what no card network carries."""

    kind: str
    network: str | None
    three_d_secure: str = "none"


def number_of(text: str) -> int:
    """The number of the purchase that an id or a key speaks of."""
    found = _NUMBER.search(text)
    assert found is not None, text
    return int(found[1])


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def text_of(at: datetime) -> str:
    """RFC 3339 in UTC, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def money(minor: int, currency: str) -> dict[str, Any]:
    return {"amount_minor": minor, "currency": currency}


def tell(topic: str, body: dict[str, Any], arrives: datetime, expects: Expectation = APPLIED) -> Told:
    """A message under its right key."""
    key = body.get(KEYS[topic]) or body["order_id"]
    return Told(ms(arrives), topic, key, json.dumps(body).encode(), expects)


class Purchase:
    """An order of one customer and its payments. `late`: how long after it happened the next event arrives."""

    def __init__(
        self, rng: Random, number: int, merchant: str, placed_at: datetime, means: Means, currency: str, country: str
    ) -> None:
        self.rng, self.number, self.merchant = rng, number, merchant
        self.placed_at, self.means, self.currency, self.country = placed_at, means, currency, country
        self.order_id, self.payment_id = f"o-{number:07d}", f"p-{number:07d}"
        self.units = rng.choice((1, 1, 2, 3))
        self.unit_minor = rng.choice((990, 1490, 2500, 3999, 6000, 12_500))
        self.channel = "online"
        self.told: list[Told] = []
        self._events = 0

    @property
    def total(self) -> int:
        return self.units * self.unit_minor

    def after(self, days: float) -> datetime:
        """So many days after the order, to the second and a bit more."""
        seconds = int(days * 86_400) + self.rng.randrange(600)
        return self.placed_at + timedelta(seconds=seconds, milliseconds=self.rng.randrange(1000))

    def say(
        self,
        topic: str,
        type_: str,
        at: datetime,
        *,
        arrives: datetime | None = None,
        expects: Expectation = APPLIED,
        **fields: Any,
    ) -> None:
        """One more event; it arrives some seconds after it happened unless told otherwise."""
        self._events += 1
        body = {
            "event_id": f"e-{self.number:07d}-{self._events}",
            "type": type_,
            "occurred_at": text_of(at),
            "merchant_id": self.merchant,
            **fields,
        }
        self.told.append(tell(topic, body, arrives or at + timedelta(seconds=1 + self.rng.randrange(20)), expects))

    # The order

    def place(self, days: float = 0.0) -> None:
        line = {"line_id": "l1", "sku": "thing", "kind": "physical", "quantity": self.units, "amount_minor": self.total}
        self.say(
            "orders",
            "order.placed",
            self.after(days),
            order_id=self.order_id,
            customer_id=f"c-{self.number % 50_000:07d}",
            country=self.country,
            currency=self.currency,
            channel=self.channel,
            lines=[line],
        )

    def send(self, days: float = 1.0, arrival: float = 3.0) -> None:
        """The goods leave and arrive."""
        units = [{"line_id": "l1", "quantity": self.units}]
        self.say("orders", "order.fulfilled", self.after(days), order_id=self.order_id, shipment_id="s1", lines=units)
        proof = {"signed": True, "photo": False, "address_match": self.rng.choice(("full", "postcode", "none"))}
        self.say(
            "orders", "order.delivered", self.after(arrival), order_id=self.order_id, shipment_id="s1", proof=proof
        )

    def ask(self, days: float, minor: int | None = None, *, nth: int = 1, reason: str = "damaged", **more: Any) -> None:
        """A refund of all, or of an amount, is asked for."""
        scope = {"kind": "full"} if minor is None else {"kind": "amount", "amount": money(minor, self.currency)}
        fields = {"requested_by": "customer", "reason": reason, "scope": scope, "method": "original", **more}
        self.say(
            "orders",
            "refund.requested",
            self.after(days),
            order_id=self.order_id,
            request_id=f"r-{self.number:07d}-{nth}",
            **fields,
        )

    def take_back(self, days: float, nth: int = 1) -> None:
        """The request is withdrawn."""
        self.say(
            "orders",
            "refund.request_withdrawn",
            self.after(days),
            expects=OVERTAKEN,
            order_id=self.order_id,
            request_id=f"r-{self.number:07d}-{nth}",
        )

    # The money

    def nth_payment(self, nth: int) -> str:
        return self.payment_id if nth == 1 else f"{self.payment_id}-{nth}"

    def capture(
        self,
        days: float = 0.01,
        minor: int | None = None,
        *,
        nth: int = 1,
        named: bool = True,
        arrives: datetime | None = None,
        **more: Any,
    ) -> None:
        self.say(
            "payments",
            "payment.captured",
            self.after(days),
            arrives=arrives,
            payment_id=self.nth_payment(nth),
            **({"order_id": self.order_id} if named else {}),
            amount=money(self.total if minor is None else minor, self.currency),
            method=self._method(),
            authentication={"three_d_secure": self.means.three_d_secure},
            shopper={"account_id": f"a-{self.number % 50_000}", "ip": f"10.0.{self.number % 200}.1"},
            **more,
        )

    def _method(self) -> dict[str, Any]:
        method = {"kind": self.means.kind, "last4": f"{self.number % 10_000:04d}"}
        return method | ({"network": self.means.network} if self.means.network else {})

    def payment(self, type_: str, days: float, *, nth: int = 1, **fields: Any) -> None:
        """Anything else that is said of the payment itself."""
        self.say("payments", f"payment.{type_}", self.after(days), payment_id=self.nth_payment(nth), **fields)

    def refund_outside(self, what: str, days: float, minor: int, *, nth: int = 1, **more: Any) -> None:
        """Somebody pays back in the provider's dashboard."""
        failed = {"failure_code": "account_closed"} if what == "failed" else {}
        self.say(
            "payments",
            f"refund.{what}",
            self.after(days),
            payment_id=self.payment_id,
            refund_id=f"x-{self.number:07d}-{nth}",
            amount=money(minor, self.currency),
            **failed,
            **more,
        )

    # What banks and networks say

    def dispute(
        self,
        what: str,
        days: float,
        minor: int | None = None,
        *,
        nth: int = 1,
        arrives: datetime | None = None,
        currency: str | None = None,
        **more: Any,
    ) -> None:
        """One event of the purchase's dispute, or of another one of them."""
        amount = {} if minor is None else {"amount": money(minor, currency or self.currency)}
        names = {"payment_id": self.payment_id, "dispute_id": f"d-{self.number:07d}-{nth}"} | more
        fields = {name: value for name, value in names.items() if value is not None}
        self.say("disputes", f"dispute.{what}", self.after(days), arrives=arrives, **fields, **amount)

    def warn(self, source: str, days: float, minor: int | None = None, *, nth: int = 1, **more: Any) -> None:
        """An alert of one of the vendors, before a chargeback."""
        self.say(
            "disputes",
            "dispute.alerted",
            self.after(days),
            payment_id=self.payment_id,
            alert_id=f"a-{self.number:07d}-{nth}",
            amount=money(self.total if minor is None else minor, self.currency),
            source=source,
            already_credited=source == "rdr",
            **more,
        )

    def report_fraud(self, days: float, *, nth: int = 1) -> None:
        self.say(
            "disputes",
            "fraud.reported",
            self.after(days),
            payment_id=self.payment_id,
            report_id=f"f-{self.number:07d}-{nth}",
            fraud_type="card_not_present",
        )

    # How it is told

    def repeat(self, which: int, days: float) -> None:
        """An event once more, so many days later, its time told otherwise, as a publisher that starts over may."""
        said = self.told[which]
        body = json.loads(said.value)
        if said.expects == CONFLICT:  # what was refused is heard once it fits, and weeks later it may
            days = min(days, 3)
        again = datetime.fromtimestamp(said.arrives / 1000, UTC) + timedelta(days=days)
        body["occurred_at"] = text_of(again)
        fate = DUPLICATE if said.expects == APPLIED else said.expects
        self.told.append(tell(said.topic, body, again, fate))

    def contradict(self, which: int, days: float) -> None:
        """An event's id once more with another content."""
        said = self.told[which]
        again = datetime.fromtimestamp(said.arrives / 1000, UTC) + timedelta(days=days)
        body = json.loads(said.value) | {"amount": money(1, self.currency)}
        self.told.append(tell(said.topic, body, again, CONFLICT))

    def delay(self, which: int, days: float) -> None:
        """An event arrives so many days later than it would have."""
        said = self.told[which]
        self.told[which] = said._replace(arrives=said.arrives + int(days * 86_400_000))

    def places(self, topic: str) -> Iterator[int]:
        """Which of the events so far are of the topic."""
        return (n for n, said in enumerate(self.told) if said.topic == topic)
