"""`refundry doctor` on a real broker: it finds what was broken on purpose, names it and the cure, and changes nothing."""

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from app.cli.doctor import installation_of
from app.doctor import Finding, Verdict, examine, group, policies, topics, transactions
from app.doctor.installation import Installation
from tests.kafka.harness import wait_for
from tests.kafka.product import Product

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture
def product(bootstrap: str, tmp_path: Path) -> Product:
    return Product(
        bootstrap, f"doctor{time.time_ns()}", tmp_path, transaction_timeout_ms=1000, partitions=4, heartbeat_s=0
    )


@pytest.fixture
def installation(product: Product) -> Installation:
    product.create()
    return installation_of(product.settings())


def by_question(findings: Iterable[Finding]) -> dict[str, set[Verdict]]:
    verdicts: dict[str, set[Verdict]] = {}
    for finding in findings:
        verdicts.setdefault(finding.about, set()).add(finding.verdict)
    return verdicts


def test_without_topics_the_command_says_how_to_get_them_and_ends_with_3(product: Product) -> None:
    done = product.run("doctor", "--output", "json")
    assert done.returncode == 3
    rows = {row["about"]: row for row in json.loads(done.stdout)}
    assert f"{product.prefix}case-events" in rows["topics"]["found"]
    assert rows["topics"]["cure"] == "refundry topics create"
    assert rows["policies"]["cure"] == "first: topics"
    assert "(refundry topics create)" in done.stderr


def test_an_installation_that_has_not_begun_lacks_policies_and_workers_alone(installation: Installation) -> None:
    findings = list(examine(installation))
    assert by_question(findings) == {
        "settings": {Verdict.OK},
        "state directory": {Verdict.OK},
        "broker": {Verdict.OK},
        "topics": {Verdict.OK},
        "replicas": {Verdict.LOOK},
        "transactions": {Verdict.OK},
        "publishers": {Verdict.OK},
        "policies": {Verdict.LOOK},
        "group": {Verdict.LOOK},
    }
    assert [finding.found for finding in findings if finding.about == "replicas"] == [
        "23 topics have fewer than 3 copies (fewest: 1)"
    ]
    cures = {finding.about: finding.cure for finding in findings}
    assert cures["policies"] == "refundry policy publish DIRECTORY"
    assert cures["group"] == "Start workers: refundry worker"


def test_a_worker_at_work_is_well_and_what_waits_without_one_is_counted(
    product: Product, installation: Installation
) -> None:
    with product.workers() as workers:
        workers.start(0)
        publish(product, "orders", [b"o-1"])
        wait_for("the worker read it", lambda: product.handled() > 0, 40)
        wait_for("nothing waits", lambda: product.unread() == 0, 20)
        findings = list(examine(installation))
        workers.stop()
    assert Verdict.WRONG not in {finding.verdict for finding in findings}
    found = [finding.found for finding in findings]
    assert f"1 worker in the group {product.group}, nothing waits" in found
    assert any("slot 0 by process" in said for said in found)
    publish(product, "orders", [b"o-2", b"o-3"])
    (waits,) = group.offsets(installation)
    assert f"2 messages wait ({product.prefix}orders 2)" in waits.found


def test_input_that_is_gone_before_it_was_read_is_unsafe(product: Product, installation: Installation) -> None:
    member = Consumer({"bootstrap.servers": product.bootstrap, "group.id": product.group})
    member.commit(offsets=[TopicPartition(f"{product.prefix}orders", 2, 5)], asynchronous=False)
    member.close()
    (gone,) = group.offsets(installation)
    assert (gone.verdict, gone.code) == (Verdict.WRONG, 5)
    assert gone.found == f"{product.prefix}orders/2 holds 0 to 0, the group stands at 5"


