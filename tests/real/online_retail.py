"""The UCI "Online Retail" set (Chen, Sain, Guo 2012, doi:10.1057/dbm.2012.17) as a stream of events.

A year of a British gift shop: every line of every invoice. A numeric invoice is an order that was placed, paid in full
the same minute, and delivered two days later. An invoice that begins with `C` takes articles back without saying of
which purchase: it becomes requests for a refund against the customer's most recent earlier purchases of each article, one
request per order; what matches nothing is asked of an order that nobody knows. Adjustments (`A`) and corrections of the
stock (numeric, without a positive quantity) are set aside.

    python -m tests.real.online_retail OUT.jsonl     # lines for `refundry replay`
"""

import csv
import gzip
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from tests.real.countries import COUNTRIES

DATA = Path(__file__).parents[2] / ".." / "shared" / "data" / "online_retail" / "online_retail.csv.gz"
MERCHANT = "online-retail"
CURRENCY = "GBP"
GOODS = "giftware"
DELIVERED_AFTER = timedelta(days=2)
UNKNOWN_ORDER = "unknown-"
LONDON = ZoneInfo("Europe/London")

POLICY = """\
policy: online-retail
version: 1
effective_from: 2010-01-01T00:00:00Z
merchants: ["*"]
window: {days: 3650, from: delivered, by_category: {}}
auto_approve_limit: {default: 1000000}
second_reviewer_above: null
return_required: {kinds: [], unless_below: {default: 0}, reasons_exempt: []}
velocity: null
statutory: {enabled: false}
refund_stuck_after_days: 365
"""
"""The shop takes back what it sold, whenever: the limit of 10,000 pounds is what is to be seen at work."""

# what is sold under these codes is no article: postage, carriage, samples, manual entries, fees
NO_ARTICLES = {"POST", "DOT", "C2", "M", "D", "S", "AMAZONFEE", "BANK CHARGES", "CRUK", "PADS"}


class Sale(NamedTuple):
    """A row of the set: units of an article on an invoice. `price` is of one unit, in pounds."""

    invoice: str
    article: str
    title: str
    quantity: int
    at: datetime
    price: Decimal
    customer_id: str | None
    country: str | None

    @property
    def amount_minor(self) -> int:
        """The whole row in pence, half up: prices below a penny exist."""
        return int((self.price * self.quantity * 100).quantize(Decimal(1), ROUND_HALF_UP))


@dataclass
class Left:
    """A purchased line, and how many units of it were not taken back yet."""

    order_id: str
    line_id: str
    quantity: int


class Event(NamedTuple):
    """A message of the stream, and when it happened."""

    at: datetime
    topic: str
    key: str
    body: dict[str, Any]


@dataclass
class Stream:
    """All events in the order of time, and what was counted while they were made."""

    events: list[Event] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def read_sales(lines: Iterable[str]) -> Iterator[Sale]:
    """The rows of the set, in its order."""
    for row in csv.DictReader(lines):
        yield Sale(
            invoice=row["InvoiceNo"],
            article=row["StockCode"],
            title=row["Description"].strip(),
            quantity=int(row["Quantity"]),
            at=datetime.fromisoformat(row["InvoiceDate"]).replace(tzinfo=LONDON),
            price=Decimal(row["UnitPrice"]),
            customer_id=row["CustomerID"].removesuffix(".0") or None,
            country=COUNTRIES.get(row["Country"]),
        )


