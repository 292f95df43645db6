"""Less than was asked: rows brought down to what may be paid, each with the fees on it.

What is paid of a request is a part of it, and so is what is kept: the rest, when it is asked for, pays its part of the
fees and no more. So a refund that goes back in two parts comes to what it would have come to at once.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

import msgspec

from app.domain.case import Order, Row, Tax
from app.domain.money import half_up, split
from app.domain.portions import portion_of, tax_shares
from app.domain.refunds.fees import WAY_BACK, fee_row, fees_on


def scale(rows: list[Row], order: Order, target_minor: int) -> list[Row]:
    """Rows reduced so that they and the fees among them come to the target; units are not used up by a reduced row."""
    fees = [row for row in rows if row.component == "fee"]
    paying = [row for row in rows if row.component != "fee"]
    kept = _kept_of_each(paying, fees)
    worth = [row.gross_minor - sum(of_it.values()) for row, of_it in zip(paying, kept, strict=True)]
    if min(worth) < 0:
        return _with_whole_fees(paying, fees, order, target_minor)
    whole, scaled, less = sum(worth), list[Row](), list[dict[str, int]]()
    for row, of_it, before, share in zip(paying, kept, worth, split(target_minor, worth), strict=True):
        part = (share, before) if before else (target_minor, whole)
        less.append({kind: half_up(minor * part[0], part[1]) for kind, minor in of_it.items()})
        gross = share + sum(less[-1].values())
        scaled.append(_reduced(row, order, gross) if gross != row.gross_minor else row)
    return [row for row in scaled if row.gross_minor] + _reduced_fees(fees, scaled, less)


def _with_whole_fees(paying: Sequence[Row], fees: list[Row], order: Order, target_minor: int) -> list[Row]:
    """Of an approval of an earlier version, which may keep more of a row than it pays: reduced as it was then."""
    shares = split(target_minor - sum(fee.gross_minor for fee in fees), [row.gross_minor for row in paying])
    scaled = [
        _reduced(row, order, share) if share != row.gross_minor else row
        for row, share in zip(paying, shares, strict=True)
    ]
    return [row for row in scaled if row.gross_minor] + fees


def _kept_of_each(paying: Sequence[Row], fees: Sequence[Row]) -> list[dict[str, int]]:
    """What the fees keep of each row, by kind; the way back is kept of all lines by what the other fees leave."""
    of_line, way_back = defaultdict[str | None, dict[str, int]](dict), 0
    for fee in fees:
        if fee.fee == WAY_BACK:
            way_back -= fee.gross_minor
        elif fee.fee:
            of_line[fee.line_id][fee.fee] = -fee.gross_minor
    kept = [dict(of_line[row.line_id]) if row.component == "line" else {} for row in paying]
    if way_back:
        left = [
            max(0, row.gross_minor - sum(of_it.values())) if row.component == "line" else 0
            for row, of_it in zip(paying, kept, strict=True)
        ]
        for of_it, share in zip(kept, split(way_back, left), strict=True):
            of_it[WAY_BACK] = share
    return kept


def _reduced_fees(fees: Sequence[Row], on: Sequence[Row], kept: Sequence[dict[str, int]]) -> list[Row]:
    rows, way_back = [], 0
    for row, of_it in zip(on, kept, strict=True):
        way_back += of_it.get(WAY_BACK, 0)
        rows += fees_on(row, {kind: minor for kind, minor in of_it.items() if kind != WAY_BACK})
    whole = next((fee for fee in fees if fee.fee == WAY_BACK), None)
    if whole is None or not way_back:
        return rows
    left = Counter[str]()
    for row in (*on, *rows):
        left.update({tax.code: tax.amount_minor for tax in row.taxes if row.line_id is not None})
    shares = {tax.code: half_up(tax.amount_minor * way_back, -whole.gross_minor) for tax in whole.taxes}
    taxes = [Tax(code, -min(-minor, max(0, left[code]))) for code, minor in shares.items()]
    return [*rows, fee_row(WAY_BACK, way_back, taxes, None)]


def _reduced(row: Row, order: Order, gross_minor: int) -> Row:
    portion = portion_of(order, row)
    taxes = tax_shares(portion, gross_minor) if portion else []
    if portion is None and row.gross_minor:
        taxes = [Tax(tax.code, half_up(tax.amount_minor * gross_minor, row.gross_minor)) for tax in row.taxes]
    net = gross_minor - sum(tax.amount_minor for tax in taxes)
    quantity = None if row.quantity is None else 0  # it goes by quantity, and no unit is done with it
    return msgspec.structs.replace(row, gross_minor=gross_minor, net_minor=net, taxes=taxes, quantity=quantity)
