"""A round grows while it fits into the commit interval, and goes back as soon as it does not."""

import pytest

from app.runtime.pace import Pace


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def sizes(*seconds: float, most: int = 20_000, taken: int | None = None) -> list[int]:
    """How many each round takes, where rounds last so long; full ones, or of `taken` messages."""
    clock = Clock()
    pace, found = Pace(interval=0.1, most=most, clock=clock), []
    for spent in seconds:
        found.append(pace.messages)
        pace.took(pace.messages if taken is None else taken)
        clock.now += spent
        pace.over()
    return [*found, pace.messages]


def test_rounds_that_are_over_early_grow_at_most_twofold_up_to_the_most() -> None:
    assert sizes(0.02, 0.04, 0.08) == [5_000, 10_000, 20_000, 20_000]


def test_a_round_is_made_as_large_as_the_interval_has_time_for() -> None:
    assert sizes(0.0625, 0.1, 0.16) == [5_000, 8_000, 8_000, 5_000]


def test_a_round_that_lasts_too_long_makes_the_next_one_small_again() -> None:
    assert sizes(0.05, 0.8) == [5_000, 10_000, 5_000]


@pytest.mark.parametrize("most", [1, 100, 5_000])
def test_who_allows_few_messages_gets_no_more(most: int) -> None:
    assert sizes(0.0, 0.01, 5.0, most=most) == [most] * 4


def test_a_round_that_was_not_full_says_nothing() -> None:
    assert sizes(0.01, 0.01, taken=4_999) == [5_000, 5_000, 5_000]


def test_waiting_between_rounds_counts_for_nothing() -> None:
    clock = Clock()
    pace = Pace(interval=0.1, most=20_000, clock=clock)
    pace.took(5_000)
    clock.now += 0.05
    pace.over()
    clock.now += 60.0
    pace.over()
    assert pace.messages == 10_000
