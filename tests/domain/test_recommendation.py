"""Contest or accept: the expected value with its terms, worked out by hand from the policy's chances and costs."""

from decimal import Decimal

import pytest
from hypothesis import given as forall
from hypothesis import settings
from hypothesis import strategies as st

from app.domain.policy import BUILT_IN
from app.domain.policy_terms import Disputes
from app.domain.records import Alerted
from tests.domain.events import asked, captured, delivered, dispute, fulfilled, line, money, placed, refund
from tests.domain.stories import Story, given, policy

OFF = {"liability_shifted": "0", "compelling_evidence": "0", "refund_paid": "0", "proof_missing": "0"}
BUILT_IN_ADJUST = {
    "liability_shifted": "0.40",
    "compelling_evidence": "0.40",
    "refund_paid": "0.30",
    "proof_missing": "-0.20",
}


def terms(p=None, adjust=None, counter=1500, handling=1500):
    """The built-in's terms of disputes, changed where a test says so."""
    chances = {"fraudulent": "0.20", "product_not_received": "0.55", "default": "0.35"} if p is None else {"default": p}
    return policy(
        disputes=Disputes(
            win_probability={name: Decimal(value) for name, value in chances.items()},
            win_adjust={name: Decimal(value) for name, value in (adjust or BUILT_IN_ADJUST).items()},
            handling_cost={"default": handling},
            counter_fee={"default": counter},
            deadline_margin_hours=48,
            reminders_hours=(72, 24),
            auto_respond=False,
        )
    )


def paid(text="1000.00", **more):
    return placed(line("l1", text)), captured(text, network="visa", **more)


def advice(story: Story) -> dict:
    """The advice of the last alert."""
    bodies = [r.body for r in story.said if isinstance(r, Alerted) and r.type == "dispute.action_required"]
    return bodies[-1]["recommendation"]


def disputed(text, category="general", *, before=(), rules=None, **more):
    story = given(*before or paid(), terms=rules or terms())
    return advice(story.when(dispute("opened", text, category=category, **more)))


def shown(found):
    return Decimal(found["win_probability"]), found["expected_value_minor"], found["action"]


def test_the_built_in_chances_and_costs_are_those_of_the_contract():
    assert BUILT_IN.disputes == terms().disputes


@pytest.mark.parametrize(
    ("text", "p", "counter", "handling", "value", "action"),
    [
        ("120.00", "0.35", 1500, 1500, 1725, "contest"),  # 0.35 x 135.00 - 30.00
        ("40.00", "0.35", 1500, 1500, -1075, "accept"),
        ("70.71", "0.35", 1500, 1500, 0, "contest"),  # 0.35 x 85.71 = 29.9985, -0.15 cents: nothing to lose
        ("70.70", "0.35", 1500, 1500, -1, "accept"),  # -0.5 cents, half away from zero
        ("70.72", "0.35", 1500, 1500, 0, "contest"),
        ("0.01", "0.50", 0, 0, 1, "contest"),  # half a cent
        ("0.01", "0.49", 0, 0, 0, "contest"),
        ("100.00", "0", 1500, 1500, -3000, "accept"),
        ("100.00", "0", 0, 0, 0, "contest"),  # costs nothing
        ("100.00", "0.95", 1500, 1500, 7925, "contest"),
        ("100.00", "0.35", 0, 1500, 2000, "contest"),
        ("100.00", "0.35", 1500, 0, 2525, "contest"),
    ],
)
def test_the_expected_value_of_contesting(text, p, counter, handling, value, action):
    found = disputed(text, rules=terms(p, counter=counter, handling=handling))
    assert shown(found) == (Decimal(p), value, action)


@pytest.mark.parametrize(
    ("category", "evidence", "p"),
    [
        ("fraudulent", (), "0.00"),  # 0.20 - 0.20
        ("product_not_received", (), "0.35"),
        ("product_not_received", (fulfilled(), delivered("sh1")), "0.55"),
        ("subscription_canceled", (), "0.15"),
        ("credit_not_processed", (), "0.15"),
        ("duplicate", (), "0.15"),
        ("product_unacceptable", (), "0.35"),  # the order describes what was bought
        ("general", (), "0.35"),  # asks for no proof
        ("unrecognized", (), "0.35"),
    ],
)
def test_the_chance_is_the_category_s_and_lower_where_the_proof_that_it_asks_for_is_missing(category, evidence, p):
    assert shown(disputed("200.00", category, before=(*paid(), *evidence)))[0] == Decimal(p)


SHIFTED = {"authentication": {"three_d_secure": "authenticated", "eci": "05", "liability_shifted": True}}
NOT_SHIFTED = {"authentication": {"three_d_secure": "authenticated", "eci": "05", "liability_shifted": False}}


@pytest.mark.parametrize(("proof", "p"), [(SHIFTED, "0.60"), (NOT_SHIFTED, "0.20")])
def test_a_shifted_liability_raises_the_chance_and_a_proof_does_not_lower_it(proof, p):
    assert shown(disputed("200.00", "fraudulent", before=paid(**proof)))[0] == Decimal(p)


