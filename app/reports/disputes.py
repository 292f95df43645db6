"""Disputes: how many, how they ended, what they cost against what was expected, and which must be answered when.

A dispute belongs to the period in which it was opened; an inquiry that never became a chargeback, to that of the last
change of its case. What was expected to come back is the win probability of the last advice times the amount, exact to
the end of each row.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

import msgspec

from app.domain.money import rounded
from app.reports.said import Closed, Dispute, Once, Period, Snapshot
from topics.catalogue import ALERTS, SNAPSHOTS

ENDED = ("won", "lost", "withdrawn", "accepted", "expired")
DEADLINES_MAX = 50


class _Known(NamedTuple):
    merchant_id: str
    order_id: str | None
    dispute: Dispute


class DisputeReport:
    """Takes snapshots and alerts, in any order. `at`: what is due before is overdue; None: the newest change heard."""

    topics = (SNAPSHOTS, ALERTS)

    def __init__(self, period: Period, at: datetime | None) -> None:
        self._period, self._at = period, at
        self._snapshot = msgspec.json.Decoder(Snapshot).decode
        self._closing = Once(Closed)
        self._cases: dict[str, Snapshot] = {}
        self._recovered: dict[tuple[str, str], tuple[datetime, int]] = {}
        self._newest: datetime | None = None

    def take(self, topic: str, key: bytes | None, value: bytes | None) -> None:
        """Looks at one record; the last snapshot per case counts."""
        if value is None or key is None:
            return
        if topic == SNAPSHOTS:
            snapshot = self._snapshot(value)
            self._newest = max(self._newest or snapshot.occurred_at, snapshot.occurred_at)
            if snapshot.disputes and self._period.merchant_id in (None, snapshot.merchant_id):
                self._cases[key.decode()] = snapshot
        elif (closed := self._closing(value)) is not None and closed.dispute_id and closed.recovered is not None:
            name = (closed.merchant_id, closed.dispute_id)
            before = self._recovered.get(name)
            if before is None or before[0] <= closed.occurred_at:
                self._recovered[name] = (closed.occurred_at, closed.recovered.amount_minor)

    def document(self) -> dict[str, Any]:
        """All of it."""
        disputes = list(self._meant())
        return {
            "period": self._period.document(),
            "as_of": self._at or self._newest,
            "disputes": list(self._rows(disputes)),
            "results": list(self._results(disputes)),
            "fees": list(_fees(disputes)),
            "deadlines": list(self._deadlines(disputes)),
        }

    def _meant(self) -> Iterator[_Known]:
        for snapshot in self._cases.values():
            for dispute in snapshot.disputes:
                if self._period.holds(dispute.opened_at or snapshot.occurred_at, snapshot.merchant_id):
                    yield _Known(snapshot.merchant_id, snapshot.order_id, dispute)

    def _rows(self, disputes: list[_Known]) -> Iterator[dict[str, Any]]:
        sums: dict[tuple[str, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
        for one in disputes:
            told = one.dispute
            place = (told.network or "other", told.category or "", told.stage, told.state)
            row = sums[one.merchant_id, *place, _currency(told)]
            row[0] += 1
            row[1] += told.amount.amount_minor if told.amount else 0
            row[2] += told.withdrawn_minor
            row[3] += told.reinstated_minor
        for (merchant_id, network, category, stage, state, currency), row in sorted(sums.items()):
            names = ("disputes", "amount_minor", "withdrawn_minor", "reinstated_minor")
            yield {
                "merchant_id": merchant_id,
                "network": network,
                "category": category or None,
                "stage": stage,
                "state": state,
                "currency": currency or None,
            } | dict(zip(names, row, strict=True))

    def _results(self, disputes: list[_Known]) -> Iterator[dict[str, Any]]:
        """Of those that ended: the win rate of those that a network judged, and the money of all."""
        alike = defaultdict[tuple[str, str, str, str], list[_Known]](list)
        for one in disputes:
            if one.dispute.state in ENDED and one.dispute.amount is not None:
                told = one.dispute
                alike[one.merchant_id, told.network or "other", told.category or "", _currency(told)].append(one)
        for (merchant_id, network, category, currency), ended in sorted(alike.items()):
            ends = {state: sum(one.dispute.state == state for one in ended) for state in ENDED}
            advised = [one for one in ended if one.dispute.recommendation is not None]
            yield {
                "merchant_id": merchant_id,
                "network": network,
                "category": category or None,
                "currency": currency,
                **ends,
                "win_rate": share(ends["won"], ends["won"] + ends["lost"]),
                "disputed_minor": sum(_minor(one) for one in ended),
                "recovered_minor": sum(self._recovered_of(one) for one in ended),
                "lost_minor": sum(max(0, _minor(one) - self._recovered_of(one)) for one in ended),
                "expected_minor": rounded(sum((_expected(one) for one in advised), Fraction(0))),
                "came_back_of_expected_minor": sum(self._recovered_of(one) for one in advised),
            }

    def _recovered_of(self, one: _Known) -> int:
        """As the alert of its end said; where that is gone, what was reinstated."""
        said = self._recovered.get((one.merchant_id, one.dispute.dispute_id))
        return said[1] if said is not None else one.dispute.reinstated_minor

    def _deadlines(self, disputes: list[_Known]) -> Iterator[dict[str, Any]]:
        at = self._at or self._newest
        open_ = [
            (one.dispute.respond_by, one)
            for one in disputes
            if one.dispute.state == "open" and one.dispute.respond_by is not None
        ]
        for respond_by, one in sorted(open_, key=lambda pair: (pair[0], pair[1].dispute.dispute_id))[:DEADLINES_MAX]:
            told = one.dispute
            assert at is not None, "there is a snapshot"
            yield {
                "respond_by": respond_by,
                "overdue": respond_by < at,
                "hours_left": _hours(at, respond_by),
                "merchant_id": one.merchant_id,
                "order_id": one.order_id,
                "dispute_id": told.dispute_id,
                "network": told.network,
                "category": told.category,
                "stage": told.stage,
                "amount_minor": told.amount.amount_minor if told.amount else None,
                "currency": _currency(told) or None,
                "advice": told.recommendation.action if told.recommendation else None,
            }


def share(part: int, whole: int) -> str | None:
    """A share as a decimal string of two digits, half up; None of nothing."""
    if not whole:
        return None
    hundredths = (200 * part + whole) // (2 * whole)
    return f"{hundredths // 100}.{hundredths % 100:02}"


def _hours(at: datetime, until: datetime) -> int:
    """Whole hours, downwards; negative where it is past."""
    return int((until - at).total_seconds() // 3600)


def _fees(disputes: list[_Known]) -> Iterator[dict[str, Any]]:
    """What the disputes cost in fees, each in its own currency."""
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for one in disputes:
        for fee in one.dispute.fees:
            sums[one.merchant_id, one.dispute.network or "other", fee.currency] += fee.amount_minor
    for (merchant_id, network, currency), minor in sorted(sums.items()):
        yield {"merchant_id": merchant_id, "network": network, "currency": currency, "fees_minor": minor}


def _expected(one: _Known) -> Fraction:
    assert one.dispute.recommendation is not None
    return Fraction(one.dispute.recommendation.win_probability) * _minor(one)


def _minor(one: _Known) -> int:
    return one.dispute.amount.amount_minor if one.dispute.amount else 0


def _currency(dispute: Dispute) -> str:
    return dispute.amount.currency if dispute.amount else ""
