"""What the customer is told, and of which fact: once per case, template and fact."""

from app.domain.case import Case, Refund, Request
from app.domain.money import money_of
from app.domain.records import Decided, Told
from app.domain.refunds.statutory import timezone_of
from app.domain.tables import table

BY_DISPUTE = frozenset({"dispute_open", "dispute_lost", "already_credited_by_network"})


def locale_of(case: Case, request: Request | None = None) -> str:
    """The locale that was asked for: the request's, else the order's, else English."""
    return (request.locale if request else None) or (case.order.locale if case.order else None) or "en"


def of_decision(case: Case, request: Request, decided: Decided) -> list[Told]:
    """What a decision tells the customer that it was not told before."""
    if request.alert_id is not None and decided.outcome != "approved":
        return []  # nobody asked us
    templates = _templates(decided)
    if is_withdrawal(request, decided) and "refund_acknowledged" not in templates:
        templates.insert(0, "refund_acknowledged")
    new = [template for template in templates if template not in request.told]
    return [
        Told(
            template=template,
            fact=(request.request_id,),
            data=_decision_data(case, request, decided),
            locale=locale_of(case, request),
            request_id=request.request_id,
        )
        for template in new
    ]


def told_key(template: str, fact: tuple[str | int, ...]) -> str:
    """What a request remembers of what was told: the template, and of which refund."""
    return ":".join([template, *map(str, fact[1:])])


def is_withdrawal(request: Request, decided: Decided) -> bool:
    """A withdrawal by law is acknowledged at once, whatever becomes of it (Directive (EU) 2023/2673)."""
    return request.reason == "statutory_withdrawal" or any(r.code == "statutory_right" for r in decided.reasons)


def _templates(decided: Decided) -> list[str]:
    first = decided.reasons[0].code if decided.reasons else ""
    match decided.outcome:
        case "approved":
            return ["refund_approved"]
        case "denied":
            return ["dispute_bank_is_handling" if first in BY_DISPUTE else "refund_denied"]
        case "withdrawn":
            return ["refund_withdrawn"]
    if decided.waiting_for == "dispute":
        return ["dispute_bank_is_handling"]
    templates = ["refund_acknowledged"]
    if decided.waiting_for == "return":
        templates.append("refund_return_needed")
    if any(reason.code == "information_needed" for reason in decided.reasons):
        templates.append("refund_information_needed")
    return templates


def _decision_data(case: Case, request: Request, decided: Decided) -> dict[str, object]:
    """What the texts may use; see `app.texts.catalogue.KEYS` for the form of each key."""
    data: dict[str, object] = {
        "order_id": case.order_id,
        "request_id": request.request_id,
        "reasons": [reason.code for reason in decided.reasons],
        "method": decided.method,
        "asked_at": request.asked_at,
        "reason": request.reason,
        "scope": request.scope["kind"],
        "lines": _lines(case, request, decided),
        "statutory": is_withdrawal(request, decided),
        "requested": money_of(decided.requested_minor, decided.requested_currency),
        "refundable": money_of(decided.refundable_minor, decided.currency),
        "pay_by": decided.pay_by,
        "timezone": timezone_of(case.order) if case.order else None,
        "wait_until": decided.wait_until,
    }
    if decided.outcome in ("approved", "held"):
        data["amount"] = money_of(decided.amount_minor, decided.currency)
    if decided.outcome == "approved":
        fees = -sum(row.gross_minor for row in decided.rows if row.component == "fee")
        credit = sum(tender.amount_minor for tender in decided.tenders if tender.kind == "store_credit")
        data["fees"] = money_of(fees or None, decided.currency)
        data["credit"] = money_of(credit if 0 < credit < (decided.amount_minor or 0) else None, decided.currency)
    if decided.waiting_for == "return":
        data["return_by"] = decided.wait_until
    return data


def _lines(case: Case, request: Request, decided: Decided) -> list[dict[str, object]]:
    """The lines that a request is about: those of the decision, else those that it names.

    While the order is unknown they go by their id: what was withdrawn from is acknowledged at once, and only once.
    """
    units = {row.line_id: row.quantity or 1 for row in decided.rows if row.component == "line" and row.line_id}
    if not units:
        units = {entry["line_id"]: entry["quantity"] for entry in request.scope.get("lines", [])}
    if not units and request.scope["kind"] == "subscription":
        units = {request.scope["line_id"]: 1}
    if case.order is None:
        return [{"line_id": line_id, "title": None, "quantity": units[line_id]} for line_id in units]
    known = case.order.lines
    return [
        {"line_id": line_id, "title": known[line_id].title or known[line_id].sku, "quantity": quantity}
        for line_id, quantity in units.items()
        if line_id in known
    ]


def of_refund(case: Case, refund: Refund, template: str) -> Told | None:
    """What is told of money on its way: sent, completed, delayed, failed. None where it was told, or is not ours."""
    request = case.requests.get(refund.request_id) if refund.request_id else None
    if request is None:
        return None
    fact: tuple[str | int, ...] = (request.request_id, refund.retry_of or refund.key)
    if refund.settled_times > 1:  # it came back and went again, which nobody has been told yet
        fact = (*fact, refund.settled_times)
    if told_key(template, fact) in request.told:
        return None
    data: dict[str, object] = {
        "order_id": case.order_id,
        "request_id": request.request_id,
        "amount": {"amount_minor": refund.amount_minor, "currency": refund.currency},
    }
    if template == "refund_completed":
        days, payment = table("refund_arrival_days"), case.payments.get(refund.payment_id)
        data["expected_days"] = days.get(payment.kind if payment else "default", days["default"])
    if template == "refund_delayed":
        data["since"] = refund.submitted_at or refund.since
        data["timezone"] = timezone_of(case.order) if case.order else None
    if refund.acquirer_reference_number is not None:
        data["acquirer_reference_number"] = refund.acquirer_reference_number
    return Told(
        template=template,
        fact=fact,
        data=data,
        locale=locale_of(case, request),
        request_id=request.request_id,
    )
