"""Whoever takes a dead worker's slot ends what that left open, before anything else: others read what lies behind it."""

import time
from pathlib import Path

import pytest
from confluent_kafka.admin import NewTopic

from app.runtime import clients, spans
from app.runtime.claim import claim
from app.runtime.config import RuntimeConfig
from tests.kafka.harness import admin, wait_for

pytestmark = pytest.mark.kafka


def test_a_claim_frees_those_who_wait_behind_the_open_transaction_of_a_dead_worker(
    bootstrap: str, tmp_path: Path
) -> None:
    name, client = f"claimed-{time.time_ns()}", admin(bootstrap)
    client.create_topics([NewTopic(name, 1, 1)])[name].result(30)
    config = RuntimeConfig(bootstrap_servers=bootstrap, app_id=name, slot="0", state_dir=tmp_path)
    dead = clients.producer(config, lambda _: None)
    dead.init_transactions(30)
    dead.begin_transaction()
    dead.produce(name, b"never committed")
    assert dead.flush(30) == 0
    began = time.monotonic()
    reader = clients.reader(config, committed=True)

    def seen() -> int:
        return spans.spans_of(reader, config, name)[name, 0].end

    assert seen() == 0, "whoever reads what is committed stands before it"
    with claim(config) as claimed:
        claimed.fenced.result(30)
        wait_for("what lies behind it can be read", lambda: seen() == 2, 30)  # the record, and the mark that it is void
    assert time.monotonic() - began < config.limits.transaction_timeout_ms / 1000, "or the broker itself had ended it"
    reader.close()
