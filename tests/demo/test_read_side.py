"""The demo finds in the read side whatever is not as it was told last."""

import json
import sys

import pytest
from redis import Redis

from app.demo import read_side
from app.demo.own_process import OwnProcess
from app.demo.read_side import Found, ReadSide
from app.runtime.config import RuntimeConfig
from tests.kafka.harness import wait_for

HEAD = "refundry:refundry::case:"
TOLD = [("m/o1", 1), ("m/o1", 2), ("m/o2", 1), ("m/o2", 1), ("m/o1", 1)]
IDLE = (sys.executable, "-c", "import sys; sys.stdin.read()")


def snapshot(version):
    return json.dumps({"version": version}).encode()


def config(tmp_path):
    return RuntimeConfig(bootstrap_servers="127.0.0.1:1", state_dir=tmp_path)


@pytest.fixture
def tested(tmp_path, monkeypatch):
    """A read side with its real Redis, and a follower that does nothing: what stands there is put there by the test."""
    monkeypatch.setattr(read_side, "CATCH_UP_S", 0.3)
    made = ReadSide(config(tmp_path), tmp_path)
    made._follower = OwnProcess(IDLE, {}, tmp_path / "follower.log")
    for case_id, version in TOLD:
        made.hear(case_id.encode(), snapshot(version))
    try:
        made.begin()
        wait_for("Redis is there", (tmp_path / "redis").exists, 20)
        yield made
    finally:
        made.stop()


AS_TOLD = {"m/o1": snapshot(2), "m/o2": snapshot(1)}


@pytest.mark.parametrize(
    ("standing", "differing"),
    [
        (AS_TOLD, ()),
        ({"m/o1": snapshot(2)}, ("m/o2",)),
        (AS_TOLD | {"m/o1": snapshot(1)}, ("m/o1",)),
        (AS_TOLD | {"m/o1": snapshot(2) + b" "}, ("m/o1",)),
        (AS_TOLD | {"m/o3": snapshot(1)}, ("m/o3",)),
        ({}, ("m/o1", "m/o2")),
    ],
)
def test_what_differs_is_told(tested, tmp_path, standing, differing):
    with Redis(unix_socket_path=str(tmp_path / "redis")) as client:
        for case_id, value in standing.items():
            client.set(HEAD + case_id, value)
    found = tested.found()
    assert found == Found(2, differing)
    assert found.holds == (not differing)


def test_a_redis_that_ends_is_the_end_of_the_read_side_and_of_nothing_else(tested, tmp_path, monkeypatch):
    monkeypatch.setattr(read_side, "CATCH_UP_S", 20.0)
    tested._server.stop()
    says = "import sys; print('no room here'); sys.exit(3)"
    tested._server = OwnProcess((sys.executable, "-c", says), {}, tmp_path / "last.log")
    tested._server.start()
    found = tested.found()
    assert found.holds
    assert "Redis ended with code 3: no room here" in str(found)


def test_a_follower_that_keeps_ending_is_the_end_of_the_read_side_and_of_nothing_else(tested, tmp_path, monkeypatch):
    monkeypatch.setattr(read_side, "CATCH_UP_S", 20.0)
    tested._follower.stop()
    tested._follower = OwnProcess((sys.executable, "-c", "raise SystemExit('no Kafka')"), {}, tmp_path / "last.log")
    found = tested.found()
    assert found.holds
    assert "the follower keeps ending: no Kafka" in str(found)


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (Found(1234), "1,234 cases in the read side, all as last told."),
        (Found(2, kills=1), "2 cases in the read side, all as last told; its follower was killed once."),
        (Found(2, kills=3), "2 cases in the read side, all as last told; its follower was killed 3 times."),
        (Found(9, ("m/o1",)), "The read side differs in 1 of 9 cases: m/o1"),
        (Found(problem="no room"), "No read side: no room"),
    ],
)
def test_how_it_ended_is_one_line(found, line):
    assert str(found) == line


def test_a_path_that_no_socket_can_have_is_told(tmp_path):
    made = ReadSide(config(tmp_path), tmp_path / ("long" * 30))
    made.begin()
    assert "too long" in str(made.found())
    made.stop()
