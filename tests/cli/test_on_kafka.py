"""The commands that talk to Kafka, on a real one; and what they say where there is none."""

import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from app.cli import kafka
from app.cli.records import read_topics
from app.domain.programmes import Month as Months
from app.domain.programmes import Standing, encode_standing
from app.runtime.store import pack
from app.settings import load_settings
from tests.cli.messages import SHOP, claim, written
from tests.kafka.harness import local_broker, wait_for

POLICY = """\
policy: {policy}
version: {version}
effective_from: {start}
merchants: ["{merchant}"]
window: {{days: {days}, from: delivered}}
"""


def policy(folder: Path, *, version: int = 1, start: str = "2020-01-01T00:00:00Z", days: int = 30) -> Path:
    folder.mkdir(exist_ok=True)
    text = POLICY.format(policy="shop", version=version, start=start, merchant="m", days=days)
    (folder / f"shop-{version}.yaml").write_text(text)
    return folder


@pytest.fixture(scope="session")
def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if given := os.environ.get("KAFKA_BOOTSTRAP"):
        yield given
        return
    with local_broker.Broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker.bootstrap


@pytest.fixture
def installation(refundry, bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Settings of an installation of its own on the broker; its prefix."""
    prefix = f"t{uuid4().hex[:8]}."
    monkeypatch.setenv("REFUNDRY_KAFKA_BOOTSTRAP_SERVERS", bootstrap)
    monkeypatch.setenv("REFUNDRY_TOPIC_PREFIX", prefix)
    monkeypatch.setenv("REFUNDRY_PARTITIONS", "2")
    return prefix


@pytest.mark.kafka
def test_topics_are_planned_created_and_checked(refundry, installation: str):
    planned = refundry("topics", "plan", "--output", "json")
    assert planned.code == 0
    assert {row["verdict"] for row in planned.json} == {"missing"}
    names = {row["topic"] for row in planned.json}
    assert {f"{installation}orders", f"{installation}case-events", f"{installation}refundry-cases-changelog"} <= names
    before = refundry("topics", "check")
    assert before.code == 3
    assert "`refundry topics create` makes what is missing" in before.complaint
    created = refundry("topics", "create", "--output", "json")
    assert created.code == 0
    assert {row["topic"] for row in created.json} == names
    after = refundry("topics", "check", "--output", "json")
    assert after.code == 0, after.err
    assert {row["verdict"] for row in after.json} == {"ok"}
    assert "nothing was missing" in refundry("topics", "create").out


@pytest.mark.kafka
def test_a_topic_that_cannot_be_used_is_told_and_nothing_is_created(refundry, installation: str, bootstrap: str):
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
    made = {installation + "orders": 3, installation + "reviews": 2}
    for future in admin.create_topics([NewTopic(name, count, 1) for name, count in made.items()]).values():
        future.result(30)
    wait_for("the topics are known", lambda: made.keys() <= admin.list_topics(timeout=30).topics.keys(), 30)
    checked = refundry("topics", "check", "--output", "json")
    assert checked.code == 3
    verdicts = {row["topic"].removeprefix(installation): row["verdict"] for row in json.loads(checked.out)}
    assert (verdicts["orders"], verdicts["reviews"], verdicts["payments"]) == ("wrong", "wrong", "missing")
    created = refundry("topics", "create")
    assert created.code == 5
    assert "cannot be used as they are" in created.complaint
    assert f"{installation}payments" not in admin.list_topics(timeout=30).topics


@pytest.mark.kafka
def test_policies_are_published_once_and_never_changed(refundry, installation: str, tmp_path: Path):
    folder = policy(tmp_path / "policies")
    nowhere = refundry("policy", "publish", folder)
    assert nowhere.code == 3
    assert f"there is no topic {installation}policies" in nowhere.complaint
    assert refundry("topics", "create").code == 0

    def statuses(*options: str) -> list[tuple[int, str]]:
        done = refundry("policy", "publish", folder, "--output", "json", *options)
        assert done.code == 0, done.err
        return [(row["version"], row["status"]) for row in done.json]

    assert statuses("--dry-run") == [(1, "would be published")]
    assert statuses() == [(1, "published")]
    assert statuses() == [(1, "unchanged")]
    policy(folder, days=31)
    changed = refundry("policy", "publish", folder)
    assert (changed.code, changed.out) == (5, "")
    assert f"{folder}/shop-1.yaml:2: version" in changed.err
    assert "give this the version 2" in changed.err
    policy(folder)
    policy(folder, version=2, start="2020-02-01T00:00:00Z")
    early = refundry("policy", "publish", folder)
    assert early.code == 5
    assert f"{folder}/shop-2.yaml:3: effective_from" in early.err
    policy(folder, version=2, start="2199-02-01T00:00:00Z")
    assert statuses() == [(2, "published"), (1, "unchanged")]


@pytest.mark.kafka
def test_rates_are_published_once_and_a_changed_one_only_where_it_is_wanted(
    refundry, installation: str, tmp_path: Path
):
    table = tmp_path / "ecb.csv"

    def told(*days: str, options: tuple[str, ...] = ()) -> Any:
        table.write_text("\n".join(["Date,USD,JPY,", *days]))
        return refundry("rates", "publish", table, "--output", "json", *options)

    def counts(*days: str, options: tuple[str, ...] = ()) -> dict[tuple[str, str], int]:
        done = told(*days, options=options)
        assert done.code == 0, done.err
        return {(row["pair"], row["status"]): row["rates"] for row in done.json}

    second, first = "2026-03-03,1.0850,161.2,", "2026-03-02,1.0842,N/A,"
    assert told(first).code == 3  # no topic yet
    assert refundry("topics", "create").code == 0
    new = {("EUR/USD", "new"): 2, ("EUR/JPY", "new"): 1}
    assert counts(second, first, options=("--dry-run",)) == new
    assert counts(second, first) == new
    assert counts(second, first) == {("EUR/USD", "unchanged"): 2, ("EUR/JPY", "unchanged"): 1}
    changed = told("2026-03-03,1.0860,161.20,", first)
    assert (changed.code, changed.out) == (5, "")
    assert "EUR/USD@2026-03-03: 1.0850 by ecb is published, 1.0860 by ecb was given" in changed.err
    since = ("--since", "2026-03-03", "--replace")
    assert counts("2026-03-03,1.0860,161.20,", first, options=since) == {
        ("EUR/USD", "changed"): 1,
        ("EUR/JPY", "unchanged"): 1,
    }
    assert counts("2026-03-03,1.0860,161.2,") == {("EUR/USD", "unchanged"): 1, ("EUR/JPY", "unchanged"): 1}


@pytest.mark.kafka
def test_an_order_and_a_dispute_are_found_on_kafka(refundry, installation: str, bootstrap: str, tmp_path: Path):
    assert refundry("topics", "create").code == 0
    out = tmp_path / "out.jsonl"
    assert refundry("replay", written(tmp_path / "in.jsonl", [*SHOP, claim()]), "--out", out).code == 0
    producer = Producer({"bootstrap.servers": bootstrap})
    for record in map(json.loads, out.read_text().splitlines()):
        producer.produce(installation + record["topic"], key=record["key"], value=json.dumps(record["value"]))
    assert producer.flush(30) == 0
    shown = refundry("order", "show", "o1", "--output", "json")
    assert shown.code == 0, shown.err
    assert shown.json["requests"][0]["status"] == "approved"
    explained = refundry("order", "explain", "o1")
    assert "within_policy: The policy allows it." in explained.out
    assert refundry("order", "show", "o2").code == 2
    pack = refundry("dispute", "evidence", "d1", "--output", "json")
    assert [gap["item"] for gap in pack.json["missing"]] == ["proof_of_delivery"]
    assert refundry("dispute", "evidence", "d2").code == 2


@pytest.mark.kafka
def test_reports_read_the_topics_and_what_was_said_meanwhile(
    refundry, installation: str, bootstrap: str, tmp_path: Path
):
    assert refundry("topics", "create").code == 0
    out = tmp_path / "out.jsonl"
    assert refundry("replay", written(tmp_path / "in.jsonl", SHOP), "--out", out).code == 0
    producer = Producer({"bootstrap.servers": bootstrap})

    def say(*topics: str) -> None:
        for record in map(json.loads, out.read_text().splitlines()):
            if record["topic"] in topics:
                producer.produce(installation + record["topic"], key=record["key"], value=json.dumps(record["value"]))
        assert producer.flush(30) == 0

    say("case-snapshots")
    wanting = refundry("report", "money")
    assert wanting.code == 6
    assert "ledger and snapshots differ in 1 places" in wanting.complaint
    heard: list[str] = []

    def go_on() -> bool:
        if "ledger-entries" in heard:
            return False
        say("ledger-entries", "refund-decisions")
        return True

    settings = kafka.config_of(load_settings(os.environ))
    topics = ("ledger-entries", "case-snapshots")
    read_topics(settings, topics, lambda message: heard.append(message.topic), go_on=go_on)
    assert heard == ["case-snapshots", "ledger-entries"], "each once"
    closed = refundry("report", "money", "--output", "json")
    assert closed.code == 0, closed.err
    assert [(row["captured_minor"], row["left_minor"]) for row in closed.json["months"]] == [(2400, 2400)]
    assert closed.json["standing"][0]["in_flight_minor"] == 1200
    assert refundry("report", "refunds", "--output", "json").json["outcomes"][0]["amount_minor"] == 1200


@pytest.mark.kafka
def test_where_a_merchant_stands_is_read_from_what_the_workers_counted(refundry, installation: str, bootstrap: str):
    assert refundry("topics", "create").code == 0
    assert "nothing was counted of this merchant here" in refundry("programmes", "show", "m").complaint
    at = datetime(2026, 2, 14, 12, tzinfo=UTC)
    older, newer = (
        Standing({"2026-02": Months(sales=100, online_sales=100, disputes=count, newest=at)}) for count in (1, 2)
    )
    producer = Producer({"bootstrap.servers": bootstrap})
    for key, standing in (("m/visa", older), ("mm/visa", older), ("m/visa", newer)):
        row = pack(None, encode_standing(standing))
        producer.produce(f"{installation}refundry-standings-changelog", key=key, value=row, partition=0)
    assert producer.flush(30) == 0
    shown = refundry("programmes", "show", "m", "--output", "json")
    assert shown.code == 0, shown.err
    assert [(row["programme"], row["count"], row["ratio_bps"]) for row in shown.json["programmes"]] == [
        ("visa_vamp", 2, "200.00")
    ]


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> str:
    """An address at which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    monkeypatch.setenv("REFUNDRY_KAFKA_BOOTSTRAP_SERVERS", address)
    monkeypatch.setattr(kafka, "PATIENCE_S", 1.0)
    monkeypatch.setattr(kafka, "CALL_S", 0.5)
    return address


@pytest.mark.parametrize(
    "words",
    [
        ("topics", "plan"),
        ("topics", "create"),
        ("topics", "check"),
        ("order", "show", "o1"),
        ("dispute", "evidence", "d1"),
        ("programmes", "show", "m"),
        ("policy", "publish"),
        ("dead-letters", "list"),
        ("dead-letters", "redrive", "orders/0/1"),
        ("report", "money"),
    ],
)
def test_a_broker_that_does_not_answer_is_told_with_a_hint(refundry, nobody, tmp_path: Path, words):
    arguments = [*words, policy(tmp_path / "policies")] if words[0] == "policy" else [*words]
    done = refundry(*arguments)
    assert (done.code, done.out) == (4, "")
    assert done.err.count("\n") == 1
    assert "Is the broker up, and the address right?" in done.complaint


def test_policies_are_checked_without_any_broker(refundry, tmp_path: Path):
    done = refundry("policy", "check", policy(tmp_path / "policies"), "--output", "json")
    assert done.code == 0
    assert [(row["policy"], row["version"], row["merchants"]) for row in done.json] == [("shop", 1, ["m"])]
    assert len(done.json[0]["digest"]) == 16


def test_policies_that_are_wrong_are_told_with_file_and_line(refundry, tmp_path: Path):
    folder = policy(tmp_path / "policies", days=-1)
    done = refundry("policy", "check", folder)
    assert (done.code, done.out) == (3, "")
    assert f"{folder}/shop-1.yaml:5: window.days" in done.err


def test_without_a_directory_the_setting_is_taken(refundry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert "expected DIRECTORY, or the setting POLICY_DIR" in refundry("policy", "check").complaint
    monkeypatch.setenv("REFUNDRY_POLICY_DIR", str(policy(tmp_path / "policies")))
    assert refundry("policy", "check").code == 0
