"""What was asked for, what became of it, and how long it took, by the decisions and the ledger.

A request belongs to the period in which it was made. Times are told by nearest rank: the median is the smallest time
that at least half of the requests did not exceed, p90 that nine of ten did not.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.reports.links import KINDS, RETURNED, entry_ids
from app.reports.said import Decision, Entry, Once, Period
from topics.catalogue import DECISIONS, LEDGER

MOVES = (*KINDS, RETURNED)
FINAL = ("approved", "denied", "withdrawn")


@dataclass
class _Request:
    """`first_at` None: its first decision is no longer there."""

    merchant_id: str
    last: Decision
    first_at: datetime | None = None
    settled: dict[str, datetime] = field(default_factory=dict)
    """By instruction, when its money went back."""


class RefundReport:
    """Takes decisions and the ledger, in any order."""

    topics = (DECISIONS, LEDGER)

    def __init__(self, period: Period) -> None:
        self._period = period
        self._decision, self._entry = Once(Decision), Once(Entry)
        self._requests: dict[tuple[str, str], _Request] = {}
        self._settled: dict[str, datetime] = {}
        """When each entry of money that went back, or came back again, was booked, by its id."""

    def take(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Looks at one record; the last revision of a request counts."""
        if value is None or key is None:
            return
        if topic == DECISIONS:
            decision = self._decision(value)
            if decision is not None and self._period.merchant_id in (None, decision.merchant_id):
                self._decide(key.decode(), decision)
        elif (entry := self._entry(value)) is not None and entry.kind in MOVES and entry.amount.amount_minor:
            self._settled[entry.id] = entry.occurred_at

    def _decide(self, case_id: str, decision: Decision) -> None:
        known = self._requests.setdefault((case_id, decision.request_id), _Request(decision.merchant_id, decision))
        if decision.revision == 1:
            known.first_at = decision.occurred_at
        if decision.revision > known.last.revision:
            known.last = decision

    def document(self) -> dict[str, Any]:
        """All of it."""
        requests = [request for request in self._linked() if self._is_meant(request)]
        return {
            "period": self._period.document(),
            "requests": len(requests),
            "outcomes": list(_outcomes(requests)),
            "times": list(_times(requests)),
            "without_beginning": sum(request.first_at is None for request in requests),
        }

    def _is_meant(self, request: _Request) -> bool:
        return self._period.holds(request.first_at or request.last.occurred_at, request.merchant_id)

    def _linked(self) -> Iterator[_Request]:
        for (case_id, _), request in self._requests.items():
            for tender in request.last.tenders if request.last.outcome == "approved" else ():
                at = self._settled_at(case_id, tender.instruction_id)
                if at is not None:
                    request.settled[tender.instruction_id] = at
            yield request

    def _settled_at(self, case_id: str, instruction_id: str) -> datetime | None:
        """When the money of an instruction went back for good; None: not yet, or it came back again."""
        for booked, returned in entry_ids(case_id, instruction_id):
            if booked in self._settled:
                return None if any(one in self._settled for one in returned) else self._settled[booked]
        return None


def _outcomes(requests: Sequence[_Request]) -> Iterator[dict[str, Any]]:
    """By merchant, outcome, decisive reason and currency; a currency is null where the order was not known.

    `named_minor`: what was asked for by those that named an amount. Of what is held, `amount_minor` is what would be
    paid back.
    """
    sums: dict[tuple[str, str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for request in requests:
        last = request.last
        money = last.amount or last.requested
        row = sums[request.merchant_id, last.outcome, last.reason, money.currency if money else ""]
        paid = [tender.amount.amount_minor for tender in last.tenders if tender.instruction_id in request.settled]
        row[0] += 1
        if last.requested is not None and money is not None and last.requested.currency == money.currency:
            row[1] += last.requested.amount_minor
        row[2] += last.amount.amount_minor if last.amount else 0
        row[3] += sum(paid)
    order = {name: place for place, name in enumerate((*FINAL, "held"))}
    for (merchant_id, outcome, reason, currency), row in sorted(
        sums.items(), key=lambda one: (one[0][0], order[one[0][1]], -one[1][0], one[0][2:])
    ):
        names = ("requests", "named_minor", "amount_minor", "settled_minor")
        yield {
            "merchant_id": merchant_id,
            "outcome": outcome,
            "reason": reason,
            "currency": currency or None,
        } | dict(zip(names, row, strict=True))


def _times(requests: Sequence[_Request]) -> Iterator[dict[str, Any]]:
    """By merchant: from the request to its final decision, and to when all of its money had gone back."""
    decided, settled = defaultdict[str, list[int]](list), defaultdict[str, list[int]](list)
    for request in requests:
        last, first_at = request.last, request.first_at
        if first_at is None or last.outcome not in FINAL:
            continue
        decided[request.merchant_id].append(_seconds(first_at, last.occurred_at))
        if last.tenders and len(request.settled) == len(last.tenders):
            settled[request.merchant_id].append(_seconds(first_at, max(request.settled.values())))
    for merchant_id in sorted(decided):
        for what, found in (("decision", decided[merchant_id]), ("settlement", settled[merchant_id])):
            yield {
                "merchant_id": merchant_id,
                "until": what,
                "requests": len(found),
                "median_seconds": nearest_rank(found, 50),
                "p90_seconds": nearest_rank(found, 90),
            }


def _seconds(start: datetime, end: datetime) -> int:
    """Whole ones; a decision on an event that is dated before its request took none."""
    return max(0, int((end - start).total_seconds()))


def nearest_rank(found: Sequence[int], percent: int) -> int | None:
    """The smallest value that `percent` of a hundred do not exceed; None where there is none."""
    if not found:
        return None
    return sorted(found)[-(-len(found) * percent // 100) - 1]
