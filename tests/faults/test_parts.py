"""The parts of a storm that need no broker: one seed gives one schedule, and a report that found something says so."""

from collections import Counter

import pytest

from app.demo.oracle import Verdict
from app.demo.oracle.verdict import Figures, Violation
from tests.faults.schedule import BROKER_FAULTS, WEIGHTS, Fault, schedule
from tests.faults.storm import Report, Struck
from tests.kafka.state import Compared

SIZES = {"count": 200, "workers": 2, "brokers": 3, "session_seconds": 6.0}
VIOLATION = Violation("P1", "double_approval", "shop/r1", "approved twice")


def test_the_same_seed_strikes_in_the_same_order_and_another_one_does_not() -> None:
    assert list(schedule(7, **SIZES)) == list(schedule(7, **SIZES))
    assert list(schedule(7, **SIZES)) != list(schedule(8, **SIZES))


def test_every_kind_of_fault_comes_before_any_comes_twice_and_has_a_victim_that_exists() -> None:
    faults = list(schedule(7, **SIZES))
    assert len(faults) == 200
    assert {fault.kind for fault in faults[: len(WEIGHTS)]} == WEIGHTS.keys()
    assert all(0 <= fault.victim < (3 if fault.kind in BROKER_FAULTS else 2) for fault in faults)
    assert all(fault.seconds > 6 for fault in faults if fault.kind == "freeze and fence"), "the session must end"
    assert all(fault.seconds < 6 for fault in faults if fault.kind == "freeze"), "and here it must not"


HIT, IDLE = Struck(Fault("kill", 0, 1.0), 9, took=True), Struck(Fault("kill", 0, 1.0), 0, took=True)
SAME = Compared(40, 0)
NOTHING = Struck(Fault("freeze and fence", 0, 9.0), 9, took=False)


def report(
    *,
    exits: dict[int, int] | None = None,
    wrong: tuple[Violation, ...] = (),
    repeated: int = 0,
    links: Compared = SAME,
    struck: tuple[Struck, ...] = (HIT, HIT, HIT, IDLE),
) -> Report:
    verdict = Verdict(wrong, Figures(outputs_repeated=repeated))
    compared = {"cases": Compared(300, 0), "links": links}
    return Report(list(struck), Counter(exits or {-9: 1, 75: 2, 4: 1, 0: 2}), verdict, compared, 10.0)


def test_a_storm_that_was_weathered_found_nothing() -> None:
    assert report().faults_found == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (report(wrong=(VIOLATION,)), "double_approval"),
        (report(repeated=2), "2 outputs were said twice"),
        (report(links=Compared(40, 3)), "3 rows of links differ"),
        (report(links=Compared(0, 0)), "no row of links was there to compare"),
        (report(exits={5: 1}), "a worker ended with 5"),
        (report(struck=()), "0 of 0 faults hit"),
        (report(struck=(HIT, HIT, IDLE)), "2 of 3 faults hit"),
        (report(struck=(HIT, HIT, HIT, IDLE, NOTHING)), "3 of 5 faults hit"),
    ],
)
def test_whatever_is_wrong_fails_the_storm(found: Report, said: str) -> None:
    (reason,) = found.faults_found
    assert said in reason


def test_of_each_fault_is_told_whether_it_hit() -> None:
    assert [str(one) for one in (HIT, IDLE, NOTHING)] == [
        "kill (0, 1.0 s) hit, 9 messages waited",
        "kill (0, 1.0 s) met nothing that waited",
        "freeze and fence (0, 9.0 s) did not take",
    ]
