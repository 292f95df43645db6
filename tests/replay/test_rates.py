"""Exchange rates from files: JSON lines of bodies, and the table of the European Central Bank."""

import gzip
import json
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from app.replay.rates import RatesRefusedError, read_rates

BODY = {"base": "USD", "quote": "JPY", "rate": "101.5", "as_of": "2026-03-01", "source": "desk"}
DAY = date(2026, 3, 2)


def written(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_bodies_are_read_line_by_line(tmp_path: Path):
    later = {**BODY, "rate": "99", "as_of": "2026-03-02"}
    rates = read_rates(written(tmp_path / "fx.jsonl", f"\n{json.dumps(BODY)}\n\n{json.dumps(later)}\n"))
    found = rates.find("USD", "JPY", DAY)
    assert found is not None
    assert (found.value, found.as_of) == (Fraction(99), DAY)
    before = rates.find("USD", "JPY", date(2026, 3, 1))
    assert before is not None
    assert before.value == Fraction("101.5")


TABLE = """Date,USD,JPY,CYP,
2026-03-02,1.1684,186.75,N/A,
2026-02-27,1.1711,N/A,0.5853,
"""


@pytest.mark.parametrize("compressed", [False, True])
def test_the_table_of_the_bank_is_read_without_its_gaps(tmp_path: Path, compressed: bool):
    path = tmp_path / "eurofxref-hist.csv"
    path.write_bytes(gzip.compress(TABLE.encode()) if compressed else TABLE.encode())
    rates = read_rates(str(path))
    dollar = rates.find("EUR", "USD", DAY)
    assert dollar is not None
    assert dollar.value == Fraction("1.1684")
    assert rates.find("EUR", "JPY", date(2026, 2, 27)) is None
    assert rates.find("EUR", "CYP", DAY) is None


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (json.dumps({**BODY, "rate": 1.5}), r":1: rate"),
        (f"{json.dumps(BODY)}\n{json.dumps({**BODY, 'quote': 'XAU'})}", r":2: quote"),
        (f"{json.dumps(BODY)}\nno json", r":2: expected JSON in UTF-8"),
        ("Day,USD\n", r":1: expected JSON lines"),
        ("Date,USD\nyesterday,1.1\n", r":2: expected a day"),
        ("Date,USD\n2026-03-02,one\n", r":2: USD: expected a rate"),
        ("Date,USD\n2026-03-02,0.0\n", r":2: USD: expected a rate"),
        ("Date,USD\n2026-03-02,-1\n", r":2: USD: expected a rate"),
        ("Date,USD\n2026-03-02,1e999999\n", r":2: USD: expected a rate"),
    ],
)
def test_a_file_that_cannot_be_used_says_where_and_what_was_expected(tmp_path: Path, text: str, where: str):
    with pytest.raises(RatesRefusedError, match=where):
        read_rates(written(tmp_path / "fx", text))


def test_an_empty_file_has_no_rates(tmp_path: Path):
    assert read_rates(written(tmp_path / "fx", "\n")).find("EUR", "USD", DAY) is None
