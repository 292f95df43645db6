"""What is sent, once, and only what its sender saw: forms, events, double clicks, stale pages, and a Kafka that is away."""

import json

import pytest
from aiohttp import FormData

from tests.console.world import CASE, disputed, held
from tests.domain.events import fulfilled, verdict


def test_a_verdict_is_an_event_with_its_actor_its_revision_and_its_note(world, visitor):
    held(world)
    visitor.sign_in("ann")
    answer = visitor.say(visitor.case(), "deny", note="  worn\r\nand torn ")
    (event,) = world.sent
    assert event["event_id"] == event["review_id"]
    assert event["event_id"].startswith("console-")
    assert {name: event[name] for name in ("type", "merchant_id", "order_id", "reviewer_id", "revision", "source")} == {
        "type": "review.resolved",
        "merchant_id": "m1",
        "order_id": "o1",
        "reviewer_id": "ann",
        "revision": 1,
        "source": "console",
    }
    assert event["note"] == "worn\nand torn"
    assert event["occurred_at"] == "2026-01-05T13:00:00Z"
    assert "amount" not in event
    assert answer.path.startswith("/case?")
    assert "Denied" in answer.text


@pytest.mark.parametrize(
    ("typed", "minor"),
    [("12.34", 1234), ("12,3", 1230), ("200", None), ("200.00", None), ("", None), (" 0.01 ", 1), ("199.99", 19999)],
)
def test_an_amount_is_what_was_typed_and_all_of_it_is_no_amount(world, visitor, typed, minor):
    held(world)
    visitor.sign_in("ann")
    visitor.say(visitor.case(), "approve", amount=typed)
    expected = None if minor is None else {"amount_minor": minor, "currency": "EUR"}
    assert [event.get("amount") for event in world.sent] == [expected]


@pytest.mark.parametrize("typed", ["0", "0.00", "200.01", "-1", "1e3", "12.345", "twelve", "1.234,56", "٣", "9" * 30])
def test_an_amount_that_cannot_be_approved_is_refused_before_it_is_sent(world, visitor, typed):
    held(world)
    visitor.sign_in("ann")
    answer = visitor.say(visitor.case(), "approve", amount=typed, note="kept as it was")
    assert (answer.status, world.sent) == (422, [])
    assert answer.verdict_forms()[0]["fields"]["note"] == "kept as it was"
    assert visitor.say(answer, "approve", amount="10").status == 200
    assert len(world.sent) == 1


@pytest.mark.parametrize("said", ["deny", "ask"])
@pytest.mark.parametrize("note", ["", "  \n "])
def test_a_customer_is_not_refused_or_asked_without_a_word_why(world, visitor, said, note):
    held(world)
    visitor.sign_in("ann")
    answer = visitor.say(visitor.case(), said, note=note)
    assert (answer.status, world.sent) == (422, [])
    assert "Say in the note why" in answer.text


def test_a_note_that_is_too_long_is_refused_and_kept(world, visitor):
    held(world)
    visitor.sign_in("ann")
    answer = visitor.say(visitor.case(), "deny", note="x" * 2001)
    assert (answer.status, world.sent) == (422, [])
    assert "at most 2000" in answer.text


def test_a_form_that_is_sent_twice_is_one_event(world, visitor):
    held(world)
    visitor.sign_in("ann")
    page = visitor.case()
    first, second = visitor.say(page, "approve", note="fine"), visitor.say(page, "approve", note="fine")
    assert (first.status, second.status, len(world.sent)) == (200, 200, 1)
    assert first.path == second.path


def test_a_form_that_is_sent_twice_to_a_console_that_forgot_is_the_same_event_for_the_worker(world, visitor):
    held(world)
    visitor.sign_in("ann")
    page = visitor.case()
    world.deciding = False
    visitor.say(page, "approve")
    world.shared.outbox.__init__(world.shared.ticks)
    world.pass_by(5)
    visitor.say(page, "approve")
    one, other = world.sent
    assert {**one, "occurred_at": ""} == {**other, "occurred_at": ""}
    assert one["occurred_at"] != other["occurred_at"]  # which is no part of an event's content


