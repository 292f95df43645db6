"""Poison on a real broker: refused, listed, shown, sent again; applied, or refused once more with the next attempt."""

import json
import os
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition

from app.cli.kafka import config_of
from app.letters.sending import Sender
from app.runtime.exits import UnsafeError
from app.runtime.topology import Message, Output
from tests.cli.messages import capture, order
from tests.kafka.harness import admin, wait_for
from tests.kafka.product import Product
from tests.kafka.world import publisher
from topics.partitioning import partition_of

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

CARD = "4111 1111 1111 1111"
PARTITIONS = 2
MISPLACED, CONFLICTING, UNREADABLE = "misplaced", "conflicting", "unreadable"


class Desk:
    """An installation in which three messages were refused, and its worker is at work again."""

    def __init__(self, product: Product) -> None:
        self.product = product
        producer = publisher(product.bootstrap)

        def publish(topic: str, key: str, value: bytes, **where: int) -> None:
            producer.produce(product.prefix + topic, value, key, headers=[("mine", b"kept")], **where)

        wrong = 1 - partition_of(MISPLACED.encode(), PARTITIONS)
        self.misplaced = today(capture(CONFLICTING), payment_id=MISPLACED, note=f"paid with {CARD}") + b" "
        publish("payments", MISPLACED, self.misplaced, partition=wrong)
        publish("orders", CONFLICTING, today(order(CONFLICTING)))
        publish("orders", CONFLICTING, today(order(CONFLICTING, quantity=5)))
        publish("orders", UNREADABLE, b'{"card": "%s"' % CARD.encode())
        assert producer.flush(30) == 0

    def run(self, *words: str, code: int = 0) -> Any:
        done = self.product.run("dead-letters", *words, "--output", "json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def letters(self) -> list[Message]:
        return self.product.records("dead-letters")

    def id_of(self, code: str, attempt: int = 1) -> str:
        (one,) = [one for one in self.run("list")["letters"] if (one["code"], one["attempt"]) == (code, attempt)]
        return str(one["id"])

    def payments(self) -> list[Message]:
        return self.product.records("payments")

    def captured(self) -> bool:
        """Whether the case has heard of its payment."""
        last = self.product.records("case-snapshots")[-1]
        return [payment["payment_id"] for payment in json.loads(last.value or b"")["payments"]] == [MISPLACED]

    def forget(self, place: str) -> None:
        """What retention does: the message there, and all before it in its partition, are gone."""
        topic, partition, offset = place.split("/")
        client = admin(self.product.bootstrap)
        upto = TopicPartition(self.product.prefix + topic, int(partition), int(offset) + 1)
        for future in client.delete_records([upto]).values():
            future.result(20)


def today(line: Any, **fields: Any) -> bytes:
    """The message of a line, as said now."""
    return json.dumps(line["value"] | {"occurred_at": datetime.now(UTC).isoformat(), **fields}).encode()


def test_poison_is_listed_shown_and_sent_again_once(bootstrap: str, tmp_path: Path) -> None:
    product = Product(bootstrap, f"desk{time.time_ns()}", tmp_path, partitions=PARTITIONS)
    product.create()
    desk = Desk(product)
    with product.workers() as workers:
        workers.start(0)
        wait_for("three are refused", lambda: len(desk.letters()) == 3, 60)
        listed(desk)
        misplaced_is_applied(desk)
        conflict_comes_back(desk)
        what_is_masked_stays(desk)
        assert workers.stop(seconds=30) == {0: 0}


def listed(desk: Desk) -> None:
    codes = {(row["code"], row["count"]) for row in desk.run("list")["counts"]}
    assert codes == {("wrong_partition", 1), ("id_conflict", 1), ("not_json", 1)}
    letter_id = desk.id_of("wrong_partition")
    shown = desk.run("show", letter_id)
    assert (shown["original"], shown["redacted"], shown["headers"]) == ("there", True, {"mine": "kept"})
    assert "[card number]" in shown["value"]
    assert shown["dead_letter"] in {f"{letter.partition}/{letter.offset}" for letter in desk.letters()}


def misplaced_is_applied(desk: Desk) -> None:
    """A dry run sends nothing; `--yes` sends the original, byte for byte, to where its key belongs; once."""
    letter_id, before = desk.id_of("wrong_partition"), len(desk.payments())
    (planned,) = desk.run("redrive", letter_id)["letters"]
    assert (planned["verdict"], planned["bytes_of"], planned["attempt"]) == ("would be sent", "original", 1)
    assert len(desk.payments()) == before
    sent = desk.run("redrive", "--code", "wrong_partition", "--yes")
    assert (sent["sent"], sent["letters"][0]["verdict"]) == (1, "sent")
    wait_for("the payment is known", desk.captured, 60)
    for again in (("--yes",), ()):
        (known,) = desk.run("redrive", letter_id, *again)["letters"]
        assert known["verdict"] == "was sent already"
        assert known["why"].startswith("as payments/")
    repeated = [one for one in desk.payments() if dict(one.headers).get("refundry-redriven-from") == letter_id.encode()]
    assert [(one.value, one.key, one.partition) for one in repeated] == [
        (desk.misplaced, MISPLACED.encode(), partition_of(MISPLACED.encode(), PARTITIONS))
    ]
    assert dict(repeated[0].headers)["mine"] == b"kept"
    assert len(desk.payments()) == before + 1
    assert len(desk.letters()) == 3


def conflict_comes_back(desk: Desk) -> None:
    """It contradicts what was accepted, now as before: a new letter with the next attempt, and in the end no more."""
    first = desk.id_of("id_conflict")
    assert desk.run("redrive", first, "--yes")["sent"] == 1
    wait_for("it is refused again", lambda: len(desk.letters()) == 4, 60)
    second = desk.id_of("id_conflict", attempt=2)
    shown = desk.run("show", second)
    assert shown["redriven_from"] == first
    assert [(one["id"], one["attempt"]) for one in shown["attempts"]] == [(first, 1), (second, 2)]
    judged = desk.run("redrive", "--code", "id_conflict", "--yes", "--attempts-max", "2", code=5)
    assert judged["sent"] == 0
    assert [(one["id"], one["verdict"]) for one in judged["letters"]] == [
        (first, "was sent already"),
        (second, "refused"),
    ]
    assert judged["letters"][1]["why"].startswith("it was refused 2 times already")


def what_is_masked_stays(desk: Desk) -> None:
    """While the original is there this version would refuse it again; when it is gone, the letter is no stand-in."""
    letter_id = desk.id_of("not_json")
    (judged,) = desk.run("redrive", letter_id, "--yes", code=5)["letters"]
    assert judged["why"].startswith("this version would refuse it again, not_json")
    desk.forget(letter_id)
    (judged,) = desk.run("redrive", letter_id, "--yes", code=5)["letters"]
    assert "the original is gone" in judged["why"]
    assert desk.run("show", letter_id)["original"] == "gone"
    assert len(desk.letters()) == 4


def test_of_two_redrives_at_a_time_the_older_one_sends_nothing(bootstrap: str, tmp_path: Path) -> None:
    product = Product(bootstrap, f"two{time.time_ns()}", tmp_path, partitions=PARTITIONS)
    product.create()
    config = config_of(product.settings())
    with closing(Sender(config)) as older, closing(Sender(config)) as younger:
        with pytest.raises(UnsafeError, match="the rest was not sent"):
            list(older.send([Output("orders", b"a", b"of the older", (), 0)]))
        parts = [Output("orders", b"a", b"%d" % number, (), 0) for number in range(501)]
        assert list(younger.send(parts)) == [500, 1]
    assert [record.value for record in product.records("orders")] == [b"%d" % number for number in range(501)]


@pytest.mark.parametrize("part", ["key", "headers"])
def test_a_message_as_large_as_its_topic_takes_is_refused_and_its_partition_goes_on(
    bootstrap: str, tmp_path: Path, part: str
) -> None:
    """Random bytes: what the broker measures is compressed."""
    product = Product(bootstrap, f"large{time.time_ns()}", tmp_path, partitions=1)
    product.create()
    producer = Producer({"bootstrap.servers": bootstrap, "message.max.bytes": 4 << 20, "linger.ms": 0})
    filling = os.urandom((2 << 20) - 300)
    key, headers = (filling, None) if part == "key" else (b"o9", [("theirs", filling)])
    producer.produce(product.prefix + "orders", b"{", key, headers=headers)
    assert producer.flush(30) == 0
    producer.produce(product.prefix + "orders", today(order("o1")), b"o1")
    assert producer.flush(30) == 0
    assert len(product.records("orders")) == 2
    with product.workers() as workers:
        workers.start(0)
        wait_for("the order has its case", lambda: bool(product.records("case-snapshots", whole=False)), 60)
        assert workers.stop() == {0: 0}
    (letter,) = product.records("dead-letters")
    assert (letter.value, dict(letter.headers)["refundry-truncated"]) == (b"{", b"true")
