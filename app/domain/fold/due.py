"""Timers: how one that is due changes the case."""

from datetime import datetime

from app.domain import timer_names as names
from app.domain.case import Case
from app.domain.disputes.deadlines import NOT_OPENED
from app.domain.fold.disputes import end
from app.domain.timers import retire


def came_due(case: Case, name: str, due_at: datetime) -> None:
    """What the timer was for is over: a wait, a deadline, the life of the case."""
    kind, _, key = name.partition(":")
    match kind:
        case names.RETENTION:
            retire(case)
        case names.REQUEST:
            request = case.requests.get(key)
            if request is not None and request.waiting_for in ("order", "payment", "return"):
                request.waits_over.append(request.waiting_for)
        case names.HISTORY if key in case.requests:
            case.requests[key].waits_over.append("history")
        case names.DEADLINE:
            dispute = case.disputes.get(key)
            waits_until = dispute.respond_by if dispute is not None and dispute.state == "open" else None
            if dispute is not None and waits_until is not None and due_at >= waits_until:
                end(dispute, "expired", waits_until)
        case names.OPENING:
            case.disputes[key].flags.append(NOT_OPENED)
        case names.STUCK if key in case.refunds:
            case.refunds[key].stuck = True
