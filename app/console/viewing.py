"""A case as its page shows it: all that the snapshot says, in words and in the order of a reader's questions."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from app.console import wording
from app.console.offering import Offer, approvers, offer
from app.console.ports import Snapshot
from app.console.reviewing import new_token
from app.console.sent import Outbox, Sent
from app.console.subjects import Subject, deadline_of, moment, subjects_of
from app.console.users import User
from app.explaining import exhibit_of, message_of, shown, shown_money
from topics.waiting import UNMATCHED


class Card(NamedTuple):
    """A subject as it is shown: what is asked, why a person is, what is advised, and what this user may say."""

    subject: Subject
    kind: str
    amount: str
    due: datetime | None
    headline: str
    reasons: list[str]
    facts: list[tuple[str, str]]
    advice: dict[str, Any] | None
    evidence: dict[str, Any] | None
    offer: Offer
    sent: Sent | None
    pending: bool
    refused: str
    token: str
    sum: str


def cards_of(snapshot: Snapshot, user: User, now: datetime, outbox: Outbox) -> list[Card]:
    """Every subject of the case: what waits first, by when it is due."""
    cards = [_card(subject, snapshot, user, now, outbox) for subject in subjects_of(snapshot)]
    last = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(cards, key=lambda card: (not card.subject.waits, card.due or last if card.subject.waits else last))


def _card(subject: Subject, snapshot: Snapshot, user: User, now: datetime, outbox: Outbox) -> Card:
    row = subject.row
    sent = outbox.unanswered(snapshot["case_id"], subject)
    headline, reasons, facts = _WORDS[subject.kind](subject, snapshot)
    return Card(
        subject=subject,
        kind=wording.KINDS[subject.kind],
        amount=shown_money(row["amount"]),
        due=deadline_of(subject) if subject.waits else None,
        headline=headline,
        reasons=reasons,
        facts=[(name, text) for name, text in facts if text],
        advice=_advice(row),
        evidence=_evidence(row) if subject.kind == "dispute" else None,
        offer=offer(subject, snapshot, user, now),
        sent=sent,
        pending=sent is not None and outbox.is_pending(sent),
        refused=outbox.refusal(sent) if sent is not None else "",
        token=new_token(),
        sum=shown_money(row["amount"]).partition(" ")[0],
    )


Said = tuple[str, list[str], list[tuple[str, str]]]


def _request(subject: Subject, snapshot: Snapshot) -> Said:
    row = subject.row
    status = wording.in_words(row["status"])
    if row["status"] == "held" and row.get("waiting_for"):
        status = f"Held for {wording.WAITING_FOR.get(row['waiting_for'], wording.in_words(row['waiting_for']))}"
    scope = row.get("scope") or {}
    facts = [
        ("Asked for", shown_money(row["requested"])),
        ("Would be paid" if row["status"] == "held" else "Amount", shown_money(row["amount"])),
        ("Refundable", shown_money(row.get("refundable"))),
        ("Reason given", wording.in_words(row.get("reason") or "")),
        ("Covers", _scope(scope, snapshot)),
        ("Asked by", _asker(row)),
        ("Asked at", _at(row.get("asked_at"))),
        ("Review overdue", _at(row.get("review_due_at"))),
        ("To be paid by law by", row.get("pay_by") or ""),
        ("Waits until", _at(row["wait_until"])),
        ("Approved by", ", ".join(approvers(subject))),
        ("Revision", str(row["revision"])),
    ]
    return status, [*(message_of(code) for code in row["reasons"]), *_less_is_left(subject, snapshot)], facts


def _less_is_left(subject: Subject, snapshot: Snapshot) -> list[str]:
    """A held request reserves nothing, so meanwhile others may have taken what it would be paid from."""
    amount = subject.row["amount"]
    if not subject.waits or not amount or not snapshot["payments"]:
        return []
    own = [one for one in snapshot["payments"] if one["currency"] == amount["currency"]]
    left = max(0, sum(one["refundable_minor"] for one in own))
    if amount["amount_minor"] <= left:
        return []
    return [f"Since it was held less is left: {shown(left, amount['currency'])}. An approval is checked against that."]


def _asker(row: Mapping[str, Any]) -> str:
    by, name = row.get("requested_by") or "", row.get("requester_id")
    return f"{by} ({name})" if name else by


def _scope(scope: Mapping[str, Any], snapshot: Snapshot) -> str:
    kind = scope.get("kind")
    if kind is None:
        return ""
    titles = {line["line_id"]: line.get("title") or line.get("sku") or line["line_id"] for line in _lines(snapshot)}
    if kind == "lines":
        return ", ".join(f"{one['quantity']} x {titles.get(one['line_id'], one['line_id'])}" for one in scope["lines"])
    named = scope.get("line_id") or scope.get("shipping_id") or scope.get("payment_id")
    text = wording.SCOPES.get(kind, wording.in_words(kind))
    return f"{text}: {titles.get(named, named)}" if named else text


def _lines(snapshot: Snapshot) -> list[dict[str, Any]]:
    return (snapshot["order"] or {}).get("lines") or []


def _dispute(subject: Subject, snapshot: Snapshot) -> Said:
    row = subject.row
    currency = row["amount"]["currency"] if row["amount"] else ""
    moved = ((name, row[f"{name}_minor"]) for name in ("withdrawn", "reinstated"))
    facts = [
        ("Payment", row["payment_id"] or "not known"),
        ("Network", wording.in_words(row["network"] or "")),
        ("Reason code", row["reason_code"] or ""),
        *((wording.in_words(name), shown(minor, currency) if minor else "") for name, minor in moved),
        ("Fees", ", ".join(shown_money(fee) for fee in row["fees"])),
        ("Opened", _at(row["opened_at"])),
        ("Respond by", _at(row["respond_by"])),
        ("Answered", wording.in_words(row.get("answer") or "")),
        ("Refunds of this case", _paid(snapshot)),
    ]
    state = wording.in_words(row["state"])
    headline = f"{wording.in_words(row['stage'])}, {state.lower()}"
    category = row["category"] or (UNMATCHED if UNMATCHED in row.get("flags", ()) else "general")
    return headline, [wording.CATEGORIES.get(category, wording.in_words(category))], facts


def _paid(snapshot: Snapshot) -> str:
    """A refund beside a dispute is the first thing to know of it: the money may go twice."""
    paid = [one for one in snapshot["instructions"] if one["status"] in ("approved", "submitted", "succeeded")]
    return ", ".join(f"{shown_money(one['amount'])} {one['status']}" for one in paid)


def _alert(subject: Subject, snapshot: Snapshot) -> Said:
    row = subject.row
    facts = [
        ("Payment", row["payment_id"] or "not known"),
        ("Told by", row["source"]),
        ("Told at", _at(row["alerted_at"])),
        ("Answer by", _at(row["expires_at"])),
        ("Verdict", wording.in_words(row["verdict"] or "")),
        ("Refunds of this case", _paid(snapshot)),
    ]
    if row["already_credited"]:
        return "The network has paid the cardholder", [], facts
    headline = "A chargeback is coming" if row["waiting"] else "Answered, or nothing to be done"
    return headline, ["A refund of the whole amount in time prevents it."] if row["waiting"] else [], facts


_WORDS = {"refund_request": _request, "dispute": _dispute, "alert": _alert}


def _advice(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The recommendation with its arithmetic, in the dispute's currency."""
    advice = row.get("recommendation")
    if not advice or not row["amount"]:
        return None
    currency = row["amount"]["currency"]
    return {
        "action": wording.ADVICE.get(advice["action"], wording.in_words(advice["action"])),
        "probability": advice["win_probability"],
        "terms": [
            (wording.TERMS.get(term["name"], wording.in_words(term["name"])), shown(term["amount_minor"], currency))
            for term in advice["terms"]
        ],
        "value": shown(advice["expected_value_minor"], currency),
    }


