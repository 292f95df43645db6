"""Less than was asked: rows brought down to what may be paid."""

import msgspec

from app.domain.case import Order, Row, Tax
from app.domain.money import half_up, split
from app.domain.portions import portion_of, tax_shares


def scale(rows: list[Row], order: Order, target_minor: int) -> list[Row]:
    """Rows reduced so that they and the fees among them come to the target; units are not used up by a reduced row."""
    fees = [row for row in rows if row.component == "fee"]
    paying = [row for row in rows if row.component != "fee"]
    shares = split(target_minor - sum(row.gross_minor for row in fees), [row.gross_minor for row in paying])
    scaled = [
        _reduced(row, order, share) if share != row.gross_minor else row
        for row, share in zip(paying, shares, strict=True)
    ]
    return [row for row in scaled if row.gross_minor] + fees


def _reduced(row: Row, order: Order, gross_minor: int) -> Row:
    portion = portion_of(order, row)
    taxes = tax_shares(portion, gross_minor) if portion else []
    if portion is None and row.gross_minor:
        taxes = [Tax(tax.code, half_up(tax.amount_minor * gross_minor, row.gross_minor)) for tax in row.taxes]
    net = gross_minor - sum(tax.amount_minor for tax in taxes)
    return msgspec.structs.replace(row, gross_minor=gross_minor, net_minor=net, taxes=taxes, quantity=None)
