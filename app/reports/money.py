"""Where the money is: what moved in each month, by the ledger, and where it stands, by the snapshots of all cases.

Laws
 1. Each entry of the ledger moves one amount between two accounts, so all accounts of a currency come to zero.
 2. What the ledger says of a case and what its snapshot says come to the same: captured, refunded, and what disputes
    moved. Where they do not, the case is named.
 3. Currencies are never added to each other.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from app.reports.said import Entry, Once, Period, Snapshot
from topics.catalogue import LEDGER, SNAPSHOTS

ACCOUNTS: dict[str, tuple[str, str]] = {
    "captured": ("held by the provider", "sales"),
    "capture_failed": ("held by the provider", "sales"),
    "refund_settled": ("held by the provider", "refunds"),
    "refund_returned": ("held by the provider", "refunds"),
    "dispute_withdrawn": ("held by the provider", "disputes"),
    "dispute_reinstated": ("held by the provider", "disputes"),
    "network_credited": ("held by the provider", "credits of networks"),
    "fee": ("held by the provider", "fees"),
    "store_credit": ("store credit owed", "refunds"),
}
"""By kind of entry: the account that its amount is added to, and the one that it is taken from."""

COLUMN: dict[str, str] = {
    "captured": "captured_minor",
    "capture_failed": "captured_minor",
    "refund_settled": "refunded_minor",
    "refund_returned": "refunded_minor",
    "store_credit": "store_credit_minor",
    "dispute_withdrawn": "disputed_minor",
    "dispute_reinstated": "recovered_minor",
    "network_credited": "credited_minor",
    "fee": "fees_minor",
}
FLOWS = tuple(dict.fromkeys(COLUMN.values()))
_ADDED = frozenset({"captured_minor", "recovered_minor"})
"""Told with the sign of the ledger; all else is what went, so a positive amount of it left the merchant."""

MOVES = {"captured_minor": "captured", "refunded_minor": "refunded", "store_credit_minor": "refunded"}
MOVES |= {"disputed_minor": "moved by disputes", "recovered_minor": "moved by disputes"}


class _State(NamedTuple):
    """A case by its snapshot: rows of payments, and by currency what disputes moved; None where some are left out."""

    merchant_id: str
    payments: tuple[Any, ...]
    moved: dict[str, int] | None


class MoneyReport:
    """Takes the ledger and the snapshots, in any order."""

    topics = (LEDGER, SNAPSHOTS)

    def __init__(self, period: Period) -> None:
        self._period = period
        self._entry = Once(Entry)
        self._snapshot = msgspec.json.Decoder(Snapshot).decode
        self._months: dict[tuple[str, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._accounts: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._booked: dict[tuple[str, str, str], int] = defaultdict(int)
        """What the ledger says: by case, currency and kind of movement."""
        self._cases: dict[str, _State] = {}

    def take(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Looks at one record; the last snapshot per case counts."""
        if value is None or key is None:
            return
        if topic == SNAPSHOTS:
            self._state(key.decode(), self._snapshot(value))
        elif (entry := self._entry(value)) is not None and self._period.merchant_id in (None, entry.merchant_id):
            self._book(key.decode(), entry)

    def _book(self, case_id: str, entry: Entry) -> None:
        minor, currency, column = entry.amount.amount_minor, entry.amount.currency, COLUMN[entry.kind]
        if (move := MOVES.get(column)) is not None:
            self._booked[case_id, currency, move] += minor if move == "captured" else -minor
        if not self._period.holds(entry.occurred_at, entry.merchant_id):
            return
        month = self._months[entry.merchant_id, currency, f"{entry.booked_on:%Y-%m}"]
        month[column] += minor if column in _ADDED else -minor
        to, of = ACCOUNTS[entry.kind]
        self._accounts[entry.merchant_id, currency][to] += minor
        self._accounts[entry.merchant_id, currency][of] -= minor

    def _state(self, case_id: str, snapshot: Snapshot) -> None:
        if self._period.merchant_id not in (None, snapshot.merchant_id):
            return
        moved: dict[str, int] | None = None
        if not snapshot.truncated:
            moved = defaultdict(int)
            for dispute in snapshot.disputes:
                if dispute.amount is not None:
                    moved[dispute.amount.currency] += dispute.withdrawn_minor - dispute.reinstated_minor
        self._cases[case_id] = _State(snapshot.merchant_id, snapshot.payments, moved)

    def document(self) -> dict[str, Any]:
        """All of it."""
        return {
            "period": self._period.document(),
            "months": list(self._rows()),
            "standing": list(self._standing()),
            "accounts": list(self._balances()),
            "differences": self.differences(),
        }

    def differences(self) -> list[dict[str, Any]]:
        """Where a case's ledger and its snapshot do not come to the same; empty where the books close."""
        shown = {key: minor for key, minor in self._stated() if minor}
        skipped = {case_id for case_id, state in self._cases.items() if state.moved is None}
        found = []
        for key in sorted(shown.keys() | {key for key, minor in self._booked.items() if minor}):
            case_id, currency, move = key
            ledger, snapshot = self._booked.get(key, 0), shown.get(key, 0)
            if ledger != snapshot and not (move == "moved by disputes" and case_id in skipped):
                found.append(
                    {
                        "case_id": case_id,
                        "what": move,
                        "currency": currency,
                        "ledger_minor": ledger,
                        "snapshot_minor": snapshot,
                    }
                )
        return found

    def _stated(self) -> Iterator[tuple[tuple[str, str, str], int]]:
        """What the snapshots say, as the ledger's sums are kept."""
        for case_id, state in self._cases.items():
            sums: dict[tuple[str, str], int] = defaultdict(int)
            for payment in state.payments:
                sums[payment.currency, "captured"] += payment.captured_minor
                sums[payment.currency, "refunded"] += payment.refunded_minor
            for currency, minor in (state.moved or {}).items():
                sums[currency, "moved by disputes"] += minor
            for (currency, move), minor in sums.items():
                yield (case_id, currency, move), minor

    def _rows(self) -> Iterator[dict[str, Any]]:
        """Months of each merchant and currency; `left_minor` runs on over the months of the period, without fees."""
        left: dict[tuple[str, str], int] = defaultdict(int)
        for (merchant_id, currency, month), flows in sorted(self._months.items()):
            told = {name: flows.get(name, 0) for name in FLOWS}
            gone = sum(told[name] for name in FLOWS if name not in _ADDED and name != "fees_minor")
            left[merchant_id, currency] += told["captured_minor"] + told["recovered_minor"] - gone
            yield {
                "merchant_id": merchant_id,
                "month": month,
                "currency": currency,
                **told,
                "left_minor": left[merchant_id, currency],
            }

    def _standing(self) -> Iterator[dict[str, Any]]:
        """Law 1 over all payments: what is left of what was captured."""
        sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0] * 6)
        for state in self._cases.values():
            for payment in state.payments:
                row = (
                    1,
                    payment.captured_minor,
                    payment.refunded_minor,
                    payment.in_flight_minor,
                    payment.claimed_minor,
                    payment.refundable_minor,
                )
                total = sums[state.merchant_id, payment.currency]
                sums[state.merchant_id, payment.currency] = [a + b for a, b in zip(total, row, strict=True)]
        names = ("payments", "captured_minor", "refunded_minor", "in_flight_minor", "claimed_minor", "refundable_minor")
        for (merchant_id, currency), total in sorted(sums.items()):
            yield {"merchant_id": merchant_id, "currency": currency} | dict(zip(names, total, strict=True))

    def _balances(self) -> Iterator[dict[str, Any]]:
        """The accounts of the period, and that they come to zero."""
        for (merchant_id, currency), accounts in sorted(self._accounts.items()):
            rows = [*sorted(accounts.items()), ("all accounts together", sum(accounts.values()))]
            for account, minor in rows:
                yield {"merchant_id": merchant_id, "account": account, "currency": currency, "balance_minor": minor}
