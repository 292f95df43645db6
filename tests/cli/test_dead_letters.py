"""`refundry dead-letters` over what a replay wrote; sending is for Kafka alone."""

import json
from pathlib import Path

import pytest

from tests.cli.messages import SHOP, order, written

CARD = "4111 1111 1111 1111"
DREAMT_MS = 1_772_798_400_000  # 2026-03-06T12:00:00Z, when the one of `mm` came in


def dreamt(day: int, merchant: str) -> dict[str, object]:
    """An order of an unknown type that came in on a day of March."""
    made = order("o9", merchant, title=CARD)
    made["value"] |= {"type": "order.dreamt", "note": f"paid with {CARD}"}
    return made | {"timestamp": f"2026-03-{day:02}T12:00:00Z"}


@pytest.fixture
def replayed(refundry, tmp_path: Path) -> Path:
    """Two orders of an unknown type, of two merchants; an order twice with another content; bytes that are no JSON."""
    other = order(quantity=3)
    lines = [
        *SHOP,
        dreamt(3, "m"),
        other,
        {"topic": "payments", "value_base64": "/w==", "key": "p", "timestamp": "2026-03-05T12:00:00Z"},
        dreamt(6, "mm"),
    ]
    out = tmp_path / "out.jsonl"
    assert refundry("replay", written(tmp_path / "in.jsonl", lines), "--out", out).code == 0
    return out


def ids(done) -> list[str]:
    assert done.code == 0, done.err
    return [letter["id"] for letter in done.json["letters"]]


def test_letters_are_counted_and_listed_the_newest_last(refundry, replayed: Path):
    done = refundry("dead-letters", "list", "--records", replayed, "--output", "json")
    assert [(row["code"], row["topic"], row["count"]) for row in done.json["counts"]] == [
        ("unknown_type", "orders", 2),
        ("id_conflict", "orders", 1),
        ("not_json", "payments", 1),
    ]
    assert [(one["code"], one["merchant_id"]) for one in done.json["letters"]] == [
        ("unknown_type", "m"),
        ("id_conflict", "m"),
        ("not_json", None),
        ("unknown_type", "mm"),
    ]
    assert done.json["letters"][0]["came_in"] == "2026-03-03T12:00:00Z"
    table = refundry("dead-letters", "list", "--records", replayed)
    assert "4 dead letters" in table.out
    assert table.out.index("not_json") < table.out.index("order.dreamt")


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        (("--code", "id_conflict", "--code", "not_json"), ["id_conflict", "not_json"]),
        (("--topic", "payments"), ["not_json"]),
        (("--since", "2026-03-05T12:00:00Z"), ["not_json", "unknown_type"]),
        (("--merchant", "m"), ["unknown_type", "id_conflict"]),
        (("--merchant", "nobody"), []),
        (("--limit", "1"), ["unknown_type"]),
    ],
)
def test_what_is_listed_can_be_narrowed(refundry, replayed: Path, options, codes):
    done = refundry("dead-letters", "list", "--records", replayed, "--output", "json", *options)
    assert [one["code"] for one in done.json["letters"]] == codes


def test_a_limit_says_how_many_it_leaves_out(refundry, replayed: Path):
    done = refundry("dead-letters", "list", "--records", replayed, "--limit", "1")
    assert done.err == "3 older ones are not shown; --limit shows more\n"
    assert "4 dead letters" in done.out


def test_standard_input_is_read_too(refundry, replayed: Path):
    done = refundry("dead-letters", "list", "--records", "-", "--output", "json", stdin=replayed.read_bytes())
    assert len(ids(done)) == 4


def test_a_letter_is_shown_whole_and_masked(refundry, replayed: Path):
    letter_id = ids(refundry("dead-letters", "list", "--records", replayed, "--merchant", "mm", "--output", "json"))[0]
    topic, partition, offset = letter_id.split("/")
    shown = refundry("dead-letters", "show", letter_id, "--records", replayed, "--output", "json").json
    assert (shown["topic"], shown["partition"], shown["offset"]) == (topic, int(partition), int(offset))
    assert (shown["code"], shown["path"], shown["key"]) == ("unknown_type", "type", "o9")
    assert shown["message"].startswith("type: expected a type of orders, one of: order.placed")
    assert shown["what_helps"].startswith("Correct the type")
    assert (shown["redacted"], shown["attempt"], len(shown["attempts"])) == (True, 1, 1)
    body = json.loads(shown["value"])
    assert (body["type"], body["note"]) == ("order.dreamt", "paid with [card number]")
    people = refundry("dead-letters", "show", letter_id, "--records", replayed).out
    assert people.startswith("unknown_type: type: expected")
    assert "The message, masked:" in people
    assert '  "order_id": "o9",' in people
    assert CARD not in people


