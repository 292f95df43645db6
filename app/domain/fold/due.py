"""Timers: how one that is due changes the case."""

from datetime import datetime

from app.domain import timer_names as names
from app.domain.case import Case
from app.domain.disputes.deadlines import NOT_OPENED
from app.domain.fold.disputes import end


def came_due(case: Case, name: str, due_at: datetime) -> None:
    """What the timer was for is over: a wait, a deadline, the life of the case."""
    kind, key = names.kind_and_key(name)
    match kind:
        case names.RETENTION:
            _retire(case)
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


def _retire(case: Case) -> None:
    """The case shrinks to a stub that keeps its money: who paid, what went back, what is disputed.

    It keeps which events it has heard, too: one that is published again years later must not count a second time.
    """
    case.expired = True
    case.timeline, case.uncounted_cancellations = [], []
    case.shipments, case.returns, case.service_used, case.verdicts = {}, {}, {}, {}
    for line in case.order.lines.values() if case.order else ():
        line.title = line.category = line.subscription = None
    for payment in case.payments.values():
        payment.authentication = payment.checks = payment.risk = payment.shopper = None
