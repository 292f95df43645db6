"""A worker that is told to die at a point of its rounds dies there, and its successor makes good what that left undone.

One installation, and for each point a worker that begins with messages before it and takes over what the last one left.
"""

import json
import signal
import time

import pytest

from app.settings.values import FAULT_POINTS
from tests.kafka.harness import read_all, wait_for
from tests.kafka.product import Product
from tests.kafka.world import Shop
from topics.catalogue import JOURNAL

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

EXACTLY, AT_LEAST = FAULT_POINTS["exactly_once"], FAULT_POINTS["at_least_once"]
BURST = 20


@pytest.fixture(scope="module")
def product(bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Product:
    made = Product(bootstrap, f"points{time.time_ns()}", tmp_path_factory.mktemp("points"), heartbeat_s=0)
    made.create()
    return made


@pytest.fixture(scope="module")
def shop(product: Product) -> Shop:
    return Shop(product.bootstrap, product.prefix, 1000, 7)


def records(product: Product, topic: str) -> int:
    """How many records of a topic are committed by now; an open transaction hides what follows it."""
    return len(read_all(product.bootstrap, product.prefix + topic, whole=False))


def die(product: Product, shop: Shop, point: str, guarantee: str) -> None:
    """Runs a worker on messages that wait until it has died at the point."""
    shop.publish(BURST)
    done = product.run("worker", slot="0", fault_points=point, guarantee=guarantee)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    last = json.loads(done.stderr.splitlines()[-1])
    assert (last["event"], last["point"]) == ("killed_at_a_fault_point", point)


def work_to_the_end(product: Product, guarantee: str) -> None:
    with product.workers(guarantee=guarantee) as workers:
        workers.start(0)
        wait_for("everything is handled", lambda: product.unread() == 0, 60, every=0.5)
        assert workers.stop(seconds=30) == {0: 0}


@pytest.mark.parametrize("point", EXACTLY)
def test_a_transaction_is_seen_only_when_its_worker_died_after_the_commit(
    product: Product, shop: Shop, point: str
) -> None:
    die(product, shop, point, "exactly_once")
    # the first round that commits writes each store's seal, whatever else is in it
    seen = {"rows": records(product, f"{product.group}-cases-changelog") > 0, "said": records(product, JOURNAL) > 0}
    if point == "after_commit":
        assert seen["rows"]
    else:
        assert seen == {"rows": False, "said": False}


def test_then_nothing_is_lost_and_nothing_is_done_twice(product: Product) -> None:
    work_to_the_end(product, "exactly_once")
    verdict = product.judged()
    assert verdict.holds, verdict
    assert verdict.figures.inputs == BURST * len(EXACTLY)
    assert verdict.figures.outputs_repeated == 0


@pytest.mark.parametrize("point", AT_LEAST)
def test_without_transactions_a_round_counts_as_handled_only_when_its_worker_died_after_that(
    product: Product, shop: Shop, point: str
) -> None:
    handled = product.handled()
    die(product, shop, point, "at_least_once")
    assert (product.handled() > handled) == (point == "after_commit")


def test_then_nothing_is_lost_and_what_is_repeated_has_the_same_id(product: Product) -> None:
    work_to_the_end(product, "at_least_once")
    verdict = product.judged(exactly_once=False)
    assert verdict.holds, verdict
    assert verdict.figures.inputs == BURST * (len(EXACTLY) + len(AT_LEAST))


def test_a_point_that_there_is_not_is_refused_with_those_that_there_are(product: Product) -> None:
    done = product.run("worker", fault_points="before_comit")
    assert done.returncode == 3
    assert all(point in done.stderr for point in EXACTLY)
