"""`refundry audit verify` over a replay: what holds, and every alteration that was planted in it by its name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.messages import SHOP, capture, claim, order, request, written

Records = list[dict[str, Any]]

POISON = {"topic": "orders", "value": "{"}


@pytest.fixture
def replayed(refundry, tmp_path: Path) -> tuple[Path, Path]:
    """Two orders with a request each, one of which is in dispute; a message that cannot be read."""
    lines = [*SHOP, claim(), POISON, order("o2"), capture("o2"), request("o2", "r2"), request("o2", "r3")]
    inputs, out = written(tmp_path / "in.jsonl", lines), tmp_path / "out.jsonl"
    assert refundry("replay", inputs, "--out", out).code == 0
    return inputs, out


def verified(refundry, inputs: Path, out: Path, *options: object) -> Any:
    done = refundry("audit", "verify", "--in", inputs, "--out", out, "--output", "json", *options)
    assert done.code == (0 if done.json["holds"] else 6), done.err
    return done.json


def spoilt(replayed: tuple[Path, Path], spoil: Callable[[Records], None]) -> Path:
    records = [json.loads(one) for one in replayed[1].read_text().splitlines()]
    spoil(records)
    lines = [json.dumps(one, separators=(",", ":"), ensure_ascii=False) for one in records]
    return written(replayed[1].with_name("spoilt.jsonl"), lines)


def of(records: Records, topic: str, **fields: Any) -> dict[str, Any]:
    """The first record of a topic with these fields."""
    return next(
        one
        for one in records
        if one["topic"] == topic and all(one["value"].get(name) == value for name, value in fields.items())
    )


def test_what_a_replay_wrote_holds(refundry, replayed: tuple[Path, Path]):
    told = verified(refundry, *replayed)
    assert (told["holds"], told["differences"], told["input_lines"]) == (True, [], 9)
    written_ = [json.loads(one) for one in replayed[1].read_text().splitlines()]
    assert sum(told["records"].values()) == told["accounted_for"] == len(written_) > 15
    assert {"refund-decisions", "ledger-entries", "case-snapshots", "dead-letters"} <= told["records"].keys()
    table = refundry("audit", "verify", "--in", replayed[0], "--out", replayed[1])
    assert table.out.endswith("9 lines: the record is complete and unaltered\n")


def change_an_amount(records: Records) -> None:
    of(records, "refund-decisions", request_id="r2")["value"]["amount"]["amount_minor"] += 1


def change_an_entry(records: Records) -> None:
    of(records, "ledger-entries", order_id="o2")["value"]["amount"]["amount_minor"] = 2399


def change_a_header(records: Records) -> None:
    of(records, "refund-decisions", request_id="r2")["headers"]["ce_time"] = "2026-03-02T12:00:01Z"


def change_a_key(records: Records) -> None:
    of(records, "refund-decisions", request_id="r2")["key"] = "m/o1"


def change_a_letter(records: Records) -> None:
    next(one for one in records if one["topic"] == "dead-letters")["value"] = "}"


def drop_a_decision(records: Records) -> None:
    records.remove(of(records, "refund-decisions", request_id="r2"))


def drop_a_snapshot(records: Records) -> None:
    records.remove(of(records, "case-snapshots", order_id="o2"))


def swap_two(records: Records) -> None:
    one = records.index(of(records, "refund-decisions", request_id="r2"))
    other = records.index(of(records, "refund-decisions", request_id="r3"))
    records[one], records[other] = records[other], records[one]


def say_one_twice(records: Records) -> None:
    records.insert(3, dict(records[2]))


def say_another_under_one_id(records: Records) -> None:
    copy = json.loads(json.dumps(of(records, "ledger-entries", order_id="o2")))
    copy["value"]["amount"]["amount_minor"] = 1
    records.append(copy)


def forge_a_decision(records: Records) -> None:
    forged = json.loads(json.dumps(of(records, "refund-decisions", request_id="r2")))
    forged["value"] |= {"id": "dec_" + "0" * 32, "request_id": "r9", "revision": 1}
    forged["headers"]["ce_id"] = forged["value"]["id"]
    records.insert(len(records) // 2, forged)


def forge_a_second_answer(records: Records) -> None:
    """After the final one: as if the request had been decided again."""
    forged = json.loads(json.dumps(of(records, "refund-decisions", request_id="r2")))
    forged["value"] |= {"id": "dec_" + "1" * 32, "revision": 3}
    records.append(forged)


def write_what_is_no_entry(records: Records) -> None:
    records.append({"topic": "ledger-entries", "key": "m/o1", "headers": {}, "value": {"id": "led_x", "kind": "gift"}})


def write_what_is_no_decision(records: Records) -> None:
    records.append({"topic": "refund-decisions", "key": "m/o1", "headers": {}, "value": [1]})


PLANTED: list[tuple[Callable[[Records], None], set[str], str, str]] = [
    (change_an_amount, {"altered"}, "refund-decisions", "amount.amount_minor is 1201, the journal leads to 1200"),
    (change_an_entry, {"altered", "books do not close"}, "ledger-entries", "amount.amount_minor is 2399"),
    (change_a_header, {"altered"}, "refund-decisions", "headers.ce_time"),
    (change_a_key, {"altered", "id does not follow"}, "refund-decisions", 'key is "m/o1", the journal leads to "m/o2"'),
    (change_a_letter, {"altered"}, "dead-letters", 'value is "}", the journal leads to "{"'),
    (drop_a_decision, {"missing"}, "refund-decisions", "refund.approved on o2"),
    (drop_a_snapshot, {"missing", "books do not close"}, "case-snapshots", "case.snapshot on o2"),
    (swap_two, {"out of order"}, "refund-decisions", "it lies before"),
    (say_one_twice, {"said twice"}, "", "as record 3"),
    (
        say_another_under_one_id,
        {"two contents under one id"},
        "ledger-entries",
        "the other is record",
    ),
    (forge_a_decision, {"not accounted for", "id does not follow"}, "refund-decisions", "nothing led to it"),
    (write_what_is_no_entry, {"unreadable", "not accounted for"}, "ledger-entries", "it is not what its topic holds"),
    (write_what_is_no_decision, {"not accounted for"}, "refund-decisions", "nothing led to it"),
    (
        forge_a_second_answer,
        {"not accounted for", "id does not follow", "revisions do not count up", "final is not final"},
        "refund-decisions",
        "r2 was decided before",
    ),
]


@pytest.mark.parametrize(("spoil", "kinds", "topic", "what"), PLANTED, ids=lambda one: getattr(one, "__name__", ""))
def test_what_was_planted_is_named(refundry, replayed: tuple[Path, Path], spoil, kinds, topic, what):
    told = verified(refundry, replayed[0], spoilt(replayed, spoil))
    assert not told["holds"]
    assert told["counts"].keys() == kinds
    assert any(one["topic"] == (topic or one["topic"]) and what in one["what"] for one in told["differences"])
    assert all(one["record"] or one["place"] for one in told["differences"])


def test_the_same_written_otherwise_is_not_the_same_bytes(refundry, replayed: tuple[Path, Path]):
    lines = replayed[1].read_text().splitlines()
    lines[2] = lines[2].replace('"schema_version":1', '"schema_version": 1')
    told = verified(refundry, replayed[0], written(replayed[1].with_name("spoilt.jsonl"), lines))
    assert [(one["kind"], one["what"]) for one in told["differences"]] == [
        ("altered", "the same fields, written otherwise")
    ]


def test_an_input_that_was_changed_or_cut_is_seen_in_what_it_leads_to(refundry, replayed: tuple[Path, Path]):
    inputs, out = replayed
    lines = inputs.read_text().splitlines(keepends=True)
    changed = inputs.with_name("changed.jsonl")
    changed.write_text(
        "".join(lines).replace('"amount_minor": 2400, "currency"', '"amount_minor": 2300, "currency"', 1)
    )
    assert verified(refundry, changed, out)["counts"]["altered"] >= 2
    changed.write_text("".join(lines[:-1]))
    assert "not accounted for" in verified(refundry, changed, out)["counts"]


def test_other_policies_lead_to_another_record(refundry, replayed: tuple[Path, Path], tmp_path: Path):
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "p.yaml").write_text(
        "policy: p\nversion: 1\neffective_from: 2020-01-01T00:00:00Z\nmerchants: ['*']\nauto_approve_limit: {default: 1}\n"
    )
    counts = verified(refundry, *replayed, "--policies", folder)["counts"]
    assert counts.keys() >= {"missing", "altered", "not accounted for"}


def test_people_see_what_is_wrong_and_the_exit_code_says_so(refundry, replayed: tuple[Path, Path]):
    done = refundry("audit", "verify", "--in", replayed[0], "--out", spoilt(replayed, change_an_amount))
    assert done.code == 6
    assert "amount.amount_minor is 1201, the journal leads to 1200" in done.out
    assert "complete and unaltered" not in done.out
    assert done.complaint.startswith("refundry: the record is not as it must be: 1 altered")


@pytest.mark.parametrize("options", [("--in",), ("--out",), ("--policies",)])
def test_an_audit_of_a_replay_needs_both_sides(refundry, replayed: tuple[Path, Path], tmp_path: Path, options):
    value = tmp_path if options == ("--policies",) else replayed[0]
    done = refundry("audit", "verify", *options, value)
    assert (done.code, done.out) == (2, "")
