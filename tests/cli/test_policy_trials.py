"""`policy test`, `policy backtest` and `order preview` as they are typed."""

import csv
import io

import pytest

from tests.backtest.telling import of_order, policies, texts
from tests.backtest.test_disputes import ADVISED, BOLD, ENDINGS, TIMID, book
from tests.backtest.test_scenarios import HELD, RULES, STORY
from tests.domain.events import asked, captured, line, placed

EVENTS = texts(of_order("a", placed(line("l1", "50.00", kind="gift_card")), captured("50.00"), asked()))


@pytest.fixture
def folder(tmp_path):
    policies(tmp_path / "new", RULES)
    policies(tmp_path / "old")
    (tmp_path / "new" / "scenarios").mkdir()
    (tmp_path / "events.jsonl").write_text("\n".join(EVENTS))
    return tmp_path


def test_scenarios_that_come_out_as_expected_end_with_0_and_name_the_rules_that_were_never_met(refundry, folder):
    (folder / "new" / "scenarios" / "a.yaml").write_text(STORY + HELD)
    done = refundry("policy", "test", folder / "new")
    assert done.code == 0
    assert "a gift card goes to review" in done.out
    assert "trial@1: the rule large was met in no scenario" in done.err
    assert "rule gifts was met" not in done.err


def test_a_scenario_that_comes_out_otherwise_ends_with_6_and_its_line(refundry, folder):
    (folder / "new" / "scenarios" / "a.yaml").write_text(STORY + HELD.replace("held", "denied"))
    done = refundry("policy", "test", folder / "new")
    assert done.code == 6
    assert "a.yaml:9: expect[0].outcome: expected denied, it was held because of rule_review" in done.err


def test_a_scenario_that_cannot_be_read_is_told_beside_what_is_wrong_with_others(refundry, folder):
    place = folder / "new" / "scenarios"
    (place / "a.yaml").mkdir()
    (place / "b.yaml").symlink_to("nowhere")
    (place / "c.yaml").write_bytes(b"\xff")
    (place / "d.yaml").symlink_to("/dev/full")
    done = refundry("policy", "test", folder / "new")
    assert (done.code, done.complaint) == (3, "refundry: 4 problems to put right")
    assert f"{place / 'a.yaml'}: Is a directory (check that it exists and can be read)" in done.err
    assert f"{place / 'b.yaml'}: No such file or directory (check that it exists and can be read)" in done.err


def test_scenarios_that_are_no_folder_or_may_not_be_looked_into_are_not_taken_for_none(refundry, folder):
    place = folder / "new" / "scenarios"
    place.rmdir()
    place.touch()
    done = refundry("policy", "test", folder / "new")
    assert (done.code, done.complaint) == (3, "refundry: 1 problem to put right")
    assert f"{place}: Not a directory" in done.err


def test_a_policy_without_scenarios_is_told_where_to_write_them(refundry, folder):
    done = refundry("policy", "test", folder / "new")
    assert done.code == 2
    assert str(folder / "new" / "scenarios") in done.complaint


def test_a_backtest_shows_what_flips_as_table_json_and_csv(refundry, folder):
    command = ("policy", "backtest", folder / "new", "--old", folder / "old", "--events", folder / "events.jsonl")
    table = refundry(*command)
    assert table.code == 0
    assert "-50.00 EUR" in table.out
    assert "1 requests: 1 come out otherwise" in table.out
    told = refundry(*command, "--output", "json").json
    assert (told["requests"], told["flipped"], told["events"]) == (1, 1, 3)
    assert told["flips"][0]["new_rule"] == "gifts"
    (row,) = csv.DictReader(io.StringIO(refundry(*command, "--output", "csv").out))
    assert (row["old_outcome"], row["new_outcome"], row["difference_minor"]) == ("approved", "held", "-5000")


