"""What publishers say, as short as a story needs it: each function is one inbound event, with the contract's fields."""

from dataclasses import dataclass, field, replace
from typing import Any, Self

Body = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """One inbound event. What it leaves out (id, time, merchant, order) the story fills in."""

    topic: str
    body: Body = field(default_factory=dict)

    def but(self, **changes: Any) -> Self:
        """The same event with other fields; None takes a field away."""
        body = {name: value for name, value in (self.body | changes).items() if value is not None}
        return replace(self, body=body)

    def at(self, moment: str) -> Self:
        """The same event at that time."""
        return self.but(occurred_at=moment)


def minor(text: str) -> int:
    """Minor units of an amount with two decimals: "12.34" is 1234."""
    whole, _, cents = text.partition(".")
    return int(whole + cents.ljust(2, "0"))


def money(text: str) -> Body:
    """`"12.34"` in euro, or `"12.34 USD"`."""
    amount, _, currency = text.partition(" ")
    return {"amount_minor": minor(amount), "currency": currency or "EUR"}


def taxes(*amounts: str) -> list[Body]:
    return [{"code": f"t{index}", "amount_minor": minor(amount)} for index, amount in enumerate(amounts, 1)]


def line(line_id: str, amount: str, quantity: int = 1, **more: Any) -> Body:
    return {"line_id": line_id, "sku": f"sku-{line_id}", "quantity": quantity, "amount_minor": minor(amount)} | more


def delivery(amount: str, shipping_id: str = "s1", **more: Any) -> Body:
    return {"shipping_id": shipping_id, "amount_minor": minor(amount)} | more


def units(**quantities: int) -> list[Body]:
    return [{"line_id": line_id, "quantity": quantity} for line_id, quantity in quantities.items()]


def of_orders(type_: str, **body: Any) -> Said:
    return Said("orders", {"type": type_} | {name: value for name, value in body.items() if value is not None})


def of_payments(type_: str, payment_id: str, **body: Any) -> Said:
    told = {"type": type_, "payment_id": payment_id} | {n: v for n, v in body.items() if v is not None}
    return Said("payments", told)


def placed(*lines: Body, currency: str = "EUR", **more: Any) -> Said:
    return of_orders("order.placed", currency=currency, lines=list(lines or [line("l1", "100.00")]), **more)


def amended(*lines: Body, currency: str = "EUR", **more: Any) -> Said:
    return of_orders("order.amended", currency=currency, lines=list(lines), **more)


def fulfilled(shipment_id: str = "sh1", **quantities: int) -> Said:
    return of_orders("order.fulfilled", shipment_id=shipment_id, lines=units(**quantities or {"l1": 1}))


def delivered(shipment_id: str | None = None, **quantities: int) -> Said:
    return of_orders("order.delivered", shipment_id=shipment_id, lines=units(**quantities) or None)


def cancelled(request_id: str | None = None, by: str = "customer", **quantities: int) -> Said:
    return of_orders("order.cancelled", cancelled_by=by, request_id=request_id, lines=units(**quantities) or None)


def authorized(amount: str, payment_id: str = "p1", **more: Any) -> Said:
    return of_payments("payment.authorized", payment_id, amount=money(amount), method={"kind": "card"}, **more)


def captured(amount: str, payment_id: str = "p1", kind: str = "card", network: str | None = None, **more: Any) -> Said:
    method = {"kind": kind} | ({"network": network} if network else {})
    return of_payments("payment.captured", payment_id, amount=money(amount), method=method, **more)


def capture_failed(amount: str, payment_id: str = "p1", **more: Any) -> Said:
    return of_payments("payment.capture_failed", payment_id, amount=money(amount), **more)


def voided(payment_id: str = "p1") -> Said:
    return of_payments("payment.voided", payment_id)


def payment_failed(payment_id: str = "p1") -> Said:
    return of_payments("payment.failed", payment_id, failure_code="declined")


def refund(what: str, amount: str, payment_id: str = "p1", **more: Any) -> Said:
    """`refund.<what>`: submitted, succeeded, failed (`failure_code` refused unless told) or reversed."""
    if what == "failed":
        more.setdefault("failure_code", "refused")
    return of_payments(f"refund.{what}", payment_id, amount=money(amount), **more)


def asked(
    request_id: str = "r1", scope: Body | None = None, *, reason: str = "other", by: str = "customer", **more: Any
) -> Said:
    return of_orders(
        "refund.requested", request_id=request_id, requested_by=by, reason=reason, scope=scope or full(), **more
    )


def withdrawn(request_id: str = "r1") -> Said:
    return of_orders("refund.request_withdrawn", request_id=request_id)


def full() -> Body:
    return {"kind": "full"}


def lines(include_shipping: bool = False, /, **quantities: int) -> Body:
    return {"kind": "lines", "lines": units(**quantities), "include_shipping": include_shipping}


def amount(text: str, line_id: str | None = None) -> Body:
    return {"kind": "amount", "amount": money(text)} | ({"line_id": line_id} if line_id else {})


def shipping(text: str | None = None, shipping_id: str = "s1") -> Body:
    return {"kind": "shipping", "shipping_id": shipping_id} | ({"amount_minor": minor(text)} if text else {})


def charged_on(payment_id: str, text: str | None = None) -> Body:
    return {"kind": "payment", "payment_id": payment_id} | ({"amount": money(text)} if text else {})


def verdict(said: str, reviewer: str = "ann", request_id: str = "r1", **more: Any) -> Said:
    subject = {"kind": "refund_request", "id": request_id}
    body = {
        "type": "review.resolved",
        "review_id": f"v-{reviewer}",
        "subject": subject,
        "verdict": said,
        "reviewer_id": reviewer,
    }
    return Said("reviews", body | more)


def sent_back(return_id: str = "b1", **quantities: int) -> Said:
    return of_orders("return.shipped", return_id=return_id, lines=units(**quantities or {"l1": 1}))


def came_back(return_id: str = "b1", condition: str = "new", **quantities: int) -> Said:
    came = [unit | {"condition": condition} for unit in units(**quantities or {"l1": 1})]
    return of_orders("return.received", return_id=return_id, lines=came)


def dispute(
    what: str, amount: str | None = None, *, dispute_id: str = "d1", payment_id: str | None = "p1", **more: Any
) -> Said:
    """`dispute.<what>`; an opening is a chargeback and a claim a fraudulent one unless told."""
    body: Body = {"type": f"dispute.{what}", "dispute_id": dispute_id, "payment_id": payment_id}
    if what == "opened":
        body["stage"] = "chargeback"
    if what in ("opened", "inquired"):
        body["category"] = "fraudulent"
    body |= {"amount": money(amount) if amount else None} | more
    return Said("disputes", {name: value for name, value in body.items() if value is not None})


def alert(amount: str, alert_id: str = "a1", source: str = "rdr", payment_id: str = "p1") -> Said:
    body = {"type": "dispute.alerted", "alert_id": alert_id, "amount": money(amount), "payment_id": payment_id}
    return Said("disputes", body | {"source": source, "already_credited": source == "rdr"})


def fraud_reported(report_id: str = "f1", payment_id: str = "p1") -> Said:
    return Said("disputes", {"type": "fraud.reported", "report_id": report_id, "payment_id": payment_id})


def erased(customer_id: str = "c1", token: str = "gone-1") -> Said:
    return Said("customers", {"type": "customer.erased", "customer_id": customer_id, "token": token})
