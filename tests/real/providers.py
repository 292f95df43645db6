"""What payment providers say of disputes, as events: small mappers, one per provider, for their own example messages.

They are as large as a test needs. Of Adyen a notification becomes the events that it states (none for what moves
nothing here); of Stripe and Shopify a dispute object becomes the history that its status implies.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from topics.currencies import EXPONENTS

MERCHANT = "shop"
Event = dict[str, Any]

SCHEMES = {"mc": "mastercard", "visa": "visa", "amex": "amex", "jcb": "jcb", "discover": "discover", "diners": "diners"}
INFORMS_ONLY = frozenset({"ISSUER_COMMENTS"})
ENDS = {
    "CHARGEBACK_REVERSED": "won",
    "ISSUER_RESPONSE_TIMEFRAME_EXPIRED": "won",
    "PREARBITRATION_WON": "won",
    "PREARBITRATION_ISSUER_WITHDRAWN": "withdrawn",
    "SCHEME_ARBITRATION_WON": "won",
    "SECOND_CHARGEBACK": "lost",
    "PREARBITRATION_LOST": "lost",
    "PREARBITRATION_ACCEPTED": "accepted",
    "SCHEME_ARBITRATION_LOST": "lost",
}
STAGES = {"PREARBITRATION_OPEN": "pre_arbitration", "SCHEME_ARBITRATION": "arbitration"}
ANSWERS = frozenset({"INFORMATION_SUPPLIED", "PREARBITRATION_DECLINED"})
DEFENSE_ENDED = {"Accepted": "accepted", "Expired": "expired"}
DISPUTE_CODES = frozenset(
    {"NOTIFICATION_OF_FRAUD", "REQUEST_FOR_INFORMATION", "NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK"}
    | {"DISPUTE_DEFENSE_PERIOD_ENDED"}
    | INFORMS_ONLY
    | ENDS.keys()
    | STAGES.keys()
    | ANSWERS
)
"""Every code by which Adyen speaks of a dispute."""


def of_adyen(item: dict[str, Any], payment_id: str) -> list[Event]:
    """The events of one notification item. Not every one of them names the payment: who reads them knows it."""
    code, more = item["eventCode"], item.get("additionalData", {})
    network = SCHEMES.get(
        more.get("chargebackSchemeCode") or more.get("nofSchemeCode") or item["paymentMethod"], "other"
    )
    about = {
        "event_id": f"{item['pspReference']}:{code}",
        "occurred_at": item["eventDate"],
        "merchant_id": MERCHANT,
        "payment_id": payment_id,
    }
    money = {"amount_minor": item["amount"]["value"], "currency": item["amount"]["currency"]}
    if code == "NOTIFICATION_OF_FRAUD":
        report = {"report_id": item["pspReference"], "amount": money, "network": network}
        return [{**about, "type": "fraud.reported", **report, "fraud_type": more["nofReasonCode"]}]
    about["dispute_id"] = item["pspReference"]
    if code == "REQUEST_FOR_INFORMATION":
        return [{**about, "type": "dispute.inquired", "amount": money, "network": network, "category": "general"}]
    if code in ("NOTIFICATION_OF_CHARGEBACK", "CHARGEBACK"):
        claim = {
            "amount": money,
            "network": network,
            "stage": "chargeback",
            "reason_code": more["chargebackReasonCode"],
        }
        defence = {"defendable": more.get("defendable") == "true", "auto_defended": more.get("autoDefended") == "true"}
        opened = {**about, "type": "dispute.opened", **claim, **defence, "respond_by": more.get("defensePeriodEndsAt")}
        return [opened, *(_moved(about, money, "funds_withdrawn") if code == "CHARGEBACK" else ())]
    return _of_adyens_course(code, more, about, money)


def _of_adyens_course(code: str, more: dict[str, Any], about: Event, money: Event) -> list[Event]:
    """What comes after the opening of a dispute."""
    if code in INFORMS_ONLY:
        return []
    if code in ANSWERS:
        return [{**about, "type": "dispute.evidence_submitted"}]
    if code in STAGES:
        return [{**about, "type": "dispute.escalated", "stage": STAGES[code]}]
    outcome = ENDS.get(code) or DEFENSE_ENDED.get(more.get("disputeStatus", ""), "lost")
    events = [{**about, "type": f"dispute.{outcome}"}]
    moved = {"CHARGEBACK_REVERSED": "funds_reinstated", "SECOND_CHARGEBACK": "funds_withdrawn"}.get(code)
    return [*events, *(_moved(about, money, moved) if moved else ())]


def _moved(about: Event, money: Event, what: str) -> Iterator[Event]:
    """The money that a notification says has moved."""
    event_id = f"{about['event_id']}:funds"
    yield {**about, "event_id": event_id, "type": f"dispute.{what}", "movement_id": event_id, "amount": money}


STRIPE_STATUSES = (
    "warning_needs_response",
    "warning_under_review",
    "warning_closed",
    "needs_response",
    "under_review",
    "won",
    "lost",
    "prevented",
)


def of_stripe(event: dict[str, Any], payment_id: str) -> list[Event]:
    """What the dispute object of an event says has happened up to its status."""
    dispute, at = event["data"]["object"], _moment(event["created"])
    dispute_id = dispute.get("id") or f"{dispute['charge']}:dispute"
    opened_at = min(_moment(dispute["created"]), at)
    amount = {"amount_minor": dispute["amount"], "currency": dispute["currency"].upper()}
    details = dispute.get("evidence_details") or {"due_by": dispute.get("evidence_due_by")}
    due = details["due_by"]
    about = {"merchant_id": MERCHANT, "payment_id": payment_id, "dispute_id": dispute_id}
    claim = {
        "event_id": f"{dispute_id}:opened",
        "occurred_at": opened_at,
        "amount": amount,
        "category": dispute["reason"],
        "respond_by": _moment(due) if due else None,
    }
    return list(_history(about, claim, at, dispute["status"]))


def _history(about: Event, claim: Event, at: str, status: str) -> Iterator[Event]:
    if status == "prevented":
        # The network or an alert settled it before a chargeback: an inquiry that was taken back.
        status = "warning_closed"
    if status.startswith("warning_"):
        yield {**about, **claim, "type": "dispute.inquired"}
    else:
        yield {**about, **claim, "type": "dispute.opened", "stage": "chargeback"}
    turn = {
        "warning_under_review": "evidence_submitted",
        "warning_closed": "withdrawn",
        "under_review": "evidence_submitted",
        "won": "won",
        "lost": "lost",
        "accepted": "accepted",
        "charge_refunded": "accepted",
    }.get(status)
    if turn:
        yield {**about, "event_id": f"{about['dispute_id']}:{status}", "occurred_at": at, "type": f"dispute.{turn}"}


def of_shopify(dispute: dict[str, Any], payment_id: str) -> list[Event]:
    """What a dispute of Shopify's says has happened up to its status."""
    currency = dispute["currency"]
    minor = int(Decimal(dispute["amount"]).scaleb(EXPONENTS[currency]))
    about = {"merchant_id": MERCHANT, "payment_id": payment_id, "dispute_id": str(dispute["id"])}
    claim = {
        "event_id": f"{dispute['id']}:opened",
        "occurred_at": dispute["initiated_at"],
        "amount": {"amount_minor": minor, "currency": currency},
        "category": dispute["reason"],
        "reason_code": dispute["network_reason_code"],
        "respond_by": dispute["evidence_due_by"],
    }
    inquiry = dispute["type"] == "inquiry"
    status = f"warning_{dispute['status']}" if inquiry else dispute["status"]
    at = dispute["finalized_on"] or dispute["evidence_sent_on"] or dispute["initiated_at"]
    return list(_history(about, claim, at, status))


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
