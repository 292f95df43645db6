"""Who may say what: every role on every kind of subject, by what the page offers and by what is taken all the same."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.console.world import BEGINNINGS, CASE, PARTS, SUBJECTS, alerted, held
from tests.domain.events import captured, dispute, verdict
from topics.reviews import VERDICTS

KINDS = tuple(BEGINNINGS)


def forged(page_of_another, **fields):
    """The form that somebody with more rights would see, in one's own session."""
    return page_of_another.verdict_forms()[0]["fields"] | fields


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "may"), [("vic", False), ("ann", True), ("bob", True)], ids=["viewer", "analyst", "approver"]
)
def test_every_role_reads_and_only_those_above_the_viewer_decide(world, visitor, kind, name, may):
    BEGINNINGS[kind](world)
    visitor.sign_in(name)
    page = visitor.case()
    assert SUBJECTS[kind] in page.text
    assert page.offered() == (list(VERDICTS[kind]) if may else [])
    assert ("you can read everything and decide nothing" in page.text) != may


@pytest.mark.parametrize(
    ("kind", "said"), [(kind, said) for kind, verdicts in VERDICTS.items() for said in verdicts], ids=str
)
def test_a_viewer_who_sends_what_the_page_does_not_offer_is_refused(world, visitor, kind, said):
    BEGINNINGS[kind](world)
    visitor.sign_in("ann")
    seen = visitor.case()
    visitor.sign_in("vic")
    mine = visitor.case()
    csrf = mine.forms[0]["fields"].get("csrf") or mine.forms[1]["fields"]["csrf"]
    answer = visitor.post("/review", forged(seen, csrf=csrf, verdict=said, note="so"))
    assert (answer.status, world.sent) == (403, [])
    assert "Nothing was sent" in answer.text


@pytest.mark.parametrize(
    ("kind", "said", "then"),
    [
        ("refund_request", "approve", {"waiting_for": "second_review"}),
        ("refund_request", "deny", {"status": "denied"}),
        ("refund_request", "ask", {"reasons": ["information_needed", "over_auto_limit", "needs_second_reviewer"]}),
        ("dispute", "contest", {"answer": "contest"}),
        ("dispute", "accept", {"answer": "accept"}),
        ("alert", "refund", {"verdict": "refund", "waiting": False}),
        ("alert", "ignore", {"verdict": "ignore", "waiting": False}),
    ],
)
def test_what_an_analyst_says_is_what_the_worker_does(world, visitor, kind, said, then):
    BEGINNINGS[kind](world)
    visitor.sign_in("ann")
    visitor.say(visitor.case(), said, note="seen")
    (event,) = world.sent
    assert (event["reviewer_id"], event["verdict"], event["subject"]) == (
        "ann",
        said,
        {"kind": kind, "id": SUBJECTS[kind]},
    )
    row = world.row(PARTS[kind])
    assert {name: row[name] for name in then} == then


@pytest.mark.parametrize(
    ("name", "offers"),
    [("art", []), ("ann", []), ("bob", ["approve", "deny", "ask"]), ("vic", [])],
    ids=["another analyst", "the first reviewer", "an approver", "a viewer"],
)
def test_after_the_first_approval_an_approver_decides(world, visitor, name, offers):
    held(world)
    world.tell(CASE, verdict("approve", "ann"))
    visitor.sign_in(name)
    page = visitor.case()
    assert page.offered() == offers
    assert "Approved by" in page.text
    if offers:
        visitor.say(page, "approve")
        assert world.row("requests")["status"] == "approved"


def test_an_approver_who_approved_already_is_not_the_second_person(world, visitor):
    held(world)
    world.tell(CASE, verdict("approve", "bob"))
    visitor.sign_in("bob")
    page = visitor.case()
    assert page.offered() == ["deny", "ask"]
    assert "must be another person" in page.text
    answer = visitor.say(page, "approve")
    assert (answer.status, world.sent) == (403, [])


def test_who_asked_for_a_refund_does_not_approve_it(world, visitor):
    held(world, by="support", requester_id="ann")
    visitor.sign_in("ann")
    page = visitor.case()
    assert page.offered() == ["deny", "ask"]
    assert "You asked for this refund yourself" in page.text


@pytest.mark.parametrize(("changed", "offers"), [({"ann": "viewer"}, []), ({"ann": None}, None)])
def test_a_role_that_is_taken_away_is_gone_with_the_next_page(world, visitor, changed, offers):
    held(world)
    visitor.sign_in("ann")
    before = visitor.case()
    assert before.offered()
    lines = world.users.read_text().splitlines(keepends=True)
    role = changed["ann"]
    kept = [line for line in lines if '"ann"' not in line]
    world.users.write_text("".join([*kept, *(x.replace("analyst", role) for x in lines if role and '"ann"' in x)]))
    after = visitor.case()
    if offers is None:
        assert "Sign in" in after.text
    else:
        assert after.offered() == offers
    assert visitor.say(before, "approve").status in (401, 403)
    assert not world.sent


def test_whose_case_has_no_order_is_shown_and_answered_elsewhere(world, visitor):
    world.tell("m1/~p1", captured("200.00", network="visa"), dispute("opened", "50.00", category="fraudulent"))
    visitor.sign_in("bob")
    page = visitor.case("m1/~p1")
    assert "d1" in page.text
    assert page.offered() == []
    assert "Answer it at the provider" in page.text


@pytest.mark.parametrize("kind", ["dispute", "alert"])
def test_what_is_too_late_is_not_offered(world, visitor, kind):
    BEGINNINGS[kind](world)
    visitor.sign_in("bob")
    world.now = world.now.replace(month=6)
    page = visitor.case()
    assert page.offered() == []
    assert "Its time is over" in page.text


def test_an_alert_is_offered_to_the_last_moment_of_its_window(world, visitor):
    alerted(world)
    visitor.sign_in("bob")
    world.now = datetime(2026, 1, 8, 12, tzinfo=UTC)
    assert visitor.case().offered() == ["refund", "ignore"]
    world.now += timedelta(seconds=1)
    assert visitor.case().offered() == []