def test_bytes_that_are_no_text_are_shown_and_given_as_they_are(refundry, replayed: Path):
    done = refundry("dead-letters", "list", "--records", replayed, "--topic", "payments", "--output", "json")
    (letter_id,) = ids(done)
    assert refundry("dead-letters", "show", letter_id, "--records", replayed).out.endswith("The message:\n\\xff\n")
    shown = refundry("dead-letters", "show", letter_id, "--records", replayed, "--output", "json").json
    assert (shown["value"], shown["value_base64"]) == ("\ufffd", "/w==")


def test_a_letter_that_is_not_there_and_a_file_that_is_none(refundry, replayed: Path, tmp_path: Path):
    nowhere = refundry("dead-letters", "show", "orders/0/99", "--records", replayed)
    assert (nowhere.code, nowhere.out) == (2, "")
    assert nowhere.complaint.startswith("refundry: there is no such dead letter here")
    wrong = refundry("dead-letters", "list", "--records", tmp_path / "in.jsonl")
    assert (wrong.code, wrong.out) == (2, "")
    assert "expected what `refundry replay` wrote" in wrong.complaint


def test_nothing_refused_is_said_so(refundry, tmp_path: Path):
    out = tmp_path / "good.jsonl"
    assert refundry("replay", written(tmp_path / "good-in.jsonl", SHOP), "--out", out).code == 0
    assert refundry("dead-letters", "list", "--records", out).out == "There are no dead letters here.\n"
    assert refundry("dead-letters", "list", "--records", out, "--code", "not_json").out == "No dead letter fits.\n"


@pytest.mark.parametrize("timestamp", ["100000000000000000", "253402300800000", "-9223372036854775808"])
def test_one_message_of_no_time_of_the_calendar_hides_no_other(refundry, replayed: Path, timestamp: str):
    """A record has whatever time its publisher gave it."""
    text = replayed.read_text()
    replayed.write_text(text.replace(f'"refundry-timestamp":"{DREAMT_MS}"', f'"refundry-timestamp":"{timestamp}"'))
    assert timestamp in replayed.read_text()
    listed = refundry("dead-letters", "list", "--records", replayed, "--output", "json")
    assert [one["came_in"] for one in listed.json["letters"] if one["merchant_id"] == "mm"] == [None]
    assert len(ids(listed)) == 4
    assert "4 dead letters" in refundry("dead-letters", "list", "--records", replayed).out
    (letter_id,) = [one["id"] for one in listed.json["letters"] if one["merchant_id"] == "mm"]
    assert refundry("dead-letters", "show", letter_id, "--records", replayed).code == 0


def test_a_redrive_of_everything_must_be_meant(refundry):
    done = refundry("dead-letters", "redrive", "--yes")
    assert (done.code, done.out) == (2, "")
    assert "expected IDs, or which ones" in done.complaint


HOSTILE = "\x1b]0;mine\x07\x1b[2J\x9b31m"


def test_a_message_that_commands_the_terminal_is_shown_and_not_obeyed(refundry, tmp_path: Path):
    """Bytes that are no JSON, a type, a key and a header: all of them come from whoever published."""
    named = order()
    named["value"] |= {"type": f"order.{HOSTILE}", "merchant_id": HOSTILE}
    lines = [
        {"topic": "orders", "value": f"{{{HOSTILE}", "key": HOSTILE, "headers": {HOSTILE: HOSTILE}},
        named | {"key": "o1"},
    ]
    out = tmp_path / "out.jsonl"
    assert refundry("replay", written(tmp_path / "in.jsonl", lines), "--out", out).code == 0
    listed = refundry("dead-letters", "list", "--records", out)
    assert "order.\\x1b]0;mine\\x07\\x1b[2J\\x9b31m" in listed.out
    letter_ids = ids(refundry("dead-letters", "list", "--records", out, "--output", "json"))
    told = [
        listed.out,
        *(refundry("dead-letters", "show", letter_id, "--records", out).out for letter_id in letter_ids),
    ]
    assert len(told) == 3
    assert not [text for text in told if not set("\x1b\x07\x9b").isdisjoint(text)]
