"""A worker that stands still says so while it does: to the watch, whatever beats beside it, and to its probes."""

import re
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.kafka.counted import RIGHT, Installation
from tests.kafka.counting import BEATS, IN
from tests.kafka.harness import free_port, read_all, wait_for
from tests.kafka.proxy import Proxy
from tests.kafka.world import publisher

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

RATE = 200
STUCK_S = 15.0


class Watched:
    """An installation whose worker is asked at its ops port."""

    def __init__(self, bootstrap: str, name: str, directory: Path, **settings: Any) -> None:
        self.ops = f"127.0.0.1:{free_port()}"
        self.installation = Installation(
            bootstrap, f"{name}-{time.time_ns()}", directory, ops_bind=self.ops, **settings
        )
        self.installation.create_topics()

    def asked(self, path: str) -> tuple[int, str]:
        """What it answers, 0 where nobody does."""
        try:
            with urllib.request.urlopen(f"http://{self.ops}{path}", timeout=2) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def without_progress(self) -> float:
        """What the alert is raised by, in seconds; -1 where nobody answers."""
        found = re.search(r"^refundry_without_progress_seconds (\S+)$", self.asked("/metrics")[1], re.MULTILINE)
        return float(found[1]) if found else -1


def test_work_that_waits_behind_an_open_transaction_ends_the_worker_although_it_beats(
    bootstrap: str, tmp_path: Path
) -> None:
    watched = Watched(bootstrap, "watched", tmp_path, heartbeat_s=1, limits={"stuck": STUCK_S})
    installation = watched.installation
    events = installation.config.topic(IN)
    with installation.workers() as workers:
        workers.start(0)
        producer = publisher(bootstrap)
        for number in range(50):
            producer.produce(events, b"%d" % number, b"key-%d" % number)
        assert producer.flush(30) == 0
        installation.wait_until_counted(50, 240)
        wait_for("it beats", lambda: len(beats(installation)) > 0, 30)
        idle_since, stuck = time.monotonic(), workers.said().count("stuck")
        wait_for("it is idle for long", lambda: time.monotonic() > idle_since + STUCK_S + 3, STUCK_S + 10)
        assert workers.said().count("stuck") == stuck, "who only beats is not stuck"

        stranger = publisher(bootstrap, **{"transactional.id": f"{installation.config.app_id}-stranger"})
        stranger.init_transactions(20)
        stranger.begin_transaction()
        stranger.produce(events, b"1000", b"key", partition=0)
        assert stranger.flush(20) == 0
        for number in range(50, 70):
            producer.produce(events, b"%d" % number, b"key", partition=0)
        assert producer.flush(20) == 0
        beaten = len(beats(installation))
        wait_for("what the alert asks for grows", lambda: watched.without_progress() > STUCK_S / 2, STUCK_S + 5)
        assert len(beats(installation)) > beaten, "it goes on beating"
        wait_for("the watch ends it", lambda: workers.said().count("stuck") > stuck, STUCK_S + 5)
        assert f"21 messages wait and none was handled for {STUCK_S:.0f} s" in workers.said()
        wait_for("it is started again", lambda: workers.exits[75] > 0, 10)
        stranger.abort_transaction(20)
        installation.wait_until_counted(70)
    assert installation.verdict(70) == RIGHT


def beats(installation: Installation) -> list[Any]:
    return read_all(installation.bootstrap, installation.config.topic(BEATS), whole=False)


def test_while_the_broker_is_away_the_worker_is_alive_and_not_ready_and_says_why(
    bad_network: Proxy, bootstrap: str, tmp_path: Path
) -> None:
    """The commit may take 65 s here: while the broker is away the worker waits in it and must not be ended."""
    watched = Watched(bootstrap, "away", tmp_path, limits={"transaction_timeout_ms": 30_000})
    installation = watched.installation
    with installation.workers(bootstrap_servers=f"127.0.0.1:{bad_network.port}") as workers:
        workers.start(0)
        load = installation.load(RATE)
        wait_for("work is in flight", lambda: installation.counted() > RATE, 240)
        assert watched.asked("/readyz") == (200, "ready\n")
        bad_network.cut()
        cut_at, alive = time.monotonic(), set()

        def says_why() -> bool:
            alive.add(watched.asked("/livez"))
            status, why = watched.asked("/readyz")
            return status == 503 and why.startswith("broker: ")

        wait_for("it says that the broker does not answer", says_why, 15)
        wait_for("it goes on saying so", lambda: not says_why() or time.monotonic() > cut_at + 12, 20)
        assert says_why()
        assert alive == {(200, "alive\n")}
        bad_network.mend()
        wait_for("it is ready again", lambda: watched.asked("/readyz") == (200, "ready\n"), 120)
        sent = load.stop()
        installation.wait_until_counted(sent)
    assert installation.verdict(sent) == RIGHT
