"""From what was asked to rows of a breakdown: one function per kind of scope."""

from collections.abc import Callable
from typing import Any

import msgspec

from app.domain.case import Line, Order, Request, Row, Tax
from app.domain.money import half_up, split
from app.domain.portions import is_whole_share, portions, row_of, share_of_quantity
from app.domain.reasons import ReasonCode
from app.domain.refunds.asking import CHARGED_TOO_MUCH, FAULTS_OF_MERCHANT, Asking, Denial, Plan, overpaid
from app.domain.refunds.periods import ended, ending_rows, endings, joined, leave_nothing, why_none, withdrawn
from app.domain.refunds.statutory import standard_delivery
from app.domain.refunds.tenders import available


def plan(asking: Asking) -> Plan | Denial:
    """What the order gives for the request's scope."""
    return SCOPES[asking.request.scope["kind"]](asking)


def _full(asking: Asking) -> Plan | Denial:
    order, rows, reduced = asking.order, _overpayment_rows(asking), False
    touched = [line.line_id for line in order.lines.values() if line.portion.left_minor]
    units = {line_id: order.lines[line_id].portion.left_quantity for line_id in touched}
    by_law, ends = asking.withdrawable.intersection(touched), endings(asking, units)
    complete = leave_nothing(ends, order)
    shipping_by_policy = not asking.withdraws(touched) and gives_shipping(asking, complete=complete)
    for component, item_id, portion in portions(order):
        if component == "shipping" and not shipping_by_policy:
            continue
        if component == "tip" and not _gives_tip(asking):
            continue
        by_line = component in ("line", "duties")
        if by_line and item_id in ends:
            rows += ending_rows(ends[item_id]) if component == "line" else []
            continue
        reduced = reduced or portion.used_minor > 0
        if left := portion.left_minor:
            row = row_of(
                portion,
                left,
                component=component,
                line_id=item_id if by_line else None,
                shipping_id=item_id if component == "shipping" else None,
                quantity=portion.left_quantity or None if by_line else None,
            )
            rows.append(row)
    if by_law and not shipping_by_policy:
        rows += _standard_delivery_rows(order)
    if not rows:
        return why_none(ends) or Denial(ReasonCode.NOTHING_LEFT)
    wanted = sum(row.gross_minor for row in rows)
    return joined(Plan(rows, wanted, reduced=reduced, units=units, lines=touched, by_law=by_law), ends)


def _lines(asking: Asking) -> Plan | Denial:
    order, scope = asking.order, asking.request.scope
    named = units_of(scope)
    asked = _as_far_as_left(order, named) if scope.get("as_far_as_left") else named
    if unknown := tuple(line_id for line_id in asked if line_id not in order.lines):
        return Denial(ReasonCode.UNKNOWN_LINE, unknown)
    lines = [order.lines[line_id] for line_id in asked]
    if beyond := tuple(line.line_id for line in lines if asked[line.line_id] > line.portion.left_quantity):
        return Denial(ReasonCode.QUANTITY_EXCEEDED, beyond)
    ends = endings(asking, asked)
    whole = [line for line in lines if line.line_id not in ends]
    rows = [row for end in ends.values() for row in ending_rows(end)]
    rows += [row for line in whole for row in _unit_rows(line, asked[line.line_id])]
    if not rows:
        return why_none(ends) or Denial(ReasonCode.NOTHING_LEFT, tuple(named))
    reduced = asked != named or any(not is_whole_share(line.portion, asked[line.line_id]) for line in whole)
    by_law = asking.withdrawable.intersection(asked)
    complete = _is_all_that_is_left(order, asked) and leave_nothing(ends, order)
    follows_policy = scope.get("include_shipping") and not asking.withdraws(asked)
    if follows_policy and gives_shipping(asking, complete=complete):
        rows += _shipping_rows(order)
    elif by_law and complete:
        rows += _standard_delivery_rows(order)
    wanted = sum(row.gross_minor for row in rows)
    return joined(Plan(rows, wanted, reduced=reduced, units=asked, lines=list(asked), by_law=by_law), ends)


