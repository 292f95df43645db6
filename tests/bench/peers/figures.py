"""From what was seen to the figures of the table: rates of one run, ratios within a round, medians over rounds."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple


class Rates(NamedTuple):
    """Events per second by the clock, and per CPU-second of all processes of the contestant."""

    wall: float
    cpu: float


class Spread(NamedTuple):
    """The median of several rounds, the lowest and the highest."""

    middle: float
    low: float
    high: float


def rates(appended: Mapping[int, int], samples: Sequence[tuple[float, float]], window: tuple[float, float]) -> Rates:
    """The rates of a run between the moments at which two fractions of its outputs were there.

    `appended`: outputs by the millisecond at which they were; `samples`: (seconds, CPU seconds until then), in order.
    """
    whole = sum(appended.values())
    first, last = (fraction * whole for fraction in window)
    began = ended = None
    before = within = there = 0
    for at in sorted(appended):
        there += appended[at]
        if began is None and there >= first:
            began, before = at, there
        if there >= last:
            ended, within = at, there - before
            break
    if began is None or ended is None or ended == began:
        raise ValueError("too few outputs, or all at once: the run is too short to be measured")
    cpu = _at(samples, ended / 1000) - _at(samples, began / 1000)
    if cpu <= 0:
        raise ValueError("no CPU time was seen: the run is too short to be measured")
    return Rates(1000 * within / (ended - began), within / cpu)


def _at(samples: Sequence[tuple[float, float]], moment: float) -> float:
    """CPU seconds at a moment, on the straight line between the samples around it."""
    place = min(max(bisect_right(samples, moment, key=lambda sample: sample[0]), 1), len(samples) - 1)
    (earlier, less), (later, more) = samples[place - 1], samples[place]
    return less + (more - less) * (moment - earlier) / (later - earlier)


def spread(figures: Sequence[float]) -> Spread:
    """Median, lowest and highest."""
    return Spread(median(figures), min(figures), max(figures))


def ratios(ours: Sequence[float | None], theirs: Sequence[float | None]) -> Spread | None:
    """Ours over theirs, round by round; rounds that lack one of them are left out, None where none is left."""
    found = [one / other for one, other in zip(ours, theirs, strict=True) if one is not None and other is not None]
    return spread(found) if found else None