def read_data(path: Path = DATA) -> list[Sale]:
    """The rows of the compressed file."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        return list(read_sales(lines))


def stream_of(sales: Iterable[Sale]) -> Stream:
    """The events of the rows, in the order of time; of the same minute in the order of the rows."""
    stream = Stream()
    purchases: dict[tuple[str | None, str], list[Left]] = defaultdict(list)
    for invoice in _invoices(sales):
        first = invoice[0]
        if first.invoice.startswith("C"):
            _take_back(stream, invoice, purchases)
        elif first.invoice.isdigit() and (bought := [sale for sale in invoice if sale.quantity > 0]):
            stream.counts["set aside"] += len(invoice) - len(bought)
            _buy(stream, bought, purchases)
        else:
            stream.counts["set aside"] += len(invoice)
    stream.events.sort(key=itemgetter(0))
    return stream


def _invoices(sales: Iterable[Sale]) -> list[list[Sale]]:
    """The rows by invoice, in the order of time: an invoice was written at the time of its first row."""
    by_number: dict[str, list[Sale]] = defaultdict(list)
    for sale in sales:
        by_number[sale.invoice].append(sale)
    return sorted(by_number.values(), key=lambda invoice: invoice[0].at)


def _buy(stream: Stream, bought: list[Sale], purchases: dict[tuple[str | None, str], list[Left]]) -> None:
    first = bought[0]
    order_id, at = first.invoice, first.at
    total = sum(sale.amount_minor for sale in bought)
    money = {"amount_minor": total, "currency": CURRENCY}
    lines = [_line(number, sale) for number, sale in enumerate(bought, 1)]
    stream.counts["orders"] += 1
    stream.counts["order lines"] += len(lines)
    _say(
        stream,
        at,
        "orders",
        order_id,
        "order.placed",
        order_id=order_id,
        customer_id=first.customer_id,
        country=first.country,
        currency=CURRENCY,
        lines=lines,
        shipping=[],
    )
    _say(
        stream,
        at,
        "payments",
        f"pay-{order_id}",
        "payment.captured",
        payment_id=f"pay-{order_id}",
        order_id=order_id,
        amount=money,
        method={"kind": "card"},
    )
    _say(stream, at + DELIVERED_AFTER, "orders", order_id, "order.delivered", order_id=order_id)
    if first.customer_id is None:
        return
    for line, sale in zip(lines, bought, strict=True):
        left = Left(order_id, line["line_id"], sale.quantity)
        purchases[first.customer_id, sale.article.upper()].append(left)


def _line(number: int, sale: Sale) -> dict[str, Any]:
    code = sale.article.upper()
    kind = "gift_card" if code.startswith("GIFT_") else "service" if code in NO_ARTICLES else "physical"
    line = {
        "line_id": str(number),
        "sku": sale.article,
        "kind": kind,
        "quantity": sale.quantity,
        "amount_minor": sale.amount_minor,
    }
    of_goods = {"category": GOODS} if kind == "physical" else {}
    return {**line, **of_goods, **({"title": sale.title} if sale.title else {})}


def _take_back(stream: Stream, invoice: list[Sale], purchases: dict[tuple[str | None, str], list[Left]]) -> None:
    """Requests for what an invoice takes back, one per order that it was bought with."""
    first = invoice[0]
    units: dict[str, Counter[str]] = {}
    for sale in invoice:
        wanted = -sale.quantity
        bought = purchases.get((sale.customer_id, sale.article.upper()), [])
        while wanted and bought:
            newest = bought[-1]
            taken = min(wanted, newest.quantity)
            units.setdefault(newest.order_id, Counter())[newest.line_id] += taken
            newest.quantity -= taken
            wanted -= taken
            if not newest.quantity:
                bought.pop()
        if wanted:
            stream.counts["units of unknown orders"] += wanted
            units.setdefault(UNKNOWN_ORDER + sale.invoice, Counter())[sale.article] += wanted
    for order_id, lines in units.items():
        stream.counts["requests of unknown orders" if order_id.startswith(UNKNOWN_ORDER) else "requests"] += 1
        _say(
            stream,
            first.at,
            "orders",
            order_id,
            "refund.requested",
            order_id=order_id,
            request_id=f"{first.invoice}:{order_id}",
            requested_by="merchant",
            customer_id=first.customer_id,
            reason="other",
            scope={
                "kind": "lines",
                "lines": [{"line_id": line_id, "quantity": quantity} for line_id, quantity in lines.items()],
                "include_shipping": False,
            },
            method="original",
        )


def _say(stream: Stream, at: datetime, topic: str, key: str, type_: str, **fields: Any) -> None:
    about = fields.get("request_id", key)
    body = {
        "event_id": f"{about}:{type_}",
        "type": type_,
        "occurred_at": at.isoformat(),
        "merchant_id": MERCHANT,
        **{name: value for name, value in fields.items() if value is not None},
    }
    stream.events.append(Event(at, topic, key, body))


def line_of(event: Event) -> str:
    """The line for `refundry replay`."""
    return json.dumps({"topic": event.topic, "key": event.key, "value": event.body}, separators=(",", ":"))


def write(stream: Stream, path: Path) -> None:
    """Writes the stream as lines for `refundry replay`."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(line_of(event) + "\n" for event in stream.events)


def main() -> None:
    """Writes the whole set to the file that the command line names."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tests.real.online_retail OUT.jsonl")
    stream = stream_of(read_data())
    write(stream, Path(sys.argv[1]))
    counts = ", ".join(f"{count} {what}" for what, count in stream.counts.items())
    sys.stdout.write(f"{len(stream.events)} events: {counts}\n")


if __name__ == "__main__":
    main()
