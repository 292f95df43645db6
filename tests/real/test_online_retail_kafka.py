"""The whole set through two workers on a real broker: the decisions are those of a replay of the same events."""

import json
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.kafka.harness import wait_for
from tests.kafka.product import REFUNDRY, Product
from tests.kafka.world import publisher
from tests.real.conftest import Year
from tests.real.online_retail import DATA, POLICY, UNKNOWN_ORDER, Stream

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.exists(), reason="lacks ../shared/data/online_retail/online_retail.csv.gz"),
]

GIANTS = {"541431": ("C541433", 7_718_360), "581483": ("C581484", 16_846_960)}
UNTIL = "2012-01-01T00:00:00Z"
FINAL = {"refund.approved", "refund.denied", "refund.withdrawn"}
STREAMED_IN = 280
# on a broker waits are counted by its clock: an order that nobody knows is given up after seconds, not after days
WAITS = "waits: {link: 1h, order: 3s, payment: 7d, return: 30d, review: 14d, history: 60s}\n"

Decisions = list[dict[str, Any]]


class Streamed(NamedTuple):
    """The events, what a replay said of them, what two workers said, and the letters that they refused."""

    stream: Stream
    replayed: Decisions
    decided: Decisions
    dead_letters: int


@pytest.fixture(scope="module")
def streamed(bootstrap: str, year: Year, tmp_path_factory: pytest.TempPathFactory) -> Streamed:
    folder = tmp_path_factory.mktemp("online-retail-kafka")
    policies = folder / "policies"
    policies.mkdir()
    (policies / "online-retail.yaml").write_text(POLICY + WAITS)
    product = Product(bootstrap, f"retail{time.time_ns()}", folder)
    product.create(policies)
    with product.workers() as workers:
        workers.start(0, 1)
        _publish(product, year.stream)
        wait_for(
            "all is read, and orders that nobody knows are given up", lambda: _is_over(product), STREAMED_IN, every=2
        )
        assert workers.stop(seconds=30) == {0: 0, 1: 0}
    decided = [json.loads(record.value or b"") for record in product.records("refund-decisions")]
    return Streamed(year.stream, _replay(year.file, folder, policies), decided, len(product.records("dead-letters")))


def test_two_workers_decide_each_request_as_a_replay_does(streamed: Streamed) -> None:
    on_kafka, in_replay = _outcomes(streamed.decided), _outcomes(streamed.replayed)
    assert len(in_replay) > 4000
    different = {
        id_: (in_replay.get(id_), outcome) for id_, outcome in on_kafka.items() if in_replay.get(id_) != outcome
    }
    assert different == {}
    assert on_kafka.keys() == in_replay.keys()


def test_every_request_has_exactly_one_final_outcome_or_waits_for_a_review(streamed: Streamed) -> None:
    asked = {event.body["request_id"] for event in streamed.stream.events if event.body["type"] == "refund.requested"}
    finals = Counter(body["request_id"] for body in streamed.decided if body["type"] in FINAL)
    last = {body["request_id"]: body for body in streamed.decided}
    waiting = {id_ for id_, body in last.items() if body["type"] == "refund.held"}
    assert last.keys() == asked
    assert set(finals.values()) == {1}
    assert waiting == asked - finals.keys()
    assert {last[id_]["waiting_for"] for id_ in waiting} == {"review"}
    assert {last[id_]["type"] for id_ in asked if f":{UNKNOWN_ORDER}" in id_} == {"refund.denied"}


def test_nothing_is_said_twice_and_nothing_becomes_a_dead_letter(streamed: Streamed) -> None:
    assert len({body["id"] for body in streamed.decided}) == len(streamed.decided)
    assert streamed.dead_letters == 0


@pytest.mark.parametrize("order_id", GIANTS)
def test_a_giant_order_is_held_for_review_with_its_exact_amount(streamed: Streamed, order_id: str) -> None:
    invoice, pence = GIANTS[order_id]
    decision = next(body for body in reversed(streamed.decided) if body["request_id"] == f"{invoice}:{order_id}")
    assert (decision["type"], decision["waiting_for"]) == ("refund.held", "review")
    assert decision["amount"] == {"amount_minor": pence, "currency": "GBP"}


def test_no_payment_gives_back_more_than_it_took(streamed: Streamed) -> None:
    captured = {
        event.body["payment_id"]: event.body["amount"]["amount_minor"]
        for event in streamed.stream.events
        if event.body["type"] == "payment.captured"
    }
    approved: Counter[str] = Counter()
    for decision in streamed.decided:
        if decision["type"] == "refund.approved":
            for tender in decision["tenders"]:
                approved[tender["payment_id"]] += tender["amount"]["amount_minor"]
    assert approved.total() > 10_000_000
    assert not [payment_id for payment_id, minor in approved.items() if minor > captured[payment_id]]


def _publish(product: Product, stream: Stream) -> None:
    producer = publisher(product.bootstrap)
    for event in stream.events:
        value = json.dumps(event.body, separators=(",", ":")).encode()
        while True:
            try:
                producer.produce(product.prefix + event.topic, value, event.key.encode())
            except BufferError:
                producer.poll(0.1)
            else:
                break
        producer.poll(0)
    assert producer.flush(60) == 0


def _is_over(product: Product) -> bool:
    """Whether everything is read, and no request waits for its order any more."""
    if product.unread():
        return False
    last = {
        body["request_id"]: body for body in (json.loads(r.value or b"") for r in product.records("refund-decisions"))
    }
    return not any(body.get("waiting_for") == "order" for body in last.values())


def _replay(events: Path, folder: Path, policies: Path) -> Decisions:
    out = folder / "out.jsonl"
    command = [REFUNDRY, "replay", str(events), "--policies", str(policies), "--out", str(out), "--until", UNTIL]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
    with out.open("rb") as lines:
        return [record["value"] for record in map(json.loads, lines) if record["topic"] == "refund-decisions"]


def _outcomes(decisions: Decisions) -> dict[str, Any]:
    """Of each request the last decision: its type, the money, the reasons' codes, and what went back to which payment."""
    return {
        body["request_id"]: (
            body["type"],
            body["amount"],
            [reason["code"] for reason in body["reasons"]],
            [(tender["payment_id"], tender["amount"]["amount_minor"]) for tender in body["tenders"]],
        )
        for body in decisions
    }
