"""The audit of an installation: it holds while workers are at work, and names what was planted in a copy of its topics."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from msgspec.structs import replace

from app.runtime.topology import Message
from tests.kafka.harness import ROOT, admin, wait_for
from tests.kafka.product import Product
from tests.kafka.world import Answering, Shop, publisher
from topics.catalogue import OUTBOUND

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PARTITIONS, EVENTS, SEED = 2, 1200, 5
LONG_ENOUGH_TO_READ_ALL = 20.0
POLICIES = ROOT / "app" / "policies" / "examples"
COPIED = ("case-events", "policies", "fx-rates", *OUTBOUND)
Topics = dict[str, list[Message]]


def verified(product: Product) -> dict[str, Any]:
    done = product.run("audit", "verify", "--output", "json", seconds=120)
    assert done.stdout, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if told["holds"] else 6), done.stderr
    return told


@pytest.fixture(scope="module")
def product(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Product:
    """A day, of which some was decided while it was audited."""
    name = f"audited{time.time_ns()}"
    made = Product(
        bootstrap, name, tmp_path_factory.mktemp("audited"), partitions=PARTITIONS, round_messages=20, heartbeat_s=1
    )
    made.create(POLICIES)
    shop = Shop(bootstrap, made.prefix, EVENTS, SEED)
    with made.workers() as workers, Answering(bootstrap, made.prefix) as world:
        workers.start(0)
        shop.publish(EVENTS // 4)
        wait_for("some of it is decided", lambda: made.records("refund-decisions") != [], 60)
        shop.publish_rest()
        meanwhile = verified(made)
        assert meanwhile["holds"], meanwhile["differences"]
        world.wait_until_quiet(made.unread, 180)
        assert workers.stop(seconds=30) == {0: 0}
    return made


def test_all_of_it_is_accounted_for(product: Product) -> None:
    told = verified(product)
    assert told["holds"], told["differences"]
    lies = {topic: len(product.records(topic)) for topic in OUTBOUND if topic not in ("case-snapshots", "dead-letters")}
    programmes = told["not_judged"].get("alerts of monitoring programmes", 0)
    assert sum(count for topic, count in told["records"].items() if topic in lies) == sum(lies.values()) - programmes
    assert told["accounted_for"] == sum(told["records"].values()) > 300
    assert told["cases"] >= told["records"]["case-snapshots"] > 50
    assert told["journal_records"] == len([one for one in product.records("case-events") if one.key is not None])
    assert told["handler_failed"] == 0
    money = product.run("report", "money", "--output", "json")
    assert money.returncode == 0, money.stderr


@pytest.fixture
def copy(product: Product, bootstrap: str, tmp_path: Path) -> Callable[[Callable[[Topics], None]], Product]:
    """Another installation with the same topics, but for what is planted in them."""

    def make(spoil: Callable[[Topics], None]) -> Product:
        other = Product(bootstrap, f"copy{time.time_ns()}", tmp_path, partitions=PARTITIONS)
        other.create()
        topics = {topic: product.records(topic) for topic in COPIED}
        spoil(topics)
        producer = publisher(bootstrap)
        for topic, records in topics.items():
            for one in records:
                where = {"partition": one.partition, "timestamp": one.timestamp, "headers": list(one.headers)}
                producer.produce(other.prefix + topic, one.value, one.key, **where)
        assert producer.flush(60) == 0
        return other

    return make


def approved(topics: Topics) -> int:
    """The place of an approval in the middle."""
    places = [n for n, one in enumerate(topics["refund-decisions"]) if b'"refund.approved"' in (one.value or b"")]
    return places[len(places) // 2]


def changed(record: Message, **fields: Any) -> Message:
    value = json.dumps(json.loads(record.value or b"") | fields, separators=(",", ":"), ensure_ascii=False)
    return replace(record, value=value.encode())


def change_an_amount(topics: Topics) -> None:
    place = approved(topics)
    one = topics["refund-decisions"][place]
    money = json.loads(one.value or b"")["amount"]
    topics["refund-decisions"][place] = changed(one, amount=money | {"amount_minor": money["amount_minor"] + 1})


def drop_an_entry(topics: Topics) -> None:
    del topics["ledger-entries"][len(topics["ledger-entries"]) // 2]


def swap_two(topics: Topics) -> None:
    """Two revisions of one request: held, then decided."""
    records = topics["refund-decisions"]
    first = next(n for n, one in enumerate(records) if json.loads(one.value or b"")["revision"] == 2)
    request = json.loads(records[first].value or b"")["request_id"]
    held = next(n for n, one in enumerate(records) if json.loads(one.value or b"")["request_id"] == request)
    assert held < first
    records[held], records[first] = records[first], records[held]


def forge_a_decision(topics: Topics) -> None:
    one = topics["refund-decisions"][approved(topics)]
    cause = {"topic": "orders", "event_id": "nobody-said-it"}
    topics["refund-decisions"].append(
        changed(one, id="dec_" + "0" * 32, request_id="r-forged", revision=1, cause=cause)
    )


def drop_what_led_to_it(topics: Topics) -> None:
    """A record of the journal is gone from the middle of a case."""
    one = json.loads(topics["refund-decisions"][approved(topics)].value or b"")
    event_id = one["cause"].get("event_id", "")
    places = [n for n, record in enumerate(topics["case-events"]) if f'"{event_id}"'.encode() in (record.value or b"")]
    del topics["case-events"][places[0]]


@pytest.mark.parametrize(
    ("spoil", "kinds", "what"),
    [
        (lambda _: None, set(), ""),
        # those that need no Kafka to be found are planted in a replay too, every time
        pytest.param(change_an_amount, {"altered"}, "amount.amount_minor is", marks=pytest.mark.long),
        pytest.param(drop_an_entry, {"missing", "books do not close"}, "ledger.entry on", marks=pytest.mark.long),
        pytest.param(
            swap_two,
            {"out of order", "revisions do not count up", "final is not final"},
            "it lies before",
            marks=pytest.mark.long,
        ),
        (forge_a_decision, {"not accounted for", "id does not follow"}, "nothing led to it; nor is its cause"),
        (drop_what_led_to_it, {"altered", "not accounted for"}, "nothing led to it; nor is its cause"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_what_was_planted_is_named(copy: Any, spoil: Any, kinds: set[str], what: str) -> None:
    told = verified(copy(spoil))
    assert told["counts"].keys() >= kinds if kinds else told["holds"], told["differences"]
    assert not what or any(what in one["what"] for one in told["differences"]), told["differences"]
    assert told["counts"].get("altered", 0) < 5


def test_what_an_open_transaction_hides_is_waited_for_and_is_not_missing(copy: Any, bootstrap: str) -> None:
    """Another worker began a transaction before this entry was committed, and ends it while the audit reads."""
    hidden: list[Message] = []
    other = copy(lambda topics: hidden.append(topics["ledger-entries"].pop()))
    topic, partition = other.prefix + "ledger-entries", hidden[0].partition
    slow = Producer({"bootstrap.servers": bootstrap, "transactional.id": topic, "log_level": 0})
    slow.init_transactions(30)
    slow.begin_transaction()
    slow.produce(topic, b"{}", partition=partition)
    assert slow.flush(30) == 0
    quick = publisher(bootstrap)
    one = hidden[0]
    quick.produce(topic, one.value, one.key, partition=partition, timestamp=one.timestamp, headers=list(one.headers))
    assert quick.flush(30) == 0
    with ThreadPoolExecutor(1) as pool:
        audit = pool.submit(verified, other)
        still_read = not wait([audit], timeout=LONG_ENOUGH_TO_READ_ALL).done
        slow.abort_transaction(30)
        told = audit.result(120)
    assert still_read, told["differences"]
    assert told["holds"], told["differences"]


def test_what_retention_took_is_counted_and_is_no_difference(copy: Any, bootstrap: str) -> None:
    other = copy(lambda _: None)
    forget(bootstrap, other.prefix + "customer-notifications")
    told = verified(other)
    assert told["holds"], told["differences"]
    assert told["not_judged"]["older than what topics still have"] > 10
    forget(bootstrap, other.prefix + "case-events")
    told = verified(other)
    assert told["holds"], told["differences"]
    assert told["not_judged"]["of cases whose beginning the journal no longer has"] > 10
    assert 0 < told["accounted_for"] < sum(told["records"].values())


def forget(bootstrap: str, topic: str) -> None:
    """What retention does: the first hundred offsets of each partition are gone."""
    client = admin(bootstrap)
    upto = [TopicPartition(topic, number, 100) for number in range(PARTITIONS)]
    for future in client.delete_records(upto).values():
        future.result(20)
