"""What follows from an event of a dispute: ledger, alerts with deadlines, and the calling off of refunds in flight."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from app.domain.balances import ENDED_FOR_US, REINSTATEMENT_AWAITED, claim_of, refundable
from app.domain.case import Case, Dispute
from app.domain.context import Context
from app.domain.counting import count_dispute, count_fraud_report, count_resolved, report_dispute, report_fraud
from app.domain.disputes.closing import close
from app.domain.disputes.compelling_evidence import said_of
from app.domain.disputes.deadlines import await_opening, deadline_of, schedule_deadline
from app.domain.disputes.evidence import Item, gather
from app.domain.disputes.history import ask, stop_waiting
from app.domain.disputes.lifecycle import ENDS, times_reopened
from app.domain.disputes.matching import likely_payment
from app.domain.disputes.pre_disputes import answer_early_alerts, follow_alert
from app.domain.disputes.reasons import category_of
from app.domain.disputes.recommendation import can_be_contested, recommend
from app.domain.disputes.responding import answer_early_verdicts, respond_by_policy
from app.domain.policy import Policy
from app.domain.records import Advised, Alerted, Booked, Flagged, Matched, Record, Scheduled
from app.domain.refunds.execution import call_off
from app.domain.timer_names import deadline_timer, reinstatement_timer
from topics.waiting import UNMATCHED

BEGINS = frozenset({"dispute.opened", "dispute.escalated"})
TAKES_MONEY = frozenset({"dispute.escalated", "dispute.funds_withdrawn"})
ASKS_FOR_AN_ANSWER = BEGINS | {"dispute.inquired"}
MOVES_FUNDS = {
    "dispute.funds_withdrawn": ("dispute_withdrawn", -1),
    "dispute.funds_reinstated": ("dispute_reinstated", 1),
}


def follow(case: Case, event: Any, context: Context) -> Iterator[Record]:
    """Follows up one event of `disputes` that entered."""
    if event.type == "dispute.alerted":
        alert = case.pre_disputes[event.alert_id]
        yield from follow_alert(case, alert, context)
        yield from count_resolved(case, alert, context)
        return
    if event.type == "fraud.reported":
        yield from count_fraud_report(case, event.report_id)
        yield from report_fraud(case, event.report_id)
        return
    dispute = case.disputes[event.dispute_id]
    yield from _booked(dispute, event)
    yield from await_opening(case, dispute, context.clock)
    if _begins(event, dispute) or event.type in MOVES_FUNDS:  # which may be the first to tell what is claimed
        yield from count_dispute(case, dispute, context)
        if not dispute.reported:
            yield from report_dispute(case, dispute, context)
    if _pays_instead_of_us(case, dispute, event):
        yield from call_off(case, dispute.payment_id, "dispute_open")
    if is_unmatched(case, dispute):
        if UNMATCHED not in dispute.flags:
            yield _unmatched(dispute)
        return
    if UNMATCHED in dispute.flags and not dispute.revision:  # its payment is named at last
        yield from _learn(case, dispute, context)
        return
    if event.type == "dispute.opened" and dispute.state == "lost" and _is_debit(case, dispute):
        yield from ask_for_an_answer(case, dispute, context)  # a debit that came back: said before it is closed
    yield from _ended(case, dispute)


def _begins(event: Any, dispute: Dispute) -> bool:
    """A dispute may begin with an escalation, before anything tells what is claimed: the first that does counts."""
    return event.type in BEGINS or (dispute.opened and not dispute.revision)


def _is_debit(case: Case, dispute: Dispute) -> bool:
    payment = case.payments.get(dispute.payment_id)
    return payment is not None and payment.kind == "bank_debit"


def _pays_instead_of_us(case: Case, dispute: Dispute, event: Any) -> bool:
    """Whether what happened leaves our refunds in flight without their money: an opening, unless the dispute has ended
    for us by now; an inquiry that became a chargeback, and a debit, where they took what the refunds need.
    """
    payment = case.payments.get(dispute.payment_id)
    if payment is None or not claim_of(payment, dispute):
        return False
    return event.type == "dispute.opened" or (event.type in TAKES_MONEY and refundable(case, payment) < 0)


def _ended(case: Case, dispute: Dispute) -> Iterator[Record]:
    if dispute.state != "open":
        yield from _await_nothing(case, dispute)
    if dispute.state not in ENDS or not dispute.currency:
        return
    yield from close(case, dispute)
    payment = case.payments.get(dispute.payment_id)
    if dispute.state in ENDED_FOR_US and payment is not None and claim_of(payment, dispute) and dispute.ended_at:
        # Requests wait for the reinstatement so long, then for what is left.
        yield Scheduled(reinstatement_timer(dispute.dispute_id), dispute.ended_at + REINSTATEMENT_AWAITED)


def after_capture(case: Case, payment_id: str, context: Context) -> Iterator[Record]:
    """What came before its payment learns of it: disputes say again what has changed by that, alerts are answered."""
    for dispute in list(case.disputes.values()):
        if dispute.payment_id in ("", payment_id):
            yield from _learn(case, dispute, context)
    for report_id in list(case.fraud_reports):
        yield from count_fraud_report(case, report_id)
    yield from answer_early_alerts(case, context)


def _learn(case: Case, dispute: Dispute, context: Context) -> Iterator[Record]:
    found, guessed = dispute.payment_id, False
    if not found:
        found, guessed = likely_payment(case, dispute.amount_minor)
    if not found:
        return
    payment = case.payments[found]
    network = dispute.network or payment.network
    lost = payment.kind == "bank_debit" and dispute.opened and dispute.state == "open"
    learns = lost or (dispute.payment_id, dispute.network) != (found, network)
    if learns:
        yield Matched(dispute.dispute_id, found, network, guessed, context.now if lost else None)
    elif dispute.revision:
        return
    yield from count_dispute(case, dispute, context)
    if dispute.stage_at is not None and dispute.currency and (dispute.state == "open" or lost):
        yield from ask_for_an_answer(case, dispute, context)
    yield from _ended(case, dispute)


def is_unmatched(case: Case, dispute: Dispute) -> bool:
    """A dispute whose payment is not known: none is named, or in a case of its own nobody captured it yet."""
    payment = case.payments.get(dispute.payment_id)
    unpaid = payment is None or not payment.captures
    return not dispute.payment_id or (case.order_id is None and unpaid)


class _Told(NamedTuple):
    """What an alert says of a dispute, worked out by the policy that speaks for it."""

    policy: Policy
    category: str
    respond_by: datetime
    deadline_source: str
    have: list[Item]
    missing: list[str]
    shown: list[str]
    about: list[str]
    recommendation: dict[str, Any]


def _told(case: Case, dispute: Dispute, context: Context) -> _Told:
    policy = context.policies.speaking(case.merchant_id, dispute.opened_at or context.now)
    category = dispute.category or category_of(dispute.network, dispute.reason_code)[0]
    respond_by, source = deadline_of(dispute, policy)
    have, missing = gather(case, dispute, category)
    shown, about = shown_by(dispute, have, missing), _about(dispute, category, respond_by, source)
    advice = recommend(case, dispute, policy, category, has_evidence=bool(have))
    return _Told(policy, category, respond_by, source, have, missing, shown, about, advice)


def ask_for_an_answer(case: Case, dispute: Dispute, context: Context, told: _Told | None = None) -> Iterator[Record]:
    """`dispute.action_required` as the next revision, with category, deadline and advice. `told`: what it says, where
    that is worked out already.
    """
    told = told or _told(case, dispute, context)
    if not dispute.category and not category_of(dispute.network, dispute.reason_code)[1]:
        yield Flagged("reason_code_unknown")
    yield Advised(
        dispute_id=dispute.dispute_id,
        category=told.category,
        respond_by=told.respond_by,
        deadline_source=told.deadline_source,
        shown=tuple(told.shown),
        about=tuple(told.about),
    )
    yield Alerted(
        type="dispute.action_required",
        fact=(dispute.dispute_id, dispute.revision + 1),
        body={
            "dispute_id": dispute.dispute_id,
            "revision": dispute.revision + 1,
            "payment_id": dispute.payment_id,
            "amount": {"amount_minor": dispute.amount_minor, "currency": dispute.currency},
            "network": dispute.network or "other",
            "reason_code": dispute.reason_code,
            "category": told.category,
            "stage": dispute.stage,
            "respond_by": told.respond_by,
            "deadline_source": told.deadline_source,
            "recommendation": told.recommendation,
            "evidence": {"have": [msgspec.structs.asdict(item) for item in told.have], "missing": told.missing},
            "compelling_evidence": said_of(dispute.compelling),
            "flags": list(dispute.flags),
        },
    )
    if can_be_contested(case, dispute):
        yield from _await_answer(dispute, told.policy, context)
        yield from answer_early_verdicts(case, dispute, context)
        yield from ask(case, dispute, told.policy, context)
        yield from respond_by_policy(case, dispute, told.policy, context)
    else:
        yield from _await_nothing(case, dispute)


def _await_nothing(case: Case, dispute: Dispute) -> Iterator[Record]:
    """No answer is due any more: not the deadline of the stage before, nor what an answer by policy waited for."""
    name = deadline_timer(dispute.dispute_id)
    if name in case.timers:
        yield Scheduled(name, None)
    yield from stop_waiting(case, dispute)


def _await_answer(dispute: Dispute, policy: Policy, context: Context) -> Iterator[Scheduled]:
    """The reminders and the deadline; the deadline alone where we have given in, and nothing is left to do."""
    if dispute.answer == "accept":
        yield Scheduled(deadline_timer(dispute.dispute_id), dispute.respond_by)
    else:
        yield from schedule_deadline(dispute, policy, context.clock)


def tell_disputes(case: Case, event: Any, context: Context) -> Iterator[Record]:
    """What an event asks to be answered is told when all else has followed from it. What came meanwhile may be
    evidence, or change the advice: then an open dispute is told anew.
    """
    for dispute in list(case.disputes.values()):
        if dispute.state != "open":
            continue
        asks = _asks(event, dispute) and not is_unmatched(case, dispute)
        waits = dispute.revision and dispute.answer is None
        if not asks and not waits:
            continue
        told = _told(case, dispute, context)
        if asks and told.about != dispute.about:
            yield from ask_for_an_answer(case, dispute, context, told)
        elif waits:
            if told.shown != dispute.shown or told.recommendation != dispute.recommendation:
                yield from ask_for_an_answer(case, dispute, context, told)
            elif can_be_contested(case, dispute):
                yield from ask(case, dispute, told.policy, context)
                yield from respond_by_policy(case, dispute, told.policy, context)


def _asks(event: Any, dispute: Dispute) -> bool:
    if not event.type.startswith("dispute.") or getattr(event, "dispute_id", None) != dispute.dispute_id:
        return False
    asks = event.type in ASKS_FOR_AN_ANSWER or _begins(event, dispute)
    return asks and bool(dispute.currency)


def shown_by(dispute: Dispute, have: Sequence[Item], missing: Sequence[str]) -> list[str]:
    """What an alert showed, to tell whether the next would show anything else."""
    compared = [f"compelling_evidence={dispute.compelling.status}"] if dispute.compelling is not None else []
    return [*(f"{item.item}:{item.event_id}" for item in have), *(f"-{name}" for name in missing), *compared]


def _about(dispute: Dispute, category: str, respond_by: datetime, source: str) -> list[str]:
    """What an alert asks about, beside what it shows: the claim, its place and its deadline."""
    place = (dispute.stage, str(times_reopened(dispute)), source, respond_by.isoformat())
    claim = (str(dispute.amount_minor), dispute.currency, dispute.network or "", dispute.reason_code or "", category)
    return [*place, *claim]


def _booked(dispute: Dispute, event: Any) -> Iterator[Record]:
    if event.type in MOVES_FUNDS:
        kind, sign = MOVES_FUNDS[event.type]
        yield Booked(
            kind=kind,
            fact=(dispute.dispute_id, event.movement_id or event.event_id),
            payment_id=dispute.payment_id or None,
            amount_minor=sign * event.amount.amount_minor,
            currency=event.amount.currency,
        )
    fee = getattr(event, "fee", None)
    told_before = event.type == "dispute.opened" and dispute.charged.get(event.stage) != event.event_id
    if fee is not None and not told_before:
        yield Booked(
            kind="fee",
            fact=(dispute.dispute_id, event.event_id),
            payment_id=dispute.payment_id or None,
            amount_minor=-fee.amount_minor,
            currency=fee.currency,
        )


def _unmatched(dispute: Dispute) -> Alerted:
    return Alerted(
        type="dispute.unmatched",
        fact=(dispute.dispute_id,),
        body={
            "dispute_id": dispute.dispute_id,
            "payment_id": dispute.payment_id or None,
            "respond_by": dispute.respond_by,
        },
    )