def test_publishers_that_place_keys_otherwise_than_the_settings_say(
    product: Product, installation: Installation
) -> None:
    def placed(setting: str) -> Finding:
        product.given["inbound_partitioner"] = setting
        (found,) = topics.placement(installation_of(product.settings()))
        return found

    publish(product, "payments", [b"pay-%d" % n for n in range(60)], partitioner="consistent_random")
    as_others_do = placed("murmur2")
    assert (as_others_do.verdict, as_others_do.code) == (Verdict.WRONG, 3)
    assert "all lie where librdkafka's default puts them" in as_others_do.found
    assert "partitioner=murmur2_random" in as_others_do.cure
    assert placed("crc32").verdict is Verdict.OK
    publish(product, "payments", [b"pay-%d" % n for n in range(400)])
    assert placed("murmur2").verdict is Verdict.OK, "what is older than the newest records is past"
    assert placed("crc32").verdict is Verdict.WRONG


def test_a_policy_that_no_worker_can_use_is_named(product: Product, installation: Installation) -> None:
    publish(product, "policies", [b"standard@1"])
    (refused,) = policies.readable(installation)
    assert (refused.verdict, refused.code) == (Verdict.WRONG, 3)
    assert "policies/standard@1" in refused.found


@pytest.fixture
def left_open(product: Product, installation: Installation) -> Iterator[Producer]:
    """A transaction on an output, on an inbound topic and on the group's offsets, which its producer leaves open."""
    settings = {"bootstrap.servers": product.bootstrap, "transaction.timeout.ms": 60_000, "log_level": 0}
    producer = Producer({**settings, "transactional.id": f"{product.prefix}left-open"})
    producer.init_transactions(30)
    producer.begin_transaction()
    for topic in ("refund-decisions", "orders"):
        producer.produce(product.prefix + topic, b"{}", b"key", 3)
    assert producer.flush(30) == 0
    member = Consumer({"bootstrap.servers": product.bootstrap, "group.id": product.group, "log_level": 0})
    offsets = [TopicPartition(f"{product.prefix}orders", 0, 0)]
    producer.send_offsets_to_transaction(offsets, member.consumer_group_metadata(), 30)
    yield producer
    member.close()


def test_a_transaction_that_stands_still_is_told_with_the_command_that_ends_it(
    product: Product, installation: Installation, left_open: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "CLEAN_UP_S", 1.0)
    found = {one.found.split("/")[0].removeprefix(product.prefix): one for one in examine_transactions(installation)}
    assert {topic: (one.verdict, one.code) for topic, one in found.items()} == {
        "refund-decisions": (Verdict.WRONG, 4),
        "orders": (Verdict.LOOK, 0),
        "__consumer_offsets": (Verdict.WRONG, 4),
    }
    command = f"abort --topic {product.prefix}refund-decisions --partition 3 --start-offset 0"
    assert command in found["refund-decisions"].cure
    assert "move the group back" in found["refund-decisions"].cure
    left_open.abort_transaction(30)
    assert [one.verdict for one in examine_transactions(installation)] == [Verdict.OK]


def test_a_transaction_that_ends_while_it_is_watched_is_nothing(
    installation: Installation, left_open: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    look = transactions._open

    def ending(*arguments: object) -> object:
        seen = look(*arguments)  # type: ignore[arg-type]
        looks.append(len(seen))
        if len(looks) == 1:
            left_open.commit_transaction(30)
        return seen

    monkeypatch.setattr(transactions, "_open", ending)
    assert [one.verdict for one in examine_transactions(installation)] == [Verdict.OK]
    assert looks[0] == 3, "they were open when they were first seen"


def examine_transactions(installation: Installation) -> list[Finding]:
    return list(transactions.standing_still(installation))


def publish(product: Product, topic: str, keys: list[bytes], *, partitioner: str = "murmur2_random") -> None:
    producer = Producer({"bootstrap.servers": product.bootstrap, "partitioner": partitioner})
    for key in keys:
        producer.produce(product.prefix + topic, b"{}", key)
    assert producer.flush(30) == 0
