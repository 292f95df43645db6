"""What the pages show: the queue in order and once, a case whole and in words, and nothing that a browser would execute."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from app.console import reading, wording
from app.console.ports import Filter, Hit
from app.console.wording import deadline, span
from tests.console.world import BEGINNINGS, CASE, NOW, PAID, alerted, disputed, held
from tests.domain.events import asked, dispute, refund, verdict

CANARY = "\"><script>alert(1)</script><img src=x onerror=alert(2)>'{{ 7777*7777 }}"
KEPT = {"type", "status", "state", "currency", "kind", "locale", "at", "placed_at", "captured_at", "occurred_at"}
KEPT |= {
    "alerted_at",
    "expires_at",
    "respond_by",
    "opened_at",
    "asked_at",
    "review_due_at",
    "pay_by",
    "wait_until",
    "due_at",
}
KEPT |= {"merchant_id", "waiting_for", "win_probability", "as_of", "case_id"}


def several(world):
    """Requests, disputes and alerts of three orders of two merchants."""
    held(world, "m1/o1")
    disputed(world, "m1/o2")
    alerted(world, "m2/o3")
    world.tell("m1/o4", *PAID)


# --- the queue


def test_the_queue_shows_each_thing_once_and_the_first_to_be_due_first(world, visitor):
    several(world)
    visitor.sign_in("ann")
    page = visitor.get("/")
    found = [re.search(r"subject=(\w+)%3A(\w+)", row).groups() for row in page.rows()]
    assert found == [("alert", "a1"), ("refund_request", "r1"), ("dispute", "d1")]  # 8 January, 19 January, 21 January
    assert "no date" not in page.text


@pytest.mark.parametrize(
    ("query", "orders"),
    [
        ("kind=dispute", ["o2"]),
        ("kind=refund_request", ["o1"]),
        ("merchant=m2", ["o3"]),
        ("merchant=m1", ["o1", "o2"]),
        ("merchant=m1&kind=alert", []),
        ("merchant=nobody", []),
        ("kind=nonsense", ["o3", "o1", "o2"]),
    ],
)
def test_the_queue_is_filtered_by_kind_and_merchant(world, visitor, query, orders):
    several(world)
    visitor.sign_in("ann")
    page = visitor.get(f"/?{query}")
    assert [re.search(r"id=m\d%2F(o\d)", row)[1] for row in page.rows()] == orders
    assert ("Nothing waits here." in page.text) == (not orders)


def test_counts_are_told_for_pages_that_stay_open(world, visitor):
    several(world)
    visitor.sign_in("vic")
    assert json.loads(visitor.get("/counts").text) == {"refund_request": 1, "dispute": 1, "alert": 1, "all": 3}
    assert json.loads(visitor.get("/counts?merchant=m2").text)["all"] == 1


def test_next_goes_through_every_case_once_and_then_says_that_it_was_the_last(world, visitor):
    for number in range(5):
        held(world, f"m1/o{number}")
    world.tell("m1/o2", asked("r2", reason="goodwill"))  # two things of one case
    visitor.sign_in("ann")
    page, met = visitor.get(visitor.get("/").link("n")), []
    for _ in range(10):
        if page.path.startswith("/?"):
            break
        met.append(re.search(r"id=m1(?:/|%2F)(o\d)", page.path)[1])
        page = visitor.get(page.link("n"))
    assert len(met) == len(set(met)) == 5
    assert "That was the last one in line" in page.text


def test_next_passes_over_what_was_just_sent_and_the_queue_marks_it(world, visitor):
    for number in range(3):
        held(world, f"m1/o{number}")
    visitor.sign_in("ann")
    rows = visitor.get("/").rows()
    world.deciding = False
    visitor.say(visitor.get(rows[1]), "approve")
    queue = visitor.get("/")
    assert queue.text.count('<span class="tag">sent</span>') == 1
    assert visitor.get(visitor.get(rows[0]).link("n")).path.split("&")[0] == rows[2].replace("%2F", "/").split("&")[0]


def test_next_passes_over_what_is_for_an_approver_where_its_reader_is_none(world, visitor):
    for number in range(3):
        held(world, f"m1/o{number}")
    world.tell("m1/o1", verdict("approve", "art"))
    assert len(world.read_side.line(Filter(), None, 9)) == 3
    for name, met in (("ann", ["o0", "o2"]), ("bob", ["o0", "o2", "o1"])):
        other = visitor.another()
        other.sign_in(name)
        assert "second person" in other.get("/").text
        page, seen = other.get("/next"), []
        while not page.path.startswith("/?"):
            seen.append(re.search(r"id=m1(?:/|%2F)(o\d)", page.path)[1])
            assert len(seen) < 9
            page = other.get(page.link("n"))
        assert seen == met


def test_next_looks_as_far_as_the_line_goes(world, visitor, monkeypatch):
    monkeypatch.setattr(reading, "PAGE", 2)
    for number in range(7):
        held(world, f"m1/o{number}")
    for number in range(5):
        world.tell(f"m1/o{number}", verdict("approve", "art"))
        world.stories[f"m1/o{number}"].case.requests["r1"].wait_until = NOW  # all that is for others stands in front
        world.look(f"m1/o{number}")
    visitor.sign_in("ann")
    assert "o5" in visitor.get("/next").path


def test_next_keeps_to_the_filter(world, visitor):
    several(world)
    visitor.sign_in("ann")
    page = visitor.get(visitor.get("/?kind=dispute").link("n"))
    assert "d1" in page.text
    assert visitor.get(page.link("n")).path.startswith("/?kind=dispute")


def test_a_long_queue_is_told_in_parts_and_none_of_it_twice(world, visitor):
    template = json.loads(held_snapshot(world))
    for number in range(120):
        row = template["requests"][0] | {"review_due_at": f"2026-02-01T00:{number % 60:02}:00Z"}
        world.read_side.write(
            f"m1/x{number}", template | {"case_id": f"m1/x{number}", "order_id": f"x{number}", "requests": [row]}
        )
    del world.read_side.snapshots[CASE]
    visitor.sign_in("ann")
    page, met = visitor.get("/"), []
    for _ in range(5):
        met += [re.search(r"id=m1%2F(x\d+)", row)[1] for row in page.rows()]
        further = re.search(r'<a href="([^"]+)">Further down', page.text)
        if not further:
            break
        page = visitor.get(further[1].replace("&amp;", "&"))
    assert len(met) == len(set(met)) == 120


def held_snapshot(world):
    held(world)
    return world.read_side.snapshots[CASE]


# --- a case


def test_a_case_says_what_was_asked_why_it_waits_and_until_when(world, visitor):
    held(world, reason="damaged")
    visitor.sign_in("ann")
    text = visitor.case().text
    for words in (
        "200.00 EUR",
        "The amount is above the limit for automatic approval.",
        "The amount needs a second reviewer",
        "Held for a review",
        "the whole order",
        "Damaged",
        "Mug",
        "review due in 13 days 23 hours",
        "Refund requested",
    ):
        assert words in text, words


def test_what_the_law_wants_paid_before_the_review_is_overdue_is_due_then_on_the_page_and_in_the_queue(world, visitor):
    document = json.loads(held_snapshot(world))
    document["requests"][0]["pay_by"] = "2026-01-08"  # the review is overdue on the 19th
    world.read_side.write(CASE, document)
    visitor.sign_in("ann")
    assert "review due in 2 days 11 hours" in visitor.case().text
    assert "in 2 days 11 hours" in visitor.get("/").text


def test_a_dispute_shows_its_advice_with_the_arithmetic_and_what_evidence_there_is(world, visitor):
    disputed(world)
    visitor.sign_in("ann")
    text = visitor.case().text
    row = world.row("disputes")
    # 0.20 for fraud, less 0.20 as nothing proves anything, is no chance: what is left are two times 15.00 of costs
    assert row["evidence"]["have"] == []
    for words in (
        "Advice: <b>Accept</b>",
        "contesting is worth -30.00 EUR",
        "Cost of handling",
        "-15.00 EUR",
        "The cardholder says it was fraud.",
    ):
        assert words in text, words
    for item in row["evidence"]["missing"]:
        assert item not in text  # in words, and not by its code
    assert text.count('<li class="missing">') == len(row["evidence"]["missing"]) > 0


@pytest.mark.parametrize("status", ["submitted", "succeeded"])
def test_a_refund_beside_a_dispute_is_the_first_thing_to_be_seen(world, visitor, status):
    world.tell(CASE, *PAID, refund(status, "20.00", refund_id="x1"), dispute("opened", "50.00", category="general"))
    visitor.sign_in("ann")
    assert f"20.00 EUR {status}" in visitor.case().text


def test_it_is_said_where_less_is_left_than_when_a_request_was_held(world, visitor):
    held(world)
    visitor.sign_in("ann")
    assert "less is left" not in visitor.case().text
    world.tell(CASE, refund("succeeded", "150.00", refund_id="x1"))
    assert "Since it was held less is left: 50.00 EUR." in visitor.case().text


def test_the_money_of_several_currencies_is_added_up_by_currency(world, visitor):
    document = json.loads(held_snapshot(world))
    one = document["payments"][0]
    others = (("p2", "JPY", 500), ("p3", "EUR", 5000))
    more = [one | {"payment_id": name, "currency": money, "captured_minor": minor} for name, money, minor in others]
    world.read_side.write(CASE, document | {"payments": [one, *more]})
    visitor.sign_in("ann")
    assert "250.00 EUR + 500 JPY" in visitor.case().text


@pytest.mark.parametrize("kind", BEGINNINGS)
def test_a_snapshot_of_a_version_before_is_shown_and_what_may_wait_can_be_decided(world, visitor, kind):
    BEGINNINGS[kind](world)
    document = json.loads(world.read_side.snapshots[CASE])
    before = {"request_id", "status", "revision", "requested", "amount", "reasons", "wait_until"}
    document["requests"] = [{k: v for k, v in one.items() if k in before} for one in document["requests"]]
    for one in document["disputes"]:
        for name in ("revision", "answer", "flags"):
            del one[name]
    del document["alerts"]
    world.read_side.write(CASE, document)
    visitor.sign_in("bob")
    page = visitor.case()
    assert page.status == 200
    assert bool(page.offered()) == (kind != "alert")


def test_a_case_of_which_only_the_number_is_known_is_shown(world, visitor):
    world.tell("m1/o9", asked())
    visitor.sign_in("ann")
    page = visitor.case("m1/o9")
    assert page.status == 200
    assert "the order is not known yet" in page.text


# --- search


@pytest.mark.parametrize("number", ["o2", "d1", "p1"])
def test_a_case_is_found_by_any_of_its_numbers(world, visitor, number):
    several(world)
    visitor.sign_in("ann")
    page = visitor.get(f"/search?q=+{number}+")
    assert any("m1%2Fo2" in row for row in page.rows())


def test_what_is_not_found_is_said_with_the_way_to_be_sure(world, visitor):
    visitor.sign_in("ann")
    page = visitor.get("/search?q=nothing")
    assert "No case has the number" in page.text
    assert "refundry find ID" in page.text
    assert "Type any number" in visitor.get("/search").text


@pytest.mark.parametrize("path", ["/", "/case?id=m1/o1", "/search?q=o1", "/next", "/counts"])
def test_a_stale_read_side_is_said_and_nothing_of_it_is_shown(world, visitor, path):
    held(world)
    visitor.sign_in("ann")
    world.read_side.away = "It may be old: it was last up to date 31 s ago."
    page = visitor.get(path)
    assert page.status == 503
    assert "31 s ago" in page.text
    assert "r1" not in page.text


# --- nothing is executed


def planted(value: Any, key: str = "") -> Any:
    """The same document with the canary in every string that an outside can choose."""
    if isinstance(value, dict):
        return {name: planted(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [planted(inner, key) for inner in value]
    return CANARY if isinstance(value, str) and key not in KEPT else value


def whole(world) -> dict[str, Any]:
    """A case with something in every part of it."""
    parts = [json.loads(world.read_side.snapshots[CASE]) for begin in BEGINNINGS.values() if begin(world)]
    document = parts[-1]
    document["flags"] = ["a_flag"]
    document["order"]["shipping"] = [{"shipping_id": "s", "gross_minor": 1, "refunded_minor": 1}]
    document["instructions"] = [
        {
            "instruction_id": "i",
            "status": "submitted",
            "payment_id": "p",
            "amount": document["alerts"][0]["amount"],
            "refund_id": "r",
            "acquirer_reference_number": "a",
        }
    ]
    document["requests"][0]["verdicts"] = [{"review_id": "v", "verdict": "approve", "reviewer_id": "x", "amount": None}]
    document["requests"][0]["requester_id"] = "q"
    document["timeline"] = [{"at": "2026-01-05T12:00:00Z", "type": "refund.held", "subject": "s", "note": "n, m"}]
    document["disputes"][0]["compelling_evidence"] = {
        "status": "needs_more",
        "prior_payment_ids": ["p"],
        "matches": ["ip"],
        "missing": ["x"],
    }
    return document


def test_whatever_an_outside_writes_into_a_case_is_text_and_no_markup(world, visitor):
    document = planted(whole(world))
    assert json.dumps(document).count("<script>") > 40
    world.read_side.write(CASE, document)
    world.read_side.find = lambda number: [_hit(number)]
    visitor.sign_in("bob")
    seen = 0
    for path in (
        "/",
        f"/case?id={CASE}&subject={quote('refund_request:' + CANARY)}",
        f"/search?q={quote(CANARY)}",
        f"/?merchant={quote(CANARY)}&kind=dispute",
        f"/login?next=/{quote(CANARY)}",
    ):
        page = visitor.get(path)
        assert page.status == 200
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        assert "onerror=alert(2)>" not in page.text.replace("onerror=alert(2)&gt;", "")
        assert "60481729" not in page.text
        seen += page.text.count("&lt;script&gt;")
    assert seen > 40


def _hit(number):
    return Hit(number, number, number, number, number)


def test_what_was_typed_comes_back_as_text(world, visitor):
    held(world)
    visitor.sign_in("ann")
    answer = visitor.say(visitor.case(), "approve", amount=CANARY[:18], note=CANARY)
    assert answer.status == 422
    assert "<script>alert" not in answer.text
    assert answer.verdict_forms()[0]["fields"]["note"] == CANARY
    wrong = visitor.another().sign_in(CANARY, CANARY, next="/" + CANARY)
    assert "<script>alert" not in wrong.text


# --- words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute"),
        (59, "less than a minute"),
        (60, "1 minute"),
        (3_599, "59 minutes"),
        (3_600, "1 hour"),
        (3_660, "1 hour 1 minute"),
        (86_400, "1 day"),
        (86_400 + 120, "1 day"),
        (2 * 86_400 + 4 * 3_600 + 59, "2 days 4 hours"),
        (400 * 86_400, "400 days"),
    ],
)
def test_a_length_of_time_is_told_by_its_two_largest_units(seconds, words):
    assert span(seconds) == words
    assert deadline(NOW + timedelta(seconds=seconds), NOW) == f"in {words}"
    if seconds:
        assert deadline(NOW - timedelta(seconds=seconds), NOW) == f"{words} overdue"


@pytest.mark.parametrize(
    ("due", "mark"),
    [
        (None, "none"),
        (NOW - timedelta(seconds=1), "over"),
        (NOW + timedelta(hours=23), "soon"),
        (NOW.replace(month=2), "later"),
    ],
)
def test_a_deadline_is_marked_by_how_near_it_is(due, mark):
    assert wording.urgency(due, NOW) == mark


def test_a_time_is_written_out():
    assert wording.date_and_time(datetime(2026, 3, 2, 8, 5, tzinfo=UTC)) == "2 March 2026, 08:05 UTC"
