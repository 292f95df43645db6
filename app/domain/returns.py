"""Goods that came back or are on their way back, by line, and which of them an approval has already counted."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from app.domain.case import Case, Returned


def received(case: Case, line_id: str) -> list[Returned]:
    """Units of a line that came back, in order of arrival, the missing ones too; no more than had been bought."""
    came = [
        (back.received_at, part)
        for back in case.returns.values()
        if back.received is not None and back.received_at is not None
        for part in back.received.get(line_id, [])
    ]
    counted = _bought_of(case, line_id, [(moment, part.quantity) for moment, part in came])
    return [Returned(units, part.condition) for units, (_, part) in zip(counted, came, strict=True) if units]


def _bought_of(case: Case, line_id: str, shown: Sequence[tuple[datetime, int]]) -> list[int]:
    """Of units that came back at these times, how many had been bought by then, less those that came before them."""
    counted, so_far = [0] * len(shown), 0
    bought = case.order.bought_by(line_id, [moment for moment, _ in shown]) if case.order else None
    for index in sorted(range(len(shown)), key=lambda index: shown[index][0]):
        units = shown[index][1]
        counted[index] = max(0, min(units, (bought[index] if bought else units) - so_far))
        so_far += counted[index]
    return counted


def surplus_of(case: Case, line_id: str) -> int:
    """Units of a line that came back, or were sent back, beyond what had been bought; they count for nothing."""
    told = list(_told(case, line_id))
    return sum(units for _, units in told) - sum(_bought_of(case, line_id, told))


def units_here(case: Case, line_id: str) -> int:
    """Units of a line that came back and that no approval has counted yet."""
    line = case.order.lines.get(line_id) if case.order else None
    counted = line.returned_counted if line else 0
    return max(0, sum(part.quantity for part in received(case, line_id)) - counted)


def conditions_of(case: Case, line_id: str, quantity: int, *, otherwise: str) -> list[Returned]:
    """The next units of a line by condition, in runs that add up to `quantity`; `otherwise` for those nobody saw."""
    line = case.order.lines.get(line_id) if case.order else None
    skip, wanted, runs = line.returned_counted if line else 0, quantity, list[Returned]()
    for part in received(case, line_id):
        usable = max(0, part.quantity - skip)
        skip = max(0, skip - part.quantity)
        taken = min(usable, wanted)
        if taken:
            runs.append(Returned(taken, part.condition))
            wanted -= taken
    return [*runs, Returned(wanted, otherwise)] if wanted else runs


def shown_at(case: Case, line_id: str, quantity: int) -> datetime | None:
    """When so many units that no approval has counted yet had been sent back or were here; None while they are not."""
    line = case.order.lines.get(line_id) if case.order else None
    wanted = quantity + (line.returned_counted if line else 0)
    for moment, units in sorted(_shown(case, line_id)):
        wanted -= units
        if wanted <= 0:
            return moment
    return None


def _shown(case: Case, line_id: str) -> list[tuple[datetime, int]]:
    """When units of a line were shown to come back, and how many; no more than had been bought."""
    told = list(_told(case, line_id))
    counted = _bought_of(case, line_id, told)
    return [(moment, units) for (moment, _), units in zip(told, counted, strict=True)]


def _told(case: Case, line_id: str) -> Iterator[tuple[datetime, int]]:
    """When units of a line were sent back, or came back without that anybody had said so, and how many."""
    for back in case.returns.values():
        sent = back.shipped.get(line_id, 0)
        here = sum(part.quantity for part in (back.received or {}).get(line_id, []))
        moments = [back.shipped_at if sent else None, back.received_at if here else None]
        if sent:
            yield min(moment for moment in moments if moment), sent
        if here > sent and back.received_at:
            yield back.received_at, here - sent


def count_returned(case: Case, line_id: str, quantity: int, *, by_law: bool) -> int:
    """An approval uses up units that came back, by law also those that are on their way; how many of them."""
    assert case.order is not None
    units = units_here(case, line_id)
    if by_law:
        shown = sum(units for _, units in _shown(case, line_id))
        units = max(units, shown - case.order.lines[line_id].returned_counted)
    counted = min(quantity, units)
    case.order.lines[line_id].returned_counted += counted
    return counted


def uncount_returned(case: Case, counted: Mapping[str, int]) -> None:
    """An approval came to nothing: what came back for it serves the next one."""
    for line_id, quantity in counted.items():
        line = case.order.lines.get(line_id) if case.order else None
        if line is not None:
            line.returned_counted -= quantity
