"""How records change the case: facts are applied in place, and nothing is decided here."""

from collections.abc import Callable
from typing import Any

from app.domain.balances import is_foreign
from app.domain.case import Case, Refund, TimelineEntry, subject_key
from app.domain.counting import tally_of
from app.domain.disputes.lifecycle import ENDS
from app.domain.disputes.matching import GUESSED
from app.domain.fold import FOLDS
from app.domain.fold.claims import claim_the_payment, flag_dispute
from app.domain.fold.disputes import end
from app.domain.fold.due import came_due
from app.domain.fold.early_warnings import find_payments
from app.domain.fold.orders import complete_early_scopes
from app.domain.portions import use_up
from app.domain.quantities import TELLS_OF_UNITS, count_cancellations, mark_what_was_not_bought
from app.domain.records import (
    Advised,
    Alerted,
    Asked,
    Booked,
    Cancelled,
    Compared,
    Counted,
    Decided,
    Entered,
    Executed,
    Exposed,
    Flagged,
    Matched,
    Recognised,
    Record,
    Refused,
    Repeated,
    Reported,
    Requested,
    Responded,
    Scheduled,
    Shadowed,
    Strayed,
    Told,
)
from app.domain.refunds.ended import forget_ended
from app.domain.refunds.execution import ANSWERS
from app.domain.refunds.naming import refund_of, unite
from app.domain.refunds.usage import count_all_returned, settle_usage, use_up_outside
from app.domain.telling import told_key
from app.domain.timeline import add_to_timeline, subject_of
from topics.waiting import UNMATCHED


def evolve(case: Case, record: Record) -> None:
    """Applies one record to the case, in place."""
    CHANGES[type(record)](case, record)


def _enter(case: Case, record: Entered) -> None:
    event = record.event
    forget_ended(case)
    if record.order is not None:
        case.order = record.order
        case.customer_id = case.customer_token or event.customer_id
        complete_early_scopes(case)
        count_cancellations(case)
        for refund in case.refunds.values():
            if refund.outside:
                use_up_outside(case, refund)
        if record.order.total_differs:
            case.flag("total_differs")
    fold = FOLDS.get(event.type)
    if fold is not None:
        fold(case, event)
    if event.type in TELLS_OF_UNITS:
        mark_what_was_not_bought(case)
    if event.type == "payment.captured":
        find_payments(case)
    if event.type in ("payment.captured", "payment.capture_failed"):
        for dispute in case.disputes.values():
            claim_the_payment(case, dispute)
    if event.type == "timer.fired":
        case.timers.pop(event.name, None)
        add_to_timeline(case, TimelineEntry(event.due_at, event.type, event.name))
        came_due(case, event.name, event.due_at)
    else:
        _settle_requests(case, event)
        add_to_timeline(case, TimelineEntry(event.occurred_at, event.type, subject_of(event)))


def _settle_requests(case: Case, event: Any) -> None:
    """A refund that died or came alive again gives back or takes what its approval used up."""
    if event.type in ANSWERS:
        refund = refund_of(case, event)
        if refund is not None:
            _settle_request(case, refund)


def _settle_request(case: Case, refund: Refund) -> None:
    if refund.request_id is not None:
        settle_usage(case, case.requests[refund.request_id])


def _booked(case: Case, record: Booked) -> None:
    if record.kind != "fee":
        return
    match record.fact:
        case ("settled", payment_id, capture_id):
            case.payments[str(payment_id)].early_settlements.pop(str(capture_id), None)


def _scheduled(case: Case, record: Scheduled) -> None:
    if record.due is None:
        case.timers.pop(record.name, None)
    else:
        case.timers[record.name] = record.due


def _told(case: Case, record: Told) -> None:
    if record.request_id is not None:
        case.requests[record.request_id].told.append(told_key(record.template, record.fact))


def _requested(case: Case, record: Requested) -> None:
    case.requests[record.request.request_id] = record.request


def _decided(case: Case, decided: Decided) -> None:
    request = case.requests[decided.request_id]
    request.status, request.revision = decided.outcome, decided.revision
    request.amount_minor, request.refundable_minor = decided.amount_minor, decided.refundable_minor
    request.currency = decided.currency
    request.reasons = [reason.code for reason in decided.reasons]
    request.waiting_for, request.wait_until = decided.waiting_for, decided.wait_until
    request.pay_by = decided.pay_by
    at = case.timeline[-1].at if case.timeline else request.asked_at
    note = ", ".join(request.reasons)
    add_to_timeline(case, TimelineEntry(at, f"refund.{decided.outcome}", request.request_id, note))
    if decided.outcome != "approved" or decided.historical:
        return
    request.rows = list(decided.rows)
    use_up(case, decided.rows)
    request.returned_counted = count_all_returned(case, request, decided.rows)


def _executed(case: Case, record: Executed) -> None:
    case.refunds[record.instruction_id] = Refund(
        key=record.instruction_id,
        payment_id=record.payment_id,
        amount_minor=record.amount_minor,
        currency=record.currency,
        status="approved",
        instruction_id=record.instruction_id,
        request_id=record.request_id,
        kind=record.kind,
        since=record.since,
        retry_of=record.retry_of,
    )
    if record.retry_of is not None:
        case.refunds[record.retry_of].retried = True
        settle_usage(case, case.requests[record.request_id])