def test_a_form_that_is_changed_and_sent_again_is_another_event(world, visitor):
    held(world)
    visitor.sign_in("ann")
    page = visitor.case()
    world.deciding = False
    visitor.say(page, "approve")
    world.shared.outbox.__init__(world.shared.ticks)
    visitor.say(page, "deny", note="on second thoughts")
    one, other = world.sent
    assert one["event_id"] != other["event_id"]


def test_a_case_that_has_changed_since_it_was_looked_at_is_looked_at_again(world, visitor):
    held(world)
    visitor.sign_in("ann")
    page = visitor.case()
    world.tell(CASE, fulfilled())
    answer = visitor.say(page, "approve", amount="50.00", note="as seen")
    assert (answer.status, world.sent) == (409, [])
    assert "changed since you looked" in answer.text
    assert answer.verdict_forms()[0]["fields"]["note"] == "as seen"
    assert visitor.say(answer, "approve").status == 200
    assert len(world.sent) == 1


def test_who_comes_second_on_the_same_revision_is_told_and_sends_nothing(world, visitor):
    held(world)
    visitor.sign_in("bob")
    seen = visitor.case()
    other = visitor.another()
    other.sign_in("bea")
    other.say(other.case(), "approve")
    answer = visitor.say(seen, "approve")
    assert answer.status == 409
    assert [event["reviewer_id"] for event in world.sent] == ["bea"]
    assert visitor.say(answer, "approve").status == 200
    assert world.row("requests")["status"] == "approved"


def test_a_version_that_was_tampered_with_still_names_the_revision_that_was_seen(world, visitor):
    held(world)
    visitor.sign_in("bob")
    page = visitor.case()
    world.tell(CASE, verdict("approve", "ann"))
    now = visitor.case().verdict_forms()[0]["fields"]
    answer = visitor.say(page, "approve", version=now["version"])
    assert (answer.status, world.sent) == (409, [])


def test_until_the_worker_answers_the_case_says_what_is_on_its_way_and_offers_nothing(world, visitor):
    held(world)
    visitor.sign_in("ann")
    world.deciding = False
    answer = visitor.say(visitor.case(), "approve")
    assert "Waiting for the worker" in answer.text
    assert 'http-equiv="refresh"' in answer.text
    assert answer.offered() == []
    other = visitor.another()
    other.sign_in("bob")
    assert other.case().offered() == []


def test_another_event_of_the_case_is_no_answer(world, visitor):
    held(world)
    visitor.sign_in("ann")
    world.deciding = False
    visitor.say(visitor.case(), "approve")
    world.tell(CASE, fulfilled())
    assert "Waiting for the worker" in visitor.case().text


def test_an_answer_that_does_not_come_is_told_and_it_can_be_decided_again(world, visitor):
    held(world)
    visitor.sign_in("ann")
    world.deciding = False
    visitor.say(visitor.case(), "approve")
    world.pass_by(61)
    page = visitor.case()
    assert "has not been answered" in page.text
    assert "http-equiv" not in page.text
    world.deciding = True
    visitor.say(page, "approve")
    assert world.row("requests")["waiting_for"] == "second_review"
    assert "has not been answered" not in visitor.case().text


def test_where_kafka_does_not_take_it_the_same_event_can_be_sent_again(world, visitor):
    held(world)
    visitor.sign_in("ann")
    world.refusing = "_MSG_TIMED_OUT"
    page = visitor.case()
    answer = visitor.say(page, "approve", amount="20.00", note="once")
    assert (answer.status, world.sent) == (503, [])
    assert "_MSG_TIMED_OUT" in answer.text
    kept = answer.verdict_forms()[0]["fields"]
    assert (kept["form"], kept["note"], kept["amount"]) == (page.verdict_forms()[0]["fields"]["form"], "once", "20.00")
    world.refusing = ""
    assert visitor.say(answer, "approve").status == 200
    assert len(world.sent) == 1


