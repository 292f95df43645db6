"""Which share of a paid period is not used: by days, by months of thirty days, by seconds, as the line's zone counts."""

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.policy_terms import Proration
from app.domain.refunds.subscriptions import unused_share
from tests.domain.dated import moment

JANUARY = ("2026-01-01", "2026-02-01")
OCTOBER = ("2026-10-01", "2026-11-01")
BERLIN_MARCH = ("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z")  # an hour short of 31 days
BERLIN_OCTOBER = ("2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z")  # an hour more than 31 days
TEN_DAYS = ("2023-02-08", "2023-02-18")


def share(span, at, *, unit="day", day="unused", zone="UTC", trial_end=None):
    period = {"period_start": moment(span[0]), "period_end": moment(span[1]), "timezone": zone}
    if trial_end is not None:
        period["trial_end"] = moment(trial_end)
    terms = Proration(unit=unit, cancellation_day=day, on_cancellation="refund", setup_fee="keep")
    return unused_share(period, moment(at), terms)


@pytest.mark.parametrize(
    ("span", "at", "used", "unused"),
    [
        (JANUARY, "2026-01-25", (6, 31), (7, 31)),
        (JANUARY, "2026-01-23", (8, 31), (9, 31)),
        (("2026-04-27", "2026-05-27"), "2026-05-03", (23, 30), (24, 30)),
        (OCTOBER, "2026-10-15", (16, 31), (17, 31)),
        (OCTOBER, "2026-10-15T23:59:59Z", (16, 31), (17, 31)),
        (OCTOBER, "2026-10-31", (0, 31), (1, 31)),  # the last day
        (OCTOBER, "2026-10-31T23:59:59Z", (0, 31), (1, 31)),
        (OCTOBER, "2026-11-01", (0, 31), (0, 31)),  # half-open: over
        (OCTOBER, "2026-12-24", (0, 31), (0, 31)),
        (OCTOBER, "2026-10-01", (30, 31), (31, 31)),  # the first day
        (OCTOBER, "2026-09-30T23:59:59Z", (31, 31), (31, 31)),  # not begun
        (OCTOBER, "2025-01-01", (31, 31), (31, 31)),
        (("2024-02-01", "2024-03-01"), "2024-02-10", (19, 29), (20, 29)),  # a leap year
        (("2023-02-01", "2023-03-01"), "2023-02-10", (18, 28), (19, 28)),
        (("2024-01-01", "2025-01-01"), "2024-02-29", (306, 366), (307, 366)),
        (("2023-01-01", "2024-01-01"), "2023-02-28", (306, 365), (307, 365)),
        (("2000-02-01", "2000-03-01"), "2000-02-29", (0, 29), (1, 29)),
        (("2024-02-29", "2025-02-28"), "2024-12-31", (58, 365), (59, 365)),
        (("2026-10-01T12:00:00Z", "2026-11-01T12:00:00Z"), "2026-10-15T06:00:00Z", (16, 31), (17, 31)),
    ],
    ids=str,
)
def test_days_are_those_of_the_calendar_and_the_day_of_cancellation_is_used_or_not(span, at, used, unused):
    assert share(span, at, day="used") == Fraction(*used)
    assert share(span, at, day="unused") == Fraction(*unused)


@pytest.mark.parametrize(
    ("span", "at", "zone", "unused"),
    [
        (TEN_DAYS, "2023-02-08T12:00:00Z", "America/Los_Angeles", (9, 10)),  # its 8th, after the 7th
        (TEN_DAYS, "2023-02-08T12:00:00Z", "UTC", (10, 10)),
        (TEN_DAYS, "2023-02-08T07:59:59Z", "America/Los_Angeles", (10, 10)),  # still the 7th
        (TEN_DAYS, "2023-02-08T08:00:00Z", "America/Los_Angeles", (9, 10)),
        (("2025-12-31T18:30:00Z", "2026-01-31T18:30:00Z"), "2026-01-24T19:00:00Z", "Asia/Kolkata", (7, 31)),
        (("2025-12-31T18:30:00Z", "2026-01-31T18:30:00Z"), "2026-01-24T18:00:00Z", "Asia/Kolkata", (8, 31)),
        (BERLIN_MARCH, "2026-03-29T10:00:00Z", "Europe/Berlin", (3, 31)),  # the day of 23 hours
        (BERLIN_MARCH, "2026-03-28T23:30:00Z", "Europe/Berlin", (3, 31)),
        (BERLIN_MARCH, "2026-03-29T22:30:00Z", "Europe/Berlin", (2, 31)),  # half past midnight of the 30th
        (BERLIN_OCTOBER, "2026-10-25T00:30:00Z", "Europe/Berlin", (7, 31)),  # half past two, the first time
        (BERLIN_OCTOBER, "2026-10-25T01:30:00Z", "Europe/Berlin", (7, 31)),  # and the second time
        (BERLIN_OCTOBER, "2026-10-25T22:30:00Z", "Europe/Berlin", (7, 31)),  # the day of 25 hours
        (BERLIN_OCTOBER, "2026-10-25T23:00:00Z", "Europe/Berlin", (6, 31)),
    ],
    ids=str,
)
def test_the_line_s_time_zone_says_which_day_it_is(span, at, zone, unused):
    assert share(span, at, zone=zone) == Fraction(*unused)
    assert share(span, at, zone=zone, day="used") == Fraction(unused[0] - 1, unused[1])


