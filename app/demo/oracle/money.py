"""The money of one payment, reckoned from what was said of it: captured, gone back, on its way.

This fold, and that of what disputes claim (`claims.py`), follow the contract's words and are asked for every prefix,
because the judge does not know how far the product had read when it decided, only how far it must have read at least.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from app.demo.oracle.heard import Fact

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

    def order(self, instruction_id: str, minor: int) -> None:
        """From here on so much is on its way."""
        self.refunds.setdefault(instruction_id, _Refund(minor))

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
