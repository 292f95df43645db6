"""What happens when a timer of a case is due. What each is for: see `timer_names.py`."""

from collections.abc import Iterator

from app.domain import timer_names as names
from app.domain.case import Case
from app.domain.context import Context
from app.domain.disputes.closing import close, closed
from app.domain.disputes.deadlines import NOT_OPENED, hours_left, schedule_deadline
from app.domain.disputes.following import is_unmatched
from app.domain.disputes.history import stop_waiting
from app.domain.disputes.pre_disputes import give_up_waiting
from app.domain.disputes.responding import respond_by_policy
from app.domain.records import Alerted, Flagged, Record
from app.domain.refunds.answers import schedule_pay_by
from app.domain.refunds.lifecycle import IN_FLIGHT, SETTLED
from app.domain.refunds.statutory import law_of, zone_of
from app.domain.telling import of_refund
from topics.decisions import REVIEWS


def fire(case: Case, name: str, context: Context) -> Iterator[Record]:
    """What a timer says that has just entered. Whether requests are decided by it is asked after."""
    kind, key = names.kind_and_key(name)
    match kind:
        case names.RETENTION:
            yield Flagged("expired")
        case names.REQUEST:
            yield from _review_overdue(case, key, context)
        case names.STUCK:
            yield from _stuck(case, key)
        case names.DEADLINE:
            yield from _deadline(case, key, context)
        case names.OPENING:
            yield Flagged(NOT_OPENED)
            if not is_unmatched(case, case.disputes[key]):
                yield from close(case, case.disputes[key])
        case names.EVIDENCE:
            yield from _answer_by_policy(case, key, context)
        case names.ALERT:
            yield from give_up_waiting(case, case.pre_disputes[key], context)
        case names.PAY_BY:
            yield from _pay_by_near(case, key, context)


def _review_overdue(case: Case, request_id: str, context: Context) -> Iterator[Record]:
    request = case.requests[request_id]
    if request.waiting_for not in REVIEWS:
        return
    policy = context.policies.speaking(case.merchant_id, request.asked_at)
    since = context.now - policy.waits["review"]
    subject = {"kind": "refund_request", "id": request_id}
    yield Alerted("review.overdue", (request_id, request.revision), {"subject": subject, "since": since})


def _pay_by_near(case: Case, request_id: str, context: Context) -> Iterator[Record]:
    """A statutory date comes near, and the money is not confirmed yet."""
    request = case.requests[request_id]
    law = law_of(case.order) if case.order else None
    if law is None or case.order is None or request.pay_by is None:
        return
    refunds = [refund for refund in case.refunds.values() if refund.request_id == request_id]
    if any(refund.status in IN_FLIGHT for refund in refunds) or not any(r.status in SETTLED for r in refunds):
        days_left = (request.pay_by - context.now.astimezone(zone_of(case.order, law)).date()).days
        body = {"request_id": request_id, "pay_by": request.pay_by, "days_left": days_left}
        yield Alerted("refund.pay_by_near", (request_id, days_left), body)
    yield from schedule_pay_by(case, request, context.now)


def _deadline(case: Case, dispute_id: str, context: Context) -> Iterator[Record]:
    dispute = case.disputes[dispute_id]
    if dispute.state == "expired":
        yield closed(dispute)
        yield from stop_waiting(case, dispute)
        return
    if dispute.state != "open":
        return
    left = hours_left(dispute, context.now)
    body = {"dispute_id": dispute_id, "respond_by": dispute.respond_by, "hours_left": left}
    yield Alerted("dispute.deadline_near", (dispute_id, dispute.revision, left), body)
    policy = context.policies.speaking(case.merchant_id, dispute.opened_at or context.now)
    yield from schedule_deadline(dispute, policy, context.now)


def _answer_by_policy(case: Case, dispute_id: str, context: Context) -> Iterator[Record]:
    """The customer's history has not answered in time: the policy answers with what there is."""
    dispute = case.disputes[dispute_id]
    policy = context.policies.speaking(case.merchant_id, dispute.opened_at or context.now)
    yield from respond_by_policy(case, dispute, policy, context)


def _stuck(case: Case, refund_key: str) -> Iterator[Record]:
    refund = case.refunds.get(refund_key)
    if refund is None or refund.status not in IN_FLIGHT:
        return
    yield Alerted(
        type="refund.stuck",
        fact=(refund.key,),
        body={
            "instruction_id": refund.key,
            "payment_id": refund.payment_id,
            "amount": {"amount_minor": refund.amount_minor, "currency": refund.currency},
            "since": refund.submitted_at or refund.since,
        },
    )
    first = case.refunds.get(refund.retry_of or "")
    has_the_money = first is not None and first.status in SETTLED  # a retry that is called off worries staff alone
    if not has_the_money and (told := of_refund(case, refund, "refund_delayed")):
        yield told
