"""What the parts of an order must add up to."""

from collections.abc import Sequence
from typing import Protocol

from topics.envelope import Misfit


class Taxed(Protocol):
    """A tax as charged."""

    @property
    def amount_minor(self) -> int: ...


class Priced(Protocol):
    """A line or a delivery, as either decoder gives it."""

    @property
    def amount_minor(self) -> int: ...
    @property
    def discount_minor(self) -> int: ...
    @property
    def taxes(self) -> Sequence[Taxed]: ...


def refuse_repeated(ids: Sequence[str], path: str) -> None:
    """Raises `Misfit` where an id occurs twice; `path` has a place for its index."""
    if len(ids) > 1 and len(set(ids)) < len(ids):
        index = next(i for i, value in enumerate(ids) if value in ids[:i])
        raise Misfit(path.format(index), "an id that no other entry of the list has")


def priced(parts: Sequence[Priced], path: str, *, included: bool) -> tuple[int, int]:
    """What the parts cost after their own discounts: with taxes, and as they are priced.

    Raises `Misfit` where a part would cost less than nothing.
    """
    total = amounts = 0
    for part in parts:
        amount = part.amount_minor - part.discount_minor
        taxes = 0
        for tax in part.taxes:
            taxes += tax.amount_minor
        if amount < 0:
            raise Misfit(f"{path}[{_index(parts, part)}].discount_minor", "at most the amount that it reduces")
        if included and taxes > amount:
            raise Misfit(f"{path}[{_index(parts, part)}].taxes", "taxes inside the price of at most the price")
        amounts += amount
        total += amount if included else amount + taxes
    return total, amounts


def _index(parts: Sequence[Priced], part: Priced) -> int:
    return next(index for index, other in enumerate(parts) if other is part)
