"""Disputes: how their events change the case.

An event may come before the one that opens its dispute: what it says is kept, and the opening does not undo what ended
later. One that comes late, when the dispute has ended or gone on by what happened after it, moves the dispute no more.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from app.domain.case import Case, Dispute, Fee
from app.domain.disputes import lifecycle
from app.domain.disputes.matching import GUESSED, names_the_payment, payment_id_of
from app.domain.disputes.repeating import came_back, costs, moves_nothing
from app.domain.fold.claims import amount_told, claim, claim_the_payment, fill_in, flag_dispute
from app.domain.fold.payments import payment_of
from topics.disputes import (
    DisputeEscalated,
    DisputeEvent,
    DisputeInquired,
    DisputeOpened,
    DisputeWon,
    EvidenceSubmitted,
    FundsReinstated,
    FundsWithdrawn,
)


def dispute_of(case: Case, event: Any) -> Dispute:
    """The dispute that an event is about, made where it is new; its payment is found where none is named, or is what
    a later event is the first to name.
    """
    dispute = case.disputes.get(event.dispute_id)
    if dispute is None:
        payment_id, guessed = payment_id_of(case, event)
        dispute = case.disputes[event.dispute_id] = Dispute(dispute_id=event.dispute_id, payment_id=payment_id)
        dispute.known_at = _moment(event)
        if payment_id:
            dispute.network = payment_of(case, payment_id).network
        if guessed:
            flag_dispute(case, dispute, GUESSED)
    elif names_the_payment(dispute, event):
        _named(case, dispute, event.payment_id)
    lifecycle.bring_up_to_date(case, dispute)
    return dispute


def _named(case: Case, dispute: Dispute, payment_id: str) -> None:
    """It is known now what it is about. What was said of a wrong guess is said of another payment, and is no answer."""
    payment = payment_of(case, payment_id)
    if GUESSED in dispute.flags:
        dispute.flags.remove(GUESSED)
        if dispute.payment_id != payment_id:
            dispute.network = payment.network or dispute.network
            dispute.shown, dispute.about, dispute.compelling = [], [], None
    dispute.payment_id = payment_id
    dispute.network = dispute.network or payment.network


def _moment(event: DisputeEvent) -> datetime:
    return event.occurred_at.astimezone(UTC)


def end(dispute: Dispute, state: str, at: datetime, *, told: bool = False) -> None:
    """The dispute has ended: nothing is left to answer. `told`: the provider says so, and we do not only presume it."""
    dispute.state, dispute.ended_at, dispute.expiry_told = state, at, told
    dispute.respond_by = dispute.deadline_source = None


def _reopen(dispute: Dispute) -> None:
    dispute.state, dispute.ended_at, dispute.answer = "open", None, None
    dispute.closed.append(lifecycle.REOPENED)


def _told_deadline(
    case: Case, dispute: Dispute, event: DisputeInquired | DisputeOpened | DisputeEscalated, *, anew: bool
) -> None:
    """The provider's deadline where one is told; what begins anew has none of before."""
    told = event.respond_by
    if told is not None:
        if told < event.occurred_at:
            flag_dispute(case, dispute, "deadline_in_past")
        dispute.respond_by, dispute.deadline_source = told.astimezone(UTC), "provider"
    elif anew:
        dispute.respond_by = dispute.deadline_source = None


def _inquired(case: Case, event: DisputeInquired) -> None:
    dispute = dispute_of(case, event)
    if not dispute.opened:
        if lifecycle.is_extended(dispute, event):
            _reopen(dispute)
        claim(case, dispute, event)
        _told_deadline(case, dispute, event, anew=dispute.stage_at is None)
        dispute.opened_at = dispute.stage_at = dispute.heard_from = dispute.opened_at or _moment(event)


def _opened(case: Case, event: DisputeOpened) -> None:
    dispute = dispute_of(case, event)
    if moves_nothing(dispute, event):
        _opening_fee(dispute, event)
        return
    outdated = lifecycle.is_outdated(dispute, event)
    if outdated:
        fill_in(case, dispute, event)
    else:
        claim(case, dispute, event)
        dispute.claimed_at = lifecycle.opening_moment(event)
    if lifecycle.is_opened_in_future(event):
        flag_dispute(case, dispute, "opened_in_future")
    another = came_back(dispute, event)
    if not another and lifecycle.is_extended(dispute, event):
        _reopen(dispute)
    opened_at, heard_from = _beginning(dispute, event)
    ended_later = dispute.ended_at is not None and dispute.ended_at > opened_at
    reopened = another or (lifecycle.has_ended(dispute) and not ended_later)
    beyond = dispute.stage_at is not None and lifecycle.is_beyond(dispute.stage, event.stage)
    moves = not beyond or reopened
    comes_back = moves and dispute.state != "open" and not ended_later and not _answered_after(dispute, opened_at)
    if moves:
        new_stage = dispute.stage != event.stage or not dispute.opened or reopened
        _told_deadline(case, dispute, event, anew=new_stage or comes_back)
        dispute.stage, dispute.stage_at = lifecycle.further(dispute.stage, event.stage), opened_at
        dispute.heard_from = heard_from
        if new_stage:
            dispute.answer = None
        if not outdated:
            dispute.defendable, dispute.auto_defended = event.defendable, event.auto_defended
    dispute.opened_at = opened_at
    if comes_back:
        _reopen(dispute)
    dispute.opened = True
    payment = case.payments.get(dispute.payment_id)
    if payment is not None and payment.kind == "bank_debit" and not ended_later:
        end(dispute, "lost", _moment(event))
    if dispute.state in lifecycle.ENDS:
        dispute.respond_by = dispute.deadline_source = None
    if reopened:
        dispute.charged = {}
    _opening_fee(dispute, event)