@pytest.mark.parametrize(
    ("span", "at", "used", "unused"),
    [
        (("2026-04-23", "2026-05-23"), "2026-05-15", (7, 30), (8, 30)),
        (JANUARY, "2026-01-25", (5, 30), (6, 30)),
        (JANUARY, "2026-01-30", (0, 30), (1, 30)),
        (JANUARY, "2026-01-31", (0, 30), (1, 30)),  # counts as the 30th
        (JANUARY, "2026-01-01", (29, 30), (30, 30)),
        (("2024-02-01", "2024-03-01"), "2024-02-29", (1, 30), (2, 30)),
        (("2023-02-01", "2023-03-01"), "2023-02-28", (2, 30), (3, 30)),
        (("2026-01-31", "2026-02-28"), "2026-02-14", (13, 28), (14, 28)),
        (("2026-01-15", "2027-01-15"), "2026-07-31", (164, 360), (165, 360)),
        (("2026-01-15", "2027-01-15"), "2026-07-30", (164, 360), (165, 360)),
        (("2026-01-15", "2027-01-15"), "2026-12-31", (14, 360), (15, 360)),
    ],
    ids=str,
)
def test_months_of_thirty_days_count_a_31st_as_the_30th(span, at, used, unused):
    assert share(span, at, unit="fixed_30", day="used") == Fraction(*used)
    assert share(span, at, unit="fixed_30", day="unused") == Fraction(*unused)


@pytest.mark.parametrize(
    ("span", "at", "unused"),
    [
        (BERLIN_MARCH, "2026-03-29T10:00:00Z", (60, 743)),
        (BERLIN_OCTOBER, "2026-10-31T11:00:00Z", (12, 745)),
        (("2026-01-01T00:00:00Z", "2026-01-01T00:00:10Z"), "2026-01-01T00:00:02.500Z", (3, 4)),
        (JANUARY, "2025-12-31T23:59:59Z", (1, 1)),
        (JANUARY, "2026-01-31T23:59:59Z", (1, 31 * 86_400)),
        (JANUARY, "2026-02-01", (0, 1)),
        (JANUARY, "2026-02-02", (0, 1)),
    ],
    ids=str,
)
def test_seconds_are_exact_whatever_the_policy_says_of_the_day(span, at, unused):
    for day in ("used", "unused"):
        assert share(span, at, unit="second", day=day, zone="Europe/Berlin") == Fraction(*unused)


@pytest.mark.parametrize(
    ("at", "used", "unused"),
    [
        ("2026-01-05", (21, 21), (21, 21)),  # nothing is used in the trial
        ("2026-01-10T23:59:59Z", (21, 21), (21, 21)),
        ("2026-01-11", (20, 21), (21, 21)),
        ("2026-01-25", (6, 21), (7, 21)),
        ("2026-02-01", (0, 21), (0, 21)),
    ],
)
def test_a_trial_moves_the_start_of_use_to_its_end(at, used, unused):
    assert share(JANUARY, at, trial_end="2026-01-11", day="used") == Fraction(*used)
    assert share(JANUARY, at, trial_end="2026-01-11", day="unused") == Fraction(*unused)


def test_a_trial_that_is_over_before_the_period_moves_nothing():
    assert share(JANUARY, "2026-01-25", trial_end="2025-12-15") == Fraction(7, 31)


ZONES = ("UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Kiritimati", "Australia/Lord_Howe")
EPOCH = moment("2023-01-01")
instants = st.integers(0, 4 * 365 * 86_400).map(lambda seconds: EPOCH + timedelta(seconds=seconds))


@settings(max_examples=300, deadline=None)
@given(
    start=instants,
    length=st.integers(3_600, 400 * 86_400),
    trial=st.none() | st.integers(0, 60 * 86_400),
    moments=st.tuples(instants, instants),
    zone=st.sampled_from(ZONES),
    unit=st.sampled_from(["day", "fixed_30", "second"]),
    day=st.sampled_from(["used", "unused"]),
)
def test_the_unused_share_is_between_none_and_all_and_never_grows_with_time(
    start, length, trial, moments, zone, unit, day
):
    period = {"period_start": start, "period_end": start + timedelta(seconds=length), "timezone": zone}
    if trial is not None:
        period["trial_end"] = start + timedelta(seconds=trial)
    terms = Proration(unit=unit, cancellation_day=day, on_cancellation="refund", setup_fee="keep")
    inside = [start + (period["period_end"] - start) * numerator / 7 for numerator in range(-1, 9)]
    shares = [unused_share(period, at, terms) for at in sorted([*moments, *inside])]
    assert all(0 <= one <= 1 for one in shares)
    assert shares == sorted(shares, reverse=True)
    assert unused_share(period, start - timedelta(seconds=1), terms) == 1
    assert unused_share(period, period["period_end"] + timedelta(days=2), terms) == 0
