"""From rows of the set to events, on rows made for it."""

import io
import json
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from app.policies import load
from tests.real.online_retail import LONDON, POLICY, Sale, Stream, line_of, read_sales, stream_of
from topics.codec import Received, read

HEAD = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


def stream(*rows: str) -> Stream:
    return stream_of(read_sales(io.StringIO(HEAD + "\n".join(rows))))


def row(invoice: str, article: str, quantity: int, day: int, *, price: str = "1.00", customer: str = "17850.0") -> str:
    return f'{invoice},{article},"MUG, BLUE",{quantity},2011-03-{day:02} 10:00:00,{price},{customer},United Kingdom'


def bodies(made: Stream, type_: str) -> list[dict[str, Any]]:
    return [event.body for event in made.events if event.body["type"] == type_]


def asked(made: Stream) -> list[tuple[str, dict[str, int]]]:
    """Per request its order, and the units by line."""
    return [
        (body["order_id"], {line["line_id"]: line["quantity"] for line in body["scope"]["lines"]})
        for body in bodies(made, "refund.requested")
    ]


def test_an_invoice_is_an_order_paid_in_full_and_delivered():
    made = stream(row("500001", "A1", 3, 1, price="2.55"), row("500001", "B2", 1, 1))
    assert [event.body["type"] for event in made.events] == ["order.placed", "payment.captured", "order.delivered"]
    order, payment, delivered = (event.body for event in made.events)
    assert [(line["line_id"], line["sku"], line["quantity"], line["amount_minor"]) for line in order["lines"]] == [
        ("1", "A1", 3, 765),
        ("2", "B2", 1, 100),
    ]
    assert (order["customer_id"], order["country"], order["currency"]) == ("17850", "GB", "GBP")
    assert payment["amount"] == {"amount_minor": 865, "currency": "GBP"}
    assert payment["order_id"] == order["order_id"] == delivered["order_id"] == "500001"
    assert (order["occurred_at"], delivered["occurred_at"]) == (
        "2011-03-01T10:00:00+00:00",
        "2011-03-03T10:00:00+00:00",
    )


@pytest.mark.parametrize(
    ("price", "quantity", "minor"),
    [("0.001", 5, 1), ("0.001", 4, 0), ("0.005", 1, 1), ("0.004", 1, 0), ("2.55", 6, 1530), ("1.04", 74215, 7718360)],
)
def test_a_row_is_rounded_once_half_up(price: str, quantity: int, minor: int):
    at = datetime(2011, 3, 1, tzinfo=LONDON)
    assert Sale("1", "A", "", quantity, at, Decimal(price), None, None).amount_minor == minor


def test_times_are_those_of_london():
    made = stream("500001,A,x,1,2011-07-01 10:00:00,1,,France")
    assert bodies(made, "order.placed")[0]["occurred_at"] == "2011-07-01T10:00:00+01:00"
    assert "customer_id" not in bodies(made, "order.placed")[0]


def test_the_newest_earlier_purchase_is_taken_back_first():
    made = stream(
        row("500001", "A1", 5, 1),
        row("500002", "A1", 2, 2),
        row("C500003", "a1", -3, 3),
        row("500004", "A1", 9, 4),
        row("C500005", "A1", -1, 5),
    )
    assert asked(made) == [("500002", {"1": 2}), ("500001", {"1": 1}), ("500004", {"1": 1})]
    assert len({body["request_id"] for body in bodies(made, "refund.requested")}) == 3


def test_rows_of_one_invoice_that_concern_one_order_are_one_request():
    made = stream(
        row("500001", "A1", 5, 1),
        row("500001", "A1", 5, 1),
        row("500001", "B2", 5, 1),
        row("C500002", "A1", -6, 2),
        row("C500002", "B2", -2, 2),
    )
    assert asked(made) == [("500001", {"2": 5, "1": 1, "3": 2})]


@pytest.mark.parametrize(
    "rows",
    [
        [row("500001", "A1", 2, 1, customer="1.0"), row("C500002", "A1", -2, 2)],
        [row("500001", "B2", 2, 1), row("C500002", "A1", -2, 2)],
        [row("500001", "A1", 2, 1, customer=""), row("C500002", "A1", -2, 2, customer="")],
        [row("C500002", "A1", -2, 2), row("500003", "A1", 2, 3)],
    ],
    ids=["another customer", "another article", "nobody", "a later purchase"],
)
def test_what_matches_no_earlier_purchase_is_asked_of_an_unknown_order(rows: list[str]):
    assert asked(stream(*rows)) == [("unknown-C500002", {"A1": 2})]


def test_what_is_left_over_is_asked_of_an_unknown_order_too():
    made = stream(row("500001", "A1", 2, 1), row("C500002", "A1", -5, 2))
    assert asked(made) == [("500001", {"1": 2}), ("unknown-C500002", {"A1": 3})]


def test_adjustments_and_corrections_of_the_stock_are_set_aside():
    made = stream(
        "A500001,B,Adjust bad debt,1,2011-03-01 10:00:00,-11062.06,,United Kingdom", row("500002", "A1", -9, 1)
    )
    assert made.events == []
    assert made.counts == {"set aside": 2}


def test_events_stand_in_the_order_of_time():
    made = stream(row("500001", "A1", 1, 5), row("500002", "A1", 1, 1), row("C500003", "A1", -1, 6))
    times = [event.at for event in made.events]
    assert times == sorted(times)
    assert made.events[0].body["order_id"] == "500002"


def test_every_event_can_be_read():
    made = stream(row("500001", "A1", 5, 1), row("C500002", "A1", -6, 2))
    for event in made.events:
        line = json.loads(line_of(event))
        value = json.dumps(line["value"]).encode()
        received = read(line["topic"], line["key"].encode(), value, timestamp=-1, secret=b"x")
        assert isinstance(received, Received)
        assert received.unknown_fields == 0


def test_the_policy_can_be_used(tmp_path):
    (tmp_path / "online-retail.yaml").write_text(POLICY)
    (policy,) = load(tmp_path)
    assert policy.auto_approve_limit == {"default": 1_000_000}
