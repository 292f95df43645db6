"""From records to what consumers read: topic, key and body, with ids derived from the facts.

The same record of the same case always gives the same bytes; no body holds a wall clock. Fields that do not apply are
written as null, so that every consumer sees the same fields.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from app.domain.case import Case, Cause, Row
from app.domain.context import Context
from app.domain.ids import derive
from app.domain.money import money_of
from app.domain.records import Alerted, Booked, Cancelled, Decided, Executed, Record, Responded, Told
from topics.catalogue import ALERTS, DECISIONS, DISPUTE_INSTRUCTIONS, LEDGER, NOTIFICATIONS, REFUND_INSTRUCTIONS


class Outbound(msgspec.Struct, frozen=True, gc=False):
    """One thing to publish. The body is plain data, in the contract's order of fields."""

    topic: str
    key: str
    body: dict[str, Any]


def decision_id(case: Case, decided: Decided) -> str:
    """Once per case, request and revision."""
    return derive("dec", case.case_id, decided.request_id, decided.revision)


def notification_id(case: Case, told: Told) -> str:
    """Once per case, template and fact."""
    return derive("ntf", case.case_id, told.template, *told.fact)


def notification(case: Case, told: Told, context: Context, text: dict[str, Any]) -> Outbound:
    """A notification with its rendered `text` (locale, subject, body, expires_at, data)."""
    id_ = notification_id(case, told)
    body = {
        "type": "customer.notification",
        "notification_id": id_,
        "template": told.template,
        "requested_locale": told.locale,
        **text,
        "amount": told.data.get("amount"),
        "request_id": told.request_id,
        "dispute_id": told.dispute_id,
    }
    return _say(case, context, (NOTIFICATIONS, case.case_id), id_, body)


def _say(case: Case, context: Context, to: tuple[str, str], id_: str, body: dict[str, Any]) -> Outbound:
    topic, key = to
    envelope = {
        "id": id_,
        "type": body["type"],
        "schema_version": 1,
        "occurred_at": context.now,
        "merchant_id": case.merchant_id,
        "cause": cause_of(context.cause),
        "order_id": case.order_id,
        "customer_id": case.customer_id,
    }
    return Outbound(topic, key, envelope | body)


def cause_of(cause: Cause) -> dict[str, str | None]:
    """The cause as the contract writes it: an inbound event, or a timer."""
    if cause.name is not None:
        return {"timer": cause.name}
    return {"topic": cause.topic, "event_id": cause.event_id}


def _decided(case: Case, decided: Decided, context: Context) -> Outbound:
    id_ = decision_id(case, decided)
    return _say(case, context, (DECISIONS, case.case_id), id_, _decision(decided))


def _decision(decided: Decided) -> dict[str, Any]:
    policy_id, version, digest = decided.policy
    return {
        "type": f"refund.{decided.outcome}",
        "request_id": decided.request_id,
        "revision": decided.revision,
        "requested": money_of(decided.requested_minor, decided.requested_currency),
        "amount": money_of(decided.amount_minor, decided.currency),
        "refundable": money_of(decided.refundable_minor, decided.currency),
        "method": decided.method,
        "breakdown": [_row(row) for row in decided.rows],
        "tenders": [
            {
                "payment_id": tender.payment_id,
                "amount": money_of(tender.amount_minor, decided.currency),
                "instruction_id": tender.instruction_id,
                "as": tender.kind,
            }
            for tender in decided.tenders
        ],
        "reasons": [{"code": r.code, "message": r.message, "rule": r.rule} for r in decided.reasons],
        "waiting_for": decided.waiting_for,
        "wait_until": decided.wait_until,
        "policy": {"id": policy_id, "version": version, "digest": digest},
        "pay_by": decided.pay_by,
        "fx": decided.fx,
        "flags": list(decided.flags),
        "historical": decided.historical,
        "replaces": None,
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "component": row.component,
        "line_id": row.line_id,
        "shipping_id": row.shipping_id,
        "fee": row.fee,
        "quantity": row.quantity or None,
        "net_minor": row.net_minor,
        "taxes": [{"code": tax.code, "amount_minor": tax.amount_minor} for tax in row.taxes],
        "gross_minor": row.gross_minor,
    }


def _executed(case: Case, record: Executed, context: Context) -> Outbound:
    amount = money_of(record.amount_minor, record.currency)
    if record.kind == "store_credit":
        key = case.case_id
        body = {
            "type": "store_credit.issue",
            "instruction_id": record.instruction_id,
            "request_id": record.request_id,
            "amount": amount,
            "not_after": record.not_after,
        }
    else:
        key = f"{case.merchant_id}/{record.payment_id}"
        body = {
            "type": "refund.execute",
            "instruction_id": record.instruction_id,
            "payment_id": record.payment_id,
            "request_id": record.request_id,
            "amount": amount,
            "reason": record.reason,
            "not_after": record.not_after,
        }
    return _say(case, context, (REFUND_INSTRUCTIONS, key), record.instruction_id, body)


def _cancelled(case: Case, record: Cancelled, context: Context) -> Outbound:
    body = {
        "type": "refund.cancel",
        "instruction_id": record.instruction_id,
        "payment_id": record.payment_id,
        "reason": record.reason,
    }
    key = f"{case.merchant_id}/{record.payment_id}"
    return _say(case, context, (REFUND_INSTRUCTIONS, key), derive("cnl", record.instruction_id), body)


def _responded(case: Case, record: Responded, context: Context) -> Outbound:
    body: dict[str, Any] = {
        "type": "dispute.submit_evidence" if record.action == "contest" else "dispute.accept",
        "instruction_id": record.instruction_id,
        "dispute_id": record.dispute_id,
        "payment_id": record.payment_id,
    }
    if record.action == "contest":
        body["evidence"] = [msgspec.structs.asdict(item) for item in record.evidence]
        body["respond_by"] = record.respond_by
    key = f"{case.merchant_id}/{record.payment_id}"
    return _say(case, context, (DISPUTE_INSTRUCTIONS, key), record.instruction_id, body)


def _alerted(case: Case, record: Alerted, context: Context) -> Outbound:
    id_ = derive("alr", case.case_id, record.type, *record.fact)
    return _say(case, context, (ALERTS, case.merchant_id), id_, {"type": record.type, **record.body})


def _booked(case: Case, record: Booked, context: Context) -> Outbound:
    id_ = derive("led", case.case_id, record.kind, *record.fact)
    body = {
        "type": "ledger.entry",
        "entry_id": id_,
        "kind": record.kind,
        "payment_id": record.payment_id,
        "amount": money_of(record.amount_minor, record.currency),
        "settlement": record.settlement,
        "fx": record.fx,
        "booked_on": context.now.date(),
    }
    return _say(case, context, (LEDGER, case.case_id), id_, body)


PUBLISHED: dict[type[Record], Callable[[Case, Any, Context], Outbound]] = {
    Decided: _decided,
    Executed: _executed,
    Cancelled: _cancelled,
    Responded: _responded,
    Alerted: _alerted,
    Booked: _booked,
}
"""The records that the outside hears of, each with how it is said. Notifications are told by `app.texts` besides."""