def _evidence(row: Mapping[str, Any]) -> dict[str, Any]:
    evidence = row.get("evidence") or {"have": [], "missing": []}
    compelling = row.get("compelling_evidence")
    return {
        "have": [(exhibit_of(one["item"]), one["event_id"], moment(one["occurred_at"])) for one in evidence["have"]],
        "missing": [exhibit_of(item) for item in evidence["missing"]],
        "compelling": None
        if compelling is None
        else f"{wording.in_words(compelling['status'])}; alike in {', '.join(compelling['matches']) or 'nothing'}",
    }


def totals_of(snapshot: Snapshot) -> list[tuple[str, str]]:
    """The order's money, by currency: what was ordered, captured, given back, claimed, and is left."""
    order, sums = snapshot["order"], dict[str, dict[str, int]]()
    names = ("captured", "refunded", "in_flight", "claimed", "refundable")
    for payment in snapshot["payments"]:
        own = sums.setdefault(payment["currency"], dict.fromkeys(names, 0))
        for name in names:
            own[name] += payment[f"{name}_minor"]
    words = ("Captured", "Refunded", "On its way back", "Claimed by disputes", "Refundable")
    told = [("Order", shown(order["total_minor"], order["currency"]))] if order else []
    return told + [
        (word, _several(shown(own[name], currency) for currency, own in sorted(sums.items())))
        for word, name in zip(words, names, strict=True)
        if sums
    ]


def _several(amounts: Iterable[str]) -> str:
    return " + ".join(amounts)


def timeline_of(snapshot: Snapshot) -> list[dict[str, Any]]:
    """What happened, the newest first."""
    return [
        {
            "at": moment(entry["at"]),
            "what": wording.in_words(entry["type"]),
            "subject": entry["subject"] or "",
            "note": _note(entry),
        }
        for entry in reversed(snapshot["timeline"])
    ]


def _note(entry: Mapping[str, Any]) -> str:
    """Of a decision the note holds its reason codes."""
    note = entry["note"] or ""
    if entry["type"].startswith("refund.") and note:
        return " ".join(message_of(code) for code in note.split(", "))
    return str(note)


def _at(text: Any) -> str:
    at = moment(text)
    return wording.date_and_time(at) if at is not None else ""
