"""Goods before money: which lines the policy wants back, and whether they are here."""

from collections.abc import Collection

from app.domain.policy_terms import limit
from app.domain.reasons import ReasonCode
from app.domain.refunds.asking import CHARGED_TOO_MUCH
from app.domain.refunds.question import Answer, Deny, Hold, Question
from app.domain.refunds.statutory import proof_of_return
from app.domain.returns import units_here


def goods_are_back(q: Question) -> Answer:
    """Goods come back before the money goes, where the policy asks for them."""
    if not _return_is_missing(q):
        return None
    if "return" in q.request.waits_over:
        return Deny(ReasonCode.RETURN_NOT_RECEIVED)
    return Hold(ReasonCode.AWAITING_RETURN, "return")


def units_to_return_by_law(q: Question) -> dict[str, int]:
    """Of what the law gives back, the units that the policy wants back before the money goes, by line."""
    _, given = q.planned()
    return {line_id: given.units[line_id] for line_id in _lines_to_return(q, _worth(q)) if line_id in given.by_law}


def is_coming_back(q: Question, amount_minor: int) -> bool:
    """Whether goods that the policy takes back, in a request worth so much, are still to come or are here already."""
    _, given = q.planned()
    return bool(_missing(q, amount_minor).difference(given.by_law)) or any(
        units_here(q.case, line_id) for line_id in given.units if line_id not in given.by_law
    )


def return_by_law_is_missing(q: Question) -> bool:
    """Whether the proof that goods were sent or came back is still to come for what the law gives back."""
    _, given = q.planned()
    return _is_unproven(q, _missing(q, _worth(q)).intersection(given.by_law))


def _return_is_missing(q: Question) -> bool:
    """Whether goods are still to come: the policy's must be here, by law the proof that they were sent is enough."""
    _, given = q.planned()
    missing = _missing(q, _worth(q))
    return bool(missing.difference(given.by_law)) or _is_unproven(q, missing.intersection(given.by_law))


def _missing(q: Question, amount_minor: int) -> frozenset[str]:
    """The lines of which not all units that are wanted back are here."""
    _, given = q.planned()
    wanted = _lines_to_return(q, amount_minor)
    return frozenset(line_id for line_id in wanted if units_here(q.case, line_id) < given.units[line_id])


def _is_unproven(q: Question, line_ids: Collection[str]) -> bool:
    _, given = q.planned()
    return bool(line_ids) and proof_of_return(q.case, {line_id: given.units[line_id] for line_id in line_ids}) is None


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