def _as_far_as_left(order: Order, named: dict[str, int]) -> dict[str, int]:
    """Of units that nobody named one by one, those that have not been paid back."""
    left = {line_id: order.lines[line_id].portion.left_quantity if line_id in order.lines else 0 for line_id in named}
    return {line_id: min(n, left[line_id]) for line_id, n in named.items() if left[line_id]}


def _is_all_that_is_left(order: Order, asked: dict[str, int]) -> bool:
    """Whether nothing of the order's lines is left afterwards."""
    return all(
        asked.get(line.line_id, 0) >= line.portion.left_quantity
        for line in order.lines.values()
        if line.portion.left_minor
    )


def units_of(scope: dict[str, Any]) -> dict[str, int]:
    """Units by line that a scope of lines names, in whatever order and however often it names them."""
    asked: dict[str, int] = {}
    for entry in scope["lines"]:
        asked[entry["line_id"]] = asked.get(entry["line_id"], 0) + entry["quantity"]
    return asked


def _unit_rows(line: Line, quantity: int) -> list[Row]:
    rows = []
    for component, portion in (("line", line.portion), ("duties", line.duties)):
        if portion and (gross := share_of_quantity(portion, quantity)):
            rows.append(row_of(portion, gross, component=component, line_id=line.line_id, quantity=quantity))
    return rows


def _shipping_rows(order: Order) -> list[Row]:
    return [
        row_of(item.portion, item.portion.left_minor, component="shipping", shipping_id=item.shipping_id)
        for item in order.shipping.values()
        if item.portion.left_minor
    ]


def _standard_delivery_rows(order: Order) -> list[Row]:
    """By law the delivery comes back with the last goods, as far as the standard one would have cost."""
    costs = standard_delivery(order)
    return [
        row_of(item.portion, costs[item.shipping_id], component="shipping", shipping_id=item.shipping_id)
        for item in order.shipping.values()
        if costs[item.shipping_id]
    ]


def _shipping(asking: Asking) -> Plan | Denial:
    order, scope = asking.order, asking.request.scope
    item = order.shipping.get(scope["shipping_id"])
    if item is None:
        return Denial(ReasonCode.UNKNOWN_LINE, (scope["shipping_id"],))
    left, asked = item.portion.left_minor, scope.get("amount_minor")
    if asked is not None and asked > left:
        return Plan([], left, asked, all_or_nothing=True, lines=list(order.lines))
    if not left:
        return Denial(ReasonCode.NOTHING_LEFT)
    row = row_of(item.portion, left if asked is None else asked, component="shipping", shipping_id=item.shipping_id)
    reduced = asked is None and item.portion.used_minor > 0
    return Plan([row], left, all_or_nothing=asked is not None, reduced=reduced, lines=list(order.lines))


def _amount(asking: Asking) -> Plan | Denial:
    order, scope = asking.order, asking.request.scope
    asked, line_id = scope["amount"]["amount_minor"], scope.get("line_id")
    if line_id is not None:
        line = order.lines.get(line_id)
        if line is None:
            return Denial(ReasonCode.UNKNOWN_LINE, (line_id,))
        if not asking.goodwill:
            left = line.portion.left_minor
            if asked > left:
                return Plan([], left, asked, all_or_nothing=True, lines=[line_id])
            row = row_of(line.portion, asked, component="line", line_id=line_id)
            return Plan([row], left, all_or_nothing=True, lines=[line_id])
    before = _overpayment_rows(asking, asked)
    rest = asked - sum(row.gross_minor for row in before)
    spreadable = [(c, i, p) for c, i, p in portions(order) if c in ("line", "shipping") and p.left_minor]
    left = sum(portion.left_minor for _, _, portion in spreadable)
    if rest > left and not asking.goodwill:
        return Plan([], left + asked - rest, asked, all_or_nothing=True, lines=list(order.lines))
    lines = [item_id for component, item_id, _ in spreadable if component == "line" and item_id] if rest else []
    possible = max(left + asked - rest, asked)
    if asking.goodwill:
        possible = max(possible, sum(available(asking.case, order.currency).values()))
    if asking.request.reason == "goodwill":
        alert = asking.case.pre_disputes.get(asking.request.alert_id or "")
        payment_id = alert.payment_id if alert else None
        rows = [_goodwill_row(order, asked)]
        return Plan(rows, possible, all_or_nothing=True, lines=lines, payment_id=payment_id)
    rows = before
    if rest:
        shares = split(rest, [portion.left_minor for _, _, portion in spreadable])
        for (component, item_id, portion), share in zip(spreadable, shares, strict=True):
            if share:
                key: dict[str, Any] = {"line_id" if component == "line" else "shipping_id": item_id}
                rows.append(row_of(portion, share, component=component, **key))
    return Plan(rows, possible, all_or_nothing=True, lines=lines)


