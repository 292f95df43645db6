"""The monitoring programmes of the networks, reckoned again from what arrived: what counts, and what is to be said of it.

Written from the programmes' own terms (`terms.py`); nothing here is the product's. Each turn's alerts must be exactly those
that are due by it. A dispute whose claim the network settled, or that a refund on CDRN's alert settled before, is not
counted.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from app.demo.oracle import Violation
from app.demo.oracle.heard import Fact
from app.demo.oracle.wire import Body, moment
from tests.year.entering import Entering
from tests.year.terms import Month, alert_of, following, states, word_of
from tests.year.turns import Turn

WATCHED = frozenset({"visa", "mastercard"})
KNOWN = WATCHED | {"amex", "discover", "diners", "jcb", "unionpay", "other"}
FOR_FRAUD = frozenset({"4837", "4863"})
SAME_CLAIM = timedelta(days=60)


@dataclass
class _Payment:
    network: str | None = None
    order: tuple[str, str] = ("", "")
    captured: bool = False
    sold: bool = False


@dataclass
class _Dispute:
    payment_id: str
    network: str | None = None
    opened_at: datetime | None = None
    amount: Body | None = None
    reason_code: str | None = None
    counted_at: datetime | None = None
    counted_for: str = ""
    in_store: bool = False
    fraud: bool = False
    cents: int = 0


@dataclass
class _Alert:
    payment_id: str
    minor: int
    at: datetime
    source: str
    settled: bool


@dataclass
class _Books:
    """Of one merchant and network: its months, and what was said of each programme and month."""

    months: dict[str, Month] = field(default_factory=lambda: defaultdict(Month))
    said: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


class Programmes:
    """Follows every turn of the year and compares the alerts of programmes. `rates`: dollars for a euro by day."""

    def __init__(self, rates: tuple[tuple[date, str], ...]) -> None:
        self._rates = [(day, Fraction(rate)) for day, rate in rates]
        self._entering = Entering()
        self._stores: set[tuple[str, str]] = set()
        self._payments: dict[tuple[str, str], _Payment] = defaultdict(_Payment)
        self._disputes: dict[tuple[str, str], _Dispute] = {}
        self._waiting: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        self._unread: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._reports: dict[tuple[str, str], tuple[str, str | None, datetime]] = {}
        self._of_order: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._alerts: dict[tuple[str, str], _Alert] = {}
        self._refunds: dict[tuple[str, str], tuple[str, str]] = {}
        self._books: dict[tuple[str, str], _Books] = defaultdict(_Books)
        self.reached: set[tuple[str, str, str]] = set()

    def judge(self, turn: Turn) -> Iterator[Violation]:
        """Compares what was said with what was due by the turn."""
        due = [news for fact in self._entering.by(turn) for news in self._heard(fact, turn.at)]
        said = []
        for record in turn.said:
            if record.topic == "chargeback-alerts" and b'"programme.' in (record.value or b""):
                said.append(_told(json.loads(record.value or b"")))
            elif record.topic == "refund-instructions" and b'"alert:' in (record.value or b""):
                body = json.loads(record.value or b"")
                alert = (body["merchant_id"], body["request_id"].removeprefix("alert:"))
                self._refunds[body["merchant_id"], body["instruction_id"]] = alert
        self.reached.update((body["merchant_id"], body["programme"], body["type"].rpartition("_")[2]) for body in due)
        if said != due:
            yield Violation(
                "R9", "programme_differs", turn.heard.key or "" if turn.heard else "", f"{said} by hand {due}"
            )

    # What counts

    def _heard(self, fact: Fact, now: int) -> Iterator[Body]:
        body, clock = fact.body, datetime.fromtimestamp(now / 1000, UTC)
        match fact.type:
            case "order.placed" if body.get("channel") == "store":
                self._stores.add((fact.merchant, body["order_id"]))
            case "payment.captured" if body["amount"]["amount_minor"]:
                yield from self._sold(fact, clock)
            case "refund.succeeded" | "refund.failed" | "refund.reversed":
                alert = self._alerts.get(self._refunds.get((fact.merchant, body.get("instruction_id", "")), ("", "")))
                if alert is not None:
                    alert.settled = fact.type == "refund.succeeded"
            case "dispute.alerted":
                yield from self._alerted(fact)
            case "fraud.reported":
                self._reports[fact.merchant, body["report_id"]] = (body["payment_id"], body.get("network"), fact.at)
                yield from self._report(fact.merchant, body["report_id"])
            case (
                "dispute.inquired"
                | "dispute.opened"
                | "dispute.escalated"
                | "dispute.funds_withdrawn"
                | "dispute.funds_reinstated"
            ):
                yield from self._disputed(fact, clock)

    def _sold(self, fact: Fact, clock: datetime) -> Iterator[Body]:
        payment = self._payments[fact.merchant, fact.body["payment_id"]]
        method = fact.body["method"]
        payment.network = payment.network or method.get("network")
        if not payment.captured:
            self._of_order[fact.merchant, fact.body.get("order_id") or ""].append(fact.body["payment_id"])
        payment.captured = True
        payment.order = (fact.merchant, fact.body.get("order_id") or "")
        if not payment.sold and payment.network in WATCHED:
            payment.sold = True
            month = self._month(fact.merchant, payment.network, fact.at)
            online = payment.order not in self._stores
            month.sales += 1
            month.online += online
            month.secure += online and (fact.body.get("authentication") or {}).get("three_d_secure") == "authenticated"
            yield from self._news(fact.merchant, payment.network, fact.at, sale=True)
        for name in self._waiting.pop((fact.merchant, fact.body["payment_id"]), []):
            yield from self._count(name, self._disputes[name], clock)
        for report_id in self._unread.pop((fact.merchant, fact.body["payment_id"]), []):
            yield from self._report(fact.merchant, report_id)

    def _disputed(self, fact: Fact, clock: datetime) -> Iterator[Body]:
        body, name = fact.body, (fact.merchant, fact.body["dispute_id"])
        payment_id = body.get("payment_id") or self._only_payment(fact)
        dispute = self._disputes.setdefault(name, _Dispute(payment_id))
        if (
            not self._payments[fact.merchant, dispute.payment_id].captured
            and name not in self._waiting[fact.merchant, payment_id]
        ):
            self._waiting[fact.merchant, payment_id].append(name)
        if fact.type in ("dispute.opened", "dispute.inquired"):
            if fact.type == "dispute.opened" or dispute.opened_at is None:
                dispute.amount, dispute.reason_code = body["amount"], body.get("reason_code") or dispute.reason_code
                told = body.get("network")
                dispute.network = told if told in KNOWN or told is None else "other"
            if fact.type == "dispute.opened":
                dispute.opened_at = moment(body["opened_at"]) if body.get("opened_at") else fact.at
        elif fact.type == "dispute.escalated":
            dispute.opened_at = dispute.opened_at or fact.at
        else:
            dispute.amount = dispute.amount or body["amount"]
        yield from self._count(name, dispute, clock)

    def _only_payment(self, fact: Fact) -> str:
        order = (fact.merchant, fact.body.get("order_id") or "")
        mine = self._of_order[order]
        return mine[0] if len(mine) == 1 else ""

    def _count(self, name: tuple[str, str], dispute: _Dispute, clock: datetime) -> Iterator[Body]:
        merchant, payment = name[0], self._payments.get((name[0], dispute.payment_id), _Payment())
        network = dispute.network or payment.network
        if dispute.counted_at or not dispute.opened_at or not dispute.amount or not dispute.payment_id:
            return
        if network not in WATCHED or any(self._settles(alert, dispute) for alert in self._alerts.values()):
            return
        at = min(dispute.opened_at, clock)
        dispute.counted_for, dispute.counted_at = network, at
        dispute.in_store = payment.order in self._stores
        dispute.fraud = dispute.reason_code in FOR_FRAUD and not dispute.in_store
        dispute.cents = self._cents(dispute.amount, at.date()) if dispute.fraud else 0
        month = self._month(merchant, network, at)
        month.disputes, month.in_store = month.disputes + 1, month.in_store + dispute.in_store
        month.frauds, month.fraud_cents = month.frauds + dispute.fraud, month.fraud_cents + dispute.cents
        yield from self._news(merchant, network, at)

    def _settles(self, alert: _Alert, dispute: _Dispute) -> bool:
        same = (alert.payment_id, alert.minor) == (dispute.payment_id, (dispute.amount or {}).get("amount_minor"))
        resolves = alert.settled and alert.source in ("rdr", "cdrn") and dispute.opened_at is not None
        return same and resolves and abs(alert.at - dispute.opened_at) <= SAME_CLAIM

    def _alerted(self, fact: Fact) -> Iterator[Body]:
        body = fact.body
        alert = _Alert(
            body.get("payment_id") or "",
            body["amount"]["amount_minor"],
            fact.at,
            body["source"],
            body["already_credited"],
        )
        self._alerts[fact.merchant, body["alert_id"]] = alert
        for (merchant, _), dispute in self._disputes.items():
            if merchant == fact.merchant and dispute.counted_at and self._settles(alert, dispute):
                at, dispute.counted_at = dispute.counted_at, None
                month = self._month(merchant, dispute.counted_for, at)
                month.disputes, month.in_store = month.disputes - 1, month.in_store - dispute.in_store
                month.frauds, month.fraud_cents = month.frauds - dispute.fraud, month.fraud_cents - dispute.cents
                yield from self._news(merchant, dispute.counted_for, at)

    def _report(self, merchant: str, report_id: str) -> Iterator[Body]:
        payment_id, told, at = self._reports[merchant, report_id]
        payment = self._payments.get((merchant, payment_id), _Payment())
        network = told or payment.network
        if not payment.captured and network is None:
            self._unread[merchant, payment_id].append(report_id)
        if network in WATCHED:
            month = self._month(merchant, network, at)
            month.reports += 1
            month.in_store += payment.order in self._stores
            yield from self._news(merchant, network, at)

    def _month(self, merchant: str, network: str, at: datetime) -> Month:
        month = self._books[merchant, network].months[f"{at:%Y-%m}"]
        month.newest = max(month.newest or at, at)
        return month

    def _cents(self, amount: Body, day: date) -> int:
        """In US cents; only euros and dollars have a rate here."""
        if amount["currency"] == "USD":
            return int(amount["amount_minor"])
        if amount["currency"] != "EUR":
            return 0
        exact = amount["amount_minor"] * [rate for since, rate in self._rates if since <= day][-1]
        return int((2 * exact + 1) // 2)

    # What is to be said

    def _news(self, merchant: str, network: str, at: datetime, *, sale: bool = False) -> Iterator[Body]:
        books = self._books[merchant, network]
        for month in (f"{at:%Y-%m}", *([following(f"{at:%Y-%m}")] if sale else [])):
            counted = books.months.get(month)
            if counted is None or not (counted.disputes or counted.reports):
                continue
            found = list(states(books.months, network, month))
            high = any(state.programme == "mastercard_hecm" and state.over for state in found)
            for state in found:
                word = word_of(books.said[f"{state.programme}/{month}"], state, outranked=high)
                if word is not None:
                    yield alert_of(merchant, month, state, word)


def _told(body: Body) -> Body:
    """An alert without what is said of it on the wire."""
    names = ("id", "schema_version", "occurred_at", "cause", "order_id", "customer_id", "flags")
    return {name: value for name, value in body.items() if name not in names}
