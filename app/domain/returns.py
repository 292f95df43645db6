"""Goods that came back, by line, and which of them an approval has already counted."""

from collections.abc import Mapping

from app.domain.case import Case, Returned


def received(case: Case, line_id: str) -> list[Returned]:
    """Units of a line that came back, in order of arrival, the missing ones too."""
    return [
        part for back in case.returns.values() if back.received is not None for part in back.received.get(line_id, [])
    ]


def units_here(case: Case, line_id: str) -> int:
    """Units of a line that came back and that no approval has counted yet."""
    line = case.order.lines.get(line_id) if case.order else None
    counted = line.returned_counted if line else 0
    return max(0, sum(part.quantity for part in received(case, line_id)) - counted)


def conditions_of(case: Case, line_id: str, quantity: int, *, otherwise: str) -> list[Returned]:
    """The next units of a line by condition, in runs that add up to `quantity`;

    `otherwise` for those nobody has seen.
    """
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


def count_returned(case: Case, line_id: str, quantity: int) -> int:
    """An approval uses up units that came back; how many of them."""
    assert case.order is not None
    counted = min(quantity, units_here(case, line_id))
    case.order.lines[line_id].returned_counted += counted
    return counted


def uncount_returned(case: Case, counted: Mapping[str, int]) -> None:
    """An approval came to nothing: what came back for it serves the next one."""
    for line_id, quantity in counted.items():
        line = case.order.lines.get(line_id) if case.order else None
        if line is not None:
            line.returned_counted -= quantity
