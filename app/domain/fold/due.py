"""Timers: how one that is due changes the case."""

from datetime import datetime

from app.domain.case import Case
from app.domain.disputes.deadlines import NOT_OPENED
from app.domain.fold.disputes import end
from app.domain.timers import RETENTION, retire


def came_due(case: Case, name: str, due_at: datetime) -> None:
    """What the timer was for is over: a wait, a deadline, the life of the case. Its names: see `app.domain.timers`."""
    kind, _, key = name.partition(":")
    if name == RETENTION:
        retire(case)
    elif (
        kind == "request"
        and (request := case.requests.get(key))
        and request.waiting_for in ("order", "payment", "return")
    ):
        request.waits_over.append(request.waiting_for)
    elif kind == "history" and key in case.requests:
        case.requests[key].waits_over.append("history")
    elif kind == "dispute" and (dispute := case.disputes.get(key)) and dispute.respond_by is not None:
        if dispute.state == "open" and due_at >= dispute.respond_by:
            end(dispute, "expired", dispute.respond_by)
    elif kind == "opening":
        case.disputes[key].flags.append(NOT_OPENED)
    elif kind == "stuck" and key in case.refunds:
        case.refunds[key].stuck = True
