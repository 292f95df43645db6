"""A year of a shop, played and judged: 3,000 payments whenever tests run, 100,000 where what takes long is asked for."""

import json
import os
import random
import sys

import pytest

from app.demo.oracle import Record
from tests.domain.wire import model_of
from tests.year.judging import Verdict, judged_year
from tests.year.networks import FAMILIES, roads
from tests.year.plan import DAY, FULL, NIGHT, SHORT
from tests.year.races import RACES
from tests.year.table import table

WORDS = ("near", "crossed", "cleared")


def _fits_its_model(record: Record) -> None:
    """What goes out fits the closed model of its topic."""
    if record.topic != "dead-letters":
        assert record.value is not None
        body = json.loads(record.value)
        model_of(record.topic, body).model_validate_json(record.value)


@pytest.fixture(scope="module")
def short() -> Verdict:
    # The same year every time where the examples of hypothesis are the same, too; else each run finds its own.
    same = os.environ.get("REFUNDRY_HYPOTHESIS") == "ci"
    seed = 1 if same else random.SystemRandom().randrange(1_000_000)
    sys.stdout.write(f"again with: python -m tests.year --short --seed {seed}\n")
    return judged_year(SHORT, seed, check=_fits_its_model)


@pytest.mark.slow
def test_a_short_year_violates_nothing(short: Verdict):
    assert not short.violations, table(short)


@pytest.mark.slow
def test_a_short_year_has_every_course_and_comes_to_every_end(short: Verdict):
    courses = short.played.courses
    assert courses.total() == SHORT.payments
    assert {f"{family}: {name}" for family in FAMILIES for name in roads(family)} < courses.keys()
    assert {race.__name__ for race in RACES} < courses.keys()
    ends = {part for place in short.states for part in place.split("/")}
    assert {"won", "lost", "accepted", "expired", "withdrawn", "evidence_submitted"} < ends
    assert {"inquiry", "chargeback", "pre_arbitration", "arbitration"} < ends
    expected = {"dispute.action_required", "dispute.closed", "dispute.deadline_near", "exposure.detected"}
    assert expected < short.alerts.keys()
    assert min(short.judged[name] for name in ("called off", "verdicts", "answered", "prefixes_below_zero")) > 0
    assert {(NIGHT, "mastercard_ecm", word) for word in ("near", "crossed")} <= short.reached


@pytest.mark.long
@pytest.mark.slow
def test_a_year_of_a_hundred_thousand_payments_violates_nothing_and_reaches_the_programmes(capsys):
    seed = random.SystemRandom().randrange(1_000_000)
    with capsys.disabled():
        sys.stdout.write(f"\nagain with: python -m tests.year --seed {seed}\n")
        year = judged_year(FULL, seed, progress=lambda now, _: sys.stdout.write(f"{now:%Y-%m} "))
        sys.stdout.write(f"\n{table(year)}\n")
    assert not year.violations, table(year)
    assert year.played.courses.total() == FULL.payments
    assert {(NIGHT, "mastercard_efm", word) for word in WORDS} <= year.reached
    assert {(DAY, "mastercard_ecm", word) for word in WORDS} <= year.reached
    for programme in ("visa_vamp", "mastercard_ecm", "mastercard_hecm"):
        assert {(NIGHT, programme, word) for word in WORDS[:2]} <= year.reached
