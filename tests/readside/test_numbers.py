"""Which numbers lead to a case."""

import json

import pytest

from app.readside.document import read
from app.readside.numbers import numbers_of
from tests.cli.messages import SHOP, line, written
from tests.readside.cases import instruction, payment, snapshot

HAPPENED = {"at": "2026-03-02T12:00:00Z", "note": None}

CASES = [
    ({"payments": [payment("p1", "c1", "c2")]}, {"p1": "payment", "c1": "capture", "c2": "capture"}),
    ({"payments": [payment("p1", "p1")]}, {"p1": "payment"}),
    ({"requests": [{"request_id": "r1", "status": "held"}]}, {"r1": "request"}),
    (
        {"instructions": [instruction("i1", "re1", "arn1")]},
        {"i1": "instruction", "re1": "refund", "arn1": "reference"},
    ),
    ({"instructions": [instruction("i1")]}, {"i1": "instruction"}),
    ({"disputes": [{"dispute_id": "d1", "state": "open"}]}, {"d1": "dispute"}),
    ({"alerts": [{"alert_id": "a1"}, {"alert_id": "a2", "verdict": "refund"}]}, {"a1": "alert", "a2": "alert"}),
    ({"timeline": [{"type": "return.received", "subject": "ret1", **HAPPENED}]}, {"ret1": "return"}),
    ({"timeline": [{"type": "review.resolved", "subject": "v1", **HAPPENED}]}, {"v1": "review"}),
    ({"timeline": [{"type": "payment.failed", "subject": "p9", **HAPPENED}]}, {"p9": "payment"}),
    # every shop numbers its parcels from one: that leads nowhere
    ({"timeline": [{"type": "order.fulfilled", "subject": "sh1", **HAPPENED}]}, {}),
    ({"timeline": [{"type": "return.received", "subject": None, **HAPPENED}]}, {}),
    ({}, {}),
]


@pytest.mark.parametrize(("parts", "expected"), CASES)
def test_a_number_leads_to_its_case_by_what_it_is_the_number_of(parts, expected):
    found = numbers_of(read(snapshot(**parts)))
    assert {text: number.kind for text, number in found.items()} == expected


def test_the_status_of_what_has_one_is_told_with_it():
    parts = {"requests": [{"request_id": "r1", "status": "held"}], "disputes": [{"dispute_id": "d1", "state": "won"}]}
    parts |= {"alerts": [{"alert_id": "a1", "verdict": "refund"}, {"alert_id": "a2"}]}
    found = numbers_of(read(snapshot(**parts)))
    assert [found[one].status for one in ("r1", "d1", "a1", "a2")] == ["held", "won", "refund", ""]


def test_a_real_snapshot_is_understood(refundry_replay, tmp_path):
    returned = line(
        "orders",
        event_id="e-ret",
        type="return.shipped",
        order_id="o1",
        return_id="ret-1",
        lines=[{"line_id": "l1", "quantity": 1}],
    )
    records = refundry_replay(written(tmp_path / "in.jsonl", [*SHOP, returned]))
    (told,) = [record for record in records if record["topic"] == "case-snapshots"]
    found = numbers_of(read(json.dumps(told["value"]).encode()))
    assert {text: number.kind for text, number in found.items() if number.kind != "instruction"} == {
        "p-o1": "payment",
        "r1": "request",
        "ret-1": "return",
    }
