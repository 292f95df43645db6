"""Goods before money: which lines the policy wants back, and whether they are here."""

from app.domain.policy_terms import limit
from app.domain.reasons import Reason as Code
from app.domain.refunds.asking import CHARGED_TOO_MUCH
from app.domain.refunds.question import Answer, Deny, Hold, Question
from app.domain.refunds.statutory import proof_of_return
from app.domain.returns import units_here


def goods_are_back(q: Question) -> Answer:
    """Goods come back before the money goes, where the policy asks for them."""
    if not return_is_missing(q, _worth(q)):
        return None
    if "return" in q.request.waits_over:
        return Deny(Code.RETURN_NOT_RECEIVED)
    return Hold(Code.AWAITING_RETURN, "return")


def units_to_return(q: Question) -> dict[str, int]:
    """The units that the policy wants back before the money goes, by line."""
    _, given = q.planned()
    return {line_id: given.units[line_id] for line_id in _lines_to_return(q, _worth(q))}


def return_is_missing(q: Question, amount_minor: int) -> bool:
    """Whether goods worth so much are still to come; by law the proof that they were sent is enough."""
    _, given = q.planned()
    wanted = _lines_to_return(q, amount_minor)
    missing = [line_id for line_id in wanted if units_here(q.case, line_id) < given.units[line_id]]
    if given.statutory and missing:
        return proof_of_return(q.case, {line_id: given.units[line_id] for line_id in missing}) is None
    return bool(missing)


def _worth(q: Question) -> int:
    """What goes back before fees."""
    return sum(row.gross_minor for row in q.rows if row.component != "fee")


def _lines_to_return(q: Question, amount_minor: int) -> list[str]:
    asking, given = q.planned()
    rule = q.policy.return_required
    if asking.goodwill or q.request.from_cancellation or q.request.reason in (*rule.reasons_exempt, *CHARGED_TOO_MUCH):
        return []
    threshold = limit(rule.unless_below, asking.order.currency)
    if threshold is not None and amount_minor < threshold:
        return []
    return [line_id for line_id in given.units if asking.order.lines[line_id].kind in rule.kinds]
