"""What the rules ask of a policy, and which policy speaks."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.policy import BUILT_IN, Policies, Policy, PolicyChangedError, canonical, sealed
from app.domain.policy_terms import limit
from app.policies.document import key_of, read_record
from app.policies.load import load
from tests.policies.writing import HEAD, head, one, write

T0 = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


def policy(
    name: str, version: int = 1, *, since: datetime = T0, merchants: tuple[str, ...] = ("*",), **terms: object
) -> Policy:
    return sealed(
        msgspec.structs.replace(BUILT_IN, id=name, version=version, effective_from=since, merchants=merchants, **terms)
    )


def speaker(policies: Policies, merchant_id: str, at: datetime) -> str:
    return key_of(policies.speaking(merchant_id, at))


@pytest.mark.parametrize(
    ("amounts", "currency", "minor"),
    [
        (None, "EUR", None),
        ({"default": 20_000, "JPY": 30_000}, "JPY", 30_000),
        ({"default": 20_000, "JPY": 30_000}, "EUR", 20_000),
        ({"default": 20_000, "JPY": 0}, "JPY", 0),
        ({"JPY": 30_000}, "EUR", 0),
        ({}, "EUR", 0),
    ],
)
def test_a_limit_is_read_by_currency_else_default_else_nothing_passes(amounts, currency, minor):
    assert limit(amounts, currency) == minor


@pytest.mark.parametrize(("category", "days"), [(None, 30), ("books", 30), ("electronics", 14)])
def test_a_window_is_that_of_the_category_else_the_general_one(category, days):
    assert BUILT_IN.window_days(category) == days


@pytest.mark.parametrize(
    ("kind", "wait"),
    [
        ("link", timedelta(hours=1)),
        ("order", timedelta(hours=72)),
        ("payment", timedelta(days=7)),
        ("return", timedelta(days=30)),
        ("review", timedelta(days=14)),
        ("history", timedelta(seconds=60)),
    ],
)
def test_the_waits_are_those_of_the_built_in_policy(kind, wait):
    assert BUILT_IN.wait(kind) == wait


FEES = """\
fees:
  restocking: {rate: "0.15", categories: [electronics], conditions: [opened], reasons: [changed_mind]}
  return_shipping: {amounts: {EUR: 499}, reasons: [changed_mind]}
  damage: {opened: "0.00", damaged: "0.50", missing: "1.00"}
