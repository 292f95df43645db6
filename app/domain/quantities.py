"""How many units were bought, and what is said of more of them, or of lines that the order never had.

What only says so contradicts the order and is refused. What happened all the same (goods that came back, money that was
paid outside), or was told before the order, is kept and flagged, and counts no more units than had been bought.
"""

from collections.abc import Iterator
from typing import Any

from app.domain.case import Case, Order
from app.domain.records import Refused
from app.domain.returns import surplus_of

UNKNOWN_LINE = "unknown_line"
QUANTITY_EXCEEDED = "quantity_exceeded"
TELLS_OF_UNITS = frozenset(
    {
        "order.placed",
        "order.amended",
        "order.cancelled",
        "subscription.cancelled",
        "return.shipped",
        "return.received",
        "refund.submitted",
        "refund.succeeded",
    }
)
"""Events after which more units can be told of than were bought, or no longer."""


def fits(order: Order, quantities: dict[str, int]) -> bool:
    """Whether an event can name so many units, by line."""
    return all(0 < quantity <= order.most_bought(line_id) for line_id, quantity in quantities.items())


def names_what_was_bought(case: Case, event: Any) -> Refused | None:
    """Refuses an event about units that the order never had. Before the order is known nothing contradicts it."""
    named: dict[str, int] = {}
    order = case.order
    if order is None:
        return None
    for index, line in enumerate(event.lines or ()):
        most = order.most_bought(line.line_id)
        named[line.line_id] = named.get(line.line_id, 0) + line.quantity
        if not most:
            return _unknown_line(f"lines[{index}].line_id")
        if named[line.line_id] > most:
            path = f"lines[{index}].quantity"
            return Refused(
                "illegal_transition", f"{path}: expected at most what was bought; amend the order first", path
            )
    return None


def names_a_line(case: Case, event: Any) -> Refused | None:
    """Refuses an event about a line that the order never had."""
    unknown = case.order is not None and not case.order.most_bought(event.line_id)
    return _unknown_line("line_id") if unknown else None


def _unknown_line(path: str) -> Refused:
    return Refused("illegal_transition", f"{path}: expected a line of the order; amend the order first", path)


def count_cancellations(case: Case) -> None:
    """Counts the cancelled units that the order has; a cancellation of others stays aside until an amendment fits."""
    if case.order is None:
        return
    aside = []
    for quantities in case.uncounted_cancellations:
        if not fits(case.order, quantities):
            aside.append(quantities)
            continue
        for line_id, quantity in quantities.items():
            case.cancelled[line_id] = case.cancelled.get(line_id, 0) + quantity
    case.uncounted_cancellations = aside


def mark_what_was_not_bought(case: Case) -> None:
    """Flags the case as long as what was told of it names more units than were bought, or lines that it never had."""
    if case.order is None:
        return
    told = set(_told(case))
    # each line is looked up once, since that reads all that amendments changed
    most = {line_id: case.order.most_bought(line_id) for line_id, _ in told}
    unknown = not all(most.values())
    too_many = any(0 < most[line_id] < units for line_id, units in told)
    too_many = too_many or any(surplus_of(case, line_id) for line_id in case.order.lines)
    for flag, holds in ((UNKNOWN_LINE, unknown), (QUANTITY_EXCEEDED, too_many)):
        if holds:
            case.flag(flag)
        elif flag in case.flags:
            case.flags.remove(flag)


def _told(case: Case) -> Iterator[tuple[str, int]]:
    """Lines that were told of, with units; one where only the line was named."""
    for quantities in case.uncounted_cancellations:
        yield from quantities.items()
    for shipment in case.shipments.values():
        yield from shipment.quantities.items()
    for back in case.returns.values():
        yield from back.shipped.items()
        yield from ((line_id, 1) for line_id in back.received or ())
    for refund in case.refunds.values():
        if refund.outside:
            yield from (refund.lines or {}).items()
    for line_id in (*case.service_used, *case.subscriptions_cancelled):
        yield line_id, 1
