"""A bad message is its producer's mistake; a flood of them stops the worker."""

import pytest

from app.runtime.limits import DeadLetterCount, DeadLetterLimit

LIMIT = DeadLetterLimit(run=5, ratio=0.5, window=20)


@pytest.mark.parametrize(
    ("batches", "why"),
    [
        ([(10, [])], None),
        ([(1, [0])], None),
        ([(4, [0, 1, 2, 3])], None),
        ([(5, [0, 1, 2, 3, 4])], "one after the other"),
        ([(9, [2, 3, 4, 5, 6])], "one after the other"),
        ([(3, [0, 1, 2]), (2, [0, 1])], "one after the other"),
        ([(3, [0, 1, 2]), (3, [1, 2]), (2, [0])], None),
        ([(3, [0, 1, 2]), (0, []), (2, [0, 1])], "one after the other"),
        ([(4, [0, 1, 2, 3]), (1, []), (4, [0, 1, 2, 3])], None),
        ([(20, list(range(0, 20, 2)))], "of the last 20"),
        ([(20, list(range(0, 18, 2)))], None),
        ([(10, list(range(0, 10, 2))), (10, [])], None),
        ([(8, [0, 2, 4, 6])] * 3, "of the last"),
        ([(20, [0, 2, 4, 6, 8, 10, 12, 14, 16]), (20, []), (20, [0, 2, 4, 6, 8, 10, 12, 14, 16])], None),
    ],
)
def test_a_run_or_a_share_of_dead_letters_stops_the_worker(
    batches: list[tuple[int, list[int]]], why: str | None
) -> None:
    count = DeadLetterCount(LIMIT)
    reasons = [reason for total, refused in batches if (reason := count.add(total, refused))]
    assert (why in reasons[0]) if why else not reasons


def test_what_is_counted_does_not_grow_with_the_topic() -> None:
    count = DeadLetterCount(LIMIT)
    for _ in range(10_000):
        assert count.add(3, [0]) is None
    assert len(count._batches) < 20


def test_a_copy_counts_on_its_own():
    count = DeadLetterCount(LIMIT)
    count.add(1, [0])
    copy = count.copy()
    assert copy == count
    copy.add(1, [0])
    assert (count.run, copy.run) == (1, 2)
    assert copy != count