"""


@pytest.mark.parametrize(
    ("category", "condition", "reason", "rate"),
    [
        ("electronics", "opened", "changed_mind", "0.15"),
        ("books", "opened", "changed_mind", "0"),
        (None, "opened", "changed_mind", "0"),
        ("electronics", "new", "changed_mind", "0"),
        ("electronics", "opened", "damaged", "0"),
    ],
)
def test_restocking_is_taken_where_category_condition_and_reason_are_named(tmp_path, category, condition, reason, rate):
    fees = one(tmp_path, HEAD + FEES).fees
    assert fees.restocking_rate(category, condition, reason) == Decimal(rate)


def test_an_empty_list_of_a_fee_means_none_and_not_all(tmp_path):
    fees = one(tmp_path, HEAD + FEES.replace("[electronics]", "[]")).fees
    assert fees.restocking_rate("electronics", "opened", "changed_mind") == 0


@pytest.mark.parametrize(
    ("currency", "reason", "minor"), [("EUR", "changed_mind", 499), ("USD", "changed_mind", 0), ("EUR", "damaged", 0)]
)
def test_return_shipping_is_taken_in_named_currencies_for_named_reasons(tmp_path, currency, reason, minor):
    assert one(tmp_path, HEAD + FEES).fees.return_shipping_minor(currency, reason) == minor


@pytest.mark.parametrize(("condition", "rate"), [("new", "0"), ("opened", "0"), ("damaged", "0.5"), ("missing", "1")])
def test_damage_is_taken_by_condition(tmp_path, condition, rate):
    assert one(tmp_path, HEAD + FEES).fees.damage_rate(condition) == Decimal(rate)


def test_the_built_in_policy_takes_no_fees_and_has_no_rules():
    fees = BUILT_IN.fees
    assert fees.restocking_rate("electronics", "opened", "changed_mind") == 0
    assert fees.return_shipping_minor("EUR", "changed_mind") == 0
    assert fees.damage_rate("missing") == 0
    assert BUILT_IN.rules == ()


@pytest.mark.parametrize(("category", "chance"), [("fraudulent", "0.2"), ("general", "0.35"), ("other", "0.35")])
def test_the_chance_of_a_category_that_is_not_named_is_the_default(category, chance):
    assert BUILT_IN.disputes.probability(category) == Decimal(chance)


@pytest.mark.parametrize(
    ("text", "enabled"), [("", True), ("statutory: null\n", False), ("statutory: {enabled: false}\n", False)]
)
def test_the_legal_right_is_asked_for_unless_the_policy_switches_it_off(tmp_path, text, enabled):
    assert one(tmp_path, HEAD + text).statutory_enabled is enabled


@pytest.mark.parametrize("key", ["auto_approve_limit", "second_reviewer_above", "velocity", "statutory", "pre_dispute"])
def test_null_switches_a_key_off(tmp_path, key):
    assert getattr(one(tmp_path, f"{HEAD}{key}: null\n"), key) is None


def test_a_key_that_is_given_replaces_the_whole_default_of_that_key(tmp_path):
    told = one(tmp_path, HEAD + "window: {days: 10, from: placed}\nauto_approve_limit: {EUR: 5}\n")
    assert (told.window.days, told.window.from_, told.window.by_category) == (10, "placed", {})
    assert told.auto_approve_limit == {"EUR": 5}
    assert told.second_reviewer_above == BUILT_IN.second_reviewer_above


def test_a_policy_of_its_head_alone_is_the_built_in_one_by_another_name(tmp_path):
    told = one(tmp_path, HEAD)
    again = msgspec.structs.replace(
        told, id=BUILT_IN.id, effective_from=BUILT_IN.effective_from, digest=BUILT_IN.digest
    )
    assert again == BUILT_IN


def test_the_built_in_policy_is_its_own_document_read_back():
    named = sealed(msgspec.structs.replace(BUILT_IN, id="named"))
    assert read_record(b"named@1", canonical(named)) == named


def test_without_policies_the_built_in_one_speaks():
    assert Policies().speaking("m", T0) is BUILT_IN


@pytest.mark.parametrize(
    ("merchant_id", "at", "speaks"),
    [
        ("m", T0 - TICK, "built-in@1"),
        ("m", T0, "all@1"),
        ("m", T0 + DAY - TICK, "all@1"),
        ("m", T0 + DAY, "own@1"),
        ("m", T0 + 2 * DAY - TICK, "own@1"),
        ("m", T0 + 2 * DAY, "own@2"),
        ("m", T0 + 3 * DAY, "own@2"),
        ("m", T0 + 4 * DAY, "all@2"),
        ("m", T0 + 999 * DAY, "all@2"),
        ("n", T0 + 2 * DAY, "all@1"),
        ("n", T0 + 3 * DAY - TICK, "all@1"),
        ("n", T0 + 3 * DAY, "all@2"),
        ("n", T0 + 4 * DAY, "own@3"),
        ("*", T0, "all@1"),
    ],
)
def test_the_most_specific_policy_that_is_in_force_at_the_time_speaks(merchant_id, at, speaks):
    book = Policies(
        [
            policy("own", 3, since=T0 + 4 * DAY, merchants=("n",)),
            policy("own", 2, since=T0 + 2 * DAY, merchants=("m",)),
            policy("own", 1, since=T0 + DAY, merchants=("m",)),
            policy("all", 2, since=T0 + 3 * DAY),
            policy("all", 1),
        ]
    )
    assert speaker(book, merchant_id, at) == speaks


def test_the_same_instant_in_another_offset_is_the_same_instant(tmp_path):
    book = load(write(tmp_path, a=head(since="2026-01-01T01:00:00+01:00")))
    assert speaker(book, "m", T0) == "standard@1"
    assert speaker(book, "m", T0 - TICK) == "built-in@1"


def test_the_newest_start_decides_and_not_the_greatest_version():
    book = Policies([policy("all", 1, since=T0 + DAY), policy("all", 2, since=T0)])
    assert [speaker(book, "m", at) for at in (T0, T0 + DAY)] == ["all@2", "all@1"]


def test_of_two_policies_that_name_a_merchant_the_one_that_began_last_speaks_whatever_it_is_called():
    book = Policies([policy("a", since=T0 + DAY, merchants=("m",)), policy("b", merchants=("m",))])
    assert [speaker(book, "m", at) for at in (T0, T0 + DAY)] == ["b@1", "a@1"]


def test_a_policy_without_merchants_is_retired():
    book = Policies([policy("own", merchants=("m",)), policy("own", 2, since=T0 + DAY, merchants=())])
    assert [speaker(book, "m", at) for at in (T0, T0 + DAY)] == ["own@1", "built-in@1"]


def test_a_version_that_is_added_speaks_although_the_merchant_was_asked_for_before():
    book = Policies([policy("all")])
    assert speaker(book, "m", T0 + DAY) == "all@1"
    assert book.add(policy("own", since=T0 + DAY, merchants=("m",)))
    assert [speaker(book, "m", at) for at in (T0, T0 + DAY)] == ["all@1", "own@1"]


def test_a_version_may_come_again_but_never_with_other_content():
    first = policy("all")
    book = Policies([first])
    assert not book.add(policy("all"))
    with pytest.raises(PolicyChangedError, match=f"all@1: {first.digest} became "):
        book.add(policy("all", refund_stuck_after_days=11))
    assert book.speaking("m", T0) == first
    assert book.get("all", 1) == first
    assert book.get("all", 2) is None


def test_a_book_lists_its_versions_in_order():
    book = Policies([policy("b"), policy("a", 10), policy("a", 9)])
    assert [key_of(told) for told in book] == ["a@9", "a@10", "b@1"]


VERSIONS = [
    policy(name, version, since=T0 + days * DAY, merchants=merchants)
    for name, version, days, merchants in [
        ("a", 1, 0, ("*",)),
        ("a", 2, 3, ("*", "m")),
        ("b", 1, 1, ("m", "n")),
        ("b", 2, 3, ("n",)),
        ("c", 1, 2, ("m",)),
        ("c", 2, 2, ()),
    ]
]


@given(st.permutations(VERSIONS), st.integers(-1, 5), st.sampled_from(["m", "n", "o"]))
def test_who_speaks_does_not_depend_on_the_order_in_which_policies_became_known(versions, days, merchant_id):
    at = T0 + days * DAY
    assert Policies(versions).speaking(merchant_id, at) == Policies(VERSIONS).speaking(merchant_id, at)
