"""Until when a line may be given back: so many times 24 hours from its anchor, inclusive."""

from datetime import datetime, timedelta

from app.domain.case import Case, Line
from app.domain.policy import Policy


def window_ends(case: Case, line: Line, policy: Policy) -> datetime | None:
    """The last instant of a line's window, None where not even the placing of the order is known."""
    anchor = anchor_of(case, line, policy.window.from_)
    return anchor + timedelta(days=policy.window_days(line.category)) if anchor else None


def anchor_of(case: Case, line: Line, kind: str) -> datetime | None:
    """From when a window counts: as the policy says, where unknown from fulfilment, else from the order."""
    if kind == "captured":
        captured = [c.captured_at for p in case.payments.values() for c in p.captures.values() if c.kept_minor]
        return min(captured) if captured else _placed(case)
    if kind == "placed":
        return _placed(case)
    delivered: datetime | None = None
    fulfilled: datetime | None = None
    for shipment in case.shipments.values():
        if shipment.carries(line.line_id):
            delivered = _later(delivered, shipment.arrival(line.line_id))
            fulfilled = _later(fulfilled, shipment.fulfilled_at)
    return (delivered if kind == "delivered" else None) or fulfilled or _placed(case)


def _later(known: datetime | None, other: datetime | None) -> datetime | None:
    return other if known is None or (other is not None and other > known) else known


def _placed(case: Case) -> datetime | None:
    return case.order.placed_at if case.order else None
