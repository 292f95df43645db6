"""No more tax goes back than was charged, and all of it once everything has gone back.

Each portion sees to that for itself. Goodwill takes from none of them, and its taxes in the order's mix are rounded on
their own, so where an order has given goodwill the taxes of what follows are held against what is left of them. A fee
that was kept is left too, with its tax: goodwill may give it back.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from app.domain.case import Case, Order, Row, Tax
from app.domain.portions import portions

NO_PORTION = frozenset({"goodwill", "fee"})
"""What goes back, or is kept of it, beside the portions of the order. An overpayment holds no tax."""


def within_taxes_charged(case: Case, order: Order, rows: Sequence[Row]) -> list[Row]:
    """The rows with their taxes moved, against the net, as far as goodwill, theirs or earlier, makes it necessary."""
    beside = [row for request in case.requests.values() for row in request.rows_standing if row.component in NO_PORTION]
    if not any(row.component == "goodwill" for row in (*beside, *rows)):
        return list(rows)
    gross_left, taxes_left = _left(order)
    gross_left -= sum(row.gross_minor for row in beside)
    taxes_left.subtract(_taxes(beside))
    told = list(rows)
    taking = [index for index, row in enumerate(told) if row.component not in ("fee", "overpayment")]
    going = [row for row in told if row.component != "overpayment"]
    closes = sum(row.gross_minor for row in going) >= gross_left
    taken = _taxes(going)
    for code, minor in taken.items():
        most = max(0, taxes_left[code])
        if minor > most or (closes and minor < most):
            _move(told, taking, code, most - minor)
    return told


def _left(order: Order) -> tuple[int, Counter[str]]:
    """What of all that was charged has not gone back by itself: gross, and each tax."""
    gross, taxes = 0, Counter[str]()
    for _, _, portion in portions(order):
        gross += portion.left_minor
        for tax in portion.taxes:
            taxes[tax.code] += tax.amount_minor
        for tax, used in zip(portion.taxes, portion.used_taxes, strict=False):
            taxes[tax.code] -= used
    return gross, taxes


def _taxes(rows: Iterable[Row]) -> Counter[str]:
    sums = Counter[str]()
    for row in rows:
        for tax in row.taxes:
            sums[tax.code] += tax.amount_minor
    return sums


def _move(rows: list[Row], places: Sequence[int], code: str, minor: int) -> None:
    """Gives `minor` more of a tax, or less, in the rows that have most of it; none goes below what a fee keeps of it.

    What is more is first of all not kept by a fee.
    """
    having = [index for index in places if any(tax.code == code for tax in rows[index].taxes)]
    fees = [index for index, row in enumerate(rows) if row.component == "fee"] if minor > 0 else []
    kept = Counter[str | None]()
    for row in rows:
        if row.component == "fee" and row.line_id is not None:
            kept[row.line_id] -= _taxes([row])[code]
    for index in [*fees, *sorted(having, key=lambda index: -_taxes([rows[index]])[code])]:
        held = _taxes([rows[index]])[code]
        room = -held if index in fees else minor
        of_line = kept[rows[index].line_id] if rows[index].component == "line" else 0
        step = min(minor, room) if minor > 0 else max(minor, -max(0, held - of_line))
        taxes = [Tax(tax.code, tax.amount_minor + step) if tax.code == code else tax for tax in rows[index].taxes]
        net = rows[index].net_minor - step
        rows[index] = msgspec.structs.replace(rows[index], taxes=taxes, net_minor=net)
        minor -= step
        if not minor:
            return
