"""What is told of a case beyond it, each once: sales, disputes and fraud reports, to the monitoring programmes of the
networks and to the customer's history.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from app.domain.balances import same_claim
from app.domain.case import Case, Dispute, Payment, PreDispute, Tally
from app.domain.context import Context
from app.domain.disputes.compelling_evidence import purchase_of, rule_of
from app.domain.disputes.lifecycle import AMOUNT_UNKNOWN
from app.domain.disputes.pre_disputes import request_id_of
from app.domain.records import Counted, Record, Reported
from app.domain.refunds.lifecycle import SETTLED

MONITORED = frozenset({"visa", "mastercard"})
RESOLVES_BEFORE = frozenset({"rdr", "cdrn"})


def count_sale(case: Case, payment: Payment, at: datetime) -> Iterator[Record]:
    """The first capture of a payment, at the time of that."""
    if payment.network in MONITORED and len(payment.takings) == 1:
        secure = (payment.authentication or {}).get("three_d_secure") == "authenticated"
        body = {"in_store": _in_store(case), "three_d_secure": secure}
        yield Counted("sale", payment.network, payment.payment_id, ("sale", payment.payment_id), at, body)


def count_dispute(case: Case, dispute: Dispute, context: Context) -> Iterator[Record]:
    """A chargeback, once its claim and payment are known; not one whose claim was resolved before it came.

    At its opening as the provider tells it, and never later than it was heard: a month to come has no chargebacks yet.
    """
    if dispute.counted or not is_chargeback(dispute) or dispute.network not in MONITORED or not dispute.payment_id:
        return
    if not any(_is_resolved_by(case, dispute, alert) for alert in case.pre_disputes.values()):
        yield _counted(dispute, "dispute", _tally(case, dispute, context))


def count_resolved(case: Case, alert: PreDispute, context: Context) -> Iterator[Record]:
    """What was counted is taken back, as it was counted, when it is told only now that the network had paid the claim
    before.
    """
    for dispute in list(case.disputes.values()):
        if dispute.counted and _is_resolved_by(case, dispute, alert):
            tally = dispute.counted_as or _tally(case, dispute, context)  # rows of before say only that it was counted
            yield _counted(dispute, "resolved_before_dispute", tally)


def _tally(case: Case, dispute: Dispute, context: Context) -> Tally:
    assert dispute.network is not None
    assert dispute.opened_at is not None
    return Tally(
        network=dispute.network,
        at=min(dispute.opened_at, context.clock),
        amount_minor=dispute.amount_minor,
        currency=dispute.currency,
        category=dispute.category,
        reason_code=dispute.reason_code,
        in_store=_in_store(case),
    )


def _counted(dispute: Dispute, kind: str, tally: Tally) -> Counted:
    body: dict[str, Any] = {
        "dispute_id": dispute.dispute_id,
        "amount": {"amount_minor": tally.amount_minor, "currency": tally.currency},
        "category": tally.category,
        "reason_code": tally.reason_code,
        "in_store": tally.in_store,
    }
    return Counted(kind, tally.network, dispute.payment_id, (kind, dispute.dispute_id), tally.at, body)


def tally_of(counted: Counted) -> Tally:
    """What a dispute was counted as, by the record that says so."""
    body, amount = counted.body, counted.body["amount"]
    told = (body["category"], body["reason_code"], body["in_store"])
    return Tally(counted.network, counted.at, amount["amount_minor"], amount["currency"], *told)


def is_chargeback(dispute: Dispute) -> bool:
    """Whether it has begun to be one, and how much is claimed is known: an escalation may come before its opening."""
    return dispute.opened and bool(dispute.currency) and AMOUNT_UNKNOWN not in dispute.flags


def _is_resolved_by(case: Case, dispute: Dispute, alert: PreDispute) -> bool:
    """The same claim was paid through an alert of these vendors: by the network, or by our refund."""
    if alert.source not in RESOLVES_BEFORE or alert.payment_id != dispute.payment_id:
        return False
    refunds = [refund for refund in case.refunds.values() if refund.request_id == request_id_of(alert)]
    paid = alert.already_credited or any(refund.status in SETTLED for refund in refunds)
    return paid and same_claim(alert, dispute.amount_minor, dispute.opened_at)


def report_payment(case: Case, payment: Payment) -> Iterator[Record]:
    """The customer's history learns of a payment that may be evidence for a later one."""
    purchase = purchase_of(payment)
    if case.customer_id is None or case.customer_token is not None or purchase is None:
        return
    body = {
        "order_id": case.order_id,
        "payment_id": payment.payment_id,
        "event_id": purchase.event_id or None,
        "amount": {"amount_minor": payment.captured_minor, "currency": payment.currency},
        "method": {
            "kind": payment.kind,
            "network": purchase.network,
            "last4": purchase.last4,
            "fingerprint": purchase.fingerprint,
        },
        "shopper": purchase.traits,
    }
    fact = ("payment_captured", case.case_id, payment.payment_id)
    yield Reported(case.customer_id, "payment_captured", fact, purchase.captured_at, body)


def report_failed_capture(case: Case, payment: Payment, context: Context) -> Iterator[Record]:
    """The customer's history learns that nothing of a payment was captured in the end."""
    if case.customer_id is not None and rule_of(payment.network) is not None and not payment.captured_minor:
        fact = ("payment_capture_failed", case.case_id, payment.payment_id)
        body = {"order_id": case.order_id, "payment_id": payment.payment_id}
        yield Reported(case.customer_id, "payment_capture_failed", fact, context.now, body)


def report_case(case: Case, context: Context) -> Iterator[Record]:
    """A customer whose case this turns out to be: their history learns of all that it was too early for."""
    for payment in case.payments.values():
        yield from report_payment(case, payment)
    for dispute in case.disputes.values():
        yield from report_dispute(case, dispute, context)
    for report_id in case.fraud_reports:
        yield from report_fraud(case, report_id)


def report_dispute(case: Case, dispute: Dispute, context: Context) -> Iterator[Record]:
    """The customer's history learns of a chargeback."""
    if case.customer_id is not None and is_chargeback(dispute):
        fact = ("dispute_opened", case.case_id, dispute.dispute_id)
        body = {
            "order_id": case.order_id,
            "dispute_id": dispute.dispute_id,
            "payment_id": dispute.payment_id or None,
            "amount": {"amount_minor": dispute.amount_minor, "currency": dispute.currency},
        }
        yield Reported(case.customer_id, "dispute_opened", fact, dispute.opened_at or context.now, body)


def report_fraud(case: Case, report_id: str) -> Iterator[Record]:
    """The customer's history learns of a report of fraud."""
    if case.customer_id is not None:
        report = case.fraud_reports[report_id]
        fact = ("fraud_reported", case.case_id, report_id)
        body = {"order_id": case.order_id, "report_id": report_id, "payment_id": report.payment_id or None}
        yield Reported(case.customer_id, "fraud_reported", fact, report.reported_at, body)


def count_fraud_report(case: Case, report_id: str) -> Iterator[Record]:
    """A report of fraud by the cardholder's bank, once its payment and network are known."""
    report = case.fraud_reports[report_id]
    payment = case.payments.get(report.payment_id)
    network = report.network or (payment.network if payment else None)
    if network in MONITORED and report.payment_id and not report.counted:
        fact, body = ("fraud", report_id), {"in_store": _in_store(case)}
        yield Counted("fraud_report", network, report.payment_id, fact, report.reported_at, body)


def _in_store(case: Case) -> bool:
    return case.order is not None and case.order.channel == "store"
