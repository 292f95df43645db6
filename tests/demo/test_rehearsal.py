"""A shop's day, decided by the product and judged by the oracle."""

import pytest

from tests.demo.rehearsal import Rehearsal


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_day_is_decided_without_a_violation(seed):
    verdict = Rehearsal().play(3_000, seed)
    assert verdict.holds, str(verdict)
    figures = verdict.figures
    assert figures.duplicates_absorbed > 100
    assert figures.dead_letters.total() > 15
    assert figures.outcomes["approved"] > 150
    assert figures.payments_judged > 400
    assert figures.lines_judged > 200


def test_a_day_of_which_only_the_order_of_partitions_is_known_is_judged_as_well():
    verdict = Rehearsal(total_order=False).play(2_000, 4)
    assert verdict.holds, str(verdict)
