"""`refundry order`: the state of an order, and why."""

import json
from pathlib import Path

import pytest

from tests.cli.messages import SHOP, capture, order, request, written

TWICE = [order(merchant_id="other"), capture(merchant_id="other")]


@pytest.fixture
def snapshots(refundry, tmp_path: Path) -> Path:
    out = tmp_path / "out.jsonl"
    lines = [*SHOP, request(request_id="r2"), request(request_id="r3"), order("o2")]
    assert refundry("replay", written(tmp_path / "in.jsonl", lines), "--out", out).code == 0
    return out


def test_the_state_is_that_of_the_last_snapshot(refundry, snapshots):
    done = refundry("order", "show", "o1", "--snapshots", snapshots, "--output", "json")
    assert done.json["case_id"] == "m/o1"
    assert [request["status"] for request in done.json["requests"]] == ["approved", "approved", "denied"]


def test_the_state_is_shown_to_people_with_money_as_they_write_it(refundry, snapshots):
    done = refundry("order", "show", "o1", "--snapshots", snapshots)
    assert "total 24.00 USD" in done.out
    for words in ("Payments", "p-o1", "Requests", "r1", "12.00 USD", "Instructions"):
        assert words in done.out
    assert "Disputes" not in done.out


def test_an_explanation_tells_what_happened_and_every_decision_in_words(refundry, snapshots):
    done = refundry("order", "explain", "o1", "--snapshots", snapshots)
    assert "order.placed" in done.out
    assert "Request r1: approved" in done.out
    assert "approved 12.00 USD" in done.out
    assert "line l1 x 1: 12.00 USD" in done.out
    assert "Request r3" in done.out
    assert "denied" in done.out
    assert "quantity_exceeded: More units than were bought or are left of: l1." in done.out
    assert "by policy built-in version 1" in done.out


def test_the_explanation_as_data_holds_the_decisions(refundry, snapshots):
    done = refundry("order", "explain", "o1", "--snapshots", snapshots, "--output", "json")
    first = done.json["requests"][0]
    assert [decision["type"] for decision in first["decisions"]] == ["refund.approved"]
    assert first["reasons"][0]["message"]
    assert done.json["timeline"]


def test_an_order_without_requests_says_so(refundry, snapshots):
    assert "No refund was asked for." in refundry("order", "explain", "o2", "--snapshots", snapshots).out


def test_where_the_decisions_are_gone_the_reasons_are_still_told(refundry, snapshots):
    kept = [line for line in snapshots.read_text().splitlines() if json.loads(line)["topic"] == "case-snapshots"]
    snapshots.write_text("\n".join(kept))
    done = refundry("order", "explain", "o1", "--snapshots", snapshots)
    assert done.code == 0
    assert "quantity_exceeded: More units than were bought or are left of: some lines." in done.out


def test_the_messages_can_be_replayed_first(refundry, tmp_path: Path):
    file = written(tmp_path / "in.jsonl", [request()])
    done = refundry("order", "explain", "o1", "--replay", file, "--until", "2026-03-06T00:00:00Z")
    assert done.code == 0
    assert "waiting for order until 2026-03-05T12:00:00Z" in done.out
    assert "order_not_received_in_time: The order did not arrive within its wait." in done.out


def test_an_order_that_is_not_there_says_so(refundry, snapshots):
    done = refundry("order", "show", "o7", "--snapshots", snapshots)
    assert (done.code, done.out) == (2, "")
    assert done.complaint.startswith("refundry: there is no such order here")


def test_an_order_of_several_merchants_asks_for_the_merchant(refundry, tmp_path: Path):
    file = written(tmp_path / "in.jsonl", [*SHOP, *TWICE])
    done = refundry("order", "show", "o1", "--replay", file)
    assert done.code == 2
    assert "2 merchants have an order of this id: m, other (name one with --merchant)" in done.complaint
    found = refundry("order", "show", "o1", "--replay", file, "--merchant", "other", "--output", "json")
    assert found.json["case_id"] == "other/o1"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--snapshots", "-", "--replay", "-"], "expected --snapshots or --replay, not both"),
        (["--snapshots", "-", "--until", "2026-03-06T00:00:00Z"], "belong to --replay"),
        (["--until", "2026-03-06T00:00:00Z"], "belong to --replay"),
    ],
)
def test_sources_that_contradict_each_other_are_a_usage_error(refundry, options, complaint):
    done = refundry("order", "show", "o1", *options)
    assert done.code == 2
    assert complaint in done.complaint


def test_the_input_of_a_replay_is_not_taken_for_its_output(refundry, tmp_path: Path):
    done = refundry("order", "show", "o1", "--snapshots", written(tmp_path / "in.jsonl", SHOP))
    assert done.code == 2
    assert f"{tmp_path}/in.jsonl:1" in done.complaint
    assert "--replay" in done.complaint


@pytest.mark.parametrize("command", ["show", "explain"])
def test_an_id_that_looks_like_markup_is_shown_as_it_is(refundry, tmp_path: Path, command):
    order_id = "A[/]7 [link=x]y[/link]"
    file = written(tmp_path / "in.jsonl", [order(order_id), capture(order_id), request(order_id)])
    done = refundry("order", command, order_id, "--replay", file)
    assert (done.code, done.complaint if done.code else "") == (0, "")
    assert done.out.startswith(f"m/{order_id}")
