"""Exchange rates: what refunds were estimated to come to on the merchant's account, and what they came to.

A refund belongs to the period in which it was approved. Estimate and reality are set against each other where both are
known: of requests all of whose tenders were settled in the currency of the estimate. What had no rate when it was
approved has no estimate; what it came to is told beside, by the currency in which it was settled.
"""

from collections import defaultdict
from typing import Any, NamedTuple

from app.domain.refunds.exchange import NO_RATE
from app.reports.links import KINDS, entry_ids, settlement_ids
from app.reports.said import Decision, Entry, Once, Period
from topics.catalogue import DECISIONS, LEDGER

_SUMS = (
    "refunds",
    "amount_minor",
    "estimate_minor",
    "estimated_gain_loss_minor",
    "settled",
    "settled_minor",
    "gain_loss_minor",
    "estimated_of_settled_minor",
)


_WITHOUT = ("refunds", "amount_minor", "settled_minor", "gain_loss_minor")


class _Real(NamedTuple):
    settled_minor: int
    gain_loss_minor: int
    currency: str


class FxReport:
    """Takes decisions and the ledger, in any order."""

    topics = (DECISIONS, LEDGER)

    def __init__(self, period: Period) -> None:
        self._period = period
        self._decision, self._entry = Once(Decision), Once(Entry)
        self._approved: list[tuple[str, Decision]] = []
        self._real: dict[str, _Real] = {}
        self._later: dict[str, list[Entry]] = defaultdict(list)
        """By case, entries that say of a refund that is booked already what it came to."""

    def take(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Looks at one record."""
        if value is None or key is None:
            return
        if topic == DECISIONS:
            decision = self._decision(value)
            if decision is not None and self._is_meant(decision):
                self._approved.append((key.decode(), decision))
        elif (entry := self._entry(value)) is not None and entry.kind in KINDS:
            if entry.fx is None or entry.settlement is None:
                return
            if entry.amount.amount_minor:
                self._real[entry.id] = _real(entry)
            else:
                self._later[key.decode()].append(entry)

    def _is_meant(self, decision: Decision) -> bool:
        foreign = decision.fx is not None or NO_RATE in decision.flags
        return (
            decision.outcome == "approved"
            and foreign
            and self._period.holds(decision.occurred_at, decision.merchant_id)
        )

    def document(self) -> dict[str, Any]:
        """All of it."""
        pairs: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0] * 8)
        without: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0] * len(_WITHOUT))
        for case_id, decision in self._approved:
            assert decision.amount is not None, "an approval has an amount"
            estimate = decision.fx.settlement_estimate if decision.fx else None
            if decision.fx is None or estimate is None or decision.fx.gain_loss_minor is None:
                real = self._settled(case_id, decision)
                row = without[decision.merchant_id, decision.amount.currency, real.currency if real else ""]
                _add(
                    row,
                    [1, decision.amount.amount_minor, *([real.settled_minor, real.gain_loss_minor] if real else ())],
                )
                continue
            row = pairs[decision.merchant_id, decision.amount.currency, estimate.currency]
            told = [1, decision.amount.amount_minor, estimate.amount_minor, decision.fx.gain_loss_minor]
            real = self._settled(case_id, decision)
            if real is not None and real.currency == estimate.currency:
                told += [1, real.settled_minor, real.gain_loss_minor, decision.fx.gain_loss_minor]
            _add(row, told)
        return {
            "period": self._period.document(),
            "pairs": [
                {"merchant_id": merchant_id, "currency": currency, "settlement_currency": settled_in}
                | dict(zip(_SUMS, row, strict=True))
                | {"better_than_estimated_minor": row[6] - row[7]}
                for (merchant_id, currency, settled_in), row in sorted(pairs.items())
            ],
            "without_rate": [
                {"merchant_id": merchant_id, "currency": currency, "settlement_currency": settled_in or None}
                | dict(zip(_WITHOUT, row, strict=True))
                for (merchant_id, currency, settled_in), row in sorted(without.items())
            ],
        }

    def _settled(self, case_id: str, decision: Decision) -> _Real | None:
        """What all of its tenders came to; None while one is not known, or where they came to several currencies."""
        found = list[_Real]()
        for tender in decision.tenders:
            one = self._of(case_id, tender.instruction_id)
            if one is None or (found and one.currency != found[0].currency):
                return None
            found.append(one)
        if not found:
            return None
        currency = found[0].currency
        return _Real(sum(one.settled_minor for one in found), sum(one.gain_loss_minor for one in found), currency)

    def _of(self, case_id: str, instruction_id: str) -> _Real | None:
        for name, _ in entry_ids(case_id, instruction_id):
            if name in self._real:
                return self._real[name]
        for entry in self._later.get(case_id, ()):
            if entry.id in settlement_ids(case_id, instruction_id, entry):
                return _real(entry)
        return None


def _add(row: list[int], told: list[int]) -> None:
    for place, minor in enumerate(told):
        row[place] += minor


def _real(entry: Entry) -> _Real:
    assert entry.fx is not None
    assert entry.settlement is not None
    return _Real(abs(entry.settlement.amount.amount_minor), entry.fx.gain_loss_minor, entry.fx.currency)