def _recognised(case: Case, record: Recognised) -> None:
    refund = case.refunds[record.refund_key]
    unite(case, refund, case.refunds[record.twin_key], record.event)
    _settle_request(case, refund)


def _cancelled(case: Case, record: Cancelled) -> None:
    case.refunds[record.instruction_id].cancel_asked = True


def _advised(case: Case, record: Advised) -> None:
    dispute = case.disputes[record.dispute_id]
    dispute.category, dispute.shown, dispute.about = record.category, list(record.shown), list(record.about)
    if dispute.state not in ENDS:
        dispute.respond_by, dispute.deadline_source = record.respond_by, record.deadline_source


def _matched(case: Case, record: Matched) -> None:
    dispute = case.disputes[record.dispute_id]
    dispute.payment_id, dispute.network = record.payment_id, record.network
    claim_the_payment(case, dispute)
    if record.guessed:
        flag_dispute(case, dispute, GUESSED)
    if record.lost_at is not None:
        end(dispute, "lost", record.lost_at)
    if is_foreign(case.payments[record.payment_id], dispute):
        flag_dispute(case, dispute, "currency_differs")


def _responded(case: Case, record: Responded) -> None:
    case.disputes[record.dispute_id].answer = record.action
    case.verdicts.pop(subject_key("dispute", record.dispute_id), None)


def _strayed(case: Case, record: Strayed) -> None:
    dispute = case.disputes[record.dispute_id]
    flag_dispute(case, dispute, "illegal_transition")
    note = f"{record.move} from {record.place} ({record.family})"
    add_to_timeline(case, TimelineEntry(case.timeline[-1].at, "dispute.strayed", record.dispute_id, note))


def _alerted(case: Case, record: Alerted) -> None:
    if record.type == "dispute.action_required":
        dispute = case.disputes[record.body["dispute_id"]]
        dispute.revision, dispute.recommendation = record.body["revision"], record.body["recommendation"]
    elif record.type == "pre_dispute.action_required":
        case.pre_disputes[record.body["alert_id"]].asked = True
    elif record.type == "payment.unlinked" and record.body["order_id"] is not None:
        case.payments[record.body["payment_id"]].late_order_id = record.body["order_id"]
    elif record.type == "dispute.unmatched":
        case.disputes[record.body["dispute_id"]].flags.append(UNMATCHED)
    elif record.type == "dispute.closed":
        case.disputes[record.body["dispute_id"]].closed.append(record.body["outcome"])


def _flagged(case: Case, record: Flagged) -> None:
    case.flag(record.flag)


def _exposed(case: Case, record: Exposed) -> None:
    case.payments[record.payment_id].exposed_minor = record.over_minor


def _reported(case: Case, record: Reported) -> None:
    match record.kind:
        case "order_placed":
            case.reported_customer = record.customer_id
        case "dispute_opened":
            case.disputes[record.body["dispute_id"]].reported = True
        case "refund_requested":
            case.requests[record.body["request_id"]].reported = True


def _asked(case: Case, record: Asked) -> None:
    if record.request_id is not None:
        case.requests[record.request_id].history_asked = True
    elif record.dispute_id is not None:
        dispute = case.disputes[record.dispute_id]
        dispute.question, dispute.question_answered = record.question_id, False


def _compared(case: Case, record: Compared) -> None:
    case.disputes[record.dispute_id].compelling = record.evidence


def _counted(case: Case, record: Counted) -> None:
    match record.kind:
        case "dispute":
            dispute = case.disputes[record.body["dispute_id"]]
            dispute.counted, dispute.counted_as = True, tally_of(record)
        case "resolved_before_dispute":
            dispute = case.disputes[record.body["dispute_id"]]
            dispute.counted, dispute.counted_as = False, None
        case "fraud_report":
            _, report_id = record.fact
            case.fraud_reports[str(report_id)].counted = True


def _nothing(case: Case, record: Record) -> None:
    """What is said of an event, and leaves the case as it was."""


# A table and not a match: each class that a pattern tries in vain costs 0.08 us, and a record would meet ten of them.
CHANGES: dict[type[Record], Callable[[Case, Any], None]] = {
    Entered: _enter,
    Repeated: _nothing,
    Refused: _nothing,
    Decided: _decided,
    Shadowed: _nothing,
    Requested: _requested,
    Executed: _executed,
    Recognised: _recognised,
    Cancelled: _cancelled,
    Alerted: _alerted,
    Told: _told,
    Booked: _booked,
    Scheduled: _scheduled,
    Advised: _advised,
    Matched: _matched,
    Responded: _responded,
    Flagged: _flagged,
    Strayed: _strayed,
    Exposed: _exposed,
    Reported: _reported,
    Asked: _asked,
    Compared: _compared,
    Counted: _counted,
}
"""What each record does to the case."""
