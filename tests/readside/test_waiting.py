"""The line of what waits for a person: which tasks a case has, their order, and that nothing stands in it twice or too long."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from app.readside.answering import Answers, PlaceInLine, StaleError
from app.readside.document import read
from app.readside.keys import CAUGHT_UP_AT
from app.readside.waiting import KINDS, Task, tasks_of
from app.readside.writing import Change, Writer
from tests.readside.cases import KEYS, snapshot

START = {0: 0, 1: 0}
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
EUR = {"amount_minor": 1000, "currency": "EUR"}


def request(request_id: str = "r1", **more: Any) -> dict[str, Any]:
    held = {"status": "held", "waiting_for": "review", "asked_at": "2026-03-01T00:00:00Z", "amount": EUR}
    return {"request_id": request_id, **held, "reasons": ["over_auto_limit"]} | more


def dispute(dispute_id: str = "d1", action: str = "contest", **more: Any) -> dict[str, Any]:
    told = {"state": "open", "stage": "chargeback", "category": "fraudulent", "answer": None, "flags": []}
    return {"dispute_id": dispute_id, **told, "recommendation": {"action": action}, "amount": EUR} | more


def alert(alert_id: str = "a1", **more: Any) -> dict[str, Any]:
    return {"alert_id": alert_id, "source": "ethoca", "waiting": True, "amount": EUR} | more


def place_of(task: Task) -> PlaceInLine:
    return PlaceInLine(task.score, task.kind, task.id)


def of(**parts: Any) -> list[Task]:
    return tasks_of("m/o1", read(snapshot(**parts)))


@pytest.mark.parametrize(
    ("parts", "kinds"),
    [
        ({"requests": [request()]}, ["refund_request"]),
        ({"requests": [request(waiting_for="second_review")]}, ["refund_request"]),
        ({"requests": [request(waiting_for="return")]}, []),
        ({"requests": [request(status="approved")]}, []),
        ({"requests": [{"request_id": "r1", "status": "held"}]}, ["refund_request"]),  # written before it was said
        ({"disputes": [dispute()]}, ["dispute"]),
        ({"disputes": [dispute(action="accept")]}, ["dispute"]),
        ({"disputes": [dispute(action="none")]}, []),
        ({"disputes": [dispute(answer="contest")]}, []),
        ({"disputes": [dispute(state="won")]}, []),
        ({"disputes": [dispute(recommendation=None)]}, []),  # history, told to nobody
        ({"disputes": [dispute(recommendation=None, flags=["unmatched"])]}, ["dispute"]),
        ({"alerts": [alert()]}, ["alert"]),
        ({"alerts": [alert(waiting=False)]}, []),
        ({"requests": [request(), request("r2")], "disputes": [dispute()]}, ["refund_request"] * 2 + ["dispute"]),
    ],
)
def test_what_of_a_case_waits_for_a_person(parts, kinds):
    assert [task.kind for task in of(**parts)] == kinds


@pytest.mark.parametrize(
    ("dates", "due"),
    [
        ({"review_due_at": "2026-03-12T08:00:00Z"}, datetime(2026, 3, 12, 8, tzinfo=UTC)),
        ({"review_due_at": "2026-03-12T08:00:00Z", "pay_by": "2026-03-11"}, datetime(2026, 3, 11, tzinfo=UTC)),
        ({"review_due_at": "2026-03-12T08:00:00Z", "pay_by": "2026-03-13"}, datetime(2026, 3, 12, 8, tzinfo=UTC)),
        ({"pay_by": "2026-03-13"}, datetime(2026, 3, 13, tzinfo=UTC)),
        ({}, None),
    ],
)
def test_a_request_is_due_with_its_review_or_with_the_law_whichever_is_first(dates, due):
    (task,) = of(requests=[request(**dates)])
    assert task.due == due


@pytest.fixture
def desk(client):
    return Desk(client)


class Desk:
    """A read side of few cases, and what it answers at NOW."""

    def __init__(self, client):
        self.client, self.writer, self.answers = client, Writer(client, KEYS), Answers(client, KEYS)
        self.writer.begin(START, "t1")

    def write(self, case_id, version=1, value=b"", **parts):
        at = self.writer.position()
        value = snapshot(case_id, version, **parts) if value == b"" else value
        change = Change(value, None if value is None else read(value))
        self.writer.write(at, {case_id: change}, at | {0: at[0] + 1}, caught_up_at=datetime.now(UTC).timestamp())

    def line(self, kinds=KINDS, merchant=None, after=None, count=100, now=NOW):
        return self.answers.tasks(kinds, merchant, now.timestamp(), after=after, count=count)

    def ids(self, **how):
        return [task.subject_id for task in self.line(**how)]

    def counts(self, merchant=None):
        return self.answers.counts(merchant, NOW.timestamp())

    def names(self):
        return {name.decode().removeprefix(KEYS.prefix) for name in self.client.keys("*")}


@pytest.mark.redis
def test_the_first_to_be_due_stands_first_whatever_it_is_and_what_has_no_date_last(desk):
    desk.write("m/o1", requests=[request("late", review_due_at="2026-03-01T00:00:00Z"), request("undated")])
    desk.write("m/o2", disputes=[dispute("soon", respond_by="2026-03-11T00:00:00Z")])
    desk.write("n/o3", alerts=[alert("sooner", expires_at="2026-03-10T13:00:00Z")])
    desk.write("m/o4", requests=[request("older", asked_at="2026-02-01T00:00:00Z")])
    assert desk.ids() == ["late", "sooner", "soon", "older", "undated"]
    assert desk.ids(kinds=("dispute",)) == ["soon"]
    assert desk.ids(merchant="n") == ["sooner"]
    assert desk.counts().by_kind == {"refund_request": 3, "dispute": 1, "alert": 1}
    assert desk.counts("m").by_kind == {"refund_request": 3, "dispute": 1, "alert": 0}
    assert desk.counts().merchants == ["m", "n"]


@pytest.mark.redis
def test_an_alert_whose_time_is_over_is_not_told_and_an_overdue_review_is(desk):
    desk.write("m/o1", alerts=[alert("over", expires_at="2026-03-10T11:59:59Z"), alert("open")])
    desk.write("m/o2", requests=[request(review_due_at="2026-01-01T00:00:00Z")])
    assert desk.ids() == ["r1", "open"]
    assert desk.counts().by_kind == {"refund_request": 1, "dispute": 0, "alert": 1}


@pytest.mark.redis
def test_a_task_stands_in_line_once_however_often_its_case_is_told(desk):
    for version in (1, 2, 2, 3):
        desk.write("m/o1", version, requests=[request(revision=version)])
    assert desk.ids() == ["r1"]
    assert desk.counts().by_kind["refund_request"] == 1
    assert [task.revision for task in desk.line()] == [3]


@pytest.mark.redis
def test_what_is_decided_leaves_the_line_and_no_key_behind(desk):
    desk.write("m/o1", requests=[request()], disputes=[dispute()], alerts=[alert()])
    desk.write("m/o1", 2, requests=[request(status="approved")], disputes=[dispute()], alerts=[alert()])
    assert desk.ids() == ["d1", "a1"]
    desk.write("m/o1", 3)
    assert desk.ids() == []
    assert desk.counts().merchants == []
    assert not [name for name in desk.names() if name.startswith(("tasks", "waiting", "merchants"))]
    desk.write("m/o1", value=None)
    assert desk.names() == {"position"}


@pytest.mark.redis
def test_an_older_version_brings_nothing_back(desk):
    desk.write("m/o1", 2)
    desk.write("m/o1", 1, requests=[request()])
    assert desk.ids() == []


@pytest.mark.redis
@pytest.mark.parametrize("same", [True, False], ids=["all due at once", "each at its own time"])
def test_one_after_the_other_everything_is_met_exactly_once(desk, same):
    for number in range(30):
        due = f"2026-03-{11 if same else number + 1:02}T00:00:00Z"
        row = [request(f"r{number}", review_due_at=due)]
        desk.write(
            f"m/o{number}", requests=row, disputes=[dispute(f"d{number}", respond_by=due)] if number % 3 == 0 else []
        )
    met, after = [], None
    for _ in range(100):
        step = desk.line(after=after, count=1)
        if not step:
            break
        met.append(step[0].subject_id)
        after = place_of(step[0])
    assert met == desk.ids()
    assert sorted(met) == sorted([f"r{number}" for number in range(30)] + [f"d{number}" for number in range(0, 30, 3)])


@pytest.mark.redis
def test_more_tasks_at_the_same_time_than_one_answer_of_redis_holds_are_all_met(desk):
    rows = [request(f"r{number:04}", review_due_at="2026-03-11T00:00:00Z") for number in range(450)]
    desk.write("m/o1", requests=rows)
    last = desk.line(count=449)[-1]
    assert [task.subject_id for task in desk.line(after=place_of(last))] == ["r0449"]


@pytest.mark.redis
def test_behind_a_task_that_is_gone_the_line_goes_on_where_it_stood(desk):
    for number in range(3):
        desk.write(f"m/o{number}", requests=[request(f"r{number}", review_due_at=f"2026-03-1{number}T00:00:00Z")])
    middle = place_of(desk.line()[1])
    desk.write("m/o1", 2)
    assert desk.ids(after=middle) == ["r2"]


@pytest.mark.redis
def test_data_of_another_layout_is_none_and_is_made_anew(desk):
    desk.write("m/o1", requests=[request()])
    desk.client.hdel(KEYS.position, "layout")
    assert desk.writer.position() is None
    for ask in (desk.line, desk.counts, lambda: desk.answers.case("m/o1"), lambda: desk.answers.order("o1", None)):
        with pytest.raises(StaleError, match="not complete"):
            ask()
    desk.writer.begin(START, "t1")
    assert desk.names() == {"position"}


@pytest.mark.redis
def test_a_stale_read_side_tells_no_line(desk):
    desk.write("m/o1", requests=[request()])
    desk.client.hset(KEYS.position, CAUGHT_UP_AT, datetime.now(UTC).timestamp() - 31)
    for ask in (desk.line, desk.counts, lambda: desk.answers.case("m/o1")):
        with pytest.raises(StaleError, match="31 s ago"):
            ask()


@pytest.mark.redis
def test_whatever_was_told_on_the_way_the_line_is_what_the_last_snapshots_say(desk):
    draw = random.Random(7)
    last = {}
    for version in range(1, 200):
        case_id = f"{draw.choice('mn')}/o{draw.randrange(5)}"
        parts = {
            "requests": [request(f"r{n}", status=draw.choice(["held", "approved"])) for n in range(draw.randrange(4))],
            "disputes": [dispute(answer=draw.choice([None, "accept"]))] if draw.random() < 0.5 else [],
            "alerts": [alert(waiting=draw.random() < 0.5)] if draw.random() < 0.5 else [],
        }
        erased = draw.random() < 0.1
        desk.write(case_id, version, **({"value": None} if erased else parts))
        last[case_id] = {"requests": [], "disputes": [], "alerts": []} if erased else parts
    expected = sorted(
        (case_id, row.get("request_id") or row.get("dispute_id") or row.get("alert_id"))
        for case_id, parts in last.items()
        for row in [
            *(row for row in parts["requests"] if row["status"] == "held"),
            *(row for row in parts["disputes"] if row["answer"] is None),
            *(row for row in parts["alerts"] if row["waiting"]),
        ]
    )
    assert expected
    assert sorted((task.case_id, task.subject_id) for task in desk.line()) == expected
    for merchant in "mn":
        own = [case_id for case_id, _ in expected if case_id.startswith(merchant)]
        assert len(desk.line(merchant=merchant)) == len(own) == int(desk.client.zscore(KEYS.merchants, merchant) or 0)
