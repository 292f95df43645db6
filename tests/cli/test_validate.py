"""`refundry validate`: every way to write an event down, and what is said of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.messages import SHOP, capture, order, request, written
from topics.catalogue import INBOUND
from topics.schema import EXAMPLES

BODIES = [line["value"] for line in SHOP]


def without(body: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != name}


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(map(json.dumps, SHOP)),
        "\n".join(map(json.dumps, BODIES)),
        json.dumps(BODIES),
        json.dumps(BODIES, indent=2),
        json.dumps(SHOP, indent=2),
        "\n\n" + json.dumps(BODIES),
    ],
    ids=["lines", "bodies", "array", "indented array", "array of lines", "blank lines first"],
)
def test_events_are_found_however_they_are_written_down(refundry, tmp_path: Path, text: str):
    file = tmp_path / "events"
    file.write_text(text)
    done = refundry("validate", file, "--output", "json")
    assert done.code == 0
    assert [row["type"] for row in done.json] == ["order.placed", "payment.captured", "refund.requested"]
    assert [row["topic"] for row in done.json] == ["orders", "payments", "orders"]
    assert {row["verdict"] for row in done.json} == {"ok"}


@pytest.mark.parametrize("indent", [None, 2])
def test_one_object_is_one_event(refundry, indent):
    done = refundry("validate", "-", "--output", "json", stdin=json.dumps(BODIES[0], indent=indent).encode())
    assert done.code == 0
    assert [row["place"] for row in done.json] == ["standard input:1"]


def test_what_is_wrong_is_told_with_its_place_its_path_and_a_hint(refundry, tmp_path: Path):
    file = written(tmp_path / "events", [SHOP[0], order("o2", quantity="2")])
    done = refundry("validate", file, "--output", "json")
    assert done.code == 6
    assert done.json[1] == {
        "place": f"{file}:2",
        "topic": "orders",
        "type": "order.placed",
        "verdict": "invalid_field",
        "path": "lines[0].quantity",
        "message": done.json[1]["message"],
    }
    assert "expected a whole number" in done.json[1]["message"]
    assert done.complaint == "refundry: 1 of 2 events are not valid"


@pytest.mark.parametrize(
    ("event", "verdict"),
    [
        ("no json", "not_json"),
        ('{"type": "order.placed"', "not_json"),
        ("[1]", "not_json"),
        ('{"type": "order.exploded"}', "unknown_type"),
        ("{}", "unknown_type"),
        (json.dumps(without(BODIES[0], "currency")), "invalid_field"),
        (json.dumps({**BODIES[0], "currency": "XAU"}), "unknown_currency"),
        (json.dumps({**SHOP[0], "key": "another"}), "key_mismatch"),
        (json.dumps({**SHOP[0], "value": "{"}), "not_json"),
        (json.dumps({"topic": "nowhere", "value": {}}), "no message"),
        (
            json.dumps({"base": "EUR", "quote": "USD", "rate": 1.1, "as_of": "2026-03-01", "source": "x"}),
            "invalid_field",
        ),
    ],
)
def test_each_kind_of_mistake_has_its_verdict(refundry, event: str, verdict: str):
    done = refundry("validate", "-", "--output", "json", stdin=event.encode())
    assert done.code == 6
    assert [row["verdict"] for row in done.json] == [verdict]


def test_a_broken_line_among_good_ones_is_one_mistake(refundry, tmp_path: Path):
    file = written(tmp_path / "events", [SHOP[0], '{"type": ', SHOP[1]])
    done = refundry("validate", file, "--output", "json")
    assert [row["verdict"] for row in done.json] == ["ok", "not_json", "ok"]


def test_the_same_at_the_start_of_the_file(refundry, tmp_path: Path):
    file = written(tmp_path / "events", ['{"type": ', SHOP[0], SHOP[1]])
    done = refundry("validate", file, "--output", "json")
    assert [row["verdict"] for row in done.json] == ["not_json", "ok", "ok"]


def test_the_topic_can_be_named(refundry):
    done = refundry("validate", "-", "--topic", "payments", "--output", "json", stdin=json.dumps(BODIES[0]).encode())
    assert [(row["topic"], row["verdict"]) for row in done.json] == [("payments", "unknown_type")]


def test_fields_that_nobody_described_are_counted(refundry):
    done = refundry("validate", "-", "--output", "json", stdin=json.dumps({**BODIES[0], "ordr_id": 1, "x": 2}).encode())
    assert done.code == 0
    assert done.json[0]["message"] == "2 unknown fields ignored"


def test_only_what_is_wrong_is_shown_where_that_is_asked_for(refundry, tmp_path: Path):
    file = written(tmp_path / "events", [*SHOP, order("o2", quantity=0)])
    assert len(refundry("validate", "-q", file, "--output", "json").json) == 1


def test_no_value_of_an_event_is_repeated(refundry, tmp_path: Path):
    secret = "4111111111111111"
    lines = [
        order("o2", quantity=secret),
        {**capture(), "key": secret},
        request(secret * 9),
        {"topic": secret, "value": 1},
    ]
    done = refundry("validate", written(tmp_path / "events", lines))
    assert done.code == 6
    assert secret not in done.out + done.err


def test_the_table_is_not_cut_where_it_goes_to_a_file(refundry, tmp_path: Path):
    done = refundry("validate", written(tmp_path / "events", [order("o2", quantity="2")]))
    assert "whole numbers are written without quotes, decimal point or exponent" in done.out


def test_an_empty_file_has_no_events(refundry):
    done = refundry("validate", "-")
    assert done.code == 0
    assert "0 events, all valid" in done.err


def test_every_example_of_the_schemas_is_valid(refundry):
    for topic in INBOUND:
        files = sorted((EXAMPLES / topic).glob("*.json"))
        done = refundry("validate", "--topic", topic, "-q", *files)
        assert done.code == 0, done.out
