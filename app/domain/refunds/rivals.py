"""Is the same being asked already? A held request reserves nothing, so two of the same scope may want one thing."""

from app.domain.case import Request
from app.domain.refunds.asking import Asking, Denial
from app.domain.refunds.scopes import plan, units_of
from app.domain.refunds.tenders import available


def is_asked_already(asking: Asking) -> bool:
    """Whether an earlier request for the same scope is held and both together exceed what is left."""
    return any(_same_scope(earlier, asking.request) for earlier in _earlier(asking)) and _too_much_for_two(asking)


def _earlier(asking: Asking) -> list[Request]:
    before = []
    for request in asking.case.requests.values():
        if request.request_id == asking.request.request_id:
            break
        if request.status == "held":
            before.append(request)
    return before


def _same_scope(one: Request, other: Request) -> bool:
    if one.scope["kind"] == other.scope["kind"] == "subscription":
        return bool(one.scope["line_id"] == other.scope["line_id"])
    if one.scope["kind"] == other.scope["kind"] == "lines":
        return units_of(one.scope) == units_of(other.scope)
    return one.scope == other.scope


def _too_much_for_two(asking: Asking) -> bool:
    given = plan(asking)
    if isinstance(given, Denial):
        return False
    paid = any(p.captured_minor for p in asking.case.payments.values())
    if paid and 2 * given.wanted_minor > sum(available(asking.case, asking.order.currency).values()):
        return True
    if asking.request.scope["kind"] == "lines" and not given.ended:
        return any(2 * n > asking.order.lines[line_id].portion.left_quantity for line_id, n in given.units.items())
    return 2 * given.wanted_minor > given.possible_minor
