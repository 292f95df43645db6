"""The product on a real broker, as it will be run: two workers under load, one of them killed again and again.

What was committed is judged by the oracle; what is in the state by a clean reading of the journal.
"""

import json
import random
import re
import signal
import time

import pytest

from app.demo.oracle import Verdict
from app.runtime.seals import KEY
from tests.kafka.harness import ROOT, Workers, wait_for
from tests.kafka.product import READ_BY_GROUP, Product
from tests.kafka.state import compared_tables, rows_of_changelog, rows_of_replay, rows_of_stores
from tests.kafka.world import Answering, Shop, publisher
from topics.catalogue import INBOUND, OUTBOUND

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

POLICIES = ROOT / "app" / "policies" / "examples"
KILLS = 3
BURST = 1600
DECIDED_IN = 180
PARTITIONS = 8
SEED = random.SystemRandom().randrange(1_000_000)  # another day every time; a failure names it


@pytest.fixture(scope="module")
def product(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Product:
    # Small rounds, so that a burst is many of them and a kill falls into the middle of one; beats pass between them.
    name = f"product{time.time_ns()}"
    made = Product(bootstrap, name, tmp_path_factory.mktemp("product"), round_messages=100, heartbeat_s=1)
    made.create(POLICIES)
    return made


@pytest.fixture(scope="module")
def unread_at_kills(product: Product) -> list[int]:
    """The day, with one worker killed in it; how many messages the killed one had before it at each kill."""
    unread = []
    shop = Shop(product.bootstrap, product.prefix, BURST * (KILLS + 1), SEED)
    with product.workers() as workers, Answering(product.bootstrap, product.prefix) as world:
        workers.start(0, 1)
        wait_for("both have their share", lambda: _have_their_shares(workers), 60)
        for _ in range(KILLS):
            before = product.handled()
            shop.publish(BURST)
            unread.append(_kill_in_flight(product, workers, before))
        shop.publish_rest()
        world.wait_until_quiet(product.unread, DECIDED_IN)
        assert world.sent > 100, "provider and staff had something to answer"
        assert workers.stop(seconds=30) == {0: 0, 1: 0}
    assert workers.exits[-signal.SIGKILL] == KILLS
    return unread


@pytest.fixture(scope="module")
def verdict(product: Product, unread_at_kills: list[int]) -> Verdict:
    return product.judged()


def test_each_kill_hit_while_work_was_in_flight(unread_at_kills: list[int]) -> None:
    assert len(unread_at_kills) == KILLS
    assert min(unread_at_kills) > 0


def test_nothing_is_decided_twice_and_nothing_is_lost(verdict: Verdict) -> None:
    assert verdict.holds, f"the day of seed {SEED}: {verdict}"
    assert verdict.figures.outputs_repeated == 0


def test_the_day_had_everything_that_can_go_wrong(verdict: Verdict) -> None:
    figures = verdict.figures
    assert figures.inputs > BURST * (KILLS + 1)
    assert figures.duplicates_absorbed > 100
    assert figures.late > 100
    assert figures.dead_letters.total() > 40
    assert figures.outcomes["approved"] > 300
    assert figures.outcomes["denied"] > 50
    assert figures.payments_judged > 1000


@pytest.mark.parametrize(("table", "topic"), [("cases", "case-events"), ("customers", "customer-activity")])
def test_state_is_what_a_clean_reading_of_the_journal_gives_byte_for_byte(
    product: Product, verdict: Verdict, table: str, topic: str
) -> None:
    in_changelog = rows_of_changelog(product, table)
    assert len(in_changelog) > 500
    assert _differences(in_changelog, rows_of_replay(product, table, topic)) == []
    assert _differences(in_changelog, rows_of_stores(product, table)) == []


def test_every_table_that_a_worker_keeps_is_the_same_wherever_it_is(product: Product, verdict: Verdict) -> None:
    compared = compared_tables(product)
    assert compared.keys() == {"links", "cases", "customers", "standings"}
    assert compared["links"].rows > 500
    assert all(one.rows and not one.differ for one in compared.values()), compared


def test_an_order_is_shown_and_explained_from_the_topics(product: Product, verdict: Verdict) -> None:
    decisions = [json.loads(record.value or b"") for record in product.records("refund-decisions")]
    approved = next(body for body in decisions if body["type"] == "refund.approved" and body["order_id"])
    where = (approved["order_id"], "--merchant", approved["merchant_id"], "--output", "json")
    shown, explained = product.run("order", "show", *where), product.run("order", "explain", *where)
    assert (shown.returncode, explained.returncode) == (0, 0), shown.stderr + explained.stderr
    requests = {request["request_id"]: request for request in json.loads(shown.stdout)["requests"]}
    assert requests[approved["request_id"]]["status"] == "approved"
    assert requests[approved["request_id"]]["amount"] == approved["amount"]
    assert approved["reasons"][0]["message"] in explained.stdout


def test_the_record_is_complete_and_unaltered_and_the_books_close(product: Product, verdict: Verdict) -> None:
    audited = product.run("audit", "verify", "--output", "json", seconds=180)
    assert audited.returncode == 0, audited.stdout + audited.stderr
    told = json.loads(audited.stdout)
    assert told["accounted_for"] == sum(told["records"].values()) > BURST
    closed = product.run("report", "money", seconds=120)
    assert closed.returncode == 0, closed.stdout + closed.stderr


def test_a_worker_with_another_hash_key_is_refused(product: Product, verdict: Verdict) -> None:
    done = product.run("worker", hash_key="another key, which hashes otherwise", slot="0")
    assert done.returncode == 3
    assert "HASH_KEY" in done.stderr


def test_a_group_that_begins_again_says_nothing_new(product: Product, verdict: Verdict) -> None:
    """Late, since it reads everything again: what a desk does whose broker lost the end of a transaction."""
    said = {topic: _bodies(product, topic) for topic in OUTBOUND}
    assert all(said[topic] for topic in ("refund-decisions", "refund-instructions", "ledger-entries", "dead-letters"))
    product.begin_again({*INBOUND, "case-events", "customer-activity"})
    assert product.unread() > BURST, "there is something to read again"
    with product.workers() as workers:
        workers.start(0, 1)
        wait_for("everything is read again", lambda: product.unread() == 0, DECIDED_IN, every=0.5)
        assert workers.stop(seconds=30) == {0: 0, 1: 0}
    assert {topic: _bodies(product, topic) - said[topic] for topic in OUTBOUND} == {topic: set() for topic in OUTBOUND}


def test_a_row_that_is_otherwise_in_one_place_is_found_in_whichever_table(product: Product, verdict: Verdict) -> None:
    """After the last: it spoils the changelogs."""
    producer = publisher(product.bootstrap)
    for table in compared_tables(product):
        row = [one for one in product.changelog(table) if one.key != KEY][-1]
        topic = f"{product.prefix}{product.group}-{table}-changelog"
        producer.produce(topic, (row.value or b"") + b" ", row.key, partition=row.partition)
    assert producer.flush(30) == 0
    assert {one.differ for one in compared_tables(product).values()} == {1}


def _bodies(product: Product, topic: str) -> set[tuple[bytes | None, bytes | None]]:
    return {(record.key, record.value) for record in product.records(topic)}


def _have_their_shares(workers: Workers) -> bool:
    """Whether the last two that were given partitions have about as many: one that was alone had all of them."""
    shares = [int(count) for count in re.findall(r"assigned (\d+) partitions", workers.said())]
    return len(shares) > 1 and abs(shares[-1] - shares[-2]) <= len(READ_BY_GROUP)


def _kill_in_flight(product: Product, workers: Workers, before: int) -> int:
    """Kills a worker that is at work, being further than `before`; how many messages its share of the burst had left.

    It has the lower half of the partitions, as the range assignor gives the first of two. Nobody reads them until it is
    back, so they are counted when it is gone: it may be done with them while they are counted before.
    """
    wait_for("the workers are at work", lambda: product.handled() > before, 60, every=0.05)
    workers.kill(0)
    unread = product.unread_by_partition()
    return sum(count for partition, count in unread.items() if partition < PARTITIONS // 2)


def _differences(one: dict[tuple[int, bytes], bytes], other: dict[tuple[int, bytes], bytes]) -> list[tuple[int, bytes]]:
    return sorted(place for place in one.keys() | other.keys() if one.get(place) != other.get(place))
