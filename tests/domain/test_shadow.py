"""A second book of policies beside the live one: asked the same, and followed in nothing."""

from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.case import encode_case
from app.domain.policy import BUILT_IN, Policies, Policy, sealed
from app.domain.policy_terms import Velocity
from app.domain.records import Decided, Shadowed
from app.domain.refunds import shadow as module
from tests.domain import soup
from tests.domain.events import amount, asked, captured, line, placed, withdrawn
from tests.domain.stories import MERCHANT, Story, policy

BOUGHT = (placed(line("l1", "100.00")), captured("100.00"))
LOW = {"auto_approve_limit": {"default": 5000}}
GOODS_BACK = {"return_required": BUILT_IN.return_required}
COUNTED = {"velocity": Velocity(requests=5, days=30)}


def book(merchant: str = "*", **changes: Any) -> Policies:
    return Policies([named(policy(**changes), merchant)])


def named(terms: Policy, merchant: str = "*") -> Policy:
    return sealed(msgspec.structs.replace(terms, id="tried", merchants=(merchant,)))


def compared(story: Story) -> list[tuple[str, int | None, str, int | None]]:
    """Outcome and amount of each decision, and of what would have been in its place."""
    return [
        (
            one.decided.outcome,
            one.decided.amount_minor,
            one.instead.outcome if one.instead else "failed" if one.failed else "undecided",
            one.instead and one.instead.amount_minor,
        )
        for one in story.all
        if isinstance(one, Shadowed)
    ]


@pytest.mark.parametrize(
    ("live", "tried", "told"),
    [
        ({}, {}, ("approved", 10000, "approved", 10000)),
        ({}, LOW, ("approved", 10000, "held", 10000)),
        (LOW, {}, ("held", 10000, "approved", 10000)),
        ({}, GOODS_BACK, ("approved", 10000, "held", 10000)),
        (LOW, LOW, ("held", 10000, "held", 10000)),
    ],
)
def test_each_decision_is_compared_with_what_the_other_policies_would_have_decided(live, tried, told):
    story = Story(policy(**live), shadow=book(**tried)).given(*BOUGHT).when(asked())
    assert compared(story) == [told]


def test_what_both_deny_is_denied_with_the_same_amount_in_both():
    story = Story(shadow=book(**LOW)).given(*BOUGHT).when(asked("r1", amount("100.01")))
    assert compared(story) == [("denied", 0, "denied", 0)]


def test_a_shadow_that_would_ask_for_the_customer_s_history_first_has_not_decided():
    bought = (placed(line("l1", "100.00"), customer_id="c1"), captured("100.00"))
    story = Story(shadow=book(**COUNTED)).given(*bought).when(asked(customer_id="c1"))
    assert compared(story) == [("approved", 10000, "undecided", None)]


@pytest.mark.parametrize(("merchant", "count"), [(MERCHANT, 1), ("*", 1), ("another", 0)])
def test_a_merchant_whom_no_shadow_policy_names_has_no_shadow(merchant, count):
    story = Story(shadow=book(merchant, **LOW)).given(*BOUGHT).when(asked())
    assert len(compared(story)) == count


def test_a_request_that_its_asker_took_back_is_not_compared():
    story = Story(policy(**LOW), shadow=book()).given(*BOUGHT, asked()).when(withdrawn())
    assert [one.outcome for one in story.said if isinstance(one, Decided)] == ["withdrawn"]
    assert len(compared(story)) == 1


def test_a_shadow_that_breaks_is_told_and_the_decision_stands():
    story = Story(shadow=book(**LOW)).given(*BOUGHT)
    with patch.object(module, "assess", side_effect=ZeroDivisionError):
        story.when(asked())
    assert compared(story) == [("approved", 10000, "failed", None)]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(soup.scripts(25), st.sampled_from(["plain", "built-in"]))
def test_whatever_is_said_a_shadow_changes_no_record_and_no_byte_of_the_case(script, terms):
    live, tried = (policy(), named(BUILT_IN)) if terms == "plain" else (BUILT_IN, named(policy()))
    alone, beside = Story(live), Story(live, shadow=Policies([tried]))
    for event in script:
        soup.tell(alone, event)
        soup.tell(beside, event)
    assert [record for record in beside.all if not isinstance(record, Shadowed)] == alone.all
    assert encode_case(beside.case) == encode_case(alone.case)
    assert beside.told == alone.told