def test_a_liability_that_shifted_on_the_authorization_counts_too():
    held = (
        placed(line("l1", "1000.00")),
        captured("0", network="visa").but(type="payment.authorized", amount=money("1000.00"), **SHIFTED),
    )
    found = disputed("200.00", "fraudulent", before=(*held, captured("1000.00", network="visa")))
    assert shown(found)[0] == Decimal("0.60")


def test_a_refund_that_was_paid_raises_the_chance():
    back = refund("succeeded", "50.00", refund_id="x1")
    assert shown(disputed("200.00", "credit_not_processed", before=(*paid(), back)))[0] == Decimal("0.65")
    assert shown(disputed("200.00", "general", before=(*paid(), back)))[0] == Decimal("0.65")


def test_a_refund_that_is_on_its_way_or_came_back_does_not_raise_it():
    for events in (
        [asked()],
        [refund("succeeded", "50.00", refund_id="x1"), refund("reversed", "50.00", refund_id="x1")],
    ):
        assert shown(disputed("200.00", before=(*paid(), *events)))[0] == Decimal("0.35")


@pytest.mark.parametrize(
    ("p", "adjust", "chance"),
    [
        ("0.80", {"liability_shifted": "0.40"}, "0.95"),  # at most
        ("0.95", {"liability_shifted": "0.01"}, "0.95"),
        ("0.55", {"liability_shifted": "0.40"}, "0.95"),
        ("0.54", {"liability_shifted": "0.40"}, "0.94"),
        ("0.10", {"liability_shifted": "-0.40"}, "0"),  # at least
        ("1", {}, "0.95"),
    ],
)
def test_the_chance_stays_between_nothing_and_ninety_five_of_a_hundred(p, adjust, chance):
    found = disputed("200.00", "fraudulent", before=paid(**SHIFTED), rules=terms(p, OFF | adjust))
    assert shown(found)[0] == Decimal(chance)


def test_all_that_raises_it_is_added():
    before = (*paid(**SHIFTED), refund("succeeded", "50.00", refund_id="x1"))
    assert shown(disputed("200.00", "fraudulent", before=before)) == (Decimal("0.90"), 16350, "contest")
    assert shown(disputed("200.00", "general", before=before))[0] == Decimal("0.95")  # 1.05


@pytest.mark.parametrize(
    ("before", "more"),
    [
        (paid(), {"defendable": False}),
        (paid(), {"auto_defended": True}),
    ],
    ids=["not defendable", "defended by the network"],
)
def test_what_cannot_be_contested_is_not_advised_and_its_value_is_told_all_the_same(before, more):
    assert shown(disputed("120.00", before=before, **more)) == (Decimal("0.35"), 1725, "none")


def test_a_direct_debit_return_is_told_with_nothing_to_do():
    story = given(placed(line("l1", "120.00")), captured("120.00", kind="bank_debit"))
    story.when(dispute("opened", "120.00", category="general"))
    assert advice(story)["action"] == "none"


def test_the_fee_for_receiving_the_dispute_is_lost_either_way():
    assert shown(disputed("120.00", fee=money("15.00"))) == shown(disputed("120.00"))


def test_costs_are_read_in_the_currency_of_the_dispute():
    rules = terms()
    costs = {"handling_cost": {"default": 1500, "EUR": 100}, "counter_fee": {"default": 1500, "EUR": 200}}
    rules = policy(
        disputes=Disputes(**{name: getattr(rules.disputes, name) for name in rules.disputes.__struct_fields__} | costs)
    )
    assert shown(disputed("120.00", rules=rules))[1] == 3970  # 0.35 x 122.00 - 2.00 - 1.00
    assert shown(disputed("120.00 USD", rules=rules))[1] == 1725


@pytest.mark.parametrize("text", ["120.00", "40.00", "0.01"])
def test_the_terms_are_those_that_the_value_is_made_of(text):
    found = disputed(text)
    told = {term["name"]: term["amount_minor"] for term in found["terms"]}
    stake = [minor for name, minor in told.items() if name.endswith("if_won")]
    costs = [minor for name, minor in told.items() if not name.endswith("if_won")]
    assert sorted(stake) == sorted([round(float(text) * 100), 1500])
    assert costs == [-1500, -1500]
    exact = Decimal(found["win_probability"]) * sum(stake) + sum(costs)
    assert abs(exact - found["expected_value_minor"]) <= Decimal("0.5")


@settings(max_examples=60, deadline=None)
@forall(st.integers(1, 100_000), st.integers(0, 100), st.integers(0, 5000), st.integers(0, 5000))
def test_contest_is_advised_exactly_where_nothing_is_expected_to_be_lost(stake, percent, counter, handling):
    p = Decimal(percent) / 100
    found = disputed(f"{stake // 100}.{stake % 100:02}", rules=terms(str(p), counter=counter, handling=handling))
    exact = min(p, Decimal("0.95")) * (stake + counter) - counter - handling
    assert (found["action"] == "contest") == (exact > Decimal("-0.5"))
    assert abs(found["expected_value_minor"] - exact) <= Decimal("0.5")
