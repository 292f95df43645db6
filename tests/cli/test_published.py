"""What lies on a topic and is not what it holds: passed over, told with its place, and never a mistake of the program."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.audit.books import reckon
from app.audit.found import Found
from app.audit.verifying import Verifier
from app.cli.cases import DisputeSearch, OrderSearch
from app.cli.failures import Failure
from app.cli.find import Hits
from app.cli.published import TOLD_MAX
from app.reports.money import MoneyReport
from app.reports.said import Period
from app.runtime.topology import Message, Output
from tests.cli.messages import SHOP, claim, written

FOREIGN = [{}, [], "x", 7, None, {"case_id": "m/o1", "version": 9, "merchant_id": "m"}]
DEEP = b'{"d1": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
COMMANDS = [
    ("find", "p-o1"),
    ("find", "o1"),
    ("order", "show", "o1"),
    ("order", "explain", "o1"),
    ("dispute", "evidence", "d1"),
]


@pytest.fixture
def told(refundry, tmp_path: Path) -> list[str]:
    """What a replay of a shop's messages wrote, line by line."""
    out = tmp_path / "out.jsonl"
    assert refundry("replay", written(tmp_path / "in.jsonl", [*SHOP, claim()]), "--out", out).code == 0
    return out.read_text().splitlines()


@pytest.fixture
def look(refundry, tmp_path: Path) -> Callable[..., Any]:
    """Calls a command on these lines."""

    def call(command: tuple[str, ...], lines: list[str], *options: str) -> Any:
        file = tmp_path / "said.jsonl"
        file.write_text("\n".join(lines))
        return refundry(*command, "--snapshots", file, *options)

    return call


def foreign(value: Any, topic: str = "case-snapshots", key: str = "m/o1") -> str:
    return json.dumps({"topic": topic, "key": key, "headers": {}, "value": value})


@pytest.mark.parametrize("value", FOREIGN)
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_snapshot_is_passed_over_and_the_one_before_it_shown(look, told, command, value):
    before, after = look(command, told), look(command, [*told, foreign(value)])
    assert (after.code, after.out) == (before.code, before.out)
    assert before.code == 0
    if command[0] == "order":
        complaint = (
            "refundry: the record on case-snapshots with the key 'm/o1' is not what its topic holds; passed over"
        )
        assert after.complaint == complaint


@pytest.mark.parametrize("command", COMMANDS[1:4])
def test_where_nothing_else_is_there_it_is_not_said_that_there_is_none(look, command):
    done = look(command, [foreign({"order": "o1"})])
    assert (done.code, done.out) == (6, "")
    assert "that can be read" in done.complaint
    assert "the record on case-snapshots with the key 'm/o1' is not what its topic holds" in done.err


@pytest.mark.parametrize("kind", ["order", "dispute", "number"])
def test_what_is_erased_is_not_there(told, kind):
    (line,) = [json.loads(line) for line in told if json.loads(line)["topic"] == "case-snapshots"]
    said = Message("case-snapshots", 3, 17, -1, b"m/o1", json.dumps(line["value"]).encode(), ())
    search = {"order": OrderSearch("o1", None, decisions=False), "dispute": DisputeSearch("d1", None)}.get(kind)
    hits = Hits("d1", None)
    for message in (said, Message("case-snapshots", 3, 18, -1, b"m/o1", None, ())):
        (search or hits).take(message)
    if search is None:
        assert hits.rows() == []
    else:
        with pytest.raises(Failure, match="there is no such"):
            search.case() if isinstance(search, OrderSearch) else search.snapshot()


@pytest.mark.parametrize("value", [{}, [], "x", {"request_id": "r1", "revision": 1}])
def test_what_is_no_decision_is_passed_over(look, told, value):
    before, after = (
        look(("order", "explain", "o1"), lines) for lines in (told, [*told, foreign(value, "refund-decisions")])
    )
    assert (after.code, after.out) == (0, before.out)
    assert "the record on refund-decisions with the key 'm/o1' is not what its topic holds" in after.complaint


def test_each_part_that_is_shown_must_be_there(look, told):
    (line,) = [json.loads(line) for line in told if json.loads(line)["topic"] == "case-snapshots"]
    for part in ("order", "payments", "requests", "instructions", "disputes", "deadlines", "timeline", "flags"):
        for harm in ("x", [{}]):
            done = look(("order", "show", "o1"), [foreign(line["value"] | {part: harm})])
            assert (done.code, done.out) == (6, ""), (part, harm)


@pytest.mark.parametrize("value", [b"{}", b"no JSON of d1", b'{"d1": "\xff"}', DEEP])
@pytest.mark.parametrize("kind", ["order", "dispute", "number"])
def test_on_kafka_it_is_named_by_its_place(capsys, kind, value):
    message = Message("case-snapshots", 3, 17, -1, b"m/d1", value, ())
    if kind == "number":
        hits = Hits("d1", None)
        hits.take(message)
        hits.published.tell()
        said = capsys.readouterr().err
    else:
        search = OrderSearch("d1", None, decisions=False) if kind == "order" else DisputeSearch("d1", None)
        search.take(message)
        with pytest.raises(Failure) as failed:
            search.case() if isinstance(search, OrderSearch) else search.snapshot()
        said = capsys.readouterr().err
        assert failed.value.exit_code == (2 if b"d1" not in value and kind == "dispute" else 6)
    expected = "refundry: the record at case-snapshots/3/17 is not what its topic holds; passed over\n"
    assert said == ("" if b"d1" not in value and kind == "dispute" else expected)


def test_of_many_the_first_are_told_and_the_others_counted(look, told):
    done = look(("order", "show", "o1"), [*told, *[foreign({})] * (TOLD_MAX + 5)])
    assert done.code == 0
    assert len(done.err.splitlines()) == TOLD_MAX + 1
    assert "5 further records are not what their topic holds" in done.complaint


def test_a_report_names_what_nests_without_end(refundry, monkeypatch):
    message = Message("ledger-entries", 3, 17, -1, b"m/o1", DEEP, ())
    monkeypatch.setattr("app.cli.report.read_records", lambda _, hear, **__: hear(message))
    done = refundry("report", "money")
    assert (done.code, done.out) == (6, "")
    assert done.complaint.startswith("refundry: a record on ledger-entries/3/17 is not what its topic holds")


def test_an_audit_names_what_nests_without_end(tmp_path: Path):
    with Found(tmp_path) as found:
        verifier = Verifier(found)
        reckon(Output("case-snapshots", b"m/o1", DEEP), "case-snapshots/3/17", verifier, MoneyReport(Period()))
        assert [(one.kind, one.place) for one in verifier.told] == [("unreadable", "case-snapshots/3/17")]
