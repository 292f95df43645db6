"""The arithmetic of the comparison: what is lost is found, rates are those of the window, ratios are taken by round."""

import os
import subprocess
import sys

import pytest

from tests.bench.peers import feed, order, page, plot, table
from tests.bench.peers.figures import Rates, Spread, rates, ratios, spread
from tests.bench.peers.results import Outcome, Results
from tests.bench.peers.verdict import Verdict, judge
from tests.bench.peers.watching import cpu_of

EXPECTED = [1, 1, 2]
STEADY_CPU = [(0.0, 0.0), (10.0, 5.0)]


@pytest.mark.parametrize(
    ("answers", "verdict", "text"),
    [
        ([(0, 1), (1, 1), (2, 2)], Verdict(0, 0, 0), "each once"),
        ([(2, 2), (0, 1), (1, 1)], Verdict(0, 0, 0), "each once"),
        ([(0, 1), (2, 2)], Verdict(1, 0, 0), "1 lost"),
        ([(0, 1), (0, 1), (1, 1), (2, 2)], Verdict(0, 1, 0), "1 repeated"),
        ([(0, 1), (0, 2), (1, 1), (2, 2)], Verdict(0, 1, 0), "1 repeated"),
        ([(0, 1), (1, 1), (2, 3)], Verdict(0, 0, 1), "1 wrong"),
        ([(0, 1), (1, 1), (2, 2), (3, 1)], Verdict(0, 0, 1), "1 wrong"),
        ([(0, 1), (1, 1), (2, 2), (-1, 1)], Verdict(0, 0, 1), "1 wrong"),
        ([(0, 2), (0, 1)], Verdict(2, 1, 1), "2 lost, 1 repeated, 1 wrong"),
        ([], Verdict(3, 0, 0), "3 lost"),
    ],
)
def test_answers_are_held_against_what_each_event_must_lead_to(answers, verdict, text):
    assert judge(answers, EXPECTED) == verdict
    assert verdict.text == text


def test_the_expected_counts_number_the_events_of_each_order():
    events = list(feed.orders(3000))
    ids = [one.order_id for one in events]
    again = next(number for number, order_id in enumerate(ids) if order_id in ids[:number])
    counts = feed.expected(3000)
    assert len(counts) == 3000
    assert list(counts[: again + 1]) == [1] * again + [2]
    assert sum(count == 1 for count in counts) == len(set(ids))
    assert [one.event_id for one in events[:2]] == ["evt-0", "evt-1"]
    assert {len(one.lines) for one in events} == {3}


def test_a_smaller_input_is_the_beginning_of_a_larger_one():
    assert list(feed.orders(20)) == list(feed.orders(50))[:20]


def test_an_answer_is_read_as_it_was_written():
    one = next(feed.orders(1))
    assert order.read_counted(order.counted(one, 7)) == order.Counted("evt-0", one.order_id, 7)
    assert order.read_order(order.write(one)) == one


def test_rates_are_those_between_the_two_fractions_of_a_run():
    # a slow start, then 100 outputs every 100 ms: the first half lasts until 5.0 s, nine tenths until 5.4 s
    appended = {1000: 400, 5000: 100, 5100: 100, 5200: 100, 5300: 100, 5400: 100, 9000: 100}
    assert rates(appended, STEADY_CPU, (0.5, 0.9)) == pytest.approx(Rates(1000, 2000))


def test_outputs_that_come_in_lumps_are_counted_from_the_end_of_one_to_the_end_of_another():
    appended = {1000: 600, 2000: 200, 3000: 200}
    # the half is reached within the lump at 1 s, all of which belongs to what was before
    assert rates(appended, STEADY_CPU, (0.5, 0.9)) == pytest.approx(Rates(200, 400))


def test_cpu_time_between_two_samples_lies_on_the_line_between_them():
    samples = [(0.0, 0.0), (1.0, 1.0), (2.0, 1.0), (3.0, 3.0)]
    assert rates({500: 50, 2500: 50}, samples, (0.5, 1.0)) == pytest.approx(Rates(25, 50 / 1.5))


