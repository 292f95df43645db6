"""A withdrawal by amount: the right is not denied to it, and it does not say what goes back for the money."""

import pytest

from tests.domain.events import amount, line, verdict
from tests.domain.expecting import approved, decided, denied, held, instructed
from tests.domain.withdrawals import IN_TIME, LATE, law, owner, withdraws


@pytest.mark.parametrize("reason", ["statutory_withdrawal", "changed_mind"])
@pytest.mark.parametrize("scope", [amount("30.00"), amount("30.00", "l1"), amount("80.00")], ids=str)
@pytest.mark.parametrize(("days", "final_sale"), [(1, False), (30, True)], ids=["late", "final sale"])
def test_a_right_that_lives_is_not_denied_to_an_amount_and_a_person_works_it_out(reason, scope, days, final_sale):
    story = owner("NL", law(days), line("l1", "80.00", final_sale=final_sale))
    story.on(IN_TIME, withdraws(scope=scope, reason=reason)).then(held("rule_review", waiting_for="review"))
    story.never(instructed()).when(verdict("approve"))
    story.then(decided(outcome="approved", code="review_approved"))


@pytest.mark.parametrize(
    ("at", "bought", "expected"),
    [
        (LATE, (line("l1", "80.00"),), denied("withdrawal_period_over")),
        (IN_TIME, (line("l1", "80.00", withdrawal_exemption="perishable"),), denied("exempt_from_withdrawal")),
        (
            IN_TIME,
            (line("l1", "50.00"), line("l2", "30.00", withdrawal_exemption="perishable")),
            denied("window_expired"),
        ),
    ],
    ids=["over", "exempt", "one of them exempt"],
)
def test_without_a_right_for_all_of_it_an_amount_is_for_the_policy_alone(at, bought, expected):
    owner("NL", None, *bought).on(at, withdraws(scope=amount("30.00"))).then(expected)


def test_within_its_window_the_policy_gives_an_amount_as_always():
    owner("NL", law(30)).on(IN_TIME, withdraws(scope=amount("30.00"))).then(approved("30.00", "within_policy"))
