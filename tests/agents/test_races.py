"""The same races through the agents: bytes in, records out."""

import json

import pytest

from tests.agents.shop import Shop
from tests.domain.races import Later, Outcome, Race, outcome_of
from tests.domain.test_races import RACES


def run(race: Race) -> Outcome:
    shop = Shop(race.terms)
    for event in race.happens:
        shop.later(days=event.days) if isinstance(event, Later) else shop.publish(event)
    assert not shop.letters()
    said = [json.loads(out.value or b"{}") for out in shop.outputs if out.topic in SAID]
    templates = [body["template"] for body in shop.bodies("customer-notifications")]
    return outcome_of(said, templates, shop.snapshot())


SAID = frozenset({"refund-decisions", "refund-instructions", "chargeback-alerts"})


@pytest.mark.parametrize("race", RACES)
def test_a_refund_and_a_dispute_at_the_same_time(race):
    assert run(race) == race.outcome
