"""The arithmetic of the latency: who is timed, from when, and which wait a share of all did not exceed."""

import xml.etree.ElementTree as ET
from collections import Counter

import pytest

from tests.bench.latency import page, plot
from tests.bench.latency.lives import BETWEEN_S, lives, request_of
from tests.bench.latency.page import Goal, Results, Row
from tests.bench.latency.timing import Timed, Work, quantile

WORK = Work(rounds=10, handling=0.05, committing=0.1, cpu=0.4)
HUNDRED = [float(number) for number in range(1, 101)]


@pytest.mark.parametrize(
    ("share", "wait"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.991, 100), (0.0, 1), (0.001, 1)]
)
def test_a_quantile_is_one_of_the_figures(share: float, wait: float) -> None:
    assert quantile(HUNDRED, share) == wait
    assert quantile([7.0], share) == 7


def test_events_come_at_the_rate_and_while_requests_are_timed_all_three_kinds_come() -> None:
    sent = list(lives("a", 300, 5))
    timed = [one for one in sent if one.request is not None]
    assert [one.due for one in sent] == sorted(one.due for one in sent)
    first, last = timed[0].due, timed[-1].due
    assert first >= 2 * BETWEEN_S
    assert 4.9 < last - first <= 5
    assert len(timed) == 500 == len({one.request for one in timed})
    during = Counter(one.value.split(b'"type": "')[1].split(b'"')[0] for one in sent if first <= one.due <= last)
    assert set(during) == {b"order.placed", b"payment.captured", b"refund.requested"}
    assert max(during.values()) - min(during.values()) <= 1
    assert 299 <= during.total() / (last - first) <= 301


def test_only_the_final_answer_to_a_request_of_the_run_ends_its_wait() -> None:
    assert request_of("a", b'{"request_id": "r-a-17", "type": "refund.approved"}') == 17
    assert request_of("a", b'{"request_id": "r-a-17", "type": "refund.held"}') is None
    assert request_of("a", b'{"request_id": "r-b-17", "type": "refund.approved"}') is None


def results(*waits: float) -> Results:
    run = Timed(2000, sorted(waits), WORK)
    rows = [
        Row("default", [run, run], Goal(0.25, 0.5)),
        Row("`LOW=1`", [run], Goal(None, 0.15)),
        Row("more", [run], None),
    ]
    return Results(rows, 4000, ("0.0", "1.0"), 60)


def test_the_page_says_which_goals_are_met() -> None:
    lines = [
        line.split(" | ") for line in page.section(results(0.1, 0.2, 0.3), "now").splitlines() if line.startswith("| ")
    ]
    default, low, more = lines[2:]
    assert default[1:6] == ["2,000", "200 (200 to 200)", "300 (300 to 300)", "300 (300 to 300)", "300 (300 to 300)"]
    assert default[6:] == ["40%", "10", "5.0", "10.0", "p50 250, p99 500: met |"]
    assert (low[2], low[-1]) == ("200", "p99 150: missed |")
    assert more[-1] == " |"


def test_the_plot_can_be_read_as_a_drawing() -> None:
    drawing = ET.fromstring(plot.drawn(results(0.1, 0.2, 0.3)))
    assert len(drawing.findall("{http://www.w3.org/2000/svg}polyline")) == 3
