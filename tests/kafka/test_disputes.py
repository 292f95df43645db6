"""A chargeback on a real broker: evidence from the customer's other orders, and what the commands show of it."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from confluent_kafka import Producer

from tests.domain.events import Said, captured, dispute, line, placed
from tests.kafka.harness import wait_for
from tests.kafka.product import Product
from topics.keys import key_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

MERCHANT = "shop"
WITHIN = 60
ANN = {"ip": "192.0.2.7", "device_id": "phone", "account_id": "ann"}
NOW = datetime.now(UTC).replace(microsecond=0)


def bought(order: str, days_ago: int) -> list[Said]:
    """An order of Ann's, and its payment."""
    at = (NOW - timedelta(days=days_ago)).isoformat()
    method = {"kind": "card", "network": "visa", "last4": "4242"}
    return [
        placed(line("l1", "100.00"), customer_id="ann", order_id=order).at(at),
        captured("100.00", f"p-{order}", order_id=order, shopper=ANN).but(method=method).at(at),
    ]


def publish(product: Product, events: list[Said]) -> None:
    """Publishes as a shop does, and waits until the workers have handled it."""
    producer = Producer({"bootstrap.servers": product.bootstrap, "partitioner": "murmur2_random"})
    for said in events:
        body = {"event_id": f"e-{time.monotonic_ns()}", "merchant_id": MERCHANT} | said.body
        producer.produce(product.prefix + said.topic, key=key_of(said.topic, body), value=json.dumps(body))
    assert producer.flush(30) == 0
    wait_for("everything is handled", lambda: product.unread() == 0, WITHIN, every=0.2)


@pytest.fixture(scope="module")
def product(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Product:
    """Two workers were told of three orders and of a chargeback on the last."""
    directory = tmp_path_factory.mktemp("disputes")
    made = Product(bootstrap, f"disputes{time.time_ns()}", directory, act_from="2000-01-01T00:00:00Z")
    made.create()
    claim = dispute("opened", "100.00", payment_id="p-o3", reason_code="10.4").but(category=None).at(NOW.isoformat())
    with made.workers() as workers:
        workers.start(0, 1)
        publish(made, [*bought("o1", 200), *bought("o2", 190), *bought("o3", 10)])
        publish(made, [claim])
        wait_for("the history has answered", lambda: len(alerts(made)) == 2, WITHIN, every=0.2)
        assert workers.stop(seconds=30) == {0: 0, 1: 0}
    return made


def alerts(product: Product) -> list[dict[str, Any]]:
    bodies = [json.loads(record.value or b"") for record in product.records("chargeback-alerts")]
    return [body for body in bodies if body["type"] == "dispute.action_required"]


def test_payments_of_other_orders_are_evidence_wherever_their_partitions_are(product: Product) -> None:
    first, second = alerts(product)
    assert (first["revision"], first["compelling_evidence"]) == (1, None)
    assert (second["revision"], second["compelling_evidence"]) == (
        2,
        {
            "status": "qualified",
            "prior_payment_ids": ["p-o2", "p-o1"],
            "matches": ["ip", "device_id", "account_id"],
            "missing": [],
        },
    )


def test_the_evidence_is_shown_from_the_topics(product: Product) -> None:
    done = product.run("dispute", "evidence", "d1", "--output", "json")
    assert done.returncode == 0, done.stderr
    pack = json.loads(done.stdout)
    assert [exhibit["value"]["payment_id"] for exhibit in pack["exhibits"]] == ["p-o2", "p-o1"]


def test_where_the_merchant_stands_is_shown_from_what_the_workers_counted(product: Product) -> None:
    done = product.run("programmes", "show", MERCHANT, "--output", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["month"] == f"{NOW:%Y-%m}"
    assert [(row["programme"], row["count"]) for row in told["programmes"]] == [("visa_vamp", 1)]
