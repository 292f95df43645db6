"""What is kept of what comes back: damage, use, restocking and return shipping, in this order.

Fees are negative rows on the gross of what comes back, with taxes in proportion, together at most what they reduce (the
gross and each tax of it), and never where the merchant is at fault. By law only what the goods have lost by handling
may be kept (Directive 2011/83/EU, article 14).
"""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from app.domain.case import Line, Row, Tax
from app.domain.money import half_up, rounded, split
from app.domain.refunds.asking import FAULTS_OF_MERCHANT, Asking, Plan
from app.domain.refunds.statutory import has_begun
from app.domain.refunds.subscriptions import unused_minor, unused_share
from app.domain.returns import conditions_of

WAY_BACK = "return_shipping"
UNSEEN = "new"
CHECKED_ONLY = frozenset({"new", "opened"})
"""Conditions that handling as in a shop leaves; by law nothing may be kept for them."""


def fee_rows(asking: Asking, plan: Plan, *, coming_back: bool) -> list[Row]:
    """The fees for a plan. `coming_back`: goods that the policy takes back must be sent, or are here already."""
    if asking.request.reason in FAULTS_OF_MERCHANT or asking.request.from_cancellation or not plan.units:
        return []
    by_line = {row.line_id: row for row in plan.rows if row.component == "line" and row.quantity}
    rows: list[Row] = []
    for line_id, row in by_line.items():
        line = asking.order.lines[line_id] if line_id else None
        if line is None:
            continue
        if line.kind == "physical":
            rows += _line_fees(asking, line, row, by_law=line_id in plan.by_law)
        elif line_id in plan.by_law:
            rows += _use(asking, line, row)
    if coming_back:
        by_policy = [row for line_id, row in by_line.items() if line_id not in plan.by_law]
        rows += _return_shipping(asking, by_policy, [row for row in rows if row.line_id not in plan.by_law])
    return rows


def _line_fees(asking: Asking, line: Line, row: Row, *, by_law: bool) -> list[Row]:
    assert row.quantity
    runs = conditions_of(asking.case, line.line_id, row.quantity, otherwise=UNSEEN)
    worth = split(row.gross_minor, [run.quantity for run in runs])
    damage = restocking = 0
    fees, why = asking.policy.fees, asking.policy_reason
    for run, gross in zip(runs, worth, strict=True):
        if by_law and run.condition in CHECKED_ONLY:
            continue
        damage += _rate(gross, fees.damage_rate(run.condition))
        restocking += 0 if by_law else _rate(gross, fees.restocking_rate(line.category, run.condition, why))
    damage = min(damage, row.gross_minor)
    restocking = min(restocking, row.gross_minor - damage)
    return fees_on(row, {"damage": damage, "restocking": restocking})


def _use(asking: Asking, line: Line, row: Row) -> list[Row]:
    """By law the share of a service that was had on request before the withdrawal is paid (2011/83/EU, article 14)."""
    if line.subscription is None or not has_begun(asking.case, line, asking.request.asked_at):
        return []
    share = unused_share(line.subscription, asking.request.asked_at, asking.policy.proration)
    used_of_all = line.portion.gross_minor - unused_minor(line, share, setup_fee="refund")
    used = min(row.gross_minor, half_up(used_of_all * (row.quantity or 1), line.portion.quantity))
    return fees_on(row, {"use": used})


def _return_shipping(asking: Asking, on: list[Row], before: list[Row]) -> list[Row]:
    """Of what the fees `before` leave of the lines, its taxes in proportion to what they leave of each line's."""
    left = sum(row.gross_minor for row in on) + sum(row.gross_minor for row in before)
    whole = asking.policy.fees.return_shipping_minor(asking.order.currency, asking.policy_reason)
    minor = min(whole - _kept_for_the_way(asking, on), left)
    if minor <= 0:
        return []
    kept, taken = Counter[str | None](), Counter[str]()
    for fee in before:
        kept[fee.line_id] -= fee.gross_minor
        for tax in fee.taxes:
            taken[tax.code] -= tax.amount_minor
    exact: dict[str, Fraction] = {}
    for row in on:
        open_minor = row.gross_minor - kept[row.line_id]
        share = (kept[row.line_id] + Fraction(open_minor * minor, left)) / row.gross_minor
        for tax in row.taxes:
            exact[tax.code] = exact.get(tax.code, Fraction(0)) + tax.amount_minor * share
    # Fees of several lines, each rounded up, may hold a cent of this one's tax already.
    taxes = [Tax(code, -max(0, rounded(upto) - taken[code])) for code, upto in exact.items()]
    return [fee_row(WAY_BACK, minor, taxes, None)]


def _kept_for_the_way(asking: Asking, on: list[Row]) -> int:
    """What was kept of it already, of these goods when they were paid back in part and of what they came with."""
    ids, ways = {row.line_id for row in on}, list[_Way]()
    for request in asking.case.requests.values():
        ways = _after(request.rows_standing, ways)
    return sum(way.kept_minor for way in ways if not ids.isdisjoint(way.open))


class _Way(NamedTuple):
    """Goods that went one way back: the lines of which a part is still to be paid, and what was kept for the way."""

    open: frozenset[str | None]
    kept_minor: int


def _after(rows: Sequence[Row], ways: list[_Way]) -> list[_Way]:
    """The ways after an approval. One that pays whole units of a line pays the rest of those paid in part."""
    kept = -sum(row.gross_minor for row in rows if row.fee == WAY_BACK)
    whole = {row.line_id for row in rows if row.component == "line" and row.quantity}
    part = {row.line_id for row in rows if row.component == "line" and not row.quantity} if kept else set()
    same = [way for way in ways if not (whole | part).isdisjoint(way.open)]
    still_open = part.union(*(way.open for way in same)) - whole
    others = [way for way in ways if way not in same]
    return [*others, _Way(frozenset(still_open), sum(way.kept_minor for way in same) + kept)] if still_open else others


def _rate(gross_minor: int, rate: Decimal) -> int:
    if not rate:
        return 0
    return rounded(Fraction(rate) * gross_minor)


def fees_on(on: Row, amounts: dict[str, int]) -> list[Row]:
    """The fees on one row, cumulative like every share: together they hold no more tax than they reduce."""
    rows, so_far = [], 0
    for kind, minor in amounts.items():
        if not minor:
            continue
        upto = so_far + minor
        taxes = [Tax(tax.code, _tax_in(tax, so_far, on) - _tax_in(tax, upto, on)) for tax in on.taxes]
        rows.append(fee_row(kind, minor, taxes, on.line_id))
        so_far = upto
    return rows


def _tax_in(tax: Tax, minor: int, of: Row) -> int:
    return half_up(tax.amount_minor * minor, of.gross_minor)


def fee_row(kind: str, minor: int, taxes: list[Tax], line_id: str | None) -> Row:
    net = -minor - sum(tax.amount_minor for tax in taxes)
    return Row(component="fee", fee=kind, gross_minor=-minor, net_minor=net, taxes=taxes, line_id=line_id)
