"""The read side on a real broker and a real Redis that is emptied every second while workers decide and followers die."""

import json
import random
import re
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any, Self
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from confluent_kafka import Producer

from tests.kafka.harness import ROOT, Workers, free_port, wait_for
from tests.kafka.product import REFUNDRY, Product
from tests.kafka.world import Answering, Shop
from tests.readside.cases import standing
from tests.readside.server import Server

pytestmark = [pytest.mark.kafka, pytest.mark.redis, pytest.mark.slow]

POLICIES = ROOT / "app" / "policies" / "examples"
BURST, BURSTS = 500, 6
SECONDS = 90
SEED = random.SystemRandom().randrange(1_000_000)  # another day every time; a failure names it


class Emptying(threading.Thread):
    """FLUSHALL, again and again; `hits` is how often there was something to lose."""

    def __init__(self, server: Server, every: float) -> None:
        super().__init__(daemon=True)
        self.hits = 0
        self._server, self._every, self._over = server, every, threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        while not self._over.wait(self._every):
            if self._server.answers():
                with self._server.client() as client:
                    self.hits += client.dbsize() > 1
                    client.flushall()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def product(bootstrap: str, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Product:
    name = f"readside{time.time_ns()}"
    made = Product(bootstrap, name, tmp_path_factory.mktemp("product"), round_messages=100, redis_url=server.url)
    made.create(POLICIES)
    return made


def newest(product: Product) -> dict[str, bytes]:
    """The last value of each case that was committed."""
    kept: dict[str, bytes] = {}
    for record in product.records("case-snapshots"):
        case_id = (record.key or b"").decode()
        if record.value is None:
            kept.pop(case_id, None)
        else:
            kept[case_id] = record.value
    return kept


def in_redis(product: Product, server: Server) -> dict[str, bytes]:
    with server.client() as client:
        return standing(client, f"refundry:{product.group}:{product.prefix}:")


def followers(product: Product, **changes: Any) -> Workers:
    command = [REFUNDRY, "projections", "run", "--config", str(product.config(**changes))]
    return Workers(lambda _: command, product.directory / "followers.log")


@pytest.fixture(scope="module")
def day(product: Product, server: Server) -> dict[str, int]:
    """The day, with everything that can happen to a read side; what really hit."""
    shop = Shop(product.bootstrap, product.prefix, BURST * BURSTS, SEED)
    with product.workers() as workers, followers(product) as following:
        with Answering(product.bootstrap, product.prefix) as world, Emptying(server, 1.0) as emptying:
            workers.start(0)
            following.start(0, 1)
            for number in range(BURSTS - 1):
                shop.publish(BURST)
                hits = emptying.hits
                if number == 2:
                    server.kill()
                    server.start()
                wait_for("the read side was emptied with something in it", lambda: emptying.hits > hits, 60)  # noqa: B023 - of this round
                following.kill(number % 2)
            shop.publish_rest()
            world.wait_until_quiet(product.unread, SECONDS)
        assert workers.stop(seconds=30) == {0: 0}
        told = newest(product)
        wait_for("the read side is what was told last", lambda: in_redis(product, server) == told, SECONDS, every=0.5)
        assert following.stop(seconds=30) == {0: 0, 1: 0}
    return {"hits": emptying.hits, "kills": following.exits[-signal.SIGKILL], "cases": len(told)}


def test_an_emptied_read_side_and_killed_followers_end_in_what_was_told_last_byte_for_byte(day: dict[str, int]) -> None:
    assert day["hits"] >= BURSTS - 1
    assert day["kills"] == BURSTS - 1
    assert day["cases"] > 300


def test_whatever_happened_to_redis_no_outcome_changed(product: Product, day: dict[str, int]) -> None:
    verdict = product.judged()
    assert verdict.holds, f"the day of seed {SEED}: {verdict}"
    assert verdict.figures.outputs_repeated == 0
    assert verdict.figures.outcomes["approved"] > 100


def test_it_is_made_anew_without_a_key_of_anybody_else(product: Product, server: Server, day: dict[str, int]) -> None:
    with server.client() as client:
        client.set("somebody:else", b"stays")
        client.set(f"refundry:{product.group}:{product.prefix}:case:m/left behind", b"goes")
        client.delete(f"refundry:{product.group}:{product.prefix}:case:{next(iter(newest(product)))}")
        done = product.run("projections", "rebuild")
        assert done.returncode == 0, done.stderr
        assert in_redis(product, server) == newest(product)
        assert client.get("somebody:else") == b"stays"


def test_a_number_is_found_in_redis_as_it_is_on_kafka(product: Product, server: Server, day: dict[str, int]) -> None:
    bodies = [json.loads(value) for value in newest(product).values()]
    ordered = next(body for body in bodies if body["instructions"] and body["order_id"])
    numbers = [ordered["instructions"][0]["refund_id"], ordered["payments"][0]["payment_id"], ordered["order_id"]]
    address = f"127.0.0.1:{free_port()}"
    with followers(product, ops_bind=address) as following:
        following.start(0)
        wait_for("the read side is complete", lambda: _counted(_ready(address)) > 0, SECONDS)
        for number in numbers:
            quick, slow = (_found(product, number, redis_url=url) for url in (server.url, None))
            assert quick == slow
            assert ordered["case_id"] in quick
        where = (ordered["order_id"], "--merchant", ordered["merchant_id"], "--output", "json")
        shown = product.run("order", "show", *where)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert json.loads(shown.stdout) == ordered


def test_an_erased_case_leaves_no_key_behind(product: Product, server: Server, day: dict[str, int]) -> None:
    case_id, value = next((key, value) for key, value in newest(product).items() if json.loads(value)["payments"])
    producer = Producer({"bootstrap.servers": product.bootstrap, "partitioner": "murmur2_random"})
    producer.produce(f"{product.prefix}case-snapshots", key=case_id, value=None)
    assert producer.flush(30) == 0
    payment_id = json.loads(value)["payments"][0]["payment_id"]
    with followers(product) as following, server.client() as client:
        following.start(0)
        wait_for("the case is gone", lambda: in_redis(product, server) == newest(product), SECONDS)
        left = [name for name in client.scan_iter(f"refundry:{product.group}:*") if case_id.encode() in name]
        assert left == []
        listed: Any = client.zrange(f"refundry:{product.group}:{product.prefix}:number:{payment_id}", 0, -1)
        assert case_id.encode() not in listed
        assert following.stop(seconds=30) == {0: 0}


def _ready(address: str) -> str:
    """The metrics of the follower that is ready; empty while it is not."""
    try:
        with urlopen(f"http://{address}/readyz", timeout=5), urlopen(f"http://{address}/metrics", timeout=5) as answer:
            return str(answer.read().decode())
    except URLError:
        return ""


def _counted(metrics: str) -> float:
    """Up to when the read side is complete, as its follower says."""
    said = re.search(r"(?m)^refundry_read_side_complete_timestamp_seconds (\S+)$", metrics)
    return float(said[1]) if said else 0.0


def _found(product: Product, number: str, *, redis_url: str | None) -> list[str]:
    settings = {"redis_url": redis_url} if redis_url is None else {}
    done = product.run("find", number, "--output", "json", **settings)
    assert (done.returncode, done.stderr) == (0, "")
    return [row["case_id"] for row in json.loads(done.stdout)]