@pytest.mark.parametrize(
    ("appended", "samples"),
    [
        ({}, STEADY_CPU),
        ({1000: 100}, STEADY_CPU),
        ({1000: 50, 2000: 50}, [(0.0, 0.0), (10.0, 0.0)]),
    ],
)
def test_a_run_that_is_too_short_to_be_measured_has_no_rates(appended, samples):
    with pytest.raises(ValueError, match="too short"):
        rates(appended, samples, (0.5, 0.9))


def test_a_spread_is_the_median_between_lowest_and_highest():
    assert spread([3.0, 1.0, 10.0]) == Spread(3.0, 1.0, 10.0)


def test_ratios_are_taken_within_a_round_before_the_median():
    # the median of each divided would be 1: that would hide which round was disturbed
    assert ratios([10.0, 20.0, 30.0], [30.0, 20.0, 10.0]) == Spread(1.0, 1 / 3, 3.0)
    assert ratios([10.0, 20.0, 60.0], [5.0, 5.0, 20.0]) == Spread(3.0, 2.0, 4.0)


def test_a_round_that_lacks_a_figure_gives_no_ratio():
    assert ratios([10.0, None, 30.0], [5.0, 1.0, None]) == Spread(2.0, 2.0, 2.0)
    assert ratios([None], [1.0]) is None


def test_the_cpu_time_of_a_system_is_that_of_all_its_processes_those_that_ended_included():
    work = "import time\nwhile time.process_time() < 0.3: pass\nprint('done', flush=True)\ninput()"
    before = cpu_of(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", work], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "done\n"
    while_it_lives = cpu_of(os.getpid()) - before
    child.communicate("\n", timeout=20)
    assert while_it_lives >= 0.25
    assert cpu_of(os.getpid()) - before >= 0.25


def test_a_process_that_is_gone_has_used_nothing():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait(20)
    assert cpu_of(child.pid) == 0


def test_every_contestant_has_what_the_table_names_for_it():
    entered = table.read()
    names = [one.name for one in entered.contestants]
    ours = {one.name for one in entered.contestants if one.beside is None}
    assert len(set(names)) == len(names)
    assert {one.beside for one in entered.contestants} - {None} == ours
    assert {goal.over for goal in entered.goals} <= set(names) - ours
    assert all(one.size in entered.sizes for one in entered.contestants)
    assert {one.runs.environment for one in entered.contestants} - {None} == set(entered.environments)
    assert all(pin.count("==") == 1 for pins in entered.environments.values() for pin in pins)
    assert 0 < entered.window[0] < entered.window[1] < 1


def found(**outcomes):
    return Results(facts={"date": "a day"}, rounds=1, outcomes={name: [one] for name, one in outcomes.items()})


def test_the_page_says_what_lost_what_was_not_run_and_which_goal_was_missed(tmp_path):
    results = found(
        **{
            "refundry-memory": Outcome(5000, Rates(1000, 2000), "each once"),
            "loop": Outcome(5000, Rates(1000, 4000), "each once"),
            "bytewax": Outcome(5000, Rates(100, 400), "7 lost"),
            "faust": Outcome(5000, None, "it ended with code 1 (20,000 lost)"),
        }
    )
    results.not_run["quix"] = "no such wheel"
    results.write(tmp_path / "kept.json")
    assert Results.read(tmp_path / "kept.json") == results
    lines = page.section(results, table.read()).splitlines()

    def row(beginning, *parts):
        return [line for line in lines if line.startswith(beginning) and all(part in line for part in parts)]

    assert row("| Bytewax 0.21.1, no recovery; never", "| 5,000 |", "100 (100 to 100)", "400 (400 to 400)", "7 lost")
    assert row("| Quix Streams 3.28.1, RocksDB; 0.1 s |", "not run", "no such wheel")
    assert row("| faust-streaming 0.15.3 as shipped", "it ended with code 1 (20,000 lost)")
    assert row("| this runtime, state in memory | hand-written", "0.50 (0.50 to 0.50)", "0.8 per CPU-second: missed")
    assert row("| this runtime, state in memory | Bytewax", "5.00", "10.00", "3 per CPU-second: met")
    drawing = plot.drawn(results, table.read())
    assert drawing.count("4,000</text>") == 2, "a bar's figure and a mark of the scale"
    assert "Quix" not in drawing
