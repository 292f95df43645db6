"""`refundry replay`: what goes in, what comes out, what is told on the way."""

import gzip
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.messages import SHOP, order, request, written


def records(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def decided(text: str) -> list[str]:
    return [record["value"]["type"] for record in records(text) if record["topic"] == "refund-decisions"]


def test_everything_that_would_be_published_goes_to_standard_output(refundry, tmp_path: Path):
    done = refundry("replay", written(tmp_path / "in", SHOP))
    assert done.code == 0
    said = records(done.out)
    assert decided(done.out) == ["refund.approved"]
    assert [record["topic"] for record in said][-1] == "case-snapshots"
    assert {tuple(record) for record in said} == {("topic", "key", "headers", "value")}
    assert next(r for r in said if r["topic"] == "refund-instructions")["key"] == "m/p-o1"


def test_it_goes_to_the_file_that_is_named(refundry, tmp_path: Path):
    done = refundry("replay", written(tmp_path / "in", SHOP), "--out", tmp_path / "out")
    assert (done.code, done.out) == (0, "")
    assert decided((tmp_path / "out").read_text()) == ["refund.approved"]


def test_the_input_is_not_overwritten(refundry, tmp_path: Path):
    file = written(tmp_path / "in", SHOP)
    before = file.read_bytes()
    done = refundry("replay", file, "--out", tmp_path / "." / "in")
    assert done.code == 2
    assert "another file than the input" in done.complaint
    assert file.read_bytes() == before


def test_files_standard_input_and_compressed_files_are_one_stream(refundry, tmp_path: Path):
    written(tmp_path / "a", [order()])
    (tmp_path / "c.gz").write_bytes(gzip.compress(json.dumps(SHOP[2]).encode()))
    done = refundry("replay", tmp_path / "a", "-", tmp_path / "c.gz", stdin=json.dumps(SHOP[1]).encode())
    assert decided(done.out) == ["refund.approved"]


def test_the_order_of_the_files_is_the_order_of_arrival(refundry, tmp_path: Path):
    first, second = written(tmp_path / "a", [request()]), written(tmp_path / "b", SHOP[:2])
    assert decided(refundry("replay", first, second).out) == ["refund.held", "refund.held", "refund.approved"]


def test_a_line_that_is_no_message_is_told_with_its_number_and_the_others_are_decided(refundry, tmp_path: Path):
    file = written(tmp_path / "in", [*SHOP[:2], "no line", {"topic": "nowhere", "value": {}}, SHOP[2]])
    done = refundry("replay", file)
    assert done.code == 0
    assert f"{file}:3: no message: expected a JSON object" in done.err
    assert f"{file}:4: no message: the topic is not in the catalogue" in done.err
    assert "5 lines, 2 of them no messages; 3 events" in done.err
    assert decided(done.out) == ["refund.approved"]


def test_a_flood_of_lines_that_are_no_messages_is_counted_and_not_printed(refundry, tmp_path: Path):
    done = refundry("replay", written(tmp_path / "in", ["no line"] * 1000))
    assert done.err.count("no message:") == 100
    assert "1000 lines, 1000 of them no messages" in done.err


def test_the_summary_counts_decisions_money_and_dead_letters(refundry, tmp_path: Path):
    bad = {"topic": "orders", "key": "o1", "value": "{"}
    done = refundry("replay", written(tmp_path / "in", [*SHOP, bad]), "--output", "json")
    figures = json.loads(done.complaint)
    assert figures["lines"] == figures["events"] == 4
    assert figures["decisions"] == {"refund.approved": 1}
    assert figures["money"] == [{"type": "refund.approved", "amount_minor": 1200, "currency": "USD"}]
    assert figures["dead_letters"] == {"not_json": 1}
    assert figures["records"]["refund-instructions"] == 1
    table = refundry("replay", tmp_path / "in").err
    assert "12.00 USD" in table
    assert "not_json" in table


def test_the_policies_of_the_directory_decide(refundry, tmp_path: Path):
    policies = tmp_path / "policies"
    policies.mkdir()
    head = "policy: strict\nversion: 1\neffective_from: 2010-01-01T00:00:00Z\nmerchants: ['*']\n"
    (policies / "strict.yaml").write_text(head + "auto_approve_limit: {default: 1199}\n")
    file = written(tmp_path / "in", SHOP)
    done = refundry("replay", file, "--policies", policies)
    assert decided(done.out) == ["refund.held"]
    assert '"id":"strict"' in done.out
    by_setting = tmp_path / "settings.yaml"
    by_setting.write_text(f"policy_dir: {policies}\n")
    assert decided(refundry("replay", file, "--config", by_setting).out) == ["refund.held"]


@pytest.fixture
def strict(tmp_path: Path) -> Path:
    """A directory with a policy under which the shop's request is held."""
    folder = tmp_path / "strict"
    folder.mkdir()
    head = "policy: strict\nversion: 1\neffective_from: 2010-01-01T00:00:00Z\nmerchants: ['*']\n"
    (folder / "strict.yaml").write_text(head + "auto_approve_limit: {default: 1199}\n")
    return folder


def test_shadow_policies_are_compared_in_the_summary_and_change_no_byte_of_the_output(refundry, tmp_path, strict):
    file = written(tmp_path / "in", SHOP)
    alone = refundry("replay", file, "--output", "json")
    assert "shadow" not in json.loads(alone.complaint)
    beside = refundry("replay", file, "--shadow", strict, "--output", "json")
    assert beside.out == alone.out
    assert json.loads(beside.complaint)["shadow"] == {
        "decisions": [{"verdict": "flipped", "live": "approved", "shadow": "held", "count": 1}],
        "money": [{"currency": "USD", "direction": "less", "amount_minor": 1200}],
    }
    assert "12.00 USD less would have gone out" in refundry("replay", file, "--shadow", strict).err


def test_the_setting_names_the_shadow_policies_too(refundry, tmp_path, strict, monkeypatch):
    monkeypatch.setenv("REFUNDRY_SHADOW_POLICY_DIR", str(strict))
    done = refundry("replay", written(tmp_path / "in", SHOP), "--output", "json")
    assert json.loads(done.complaint)["shadow"]["decisions"][0]["shadow"] == "held"


@pytest.mark.parametrize("command", [("worker",), ("replay", "in")])
def test_shadow_policies_that_cannot_be_used_are_refused_at_the_start(refundry, tmp_path, strict, monkeypatch, command):
    (strict / "strict.yaml").write_text("policy: a\nversion: one\nwindoww: {}\n")
    written(tmp_path / "in", SHOP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REFUNDRY_SHADOW_POLICY_DIR", str(strict))
    monkeypatch.setenv("REFUNDRY_HASH_KEY", "a key of the tests, and no secret")
    monkeypatch.setenv("REFUNDRY_STATE_DIR", str(tmp_path / "state"))
    done = refundry(*command)
    assert (done.code, done.out) == (3, "")
    assert f"{strict}/strict.yaml:2: version" in done.err
    assert "did you mean `window`?" in done.err


def test_policies_that_cannot_be_used_are_refused_with_their_lines(refundry, tmp_path: Path):
    policies = tmp_path / "policies"
    policies.mkdir()
    (policies / "a.yaml").write_text("policy: a\nversion: one\nwindoww: {}\n")
    done = refundry("replay", written(tmp_path / "in", SHOP), "--policies", policies)
    assert (done.code, done.out) == (3, "")
    assert f"{policies}/a.yaml:2: version" in done.err
    assert f"{policies}/a.yaml:3: windoww" in done.err
    assert "did you mean `window`?" in done.err


def test_rates_that_cannot_be_used_are_refused_with_their_line(refundry, tmp_path: Path):
    (tmp_path / "fx").write_text("Date,USD\nyesterday,1\n")
    done = refundry("replay", written(tmp_path / "in", SHOP), "--fx", tmp_path / "fx")
    assert done.code == 3
    assert done.complaint.startswith(f"refundry: {tmp_path}/fx:2: expected a day")


def test_the_clock_moves_on_to_the_time_that_is_named(refundry, tmp_path: Path):
    file = written(tmp_path / "in", [request()])
    assert decided(refundry("replay", file, "--until", "2026-03-05T11:00:00Z").out) == ["refund.held"]
    done = refundry("replay", file, "--until", "2026-03-05T13:00:00+01:00")
    assert decided(done.out) == ["refund.held", "refund.denied"]


@pytest.mark.parametrize("moment", ["tomorrow", "2026-03-05", "2026-03-05T11:00:00"])
def test_a_time_without_an_offset_is_a_usage_error(refundry, tmp_path: Path, moment: str):
    done = refundry("replay", written(tmp_path / "in", SHOP), "--until", moment)
    assert done.code == 2
    assert "expected a time with an offset" in done.complaint


def test_settings_that_are_wrong_are_refused(refundry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REFUNDRY_CASE_RETENTION_DAY", "800")
    done = refundry("replay", written(tmp_path / "in", SHOP))
    assert done.code == 3
    assert "did you mean REFUNDRY_CASE_RETENTION_DAYS?" in done.err


def test_an_output_that_cannot_be_written_says_so(refundry, tmp_path: Path):
    done = refundry("replay", written(tmp_path / "in", SHOP), "--out", tmp_path / "nowhere" / "out")
    assert done.code == 4
    assert "nowhere/out: No such file" in done.complaint


def test_an_output_that_is_full_or_leads_nowhere_is_named(refundry, tmp_path: Path):
    day, loop = written(tmp_path / "in", SHOP), tmp_path / "loop"
    loop.symlink_to(loop)
    for out, why in (("/dev/full", "No space left on device"), (loop, "Too many levels of symbolic links")):
        done = refundry("replay", day, "--out", out)
        assert (done.code, done.complaint) == (4, f"refundry: {out}: {why} (check the path, the space and the rights)")


def test_nothing_is_drawn_on_standard_error_where_it_is_no_terminal(refundry, tmp_path: Path):
    done = refundry("replay", written(tmp_path / "in", SHOP))
    assert "\x1b" not in done.err
    assert "\r" not in done.err


CALL = [sys.executable, "-c", "from app.cli import main; main()", "replay"]


def test_a_bar_is_drawn_on_a_terminal(tmp_path: Path):
    file = written(tmp_path / "in", SHOP * 500)
    ours, theirs = pty.openpty()
    with subprocess.Popen([*CALL, file, "--out", tmp_path / "out"], stderr=theirs, env=on_a_terminal()) as process:
        os.close(theirs)
        drawn = b"".join(iter(lambda: read_terminal(ours), b""))
        assert process.wait(60) == 0
    os.close(ours)
    assert b"reading" in drawn
    assert b"\x1b[" in drawn
    assert b"1500 lines" in drawn


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path):
    file = written(tmp_path / "in", SHOP[:2] * 5000)
    with subprocess.Popen([*CALL, file], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
        assert process.wait(60) == 1
    assert b"Traceback" not in told
    assert b"Error" not in told


def on_a_terminal() -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("REFUNDRY_")}
    return {**plain, "TERM": "xterm", "COLUMNS": "100"}


def read_terminal(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # on Linux a terminal whose other end is closed ends with an error
        return b""
