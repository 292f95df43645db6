"""`refundry report` over what a replay wrote: tables, JSON, CSV, a page, and its exit codes."""

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from app.cli.report_tables import TABLES, lasting, told
from tests.cli.messages import SHOP, claim, line, written

REPORTS = ("money", "refunds", "disputes", "fees", "fx")


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(one) for one in path.read_text().splitlines()]


@pytest.fixture
def year(refundry, tmp_path: Path) -> Path:
    """A mug for 24.00, half of it paid back two hours later, then all of it claimed and 5.00 back; a fee for each."""
    first, out = tmp_path / "first.jsonl", tmp_path / "out.jsonl"
    assert refundry("replay", written(tmp_path / "shop.jsonl", SHOP), "--out", first).code == 0
    (execute,) = [one["value"] for one in lines_of(first) if one["topic"] == "refund-instructions"]
    usd = {"currency": "USD"}
    more = [
        line(
            "payments",
            event_id="e-settled",
            type="payment.settled",
            payment_id="p-o1",
            settlement={"amount": {"amount_minor": 2400, **usd}, "rate": "1"},
            fee={"amount_minor": 70, **usd},
        ),
        line(
            "payments",
            event_id="e-done",
            type="refund.succeeded",
            payment_id="p-o1",
            refund_id="re1",
            instruction_id=execute["instruction_id"],
            amount=execute["amount"],
            occurred_at="2026-03-02T14:00:00Z",
        ),
        claim(
            respond_by="2026-04-20T00:00:00Z",
            occurred_at="2026-04-01T00:00:00Z",
            fee={"amount_minor": 1500, **usd},
            amount={"amount_minor": 900, **usd},
        ),
        line(
            "disputes",
            event_id="e-gone",
            type="dispute.funds_withdrawn",
            dispute_id="d1",
            payment_id="p-o1",
            amount={"amount_minor": 900, **usd},
            occurred_at="2026-04-02T00:00:00Z",
        ),
    ]
    done = refundry("replay", written(tmp_path / "in.jsonl", [*SHOP, *more]), "--out", out)
    assert done.code == 0
    assert not [one for one in lines_of(out) if one["topic"] == "dead-letters"]
    return out


def report(refundry, name: str, year: Path, *options: object) -> Any:
    done = refundry("report", name, "--records", year, "--output", "json", *options)
    assert done.code == 0, done.err
    return done.json


def test_money_closes(refundry, year: Path):
    told = report(refundry, "money", year)
    assert [
        (one["month"], one["captured_minor"], one["refunded_minor"], one["disputed_minor"]) for one in told["months"]
    ] == [
        ("2026-03", 2400, 1200, 0),
        ("2026-04", 0, 0, 900),
    ]
    assert [(one["fees_minor"], one["left_minor"]) for one in told["months"]] == [(70, 1200), (1500, 300)]
    (standing,) = told["standing"]
    assert (standing["claimed_minor"], standing["in_flight_minor"], standing["refundable_minor"]) == (900, 0, 300)
    assert told["differences"] == []
    assert sum(one["balance_minor"] for one in told["accounts"]) == 0
    table = refundry("report", "money", "--records", year)
    assert "2026-03   24.00 USD   12.00 USD" in re.sub(r"USD +", "USD   ", table.out)
    assert "Ledger and snapshots come to the same in every case." in table.out


def test_requests_and_their_times(refundry, year: Path):
    told = report(refundry, "refunds", year)
    assert [(one["outcome"], one["reason"], one["amount_minor"], one["settled_minor"]) for one in told["outcomes"]] == [
        ("approved", "within_policy", 1200, 1200)
    ]
    assert [(one["until"], one["median_seconds"], one["p90_seconds"]) for one in told["times"]] == [
        ("decision", 0, 0),
        ("settlement", 7200, 7200),
    ]
    assert "settlement          1   2h 0m    2h 0m" in refundry("report", "refunds", "--records", year).out


def test_disputes_and_what_is_due(refundry, year: Path):
    told = report(refundry, "disputes", year, "--at", "2026-04-20T01:00:00Z")
    (row,) = told["disputes"]
    assert (row["network"], row["category"], row["state"], row["withdrawn_minor"]) == (
        "visa",
        "product_not_received",
        "open",
        900,
    )
    assert [(one["dispute_id"], one["overdue"], one["hours_left"]) for one in told["deadlines"]] == [("d1", True, -1)]


def test_fees_of_payments_and_disputes(refundry, year: Path):
    told = report(refundry, "fees", year)
    assert [(one["fees"], one["cost_minor"]) for one in told["paid"]] == [("of disputes", 1500), ("of payments", 70)]
    assert told["kept"] == []


def test_nothing_to_report_is_said_so(refundry, year: Path):
    assert refundry("report", "fx", "--records", year).out == "There is nothing to report.\n"


def test_a_period_and_a_merchant(refundry, year: Path):
    months = report(refundry, "money", year, "--from", "2026-04-01T00:00:00Z")["months"]
    assert [one["month"] for one in months] == ["2026-04"]
    assert report(refundry, "money", year, "--to", "2026-04-01T00:00:00Z")["months"][0]["left_minor"] == 1200
    assert report(refundry, "refunds", year, "--merchant", "mm")["requests"] == 0


