"""`refundry find` and `refundry order` with the read side and without it."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.readside.following import Follower
from app.readside.keys import Keys
from app.readside.writing import Writer
from tests.cli.messages import SHOP, capture, order, request, written
from tests.readside.cases import MemoryLog, snapshot
from tests.readside.server import Server

TWICE = [*SHOP, order("p-o1", "other"), capture("p-o1", "other"), order("o1", "third")]


@pytest.fixture
def snapshots(refundry, tmp_path: Path) -> Path:
    out = tmp_path / "out.jsonl"
    assert refundry("replay", written(tmp_path / "in.jsonl", TWICE), "--out", out).code == 0
    return out


def told(snapshots: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in snapshots.read_text().splitlines()]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("p-o1", [("payment", "m/o1"), ("order", "other/p-o1")]),
        ("r1", [("request", "m/o1")]),
        ("o1", [("order", "m/o1"), ("order", "third/o1")]),
        ("p-p-o1", [("payment", "other/p-o1")]),
    ],
)
def test_every_case_of_a_number_is_found_with_what_it_is_the_number_of(refundry, snapshots, number, expected):
    found = refundry("find", number, "--snapshots", snapshots, "--output", "json")
    assert found.code == 0, found.err
    assert [(row["kind"], row["case_id"]) for row in found.json] == expected


def test_an_instruction_that_was_told_is_found(refundry, snapshots):
    (ordered,) = [record["value"] for record in told(snapshots) if record["topic"] == "refund-instructions"]
    shown = refundry("find", ordered["instruction_id"], "--snapshots", snapshots)
    assert shown.code == 0
    assert "instruction" in shown.out
    assert "m/o1" in shown.out


def test_of_a_number_that_several_merchants_have_one_is_named(refundry, snapshots):
    found = refundry("find", "p-o1", "--merchant", "other", "--snapshots", snapshots, "--output", "json")
    assert [row["case_id"] for row in found.json] == ["other/p-o1"]


@pytest.mark.parametrize("number", ["p-o", "P-O1", "", "sh1", 'o1"'])
def test_a_number_that_is_none_is_said_to_be_none(refundry, snapshots, number):
    done = refundry("find", number, "--snapshots", snapshots)
    assert (done.code, done.out) == (2, "")
    assert "no case has this number" in done.complaint


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Kafka that nobody answers for: what is found then is found in the read side."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("REFUNDRY_KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{taken.getsockname()[1]}")
    monkeypatch.setattr("app.cli.kafka.PATIENCE_S", 0.5)
    monkeypatch.setattr("app.cli.kafka.CALL_S", 0.3)


@pytest.fixture
def redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server(tmp_path) as server:
        monkeypatch.setenv("REFUNDRY_REDIS_URL", server.url)
        yield server


@pytest.fixture
def read_side(refundry, redis: Server, snapshots: Path) -> Callable[[], None]:
    """Fills the read side with what the replay said."""
    log = MemoryLog()
    for line in snapshots.read_text().splitlines():
        record = json.loads(line)
        if record["topic"] == "case-snapshots":
            log.say(record["key"], json.dumps(record["value"]).encode())

    def fill() -> None:
        Follower(log, Writer(redis.client(), Keys("refundry", ""))).run(threading.Event(), until_complete=True)

    return fill


@pytest.mark.redis
def test_the_read_side_answers_as_the_files_do_and_kafka_is_not_asked(refundry, nowhere, read_side, snapshots):
    read_side()
    for number in ("p-o1", "o1", "r1"):
        quick = refundry("find", number, "--output", "json")
        assert (quick.code, quick.err) == (0, "")
        assert quick.json == refundry("find", number, "--snapshots", snapshots, "--output", "json").json
    one = refundry("find", "p-o1", "--merchant", "other", "--output", "json")
    assert [row["case_id"] for row in one.json] == ["other/p-o1"]
    shown = refundry("order", "show", "o1", "--merchant", "m", "--output", "json")
    assert (shown.code, shown.err) == (0, "")
    known = refundry("order", "show", "o1", "--merchant", "m", "--snapshots", snapshots, "--output", "json")
    assert shown.json == known.json
    several = refundry("order", "show", "o1")
    assert several.code == 2
    assert "2 merchants have an order of this id: m, third" in several.complaint


@pytest.mark.redis
def test_what_the_read_side_holds_and_nobody_can_show_is_looked_for_on_kafka(refundry, nowhere, redis):
    log = MemoryLog()
    log.say("m/o1", snapshot("m/o1"))  # of what the read side looks into, and of no more
    Follower(log, Writer(redis.client(), Keys("refundry", ""))).run(threading.Event(), until_complete=True)
    done = refundry("order", "show", "o1")
    assert done.code == 4, "Kafka was asked"
    assert "Is the broker up" in done.complaint


@pytest.mark.redis
@pytest.mark.parametrize(
    ("trouble", "words"),
    [("never filled", "not complete"), ("old", "last up to date"), ("away", "ConnectionError"), ("unknown", "")],
)
@pytest.mark.parametrize("command", [("find", "r9"), ("order", "show", "o9")])
def test_where_the_read_side_cannot_answer_kafka_is_asked_and_it_is_said(
    refundry, nowhere, read_side, redis, command, trouble, words
):
    if trouble != "never filled":
        read_side()
    if trouble == "old":
        redis.client().hset("refundry:refundry::position", "caught_up_at", "1.0")
    if trouble == "away":
        redis.kill()
    done = refundry(*command)
    assert done.code == 4  # Kafka was asked
    assert "Is the broker up" in done.complaint
    said = [line for line in done.err.splitlines() if "the read side does not answer, so Kafka is read" in line]
    assert len(said) == (1 if words else 0)
    assert words in "".join(said)


@pytest.mark.parametrize("command", [("find", "r9"), ("report", "money"), ("topics", "plan"), ("dead-letters", "list")])
def test_a_kafka_that_does_not_answer_is_told_with_its_address(refundry, nowhere, command):
    done = refundry(*command)
    assert done.code == 4
    assert f"asking {os.environ['REFUNDRY_KAFKA_BOOTSTRAP_SERVERS']} which topics there are" in done.complaint


@pytest.mark.redis
def test_the_read_side_is_filled_only_where_kafka_is(refundry, nowhere, redis):
    for verb in ("run", "rebuild"):
        done = refundry("projections", verb)
        assert done.code == 4
        assert "Is the broker up" in done.complaint


@pytest.mark.parametrize("verb", ["run", "rebuild"])
def test_without_the_address_of_a_redis_there_is_no_read_side_to_keep(refundry, nowhere, verb):
    done = refundry("projections", verb)
    assert done.code == 3
    assert "REFUNDRY_REDIS_URL" in done.err


def test_a_request_made_later_is_found_too(refundry, tmp_path: Path):
    out = tmp_path / "out.jsonl"
    assert refundry("replay", written(tmp_path / "in.jsonl", [*SHOP, request(request_id="r2")]), "--out", out).code == 0
    found = refundry("find", "r2", "--snapshots", out, "--output", "json")
    assert [(row["kind"], row["status"]) for row in found.json] == [("request", "approved")]
