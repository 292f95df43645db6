"""A report as a page that stands alone: a chart to look at, and the same tables as on the screen."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, NamedTuple

import jinja2

from app.cli.report_tables import CHARTS, TABLES, Chart, told
from app.explaining import shown

BAR, GAP, LABELS, WIDTH = 14, 10, 260, 420
"""Of a chart, in units of its drawing: a bar's height, the space between rows, and the widths of labels and bars."""


class Bar(NamedTuple):
    """One bar; `length` and `x` in units of the drawing."""

    y: int
    x: int
    length: int
    text: str
    series: int


class Drawing(NamedTuple):
    """The bars of one currency, or of counts."""

    title: str
    labels: Sequence[tuple[int, str]]
    bars: Sequence[Bar]
    height: int


def page_of(name: str, document: Mapping[str, Any]) -> str:
    """The report as one HTML page that loads nothing."""
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = files("app.cli").joinpath("report.html.j2").read_text(encoding="utf-8")
    chart = CHARTS[name]
    tables = [(table, told(document[table.rows], table)) for table in TABLES[name]]
    return environment.from_string(template).render(
        name=name,
        period=document["period"],
        chart=chart,
        legend=[words(value) for value in chart.values],
        drawings=list(drawings(chart, document[chart.rows])),
        tables=tables,
        words=words,
        labels_width=LABELS,
        width=LABELS + WIDTH + 150,
        bar_height=BAR,
    )


def words(name: str) -> str:
    """A field's name as people read it."""
    return name.removesuffix("_minor").replace("_", " ")


def drawings(chart: Chart, rows: Sequence[Mapping[str, Any]]) -> Iterator[Drawing]:
    """One drawing for each currency; where nothing is an amount, one of all rows."""
    by_currency = defaultdict[str, list[Mapping[str, Any]]](list)
    amounts = any(value.endswith("_minor") for value in chart.values)
    for row in rows:
        currency = (row.get("settlement_currency") or row.get("currency") or "") if amounts else ""
        by_currency[currency].append(row)
    for currency, of in sorted(by_currency.items()):
        yield _drawing(chart, of, currency)


def _drawing(chart: Chart, rows: Sequence[Mapping[str, Any]], currency: str) -> Drawing:
    found = [row[value] or 0 for row in rows for value in chart.values]
    low, high = min(0, *found), max(0, *found)
    span = max(1, high - low)
    zero = LABELS + WIDTH * -low // span
    labels, bars, y = [], [], 0
    for row in rows:
        labels.append(
            (y + BAR * len(chart.values) // 2 + 4, ", ".join(str(row[name] or "none") for name in chart.labels))
        )
        for series, value in enumerate(chart.values):
            minor = row[value] or 0
            length = max(1, WIDTH * abs(minor) // span)
            text = shown(minor, currency) if currency else str(minor)
            bars.append(Bar(y, zero if minor >= 0 else zero - length, length, text, series))
            y += BAR
        y += GAP
    title = f"{chart.title}, {currency}" if currency else chart.title
    return Drawing(title, labels, bars, y)
