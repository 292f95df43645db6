"""Disputes, how they ended and what is due, reckoned by hand."""

from datetime import UTC, datetime

import pytest

from app.reports.disputes import DisputeReport, share
from app.reports.said import Period
from tests.reports.telling import Told, dispute, money

AT = datetime(2026, 3, 20, 12, tzinfo=UTC)
END = "2026-03-18T00:00:00Z"


def advice(probability: str, action: str = "contest") -> dict[str, object]:
    return {"action": action, "expected_value_minor": 0, "win_probability": probability, "terms": []}


def desk(period: Period | None = None, at: datetime | None = AT) -> Told:
    told = Told(DisputeReport(period or Period(), at))
    moved = {"withdrawn_minor": 10000}
    told.snapshot(
        "o1",
        [],
        [
            dispute("won", "won", 10000, **moved, reinstated_minor=10000, recommendation=advice("0.55")),
            dispute(
                "lost", "lost", 10000, **moved, recommendation=advice("0.333"), fees=[money(1500), money(300, "USD")]
            ),
            dispute("part", "won", 4000, withdrawn_minor=4000, reinstated_minor=1000),
        ],
        END,
    )
    told.closed("won", "won", 10000, END)
    told.closed("lost", "lost", 0, END)
    told.closed("part", "won", 4000, "2026-03-10T00:00:00Z")
    told.closed("part", "won", 1000, END)
    told.snapshot(
        "o2",
        [],
        [
            dispute("given", "accepted", 500, withdrawn_minor=500),
            dispute("late", "open", 700, respond_by="2026-03-20T11:30:00Z", recommendation=advice("0.2", "accept")),
            dispute("soon", "open", 800, respond_by="2026-03-22T13:00:00Z", network="amex", category=None),
            dispute("answered", "evidence_submitted", 900, respond_by="2026-03-21T00:00:00Z"),
            dispute("early", "open", 100, respond_by="2026-03-21T00:00:00Z", opened_at="2026-02-01T00:00:00Z"),
        ],
        END,
    )
    return told


def test_disputes_by_place_with_their_money():
    rows = desk().report.document()["disputes"]
    names = ("network", "category", "state", "disputes", "amount_minor", "withdrawn_minor", "reinstated_minor")
    assert [tuple(one[name] for name in names) for one in rows] == [
        ("amex", None, "open", 1, 800, 0, 0),
        ("visa", "fraudulent", "accepted", 1, 500, 500, 0),
        ("visa", "fraudulent", "evidence_submitted", 1, 900, 0, 0),
        ("visa", "fraudulent", "lost", 1, 10000, 10000, 0),
        ("visa", "fraudulent", "open", 2, 800, 0, 0),
        ("visa", "fraudulent", "won", 2, 14000, 14000, 11000),
    ]


def test_how_they_ended_against_what_was_expected():
    """Expected of the two with advice: 0.55 and 0.333 of 100.00, that is 55.00 + 33.30; 100.00 came back of them."""
    (row,) = desk().report.document()["results"]
    assert row == {
        "merchant_id": "m",
        "network": "visa",
        "category": "fraudulent",
        "currency": "EUR",
        "won": 2,
        "lost": 1,
        "withdrawn": 0,
        "accepted": 1,
        "expired": 0,
        "win_rate": "0.67",
        "disputed_minor": 24500,
        "recovered_minor": 11000,
        "lost_minor": 13500,
        "expected_minor": 8830,
        "came_back_of_expected_minor": 10000,
    }


def test_what_must_be_answered_the_most_urgent_first():
    due = desk().report.document()["deadlines"]
    assert [(one["dispute_id"], one["overdue"], one["hours_left"], one["advice"]) for one in due] == [
        ("late", True, -1, "accept"),
        ("early", False, 12, None),
        ("soon", False, 49, None),
    ]


def test_what_is_due_now_is_not_overdue_yet():
    due = desk(at=datetime(2026, 3, 20, 11, 30, tzinfo=UTC)).report.document()["deadlines"]
    assert (due[0]["dispute_id"], due[0]["overdue"], due[0]["hours_left"]) == ("late", False, 0)


def test_without_a_time_the_newest_change_is_now():
    document = desk(at=None).report.document()
    assert document["as_of"] == datetime(2026, 3, 18, tzinfo=UTC)
    assert [one["overdue"] for one in document["deadlines"]] == [False, False, False]


def test_fees_stay_in_their_currency():
    assert [(one["currency"], one["fees_minor"]) for one in desk().report.document()["fees"]] == [
        ("EUR", 1500),
        ("USD", 300),
    ]


def test_a_dispute_belongs_to_the_period_in_which_it_was_opened():
    march = desk(Period(start=datetime(2026, 3, 1, tzinfo=UTC))).report.document()
    assert sum(one["disputes"] for one in march["disputes"]) == 7
    assert sum(one["disputes"] for one in desk(Period(merchant_id="mm")).report.document()["disputes"]) == 0


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 0, None), (0, 3, "0.00"), (1, 3, "0.33"), (2, 3, "0.67"), (1, 8, "0.13"), (3, 3, "1.00"), (1, 200, "0.01")],
)
def test_a_share_is_told_half_up(part, whole, text):
    assert share(part, whole) == text


def test_where_the_alert_of_its_end_is_gone_what_was_reinstated_came_back():
    """60.00 of 100.00, so 40.00 is lost."""
    told = Told(DisputeReport(Period(), AT))
    told.snapshot("o1", [], [dispute("d1", "won", 10000, withdrawn_minor=10000, reinstated_minor=6000)], END)
    (row,) = told.report.document()["results"]
    assert (row["recovered_minor"], row["lost_minor"]) == (6000, 4000)


def test_more_than_was_disputed_that_came_back_of_one_makes_no_other_loss_smaller():
    told = Told(DisputeReport(Period(), AT))
    told.snapshot("o1", [], [dispute("d1", "won", 10000), dispute("d2", "lost", 5000)], END)
    told.closed("d1", "won", 12000, END)
    told.closed("d2", "lost", 0, END)
    (row,) = told.report.document()["results"]
    assert (row["disputed_minor"], row["recovered_minor"], row["lost_minor"]) == (15000, 12000, 5000)


def test_of_two_ends_of_one_moment_the_one_that_was_told_last_counts():
    told = Told(DisputeReport(Period(), AT))
    told.snapshot("o1", [], [dispute("d1", "won", 10000)], END)
    for recovered in (10000, 4000):
        told.closed("d1", "won", recovered, END)
    assert told.report.document()["results"][0]["recovered_minor"] == 4000


def test_the_fifty_most_urgent_are_told():
    told = Told(DisputeReport(Period(), AT))
    due = [f"2026-04-01T00:{minute:02}:00Z" for minute in range(51)]
    told.snapshot("o1", [], [dispute(f"d{at}", "open", 100, respond_by=at) for at in reversed(due)], END)
    assert [one["dispute_id"] for one in told.report.document()["deadlines"]] == [f"d{at}" for at in due[:50]]
