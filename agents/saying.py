"""How what was decided becomes records: bodies as JSON, CloudEvents headers, and what other agents are told."""

from typing import Any

import msgspec

from app.domain.case import Case
from app.domain.context import Context
from app.domain.ids import derive
from app.domain.publishing import Outbound
from app.domain.records import Asked, Counted, Reported
from app.runtime.topology import Headers, Output
from topics.catalogue import CUSTOMER_ACTIVITY, MERCHANT_ACTIVITY
from topics.journal import TRACEPARENT

SOURCE = b"refundry"

encode = msgspec.json.Encoder().encode


def encoded(said: Outbound, trace: bytes | None = None) -> Output:
    """An outbound record with its CloudEvents headers (binary content mode)."""
    body = said.body
    headers = [
        ("ce_id", body["id"].encode()),
        ("ce_type", body["type"].encode()),
        ("ce_source", SOURCE),
        ("ce_specversion", b"1.0"),
        ("ce_time", encode(body["occurred_at"])[1:-1]),
        ("content-type", b"application/json"),
    ]
    if trace is not None:
        headers.append((TRACEPARENT, trace))
    return Output(said.topic, said.key.encode(), encode(body), headers)


def to_history(case: Case, record: Reported | Asked, context: Context, headers: Headers) -> Output:
    """A fact for the history of the case's customer, or a question to it."""
    envelope = {"merchant_id": case.merchant_id, "customer_id": record.customer_id, "case_id": case.case_id}
    if isinstance(record, Reported):
        body: dict[str, Any] = {
            "type": "activity.recorded",
            "occurred_at": record.at,
            **envelope,
            "activity_id": derive("act", *record.fact),
            "kind": record.kind,
            **record.body,
        }
    else:
        body = {
            "type": "history.asked",
            "occurred_at": context.now,
            **envelope,
            "question_id": record.question_id,
            "request_id": record.request_id,
            "payment_id": record.payment_id,
            "as_of": record.as_of,
            "since": record.since,
            "until": record.until,
            "uses": record.uses,
        }
    key = f"{case.merchant_id}/{record.customer_id}"
    return Output(CUSTOMER_ACTIVITY, key.encode(), encode(body), headers)


def to_monitoring(case: Case, record: Counted, context: Context, headers: Headers) -> Output:
    """What counts in the programmes of a network."""
    body: dict[str, Any] = {
        "type": "activity.counted",
        "activity_id": derive("cnt", case.case_id, *record.fact),
        "occurred_at": record.at,
        "merchant_id": case.merchant_id,
        "network": record.network,
        "kind": record.kind,
        "payment_id": record.payment_id,
        **record.body,
    }
    if context.now != record.at:  # a dispute counts in the month of its opening, and alerts tell when it was heard of
        body["told_at"] = context.now
    key = f"{case.merchant_id}/{record.network}"
    return Output(MERCHANT_ACTIVITY, key.encode(), encode(body), headers)
