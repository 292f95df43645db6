"""Two courses of decisions beside each other: what comes out otherwise, and how much money that is.

A request flips where its outcome or its amount differs. Money is what goes out: the amount of an approval, else
nothing. Nothing is summed across currencies.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from app.backtest.world import Decision, Key

UNDECIDED = "undecided"


class Flip(msgspec.Struct, frozen=True):
    """One request that comes out otherwise. `currency` is None where neither decision knew it."""

    merchant_id: str
    order_id: str | None
    request_id: str
    old_outcome: str
    old_reason: str
    old_paid_minor: int
    new_outcome: str
    new_reason: str
    new_rule: str
    new_paid_minor: int
    currency: str | None

    @property
    def difference_minor(self) -> int:
        """What goes out more under the new policies; negative: less."""
        return self.new_paid_minor - self.old_paid_minor


class Shift(msgspec.Struct, frozen=True):
    """All flips of one merchant from one outcome and reason to another, in one currency."""

    merchant_id: str
    old_outcome: str
    old_reason: str
    new_outcome: str
    new_reason: str
    new_rule: str
    currency: str | None
    requests: int
    old_paid_minor: int
    new_paid_minor: int
    difference_minor: int


class Total(msgspec.Struct, frozen=True):
    """What goes out in one currency, over all requests, flipped or not."""

    currency: str
    old_paid_minor: int
    new_paid_minor: int
    difference_minor: int


@dataclass
class Comparison:
    """What a backtest found. `reasons_changed`: requests with the same outcome and amount for another reason."""

    requests: int = 0
    reasons_changed: int = 0
    flips: list[Flip] = field(default_factory=list)
    paid: dict[str, tuple[int, int]] = field(default_factory=dict)

    def shifts(self) -> list[Shift]:
        """The flips summed up by merchant, outcomes, reasons and currency: the largest difference of money first."""
        alike: dict[tuple[str, ...], list[Flip]] = {}
        for flip in self.flips:
            outcomes = (flip.old_outcome, flip.old_reason, flip.new_outcome, flip.new_reason, flip.new_rule)
            alike.setdefault((flip.merchant_id, *outcomes, flip.currency or ""), []).append(flip)
        found = [(of, _shift(flips)) for of, flips in alike.items()]
        found.sort(key=lambda one: (-abs(one[1].difference_minor), one[0]))
        return [shift for _, shift in found]

    def totals(self) -> list[Total]:
        """What goes out by currency, under the old policies and under the new ones."""
        return [Total(currency, old, new, new - old) for currency, (old, new) in sorted(self.paid.items())]


def compare(old: Mapping[Key, Decision], new: Mapping[Key, Decision]) -> Comparison:
    """The last decisions of two worlds, request by request."""
    told = Comparison()
    for key in _keys(old, new):
        before, after = old.get(key), new.get(key)
        told.requests += 1
        _count_money(told, before, after)
        if _is_flip(before, after):
            told.flips.append(_flip(key, before, after))
        elif before is not None and after is not None and before.code != after.code:
            told.reasons_changed += 1
    return told


def _keys(old: Mapping[Key, Decision], new: Mapping[Key, Decision]) -> Iterator[Key]:
    yield from old
    yield from (key for key in new if key not in old)


def _is_flip(before: Decision | None, after: Decision | None) -> bool:
    if before is None or after is None:
        return True
    return before.outcome != after.outcome or before.paid_minor != after.paid_minor


def _count_money(told: Comparison, before: Decision | None, after: Decision | None) -> None:
    for index, decision in enumerate((before, after)):
        if decision is not None and decision.amount is not None and decision.paid_minor:
            sums = list(told.paid.get(decision.amount.currency, (0, 0)))
            sums[index] += decision.paid_minor
            told.paid[decision.amount.currency] = (sums[0], sums[1])


def _flip(key: Key, before: Decision | None, after: Decision | None) -> Flip:
    amount = (after and after.amount) or (before and before.amount)
    return Flip(
        merchant_id=key.merchant_id,
        order_id=key.order_id,
        request_id=key.request_id,
        old_outcome=before.outcome if before else UNDECIDED,
        old_reason=before.code if before else "",
        old_paid_minor=before.paid_minor if before else 0,
        new_outcome=after.outcome if after else UNDECIDED,
        new_reason=after.code if after else "",
        new_rule=after.reasons[0].rule if after and after.reasons else "",
        new_paid_minor=after.paid_minor if after else 0,
        currency=amount.currency if amount else None,
    )


def _shift(flips: list[Flip]) -> Shift:
    first = flips[0]
    return Shift(
        merchant_id=first.merchant_id,
        old_outcome=first.old_outcome,
        old_reason=first.old_reason,
        new_outcome=first.new_outcome,
        new_reason=first.new_reason,
        new_rule=first.new_rule,
        currency=first.currency,
        requests=len(flips),
        old_paid_minor=sum(flip.old_paid_minor for flip in flips),
        new_paid_minor=sum(flip.new_paid_minor for flip in flips),
        difference_minor=sum(flip.difference_minor for flip in flips),
    )