def _opening_fee(dispute: Dispute, event: DisputeOpened) -> None:
    if costs(dispute, event):
        dispute.charged[event.stage] = event.event_id
        _fee(dispute, event)


def _beginning(dispute: Dispute, event: DisputeOpened) -> tuple[datetime, datetime]:
    """When the stage of an opening began, and from when on what happens is about it."""
    opened_at = lifecycle.opening_moment(event)
    heard_from = min(opened_at, _moment(event))
    if lifecycle.is_told_again(dispute, event):
        opened_at = min(opened_at, dispute.stage_at or opened_at)
        heard_from = min(heard_from, opened_at, dispute.heard_from or opened_at)
    return opened_at, heard_from


def _fee(dispute: Dispute, event: Any) -> None:
    if event.fee is not None:
        dispute.fees.append(Fee(event.fee.amount_minor, event.fee.currency))


def _moved(case: Case, event: FundsWithdrawn | FundsReinstated) -> None:
    dispute = dispute_of(case, event)
    taken = event.type == "dispute.funds_withdrawn"
    if not dispute.currency or (taken and lifecycle.AMOUNT_UNKNOWN in dispute.flags):
        amount_told(dispute, event)
        if not taken:  # what comes back may be a part: that a dispute claims no more is not said by it
            dispute.flags.append(lifecycle.AMOUNT_UNKNOWN)
    dispute.movements[lifecycle.movement_key(dispute, event)] = event.amount.amount_minor
    if taken:
        dispute.withdrawn_minor += event.amount.amount_minor
    else:
        dispute.reinstated_minor += event.amount.amount_minor
    _fee(dispute, event)


def _evidence(case: Case, event: EvidenceSubmitted) -> None:
    dispute, at = dispute_of(case, event), _moment(event)
    if _went_on_after(dispute, at):
        return
    if lifecycle.is_presumed(dispute):  # given in time and told late, or taken after our deadline: it had not expired
        _reopen(dispute)
    if dispute.state == "open":
        dispute.state, dispute.submitted_at = "evidence_submitted", at


def _escalated(case: Case, event: DisputeEscalated) -> None:
    dispute, at = dispute_of(case, event), _moment(event)
    if not lifecycle.is_beyond(event.stage, dispute.stage):
        if lifecycle.is_extended(dispute, event):
            _reopen(dispute)
        _told_deadline(case, dispute, event, anew=False)
        return
    dispute.stage, dispute.stage_at, dispute.heard_from = event.stage, at, at
    dispute.defendable, dispute.auto_defended = True, False  # that was said of the stage before
    if not dispute.opened:
        dispute.opened, dispute.opened_at = True, at
        claim_the_payment(case, dispute)
    if _ended_after(dispute, at):
        return
    _told_deadline(case, dispute, event, anew=True)
    if not _answered_after(dispute, at):
        if dispute.state in lifecycle.ENDS:
            dispute.closed.append(lifecycle.REOPENED)
        dispute.state, dispute.ended_at, dispute.answer = "open", None, None


def _won(case: Case, event: DisputeWon) -> None:
    dispute = dispute_of(case, event)
    if _is_overtaken(dispute, "won", _moment(event)):
        return
    _ended(case, event)
    if event.amount is not None and dispute.currency in ("", event.amount.currency):
        dispute.won_minor = event.amount.amount_minor
    elif event.amount is not None:
        flag_dispute(case, dispute, "currency_differs")


def _ended(case: Case, event: Any) -> None:
    dispute, at, outcome = dispute_of(case, event), _moment(event), event.type.removeprefix("dispute.")
    if not _is_overtaken(dispute, outcome, at):
        dispute.won_minor = None  # what was won in part before is no part of this end
        end(dispute, outcome, at, told=True)


def _is_overtaken(dispute: Dispute, outcome: str, at: datetime) -> bool:
    """Whether an end of this time is history: another one came after it, or the dispute went on. Of two of one time the
    one that is worse for us stands.
    """
    known = dispute.state if dispute.ended_at == at and not lifecycle.is_presumed(dispute) else outcome
    worse = lifecycle.BY_CAUTION.index(known) > lifecycle.BY_CAUTION.index(outcome)
    return worse or _ended_after(dispute, at) or _went_on_after(dispute, at)


def _ended_after(dispute: Dispute, at: datetime) -> bool:
    """Whether an end of a later time was told already. That a dispute expired we may presume ourselves: no such end."""
    return lifecycle.has_ended(dispute) and dispute.ended_at is not None and dispute.ended_at > at


def _answered_after(dispute: Dispute, at: datetime) -> bool:
    """Whether it stands answered by evidence that was given after this time."""
    return dispute.state == "evidence_submitted" and dispute.submitted_at is not None and dispute.submitted_at > at


def _went_on_after(dispute: Dispute, at: datetime) -> bool:
    """Whether the dispute came to where it is after this time."""
    since = dispute.heard_from or dispute.stage_at
    return since is not None and at < since


FOLDS: dict[str, Callable[[Case, Any], None]] = {
    "dispute.inquired": _inquired,
    "dispute.opened": _opened,
    "dispute.funds_withdrawn": _moved,
    "dispute.funds_reinstated": _moved,
    "dispute.evidence_submitted": _evidence,
    "dispute.escalated": _escalated,
    "dispute.won": _won,
    "dispute.lost": _ended,
    "dispute.accepted": _ended,
    "dispute.expired": _ended,
    "dispute.withdrawn": _ended,
}
