"""How reports look: which rows make which table, with amounts as people write them; and the same as CSV."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from app.explaining import shown

_MINOR = "_minor"


class Table(NamedTuple):
    """One table of a report: which rows of its document, and which of their fields.

    A column names a field; of an amount without `_minor`. `other` names the columns whose amounts are in the settlement
    currency. `when_empty`: what is said where there are no rows.
    """

    title: str
    rows: str
    columns: tuple[str, ...]
    other: tuple[str, ...] = ()
    when_empty: str = ""


class Chart(NamedTuple):
    """What a page draws: bars of some amounts or counts, per row of a table, one drawing for each currency."""

    title: str
    rows: str
    labels: tuple[str, ...]
    values: tuple[str, ...]


TABLES: dict[str, tuple[Table, ...]] = {
    "money": (
        Table(
            "What moved, month by month",
            "months",
            (
                "merchant_id",
                "month",
                "captured",
                "refunded",
                "store_credit",
                "disputed",
                "recovered",
                "credited",
                "fees",
                "left",
            ),
        ),
        Table(
            "Where it stands",
            "standing",
            ("merchant_id", "payments", "captured", "refunded", "in_flight", "claimed", "refundable"),
        ),
        Table("Double entry", "accounts", ("merchant_id", "account", "balance")),
        Table(
            "Ledger and snapshots differ",
            "differences",
            ("case_id", "what", "ledger", "snapshot"),
            when_empty="Ledger and snapshots come to the same in every case.",
        ),
    ),
    "refunds": (
        Table(
            "What became of requests",
            "outcomes",
            ("merchant_id", "outcome", "reason", "requests", "amount", "settled"),
        ),
        Table("How long it took", "times", ("merchant_id", "until", "requests", "median", "p90")),
    ),
    "disputes": (
        Table(
            "Disputes",
            "disputes",
            ("merchant_id", "network", "category", "stage", "state", "disputes", "amount", "withdrawn", "reinstated"),
        ),
        Table(
            "How they ended",
            "results",
            (
                "merchant_id",
                "network",
                "category",
                "won",
                "lost",
                "withdrawn",
                "accepted",
                "expired",
                "win_rate",
                "disputed",
                "recovered",
                "expected",
                "came_back_of_expected",
            ),
        ),
        Table("Fees of disputes", "fees", ("merchant_id", "network", "fees")),
        Table(
            "To be answered",
            "deadlines",
            ("respond_by", "hours_left", "merchant_id", "order_id", "dispute_id", "network", "amount", "advice"),
        ),
    ),
    "fees": (
        Table("Fees paid", "paid", ("merchant_id", "fees", "entries", "charged", "returned", "cost")),
        Table("Fees kept of refunds", "kept", ("merchant_id", "fee", "times", "net", "tax", "kept")),
    ),
    "fx": (
        Table(
            "Estimated and real",
            "pairs",
            (
                "merchant_id",
                "currency",
                "settlement_currency",
                "refunds",
                "amount",
                "estimate",
                "estimated_gain_loss",
                "settled",
                "gain_loss",
                "better_than_estimated",
            ),
            other=("estimate", "estimated_gain_loss", "settled", "gain_loss", "better_than_estimated"),
        ),
        Table(
            "Without a rate",
            "without_rate",
            ("merchant_id", "currency", "settlement_currency", "refunds", "amount", "settled", "gain_loss"),
            other=("settled", "gain_loss"),
        ),
    ),
}

CHARTS: dict[str, Chart] = {
    "money": Chart(
        "By month", "months", ("merchant_id", "month"), ("captured_minor", "refunded_minor", "disputed_minor")
    ),
    "refunds": Chart("By outcome and reason", "outcomes", ("merchant_id", "outcome", "reason"), ("requests",)),
    "disputes": Chart("By category and state", "disputes", ("network", "category", "state"), ("amount_minor",)),
    "fees": Chart("Paid", "paid", ("merchant_id", "fees"), ("charged_minor", "returned_minor")),
    "fx": Chart(
        "Gained or lost",
        "pairs",
        ("merchant_id", "currency"),
        ("estimated_of_settled_minor", "gain_loss_minor"),
    ),
}


def told(rows: Iterable[Mapping[str, Any]], table: Table) -> list[dict[str, Any]]:
    """The rows as people read them."""
    return [{column: _cell(row, column, table) for column in table.columns} for row in rows]


def _cell(row: Mapping[str, Any], column: str, table: Table) -> Any:
    if column + _MINOR in row:
        minor = row[column + _MINOR]
        currency = row["settlement_currency"] if column in table.other else row.get("currency")
        return "" if minor is None or currency is None else shown(minor, currency)
    if column + "_seconds" in row:
        return lasting(row[column + "_seconds"])
    value = row.get(column)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return value


def lasting(seconds: int | None) -> str:
    """A time as people say it, in its two largest units: `3d 4h`, `12m 5s`."""
    if seconds is None:
        return ""
    parts, left = list[str](), seconds
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count or parts or unit == "s":
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def csv_of(name: str, document: Mapping[str, Any]) -> str:
    """The first table of a report, all of its fields, amounts in minor units."""
    rows = document[TABLES[name][0].rows]
    written = io.StringIO()
    if rows:
        writer = csv.DictWriter(written, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return written.getvalue()
