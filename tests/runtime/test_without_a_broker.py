"""A worker whose broker is away answers its probes, says so, and ends when its patience does."""

import json
import logging
import urllib.error
import urllib.request
from pathlib import Path

from app.runtime import partitions, pump, shell
from app.runtime.shell import make_app
from tests.kafka.harness import Workers, free_port, module, wait_for


def status(ops: str, path: str) -> int:
    """What a probe is answered, 0 where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://{ops}{path}", timeout=2) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def test_a_worker_without_a_broker_is_alive_not_ready_and_ends_in_the_end(tmp_path: Path) -> None:
    ops = f"127.0.0.1:{free_port()}"
    settings = {
        "bootstrap_servers": f"127.0.0.1:{free_port()}",
        "state_dir": str(tmp_path),
        "ops_bind": ops,
        "limits": {"patience": 4.0},
    }

    with Workers(lambda _: module("tests.kafka.counting", json.dumps(settings)), tmp_path / "workers.log") as workers:
        workers.start(0)
        wait_for("it is alive", lambda: status(ops, "/livez") == 200, 20, every=0.02)
        assert status(ops, "/readyz") == 503
        wait_for("it ended", lambda: workers.exits[4] > 0, 30)
    assert "no broker answers at 127.0.0.1" in workers.said()


def test_a_worker_that_is_told_to_stop_before_it_found_a_broker_ends_in_order_and_quietly(tmp_path: Path) -> None:
    """It logs at `info`: its services come and go, and say nothing of it."""
    ops = f"127.0.0.1:{free_port()}"
    settings = {"bootstrap_servers": f"127.0.0.1:{free_port()}", "state_dir": str(tmp_path), "ops_bind": ops}
    with Workers(lambda _: module("tests.kafka.counting", json.dumps(settings)), tmp_path / "workers.log") as workers:
        workers.start(0)
        wait_for("it is alive", lambda: status(ops, "/livez") == 200, 20, every=0.02)
        assert workers.stop(seconds=20) == {0: 0}
        assert workers.said() == ""


def test_our_own_lines_at_info_stay_while_those_of_our_services_go(tmp_path: Path) -> None:
    loggers = [logging.getLogger(name) for name in ("", "faust", "mode")]
    levels = [logger.level for logger in loggers]
    try:
        loggers[0].setLevel(logging.INFO)
        make_app("quiet", tmp_path)
        for ours in (shell, pump, partitions):
            assert logging.getLogger(ours.__name__).isEnabledFor(logging.INFO)
        for service in (shell.App, pump.Pump):
            assert not service.logger.isEnabledFor(logging.INFO)
            assert service.logger.isEnabledFor(logging.WARNING)
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
