"""What refunds have used up of the order: taken with the approval, given back when no money went in the end."""

from collections.abc import Mapping, Sequence

from app.domain.case import Case, Line, Order, Refund, Request, Row
from app.domain.money import split
from app.domain.portions import give_back, row_of, use_up
from app.domain.reasons import ReasonCode
from app.domain.refunds.lifecycle import IN_FLIGHT, NOTHING, SETTLED
from app.domain.refunds.reducing import scale
from app.domain.returns import count_returned, uncount_returned

ALIVE = IN_FLIGHT | SETTLED


def settle_usage(case: Case, request: Request) -> None:
    """An approval uses its rows up as far as its refunds are alive; what came to nothing can be asked for again."""
    refunds = [r for r in case.refunds.values() if r.request_id == request.request_id]
    if request.status != "approved" or not refunds or case.order is None:
        return
    alive = {r.retry_of or r.key: r.amount_minor for r in refunds if r.status in ALIVE}
    rows = _rows_worth(case.order, request.rows, sum(alive.values()))
    before = request.rows_standing
    if rows == before:
        return
    give_back(case, before)
    uncount_returned(case, request.returned_counted)
    rows = _rows_worth(case.order, request.rows, sum(alive.values()))
    use_up(case, rows)
    request.returned_counted = count_all_returned(case, request, rows)
    request.used_rows = None if rows == request.rows else rows


def _rows_worth(order: Order, rows: list[Row], minor: int) -> list[Row]:
    """The rows of an approval reduced to what of it is alive; all of them as they were, or none."""
    if not minor or minor == sum(row.gross_minor for row in rows):
        return rows if minor else []
    return scale(rows, order, minor)


def count_all_returned(case: Case, request: Request, rows: Sequence[Row]) -> dict[str, int]:
    """Counts the units that came back against the rows of an approval, by line.

    Where the law gives a part of it, units on their way count for all of it: what was paid back proves nothing anew.
    """
    by_law = ReasonCode.STATUTORY_RIGHT in request.reasons
    return {
        row.line_id: count_returned(case, row.line_id, row.quantity, by_law=by_law)
        for row in rows
        if row.component == "line" and row.line_id is not None and row.quantity
    }


def use_up_outside(case: Case, refund: Refund) -> None:
    """A refund made outside uses up what it names, once the order is known, for as long as it counts."""
    if refund.rows is not None:
        if refund.status in NOTHING:
            give_back(case, refund.rows)
            refund.rows = None
        return
    if case.order is None or refund.status not in ("submitted", "succeeded") or refund.currency != case.order.currency:
        return
    rows = _outside_rows(case.order, refund)
    if rows:
        refund.rows = rows
        use_up(case, rows)


def _outside_rows(order: Order, refund: Refund) -> list[Row]:
    """Its lines by what is left of each, its delivery part over the deliveries. Where it names lines or units that the
    order does not have, nobody knows what it was for: nothing of the lines.
    """
    rows: list[Row] = []
    named = {line_id: n for line_id, n in (refund.lines or {}).items() if n <= order.quantity_of(line_id)}
    if named and len(named) == len(refund.lines or {}):
        lines = [order.lines[line_id] for line_id in named]
        duties = _outside_duties(lines, named, refund.amount_minor - refund.shipping_minor)
        given = refund.amount_minor - refund.shipping_minor - sum(row.gross_minor for row in duties)
        shares = split(given, [line.portion.left_minor for line in lines])
        for line, share in zip(lines, shares, strict=True):
            row = row_of(line.portion, share, component="line", line_id=line.line_id, quantity=named[line.line_id])
            rows.append(row)
        rows += duties
    if refund.shipping_minor and order.shipping:
        items = list(order.shipping.values())
        shares = split(refund.shipping_minor, [item.portion.left_minor for item in items])
        for item, share in zip(items, shares, strict=True):
            rows.append(row_of(item.portion, share, component="shipping", shipping_id=item.shipping_id))
    return rows


def _outside_duties(lines: Sequence[Line], named: Mapping[str, int], given: int) -> list[Row]:
    """What is more than its lines have left has gone for their duties, as far as these have any left."""
    charged = [(line, line.duties) for line in lines if line.duties]
    over = given - sum(line.portion.left_minor for line in lines)
    over = min(over, sum(duties.left_minor for _, duties in charged))
    if over <= 0:
        return []
    shares = split(over, [duties.left_minor for _, duties in charged])
    return [
        row_of(duties, share, component="duties", line_id=line.line_id, quantity=named[line.line_id])
        for (line, duties), share in zip(charged, shares, strict=True)
    ]


def has_gone_back_in(case: Case, currency: str) -> bool:
    """Whether of the order something was to go back in a currency, by us or outside. What failed may succeed late."""
    told = (refund for refund in case.refunds.values() if refund.currency == currency)
    return any(not refund.outside or refund.rows is not None for refund in told)


def is_unallocated(refund: Refund) -> bool:
    """Made outside, counts, and nobody said for what: it may have paid for anything."""
    if not refund.outside or refund.status not in ("submitted", "succeeded"):
        return False
    return sum(row.gross_minor for row in refund.rows or []) != refund.amount_minor
