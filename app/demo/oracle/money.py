"""The money of one payment, reckoned from what was said of it: captured, gone back, on its way, claimed by disputes.

Both folds follow the contract's words and are asked for every prefix, because the judge does not know how far the
product had read when it decided; it knows only how far it must have read at least.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from app.demo.oracle.heard import Fact

SAME_CLAIM = timedelta(days=60)
LOST = frozenset({"dispute.lost", "dispute.accepted", "dispute.expired"})
WON = frozenset({"dispute.won", "dispute.withdrawn"})
ENDS = LOST | WON
NEXT_STATUS: dict[tuple[str, str], str] = {
    ("approved", "submitted"): "submitted",
    ("approved", "succeeded"): "succeeded",
    ("approved", "failed"): "failed",
    ("approved", "reversed"): "reversed",
    ("submitted", "succeeded"): "succeeded",
    ("submitted", "failed"): "failed",
    ("submitted", "reversed"): "reversed",
    ("succeeded", "failed"): "reversed",
    ("succeeded", "reversed"): "reversed",
    ("failed", "succeeded"): "succeeded",
    ("reversed", "succeeded"): "succeeded",
}


class Standing(NamedTuple):
    """Minor units of one payment after a prefix of what was said of it."""

    captured: int
    settled: int
    in_flight: int

    @property
    def left(self) -> int:
        """What is left before any claim of a dispute."""
        return self.captured - self.settled - self.in_flight


@dataclass(slots=True)
class _Refund:
    """`told`: what was said of it, with the turn in which it was."""

    amount: int
    told: list[tuple[int, str]] = field(default_factory=list)

    @property
    def status(self) -> str:
        """What all of it comes to, in its order."""
        status = "approved"
        for _, event in self.told:
            status = NEXT_STATUS.get((status, event), status)
        return status


@dataclass(slots=True)
class Till:
    """Follows the facts of one payment. `refunds` starts with what was ordered and not answered yet."""

    captures: dict[str, int] = field(default_factory=dict)
    refunds: dict[str, _Refund] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    unknown: Callable[[str], bool] = lambda _: False

    @classmethod
    def with_issued(cls, issued: Mapping[str, int], unknown: Callable[[str], bool] = lambda _: False) -> "Till":
        """`issued`: amounts by instruction. `unknown(instruction_id)`: ours, but not ordered yet at this time."""
        return cls(refunds={name: _Refund(amount) for name, amount in issued.items()}, unknown=unknown)

    def apply(self, fact: Fact) -> None:
        """One more fact of the topic payments, or of store credit."""
        body, what = fact.body, fact.type
        if what == "payment.captured":
            self.captures.setdefault(body.get("capture_id") or body["payment_id"], body["amount"]["amount_minor"])
        elif what == "payment.capture_failed":
            capture = body.get("capture_id") or body["payment_id"]
            if capture in self.captures:
                self.captures[capture] = max(0, self.captures[capture] - body["amount"]["amount_minor"])
        elif what.startswith("store_credit."):
            self._refund(body["instruction_id"], None, "failed" if what.endswith("failed") else "succeeded", fact)
        elif what.startswith("refund.") and "amount" in body:
            self._refund(body.get("instruction_id"), body.get("refund_id"), what.removeprefix("refund."), fact)

    def _refund(self, instruction: str | None, refund: str | None, event: str, fact: Fact) -> None:
        if refund is not None and instruction is not None:
            self.names.setdefault(refund, instruction)
        name = instruction or self.names.get(refund or "", refund or "")
        if self.unknown(name):
            return
        entry = self.refunds.setdefault(name, _Refund(fact.body["amount"]["amount_minor"]))
        if refund is not None and refund != name and refund in self.refunds:
            # It was told by the refund's name alone before, and taken for another one.
            entry.told = sorted([*entry.told, *self.refunds.pop(refund).told])
        entry.told.append((fact.turn, event))

    @property
    def standing(self) -> Standing:
        """The sums so far."""
        settled = sum(r.amount for r in self.refunds.values() if r.status == "succeeded")
        on_way = sum(r.amount for r in self.refunds.values() if r.status in {"approved", "submitted"})
        return Standing(sum(self.captures.values()), settled, on_way)


def standings(facts: Iterable[Fact], till: Till) -> Iterator[Standing]:
    """The sums before the first fact, and after each."""
    yield till.standing
    for fact in facts:
        till.apply(fact)
        yield till.standing


class Claim(NamedTuple):
    """What disputes take out of a payment. `whole`: at least all that was captured, the currency being another."""

    minor: int
    whole: bool = False

    def of(self, captured: int) -> int:
        """Minor units claimed of a payment with this much captured."""
        return max(self.minor, captured) if self.whole else self.minor


@dataclass(slots=True)
class Dispute:
    """One dispute: what it claims, and what was moved."""

    opened_at: datetime | None = None
    amount: int = 0
    foreign: bool = False
    state: str = "open"
    withdrawn: int = 0
    reinstated: int = 0
    movements: set[str] = field(default_factory=set)
    out: bool = False
    early_end: str | None = None

    def apply(self, fact: Fact, currency: str | None) -> None:
        """One more fact of this dispute, in the order of arrival."""
        body, what = fact.body, fact.type
        if what == "dispute.opened":
            self.amount, self.opened_at = body["amount"]["amount_minor"], fact.at
            self.foreign = currency is not None and body["amount"]["currency"] != currency
            self.state, self.early_end = self.early_end or "open", None
        elif what in {"dispute.funds_withdrawn", "dispute.funds_reinstated"}:
            self._move(what, body.get("movement_id"), body["amount"]["amount_minor"])
        elif what in ENDS and self.opened_at is None:
            self.early_end = what
        elif what in ENDS:
            self.state = what
        elif what == "dispute.escalated" and self.state in ENDS:
            self.state = "open"

    def _move(self, what: str, movement: str | None, minor: int) -> None:
        back = what == "dispute.funds_reinstated"
        if movement is not None:
            if f"{what}/{movement}" in self.movements:
                return
            self.movements.add(f"{what}/{movement}")
        elif back != self.out:
            return
        self.out = not back
        if back:
            self.reinstated += minor
        else:
            self.withdrawn += minor

    @property
    def moved(self) -> int:
        """What the merchant is down by the movements."""
        return self.withdrawn - self.reinstated

    @property
    def claim(self) -> Claim:
        """What it takes out of the payment."""
        if self.opened_at is None or self.state in WON:
            return Claim(max(0, self.moved))
        return Claim(max(0, self.amount, self.moved), self.foreign)


@dataclass(slots=True)
class Claims:
    """All disputes and credits of one payment."""

    currency: str | None
    disputes: dict[str, Dispute] = field(default_factory=dict)
    alerts: dict[str, tuple[int, datetime]] = field(default_factory=dict)

    def apply(self, fact: Fact) -> None:
        """One more fact of the topic disputes."""
        body = fact.body
        if fact.type == "dispute.alerted":
            if body.get("already_credited"):
                self.alerts.setdefault(body["alert_id"], (body["amount"]["amount_minor"], fact.at))
        elif body.get("dispute_id") is not None and fact.type.startswith("dispute."):
            self.disputes.setdefault(body["dispute_id"], Dispute()).apply(fact, self.currency)

    @property
    def credited(self) -> int:
        """What the network paid back by itself, each claim once: no alert that another or a dispute repeats."""
        known = [(d.amount, d.opened_at) for d in self.disputes.values() if d.opened_at is not None]
        total = 0
        for amount, at in self.alerts.values():
            if not any(amount == other and abs(at - when) <= SAME_CLAIM for other, when in known):
                total += amount
                known.append((amount, at))
        return total

    @property
    def moved(self) -> int:
        """Withdrawn less reinstated, of all disputes."""
        return sum(dispute.moved for dispute in self.disputes.values())

    @property
    def total(self) -> Claim:
        """What all of them take out of the payment."""
        each = [dispute.claim for dispute in self.disputes.values()]
        return Claim(sum(claim.minor for claim in each) + self.credited, any(claim.whole for claim in each))


def claims_along(facts: Iterable[Fact], currency: str | None) -> Iterator[Claims]:
    """The claims before the first fact, and after each; the same object, moved on."""
    claims = Claims(currency)
    yield claims
    for fact in facts:
        claims.apply(fact)
        yield claims
