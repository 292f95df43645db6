"""What a worker writes while it works: lines that machines read, one for each round at debug, and nobody's data in them."""

import json
import re
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

import pytest

from app.demo.shop import day
from tests.kafka.harness import free_port, wait_for
from tests.kafka.product import Product
from tests.kafka.world import publisher

pytestmark = [pytest.mark.kafka]

EVENTS = 120
CANARIES = ("canary-customer", "canary@example.org", "4111111111111111", "canary-order", "canary-key")


class Told(NamedTuple):
    lines: list[dict[str, Any]]
    log: str
    metrics: str


def with_canaries(value: bytes | None) -> bytes | None:
    """The event, with persons' data where they belong, and where they do not; what is no object stays what it is."""
    try:
        body = json.loads(value or b"")
    except ValueError:
        return value
    if not isinstance(body, dict):
        return value
    if isinstance(body.get("customer_id"), str):
        body["customer_id"] = f"canary-customer-{body['customer_id']}"
    return json.dumps(body | {"email": "canary@example.org", "card_number": "4111111111111111"}).encode()


@pytest.fixture(scope="module")
def told(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Told:
    ops = f"127.0.0.1:{free_port()}"
    product = Product(
        bootstrap,
        f"lines{time.time_ns()}",
        tmp_path_factory.mktemp("lines"),
        ops_bind=ops,
        log_level="debug",
        log_format="auto",
    )
    product.create()
    producer = publisher(bootstrap)
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    for message in islice(day(EVENTS, 11, began), EVENTS):
        producer.produce(product.prefix + message.topic, with_canaries(message.value), message.key)
    torn = b'{"order_id": "canary-order", "email": "canary@example.org", "card'
    producer.produce(f"{product.prefix}orders", torn, b"canary-key")
    odd = json.dumps({"type": "order.placed", "order_id": "canary-order", "customer_id": ["canary-customer"]}).encode()
    producer.produce(f"{product.prefix}orders", odd, b"canary-order")
    assert producer.flush(60) == 0
    with product.workers() as workers:
        workers.start(0)
        wait_for("everything is handled", lambda: product.unread() == 0, 60, every=0.5)
        with urllib.request.urlopen(f"http://{ops}/metrics", timeout=5) as answer:
            metrics = answer.read().decode()
        assert workers.stop(seconds=30) == {0: 0}
        log = workers.said()
    assert any(canary.encode() in (one.value or b"") for one in product.records("orders") for canary in CANARIES)
    return Told([json.loads(line) for line in log.splitlines()], log, metrics)


def test_where_nobody_looks_on_each_line_is_json_with_its_time_level_and_place(told: Told) -> None:
    for line in told.lines:
        assert {"event", "level", "logger", "timestamp"} <= line.keys(), line


def test_each_committed_round_is_one_line_at_debug(told: Told) -> None:
    rounds = [line for line in told.lines if line["event"] == "a round was committed"]
    assert {line["level"] for line in rounds} == {"debug"}
    assert all(
        {"messages", "outputs", "rows", "timers", "handling_ms", "committing_ms"} <= line.keys() for line in rounds
    )
    committed = re.search(r'refundry_rounds_total\{outcome="committed"\} (\d+)', told.metrics)
    assert committed is not None
    # rounds may pass between the look at the metrics and the end
    assert 0 < int(committed[1]) <= len(rounds) <= int(committed[1]) + 30


@pytest.mark.parametrize("begins", ["assigned ", "restored "])
def test_rebalances_and_restores_are_told_at_info(told: Told, begins: str) -> None:
    (line,) = (line for line in told.lines if line["event"].startswith(begins))
    assert line["level"] == "info"


@pytest.mark.parametrize("canary", CANARIES)
def test_nobodys_data_are_in_the_log_or_in_the_metrics(told: Told, canary: str) -> None:
    assert canary not in told.log
    assert canary not in told.metrics


def test_what_held_the_canaries_was_handled(told: Told) -> None:
    for code in ("not_json", "invalid_field"):
        assert re.search(rf'refundry_dead_letters_total\{{code="{code}"\}} [1-9]', told.metrics), code
    assert re.search(r'refundry_unknown_fields_total\{topic="orders"\} [1-9]', told.metrics)
