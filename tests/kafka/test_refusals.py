"""When a worker must not go on: it ends with the code that says who must act, and has acknowledged nothing wrong."""

import time
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_END, Consumer, Producer, TopicPartition
from confluent_kafka.admin import NewPartitions, NewTopic

from tests.kafka.counted import RIGHT, Installation
from tests.kafka.counting import IN, JOURNAL, OUT, TABLE
from tests.kafka.harness import Workers, admin, read_all, wait_for

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest.fixture
def installation(bootstrap: str, tmp_path: Path, request: pytest.FixtureRequest) -> Installation:
    made = Installation(bootstrap, f"{request.node.originalname}-{time.time_ns()}"[-60:], tmp_path)
    made.create_topics()
    return made


def publish(installation: Installation, values: list[bytes], *, timestamp: int = 0) -> None:
    producer = Producer({"bootstrap.servers": installation.bootstrap, "partitioner": "murmur2_random"})
    for n, value in enumerate(values):
        producer.produce(installation.config.topic(IN), value, b"key-%d" % (n % 3), timestamp=timestamp)
    assert producer.flush(30) == 0


def code_of(workers: Workers, seconds: float = 40) -> int:
    wait_for("the worker ends", lambda: workers.code(0) is not None, seconds)
    code = workers.code(0)
    assert code is not None
    return code


def delete(installation: Installation, topic: str) -> None:
    """Returns when the topic is gone: until then the broker still takes what is written to it."""
    client = admin(installation.bootstrap)
    client.delete_topics([topic])[topic].result(20)
    wait_for("the topic is gone", lambda: topic not in client.list_topics(timeout=10).topics, 20)


def recreate(installation: Installation, topic: str) -> None:
    delete(installation, topic)
    client = admin(installation.bootstrap)
    new = NewTopic(topic, 4, 1, config={"cleanup.policy": "compact"})
    client.create_topics([new])[topic].result(20)


def add_partitions(installation: Installation, number: int) -> None:
    """Gives every topic of the installation so many."""
    client, prefix = admin(installation.bootstrap), installation.config.prefix
    new = [NewPartitions(name, number) for name in client.list_topics(timeout=10).topics if name.startswith(prefix)]
    for future in client.create_partitions(new).values():
        future.result(20)


@pytest.mark.parametrize("restart", ["in a new place", "in its old place"])
def test_a_changelog_that_lost_its_records_is_not_taken_for_a_fresh_start(
    installation: Installation, tmp_path: Path, restart: str
) -> None:
    publish(installation, [b"%d" % n for n in range(100)])
    with installation.workers() as workers:
        workers.start(0)
        installation.wait_until_counted(100)
        workers.stop()
    recreate(installation, installation.config.changelog(TABLE))
    elsewhere = {"state_dir": str(tmp_path / "elsewhere")} if restart == "in a new place" else {}
    with installation.workers(**elsewhere) as workers:
        workers.start(0)
        assert code_of(workers) == 5
        assert "lost" in workers.said()
    assert installation.counted() == 100


def test_a_number_of_partitions_changed_for_all_topics_together_is_refused(
    installation: Installation, tmp_path: Path
) -> None:
    for first in (0, 100):
        publish(installation, [b"%d" % n for n in range(first, first + 100)])
        with installation.workers() as workers:
            workers.start(0)
            installation.wait_until_counted(first + 100)
            workers.stop()
    add_partitions(installation, 6)
    publish(installation, [b"%d" % n for n in range(200, 300)])
    for setting in (4, 6):
        directory = tmp_path / f"setting-{setting}"
        directory.mkdir()
        installation.directory = directory
        # another machine, so that nothing on disk can tell
        with installation.workers(partitions=setting, state_dir=str(directory / "state")) as workers:
            workers.start(0)
            assert code_of(workers, 120) == 5
            assert "has 6 partitions, but the group committed its offsets and state with 4" in workers.said()
            assert "assigned" not in workers.said(), "whichever partitions it would get"
    assert installation.counted() == 200


def test_a_worker_that_runs_ends_when_partitions_were_added(installation: Installation) -> None:
    publish(installation, [b"%d" % n for n in range(100)])
    with installation.workers() as workers:
        workers.start(0)
        installation.wait_until_counted(100)
        add_partitions(installation, 6)
        # a member that does not look first makes the group assign anew
        group = {"bootstrap.servers": installation.bootstrap, "group.id": installation.config.app_id}
        member = Consumer({**group, "partition.assignment.strategy": "range"})
        member.subscribe([installation.config.topic(IN)])
        try:
            wait_for("the worker ends", lambda: member.poll(0.1) is None and workers.code(0) is not None, 120)
        finally:
            member.close()
        assert workers.code(0) == 5
        assert "has 6 partitions, but the group committed its offsets and state with 4" in workers.said()


