"""The follower on a real Redis that goes away, is slow, full, emptied, set back; on a log in memory."""

import asyncio
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from structlog.testing import capture_logs

from app import projections
from app.metrics import READ_SIDE_BEGINNINGS, READ_SIDE_FAILURES, READ_SIDE_UNREADABLE, Metrics
from app.readside import following
from app.readside.answering import Answers
from app.readside.connecting import connect
from app.readside.following import Follower, Watchers
from app.readside.writing import MovedError, Writer
from app.runtime.config import RuntimeConfig
from app.runtime.progress import Progress
from app.settings import ConfigurationError, load_settings
from tests.cli.running import logs_as_before
from tests.kafka.harness import wait_for
from tests.readside.cases import KEYS, MemoryLog, payment, snapshot, standing
from tests.readside.server import Server

pytestmark = pytest.mark.redis

CASES = 300
BARE = b'{"case_id": "m/o2", "version": 9, "merchant_id": "m"}'
DEEP = b'{"more": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
FOREIGN = (b"{}", b"[]", b'"x"', b"", b'{"case_id": "\xff"}', BARE, DEEP)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The waits of a production, shortened."""
    monkeypatch.setattr(following, "BACKOFF_S", (0.02, 0.05))
    monkeypatch.setattr(following, "STAND_BY_S", 0.1)
    monkeypatch.setattr("app.readside.connecting.CALL_S", 0.5)


def client_of(url: str) -> Any:
    return connect(load_settings({"REFUNDRY_REDIS_URL": url}))


def fill(log: MemoryLog, rounds: int = 3, first: int = 1) -> None:
    """Cases that change from round to round; every tenth is erased in the last."""
    for version in range(first, first + rounds):
        for number in range(CASES):
            case_id = f"m/o{number}"
            log.say(case_id, snapshot(case_id, version, payments=[payment(f"p{number}", f"c{number}-{version}")]))
    for number in range(0, CASES, 10):
        log.say(f"m/o{number}", None)


def count(metrics: Metrics, metric: Any) -> float:
    lines = metrics.text().decode().splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(f"{metric.name} "))


@contextmanager
def following_in_background(
    log: MemoryLog, url: str, watchers: Watchers | None = None, writer: Writer | None = None
) -> Iterator[Watchers]:
    watchers, stop = watchers or Watchers(), threading.Event()
    follower = Follower(log, writer or Writer(client_of(url), KEYS), watchers)
    failed: list[Exception] = []

    def run() -> None:
        try:
            follower.run(stop)
        except Exception as error:  # noqa: BLE001 - whatever it is, it fails the test
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield watchers
    finally:
        stop.set()
        thread.join(20)
    assert not thread.is_alive()
    assert not failed


def all_stand(server: Server, log: MemoryLog) -> bool:
    try:
        with server.client() as client:
            return standing(client) == log.newest()
    except redis.RedisError:
        return False


def test_what_was_said_stands_as_it_was_said_last_and_what_is_said_later_follows(shared, client):
    log = MemoryLog()
    fill(log)
    with following_in_background(log, shared.url) as told:
        wait_for("all stand", lambda: all_stand(shared, log), 20)
        assert len(standing(client)) == CASES - CASES // 10
        wait_for("nothing is missing", lambda: not told.blockers, 20)
        log.say("m/o1", snapshot("m/o1", 99))
        wait_for("the news stands", lambda: standing(client)["m/o1"] == snapshot("m/o1", 99), 20)


def test_where_nobody_says_any_more_that_this_is_all_the_read_side_is_not_up_to_date(shared, client, monkeypatch):
    monkeypatch.setattr(following, "STALE_S", 0.5)
    log = MemoryLog()
    fill(log, rounds=1)
    with following_in_background(log, shared.url) as told:
        wait_for("nothing is in the way", lambda: not told.blockers, 20)
        log.stands_still = True
        wait_for("it is noticed", lambda: "read to their end" in told.blockers.get("reading", ""), 20)
        log.stands_still = False
        wait_for("nothing is in the way", lambda: not told.blockers, 20)


def test_it_goes_on_where_the_data_stands(shared, client):
    log = MemoryLog()
    fill(log)
    with following_in_background(log, shared.url):
        wait_for("all stand", lambda: all_stand(shared, log), 20)
    kept = Writer(client, KEYS).position()
    # what is read again would be written again: it shows here
    client.set(KEYS.case("m/o1"), b"a mark")
    log.say("m/o2", snapshot("m/o2", 50))
    with following_in_background(log, shared.url) as told:
        wait_for("the news stands", lambda: standing(client)["m/o2"] == snapshot("m/o2", 50), 20)
    assert kept is not None
    assert standing(client)["m/o1"] == b"a mark"
    assert count(told.metrics, READ_SIDE_BEGINNINGS) == 0


def test_an_older_version_that_is_said_again_changes_nothing(shared, client):
    log = MemoryLog()
    for version in (1, 2, 3, 2):  # a broker without transactions, and a worker that was killed
        log.say("m/o1", snapshot("m/o1", version))
    Follower(log, Writer(client, KEYS)).run(threading.Event(), until_complete=True)
    assert standing(client) == {"m/o1": snapshot("m/o1", 3)}


def test_what_is_no_snapshot_is_passed_over_and_counted(shared, client):
    log = MemoryLog()
    log.say("m/o2", snapshot("m/o2"))
    log.say("m/o1", b"no json")
    for value in FOREIGN:
        log.say("m/o2", value)
    log.partitions[0].append(log.partitions[0][-1]._replace(offset=100, key=b"\xff", value=snapshot()))
    told = Watchers()
    Follower(log, Writer(client, KEYS), told).run(threading.Event(), until_complete=True)
    assert standing(client) == {"m/o2": snapshot("m/o2")}
    assert count(told.metrics, READ_SIDE_UNREADABLE) == 2 + len(FOREIGN)


def test_a_redis_that_was_emptied_is_filled_again_by_itself(shared, client):
    log = MemoryLog()
    fill(log)
    with following_in_background(log, shared.url) as told:
        for _ in range(5):
            wait_for("all stand", lambda: all_stand(shared, log), 20)
            client.flushall()
        wait_for("all stand", lambda: all_stand(shared, log), 20)
        assert count(told.metrics, READ_SIDE_BEGINNINGS) >= 3  # a flush in the middle of a filling takes only one


def test_a_redis_that_is_away_at_the_start_is_waited_for_and_said_once(server):
    server.kill()
    log = MemoryLog()
    fill(log)
    with capture_logs() as lines, following_in_background(log, server.url) as told:
        wait_for("it was tried often", lambda: count(told.metrics, READ_SIDE_FAILURES) > 5, 20)
        assert "redis" in told.blockers
        server.start()
        wait_for("all stand", lambda: all_stand(server, log), 20)
        wait_for("nothing is in the way", lambda: not told.blockers, 20)
    said = [line["event"] for line in lines]
    assert said == ["redis_is_away", "read_side_begins", "redis_is_back"]


def test_a_redis_that_goes_away_in_between_and_comes_back_empty_is_filled_again(server):
    log = MemoryLog()
    fill(log, rounds=1)
    with following_in_background(log, server.url) as told:
        wait_for("all stand", lambda: all_stand(server, log), 20)
        server.kill()
        fill(log, first=2)
        wait_for("it is noticed", lambda: "redis" in told.blockers, 20)
        server.start()
        wait_for("all stand", lambda: all_stand(server, log), 20)


def test_a_redis_that_answers_nothing_for_a_while_is_waited_for(server):
    log = MemoryLog()
    fill(log, rounds=1)
    with following_in_background(log, server.url) as told:
        wait_for("all stand", lambda: all_stand(server, log), 20)
        server.halt()
        fill(log, first=2)
        wait_for("it is noticed", lambda: "redis" in told.blockers, 20)
        server.go_on()
        wait_for("all stand", lambda: all_stand(server, log), 20)


def test_a_redis_that_is_full_takes_the_rest_when_it_has_room_again(server):
    log = MemoryLog()
    fill(log, rounds=1)
    with following_in_background(log, server.url) as told, server.client() as client:
        wait_for("all stand", lambda: all_stand(server, log), 20)
        client.config_set("maxmemory", "1mb")
        fill(log, first=2)
        wait_for("it is noticed", lambda: "OutOfMemoryError" in told.blockers.get("redis", ""), 20)
        client.config_set("maxmemory", "0")
        wait_for("all stand", lambda: all_stand(server, log), 20)
        wait_for("nothing is in the way", lambda: "redis" not in told.blockers, 20)


def test_a_redis_that_went_back_to_an_older_dump_is_brought_up_to_date_from_there(server):
    log = MemoryLog()
    fill(log, rounds=1)
    with following_in_background(log, server.url) as told:
        wait_for("all stand", lambda: all_stand(server, log), 20)
        with server.client() as client:
            client.save()
        fill(log, first=2)
        wait_for("all stand", lambda: all_stand(server, log), 20)
        server.kill()
        server.start()
        wait_for("all stand", lambda: all_stand(server, log), 20)
        assert count(told.metrics, READ_SIDE_BEGINNINGS) == 1


def test_of_several_followers_one_takes_over_from_another_and_nothing_differs(shared, client):
    log, twin = MemoryLog(), MemoryLog()
    twin.partitions = log.partitions
    with following_in_background(log, shared.url), following_in_background(twin, shared.url):
        fill(log)
        wait_for("all stand", lambda: all_stand(shared, log), 20)
    log.say("m/o1", snapshot("m/o1", 99))
    with following_in_background(twin, shared.url):
        wait_for("the news stands", lambda: standing(client)["m/o1"] == snapshot("m/o1", 99), 20)


def test_one_that_stands_by_says_so_instead_of_that_the_read_side_is_not_up_to_date(shared, client, monkeypatch):
    monkeypatch.setattr(following, "STAND_BY_S", 0.01)
    log = MemoryLog()
    Writer(client, KEYS).begin({0: 0, 1: 0}, log.id)

    class Overtaken(Writer):
        """One that is always a moment too late, as long as the other is there."""

        def write(self, at, changes, reached, *, caught_up_at):
            written = super().write(at, changes, reached, caught_up_at=caught_up_at)
            if other:
                raise MovedError  # all this was the other one
            return written

    class Told(dict[str, str]):
        """Whatever /readyz could have said."""

        def __setitem__(self, what, why):
            said.append(why)
            super().__setitem__(what, why)

    said, other = list[str](), True
    log.say("m/o1", snapshot("m/o1"))
    told = Watchers(blockers=Told())
    with capture_logs() as lines, following_in_background(log, shared.url, told, Overtaken(client, KEYS)):
        for number in range(2, 5):
            wait_for("it stands by", lambda: said[-1:] == [following.STANDS_BY], 20)
            log.say("m/o1", snapshot("m/o1", number))
            wait_for("the other writes", lambda: all_stand(shared, log), 20)
        assert list(dict.fromkeys(said)) == [following.NOT_READ_YET, following.STANDS_BY]
        other = False
        log.say("m/o1", snapshot("m/o1", 9))
        wait_for("it has taken over", lambda: all_stand(shared, log) and not told.blockers, 20)
    assert [line["event"] for line in lines] == ["read_side_stands_by"]


def test_a_redis_that_is_set_back_is_no_other_follower(client):
    log, stop = MemoryLog(), threading.Event()

    class SetBack(Writer):
        def write(self, at, changes, reached, *, caught_up_at):
            if any(at.values()):
                stop.set()
                client.hset(KEYS.position, mapping={"0": 0, "1": 0})
            else:
                log.say("m/o1", snapshot("m/o1", 2))
            return super().write(at, changes, reached, caught_up_at=caught_up_at)

    log.say("m/o1", snapshot("m/o1"))
    told = Watchers()
    Follower(log, SetBack(client, KEYS), told).run(stop)
    assert told.blockers.get("reading") != following.STANDS_BY


@pytest.mark.parametrize("position", [{0: 10_000, 1: 0}, {0: 0}, {0: 0, 1: 0, 2: 0}])
def test_where_the_topic_is_another_one_reading_begins_anew(shared, client, position):
    log = MemoryLog()
    Writer(client, KEYS).begin(position, log.id)
    client.set(KEYS.case("m/of another topic"), b"old")
    fill(log)
    Follower(log, Writer(client, KEYS)).run(threading.Event(), until_complete=True)
    assert standing(client) == log.newest()


def test_a_topic_made_anew_is_read_from_its_beginning_however_much_it_holds_already(shared, client):
    first, second = MemoryLog(), MemoryLog()
    first.say("m/gone", snapshot("m/gone"))
    Follower(first, Writer(client, KEYS)).run(threading.Event(), until_complete=True)
    second.id = "the second"
    fill(second)  # it reaches far beyond where the first one ended
    Follower(second, Writer(client, KEYS)).run(threading.Event(), until_complete=True)
    assert standing(client) == second.newest()


def test_a_filling_that_is_to_end_says_that_redis_is_away(server):
    server.kill()
    with pytest.raises(redis.ConnectionError):
        Follower(MemoryLog(), Writer(client_of(server.url), KEYS)).run(threading.Event(), until_complete=True)


def test_redis_is_reached_over_tls_by_the_url(tmp_path: Path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made, *subject], check=True, capture_output=True)
    with Server(tmp_path) as server:
        port = server.port
    files = ["--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-ca-cert-file", str(certificate)]
    with Server(tmp_path, "--tls-port", str(port), *files, "--tls-auth-clients", "no"):
        trusting = client_of(f"rediss://localhost:{port}/0?ssl_ca_certs={certificate}")
        log = MemoryLog()
        fill(log, rounds=1)
        Follower(log, Writer(trusting, KEYS)).run(threading.Event(), until_complete=True)
        assert standing(trusting) == log.newest()
        with pytest.raises(redis.ConnectionError):
            client_of(f"rediss://localhost:{port}/0").ping()


def test_a_user_with_few_rights_on_our_keys_alone_is_enough(shared, client):
    rights = ["+@read", "+@write", "+@transaction", "+@connection"]
    client.execute_command("ACL", "SETUSER", "refundry", "reset", "on", ">secret", "~refundry:*", *rights)
    try:
        limited = client_of(f"redis://refundry:secret@127.0.0.1:{shared.port}/0")
        log = MemoryLog()
        fill(log, rounds=1)
        Follower(log, Writer(limited, KEYS)).run(threading.Event(), until_complete=True)
        assert standing(client) == log.newest()
        assert [found.case_id for found in Answers(limited, KEYS).number("p1", None)] == ["m/o1"]
    finally:
        client.acl_deluser("refundry")


def test_whoever_only_asks_needs_transactions_besides_reading_and_may_write_nothing(shared, client):
    log = MemoryLog()
    fill(log, rounds=1)
    Follower(log, Writer(client, KEYS)).run(threading.Event(), until_complete=True)

    def asked(*rights: str) -> Answers:
        client.execute_command("ACL", "SETUSER", "console", "reset", "on", ">secret", "~refundry:*", *rights)
        return Answers(client_of(f"redis://console:secret@127.0.0.1:{shared.port}/0"), KEYS)

    try:
        assert [found.case_id for found in asked("+@read", "+@transaction", "+@connection").number("p1", None)] == [
            "m/o1"
        ]
        with pytest.raises(redis.exceptions.NoPermissionError):
            asked("+@read", "+@connection").number("p1", None)
    finally:
        client.acl_deluser("console")


@pytest.mark.parametrize(
    "url",
    [
        None,
        "redis://localhost:1/0?socket_timeout=soon",
        "redis://localhost:1/0?colour=red",
        "redis://localhost:1/0?protocol=7",
        "rediss://localhost:1/0?ssl_cert_reqs=perhaps",
    ],
)
def test_a_url_that_cannot_be_used_is_a_matter_of_configuration(url):
    with pytest.raises(ConfigurationError, match="REDIS_URL"):
        connect(load_settings({"REFUNDRY_REDIS_URL": url} if url else {}))


def test_a_follower_is_not_ready_before_it_has_read_anything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []

    async def served(bind: str, progress: Progress, metrics: Metrics) -> None:
        seen.append(dict(progress.blockers))
        raise KeyboardInterrupt

    monkeypatch.setattr(projections, "serve", served)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(projections._follow(None, RuntimeConfig(bootstrap_servers="127.0.0.1:1", state_dir=tmp_path)))
    assert seen == [{"reading": "connecting"}]


def test_a_rebuild_says_nothing_on_standard_output_but_what_the_command_says(server, tmp_path, monkeypatch, capsys):
    log = MemoryLog()
    log.close = lambda: None
    monkeypatch.setattr(projections, "Tail", lambda *_: log)
    settings = load_settings({"REFUNDRY_REDIS_URL": server.url, "REFUNDRY_LOG_FORMAT": "json"})
    with logs_as_before():
        projections.rebuild(settings, RuntimeConfig(bootstrap_servers="127.0.0.1:1", state_dir=tmp_path), print)
    out, err = capsys.readouterr()
    assert '"event": "read_side_begins"' in err
    assert "read_side_begins" not in out
