"""The runtime on librdkafka's embedded broker: no transactions there, so what is said may repeat, and nothing is lost."""

import json
import signal
import socket
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer

from tests.kafka.counting import IN, OUT
from tests.kafka.harness import Workers, module, read_all, wait_for
from tests.runtime.raw_headers import publish_raw

SENT = 3000


@pytest.fixture
def bootstrap() -> Iterator[str]:
    cluster = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "embedded", "log_level": 0})
    yield ",".join(f"{broker.host}:{broker.port}" for broker in cluster.list_topics(timeout=10).brokers.values())
    del cluster


@pytest.fixture
def ops_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@pytest.fixture
def workers(bootstrap: str, tmp_path: Path, ops_port: int) -> Iterator[Workers]:
    settings = {
        "bootstrap_servers": bootstrap,
        "state_dir": str(tmp_path),
        "mode": "at_least_once",
        "slot": "0",
        "ops_bind": f"127.0.0.1:{ops_port}",
    }
    with Workers(lambda _: module("tests.kafka.counting", json.dumps(settings)), tmp_path / "workers.log") as made:
        yield made


def publish(bootstrap: str, first: int) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "log_level": 0})
    for n in range(first, first + SENT):
        producer.produce(IN, b"%d" % n, b"key-%d" % (n % 50))
    assert producer.flush(30) == 0


def counted(bootstrap: str) -> Counter[int]:
    return Counter(json.loads(record.value() or b"")["id"] for record in read_all(bootstrap, OUT, committed=False))


def test_all_is_handled_once_between_orderly_ends(bootstrap: str, workers: Workers) -> None:
    for sent in (SENT, 2 * SENT):
        publish(bootstrap, sent - SENT)
        workers.start(0)
        wait_for("all are counted", lambda expected=sent: len(counted(bootstrap)) == expected, 30)  # type: ignore[misc]
        assert workers.stop(seconds=30) == {0: 0}
    assert set(counted(bootstrap).values()) == {1}
    last = {
        record.key(): json.loads(record.value() or b"")["n"] for record in read_all(bootstrap, OUT, committed=False)
    }
    assert set(last.values()) == {2 * SENT // 50}, "the state outlived the process"


def test_nothing_is_lost_when_the_worker_is_killed(bootstrap: str, workers: Workers) -> None:
    publish(bootstrap, 0)
    workers.start(0)
    wait_for("work is in flight", lambda: len(counted(bootstrap)) > 0, 30, every=0.02)
    workers.kill(0)
    publish(bootstrap, SENT)
    wait_for("all are counted", lambda: len(counted(bootstrap)) == 2 * SENT, 60)
    assert workers.exits[-signal.SIGKILL] == 1


def test_a_worker_tells_what_it_holds(bootstrap: str, workers: Workers, ops_port: int) -> None:
    def metrics() -> dict[str, float]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{ops_port}/metrics", timeout=10) as answer:
                lines = [line for line in answer.read().decode().splitlines() if not line.startswith("#")]
        except OSError:
            return {}
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}

    workers.start(0)
    wait_for("it is ready", lambda: metrics().get("refundry_ready") == 1, 30)
    assert metrics()["refundry_without_progress_seconds"] == 0, "who waits for work is not busy with its start"
    publish(bootstrap, 0)
    wait_for("all are counted", lambda: len(counted(bootstrap)) == SENT, 30)
    wait_for("it has looked at its state", lambda: metrics().get('refundry_state_bytes{table="counts"}', 0) > 1000, 10)
    told = metrics()
    assert told['refundry_messages_total{topic="journal"}'] == SENT
    assert told['refundry_open_timers{table="counts"}'] == 0
    assert told["refundry_restore_left_records"] == 0
    assert told["refundry_without_progress_seconds"] < 60
    workers.stop()


def test_a_header_that_no_client_can_name_ends_no_worker(bootstrap: str, workers: Workers) -> None:
    """Its message is handled by what its body says. Many of them: a loop that is hot reads them another way."""
    for n in range(SENT, SENT + 30):
        publish_raw(bootstrap, IN, b"key-%d" % (n % 50), b"%d" % n, [(b"fine", b"1"), (b"x-\xff", b"2"), (b"", b"")])
    publish(bootstrap, 0)
    workers.start(0)
    wait_for("all are counted", lambda: len(counted(bootstrap)) == SENT + 30 or bool(workers.exits), 60)
    assert workers.stop(seconds=30) == {0: 0}
    assert not workers.exits
