"""The consumer's right of withdrawal: who has it, until when, for what, and what goes back with it."""

from datetime import date, timedelta

import pytest

from app.domain.tables import table
from tests.domain.dated import moment
from tests.domain.events import (
    amended,
    amount,
    asked,
    came_back,
    cancelled,
    delivered,
    fulfilled,
    line,
    lines,
    sent_back,
    verdict,
)
from tests.domain.expecting import approved, denied, told
from tests.domain.stories import given
from tests.domain.withdrawals import BOUGHT, DELIVERED, IN_TIME, LATE, consumer, law, owner, withdraws

MEMBERS = (
    "AT",
    "BE",
    "BG",
    "CY",
    "CZ",
    "DE",
    "DK",
    "EE",
    "ES",
    "FI",
    "FR",
    "GR",
    "HR",
    "HU",
    "IE",
    "IT",
    "LT",
    "LU",
    "LV",
    "MT",
    "NL",
    "PL",
    "PT",
    "RO",
    "SE",
    "SI",
    "SK",
)  # of the European Union, as ISO 3166 writes them
RIGHT = approved("80.00", "statutory_right")


@pytest.mark.parametrize("country", [*MEMBERS, "GB"])
def test_every_member_of_the_union_and_the_united_kingdom_give_the_right(country):
    owner(country).on(IN_TIME, withdraws()).then(RIGHT)


@pytest.mark.parametrize("country", ["US", "CH", "NO", "JP", "AU", "TR", None])
def test_no_right_is_invented_outside_the_table(country):
    owner(country).on(IN_TIME, withdraws()).then(denied("window_expired"))


def test_the_table_of_rights_is_of_these_countries_and_of_no_others():
    assert sorted(table("withdrawal_rights")["countries"]) == sorted([*MEMBERS, "GB"])
    assert set(MEMBERS) <= set(table("public_holidays"))


LAST_INSTANTS = [
    # country, delivered, the first instant after the last day
    ("NL", "2026-02-03T10:00Z", "2026-02-17T23:00Z"),
    ("DE", "2026-02-03T23:30Z", "2026-02-18T23:00Z"),  # half past midnight of the 4th there
    ("PT", "2026-02-03T23:30Z", "2026-02-18T00:00Z"),
    ("FI", "2026-02-03T22:30Z", "2026-02-18T22:00Z"),
    ("DE", "2026-03-16T10:00Z", "2026-03-30T22:00Z"),  # summer time began meanwhile
    ("DE", "2026-10-13T10:00Z", "2026-10-27T23:00Z"),  # and ended
    ("DE", "2026-02-07T10:00Z", "2026-02-23T23:00Z"),  # a Saturday
    ("DE", "2026-02-08T10:00Z", "2026-02-23T23:00Z"),  # a Sunday
    ("DE", "2026-03-20T10:00Z", "2026-04-07T22:00Z"),  # Good Friday, to the Tuesday after Easter
    ("FR", "2026-03-20T10:00Z", "2026-04-03T22:00Z"),  # where Good Friday is a working day
    ("DE", "2026-12-11T10:00Z", "2026-12-28T23:00Z"),  # Christmas, a Friday
    ("BG", "2026-12-11T10:00Z", "2026-12-29T22:00Z"),  # the Saturday of Christmas is made up for on Monday
    ("FR", "2026-06-30T10:00Z", "2026-07-15T22:00Z"),
    ("ES", "2026-09-28T10:00Z", "2026-10-13T22:00Z"),
    ("PL", "2026-10-28T10:00Z", "2026-11-12T23:00Z"),
    ("IE", "2026-03-03T10:00Z", "2026-03-19T00:00Z"),
    ("GR", "2026-02-09T10:00Z", "2026-02-24T22:00Z"),  # Clean Monday
    ("AT", "2025-12-18T10:00Z", "2026-01-02T23:00Z"),
    # Regulation 1182/71 is the Union's
    ("GB", "2026-02-07T10:00Z", "2026-02-22T00:00Z"),
    ("GB", "2026-12-11T10:00Z", "2026-12-26T00:00Z"),
    ("GB", "2026-06-01T23:30Z", "2026-06-16T23:00Z"),
]


@pytest.mark.parametrize(("country", "at", "over"), LAST_INSTANTS)
def test_the_last_day_ends_at_the_consumer_s_midnight_and_is_a_working_day_in_the_union(country, at, over):
    begin = f"{int(at[:4]) - 1}-12-01"
    last = (moment(over) - timedelta(seconds=1)).isoformat()
    owner(country, at=at, start=begin).on(last, withdraws()).then(RIGHT)
    owner(country, at=at, start=begin).on(over, withdraws()).then(denied("withdrawal_period_over"))


def test_the_order_s_own_time_zone_goes_before_the_country_s():
    island = {"timezone": "Atlantic/Canary", "at": "2026-02-03T23:30Z"}  # still the 3rd there, in Madrid the 4th
    owner("ES", **island).on("2026-02-17T23:59:59Z", withdraws()).then(RIGHT)
    owner("ES", **island).on("2026-02-18T00:00Z", withdraws()).then(denied("withdrawal_period_over"))
    owner("ES", at="2026-02-03T23:30Z").on("2026-02-18T00:00Z", withdraws()).then(RIGHT)


