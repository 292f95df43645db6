"""Words to write a run down by hand: what was said to the product, and what it should have said, by the contract."""

import json

from app.demo.oracle import Expectation, Judge, Position, Record
from app.demo.oracle.wire import EXPECTATION_HEADER

SHOP = "m-hand"


def money(minor, currency="USD"):
    return {"amount_minor": minor, "currency": currency}


def line(line_id, amount, quantity=1, **taxes):
    return {
        "line_id": line_id,
        "sku": f"sku-{line_id}",
        "kind": "physical",
        "quantity": quantity,
        "amount_minor": amount,
        "taxes": [{"code": code, "amount_minor": minor} for code, minor in taxes.items()],
    }


def row(component, gross, tax=None, **more):
    """A row of a breakdown; `tax` by code, the net is the rest."""
    taxes = [{"code": code, "amount_minor": minor} for code, minor in (tax or {}).items()]
    net = gross - sum((tax or {}).values())
    return {"component": component, "net_minor": net, "taxes": taxes, "gross_minor": gross, **more}


class Run:
    """Both sides of a run. Inputs stand in one order; outputs are in order within their topic."""

    def __init__(self):
        self.inputs, self.outputs, self.minute = [], [], 0
        self.offsets = {}

    # inputs
    def hear(self, topic, type_, key, event_id, *, expects=None, when=None, **fields):
        self.minute += 1
        at = f"2026-03-02T{12 + self.minute // 60:02d}:{self.minute % 60:02d}:00Z"
        body = {"event_id": event_id, "type": type_, "occurred_at": when or at, "merchant_id": SHOP, **fields}
        return self.hear_bytes(topic, key, json.dumps(body).encode(), expects or Expectation("applied"))

    def hear_bytes(self, topic, key, value, expects):
        offset = self.offsets.get(topic, 0)
        self.offsets[topic] = offset + 1
        headers = {EXPECTATION_HEADER: expects.header()}
        self.inputs.append(Record(Position(topic, 0, offset), key, value, headers))
        return self.inputs[-1]

    def order(self, order_id, lines, currency="USD", **more):
        fields = {"order_id": order_id, "currency": currency, "lines": lines, **more}
        self.hear("orders", "order.placed", order_id, f"placed-{order_id}", **fields)

    def capture(self, payment_id, order_id, minor, currency="USD"):
        fields = {"payment_id": payment_id, "order_id": order_id, "amount": money(minor, currency)}
        fields["method"] = {"kind": "card"}
        self.hear("payments", "payment.captured", payment_id, f"captured-{payment_id}", **fields)

    def ask(self, request_id, order_id, **scope):
        fields = {"order_id": order_id, "request_id": request_id, "scope": scope}
        fields.update(requested_by="customer", reason="damaged")
        self.hear("orders", "refund.requested", order_id, f"asked-{request_id}", **fields)

    def refund(self, what, instruction_id, payment_id, minor, currency="USD", **more):
        event_id = f"{what}-{instruction_id or more['refund_id']}"
        named = {"instruction_id": instruction_id, "refund_id": f"re-{instruction_id}"} if instruction_id else {}
        fields = {"payment_id": payment_id, "amount": money(minor, currency), **named, **more}
        self.hear("payments", f"refund.{what}", payment_id, event_id, **fields)

    def dispute(self, what, payment_id, dispute_id, **more):
        named = {"payment_id": payment_id, "dispute_id": dispute_id}
        if what == "opened":
            named["reason_code"] = "13.1"
        self.hear("disputes", f"dispute.{what}", payment_id, f"{what}-{dispute_id}", **named, **more)

    # outputs
    def say(self, topic, type_, id_, order_id, cause, key=None, **fields):
        cause = {"topic": cause[0], "event_id": cause[1]}
        body = {
            "id": id_,
            "type": type_,
            "schema_version": 1,
            "merchant_id": SHOP,
            "order_id": order_id,
            "cause": cause,
            **fields,
        }
        self.outputs.append({"topic": topic, "key": key or f"{SHOP}/{order_id}", "headers": {}, "value": body})
        return body

    def decide(
        self,
        outcome,
        request_id,
        order_id,
        cause,
        amount,
        rows=(),
        tenders=(),
        *,
        revision=1,
        currency="USD",
        code="x",
        **more,
    ):
        owed = [
            {"payment_id": payment, "amount": money(minor, currency), "instruction_id": instruction, "as": kind}
            for payment, minor, instruction, kind in tenders
        ]
        reasons = [{"code": code, "message": "m", "rule": "r"}]
        self.say(
            "refund-decisions", f"refund.{outcome}", f"dec-{request_id}-{revision}", order_id, cause,
            request_id=request_id, revision=revision, amount=money(amount, currency), breakdown=list(rows),
            tenders=owed, reasons=reasons, historical=False, **more,
        )  # fmt: skip

    def execute(
        self, instruction_id, request_id, order_id, cause, payment_id, minor, currency="USD", type_="refund.execute"
    ):
        named = {"instruction_id": instruction_id, "request_id": request_id, "amount": money(minor, currency)}
        if type_ == "refund.execute":
            named["payment_id"] = payment_id
        self.say("refund-instructions", type_, f"out-{instruction_id}", order_id, cause, **named)

    def tell(self, template, order_id, cause, request_id, number=1):
        id_ = f"note-{template}-{request_id}-{number}"
        fields = {"notification_id": id_, "template": template, "request_id": request_id}
        self.say("customer-notifications", "customer.notification", id_, order_id, cause, **fields)

    def alert(self, type_, order_id, cause, id_, **fields):
        self.say("chargeback-alerts", type_, id_, order_id, cause, key=SHOP, **fields)

    def book(self, kind, order_id, cause, payment_id, minor, currency="USD"):
        id_ = f"led-{kind}-{cause[1]}"
        fields = {"entry_id": id_, "kind": kind, "payment_id": payment_id, "amount": money(minor, currency)}
        self.say("ledger-entries", "ledger.entry", id_, order_id, cause, **fields)

    def snapshot(self, order_id, cause, payments=(), requests=()):
        """`payments`: (id, captured, refunded, in flight, claimed); `requests`: (id, status, revision)."""
        names = ("payment_id", "captured_minor", "refunded_minor", "in_flight_minor", "claimed_minor")
        rows = [dict(zip(names, payment, strict=True)) for payment in payments]
        for one in rows:
            gone = one["refunded_minor"] + one["in_flight_minor"] + one["claimed_minor"]
            one["refundable_minor"] = one["captured_minor"] - gone
        asked = [{"request_id": r, "status": status, "revision": revision} for r, status, revision in requests]
        self.say(
            "case-snapshots", "case.snapshot", f"snap-{order_id}", order_id, cause,
            case_id=f"{SHOP}/{order_id}", payments=rows, requests=asked, truncated=False,
        )  # fmt: skip

    def refuse(self, record, code):
        position = record.position
        headers = {"refundry-code": code, "refundry-topic": position.topic, "refundry-partition": "0"}
        headers["refundry-offset"] = str(position.offset)
        value = None if record.value is None else record.value.decode("utf-8", "replace")
        self.outputs.append({"topic": "dead-letters", "key": record.key, "headers": headers, "value": value})


def records(outputs):
    """Outputs as they stand on the wire."""
    offsets = {}
    for out in outputs:
        offset = offsets.get(out["topic"], 0)
        offsets[out["topic"]] = offset + 1
        value = out["value"] if isinstance(out["value"], str | None) else json.dumps(out["value"])
        encoded = None if value is None else value.encode()
        yield Record(Position(out["topic"], 0, offset), out["key"], encoded, out["headers"])


def verdict_on(inputs, outputs, *, total_order=True, exactly_once=True):
    judge = Judge(total_order=total_order, exactly_once=exactly_once)
    for record in inputs:
        judge.hear(record)
    for record in records(outputs):
        judge.see(record)
    return judge.verdict()
