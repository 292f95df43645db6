"""A replay as a whole: its one clock, and what it says at the end."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agents import Desk
from app.replay import HASH_KEY, NoLine, Replay
from app.replay.files import Text
from app.replay.lines import read_lines
from app.runtime.topology import Output

START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(**delta: float) -> str:
    return (START + timedelta(**delta)).isoformat()


def event(type_: str, when: str, number: int, **fields: Any) -> dict[str, Any]:
    return {"event_id": f"e{number}", "type": type_, "occurred_at": when, "merchant_id": "m", **fields}


def order(when: str, order_id: str = "o1") -> dict[str, Any]:
    line = {"line_id": "l1", "sku": "mug", "kind": "physical", "quantity": 1, "amount_minor": 1000}
    body = event(
        "order.placed", when, 1, order_id=order_id, customer_id=None, country="US", currency="USD", lines=[line]
    )
    return {"topic": "orders", "value": body}


def request(when: str, order_id: str = "o1") -> dict[str, Any]:
    body = event(
        "refund.requested",
        when,
        2,
        order_id=order_id,
        request_id=f"r-{order_id}",
        requested_by="customer",
        reason="damaged",
        scope={"kind": "full"},
        method="original",
    )
    return {"topic": "orders", "value": body}


def shipped(when: str, **fields: Any) -> dict[str, Any]:
    """Something of another order, that only tells the time."""
    body = event("order.fulfilled", when, 3, order_id="o9", shipment_id="s", lines=[{"line_id": "l1", "quantity": 1}])
    return {"topic": "orders", "value": {**body, **fields}}


@pytest.fixture
def replayed(tmp_path: Path):
    def run(lines: Sequence[dict[str, Any]], until: str | None = None) -> list[dict[str, Any]]:
        said: list[Output] = []
        replay = Replay(Desk(secret=HASH_KEY.encode()), sink=said.append, scratch=tmp_path)
        texts = (Text("in", number, json.dumps(line).encode()) for number, line in enumerate(lines, 1))
        no_lines: list[NoLine] = []
        assert replay.feed(read_lines(texts), no_lines.append) == len(lines)
        assert not no_lines
        replay.finish(datetime.fromisoformat(until) if until else None)
        replay.close()
        return [
            {
                "topic": output.topic,
                "key": output.key,
                "headers": {name: text.decode() for name, text in output.headers},
                **(json.loads(output.value or b"null") or {}),
            }
            for output in said
        ]

    return run


def decisions(records: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [
        (record["type"], record["reasons"][0]["code"]) for record in records if record["topic"] == "refund-decisions"
    ]


HELD, TOO_LATE = ("refund.held", "awaiting_order"), ("refund.denied", "order_not_received_in_time")


def test_a_timer_that_is_due_fires_before_the_line_that_passes_it(replayed):
    records = replayed([request(at()), order(at(hours=73))])
    assert decisions(records)[:2] == [HELD, TOO_LATE]


def test_a_timer_that_is_not_due_yet_does_not_fire(replayed):
    records = replayed([request(at()), order(at(hours=71))])
    assert TOO_LATE not in decisions(records)


def test_an_event_of_another_order_moves_the_one_clock(replayed):
    assert decisions(replayed([request(at()), shipped(at(hours=73))])) == [HELD, TOO_LATE]


def test_an_older_event_moves_no_clock(replayed):
    assert decisions(replayed([request(at()), shipped(at(hours=-200))])) == [HELD]


@pytest.mark.parametrize(
    "unreadable", [{"order_id": 7}, {"type": "order.exploded"}, {"event_id": ""}, {"merchant_id": "a/b"}]
)
def test_an_event_that_cannot_be_read_moves_no_clock(replayed, unreadable):
    records = replayed([request(at()), shipped(at(hours=73), **unreadable), shipped(at(hours=1))])
    assert decisions(records) == [HELD]
    letters = [record for record in records if record["topic"] == "dead-letters"]
    assert len(letters) == 1


def test_a_conflict_can_be_read_and_so_moves_the_clock(replayed):
    link = event("payment.linked", at(), 4, payment_id="p", order_id="o7")
    other = event("payment.linked", at(hours=73), 5, payment_id="p", order_id="o8")
    lines = [request(at()), *({"topic": "payments", "value": body} for body in (link, other))]
    records = replayed(lines)
    assert [r["headers"]["refundry-code"] for r in records if r["topic"] == "dead-letters"] == ["link_conflict"]
    assert decisions(records) == [HELD, TOO_LATE]


def test_a_timestamp_counts_instead_of_the_time_of_the_event(replayed):
    early = {**shipped(at(hours=73)), "timestamp": at(hours=60)}
    late = {**shipped(at(hours=1)), "timestamp": at(hours=73)}
    assert decisions(replayed([request(at()), early])) == [HELD]
    assert decisions(replayed([request(at()), late])) == [HELD, TOO_LATE]


def test_a_timestamp_moves_the_clock_even_where_the_event_cannot_be_read(replayed):
    line = {**shipped(at(), order_id=7), "timestamp": at(hours=73)}
    assert decisions(replayed([request(at()), line])) == [HELD, TOO_LATE]


def test_an_event_far_ahead_of_its_timestamp_is_refused(replayed):
    records = replayed([{**shipped(at(hours=30)), "timestamp": at()}])
    assert [r["headers"]["refundry-code"] for r in records if r["topic"] == "dead-letters"] == ["time_in_future"]


def test_the_clock_is_moved_on_at_the_end(replayed):
    assert decisions(replayed([request(at())], until=at(hours=71))) == [HELD]
    assert decisions(replayed([request(at())], until=at(hours=73))) == [HELD, TOO_LATE]


def test_there_is_one_snapshot_per_case_at_the_end_in_the_order_of_the_keys(replayed):
    records = replayed([order(at(), "o2"), order(at(), "o1"), request(at(minutes=1), "o2"), request(at(), "o3")])
    snapshots = [record["key"] for record in records if record["topic"] == "case-snapshots"]
    assert snapshots == [b"m/o1", b"m/o2", b"m/o3"]
    assert [record["topic"] for record in records][-3:] == ["case-snapshots"] * 3


def test_the_same_lines_say_the_same_bytes(replayed):
    lines = [order(at()), request(at(minutes=1)), request(at(minutes=2), "o3"), shipped(at(hours=80))]
    assert replayed(lines) == replayed(lines)


def test_nothing_internal_is_said(replayed):
    topics = {record["topic"] for record in replayed([order(at()), request(at())], until=at(days=30))}
    assert topics <= {"refund-decisions", "customer-notifications", "case-snapshots", "ledger-entries"}
    assert "refund-decisions" in topics


def test_rates_among_the_lines_are_known_to_later_decisions(tmp_path: Path):
    desk = Desk(secret=HASH_KEY.encode())
    replay = Replay(desk, sink=lambda _: None, scratch=tmp_path)
    rate = {"base": "EUR", "quote": "USD", "rate": "1.1", "as_of": "2026-03-01", "source": "x"}
    lines = [{"topic": "fx-rates", "value": body} for body in (rate, {**rate, "quote": "XAU"}, {**rate, "rate": 1.1})]
    replay.feed(read_lines(Text("in", 1, json.dumps(line).encode()) for line in lines), lambda _: None)
    found = desk.rates.find("EUR", "USD", START.date())
    assert found is not None
    assert str(found.value) == "11/10"
    replay.close()


def test_lines_that_are_passed_over_move_the_clock_as_far_as_the_latest_that_can_be_read(tmp_path: Path):
    replay = Replay(Desk(secret=HASH_KEY.encode()), sink=lambda _: None, scratch=tmp_path)
    later = datetime(2026, 3, 5, 13, tzinfo=UTC)
    passed = [shipped(at(hours=5)), shipped(at(hours=73)), shipped(at(hours=99), order_id=7), shipped(at(hours=6))]
    for line in read_lines(Text("in", 1, json.dumps(line).encode()) for line in passed):
        assert not isinstance(line, NoLine)
        replay.pass_over(line)
    assert replay.clock == later.timestamp() * 1000
    replay.close()


def test_a_long_way_of_passed_over_lines_comes_out_as_if_each_were_the_last(tmp_path: Path):
    """Requests wait 72 hours; thousands of lines pass, every third of them unreadable and from far ahead."""
    said: list[Output] = []
    replay = Replay(Desk(secret=HASH_KEY.encode()), sink=said.append, scratch=tmp_path)
    passing = (
        shipped(at(minutes=minute), **({"order_id": 7, "occurred_at": at(days=90)} if minute % 3 == 0 else {}))
        for minute in range(1, 72 * 60 - 1)
    )
    written = [request(at()), *passing, order(at(hours=71.99))]
    for number, line in enumerate(read_lines(Text("in", 1, json.dumps(line).encode()) for line in written)):
        assert not isinstance(line, NoLine)
        if 0 < number < len(written) - 1:
            replay.pass_over(line)
        else:
            replay.feed([line], lambda _: None)
    replay.finish()
    replay.close()
    told = [{**json.loads(output.value or b"{}"), "topic": output.topic} for output in said]
    assert decisions(told)[0] == HELD
    assert TOO_LATE not in decisions(told)