def test_books_that_do_not_close_end_in_six_and_name_the_case(refundry, year: Path, tmp_path: Path):
    kept = [one for one in lines_of(year) if one["value"].get("kind") != "refund_settled"]
    spoilt = written(tmp_path / "spoilt.jsonl", kept)
    done = refundry("report", "money", "--records", spoilt)
    assert done.code == 6
    assert "ledger and snapshots differ in 1 places" in done.complaint
    assert re.search(r"m/o1 +refunded +0.00 USD +12.00 USD", done.out)


def test_a_record_that_is_none_is_told_with_its_topic(refundry, year: Path, tmp_path: Path):
    kept = lines_of(year)
    kept.append({"topic": "ledger-entries", "key": "m/o1", "headers": {}, "value": {"kind": "gift"}})
    done = refundry("report", "fees", "--records", written(tmp_path / "spoilt.jsonl", kept))
    assert (done.code, done.out) == (6, "")
    assert done.complaint.startswith("refundry: a record on ledger-entries is not what its topic holds")


@pytest.mark.parametrize("name", REPORTS)
def test_csv_is_of_whole_minor_units(refundry, year: Path, name):
    done = refundry("report", name, "--records", year, "--output", "csv")
    assert done.code == 0
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert all(re.fullmatch(r"-?\d+", value) for row in rows for key, value in row.items() if key.endswith("_minor"))
    if name == "money":
        assert [(row["month"], row["captured_minor"]) for row in rows] == [("2026-03", "2400"), ("2026-04", "0")]


@pytest.mark.parametrize("name", REPORTS)
def test_no_float_is_anywhere(refundry, year: Path, name):
    def refuse(text: str) -> float:
        raise AssertionError(text)

    done = refundry("report", name, "--records", year, "--output", "json")
    json.loads(done.out, parse_float=refuse)


class Page(HTMLParser):
    """What a page holds."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [name for name, _ in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


def test_a_page_for_which_there_is_no_room_says_so(refundry, year: Path):
    done = refundry("report", "money", "--records", year, "--html", "/dev/full")
    assert (done.code, done.out) == (4, "")
    assert "/dev/full: No space left on device" in done.complaint


@pytest.mark.parametrize("deep", ['"value":%s', '"value":null,"x":%s', '"headers":%s'])
def test_a_record_that_nests_without_end_is_none_that_a_replay_wrote(refundry, tmp_path: Path, deep):
    line = '{"topic":"ledger-entries","key":"m/o1",' + deep % ("[" * 100_000 + "]" * 100_000) + "}"
    (tmp_path / "deep.jsonl").write_text(line)
    done = refundry("report", "money", "--records", tmp_path / "deep.jsonl")
    assert (done.code, "expected what `refundry replay` wrote" in done.complaint) == (2, True)


@pytest.mark.parametrize("name", REPORTS)
def test_a_page_stands_alone_and_draws(refundry, year: Path, tmp_path: Path, name):
    page = tmp_path / "page.html"
    assert refundry("report", name, "--records", year, "--html", page).code == 0
    read = Page()
    read.feed(page.read_text())
    assert "script" not in read.tags
    assert not read.links
    if name == "money":
        assert read.tags.count("rect") == 6
        assert {"24.00 USD", "12.00 USD", "9.00 USD", "m, 2026-03"} <= set(read.texts)


def test_what_others_call_their_things_is_text_on_the_page(refundry, tmp_path: Path):
    """An id is any text; nothing of it is taken for a tag."""
    odd = claim("<b>d1")
    out, page = tmp_path / "out.jsonl", tmp_path / "page.html"
    assert refundry("replay", written(tmp_path / "in.jsonl", [*SHOP, odd]), "--out", out).code == 0
    assert refundry("report", "disputes", "--records", out, "--html", page).code == 0
    assert "&lt;b&gt;d1" in page.read_text()
    assert "<b>d1" not in page.read_text()


def test_what_was_settled_is_told_in_the_currency_in_which_it_was():
    pairs, without = TABLES["fx"]
    row = {"currency": "USD", "settlement_currency": "EUR", "amount_minor": 700, "settled_minor": 650}
    row |= {"gain_loss_minor": -5, "estimate_minor": 640}
    for table in (pairs, without):
        (seen,) = told([row], table)
        assert (seen["amount"], seen["settled"], seen["gain_loss"]) == ("7.00 USD", "6.50 EUR", "-0.05 EUR")
    (seen,) = told([row | {"settlement_currency": None}], without)
    assert (seen["amount"], seen["settled"], seen["gain_loss"]) == ("7.00 USD", "", "")


def test_a_time_is_told_in_its_two_largest_units():
    assert [lasting(one) for one in (None, 0, 59, 60, 3601, 90_000, 8 * 86_400 + 61)] == [
        "",
        "0s",
        "59s",
        "1m 0s",
        "1h 0m",
        "1d 1h",
        "8d 0h",
    ]


@pytest.mark.parametrize("report", ["money", "refunds", "disputes", "fees", "fx"])
def test_a_period_that_ends_before_it_begins_is_a_usage_error(refundry, year: Path, report: str):
    period = ("--from", "2026-04-01T00:00:00Z", "--to", "2026-03-01T00:00:00Z")
    done = refundry("report", report, *period, "--records", year)
    assert (done.code, done.out) == (2, "")
    assert "expected --from to be before --to" in done.complaint
