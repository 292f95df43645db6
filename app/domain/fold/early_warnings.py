"""Alerts before a chargeback and reports of fraud: how their events change the case."""

from collections.abc import Callable
from datetime import UTC
from typing import Any

from app.domain.case import Case, FraudReport, PreDispute, subject_key
from app.domain.disputes.matching import GUESSED, likely_payment, payment_id_of
from app.domain.fold.payments import payment_of
from app.domain.words import NETWORKS, known_or_flagged
from topics.disputes import DisputeAlerted, FraudReported

AMOUNT_IS_ZERO = "amount_is_zero"


def find_payments(case: Case) -> None:
    """Alerts and reports of fraud that named their order alone, and came before any payment of it was captured."""
    early: list[PreDispute | FraudReport] = [*case.pre_disputes.values(), *case.fraud_reports.values()]
    for told in early:
        if not told.payment_id:
            told.payment_id, guessed = likely_payment(case, told.amount_minor or 0)
            if guessed:
                case.flag(GUESSED)


def _payment_told(case: Case, event: DisputeAlerted | FraudReported) -> str:
    payment_id, guessed = payment_id_of(case, event)
    if guessed:
        case.flag(GUESSED)
    return payment_id


def _alerted(case: Case, event: DisputeAlerted) -> None:
    payment_id = _payment_told(case, event)
    if payment_id:
        payment_of(case, payment_id)
    said = case.verdicts.pop(subject_key("alert", event.alert_id), [])
    if not event.amount.amount_minor:
        case.flag(AMOUNT_IS_ZERO)
    case.pre_disputes[event.alert_id] = PreDispute(
        alert_id=event.alert_id,
        payment_id=payment_id,
        amount_minor=event.amount.amount_minor,
        currency=event.amount.currency,
        source=event.source,
        alerted_at=event.occurred_at.astimezone(UTC),
        already_credited=event.already_credited,
        network=known_or_flagged(case, event.network, NETWORKS, flag="network_unknown"),
        expires_at=event.expires_at.astimezone(UTC) if event.expires_at else None,
        verdict=said[-1].verdict if said else None,
    )


def _fraud(case: Case, event: FraudReported) -> None:
    payment_id = _payment_told(case, event)
    case.fraud_reports[event.report_id] = FraudReport(
        report_id=event.report_id,
        payment_id=payment_id,
        reported_at=event.occurred_at.astimezone(UTC),
        amount_minor=event.amount.amount_minor if event.amount else None,
        network=known_or_flagged(case, event.network, NETWORKS, flag="network_unknown"),
        fraud_type=event.fraud_type,
    )


FOLDS: dict[str, Callable[[Case, Any], None]] = {
    "fraud.reported": _fraud,
    "dispute.alerted": _alerted,
}
