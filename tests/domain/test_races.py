"""Every state of a dispute and a refund asked for at the same time, in both orders of arrival, over the pure core."""

import pytest

from app.domain.records import Told
from app.domain.snapshot import snapshot
from tests.domain.race_rows import ROWS as OF_STATES
from tests.domain.race_rows_of_money import ROWS as OF_MONEY
from tests.domain.races import Later, Outcome, Race, outcome_of
from tests.domain.stories import Story

RACES = [
    pytest.param(race, id=f"{row}: {race.name}") for row, races in (OF_STATES | OF_MONEY).items() for race in races
]


def run(race: Race) -> Outcome:
    story = Story(race.terms)
    for event in race.happens:
        story.later(days=event.days) if isinstance(event, Later) else story.when(event)
    templates = [record.template for record in story.all if isinstance(record, Told)]
    return outcome_of([out.body for out in story.told], templates, snapshot(story.case).body)


@pytest.mark.parametrize("race", RACES)
def test_a_refund_and_a_dispute_at_the_same_time(race):
    assert run(race) == race.outcome
