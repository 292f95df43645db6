"""Tables in windows of any width: nothing that belongs together is cut, and nothing is left out."""

import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console

from app.cli.showing import line_of, table_of

ROWS = [
    {
        "merchant_id": "harbour-goods-of-the-north",
        "month": "2026-11",
        "captured": "33238.57 BRL",
        "refunded": "6184.08 BRL",
        "requests": 137,
        "left": None,
        "message": "subject: expected a request without a final decision",
    },
    {"merchant_id": "m", "month": "2026-12", "captured": "1 JPY", "refunded": "", "requests": 0, "message": "…"},
]
COLUMNS = tuple(ROWS[0])


def shown(rows: list[dict[str, Any]], width: int) -> list[str]:
    file = io.StringIO()
    Console(file=file, width=width).print(table_of(rows, COLUMNS, title="Money"))
    return file.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 90, 100, 120, 200])
def test_no_word_is_cut_and_no_line_is_wider_than_the_window(width):
    lines = shown(ROWS, width)
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    told = [str(row[name]) for row in ROWS for name in COLUMNS if row.get(name) is not None]
    for word in (word for text in told for word in text.split()):
        assert word in words


@pytest.mark.parametrize(("width", "is_table"), [(79, False), (100, True), (200, True)])
def test_where_a_table_has_no_room_each_row_is_a_paragraph_of_what_it_has(width, is_table):
    lines = [line.rstrip() for line in shown(ROWS, width)]
    assert lines[0] == "Money"
    assert any("───" in line for line in lines) == is_table
    if not is_table:
        assert lines[1:7] == [
            "merchant id  harbour-goods-of-the-north",
            "month        2026-11",
            "captured     33238.57 BRL",
            "refunded     6184.08 BRL",
            "requests     137",
            "message      subject: expected a request without a final decision",
        ]
        assert lines[7] == ""


def test_with_room_for_all_of_it_every_row_is_one_line():
    assert len(shown(ROWS, 200)) == len(ROWS) + 5


def test_what_is_longer_than_the_window_is_folded():
    lines = shown([{"merchant_id": "x" * 100}], 40)
    assert "".join(lines).count("x") == 100
    assert max(map(len, lines)) <= 40


def test_a_time_is_written_as_in_every_message():
    at = datetime(2026, 3, 2, 12, 0, 0, 250_000, tzinfo=UTC)
    assert any("2026-03-02T12:00:00.250000Z" in line for line in shown([{"month": at}], 200))


OBEYED = "red \x1b[31m, title \x1b]0;mine\x07, C1 \x9b2J, back\r\b, turned \u202egnp"
WRITTEN_OUT = "red \\x1b[31m, title \\x1b]0;mine\\x07, C1 \\x9b2J, back\\r\\x08, turned \\u202egnp"


@pytest.mark.parametrize("width", [40, 400])
def test_what_a_terminal_would_obey_is_written_out(width):
    rows = [{"merchant_id": OBEYED, "message": ["a\x1bc", "b"], "month": "[/b] [red]"}]
    text = " ".join(" ".join(shown(rows, width)).split())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert WRITTEN_OUT.replace(" ", "") in text.replace(" ", "")
    assert "a\\x1bc, b" in text
    assert "[/b] [red]" in text


def test_a_line_is_shown_as_it_is_whatever_it_says():
    file = io.StringIO()
    Console(file=file, width=200).print(line_of(f"m/[/b]1 [link=x]y[/link] {OBEYED}\ttab"))
    assert file.getvalue().startswith(f"m/[/b]1 [link=x]y[/link] {WRITTEN_OUT}")
