"""A worker that meets what only a newer version can read ends, says so, and has acknowledged nothing of it."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.case import STATE_VERSION, encode_case, new_case
from app.runtime.store import pack as stored
from tests.kafka.product import Product
from tests.kafka.world import publisher
from topics.catalogue import JOURNAL
from topics.journal import Origin, pack

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

CASE = b"m1/o-newer"


@pytest.fixture
def product(bootstrap: str, tmp_path: Path) -> Product:
    made = Product(bootstrap, f"versions{time.time_ns()}", tmp_path, partitions=1, heartbeat_s=0)
    made.create()
    return made


def event(type_: str, **more: object) -> bytes:
    named = {"event_id": "e1", "occurred_at": datetime.now(UTC).isoformat(timespec="seconds"), "merchant_id": "m1"}
    return json.dumps({"type": type_, **named, "order_id": "o-newer", **more}).encode()


def send(product: Product, topic: str, key: bytes, value: bytes, *, journalled: bool = False) -> None:
    producer = publisher(product.bootstrap)
    headers = pack(Origin("orders", 0, 0, 0, b"12345678"), None) if journalled else None
    producer.produce(product.prefix + topic, value, key, partition=0, headers=headers)
    assert producer.flush(30) == 0


def ends_with_5(product: Product) -> str:
    """Runs a worker until it ends by itself; what it said."""
    done = product.run("worker")
    assert done.returncode == 5, done.stderr[-2000:]
    assert product.records("dead-letters") == []
    assert product.unread() > 0, "what it could not read is still there to be read"
    return done.stderr


def test_a_record_of_the_journal_of_a_newer_type_ends_it(product: Product) -> None:
    send(product, JOURNAL, CASE, event("since.next_year"), journalled=True)
    said = ends_with_5(product)
    assert f"{JOURNAL}/0 has at 0 what a newer version wrote and this one does not know" in said
    assert "Deploy the version that wrote it" in said


def test_a_row_of_a_newer_state_ends_it(product: Product) -> None:
    case = new_case(CASE.decode())
    case.state_version = STATE_VERSION + 1
    send(product, f"{product.group}-cases-changelog", CASE, stored(None, encode_case(case)))
    lines = [{"line_id": "l1", "sku": "s", "quantity": 1, "amount_minor": 100}]
    send(product, "orders", b"o-newer", event("order.placed", currency="EUR", lines=lines))
    said = ends_with_5(product)
    assert "the state cannot be read: a row of cases in partition 0. Deploy the version that wrote it" in said
    assert product.records("case-snapshots") == []
