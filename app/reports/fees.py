"""Fees: what providers and networks took, by the ledger, and what was kept of refunds, by the decisions."""

from collections import defaultdict
from typing import Any

from app.reports.said import Decision, Entry, Once, Period
from topics.catalogue import DECISIONS, DISPUTES, LEDGER, PAYMENTS

OF_TOPIC = {PAYMENTS: "of payments", DISPUTES: "of disputes"}


class FeeReport:
    """Takes the ledger and decisions, in any order."""

    topics = (LEDGER, DECISIONS)

    def __init__(self, period: Period) -> None:
        self._period = period
        self._entry, self._decision = Once(Entry), Once(Decision)
        self._paid: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
        self._kept: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])

    def take(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Looks at one record."""
        del key
        if value is None:
            return
        if topic == LEDGER:
            entry = self._entry(value)
            if entry is not None and entry.kind == "fee" and self._period.holds(entry.occurred_at, entry.merchant_id):
                self._pay(entry)
            return
        decision = self._decision(value)
        if decision is None or decision.outcome != "approved":
            return
        if self._period.holds(decision.occurred_at, decision.merchant_id):
            self._keep(decision)

    def _pay(self, entry: Entry) -> None:
        what = OF_TOPIC.get(entry.cause.topic or "", "other")
        row, minor = self._paid[entry.merchant_id, what, entry.amount.currency], entry.amount.amount_minor
        row[0] += 1
        row[1] += max(0, -minor)
        row[2] += max(0, minor)

    def _keep(self, decision: Decision) -> None:
        assert decision.amount is not None, "an approval has an amount"
        for part in decision.breakdown:
            if part.component == "fee":
                row = self._kept[decision.merchant_id, part.fee or "", decision.amount.currency]
                row[0] += 1
                row[1] -= part.net_minor
                row[2] -= part.gross_minor

    def document(self) -> dict[str, Any]:
        """All of it."""
        return {
            "period": self._period.document(),
            "paid": [
                {
                    "merchant_id": merchant_id,
                    "fees": what,
                    "currency": currency,
                    "entries": row[0],
                    "charged_minor": row[1],
                    "returned_minor": row[2],
                    "cost_minor": row[1] - row[2],
                }
                for (merchant_id, what, currency), row in sorted(self._paid.items())
            ],
            "kept": [
                {
                    "merchant_id": merchant_id,
                    "fee": fee,
                    "currency": currency,
                    "times": row[0],
                    "net_minor": row[1],
                    "tax_minor": row[2] - row[1],
                    "kept_minor": row[2],
                }
                for (merchant_id, fee, currency), row in sorted(self._kept.items())
            ],
        }
