"""How records change the case: facts are applied in place, and nothing is decided here."""

from datetime import datetime
from typing import Any

from app.domain.balances import is_foreign
from app.domain.case import TIMELINE_LIMIT, Case, Refund, TimelineEntry
from app.domain.counting import tally_of
from app.domain.disputes.deadlines import NOT_OPENED
from app.domain.disputes.following import UNMATCHED
from app.domain.disputes.lifecycle import ENDS
from app.domain.fold import FOLDS
from app.domain.fold.disputes import claim_the_payment, end, flag_dispute
from app.domain.fold.early_warnings import find_payments
from app.domain.fold.orders import complete_early_scopes
from app.domain.portions import use_up
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
from app.domain.timers import RETENTION, retire


def evolve(case: Case, record: Record) -> None:
    """Applies one record to the case, in place."""
    match record:  # the frequent ones first
        case Entered():
            _enter(case, record)
        case Booked(kind="fee", fact=("settled", payment_id, capture_id)):
            case.payments[str(payment_id)].early_settlements.pop(str(capture_id), None)
        case Booked():
            pass
        case Scheduled(name, due):
            if due is None:
                case.timers.pop(name, None)
            else:
                case.timers[name] = due
        case Told():
            if record.request_id is not None:
                case.requests[record.request_id].told.append(told_key(record.template, record.fact))
        case Decided():
            _decided(case, record)
        case Requested(request):
            case.requests[request.request_id] = request
        case Executed():
            _executed(case, record)
        case Recognised(refund_key, twin_key):
            unite(case, case.refunds[refund_key], case.refunds[twin_key], record.event)
            _settle_request(case, case.refunds[refund_key])
        case Cancelled():
            case.refunds[record.instruction_id].cancel_asked = True
        case Advised():
            dispute = case.disputes[record.dispute_id]
            dispute.category, dispute.shown, dispute.about = record.category, list(record.shown), list(record.about)
            if dispute.state not in ENDS:
                dispute.respond_by, dispute.deadline_source = record.respond_by, record.deadline_source
        case Matched():
            _matched(case, record)
        case Responded(dispute_id=dispute_id, action=action):
            case.disputes[dispute_id].answer = action
            case.verdicts.pop(f"dispute:{dispute_id}", None)
        case Alerted():
            _alerted(case, record)
        case Flagged(flag):
            case.flag(flag)
        case Strayed():
            _strayed(case, record)
        case Exposed(payment_id, over_minor):
            case.payments[payment_id].exposed_minor = over_minor
        case Reported(kind="order_placed", customer_id=customer_id):
            case.reported_customer = customer_id
        case Reported(kind="dispute_opened", body=body):
            case.disputes[body["dispute_id"]].reported = True
        case Reported(kind="refund_requested", body=body):
            case.requests[body["request_id"]].reported = True
        case Asked(request_id=str(request_id)):
            case.requests[request_id].history_asked = True
        case Asked(dispute_id=str(dispute_id), question_id=question_id):
            case.disputes[dispute_id].question, case.disputes[dispute_id].question_answered = question_id, False
        case Compared(dispute_id=dispute_id, evidence=evidence):
            case.disputes[dispute_id].compelling = evidence
        case Counted(kind="dispute", body=body):
            dispute = case.disputes[body["dispute_id"]]
            dispute.counted, dispute.counted_as = True, tally_of(record)
        case Counted(kind="resolved_before_dispute", body=body):
            dispute = case.disputes[body["dispute_id"]]
            dispute.counted, dispute.counted_as = False, None
        case Counted(kind="fraud_report", fact=(_, report_id)):
            case.fraud_reports[str(report_id)].counted = True
        case Counted() | Reported() | Asked() | Refused() | Repeated() | Shadowed():
            pass


def _enter(case: Case, record: Entered) -> None:
    event = record.event
    forget_ended(case)
    if record.order is not None:
        case.order = record.order
        case.customer_id = case.customer_token or event.customer_id
        complete_early_scopes(case)
        for refund in case.refunds.values():
            if refund.outside:
                use_up_outside(case, refund)
        if record.order.total_differs:
            case.flag("total_differs")
    fold = FOLDS.get(event.type)
    if fold is not None:
        fold(case, event)
    if event.type == "payment.captured":
        find_payments(case)
    if event.type in ("payment.captured", "payment.capture_failed"):
        for dispute in case.disputes.values():
            claim_the_payment(case, dispute)
    if event.type == "timer.fired":
        case.timers.pop(event.name, None)
        _note(case, TimelineEntry(event.due_at, event.type, event.name))
        _timer_entered(case, event.name, event.due_at)
    else:
        _settle_requests(case, event)
        _note(case, TimelineEntry(event.occurred_at, event.type, subject_of(event)))


def _note(case: Case, entry: TimelineEntry) -> None:
    case.timeline.append(entry)
    del case.timeline[:-TIMELINE_LIMIT]


def _timer_entered(case: Case, name: str, due_at: datetime) -> None:
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


def _settle_requests(case: Case, event: Any) -> None:
    """A refund that died or came alive again gives back or takes what its approval used up."""
    if event.type in ANSWERS:
        refund = refund_of(case, event)
        if refund is not None:
            _settle_request(case, refund)


def _settle_request(case: Case, refund: Refund) -> None:
    if refund.request_id is not None:
        settle_usage(case, case.requests[refund.request_id])


SUBJECTS = (
    "request_id",
    "dispute_id",
    "refund_id",
    "instruction_id",
    "capture_id",
    "payment_id",
    "alert_id",
    "report_id",
    "review_id",
    "return_id",
    "shipment_id",
    "line_id",
)


def subject_of(event: Any) -> str | None:
    """Which id an event is about, for the timeline."""
    names = _SUBJECTS_BY_TYPE.get(event.type)
    if names is None:
        names = _SUBJECTS_BY_TYPE[event.type] = tuple(name for name in SUBJECTS if hasattr(event, name))
    for name in names:
        value: str | None = getattr(event, name)
        if value:
            return value
    return None


_SUBJECTS_BY_TYPE: dict[str, tuple[str, ...]] = {}


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
    _note(case, TimelineEntry(at, f"refund.{decided.outcome}", request.request_id, note))
    if decided.outcome != "approved" or decided.historical:
        return
    request.rows = list(decided.rows)
    use_up(case, decided.rows)
    request.returned_counted = count_all_returned(case, decided.rows)


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


def _matched(case: Case, record: Matched) -> None:
    dispute = case.disputes[record.dispute_id]
    dispute.payment_id, dispute.network = record.payment_id, record.network
    claim_the_payment(case, dispute)
    if record.guessed:
        flag_dispute(case, dispute, "payment_guessed")
    if record.lost_at is not None:
        end(dispute, "lost", record.lost_at)
    if is_foreign(case.payments[record.payment_id], dispute):
        flag_dispute(case, dispute, "currency_differs")


def _strayed(case: Case, record: Strayed) -> None:
    dispute = case.disputes[record.dispute_id]
    flag_dispute(case, dispute, "illegal_transition")
    note = f"{record.move} from {record.place} ({record.family})"
    _note(case, TimelineEntry(case.timeline[-1].at, "dispute.strayed", record.dispute_id, note))


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