def test_sending_it_by_then_is_enough_whenever_it_arrives():
    owner().on("2026-02-25T12:00Z", withdraws().at("2026-02-17T22:59:59Z")).then(RIGHT)
    owner().on("2026-02-25T12:00Z", withdraws().at("2026-02-17T23:00:00Z")).then(denied("withdrawal_period_over"))


@pytest.mark.parametrize(
    ("at", "over"),
    [
        ("2026-02-03T10:00Z", "2027-02-17T23:00Z"),
        ("2028-02-15T10:00Z", "2029-02-28T23:00Z"),  # twelve months from 29 February
        ("2026-02-10T10:00Z", "2027-02-24T23:00Z"),
        ("2026-06-15T10:00Z", "2027-06-29T22:00Z"),  # from 29 June to 29 June, in summer
    ],
)
def test_who_was_not_informed_has_twelve_months_more(at, over):
    last = (moment(over) - timedelta(seconds=1)).isoformat()
    for country, first_late in (("NL", over), ("GB", (moment(over) + timedelta(hours=1)).isoformat())):
        unaware = {"at": at, "start": f"{at[:4]}-01-01", "informed_of_withdrawal": False}
        owner(country, **unaware).on(last, withdraws()).then(RIGHT)
        owner(country, **unaware).on(first_late, withdraws()).then(denied("withdrawal_period_over"))


@pytest.mark.parametrize("kind", ["service", "digital", "subscription"])
def test_services_and_digital_content_count_from_the_order(kind):
    bought = line("l1", "80.00", kind=kind)
    for at, expected in (("2026-02-16T22:59:59Z", RIGHT), ("2026-02-16T23:00Z", denied("withdrawal_period_over"))):
        consumer("NL", None, bought).on(at, withdraws()).then(expected)  # the 14th is a Saturday


def test_an_amendment_of_the_order_begins_no_new_period():
    story = consumer("NL", None, line("l1", "80.00", kind="service"))
    story.on("2026-02-12T12:00Z", amended(line("l1", "80.00", kind="service"), country="NL"))
    story.on(LATE, withdraws()).then(denied("withdrawal_period_over"))


TWO = (line("l1", "50.00"), line("l2", "30.00"))


def test_goods_of_one_order_count_from_the_last_delivery():
    story = consumer("NL", None, *TWO).on(BOUGHT, fulfilled("sh1", l1=1), fulfilled("sh2", l2=1))
    story.on(DELIVERED, delivered("sh1")).on("2026-02-10T10:00Z", delivered("sh2"))
    story.on("2026-02-24T22:59Z", withdraws(scope=lines(l1=1))).then(approved("50.00", "statutory_right"))
    story.on("2026-02-24T23:00Z", withdraws("r2", lines(l2=1))).then(denied("withdrawal_period_over"))


def test_the_last_of_several_units_counts_too():
    story = consumer("NL", None, line("l1", "80.00", 2)).on(BOUGHT, fulfilled("sh1", l1=1), fulfilled("sh2", l1=1))
    story.on(DELIVERED, delivered("sh1")).on("2026-02-10T10:00Z", delivered("sh2"))
    story.on("2026-02-24T22:59Z", withdraws()).then(RIGHT)


def test_while_something_is_to_come_the_right_lives_and_what_was_cancelled_is_not_to_come():
    story = consumer("NL", None, *TWO).on(BOUGHT, fulfilled("sh1", l1=1)).on(DELIVERED, delivered("sh1"))
    story.on("2026-04-20T12:00Z", withdraws(scope=lines(l1=1))).then(approved("50.00", "statutory_right"))
    story = consumer("NL", None, *TWO).on(BOUGHT, fulfilled("sh1", l1=1), cancelled(l2=1))
    story.on(DELIVERED, delivered("sh1")).on(LATE, withdraws(scope=lines(l1=1))).then(denied("withdrawal_period_over"))


def test_before_anything_was_delivered_the_right_lives():
    consumer().on("2026-03-20T12:00Z", withdraws()).then(RIGHT)


EXEMPT = "custom_made perishable sealed_hygiene sealed_media newspaper dated_leisure auction digital_started service_performed"


@pytest.mark.parametrize("exemption", EXEMPT.split())
def test_what_is_exempt_is_for_the_policy_alone(exemption):
    bought = line("l1", "80.00", withdrawal_exemption=exemption)
    owner("NL", None, bought).on(IN_TIME, withdraws()).then(denied("exempt_from_withdrawal"))
    owner("NL", law(30), bought).on(IN_TIME, withdraws()).then(approved("80.00", "within_policy", pay_by=None))


