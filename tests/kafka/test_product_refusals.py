"""What a worker does not run on: topics that are missing or unequal, and a state made with another key."""

import time
from pathlib import Path

import pytest
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]  # exported, but not in so many words

from tests.kafka.harness import admin, wait_for
from tests.kafka.product import Product

pytestmark = pytest.mark.kafka


@pytest.fixture
def product(bootstrap: str, tmp_path: Path) -> Product:
    return Product(bootstrap, f"refused{time.time_ns()}", tmp_path)


def test_a_worker_without_topics_ends_and_says_how_to_get_them(product: Product) -> None:
    done = product.run("worker")
    assert done.returncode == 3
    assert f"{product.prefix}orders: missing" in done.stderr
    assert "refundry topics" in done.stderr


def test_commands_without_topics_say_how_to_get_them(product: Product) -> None:
    for command in [("topics", "check"), ("order", "show", "o-1")]:
        done = product.run(*command)
        assert done.returncode == 3, command
        assert "refundry topics create" in done.stderr, command


def test_unequal_numbers_of_partitions_are_refused_by_check_by_create_and_by_the_worker(product: Product) -> None:
    broker = admin(product.bootstrap)
    for future in broker.create_topics([NewTopic(f"{product.prefix}payments", 3, 1)]).values():
        future.result(20)
    for future in broker.create_topics([NewTopic(f"{product.prefix}disputes", 4, 1)]).values():
        future.result(20)
    names = {f"{product.prefix}payments", f"{product.prefix}disputes"}
    wait_for("the topics are there", lambda: names <= broker.list_topics(timeout=5).topics.keys(), 20)

    created, checked = product.run("topics", "create"), product.run("topics", "check")
    assert created.returncode == 5
    assert checked.returncode == 3
    assert "3 partitions" in checked.stdout.replace("\n", " ")
    assert "refundry topics" in checked.stderr
    assert "orders" not in {name.removeprefix(product.prefix) for name in broker.list_topics(timeout=5).topics}

    worker = product.run("worker")
    assert worker.returncode == 3
    assert f"{product.prefix}payments: wrong" in worker.stderr


def test_a_number_in_the_settings_by_which_payments_would_be_refused_ends_the_worker_and_is_told(
    product: Product,
) -> None:
    product.create()
    made = product.settings().partitions
    for command in ("topics", "check"), ("doctor",):
        done = product.run(*command, partitions=2 * made)
        assert done.returncode == 3
        assert f"{made} partitions, the settings say {2 * made}" in " ".join((done.stdout + done.stderr).split())
    done = product.run("worker", partitions=2 * made)
    assert done.returncode == 3
    assert f"Set PARTITIONS to {made}" in done.stderr
    assert product.run("topics", "check", partitions=2 * made, inbound_partitioner="crc32").returncode == 0


def test_topics_are_created_once_and_then_all_is_well(product: Product) -> None:
    first, again, checked = (
        product.run("topics", "create"),
        product.run("topics", "create"),
        product.run("topics", "check"),
    )
    assert [done.returncode for done in (first, again, checked)] == [0, 0, 0], (
        first.stderr + again.stderr + checked.stderr
    )
    assert "nothing was missing" in again.stdout
