"""Messages of a small shop, as lines of a replay."""

import json
from pathlib import Path
from typing import Any

PAID_AT = "2026-03-02T12:00:00Z"


def line(topic: str, **body: Any) -> dict[str, Any]:
    return {"topic": topic, "value": {"occurred_at": PAID_AT, "merchant_id": "m", **body}}


def order(order_id: str = "o1", merchant_id: str = "m", **fields: Any) -> dict[str, Any]:
    lines = [{"line_id": "l1", "sku": "mug", "kind": "digital", "quantity": 2, "amount_minor": 2400, **fields}]
    return line(
        "orders",
        event_id=f"e-{order_id}",
        type="order.placed",
        merchant_id=merchant_id,
        order_id=order_id,
        customer_id=None,
        country="US",
        currency="USD",
        lines=lines,
    )


def capture(order_id: str = "o1", merchant_id: str = "m") -> dict[str, Any]:
    return line(
        "payments",
        event_id=f"e-p-{order_id}",
        type="payment.captured",
        merchant_id=merchant_id,
        payment_id=f"p-{order_id}",
        order_id=order_id,
        amount={"amount_minor": 2400, "currency": "USD"},
        method={"kind": "card"},
    )


def request(order_id: str = "o1", request_id: str = "r1", merchant_id: str = "m") -> dict[str, Any]:
    return line(
        "orders",
        event_id=f"e-{request_id}",
        type="refund.requested",
        merchant_id=merchant_id,
        order_id=order_id,
        request_id=request_id,
        requested_by="customer",
        reason="damaged",
        scope={"kind": "lines", "lines": [{"line_id": "l1", "quantity": 1}], "include_shipping": False},
        method="original",
    )


def claim(dispute_id: str = "d1", merchant_id: str = "m", **fields: Any) -> dict[str, Any]:
    return line(
        "disputes",
        **{
            "event_id": f"e-{dispute_id}",
            "type": "dispute.opened",
            "merchant_id": merchant_id,
            "payment_id": "p-o1",
            "order_id": "o1",
            "dispute_id": dispute_id,
            "stage": "chargeback",
            "network": "visa",
            "reason_code": "13.1",
            "amount": {"amount_minor": 2400, "currency": "USD"},
            "respond_by": "2026-03-20T00:00:00Z",
            **fields,
        },
    )


SHOP = [order(), capture(), request()]


def written(path: Path, lines: list[Any]) -> Path:
    """The lines in a file, one JSON value each; text as it is."""
    path.write_text("".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in lines))
    return path
