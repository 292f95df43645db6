"""Ten thousand events of all kinds on one case: what it holds and what an event costs stay within bounds.

Told by sizes and by how many instructions of Python an event takes, never by a clock.

Alerts are of twenty claims, told again and again. An alert that waits for its money is held against all others of its
case, so the work of thousands of them would grow faster than in proportion.
"""

import sys
from collections import Counter
from itertools import pairwise
from typing import Any, Self

import msgspec
import pytest

from app.domain.case import Case, decode_case, encode_case
from app.domain.records import Entered, Record, Refused, Repeated
from app.domain.snapshot import snapshot
from app.runtime.round import OUTPUT_BYTES_MAX
from app.runtime.rows import ROW_BYTES_MAX
from tests.domain.events import (
    Said,
    alert,
    amended,
    amount,
    asked,
    came_back,
    captured,
    delivered,
    dispute,
    fraud_reported,
    fulfilled,
    line,
    placed,
    refund,
    sent_back,
    verdict,
    withdrawn,
)
from tests.domain.stories import Story, policy
from tests.domain.test_many_requests import hear

MANY, LOOKS = 10_000, (1000, 3000, 9000)
PAYMENTS = 20


def chapter(n: int) -> list[Said]:
    """Twenty events that belong together: of each kind, one said again, one contradicted."""
    payment = f"p{n % PAYMENTS}"
    return [
        captured("10.00", payment, capture_id=f"c{n}"),
        refund("succeeded", "0.01", payment, refund_id=f"x{n}"),
        refund("submitted", "0.02", payment, refund_id=f"y{n}"),
        refund("failed", "0.02", payment, refund_id=f"y{n}"),
        asked(f"r{n}", amount("0.03"), by="support"),
        asked(f"t{n}", amount("9999.00")),
        verdict("approve", "ann", f"r{n}", review_id=f"v{n}"),
        withdrawn(f"r{n}"),
        dispute("opened", "0.04", dispute_id=f"d{n}", payment_id=payment),
        dispute("funds_withdrawn", "0.04", dispute_id=f"d{n}", payment_id=payment),
        dispute("won", dispute_id=f"d{n}", payment_id=payment),
        alert("0.05", f"a{n % PAYMENTS}", "ethoca", payment),
        fraud_reported(f"f{n}", payment),
        fulfilled(f"sh{n}", l1=1),
        delivered(f"sh{n}"),
        sent_back(f"b{n}", l1=1),
        came_back(f"b{n}", l1=1),
        amended(line("l1", f"{1000 + n}.00", 1000 + n)),
        captured("10.00", payment, capture_id=f"c{n}"),
        captured("11.00", payment, capture_id=f"c{n}"),
    ]


class Counting:
    """Counts the instructions of Python that run while it is entered."""

    def __init__(self) -> None:
        self.instructions = 0

    def __enter__(self) -> Self:
        sys.settrace(self._trace)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _trace(self, frame: Any, event: str, _: object) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        self.instructions += event == "opcode"
        return self._trace


class Told:
    """What was seen on the way."""

    def __init__(self) -> None:
        self.results: Counter[str] = Counter()
        self.rows: dict[int, int] = {}
        self.snapshots: dict[int, int] = {}
        self.instructions: Counter[int] = Counter()
        self.records_of_an_event = 0
        self.case: Case | None = None


def result_of(records: list[Record]) -> str:
    kind = type(records[0]) if records else Repeated
    return {Entered: "applied", Refused: "refused", Repeated: "repeated"}[kind]


@pytest.fixture(scope="module")
def told() -> Told:
    story = Story(policy()).given(placed(line("l1", "1000.00", 1000)), captured("1000.00", "p0"))
    found, number = Told(), 0
    for n in range(MANY // 20):
        look = number in LOOKS
        for said in chapter(n):
            if look:
                with Counting() as counting:
                    records = hear(story, said, number)
                found.instructions[n * 20] += counting.instructions
            else:
                records = hear(story, said, number)
            found.results[result_of(records)] += 1
            found.records_of_an_event = max(found.records_of_an_event, len(records))
            number += 1
        if number % 1000 == 0:
            found.rows[number] = len(encode_case(story.case))
            found.snapshots[number] = len(msgspec.json.encode(snapshot(story.case).body))
    found.case = story.case
    return found


def test_they_are_applied_repeated_and_refused_and_none_is_lost(told: Told) -> None:
    assert told.results == {"applied": 8520, "repeated": 980, "refused": 500}
    assert told.records_of_an_event < 10


def test_the_row_grows_by_a_hundred_bytes_with_an_event_and_is_far_from_what_a_row_may_be(told: Told) -> None:
    grown = [later - earlier for earlier, later in pairwise([0, *told.rows.values()])]
    assert max(grown) < 120 * 1000
    assert told.rows[MANY] < ROW_BYTES_MAX // 3
    assert told.case is not None
    assert decode_case(encode_case(told.case)) == told.case


def test_what_is_published_of_it_stays_below_what_a_message_may_be(told: Told) -> None:
    assert len(told.snapshots) == MANY // 1000
    assert max(told.snapshots.values()) <= OUTPUT_BYTES_MAX


def test_an_event_costs_no_more_than_in_proportion_to_what_the_case_holds(told: Told) -> None:
    first, second, last = (told.instructions[number] for number in LOOKS)
    assert second <= 3 * first
    assert last <= 9 * first
