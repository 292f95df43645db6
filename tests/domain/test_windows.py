"""Until when a line may come back, by category and anchor, inclusive to the second."""

import pytest

from app.domain.policy_terms import Window
from tests.domain.events import asked, captured, delivered, fulfilled, line, lines, of_orders, placed, units
from tests.domain.expecting import approved, denied
from tests.domain.stories import Story, policy

ANCHORED = (
    placed(line("l1", "100.00", category="electronics")).at("2026-01-01T10:00:00Z"),
    captured("100.00").at("2026-01-02T10:00:00Z"),
    fulfilled("s1", l1=1).at("2026-01-03T10:00:00Z"),
    delivered("s1").at("2026-01-05T10:00:00Z"),
)


def asked_at(moment: str, *before, anchor: str = "delivered", days: int = 30, by_category=None) -> Story:
    window = Window(days=days, from_=anchor, by_category=by_category or {})
    story = Story(policy(window=window)).given(*before)
    story.later(days=60)
    return story.when(asked(scope=lines(l1=1)).at(moment))


@pytest.mark.parametrize(
    ("anchor", "last"),
    [
        ("placed", "2026-01-31T10:00:0"),
        ("captured", "2026-02-01T10:00:0"),
        ("fulfilled", "2026-02-02T10:00:0"),
        ("delivered", "2026-02-04T10:00:0"),
    ],
)
def test_a_window_of_30_days_ends_30_times_24_hours_after_its_anchor_inclusive(anchor, last):
    asked_at(f"{last}0Z", *ANCHORED, anchor=anchor).then(approved("100.00"))
    asked_at(f"{last}1Z", *ANCHORED, anchor=anchor).then(denied("window_expired"))


@pytest.mark.parametrize(
    ("known", "last"),
    [(4, "2026-02-04T10:00:0"), (3, "2026-02-02T10:00:0"), (2, "2026-01-31T10:00:0")],
)
def test_an_unknown_delivery_counts_from_fulfilment_and_else_from_the_order(known, last):
    asked_at(f"{last}0Z", *ANCHORED[:known]).then(approved("100.00"))
    asked_at(f"{last}1Z", *ANCHORED[:known]).then(denied("window_expired"))


def test_a_category_may_have_a_window_of_its_own():
    own = {"electronics": 14}
    asked_at("2026-01-19T10:00:00Z", *ANCHORED, by_category=own).then(approved("100.00"))
    asked_at("2026-01-19T10:00:01Z", *ANCHORED, by_category=own).then(denied("window_expired"))
    asked_at("2026-01-31T10:00:00Z", *ANCHORED, by_category={"books": 14}).then(approved("100.00"))


def test_a_window_of_no_days_ends_at_its_anchor():
    asked_at("2026-01-05T10:00:00Z", *ANCHORED, days=0).then(approved("100.00"))
    asked_at("2026-01-05T10:00:01Z", *ANCHORED, days=0).then(denied("window_expired"))


def test_the_time_of_asking_counts_and_not_the_time_of_arrival():
    """A request that waited for its order is judged by when it was asked."""
    story = Story(policy())
    story.given(asked(scope=lines(l1=1)).at("2026-01-05T12:00:00Z")).later(days=2)
    story.given(*ANCHORED[:1]).when(*ANCHORED[1:]).then(approved("100.00"))


def test_a_line_in_two_shipments_counts_from_the_one_that_came_last():
    story = Story(policy()).given(
        placed(line("l1", "100.00", 2)).at("2025-12-01T10:00:00Z"),
        captured("100.00"),
        fulfilled("s1", l1=1).at("2025-12-02T10:00:00Z"),
        fulfilled("s2", l1=1).at("2025-12-02T10:00:00Z"),
        delivered("s1").at("2025-12-05T10:00:00Z"),
        delivered("s2").at("2025-12-20T10:00:00Z"),
    )
    story.later(days=10)
    story.when(asked(scope=lines(l1=2)).at("2026-01-15T10:00:00Z")).then(approved("100.00"))


def test_each_line_of_a_shipment_counts_from_its_own_delivery():
    """Only l1 of the shipment arrived on the 5th; l2 is known as sent on the 3rd."""
    story = Story(policy()).given(
        placed(line("l1", "60.00"), line("l2", "40.00")).at("2026-01-01T10:00:00Z"),
        captured("100.00"),
        fulfilled("s1", l1=1, l2=1).at("2026-01-03T10:00:00Z"),
        of_orders("order.delivered", shipment_id="s1", lines=units(l1=1)).at("2026-01-05T10:00:00Z"),
    )
    story.later(days=40)
    story.when(asked("r1", lines(l1=1)).at("2026-02-04T10:00:00Z")).then(approved("60.00"))
    story.when(asked("r2", lines(l2=1)).at("2026-02-02T10:00:01Z")).then(denied("window_expired"))


def test_an_offset_of_the_time_is_counted():
    asked_at("2026-02-04T12:00:00+02:00", *ANCHORED).then(approved("100.00"))
    asked_at("2026-02-04T12:00:01+02:00", *ANCHORED).then(denied("window_expired"))