def test_a_stale_read_side_sends_nothing(world, visitor):
    held(world)
    visitor.sign_in("ann")
    page = visitor.case()
    world.read_side.away = "It may be old: it was last up to date 40 s ago."
    answer = visitor.say(page, "approve")
    assert (answer.status, world.sent) == (503, [])
    assert "last up to date 40 s ago" in answer.text


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"case": "m1/other"}, 404),
        ({"subject": "r2"}, 404),
        ({"kind": "dispute"}, 404),
        ({"kind": "payment"}, 404),
        ({"verdict": "contest"}, 403),
        ({"verdict": "refund"}, 403),
        ({"verdict": ""}, 403),
        ({"form": ""}, 400),
        ({"form": "short"}, 400),
        ({"form": "x" * 65}, 400),
        ({"form": "../../../../../etc/passwd"}, 400),
        ({"revision": "2"}, 409),
        ({"revision": ""}, 409),
        ({"version": "999"}, 409),
        ({"note": "n" * 70_000}, 413),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_form_that_no_page_of_ours_has_is_refused(world, visitor, fields, status):
    held(world)
    visitor.sign_in("ann")
    form = visitor.case().verdict_forms()[0]
    answer = visitor.post(form["action"], form["fields"] | {"verdict": "approve"} | fields)
    assert (answer.status, world.sent) == (status, [])


def test_a_file_in_the_place_of_a_text_is_refused(world, visitor):
    held(world)
    visitor.sign_in("ann")
    fields = visitor.case().verdict_forms()[0]["fields"] | {"verdict": "approve"}
    form = FormData()
    for name, value in fields.items():
        if name == "note":
            form.add_field(name, b"a file", filename="note.txt")
        else:
            form.add_field(name, value)
    answer = visitor.post("/review", form)
    assert (answer.status, world.sent) == (400, [])


def test_what_is_decided_already_takes_no_verdict(world, visitor):
    disputed(world)
    visitor.sign_in("ann")
    page = visitor.case()
    visitor.say(page, "contest")
    fields = page.verdict_forms()[0]["fields"]
    after = json.loads(world.read_side.snapshots[CASE])
    again = fields | {"verdict": "accept", "version": str(after["version"]), "form": "y" * 32}
    answer = visitor.post("/review", again)
    assert (answer.status, len(world.sent)) == (403, 1)
    assert "does not wait for a person" in answer.text


def test_figures_count_what_was_sent_and_what_was_not_taken_and_name_nobody(world, visitor):
    held(world)
    visitor.sign_in("ann")
    world.refusing = "gone"
    page = visitor.say(visitor.case(), "approve")
    world.refusing = ""
    visitor.say(page, "approve")
    text = world.shared.metrics.text().decode()
    for result in ("sent", "not_taken"):
        labels = f'kind="refund_request",result="{result}",verdict="approve"'
        assert f"refundry_console_reviews_total{{{labels}}} 1.0" in text
    assert "ann" not in text
    assert "o1" not in text


def test_a_verdict_that_the_worker_refused_is_told_with_its_reason_and_can_be_given_again(world, visitor):
    held(world)
    visitor.sign_in("ann")
    world.deciding = False
    visitor.say(visitor.case(), "approve")
    world.shared.outbox.refuse(world.sent[0]["event_id"], "revision: expected the newest <one>; look at it again")
    page = visitor.case()
    assert "revision: expected the newest &lt;one&gt;; look at it again" in page.text
    assert "http-equiv" not in page.text
    world.deciding = True
    visitor.say(page, "approve")
    assert world.row("requests")["waiting_for"] == "second_review"
    assert "refused" not in visitor.case().text
