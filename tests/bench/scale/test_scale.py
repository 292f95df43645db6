"""The arithmetic of the bench of scale, and that its events are what they claim to be."""

import json
from collections import Counter

import pytest

from agents import Desk, assemble
from app.domain import tables
from app.runtime.log import MemoryLog
from app.runtime.store.memory import MemoryStore
from app.runtime.topology import Message
from tests.bench.scale import page, plot
from tests.bench.scale.cases import Draw, later, opening
from tests.bench.scale.results import Abreast, Milestone, Results, Sizes, Start, Turn
from tests.bench.scale.site import restored
from tests.bench.worker import Wave

NOW = 1_800_000_000_000


def wave(us, events=1000):
    """A wave whose events cost so many µs of CPU each, at 1,000 events per second."""
    return Wave(events, events / 1000, events * us / 1e6, 0.0)


def test_each_case_is_opened_by_its_order_and_its_payment_and_later_events_reach_it():
    tables.prepare()
    stores, said = {}, Counter()

    def make(table):
        return stores.setdefault(table, MemoryStore())

    def hear(output):
        kind = json.loads(output.value).get("type") if output.topic == "refund-decisions" else ""
        said[output.topic, kind] += 1

    log = MemoryLog(assemble(Desk(secret=b"a key for a test, and no secret")), stores=make, sink=hear, version="0")

    def give(messages):
        for sent in messages:
            log.append(Message(sent.topic, 0, 0, NOW, sent.key, sent.value, sent.headers))
        log.commit()

    give(opening(range(30)))
    assert {name: len(list(store.scan())) for name, store in stores.items()} == {
        "links": 30,
        "cases": 30,
        "customers": 15,
        "standings": 15,
    }
    assert stores["cases"].timers == 30
    give(later(range(30)))
    assert said["refund-decisions", "refund.approved"] == 10
    assert said["dead-letters", ""] == 0
    assert len(list(stores["cases"].scan())) == 30
    # placed and captured; then ten shipments, ten requests that wait for the customer's history, ten settlements
    assert said["case-snapshots", ""] == 2 * 30 + 10 + 2 * 10 + 10


def test_cases_are_drawn_once_each_and_only_from_those_that_are_open():
    draw = Draw(seed=1)
    first = draw.some(60, 100)
    assert len(set(first)) == 60
    assert set(first) <= set(range(100))
    rest = draw.some(40, 100)
    assert set(first) | set(rest) == set(range(100))
    with pytest.raises(ValueError, match="do not have 1"):
        draw.some(1, 100)
    assert set(draw.some(100, 200)) == set(range(100, 200))


def test_growth_is_taken_within_a_turn():
    # the machine was slower in the second turn, for both
    assert Turn([wave(300), wave(340)], wave(320)).growth == pytest.approx(1.0)
    assert Turn([wave(700), wave(740)], wave(600)).growth == pytest.approx(1.2)
    assert Turn([wave(300)], None).growth is None


def test_what_a_worker_restored_is_read_from_its_metrics():
    metrics = {
        'refundry_restored_records_total{table="cases"}': 7.0,
        'refundry_restored_records_total{table="links"}': 0.0,
        "refundry_restore_seconds_sum": 2.5,
    }
    assert restored(metrics) == {"cases": 7, "links": 0}


def found(growth):
    """A run in which an event costs `growth` times as much with a million cases."""
    facts = {part: {"date": "a day"} for part in ("growth", "workers")}
    turn = Turn([wave(300 * growth), wave(300 * growth)], wave(300))
    milestones = [
        Milestone(1_000, wave(200), [Turn([wave(300)], None)], Sizes(200.0, 1.0, 2.0)),
        Milestone(1_000_000, wave(210), [turn], Sizes(200.0 + 999_000 / 1024, 500.0, 1000.0)),
    ]
    starts = [
        Start("after a kill", {"cases": 5000, "links": 0}, 0.5, 4.0, 3.0, 300.0),
        Start("without its directory", {"cases": 2_000_000, "links": 1_000_000}, 50.0, 55.0, 40.0, 700.0),
    ]
    return Results(facts, milestones, starts, [Abreast(2, wave(250), 0.1)])


def test_what_was_kept_is_read_as_it_was_written(tmp_path):
    found(1.5).write(tmp_path / "kept.json")
    assert Results.read(tmp_path / "kept.json") == found(1.5)
    Results().write(tmp_path / "nothing.json")
    assert Results.read(tmp_path / "nothing.json") == Results()
    assert "Nothing was measured yet" in page.section(Results())


@pytest.mark.parametrize(
    ("growth", "verdict"), [(1.1, "10% with 1,000,000: met"), (1.31, "31% with 1,000,000: missed")]
)
def test_the_page_says_whether_the_goal_was_met(growth, verdict):
    assert verdict in page.section(found(growth))


def test_the_page_says_what_a_case_takes_and_how_fast_it_is_restored():
    lines = page.section(found(1.0)).splitlines()
    # a KiB more of memory for each of 999,000 cases; 499 MiB and 998 MiB more are 0.51 and 1.02 KiB for each
    assert "| 1,000 to 1,000,000 | 1.0 | 0.5 | 1.0 |" in lines
    assert "| after a kill | 5,000 (5,000 of cases) | 0.5 | 10,000 | 4.0 | 3.0 | 300 |" in lines
    assert any(
        line.endswith("restored 20,000 cases/s, 20 MiB/s of changelog as it lies compressed on the broker.")
        for line in lines
    )
    assert "| 2 | 1,000 | 250 | 100 |" in lines


def test_what_the_smallest_costs_is_told_of_all_installations_of_that_size():
    results = found(1.1)
    assert [results.per_event(one) for one in results.milestones] == [
        pytest.approx([300, 300]),
        pytest.approx([330]),
    ]


def test_the_drawing_has_a_row_for_each_number_of_cases_in_both_panels():
    drawn = plot.drawn(found(1.2))
    assert drawn.count(">1,000 open cases</text>") == 2
    assert drawn.count(">1,000,000 open cases</text>") == 2
    assert ">360</text>" in drawn
