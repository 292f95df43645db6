"""A click in the console on a real Kafka and a real Redis: the worker decides, and the page shows what it decided."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
from confluent_kafka import Producer

from tests.console.visitor import Page
from tests.console.world import PASSWORD, users_file
from tests.domain.events import asked, captured, delivered, line, placed
from tests.kafka.harness import Workers, free_port, wait_for
from tests.kafka.product import REFUNDRY, Product
from tests.kafka.proxy import Proxy
from tests.readside.server import Server

pytestmark = [pytest.mark.kafka, pytest.mark.redis, pytest.mark.slow]
SECONDS = 60
POLICY = """
policy: two
version: 1
effective_from: 2010-01-01T00:00:00Z
merchants: ["*"]
auto_approve_limit: {default: 1000}
second_reviewer_above: {default: 5000}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def product(bootstrap: str, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Product:
    directory = tmp_path_factory.mktemp("product")
    (directory / "policies").mkdir()
    (directory / "policies" / "two.yaml").write_text(POLICY)
    users = users_file(directory / "users.yaml")
    more = {"redis_url": server.url, "console_users": str(users), "console_bind": "127.0.0.1:0"}
    made = Product(bootstrap, f"console{time.time_ns()}", directory, **more)
    made.create(directory / "policies")
    return made


def of(product: Product, *words: str, **changes: Any) -> Workers:
    command = [REFUNDRY, *words, "--config", str(product.config(**changes))]
    return Workers(lambda _: command, product.directory / f"{words[0]}.log")


class Browser:
    """Somebody who is signed in at a console in another process."""

    def __init__(self, address: str, name: str) -> None:
        self._address = address
        self._opener = build_opener(HTTPCookieProcessor())
        self.post("/login", {"name": name, "password": PASSWORD})

    def get(self, path: str) -> Page:
        return self._ask(path, None)

    def post(self, path: str, fields: dict[str, str]) -> Page:
        return self._ask(path, urlencode(fields).encode())

    def _ask(self, path: str, body: bytes | None) -> Page:
        try:
            answer = self._opener.open(urljoin(self._address, path), body, timeout=30)
        except HTTPError as error:
            answer = error
        with answer:
            return Page(answer.status, answer.read().decode(), answer.headers, answer.url)

    def case(self, order_id: str) -> Page:
        return self.get(f"/case?id=m1/{order_id}")

    def say(self, page: Page, verdict: str, **fields: str) -> Page:
        form = page.verdict_forms()[0]
        return self.post(form["action"], form["fields"] | fields | {"verdict": verdict})


def order(product: Product, order_id: str, **request: Any) -> None:
    """An order of 200.00 EUR that is paid, and a request for all of it."""
    payment = f"p-{order_id}"
    said = (
        placed(line("l1", "200.00")),
        captured("200.00", payment),
        delivered(),
        asked(f"r-{order_id}", reason="damaged", **request),
    )
    producer = Producer({"bootstrap.servers": product.bootstrap, "partitioner": "murmur2_random"})
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for number, one in enumerate(said):
        named = {"event_id": f"{order_id}-{number}", "occurred_at": moment, "merchant_id": "m1", "order_id": order_id}
        key = payment if one.topic == "payments" else order_id
        producer.produce(product.prefix + one.topic, key=key, value=json.dumps(named | one.body))
    assert producer.flush(10) == 0


def address_in(log: Path) -> str:
    found = re.search(r'"address": "(http://[^"]+)"', log.read_text() if log.exists() else "")
    return found[1] if found else ""


@pytest.fixture(scope="module")
def people(product: Product) -> Iterator[tuple[Browser, Browser]]:
    """An analyst and an approver at a console, with a worker and a follower behind it."""
    log = product.directory / "console.log"
    with product.workers() as workers, of(product, "projections", "run") as follower, of(product, "console") as console:
        for started in (workers, follower, console):
            started.start(0)
        wait_for("the console is ready", lambda: address_in(log) != "", SECONDS)
        yield Browser(address_in(log), "ann"), Browser(address_in(log), "bob")
        assert console.stop(seconds=30) == {0: 0}


def test_two_people_approve_in_the_console_and_the_worker_pays(product: Product, people: Any) -> None:
    ann, bob = people
    order(product, "o1")
    wait_for("the request stands in the queue", lambda: len(ann.get("/").rows()) == 1, SECONDS)
    stale = bob.case("o1")
    assert ann.say(ann.get(ann.get("/").rows()[0]), "approve", note="seen").status == 200
    wait_for("a second person is asked for", lambda: "Approved by" in bob.case("o1").text, SECONDS)
    assert ann.case("o1").offered() == []
    assert bob.say(stale, "approve").status == 409
    assert bob.say(bob.case("o1"), "approve").status == 200
    wait_for("it is approved", lambda: "Nothing of this case waits" in bob.case("o1").text, SECONDS)
    assert "Nothing waits here." in bob.get("/").text
    decisions = [json.loads(record.value or b"") for record in product.records("refund-decisions")]
    reviewed = [one for one in decisions if one["waiting_for"] in (None, "review", "second_review")]
    assert [(one["type"], one["waiting_for"]) for one in reviewed] == [
        ("refund.held", "review"),
        ("refund.held", "second_review"),
        ("refund.approved", None),
    ]
    (instruction,) = [json.loads(record.value or b"") for record in product.records("refund-instructions")]
    assert instruction["amount"] == {"amount_minor": 20000, "currency": "EUR"}
    reviews = [json.loads(record.value or b"") for record in product.records("reviews")]
    assert [(one["reviewer_id"], one.get("note")) for one in reviews] == [("ann", "seen"), ("bob", None)]


def test_what_the_worker_refuses_is_told_with_its_reason(product: Product, people: Any) -> None:
    _, bob = people
    order(
        product, "o2", requester_id="bob"
    )  # a customer of that name: the snapshot does not tell it, the rules know it
    wait_for("the request is known", lambda: bob.case("o2").offered() != [], SECONDS)
    bob.say(bob.case("o2"), "approve")
    wait_for("it is refused", lambda: "The worker refused the verdict" in bob.case("o2").text, SECONDS)
    page = bob.case("o2")
    assert "expected another person than the requester" in page.text
    bob.say(page, "deny", note="asked for by its reviewer")
    wait_for("it is denied", lambda: "Nothing of this case waits" in bob.case("o2").text, SECONDS)


def readyz(address: str) -> str:
    """The reasons against a process, "ready" where there are none, nothing where it does not answer."""
    try:
        with build_opener().open(f"http://{address}/readyz", timeout=10) as answer:
            return str(answer.read().decode())
    except HTTPError as error:
        return error.read().decode()
    except URLError:
        return ""


def test_console_and_follower_are_ready_again_by_themselves_when_redis_is_back(
    product: Product, server: Server
) -> None:
    follower_at, console_at = (f"127.0.0.1:{free_port()}" for _ in range(2))
    started = (
        of(product, "projections", "run", ops_bind=follower_at),
        of(product, "console", ops_bind=console_at),
    )
    with started[0] as follower, started[1] as console:
        for process in (follower, console):
            process.start(0)
        for address in (follower_at, console_at):
            wait_for("it is ready", lambda address=address: readyz(address) == "ready\n", SECONDS)
        server.kill()
        try:
            wait_for("the follower says it", lambda: "redis: ConnectionError" in readyz(follower_at), SECONDS)
            wait_for("the console says it", lambda: readyz(console_at).startswith("read side: Redis does not"), SECONDS)
        finally:
            server.start()  # the others of this file ask it too
        for address in (follower_at, console_at):
            wait_for("it is ready again", lambda address=address: readyz(address) == "ready\n", SECONDS)
        assert console.stop(seconds=30) == {0: 0}
        assert follower.stop(seconds=30) == {0: 0}


def test_the_console_is_ready_again_by_itself_when_kafka_is_back(product: Product, bad_network: Proxy) -> None:
    address, log = f"127.0.0.1:{free_port()}", product.directory / "console.log"
    through = {"kafka_bootstrap_servers": f"127.0.0.1:{bad_network.port}", "ops_bind": address}
    with of(product, "projections", "run") as follower, of(product, "console", **through) as console:
        for process in (follower, console):
            process.start(0)
        wait_for("it is ready", lambda: readyz(address) == "ready\n", SECONDS)
        bad_network.cut()
        wait_for("it says what it does not hear", lambda: readyz(address).startswith("refusals: "), SECONDS)
        wait_for("so does its log", lambda: "refusals_not_heard" in log.read_text(), SECONDS)
        bad_network.mend()
        wait_for("it is ready again", lambda: readyz(address) == "ready\n", SECONDS)
        assert console.stop(seconds=30) == {0: 0}
        assert follower.stop(seconds=30) == {0: 0}
