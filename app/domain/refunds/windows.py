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
    moves = [shipment for shipment in case.shipments.values() if shipment.carries(line.line_id)]
    delivered = [at for shipment in moves if (at := shipment.arrival(line.line_id))]
    fulfilled = [s.fulfilled_at for s in moves if s.fulfilled_at]
    if kind == "delivered" and delivered:
        return max(delivered)
    return max(fulfilled) if fulfilled else _placed(case)


def _placed(case: Case) -> datetime | None:
    return case.order.placed_at if case.order else None
