"""One order and what happens to it, written down step by step before it happens.

A story knows its ids and its money; plots call its methods in the order in which things happen. Times are not known
yet: a step gets its `occurred_at` when its turn comes.
"""

from random import Random
from typing import Any, NamedTuple

from app.demo.shop.assortment import Market, Shop
from app.demo.shop.basket import basket, charged
from app.demo.shop.messages import Body, money

NETWORKS = ("visa", "visa", "mastercard", "mastercard", "amex")


class Step(NamedTuple):
    """An event without its time."""

    topic: str
    key: str
    body: Body


class Story:
    """An order of one customer at one shop. `number` makes its ids, so two stories share none."""

    def __init__(self, rng: Random, shop: Shop, market: Market, number: int) -> None:
        """Fills the basket; nothing has happened yet."""
        self.rng, self.shop, self.market, self.number = rng, shop, market, number
        self.order_id = f"o-{number:07d}"
        self.customer_id = None if rng.random() < 0.08 else f"c-{rng.randrange(1 + number // 2):07d}"
        self.basket = basket(rng, market)
        self.steps: list[Step] = []

    @property
    def currency(self) -> str:
        """The currency of the order and of its payments."""
        return self.market.currency

    @property
    def total(self) -> int:
        """What the order comes to, in minor units."""
        return int(self.basket["total_minor"])

    @property
    def lines(self) -> list[Body]:
        """The order's lines."""
        return list(self.basket["lines"])

    def payment_id(self, nth: int = 1) -> str:
        """The order's first payment, or another one."""
        return f"p-{self.number:07d}" if nth == 1 else f"p-{self.number:07d}-{nth}"

    def request_id(self, nth: int = 1) -> str:
        """The order's first request, or another one."""
        return f"r-{self.number:07d}-{nth}"

    def worth(self, line: Body) -> int:
        """What the line costs by itself, in minor units."""
        return charged(line, included=self.market.prices_include_tax)

    # Orders

    def place(self) -> None:
        """The order comes in."""
        self._order("order.placed", customer_id=self.customer_id, **self.basket)

    def amend(self, body: Body) -> None:
        """The order once more, as `body` says."""
        self.basket = body
        self._order("order.amended", customer_id=self.customer_id, **body)

    def fulfil(self) -> None:
        """All goods leave in one shipment."""
        units = [{"line_id": line["line_id"], "quantity": line["quantity"]} for line in self.lines]
        self._order(
            "order.fulfilled", shipment_id="sh1", lines=units, carrier="post", tracking_number=f"T{self.number}"
        )

    def deliver(self) -> None:
        """The shipment arrives."""
        proof = {"signed": self.rng.random() < 0.5, "photo": False, "address_match": "full"}
        self._order("order.delivered", shipment_id="sh1", proof=proof)

    def cancel(self, by: str, *, request_id: str | None = None) -> None:
        """The order is cancelled, with a request for its money or as a fact alone."""
        asking = {} if request_id is None else {"request_id": request_id}
        self._order("order.cancelled", cancelled_by=by, **asking)

    def ask(self, scope: Body, *, reason: str, nth: int = 1, by: str = "customer", method: str = "original") -> None:
        """Money is asked back."""
        fields: Body = {"request_id": self.request_id(nth), "requested_by": by, "reason": reason, "scope": scope}
        if by == "support":
            fields["requester_id"] = f"agent-{self.rng.randrange(5)}"
        self._order("refund.requested", **fields, method=method)

    def withdraw(self, nth: int = 1) -> None:
        """The request is taken back."""
        self._order("refund.request_withdrawn", request_id=self.request_id(nth))

    def send_back(self, units: list[Body], condition: str) -> None:
        """Goods go back and arrive."""
        self._order("return.shipped", return_id="ret1", lines=units)
        received = [{**unit, "condition": condition} for unit in units]
        self._order("return.received", return_id="ret1", lines=received)

    # Payments

    def authorize(self, minor: int | None = None, nth: int = 1) -> None:
        """The bank promises the money."""
        self._payment("payment.authorized", nth, minor)

    def capture(self, minor: int | None = None, nth: int = 1, *, named: bool = True, kind: str = "card") -> None:
        """The money is taken; `named`: the message says for which order."""
        self._payment("payment.captured", nth, minor, named=named, kind=kind)

    def link(self) -> None:
        """The payment's order is told afterwards."""
        self._say("payments", self.payment_id(), "payment.linked", payment_id=self.payment_id(), order_id=self.order_id)

    def payment_fact(self, type_: str, **fields: Any) -> None:
        """Voided, failed or not captured after all."""
        self._say("payments", self.payment_id(), type_, payment_id=self.payment_id(), **fields)

    def refund_outside(self, what: str, minor: int, lines: list[Body] | None = None) -> None:
        """Somebody pays back in the provider's dashboard."""
        fields: Body = {
            "payment_id": self.payment_id(),
            "order_id": self.order_id,
            "refund_id": f"out-{self.number:07d}",
        }
        fields["amount"] = money(minor, self.currency)
        if lines is not None:
            fields["lines"] = lines
        if what == "failed":
            fields["failure_code"] = "account_closed"
        self._say("payments", self.payment_id(), f"refund.{what}", **fields)

    # Disputes

    def dispute(self, what: str, *, minor: int | None = None, named: bool = True, **more: Any) -> None:
        """Something is said of the order's dispute; `named`: the message says of which order."""
        fields: Body = {"payment_id": self.payment_id(), "dispute_id": f"d-{self.number:07d}", **more}
        if named:
            fields["order_id"] = self.order_id
        if minor is not None:
            fields["amount"] = money(minor, self.currency)
        self._say("disputes", self.payment_id(), f"dispute.{what}", **fields)

    def report_fraud(self) -> None:
        """The cardholder's bank reports fraud."""
        fields = {"payment_id": self.payment_id(), "report_id": f"f-{self.number:07d}", "network": "visa"}
        self._say("disputes", self.payment_id(), "fraud.reported", **fields)

    def alert_credited(self, minor: int) -> None:
        """The network has paid the cardholder by itself."""
        fields: Body = {"payment_id": self.payment_id(), "alert_id": f"a-{self.number:07d}", "source": "rdr"}
        fields.update(amount=money(minor, self.currency), already_credited=True, network="visa")
        self._say("disputes", self.payment_id(), "dispute.alerted", **fields)

    # Below: how

    def _order(self, type_: str, **fields: Any) -> None:
        self._say("orders", self.order_id, type_, order_id=self.order_id, **fields)

    def _payment(self, type_: str, nth: int, minor: int | None, *, named: bool = True, kind: str = "card") -> None:
        method: Body = {"kind": kind}
        if kind == "card":
            method.update(network=NETWORKS[self.number % len(NETWORKS)], last4=f"{self.number % 10_000:04d}")
        amount = money(self.total if minor is None else minor, self.currency)
        fields: Body = {"payment_id": self.payment_id(nth), "amount": amount, "method": method}
        if named:
            fields["order_id"] = self.order_id
        self._say("payments", self.payment_id(nth), type_, **fields)

    def _say(self, topic: str, key: str, type_: str, **fields: Any) -> None:
        event_id = f"e-{self.number:07d}-{len(self.steps) + 1}"
        body = {"event_id": event_id, "type": type_, "merchant_id": self.shop.merchant_id, **fields}
        self.steps.append(Step(topic, key, body))
