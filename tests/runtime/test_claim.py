"""A claim is quick: it waits neither for the broker nor for what else a worker loads, and tells later what it met."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.runtime.claim import claim
from app.runtime.config import Limits, RuntimeConfig
from app.runtime.exits import MisconfiguredError, UnreachableError
from tests.runtime.failing_broker import INIT, FailingBroker, code


def config_of(directory: Path, bootstrap: str) -> RuntimeConfig:
    limits = Limits(transaction_timeout_ms=1000, call_timeout=1.0, patience=1.5)
    return RuntimeConfig(bootstrap_servers=bootstrap, state_dir=directory, limits=limits)


def test_it_does_not_wait_for_a_broker_that_is_away_and_says_so_when_asked(tmp_path: Path) -> None:
    with claim(config_of(tmp_path, "127.0.0.1:1")) as claimed:
        assert claimed.config.slot == "0"
        assert not claimed.fenced.done()
        with pytest.raises(UnreachableError, match="init_transactions"):
            claimed.fenced.result(30)


def test_it_tells_of_a_name_that_may_not_be_had(tmp_path: Path) -> None:
    with FailingBroker() as broker:
        broker.fail(INIT, [code("TRANSACTIONAL_ID_AUTHORIZATION_FAILED")])
        with (
            claim(config_of(tmp_path, broker.bootstrap)) as claimed,
            pytest.raises(MisconfiguredError, match="init_transactions"),
        ):
            claimed.fenced.result(30)


def test_a_worker_claims_before_it_loads_what_takes_time() -> None:
    program = "import sys, app.cli.worker, app.runtime.claim; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "app.runtime.claim" in loaded
    assert {"faust", "aiohttp", "agents", "app.domain", "app.texts", "topics.codec"}.isdisjoint(loaded)
