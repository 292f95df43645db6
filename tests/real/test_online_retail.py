"""The whole set through a replay: what a year of a real shop comes to."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.real import online_retail
from tests.real.conftest import Year
from tests.real.online_retail import DATA, POLICY, UNKNOWN_ORDER, Sale, Stream
from tests.real.replaying import refundry

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.exists(), reason="lacks ../shared/data/online_retail/online_retail.csv.gz"),
]

ROWS = 541_909
GIANTS = {"541431": "C541433", "581483": "C581484"}
UNTIL = "2012-01-01T00:00:00Z"
FINAL = {"refund.approved", "refund.denied", "refund.withdrawn"}


class Played(NamedTuple):
    """The set, the events that were made of it, and what a replay of them said, by topic."""

    sales: list[Sale]
    stream: Stream
    said: dict[str, list[dict[str, Any]]]
    summary: dict[str, Any]
    out: Path


@pytest.fixture(scope="module")
def played(sales: list[Sale], year: Year, tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("played")
    out, policies = folder / "out.jsonl", folder / "policies"
    policies.mkdir()
    (policies / "online-retail.yaml").write_text(POLICY)
    done = refundry("replay", year.file, "--policies", policies, "--out", out, "--until", UNTIL, "--output", "json")
    said: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with out.open("rb") as lines:
        for line in lines:
            record = json.loads(line)
            if record["topic"] in ("refund-decisions", "refund-instructions", "dead-letters"):
                said[record["topic"]].append(record["value"])
    return Played(sales, year.stream, said, json.loads(done.stderr.splitlines()[-1]), out)


def last_decisions(played: Played) -> dict[str, dict[str, Any]]:
    return {decision["request_id"]: decision for decision in played.said["refund-decisions"]}


def requests(played: Played) -> list[dict[str, Any]]:
    return [event.body for event in played.stream.events if event.body["type"] == "refund.requested"]


def test_every_row_of_the_set_is_used_or_set_aside(played: Played):
    assert len(played.sales) == ROWS
    taken_back = sum(1 for sale in played.sales if sale.invoice.startswith("C"))
    counts = played.stream.counts
    assert counts["order lines"] + counts["set aside"] + taken_back == ROWS


def test_every_unit_that_was_taken_back_is_asked_for_once(played: Played):
    taken_back = -sum(sale.quantity for sale in played.sales if sale.invoice.startswith("C"))
    asked = sum(line["quantity"] for body in requests(played) for line in body["scope"]["lines"])
    assert asked == taken_back


def test_nothing_becomes_a_dead_letter(played: Played):
    assert played.summary["lines"] == len(played.stream.events)
    assert (played.summary["no_lines"], played.said["dead-letters"]) == (0, [])


def test_every_request_has_exactly_one_final_outcome_or_waits_for_a_review(played: Played):
    finals = Counter(body["request_id"] for body in played.said["refund-decisions"] if body["type"] in FINAL)
    assert set(finals.values()) == {1}
    last = last_decisions(played)
    assert last.keys() == {body["request_id"] for body in requests(played)}
    waiting = {request_id for request_id, decision in last.items() if decision["type"] == "refund.held"}
    assert not waiting & finals.keys()
    assert {last[request_id]["waiting_for"] for request_id in waiting} == {"review"}


def test_a_decision_is_never_revised_after_it_was_final(played: Played):
    final: set[str] = set()
    for decision in played.said["refund-decisions"]:
        assert decision["request_id"] not in final
        if decision["type"] in FINAL:
            final.add(decision["request_id"])


def test_what_is_asked_of_an_unknown_order_is_denied_after_its_wait(played: Played):
    unknown = [decision for id_, decision in last_decisions(played).items() if f":{UNKNOWN_ORDER}" in id_]
    assert len(unknown) == played.stream.counts["requests of unknown orders"] > 0
    assert {(decision["type"], decision["reasons"][0]["code"]) for decision in unknown} == {
        ("refund.denied", "order_not_received_in_time")
    }


@pytest.mark.parametrize("order_id", GIANTS)
def test_a_giant_order_is_held_for_review_with_its_exact_amount(played: Played, order_id: str):
    pence = 0
    for sale in played.sales:
        if sale.invoice == order_id:
            whole = sale.price * sale.quantity * 100
            assert whole == int(whole)
            pence += int(whole)
    decision = last_decisions(played)[f"{GIANTS[order_id]}:{order_id}"]
    assert decision["type"] == "refund.held"
    assert decision["amount"] == {"amount_minor": pence, "currency": "GBP"}
    assert [reason["code"] for reason in decision["reasons"]] == ["over_auto_limit"]
    assert decision["waiting_for"] == "review"
    assert order_id not in {instruction["order_id"] for instruction in played.said["refund-instructions"]}


def test_no_payment_gives_back_more_than_it_took(played: Played):
    captured = {
        event.body["payment_id"]: event.body["amount"]["amount_minor"]
        for event in played.stream.events
        if event.body["type"] == "payment.captured"
    }
    approved: Counter[str] = Counter()
    for decision in last_decisions(played).values():
        if decision["type"] == "refund.approved":
            for tender in decision["tenders"]:
                approved[tender["payment_id"]] += tender["amount"]["amount_minor"]
    assert approved.total() == sum(m["amount_minor"] for m in played.summary["money"] if m["type"] == "refund.approved")
    assert not [payment_id for payment_id, minor in approved.items() if minor > captured[payment_id]]


def test_whatever_was_bought_and_taken_back_whole_is_paid_back_whole(played: Played):
    """All units of a line that were approved, over all requests, come to the price of the line, to the penny."""
    price: dict[tuple[str, str], tuple[int, int]] = {}
    for event in played.stream.events:
        if event.body["type"] == "order.placed":
            for line in event.body["lines"]:
                price[event.body["order_id"], line["line_id"]] = line["quantity"], line["amount_minor"]
    units: Counter[tuple[str, str]] = Counter()
    pence: Counter[tuple[str, str]] = Counter()
    for decision in last_decisions(played).values():
        if decision["type"] == "refund.approved":
            for row in decision["breakdown"]:
                units[decision["order_id"], row["line_id"]] += row["quantity"]
                pence[decision["order_id"], row["line_id"]] += row["gross_minor"]
    whole = [line for line, count in units.items() if count == price[line][0]]
    assert len(whole) > 1000
    assert not [line for line in whole if pence[line] != price[line][1]]
    assert not [line for line, count in units.items() if count > price[line][0]]


def test_the_reports_come_to_what_the_set_says(played: Played):
    """Captured: what the events of each month took in. Nobody answered, so what was approved is on its way."""
    captured: Counter[str] = Counter()
    for event in played.stream.events:
        if event.body["type"] == "payment.captured":
            captured[event.body["occurred_at"][:7]] += event.body["amount"]["amount_minor"]
    approved = sum(
        decision["amount"]["amount_minor"]
        for decision in last_decisions(played).values()
        if decision["type"] == "refund.approved"
    )
    money = json.loads(refundry("report", "money", "--records", played.out, "--output", "json").stdout)
    assert {row["month"]: row["captured_minor"] for row in money["months"]} == +captured
    (standing,) = money["standing"]
    assert (standing["captured_minor"], standing["refunded_minor"]) == (captured.total(), 0)
    assert standing["in_flight_minor"] == approved > 0
    assert standing["refundable_minor"] == captured.total() - approved
    refunds = json.loads(refundry("report", "refunds", "--records", played.out, "--output", "json").stdout)
    assert refunds["requests"] == len(requests(played))
    counted: Counter[str] = Counter()
    for row in refunds["outcomes"]:
        counted[f"refund.{row['outcome']}"] += row["requests"]
    assert counted == Counter(decision["type"] for decision in last_decisions(played).values())


def test_a_thousand_events_twice_say_the_same_bytes(played: Played, tmp_path: Path):
    some = Stream(events=played.stream.events[:1000])
    online_retail.write(some, tmp_path / "events.jsonl")
    for name in ("a", "b"):
        refundry("replay", tmp_path / "events.jsonl", "--out", tmp_path / name, "--until", UNTIL)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != b""
