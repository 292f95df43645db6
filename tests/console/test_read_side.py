"""The read side in memory, with which the other tests work, answers as the real one does over a real Redis."""

import itertools
from datetime import UTC, datetime
from typing import Any

import pytest

from app.console.ports import Behind, Filter, NotAnsweringError
from app.readside.answering import Answers
from app.readside.document import read
from app.readside.keys import CAUGHT_UP_AT
from app.readside.writing import Change, Writer
from app.review_desk.read_side import AnsweredByRedis
from tests.console.world import InMemory, alerted, disputed, held
from tests.readside.cases import KEYS
from tests.readside.conftest import client, shared  # noqa: F401 - fixtures of the room

pytestmark = pytest.mark.redis


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def both(world, client):  # noqa: F811 - the fixture
    """The same cases in both; all dates lie in the past, so no alert is in time."""
    for number, begin in enumerate((held, disputed, alerted, held, held)):
        begin(world, f"m{number % 2}/o{number}")
    world.now = now()
    fake = world.read_side
    writer = Writer(client, KEYS)
    writer.begin({0: 0}, "t1")
    changes = {case_id: Change(value, read(value)) for case_id, value in fake.snapshots.items()}
    writer.write({0: 0}, changes, {0: 1}, caught_up_at=now().timestamp())
    return fake, AnsweredByRedis(Answers(client, KEYS))


def rows(tasks: Any) -> list[Any]:
    return [(task.id, task.score, task.kind, task.subject_id, task.due, task.why, task.second) for task in tasks]


def test_they_tell_the_same_line_from_every_place_and_by_every_filter(both):
    fake, real = both
    whole = fake.line(Filter(), None, 100)
    assert len(whole) == 4
    places = [None, *(Behind(task.score, task.id) for task in whole), Behind(0.0, "nothing"), Behind(1e12, whole[0].id)]
    for kind, merchant, behind in itertools.product(
        (None, "refund_request", "dispute", "alert"), (None, "m0", "m1", "m2"), places
    ):
        wanted = Filter(kind, merchant)
        for count in (1, 100):
            assert rows(fake.line(wanted, behind, count)) == rows(real.line(wanted, behind, count))


def test_they_count_find_and_show_the_same(both):
    fake, real = both
    for merchant in (None, "m0", "m2"):
        assert (fake.counts(merchant).by_kind, fake.counts(merchant).merchants) == (
            real.counts(merchant).by_kind,
            real.counts(merchant).merchants,
        )
    for number in ("o1", "d1", "r1", "p1", "nothing"):
        assert sorted(fake.find(number)) == sorted(real.find(number))
    for case_id in ("m0/o0", "m1/o1", "m9/o9"):
        assert fake.case(case_id) == real.case(case_id)


@pytest.mark.parametrize("ending", ["stale", "empty", "gone"])
def test_they_answer_nothing_where_what_they_have_may_be_old(both, client, shared, ending):  # noqa: F811 - fixtures
    fake, real = both
    fake.away = "It may be old."
    if ending == "stale":
        client.hset(KEYS.position, CAUGHT_UP_AT, now().timestamp() - 40)
    elif ending == "empty":
        client.flushall()
    else:
        client.config_set("requirepass", "another")
        client.execute_command("AUTH", "another")
        shared_client = AnsweredByRedis(Answers(shared.client(), KEYS))
        real = shared_client
    try:
        for read_side in (fake, real):
            for ask in (
                lambda one: one.counts(None),
                lambda one: one.line(Filter(), None, 1),
                lambda one: one.case("m0/o0"),
                lambda one: one.find("o1"),
            ):
                with pytest.raises(NotAnsweringError, match=r"^(It may be old|Redis does not answer)"):
                    ask(read_side)
    finally:
        if ending == "gone":
            client.config_set("requirepass", "")


def test_the_read_side_in_memory_has_the_same_calls():
    calls = {name for name in vars(AnsweredByRedis) if not name.startswith("_")}
    assert calls <= set(vars(InMemory))