def test_a_backtest_shows_disputes_that_ended_as_table_json_and_csv(refundry, tmp_path):
    book(tmp_path / "old", BOLD)
    book(tmp_path / "new", TIMID)
    (tmp_path / "events.jsonl").write_text("\n".join(texts(event for order in ENDINGS for event in order)))
    command = ("policy", "backtest", tmp_path / "new", "--old", tmp_path / "old", "--events", tmp_path / "events.jsonl")
    for more in ((), ("--disputes",)):
        table = refundry(*command, *more).out
        assert "6 disputes ended: 2 of them are advised otherwise" in table
        assert ("expired, not contested" in table) == bool(more)
        (old,) = (row.split() for row in table.splitlines() if row.split()[1:2] == ["old"])
        assert " ".join(old) == "m1 old 6 5 637.50 EUR 3 332.50 EUR 250.00 EUR 60.00 EUR 2 (305.00 EUR) 0 0.00 EUR"
        told = refundry(*command, *more, "--output", "json").json
        assert [one["policy"] for one in told["dispute_standings"]] == ["old", "new"]
        assert (len(told["disputes"]), told["disputes_advised_otherwise"]) == (6, 2)
    rows = {
        row["dispute_id"]: row
        for row in csv.DictReader(io.StringIO(refundry(*command, "--disputes", "--output", "csv").out))
    }
    assert rows.keys() == ADVISED.keys()
    assert (rows["d-late"]["outcome"], rows["d-late"]["contest_result"]) == ("expired", "unknown")
    assert (rows["d-part"]["recovered_minor"], rows["d-part"]["fees"]) == ("15000", "20.00 EUR")


def test_what_can_be_read_once_alone_is_decided_whole_and_comes_out_the_same(refundry, folder):
    """An order of which nobody asks anything is passed over in a file, and decided from standard input."""
    idle = texts(of_order("b", placed(), captured("50.00")))
    (folder / "more.jsonl").write_text("\n".join(EVENTS + idle))
    command = ("policy", "backtest", folder / "new", "--old", folder / "old", "--output", "json", "--events")
    file = refundry(*command, folder / "more.jsonl").json
    piped = refundry(*command, "-", stdin=(folder / "more.jsonl").read_bytes()).json
    assert (file.pop("undecided"), piped.pop("undecided")) == (2, 0)
    assert file == piped
    assert (file["events"], file["flipped"]) == (5, 1)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "expected --events FILE, or --from-kafka"),
        (("--from-kafka",), "expected --from-kafka and --since together"),
        (("--events", "events.jsonl", "--since", "2026-01-06T12:00:00Z"), "expected --from-kafka and --since together"),
        (("--events", "events.jsonl", "--from-kafka", "--since", "2026-01-06T12:00:00Z"), "or --from-kafka"),
    ],
)
def test_a_backtest_wants_one_source_and_a_time_for_kafka(refundry, folder, monkeypatch, words, why):
    monkeypatch.chdir(folder)
    done = refundry("policy", "backtest", folder / "new", *words)
    assert done.code == 2
    assert why in done.complaint


def test_policies_that_cannot_be_used_end_a_backtest_with_3(refundry, folder):
    (folder / "new" / "trial.yaml").write_text("policy: x\n")
    done = refundry("policy", "backtest", folder / "new", "--events", folder / "events.jsonl")
    assert done.code == 3


def test_a_preview_shows_the_decision_with_its_reasons(refundry, folder):
    command = ("order", "preview", "a", "--events", folder / "events.jsonl", "--policies", folder / "new")
    done = refundry(*command, "--scope", "full", "--at", "2026-01-06T12:00:00Z")
    assert done.code == 0
    assert "duplicate_request" in done.out
    assert refundry(*command, "--scope", "lines:l1", "--output", "json").json["request_id"] == "preview"


@pytest.mark.parametrize(
    ("scope", "why"),
    [
        ("lines:l1=x", "expected full, lines:l1=2,l2=1, shipping:s1, or a scope as JSON"),
        ('{"kind": "all"}', "scope.kind"),
    ],
)
def test_a_scope_that_is_none_ends_a_preview_with_2(refundry, folder, scope, why):
    done = refundry("order", "preview", "a", "--scope", scope, "--events", folder / "events.jsonl")
    assert done.code == 2
    assert why in done.complaint