def _goodwill_row(order: Order, amount: int) -> Row:
    """Money beyond the lines, its taxes in the mix of the whole order."""
    gross, by_code = 0, dict[str, int]()
    for component, _, portion in portions(order):
        if component in ("line", "shipping"):
            gross += portion.gross_minor
            for tax in portion.taxes:
                by_code[tax.code] = by_code.get(tax.code, 0) + tax.amount_minor
    taxes = [Tax(code, half_up(minor * amount, gross)) for code, minor in by_code.items()] if gross else []
    net = amount - sum(tax.amount_minor for tax in taxes)
    return Row(component="goodwill", gross_minor=amount, net_minor=net, taxes=taxes)


def _payment(asking: Asking) -> Plan | Denial:
    scope = asking.request.scope
    payment = asking.case.payments.get(scope["payment_id"])
    if payment is None or not payment.captured_minor:
        return Denial(ReasonCode.NOT_PAID)
    left = min(overpaid(asking.case), payment.captured_minor)
    amount = scope.get("amount")
    asked = left if amount is None else amount["amount_minor"]
    if amount is None and not left:
        return Denial(ReasonCode.NOTHING_LEFT)
    if asked > left:
        beyond = _amount(msgspec.structs.replace(asking, request=_as_amount(asking, asked)))
        if isinstance(beyond, Plan):
            beyond.payment_id = payment.payment_id
        return beyond
    row = Row(component="overpayment", gross_minor=asked, net_minor=asked)
    return Plan([row], left, all_or_nothing=amount is not None, payment_id=payment.payment_id)


def _as_amount(asking: Asking, amount_minor: int) -> Request:
    """The same request by amount: what goes beyond the overpayment follows the rules of lines."""
    scope = {"kind": "amount", "amount": {"amount_minor": amount_minor, "currency": asking.order.currency}}
    reason = asking.request.reason if asking.request.reason in CHARGED_TOO_MUCH else "overcharged"
    return msgspec.structs.replace(asking.request, scope=scope, reason=reason)


def _overpayment_rows(asking: Asking, limit: int | None = None) -> list[Row]:
    """What was charged too much comes first, where that is the reason."""
    if asking.request.reason not in CHARGED_TOO_MUCH:
        return []
    over = overpaid(asking.case)
    amount = over if limit is None else min(over, limit)
    return [Row(component="overpayment", gross_minor=amount, net_minor=amount)] if amount else []


def gives_shipping(asking: Asking, *, complete: bool) -> bool:
    """Whether the policy pays delivery back: for the reason, or with everything that was bought."""
    rule = asking.policy.shipping_refund
    return asking.policy_reason in rule.reasons or (complete and rule.with_full_return) or asking.goodwill


def _gives_tip(asking: Asking) -> bool:
    called_off = asking.request.from_cancellation and asking.request.requested_by == "merchant"
    return asking.request.reason in FAULTS_OF_MERCHANT or called_off or asking.goodwill


def _subscription(asking: Asking) -> Plan | Denial:
    order, scope = asking.order, asking.request.scope
    line = order.lines.get(scope["line_id"])
    if line is None or line.subscription is None:
        return Denial(ReasonCode.UNKNOWN_LINE, (scope["line_id"],))
    if asking.withdraws([line.line_id]):
        return withdrawn(asking, line)
    return ended(asking, line, scope["effective_at"])


SCOPES: dict[str, Callable[[Asking], Plan | Denial]] = {
    "full": _full,
    "lines": _lines,
    "shipping": _shipping,
    "amount": _amount,
    "payment": _payment,
    "subscription": _subscription,
}