def test_one_exempt_line_denies_a_request_for_both_and_the_other_goes_back_alone():
    bought = line("l1", "50.00"), line("l2", "30.00", withdrawal_exemption="perishable")
    story = owner("NL", None, *bought).on(IN_TIME, withdraws()).then(denied("exempt_from_withdrawal"))
    (reasons,) = [record.reasons for record in story.said if denied("exempt_from_withdrawal").fits(record)]
    assert "l2" in reasons[0].message
    assert "l1" not in reasons[0].message
    story.when(withdraws("r2", lines(l1=1))).then(approved("50.00", "statutory_right"))


@pytest.mark.parametrize("channel", ["phone", "marketplace", "online"])
def test_a_contract_at_a_distance_has_the_right_by_whatever_channel(channel):
    owner(channel=channel).on(IN_TIME, withdraws()).then(RIGHT)


@pytest.mark.parametrize("order", [{"channel": "store"}, {"business_buyer": True}])
def test_where_the_law_does_not_reach_the_policy_rules(order):
    owner(**order).on(IN_TIME, withdraws()).then(denied("window_expired"))
    owner("NL", law(30), **order).on(IN_TIME, withdraws()).then(approved("80.00", "within_policy", pay_by=None))


@pytest.mark.parametrize("terms", [law(statutory=None), law(1)], ids=["switched off", "of a country without one"])
def test_a_right_that_is_not_applied_is_not_denied_by_its_name(terms):
    story = owner("US" if terms.statutory else "NL", terms)
    story.on(IN_TIME, withdraws()).then(denied("window_expired"))


@pytest.mark.parametrize(
    ("reason", "at", "days", "expected"),
    [
        ("statutory_withdrawal", IN_TIME, 1, RIGHT),
        ("changed_mind", IN_TIME, 1, RIGHT),  # treated as a withdrawal
        ("changed_mind", IN_TIME, 30, RIGHT),
        ("other", IN_TIME, 1, denied("window_expired")),
        ("damaged", IN_TIME, 1, denied("window_expired")),
        ("statutory_withdrawal", LATE, 1, denied("withdrawal_period_over")),
        ("changed_mind", LATE, 1, denied("window_expired")),
        ("statutory_withdrawal", LATE, 30, approved("80.00", "within_policy", pay_by=None)),  # treated as changed_mind
        ("changed_mind", LATE, 30, approved("80.00", "within_policy", pay_by=None)),
    ],
)
def test_a_change_of_mind_and_a_withdrawal_stand_for_each_other(reason, at, days, expected):
    owner("NL", law(days)).on(at, withdraws(reason=reason)).then(expected)


def test_a_right_overrides_final_sale():
    bought = line("l1", "80.00", final_sale=True)
    owner("NL", None, bought).on(IN_TIME, withdraws()).then(RIGHT)
    owner("NL", law(30), bought).on(LATE, withdraws()).then(denied("final_sale"))


def test_a_right_never_overrides_the_laws_of_money():
    story = owner().on("2026-02-05T12:00Z", asked("r0", amount("79.00"), by="support", reason="goodwill"))
    story.on(IN_TIME, withdraws()).then(approved("1.00", "statutory_right", reduced=True))
    story.when(withdraws("r2")).then(denied("nothing_left"))


@pytest.mark.parametrize("country", ["NL", "GB"])
@pytest.mark.parametrize("proof", [sent_back(), came_back()], ids=["sent", "here"])
def test_where_no_return_is_asked_for_goods_that_come_back_late_put_nothing_off(country, proof):
    story = owner(country, law(auto_approve_limit={"default": 0})).on(IN_TIME, withdraws()).on("2026-02-27", proof)
    story.when(verdict("approve")).then(approved("80.00", pay_by=date(2026, 2, 24)))


@pytest.mark.parametrize(
    ("country", "named", "zone"),
    [("DE", None, "Europe/Berlin"), ("DE", "Asia/Tokyo", "Asia/Tokyo"), ("US", None, None), (None, None, None)],
)
def test_what_a_customer_is_told_is_dated_in_the_time_zone_of_the_order_else_of_its_country(country, named, zone):
    story = owner(country, law(30), timezone=named).on(IN_TIME, withdraws(reason="changed_mind"))
    (approval,) = (record for record in story.said if told("refund_approved").fits(record))
    assert approval.data["timezone"] == zone
    story.later(days=11)
    (delay,) = (record for record in story.said if told("refund_delayed").fits(record))
    assert delay.data["timezone"] == zone


@pytest.mark.parametrize(
    ("scope", "named"),
    [
        (lines(l1=2), ("l1", 2)),
        ({"kind": "subscription", "line_id": "l1", "effective_at": "2026-02-10T12:00:00Z"}, ("l1", 1)),
    ],
)
def test_a_withdrawal_that_comes_before_its_order_is_acknowledged_with_what_it_names(scope, named):
    story = given().when(withdraws(scope=scope))
    (receipt,) = (record for record in story.said if told("refund_acknowledged").fits(record))
    assert [(one["line_id"], one["quantity"]) for one in receipt.data["lines"]] == [named]
