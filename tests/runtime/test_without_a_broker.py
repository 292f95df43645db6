"""A worker whose broker is away answers its probes, says so, and ends when its patience does."""

import json
import urllib.error
import urllib.request
from pathlib import Path

from tests.kafka.harness import Workers, free_port, module, wait_for


def test_a_worker_without_a_broker_is_alive_not_ready_and_ends_in_the_end(tmp_path: Path) -> None:
    ops = f"127.0.0.1:{free_port()}"
    settings = {
        "bootstrap_servers": f"127.0.0.1:{free_port()}",
        "state_dir": str(tmp_path),
        "ops_bind": ops,
        "limits": {"patience": 4.0},
    }

    def status(path: str) -> int:
        try:
            with urllib.request.urlopen(f"http://{ops}{path}", timeout=2) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    with Workers(lambda _: module("tests.kafka.counting", json.dumps(settings)), tmp_path / "workers.log") as workers:
        workers.start(0)
        wait_for("it is alive", lambda: status("/livez") == 200, 20, every=0.02)
        assert status("/readyz") == 503
        wait_for("it ended", lambda: workers.exits[4] > 0, 30)
    assert "no broker answers at 127.0.0.1" in workers.said()


def test_a_worker_that_is_told_to_stop_before_it_found_a_broker_ends_in_order(tmp_path: Path) -> None:
    settings = {"bootstrap_servers": f"127.0.0.1:{free_port()}", "state_dir": str(tmp_path)}
    with Workers(lambda _: module("tests.kafka.counting", json.dumps(settings)), tmp_path / "workers.log") as workers:
        workers.start(0)
        wait_for("it began", lambda: "Pump" in workers.said(), 20)
        assert workers.stop(seconds=20) == {0: 0}