def test_a_worker_that_moves_restores_all_of_its_state_from_the_changelog(
    installation: Installation, tmp_path: Path
) -> None:
    for first in (0, 100):
        publish(installation, [b"%d" % n for n in range(first, first + 100)])
        with installation.workers(state_dir=str(tmp_path / f"machine-{first}"), store="memory") as workers:
            workers.start(0)
            installation.wait_until_counted(first + 100)
            workers.stop()
    assert installation.verdict(200) == RIGHT


def test_a_state_made_with_other_secrets_is_refused(installation: Installation) -> None:
    publish(installation, [b"1"])
    with installation.workers(secret_digest="one") as workers:
        workers.start(0)
        installation.wait_until_counted(1)
        workers.stop()
    with installation.workers(secret_digest="another") as workers:
        workers.start(0)
        assert code_of(workers) == 3
        assert "HASH_KEY" in workers.said()


def test_a_new_group_on_old_topics_asks_from_when_on_it_acts(installation: Installation) -> None:
    eight_days_ago = int((time.time() - 8 * 86400) * 1000)
    publish(installation, [b"0"], timestamp=eight_days_ago)
    publish(installation, [b"1"])
    with installation.workers() as workers:
        workers.start(0)
        assert code_of(workers) == 5
        assert "ACT_FROM" in workers.said()
    with installation.workers(acts_from_given=True) as workers:
        workers.start(0)
        installation.wait_until_counted(2)


def test_input_that_is_gone_before_it_was_read_is_told(installation: Installation) -> None:
    publish(installation, [b"%d" % n for n in range(30)])
    with installation.workers() as workers:
        workers.start(0)
        installation.wait_until_counted(30)
        workers.stop()
    publish(installation, [b"%d" % n for n in range(30, 60)])
    everything = [TopicPartition(installation.config.topic(IN), number, OFFSET_END) for number in range(4)]
    client = admin(installation.bootstrap)
    for future in client.delete_records(everything).values():
        future.result(20)
    with installation.workers() as workers:
        workers.start(0)
        assert code_of(workers) == 5
        assert "are gone" in workers.said()


def test_a_poison_message_is_a_dead_letter_and_its_partition_goes_on(installation: Installation) -> None:
    publish(installation, [b"0", b"poison", b"1", b"2", b"poison", b"3"])
    with installation.workers() as workers:
        workers.start(0)
        installation.wait_until_counted(4)
        workers.stop()
    letters = read_all(installation.bootstrap, installation.config.topic("dead-letters"))
    assert [record.value() for record in letters] == [b"poison", b"poison"]
    assert {dict(record.headers() or [])["refundry-topic"] for record in letters} == {JOURNAL.encode()}
    assert installation.verdict(4) == RIGHT


def test_a_flood_of_poison_stops_the_worker_and_stays_where_it_is(installation: Installation) -> None:
    publish(installation, [b"%d" % n for n in range(20)] + [b"poison"] * 400)
    with installation.workers() as workers:
        workers.start(0)
        assert code_of(workers) == 5
        assert "failed already" in workers.said() or "became dead letters" in workers.said()
    assert read_all(installation.bootstrap, installation.config.topic("dead-letters")) == []
    assert installation.lag() > 0


def test_nothing_is_acknowledged_past_a_poison_message_while_dead_letters_cannot_be_written(
    installation: Installation,
) -> None:
    publish(installation, [b"0"])
    with installation.workers() as workers:
        workers.start(0)
        installation.wait_until_counted(1)
        delete(installation, installation.config.topic("dead-letters"))
        publish(installation, [b"poison", b"1"])
        assert code_of(workers) in (3, 4, 75)
        assert len(read_all(installation.bootstrap, installation.config.topic(OUT), whole=False)) <= 2
    installation.create_topics()
    with installation.workers() as workers:
        workers.start(0)
        installation.wait_until_counted(2)
    letters = read_all(installation.bootstrap, installation.config.topic("dead-letters"))
    assert [record.value() for record in letters] == [b"poison"]
    assert installation.verdict(2) == RIGHT


def test_a_restore_gives_up_on_a_transaction_that_hangs_and_says_what_to_do(installation: Installation) -> None:
    publish(installation, [b"0"])
    hanging = Producer(
        {"bootstrap.servers": installation.bootstrap, "transactional.id": f"{installation.config.app_id}-lost"}
    )
    hanging.init_transactions(30)
    hanging.begin_transaction()
    hanging.produce(installation.config.changelog(TABLE), b"a row", b"key-0", partition=0)
    assert hanging.flush(30) == 0
    with installation.workers(limits={"restore_stall": 2.0}) as workers:
        workers.start(0)
        wait_for("the worker gives up", lambda: workers.exits.total() > 0, 40)
        assert set(workers.exits) == {4}
        assert "restore gave up" in workers.said()
        assert "committed only up to 0 (a peer's transaction is open)" in workers.said()
        assert "`refundry doctor` finds it" in workers.said()
        assert installation.counted() == 0
        hanging.abort_transaction(30)
        installation.wait_until_counted(1)
    assert installation.verdict(1) == RIGHT
