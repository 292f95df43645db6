"""Published records, as short as reports need them, with ids that are worked out here and not by the product."""

import json
from hashlib import blake2b
from typing import Any

MERCHANT = "m"


def derived(prefix: str, *facts: str | int) -> str:
    """An id of the contract's: 128 bits of BLAKE2b over the facts, each behind its length."""
    told = "".join(f"{len(str(fact))}:{fact}" for fact in facts)
    return f"{prefix}_{blake2b(told.encode(), digest_size=16).hexdigest()}"


def money(minor: int, currency: str = "EUR") -> dict[str, Any]:
    return {"amount_minor": minor, "currency": currency}


class Told:
    """Hands records to a report, each under the key of its case."""

    def __init__(self, report: Any) -> None:
        self.report = report
        self.count = 0

    def say(self, topic: str, body: dict[str, Any], order_id: str = "o1", merchant_id: str = MERCHANT) -> None:
        self.count += 1
        envelope = {
            "id": f"id_{self.count}",
            "schema_version": 1,
            "merchant_id": merchant_id,
            "order_id": order_id,
            "cause": {"topic": "payments", "event_id": f"e{self.count}"},
        }
        assert topic in self.report.topics
        self.report.take(topic, f"{merchant_id}/{order_id}".encode(), json.dumps(envelope | body).encode())

    def entry(self, kind: str, minor: int, at: str, currency: str = "EUR", *, to: str = "o1", **fields: Any) -> None:
        """An entry of the ledger."""
        body = {"type": "ledger.entry", "kind": kind, "amount": money(minor, currency), "occurred_at": at}
        self.say("ledger-entries", {**body, "payment_id": "p1", "booked_on": at[:10], **fields}, to)

    def decision(self, request_id: str, outcome: str, reason: str, at: str, minor: int | None, **fields: Any) -> None:
        """A revision of the answer to a request."""
        body = {
            "type": f"refund.{outcome}",
            "occurred_at": at,
            "request_id": request_id,
            "revision": 1,
            "requested": None,
            "amount": None if minor is None else money(minor),
            "breakdown": [],
            "tenders": [],
            "reasons": [{"code": reason, "message": "", "rule": ""}] if reason else [],
            "flags": [],
        }
        self.say("refund-decisions", body | fields)

    def snapshot(self, order_id: str, payments: list[Any], disputes: list[Any], at: str, **fields: Any) -> None:
        """The last document of a case."""
        body = {
            "type": "case.snapshot",
            "occurred_at": at,
            "case_id": f"{MERCHANT}/{order_id}",
            "version": 1,
            "payments": payments,
            "disputes": disputes,
            "truncated": False,
        }
        self.say("case-snapshots", body | fields, order_id)

    def closed(self, dispute_id: str, outcome: str, recovered: int, at: str) -> None:
        """The end of a dispute."""
        body = {"type": "dispute.closed", "dispute_id": dispute_id, "outcome": outcome, "occurred_at": at}
        self.say("chargeback-alerts", {**body, "recovered": money(recovered), "disputed": money(0), "fees": []})


def payment(captured: int, refunded: int = 0, in_flight: int = 0, claimed: int = 0, currency: str = "EUR") -> Any:
    return {
        "payment_id": "p1",
        "currency": currency,
        "captured_minor": captured,
        "refunded_minor": refunded,
        "in_flight_minor": in_flight,
        "claimed_minor": claimed,
        "refundable_minor": captured - refunded - in_flight - claimed,
    }


def dispute(dispute_id: str, state: str, minor: int, **fields: Any) -> Any:
    plain = {
        "dispute_id": dispute_id,
        "network": "visa",
        "category": "fraudulent",
        "stage": "chargeback",
        "state": state,
        "amount": money(minor),
        "withdrawn_minor": 0,
        "reinstated_minor": 0,
        "fees": [],
        "opened_at": "2026-03-05T00:00:00Z",
        "respond_by": None,
        "recommendation": None,
    }
    return plain | fields


def tender(instruction_id: str, minor: int, currency: str = "EUR") -> Any:
    return {"payment_id": "p1", "instruction_id": instruction_id, "amount": money(minor, currency), "as": "original"}
